/**
 * The envelope: one WebSocket message (or one length-prefixed frame of the HTTP transport) is `sid(16) ‖ msgpack`,
 * as tether/wire/codec.py writes it. Which fields a message has comes from wire.gen.ts.
 *
 * Fields that a newer peer adds at the end are skipped, fields that an older one leaves out get their default, and a
 * tag that is not known becomes `Unknown`. Everything else that does not fit is a WireError.
 */
import { Decoder, Encoder } from "@msgpack/msgpack";

import { FIELDS, LIMITS, STRUCTS } from "./wire.gen";
import type * as gen from "./wire.gen";

type StructName = keyof typeof FIELDS;
type Tag = keyof typeof STRUCTS;

/** A message whose tag this build does not know: skipped, never an error. */
export interface Unknown {
  readonly tag: "unknown";
  readonly name: string;
  readonly seq: number;
}

/** What the gateway sends to a browser. */
export type FromGateway = gen.ToBrowser | gen.Event;
/** What a decoded frame may be. A tag of the bus's inner life decodes too, and is nobody's business here. */
export type Message = FromGateway | gen.FromBrowser | Unknown;

/** The peer broke the protocol. */
export class WireError extends Error {}

const encoder = new Encoder();
// A length in a message is a claim: nothing longer than a frame is ever believed.
const longest = LIMITS.FRAME_BYTES_MAX;
const decoder = new Decoder({
  maxStrLength: longest,
  maxBinLength: longest,
  maxArrayLength: longest,
  maxMapLength: longest,
  maxExtLength: 0,
});

/** The null session id: before the gateway has told the real one, it stands for the session in the URL. */
export const NO_SESSION: Uint8Array = new Uint8Array(LIMITS.SID_BYTES);

/** One frame for `message` about the session `sid` (16 bytes). */
export function encode(sid: Uint8Array, message: gen.FromBrowser | gen.Event | gen.ToBrowser): Uint8Array<ArrayBuffer> {
  const body = encoder.encodeSharedRef(toArray(STRUCTS[message.tag], message as unknown as Record<string, unknown>));
  const frame = new Uint8Array(LIMITS.SID_BYTES + body.length);
  frame.set(sid.subarray(0, LIMITS.SID_BYTES));
  frame.set(body, LIMITS.SID_BYTES);
  return frame;
}

/** Split and decode one frame. WireError when it does not fit. */
export function decode(frame: Uint8Array): { sid: Uint8Array; message: Message } {
  if (frame.length > longest) throw new WireError(`a frame of ${frame.length} bytes is over the limit of ${longest}`);
  if (frame.length <= LIMITS.SID_BYTES) throw new WireError(`a frame of ${frame.length} bytes is too short`);
  const sid = frame.slice(0, LIMITS.SID_BYTES);
  let items: unknown;
  try {
    items = decoder.decode(frame.subarray(LIMITS.SID_BYTES));
  } catch (error) {
    throw new WireError(`a frame that is not msgpack: ${String(error)}`);
  }
  if (!Array.isArray(items) || typeof items[0] !== "string") throw new WireError("a frame that is not a tagged message");
  const tag = items[0];
  if (!Object.hasOwn(STRUCTS, tag)) {
    return { sid, message: { tag: "unknown", name: tag, seq: Number.isSafeInteger(items[1]) ? Number(items[1]) : 0 } };
  }
  return { sid, message: fromArray(STRUCTS[tag as Tag], items) as unknown as Message };
}

const tags = new Map<string, string>(Object.entries(STRUCTS).map(([tag, name]) => [name, tag]));

function toArray(name: StructName, message: Record<string, unknown>): unknown[] {
  const tag = tags.get(name);
  // A field that was added later has a default, and whoever does not know it leaves it out.
  const items = (FIELDS[name] as readonly gen.Field[]).map(([key, kind, otherwise]) => toItem(kind, message[key] === undefined ? otherwise : message[key]));
  return tag === undefined ? items : [tag, ...items];
}

function toItem(kind: string, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (kind.endsWith("?")) return toItem(kind.slice(0, -1), value);
  if (kind.endsWith("[]")) return (value as unknown[]).map((item) => toItem(kind.slice(0, -2), item));
  return kind in FIELDS ? toArray(kind as StructName, value as Record<string, unknown>) : value;
}

function fromArray(name: StructName, items: readonly unknown[]): Record<string, unknown> {
  const tag = tags.get(name);
  const message: Record<string, unknown> = {};
  let at = 0;
  if (tag !== undefined) {
    if (items[at++] !== tag) throw new WireError(`a ${name} without its tag`);
    message.tag = tag;
  }
  for (const field of FIELDS[name] as readonly gen.Field[]) {
    const [key, kind] = field;
    if (at < items.length) message[key] = fromItem(kind, items[at++], `${name}.${key}`);
    else if (field.length > 2) message[key] = field[2];
    else throw new WireError(`a ${name} without ${key}`);
  }
  return message;
}

function fromItem(kind: string, item: unknown, where: string): unknown {
  if (kind.endsWith("?")) return item === null ? null : fromItem(kind.slice(0, -1), item, where);
  if (kind.endsWith("[]") || kind === "strs") {
    if (!Array.isArray(item)) throw new WireError(`${where} is not a list`);
    const inner = kind === "strs" ? "str" : kind.slice(0, -2);
    return item.map((one) => fromItem(inner, one, where));
  }
  if (kind in FIELDS) {
    if (!Array.isArray(item)) throw new WireError(`${where} is not a message`);
    return fromArray(kind as StructName, item);
  }
  if (!fits(kind, item)) throw new WireError(`${where} is not ${kind}`);
  // The decoder's bytes are a window on the frame, which may be a piece of a larger buffer: keep our own.
  return item instanceof Uint8Array ? item.slice() : item;
}

function fits(kind: string, item: unknown): boolean {
  switch (kind) {
    case "int":
      return Number.isInteger(item);
    case "float":
      return typeof item === "number";
    case "bool":
      return typeof item === "boolean";
    case "str":
      return typeof item === "string";
    case "bytes":
      return item instanceof Uint8Array;
    case "map":
      return typeof item === "object" && item !== null && Object.values(item).every((value) => typeof value === "string");
    default:
      return false;
  }
}
