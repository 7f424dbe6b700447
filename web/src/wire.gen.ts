// Made by tools/wire_types.py from tether/wire: run `make wire`, do not edit.

/** The version of the protocol that these types describe. */
export const PROTOCOL = "1.0";

/**
 * Name and kind of a field; with a third item it may be missing at the end of a message and then has that value.
 * The kind is int, float, bool, str, bytes, strs, map or the name of a struct; with "?" it may be null, with "[]" it
 * is a list.
 */
export type Field = readonly [name: string, kind: string, absent?: unknown];

const NO_BYTES = new Uint8Array(0);

/** The session exists; always seq 1. */
export interface Created {
  readonly tag: "created";
  readonly seq: number;
  readonly ts: number;
  readonly provider: string;
  readonly title: string;
  readonly cwd: string;
  readonly cols: number;
  readonly rows: number;
  readonly owner: string;
  readonly machine: string;
  readonly args: readonly string[];
  readonly share: boolean;
  readonly parent: string;
}

/** The agent's process runs (`pid`). */
export interface Started {
  readonly tag: "started";
  readonly seq: number;
  readonly ts: number;
  readonly pid: number;
}

/** At most 32,000 raw bytes from the terminal; the first of them stands at `offset`. */
export interface Output {
  readonly tag: "out";
  readonly seq: number;
  readonly ts: number;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** The terminal has a new size, in cells; `by` names the client that asked. */
export interface Resized {
  readonly tag: "resized";
  readonly seq: number;
  readonly ts: number;
  readonly cols: number;
  readonly rows: number;
  readonly by: string;
}

/** The lease changed hands: `holder` ("" is nobody) writes under `epoch` from here on. */
export interface Controlled {
  readonly tag: "controlled";
  readonly seq: number;
  readonly ts: number;
  readonly epoch: number;
  readonly holder: string;
  readonly reason: string;
}

/** The session has a new title. */
export interface Titled {
  readonly tag: "titled";
  readonly seq: number;
  readonly ts: number;
  readonly title: string;
}

/** Something about the session that its reader should know; `code` is stable, `text` is for people. */
export interface Note {
  readonly tag: "note";
  readonly seq: number;
  readonly ts: number;
  readonly code: string;
  readonly text: string;
}

/** The agent ended and its output is complete. */
export interface Exited {
  readonly tag: "exited";
  readonly seq: number;
  readonly ts: number;
  readonly code: number | null;
  readonly signal: number | null;
  readonly stopped_by: string;
}

/** The session can't be reached any more; `cause` says why. */
export interface Lost {
  readonly tag: "lost";
  readonly seq: number;
  readonly ts: number;
  readonly cause: string;
}

/** Retention removed the events `from_seq` to `seq`, and with them the output bytes from `from_offset` up to, not including, `to_offset`. */
export interface Cut {
  readonly tag: "cut";
  readonly seq: number;
  readonly ts: number;
  readonly from_seq: number;
  readonly from_offset: number;
  readonly to_offset: number;
  readonly reason: string;
}

/** The agent does something else now, or waits: see Activity. */
export interface Active {
  readonly tag: "active";
  readonly seq: number;
  readonly ts: number;
  readonly activity: Activity;
}

/** The agent asks for something and waits for the answer. */
export interface Asked {
  readonly tag: "asked";
  readonly seq: number;
  readonly ts: number;
  readonly approval: Approval;
}

/** The next piece of a long `field` (exact or diff) of the approval `id` that is about to be asked. */
export interface Part {
  readonly tag: "part";
  readonly seq: number;
  readonly ts: number;
  readonly id: string;
  readonly field: string;
  readonly data: Uint8Array;
}

/** What the agent asked as `id` was decided, or is open no more; a later one with the same `state` tells the `effect`. */
export interface Settled {
  readonly tag: "settled";
  readonly seq: number;
  readonly ts: number;
  readonly id: string;
  readonly state: string;
  readonly by: string;
  readonly reason: string;
  readonly scope: string;
  readonly effect: string;
  readonly rule: string;
  readonly answers: Readonly<Record<string, string>>;
}

/** Something of the agent's own account of its work: `kind` is turn, prompt, message, tool, usage, conversation, status or refused. */
export interface Told {
  readonly tag: "told";
  readonly seq: number;
  readonly ts: number;
  readonly kind: string;
  readonly key: string;
  readonly turn: string;
  readonly text: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** Worker to store, first after every (re)connection: it holds the events `first` to `next - 1`. */
export interface Sync {
  readonly tag: "sync";
  readonly protocol: string;
  readonly first: number;
  readonly next: number;
}

/** Broker to store: the session is lost. */
export interface Seal {
  readonly tag: "seal";
  readonly cause: string;
}

/** Broker to store: which sessions does the log believe to be alive? */
export interface OpenSessionsQuery {
  readonly tag: "open?";
}

/** Worker to store: the session's screen as of event `seq`, to rebuild later ones from. */
export interface Checkpoint {
  readonly tag: "checkpoint";
  readonly seq: number;
  readonly ts: number;
  readonly offset: number;
  readonly cols: number;
  readonly rows: number;
  readonly data: Uint8Array;
  readonly history: number;
}

/** Worker to store: the events behind `after`, up to `upto`. */
export interface Recall {
  readonly tag: "recall";
  readonly after: number;
  readonly upto: number;
}

/** Store to worker: every event up to and with `upto` is on disk. */
export interface Ack {
  readonly tag: "ack";
  readonly upto: number;
  readonly boot: string;
}

/** Store to worker: an event was missing; go back and send from `next` on. */
export interface Nak {
  readonly tag: "nak";
  readonly next: number;
  readonly boot: string;
}

/** Store to worker and broker: nothing can be written now; `reason` is for people, "" means it works again. */
export interface Stalled {
  readonly tag: "stalled";
  readonly reason: string;
}

/** Store to broker: `Lost` is in the log (or the session had ended already); `view` is the final record. */
export interface Sealed {
  readonly tag: "sealed";
  readonly view: SessionView | null;
}

/** Store to broker: the sessions without an end in the log. */
export interface OpenSessions {
  readonly tag: "open";
  readonly sessions: readonly SessionView[];
}

/** Store to worker: `bodies` of events behind `after`, as the log keeps them; the next are to be asked for behind `last`. */
export interface Recalled {
  readonly tag: "recalled";
  readonly after: number;
  readonly last: number;
  readonly checkpoint: Checkpoint | null;
  readonly bodies: readonly Uint8Array[];
}

/** Store's PUB, per session: events up to `upto` can be read from the log. */
export interface Committed {
  readonly tag: "committed";
  readonly upto: number;
}

/** Store's PUB, for all: `state` is ok or stalled, with the reason and what the log holds, in bytes. */
export interface StoreHealth {
  readonly tag: "store";
  readonly state: string;
  readonly reason: string;
  readonly log_bytes: number;
  readonly quota_bytes: number;
  readonly boot: string;
}

/** First on every connection to the broker: `role` is client, web, worker or adapters; `token` is the bus token. */
export interface Hello {
  readonly tag: "hello";
  readonly protocol: string;
  readonly role: string;
  readonly token: string;
  readonly view: SessionView | null;
  readonly recovered: boolean;
}

/** Start a session of a whitelisted provider. */
export interface Launch {
  readonly tag: "launch";
  readonly req: number;
  readonly provider: string;
  readonly args: readonly string[];
  readonly title: string;
  readonly cwd: string;
  readonly cols: number;
  readonly rows: number;
  readonly env: Readonly<Record<string, string>>;
  readonly share: boolean;
  readonly resume: string;
  readonly parent: string;
}

/** `client` becomes an attachment of the session. */
export interface Attach {
  readonly tag: "attach";
  readonly req: number;
  readonly client: Uint8Array;
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  readonly cols: number;
  readonly rows: number;
  readonly take: boolean;
  readonly after: number;
  readonly epoch: number;
  readonly device: string;
}

/** The attachment of `client` ends; a lease it held is free at once. */
export interface Detach {
  readonly tag: "detach";
  readonly client: Uint8Array;
}

/** At most 64 KiB typed by `client`, its `n`-th since it was made (from 1). */
export interface Input {
  readonly tag: "input";
  readonly client: Uint8Array;
  readonly epoch: number;
  readonly n: number;
  readonly data: Uint8Array;
}

/** The controller wants another size, in cells. */
export interface Resize {
  readonly tag: "resize";
  readonly client: Uint8Array;
  readonly epoch: number;
  readonly cols: number;
  readonly rows: number;
}

/** `client`, an attachment, takes the lease, whoever holds it. */
export interface Take {
  readonly tag: "take";
  readonly req: number;
  readonly client: Uint8Array;
}

/** `client` gives the lease up and observes. */
export interface Release {
  readonly tag: "release";
  readonly req: number;
  readonly client: Uint8Array;
}

/** End the session: HUP, TERM, KILL over everything it started. */
export interface Stop {
  readonly tag: "stop";
  readonly req: number;
  readonly by: string;
  readonly grace_s: number;
  readonly signal: number;
}

/** Give the session another title. */
export interface Rename {
  readonly tag: "rename";
  readonly req: number;
  readonly title: string;
}

/** Which sessions live? */
export interface ListSessions {
  readonly tag: "sessions?";
  readonly req: number;
}

/** Who is attached to the session, or to any (null session id)? */
export interface ListClients {
  readonly tag: "clients?";
  readonly req: number;
}

/** How far `client` has shown the session; also its sign of life. */
export interface Seen {
  readonly tag: "seen";
  readonly client: Uint8Array;
  readonly seq: number;
  readonly offset: number;
}

/** Every worker (null session id) or one re-executes itself in place with the code that is installed now. */
export interface Reload {
  readonly tag: "reload";
  readonly req: number;
}

/** Are you there? */
export interface Ping {
  readonly tag: "ping";
  readonly req: number;
}

/** Worker to broker: what the session looks like now. */
export interface Report {
  readonly tag: "report";
  readonly view: SessionView;
}

/** Every input of `client` up to `n` is taken. */
export interface InputAck {
  readonly tag: "input-ack";
  readonly client: Uint8Array;
  readonly n: number;
  readonly resend: boolean;
}

/** Client to worker, through the broker or over the lane: the session's screen as it is now, with at most `history` lines of its scrollback. */
export interface SnapshotQuery {
  readonly tag: "snapshot?";
  readonly req: number;
  readonly client: Uint8Array;
  readonly history: number;
}

/** As SnapshotQuery: `count` lines of what has scrolled off, without the newest `skip` of them. */
export interface HistoryQuery {
  readonly tag: "history?";
  readonly req: number;
  readonly client: Uint8Array;
  readonly skip: number;
  readonly count: number;
}

/** The broker's answer to Hello; `boot` names this run of the broker. */
export interface Welcome {
  readonly tag: "welcome";
  readonly protocol: string;
  readonly boot: string;
}

/** The session exists and its worker runs. */
export interface Launched {
  readonly tag: "launched";
  readonly req: number;
  readonly view: SessionView;
}

/** The attachment stands; `mode` is what was granted, `epoch` the lease's, `reason` why it only observes. */
export interface Attached {
  readonly tag: "attached";
  readonly req: number;
  readonly mode: string;
  readonly epoch: number;
  readonly view: SessionView;
  readonly reason: string;
  readonly last_n: number;
  readonly lane: Uint8Array;
}

/** To every attachment when the lease changes hands; `mode` is what `client` (the addressee) has now. */
export interface Control {
  readonly tag: "control";
  readonly client: Uint8Array;
  readonly mode: string;
  readonly epoch: number;
  readonly holder: string;
  readonly reason: string;
  readonly lane: Uint8Array;
}

/** The question `req` (0: an order without one) was not carried out. */
export interface Refused {
  readonly tag: "refused";
  readonly req: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly client: Uint8Array;
}

/** The live sessions, oldest first, and what the store last said of its health. */
export interface Sessions {
  readonly tag: "sessions";
  readonly req: number;
  readonly views: readonly SessionView[];
  readonly store: string;
}

/** The attachments, in order of arrival. */
export interface Clients {
  readonly tag: "clients";
  readonly req: number;
  readonly clients: readonly ClientView[];
}

/** The question `req` was carried out and has no other answer. */
export interface Done {
  readonly tag: "done";
  readonly req: number;
  readonly text: string;
  readonly client: Uint8Array;
}

/** I am. */
export interface Pong {
  readonly tag: "pong";
  readonly req: number;
}

/** Broker to worker: from now on only `epoch` may write; it belongs to `client` ("" is nobody). */
export interface Grant {
  readonly tag: "grant";
  readonly epoch: number;
  readonly client: Uint8Array;
  readonly holder: string;
  readonly reason: string;
  readonly lane: Uint8Array;
}

/** To a client that attaches: `data` written to a cleared terminal of this size shows the session as of `seq`; every later event follows. */
export interface Snapshot {
  readonly tag: "snapshot";
  readonly seq: number;
  readonly offset: number;
  readonly cols: number;
  readonly rows: number;
  readonly data: Uint8Array;
  readonly kind: string;
  readonly skipped: number;
  readonly req: number;
  readonly client: Uint8Array;
  readonly history: number;
}

/** Worker to client: `lines` of the scrollback, oldest first, each with its styles as escape sequences; the newest `skip` lines come after them. */
export interface History {
  readonly tag: "history";
  readonly req: number;
  readonly client: Uint8Array;
  readonly skip: number;
  readonly total: number;
  readonly seq: number;
  readonly lines: readonly Uint8Array[];
}

/** Holder to worker, first on the session's lane: the key it got with its lease. */
export interface Lane {
  readonly tag: "lane";
  readonly client: Uint8Array;
  readonly epoch: number;
  readonly key: Uint8Array;
}

/** Worker to holder: the lane is open; events from `next_seq` on come over it too, before the copy to the bus. */
export interface LaneOpen {
  readonly tag: "lane-open";
  readonly epoch: number;
  readonly next_seq: number;
  readonly terminals: number;
  readonly last_n: number;
  readonly back: LaneBack | null;
}

/** Holder to worker: it lends its terminal, sent along as SCM_RIGHTS (the terminal, then a pipe to its guardian). */
export interface LaneTerminal {
  readonly tag: "lane-terminal";
  readonly offer: number;
  readonly seq: number;
  readonly offset: number;
  readonly keys: readonly Uint8Array[];
  readonly modes: Uint8Array;
  readonly unshown: Uint8Array;
  readonly held: Uint8Array;
}

/** Holder to worker, about the terminal it lent as `offer`: how far is it? With `back`: give it back. */
export interface LaneAsk {
  readonly tag: "lane-ask";
  readonly offer: number;
  readonly back: boolean;
}

/** Worker to holder: it has the terminal, which shows the session as of `seq`, output up to `offset` (perhaps more). */
export interface LaneShown {
  readonly tag: "lane-shown";
  readonly offer: number;
  readonly seq: number;
  readonly offset: number;
  readonly modes: Uint8Array;
}

/** Worker to holder: the terminal is yours again. */
export interface LaneBack {
  readonly tag: "lane-back";
  readonly offer: number;
  readonly reason: string;
  readonly seq: number;
  readonly offset: number;
  readonly last_n: number;
  readonly typed: Uint8Array;
  readonly unshown: Uint8Array;
  readonly modes: Uint8Array;
  readonly skipped: number;
  readonly sure: boolean;
  readonly held: Uint8Array;
}

/** One session. */
export interface SessionView {
  readonly tag: "session";
  readonly sid: Uint8Array;
  readonly id: string;
  readonly provider: string;
  readonly title: string;
  readonly state: string;
  readonly cwd: string;
  readonly machine: string;
  readonly owner: string;
  readonly detail: string;
  readonly created: number;
  readonly started: number;
  readonly ended: number;
  readonly since: number;
  readonly worker_pid: number;
  readonly agent_pid: number;
  readonly cols: number;
  readonly rows: number;
  readonly seq: number;
  readonly offset: number;
  readonly first_seq: number;
  readonly cut_bytes: number;
  readonly log_bytes: number;
  readonly exit_code: number | null;
  readonly exit_signal: number | null;
  readonly stopped_by: string;
  readonly epoch: number;
  readonly controller: string;
  readonly controller_id: Uint8Array;
  readonly clients: number;
  readonly args: readonly string[];
  readonly share: boolean;
  readonly transport: string;
  readonly screen: boolean;
  readonly activity: Activity | null;
  readonly approvals: readonly string[];
  readonly conversation: string;
  readonly parent: string;
  readonly cost_usd: string;
  readonly sized_by: string;
}

/** Browser to web: the terminal has rendered output up to `offset`; at most a window beyond it may be in flight. */
export interface Credit {
  readonly tag: "credit";
  readonly seq: number;
  readonly offset: number;
  readonly skip: number;
}

/** Client or web to broker: something happened there that belongs in the audit log. */
export interface Deed {
  readonly tag: "deed";
  readonly kind: string;
  readonly actor: string;
  readonly session: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** Worker to broker: `client` typed `size` bytes in `pieces` pieces between `since` and `until` (microseconds since 1970). */
export interface Typed {
  readonly tag: "typed";
  readonly client: Uint8Array;
  readonly size: number;
  readonly pieces: number;
  readonly since: number;
  readonly until: number;
}

/** Broker to store: the `n`-th entry of the broker's run `boot`, sent again until it is acknowledged. */
export interface AuditEntry {
  readonly tag: "audit";
  readonly boot: string;
  readonly n: number;
  readonly ts: number;
  readonly kind: string;
  readonly actor: string;
  readonly session: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** Store to broker: every entry of the run `boot` up to `n` is on disk. */
export interface AuditAck {
  readonly tag: "audit-ack";
  readonly boot: string;
  readonly n: number;
  readonly resend: boolean;
}

/** Worker to adapter, through the broker: every report of the run `boot` up to `n` is an event. */
export interface Noted {
  readonly tag: "noted";
  readonly boot: string;
  readonly n: number;
}

/** Worker to adapter, through the broker: the terminal said something beside its screen. */
export interface Signalled {
  readonly tag: "signalled";
  readonly kind: string;
  readonly text: string;
  readonly state: string;
}

/** Broker to adapter: this session is about to be started; what does your side channel need of its command line and environment? Answered by Prepared within seconds, or the agent is started without. */
export interface Prepare {
  readonly tag: "prepare";
  readonly req: number;
  readonly provider: string;
  readonly channel: string;
  readonly cwd: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly resume: string;
}

/** Client to adapter, through the broker: a decision on the approval `id`. */
export interface Decide {
  readonly tag: "decide";
  readonly req: number;
  readonly client: Uint8Array;
  readonly id: string;
  readonly decision: string;
  readonly scope: string;
  readonly reason: string;
  readonly answers: Readonly<Record<string, string>>;
  readonly sha256: string;
  readonly by: string;
  readonly rule: string;
}

/** Client to adapter, through the broker: give the agent `text` as a prompt. */
export interface Prompt {
  readonly tag: "prompt";
  readonly req: number;
  readonly client: Uint8Array;
  readonly text: string;
  readonly by: string;
}

/** Client to adapter, through the broker: have the agent leave off what it does. */
export interface Interrupt {
  readonly tag: "interrupt";
  readonly req: number;
  readonly client: Uint8Array;
  readonly by: string;
}

/** Adapter to worker, through the broker: append the event in `body` (a message without envelope, of those above, whose `seq` and `ts` you set). */
export interface Observed {
  readonly tag: "observed";
  readonly boot: string;
  readonly n: number;
  readonly body: Uint8Array;
}

/** Adapter to broker: put `args` before the agent's own, add `env`. */
export interface Prepared {
  readonly tag: "prepared";
  readonly req: number;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly degraded: string;
  readonly side: boolean;
  readonly side_args: readonly string[];
}

/** The answer to Decide: `state` and `by` as they are now. */
export interface Decided {
  readonly tag: "decided";
  readonly req: number;
  readonly client: Uint8Array;
  readonly id: string;
  readonly state: string;
  readonly by: string;
  readonly won: boolean;
  readonly message: string;
}

/** Adapter to worker, through the broker: type `data`, which is for an agent that has no other door. */
export interface Compose {
  readonly tag: "compose";
  readonly req: number;
  readonly data: Uint8Array;
  readonly state: string;
  readonly leave: boolean;
}

/** What an agent is doing: `state` is starting, working, waiting, idle, done, error, lost or unknown; `detail` what it waits for (approval, question, plan, terminal). */
export interface Activity {
  readonly state: string;
  readonly detail: string;
  readonly since: number;
  readonly source: string;
  readonly why: string;
  readonly degraded: string;
  readonly said: string;
}

/** One way to answer, as the agent offers it. */
export interface Option {
  readonly id: string;
  readonly label: string;
}

/** A question of the agent, with the answers that it offers. */
export interface Question {
  readonly text: string;
  readonly header: string;
  readonly options: readonly Option[];
  readonly multiple: boolean;
}

/** What an agent asked, and what became of it. */
export interface Approval {
  readonly id: string;
  readonly session: string;
  readonly provider: string;
  readonly kind: string;
  readonly title: string;
  readonly intent: string;
  readonly exact: Uint8Array;
  readonly size: number;
  readonly sha256: string;
  readonly diff: string;
  readonly detail: string;
  readonly options: readonly Option[];
  readonly questions: readonly Question[];
  readonly created: number;
  readonly expires: number;
  readonly state: string;
  readonly by: string;
  readonly decided: number;
  readonly reason: string;
  readonly scope: string;
  readonly effect: string;
  readonly key: string;
  readonly answers: Readonly<Record<string, string>>;
  readonly parts: readonly number[];
  readonly cut: number;
  readonly sid: Uint8Array;
  readonly rule: string;
}

/** One attachment: who watches which session, how, since when (microseconds), and how far it has read. */
export interface ClientView {
  readonly sid: Uint8Array;
  readonly client: Uint8Array;
  readonly name: string;
  readonly kind: string;
  readonly mode: string;
  readonly since: number;
  readonly seq: number;
  readonly offset: number;
  readonly behind: number;
  readonly cols: number;
  readonly rows: number;
  readonly device: string;
}

/** What happens in a session. */
export type Event =
  | Created
  | Started
  | Output
  | Resized
  | Controlled
  | Titled
  | Note
  | Exited
  | Lost
  | Cut
  | Active
  | Asked
  | Part
  | Settled
  | Told;

/** What the gateway tells a browser besides events. */
export type ToBrowser =
  | Snapshot
  | History
  | Attached
  | Control
  | InputAck
  | Refused
  | Pong
  | Done
  | SessionView;

/** What a browser may say. */
export type FromBrowser =
  | Attach
  | Detach
  | Input
  | Resize
  | Take
  | Release
  | Seen
  | Credit
  | Ping
  | SnapshotQuery
  | HistoryQuery;

/** The fields of every struct in the order in which they are written. */
export const FIELDS = {
  Created: [["seq", "int"], ["ts", "int"], ["provider", "str"], ["title", "str"], ["cwd", "str"], ["cols", "int"], ["rows", "int"], ["owner", "str"], ["machine", "str"], ["args", "strs", []], ["share", "bool", false], ["parent", "str", ""]],
  Started: [["seq", "int"], ["ts", "int"], ["pid", "int"]],
  Output: [["seq", "int"], ["ts", "int"], ["offset", "int"], ["data", "bytes"]],
  Resized: [["seq", "int"], ["ts", "int"], ["cols", "int"], ["rows", "int"], ["by", "str", ""]],
  Controlled: [["seq", "int"], ["ts", "int"], ["epoch", "int"], ["holder", "str"], ["reason", "str", ""]],
  Titled: [["seq", "int"], ["ts", "int"], ["title", "str"]],
  Note: [["seq", "int"], ["ts", "int"], ["code", "str"], ["text", "str"]],
  Exited: [["seq", "int"], ["ts", "int"], ["code", "int?"], ["signal", "int?"], ["stopped_by", "str", ""]],
  Lost: [["seq", "int"], ["ts", "int"], ["cause", "str"]],
  Cut: [["seq", "int"], ["ts", "int"], ["from_seq", "int"], ["from_offset", "int"], ["to_offset", "int"], ["reason", "str", ""]],
  Active: [["seq", "int"], ["ts", "int"], ["activity", "Activity"]],
  Asked: [["seq", "int"], ["ts", "int"], ["approval", "Approval"]],
  Part: [["seq", "int"], ["ts", "int"], ["id", "str"], ["field", "str"], ["data", "bytes"]],
  Settled: [["seq", "int"], ["ts", "int"], ["id", "str"], ["state", "str"], ["by", "str", ""], ["reason", "str", ""], ["scope", "str", ""], ["effect", "str", ""], ["rule", "str", ""], ["answers", "map", {}]],
  Told: [["seq", "int"], ["ts", "int"], ["kind", "str"], ["key", "str", ""], ["turn", "str", ""], ["text", "str", ""], ["facts", "map", {}]],
  Sync: [["protocol", "str"], ["first", "int"], ["next", "int"]],
  Seal: [["cause", "str"]],
  OpenSessionsQuery: [],
  Checkpoint: [["seq", "int"], ["ts", "int"], ["offset", "int"], ["cols", "int"], ["rows", "int"], ["data", "bytes"], ["history", "int", 0]],
  Recall: [["after", "int"], ["upto", "int"]],
  Ack: [["upto", "int"], ["boot", "str"]],
  Nak: [["next", "int"], ["boot", "str"]],
  Stalled: [["reason", "str"]],
  Sealed: [["view", "SessionView?"]],
  OpenSessions: [["sessions", "SessionView[]"]],
  Recalled: [["after", "int"], ["last", "int"], ["checkpoint", "Checkpoint?"], ["bodies", "bytes[]"]],
  Committed: [["upto", "int"]],
  StoreHealth: [["state", "str"], ["reason", "str", ""], ["log_bytes", "int", 0], ["quota_bytes", "int", 0], ["boot", "str", ""]],
  Hello: [["protocol", "str"], ["role", "str"], ["token", "str"], ["view", "SessionView?", null], ["recovered", "bool", false]],
  Launch: [["req", "int"], ["provider", "str"], ["args", "strs"], ["title", "str"], ["cwd", "str"], ["cols", "int"], ["rows", "int"], ["env", "map", {}], ["share", "bool", false], ["resume", "str", ""], ["parent", "str", ""]],
  Attach: [["req", "int"], ["client", "bytes"], ["name", "str"], ["kind", "str"], ["mode", "str"], ["cols", "int"], ["rows", "int"], ["take", "bool", false], ["after", "int", 0], ["epoch", "int", 0], ["device", "str", ""]],
  Detach: [["client", "bytes"]],
  Input: [["client", "bytes"], ["epoch", "int"], ["n", "int"], ["data", "bytes"]],
  Resize: [["client", "bytes"], ["epoch", "int"], ["cols", "int"], ["rows", "int"]],
  Take: [["req", "int"], ["client", "bytes"]],
  Release: [["req", "int"], ["client", "bytes"]],
  Stop: [["req", "int"], ["by", "str"], ["grace_s", "float", 5.0], ["signal", "int", 0]],
  Rename: [["req", "int"], ["title", "str"]],
  ListSessions: [["req", "int"]],
  ListClients: [["req", "int"]],
  Seen: [["client", "bytes"], ["seq", "int"], ["offset", "int"]],
  Reload: [["req", "int", 0]],
  Ping: [["req", "int"]],
  Report: [["view", "SessionView"]],
  InputAck: [["client", "bytes"], ["n", "int"], ["resend", "bool", false]],
  SnapshotQuery: [["req", "int"], ["client", "bytes"], ["history", "int", 0]],
  HistoryQuery: [["req", "int"], ["client", "bytes"], ["skip", "int"], ["count", "int"]],
  Welcome: [["protocol", "str"], ["boot", "str"]],
  Launched: [["req", "int"], ["view", "SessionView"]],
  Attached: [["req", "int"], ["mode", "str"], ["epoch", "int"], ["view", "SessionView"], ["reason", "str", ""], ["last_n", "int", 0], ["lane", "bytes", NO_BYTES]],
  Control: [["client", "bytes"], ["mode", "str"], ["epoch", "int"], ["holder", "str"], ["reason", "str", ""], ["lane", "bytes", NO_BYTES]],
  Refused: [["req", "int"], ["code", "str"], ["message", "str"], ["hint", "str", ""], ["client", "bytes", NO_BYTES]],
  Sessions: [["req", "int"], ["views", "SessionView[]"], ["store", "str", ""]],
  Clients: [["req", "int"], ["clients", "ClientView[]"]],
  Done: [["req", "int"], ["text", "str", ""], ["client", "bytes", NO_BYTES]],
  Pong: [["req", "int"]],
  Grant: [["epoch", "int"], ["client", "bytes"], ["holder", "str"], ["reason", "str", ""], ["lane", "bytes", NO_BYTES]],
  Snapshot: [["seq", "int"], ["offset", "int"], ["cols", "int"], ["rows", "int"], ["data", "bytes"], ["kind", "str", "tail"], ["skipped", "int", 0], ["req", "int", 0], ["client", "bytes", NO_BYTES], ["history", "int", 0]],
  History: [["req", "int"], ["client", "bytes"], ["skip", "int"], ["total", "int"], ["seq", "int"], ["lines", "bytes[]"]],
  Lane: [["client", "bytes"], ["epoch", "int"], ["key", "bytes"]],
  LaneOpen: [["epoch", "int"], ["next_seq", "int"], ["terminals", "int", 0], ["last_n", "int", 0], ["back", "LaneBack?", null]],
  LaneTerminal: [["offer", "int"], ["seq", "int"], ["offset", "int"], ["keys", "bytes[]", []], ["modes", "bytes", NO_BYTES], ["unshown", "bytes", NO_BYTES], ["held", "bytes", NO_BYTES]],
  LaneAsk: [["offer", "int"], ["back", "bool", false]],
  LaneShown: [["offer", "int"], ["seq", "int"], ["offset", "int"], ["modes", "bytes", NO_BYTES]],
  LaneBack: [["offer", "int"], ["reason", "str"], ["seq", "int"], ["offset", "int"], ["last_n", "int"], ["typed", "bytes", NO_BYTES], ["unshown", "bytes", NO_BYTES], ["modes", "bytes", NO_BYTES], ["skipped", "int", 0], ["sure", "bool", true], ["held", "bytes", NO_BYTES]],
  SessionView: [["sid", "bytes"], ["id", "str"], ["provider", "str"], ["title", "str"], ["state", "str"], ["cwd", "str", ""], ["machine", "str", ""], ["owner", "str", ""], ["detail", "str", ""], ["created", "int", 0], ["started", "int", 0], ["ended", "int", 0], ["since", "int", 0], ["worker_pid", "int", 0], ["agent_pid", "int", 0], ["cols", "int", 0], ["rows", "int", 0], ["seq", "int", 0], ["offset", "int", 0], ["first_seq", "int", 1], ["cut_bytes", "int", 0], ["log_bytes", "int", 0], ["exit_code", "int?", null], ["exit_signal", "int?", null], ["stopped_by", "str", ""], ["epoch", "int", 0], ["controller", "str", ""], ["controller_id", "bytes", NO_BYTES], ["clients", "int", 0], ["args", "strs", []], ["share", "bool", false], ["transport", "str", "pty"], ["screen", "bool", false], ["activity", "Activity?", null], ["approvals", "strs", []], ["conversation", "str", ""], ["parent", "str", ""], ["cost_usd", "str", ""], ["sized_by", "str", ""]],
  Credit: [["seq", "int"], ["offset", "int"], ["skip", "int", 0]],
  Deed: [["kind", "str"], ["actor", "str"], ["session", "str", ""], ["facts", "map", {}]],
  Typed: [["client", "bytes"], ["size", "int"], ["pieces", "int"], ["since", "int"], ["until", "int"]],
  AuditEntry: [["boot", "str"], ["n", "int"], ["ts", "int"], ["kind", "str"], ["actor", "str"], ["session", "str", ""], ["facts", "map", {}]],
  AuditAck: [["boot", "str"], ["n", "int"], ["resend", "bool", false]],
  Noted: [["boot", "str"], ["n", "int"]],
  Signalled: [["kind", "str"], ["text", "str", ""], ["state", "str", ""]],
  Prepare: [["req", "int"], ["provider", "str"], ["channel", "str"], ["cwd", "str"], ["args", "strs", []], ["env", "map", {}], ["resume", "str", ""]],
  Decide: [["req", "int"], ["client", "bytes"], ["id", "str"], ["decision", "str"], ["scope", "str", "once"], ["reason", "str", ""], ["answers", "map", {}], ["sha256", "str", ""], ["by", "str", ""], ["rule", "str", ""]],
  Prompt: [["req", "int"], ["client", "bytes"], ["text", "str"], ["by", "str", ""]],
  Interrupt: [["req", "int"], ["client", "bytes"], ["by", "str", ""]],
  Observed: [["boot", "str"], ["n", "int"], ["body", "bytes"]],
  Prepared: [["req", "int"], ["args", "strs", []], ["env", "map", {}], ["degraded", "str", ""], ["side", "bool", false], ["side_args", "strs", []]],
  Decided: [["req", "int"], ["client", "bytes"], ["id", "str"], ["state", "str"], ["by", "str"], ["won", "bool"], ["message", "str", ""]],
  Compose: [["req", "int"], ["data", "bytes"], ["state", "str"], ["leave", "bool", false]],
  Activity: [["state", "str"], ["detail", "str", ""], ["since", "int", 0], ["source", "str", ""], ["why", "str", ""], ["degraded", "str", ""], ["said", "str", ""]],
  Option: [["id", "str"], ["label", "str"]],
  Question: [["text", "str"], ["header", "str", ""], ["options", "Option[]", []], ["multiple", "bool", false]],
  Approval: [["id", "str"], ["session", "str"], ["provider", "str"], ["kind", "str"], ["title", "str"], ["intent", "str", ""], ["exact", "bytes", NO_BYTES], ["size", "int", 0], ["sha256", "str", ""], ["diff", "str", ""], ["detail", "str", ""], ["options", "Option[]", []], ["questions", "Question[]", []], ["created", "int", 0], ["expires", "int", 0], ["state", "str", "pending"], ["by", "str", ""], ["decided", "int", 0], ["reason", "str", ""], ["scope", "str", ""], ["effect", "str", ""], ["key", "str", ""], ["answers", "map", {}], ["parts", "int[]", []], ["cut", "int", 0], ["sid", "bytes", NO_BYTES], ["rule", "str", ""]],
  ClientView: [["sid", "bytes"], ["client", "bytes"], ["name", "str"], ["kind", "str"], ["mode", "str"], ["since", "int"], ["seq", "int", 0], ["offset", "int", 0], ["behind", "int", 0], ["cols", "int", 0], ["rows", "int", 0], ["device", "str", ""]],
} as const satisfies Record<string, readonly Field[]>;

/** Which struct a tag begins. */
export const STRUCTS = {
  "created": "Created",
  "started": "Started",
  "out": "Output",
  "resized": "Resized",
  "controlled": "Controlled",
  "titled": "Titled",
  "note": "Note",
  "exited": "Exited",
  "lost": "Lost",
  "cut": "Cut",
  "active": "Active",
  "asked": "Asked",
  "part": "Part",
  "settled": "Settled",
  "told": "Told",
  "sync": "Sync",
  "seal": "Seal",
  "open?": "OpenSessionsQuery",
  "checkpoint": "Checkpoint",
  "recall": "Recall",
  "ack": "Ack",
  "nak": "Nak",
  "stalled": "Stalled",
  "sealed": "Sealed",
  "open": "OpenSessions",
  "recalled": "Recalled",
  "committed": "Committed",
  "store": "StoreHealth",
  "hello": "Hello",
  "launch": "Launch",
  "attach": "Attach",
  "detach": "Detach",
  "input": "Input",
  "resize": "Resize",
  "take": "Take",
  "release": "Release",
  "stop": "Stop",
  "rename": "Rename",
  "sessions?": "ListSessions",
  "clients?": "ListClients",
  "seen": "Seen",
  "reload": "Reload",
  "ping": "Ping",
  "report": "Report",
  "input-ack": "InputAck",
  "snapshot?": "SnapshotQuery",
  "history?": "HistoryQuery",
  "welcome": "Welcome",
  "launched": "Launched",
  "attached": "Attached",
  "control": "Control",
  "refused": "Refused",
  "sessions": "Sessions",
  "clients": "Clients",
  "done": "Done",
  "pong": "Pong",
  "grant": "Grant",
  "snapshot": "Snapshot",
  "history": "History",
  "lane": "Lane",
  "lane-open": "LaneOpen",
  "lane-terminal": "LaneTerminal",
  "lane-ask": "LaneAsk",
  "lane-shown": "LaneShown",
  "lane-back": "LaneBack",
  "session": "SessionView",
  "credit": "Credit",
  "deed": "Deed",
  "typed": "Typed",
  "audit": "AuditEntry",
  "audit-ack": "AuditAck",
  "noted": "Noted",
  "signalled": "Signalled",
  "prepare": "Prepare",
  "decide": "Decide",
  "prompt": "Prompt",
  "interrupt": "Interrupt",
  "observed": "Observed",
  "prepared": "Prepared",
  "decided": "Decided",
  "compose": "Compose",
} as const satisfies Record<string, keyof typeof FIELDS>;

/** Every bound of the protocol, with its unit in the name. */
export const LIMITS = {
  SID_BYTES: 16,
  CLIENT_ID_BYTES: 16,
  OUTPUT_BYTES_MAX: 32000,
  FRAME_BYTES_MAX: 1048576,
  INPUT_BYTES_MAX: 65536,
  INPUT_QUEUE_BYTES: 1048576,
  INPUT_WINDOW_BYTES: 262144,
  LOAN_UNSHOWN_MAX: 524288,
  LOAN_BACKLOG_MAX: 1048576,
  TAIL_BYTES_MAX: 262144,
  SNAPSHOT_BYTES_MAX: 786432,
  HISTORY_LINES_MAX: 2000,
  WEBSOCKET_FRAME_BYTES_MAX: 262144,
  TITLE_CHARS_MAX: 120,
  ARGS_MAX: 256,
  ARG_BYTES_MAX: 131072,
  ARGS_BYTES_MAX: 524288,
  ENV_BYTES_MAX: 262144,
  COLS_MAX: 1000,
  ROWS_MAX: 1000,
  CLIENTS_PER_SESSION_MAX: 512,
  SESSIONS_LIVE_MAX: 1000,
  INPUT_CLIENTS_REMEMBERED: 256,
  CLIENT_HEARTBEAT_S: 3.0,
  CLIENT_GONE_S: 10.0,
} as const;
