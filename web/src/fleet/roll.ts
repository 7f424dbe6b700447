/** The sessions that are known, kept by what the gateway tells of them. Pure. */
import type { SessionInfo } from "../net/api";
import { endingOfView } from "../session/ending";

/** News of sessions: all that live (`whole`), or those that changed. */
export interface News {
  readonly whole: boolean;
  readonly sessions: readonly SessionInfo[];
}

export interface Roll {
  readonly live: ReadonlyMap<string, SessionInfo>;
  readonly ended: ReadonlyMap<string, SessionInfo>;
  /** One is gone whose end was not told: the ended ones are to be asked for. */
  readonly incomplete: boolean;
}

export const NOBODY: Roll = { live: new Map(), ended: new Map(), incomplete: true };

const over = (session: SessionInfo) => endingOfView(session) !== null;

/** What is known after `news`. An end is final. */
export function told(roll: Roll, news: News): Roll {
  const live = new Map(news.whole ? [] : roll.live);
  const ended = new Map(roll.ended);
  for (const session of news.sessions) {
    if (!over(session) && ended.has(session.id)) continue;
    (over(session) ? ended : live).set(session.id, session);
    if (over(session)) live.delete(session.id);
  }
  const gone = [...roll.live.keys()].some((id) => !live.has(id) && !ended.has(id));
  return { live, ended, incomplete: roll.incomplete || gone };
}

/** `all` is every session that the gateway knows: those of them that have ended are the ended ones. */
export function completed(roll: Roll, all: readonly SessionInfo[]): Roll {
  const ended = new Map(all.filter((session) => over(session) && !roll.live.has(session.id)).map((session) => [session.id, session]));
  return { live: roll.live, ended, incomplete: false };
}

/** Every session, the live ones first. */
export function everyone(roll: Roll): readonly SessionInfo[] {
  return [...roll.live.values(), ...roll.ended.values()];
}
