/** Pictures for the agent: found in what was pasted, dropped or chosen, made small enough, and sent in pieces. */
import { post, type Answer, type Failure } from "../net/api";

/** What the gateway takes, by its first bytes. */
const TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];
// A request of a paired device, with its base64, has to fit into one message of its channel.
const PIECE_BYTES = 40 * 1024;
// What is smaller goes as it is; agents make larger ones smaller anyway.
const KEEP_BYTES = 1024 * 1024;
const SIDE_PX = 2_000;
const QUALITY = 0.88;

/** The pictures in what somebody pasted or dropped. */
export function picturesIn(data: { readonly files: FileList } | null): readonly File[] {
  return Array.from(data?.files ?? []).filter((file) => file.type.startsWith("image/"));
}

/** How a picture of `width` by `height` px is scaled so that no side is longer than it needs to be. */
export function shrunk(width: number, height: number): { readonly width: number; readonly height: number } {
  const ratio = Math.min(1, SIDE_PX / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * ratio)), height: Math.max(1, Math.round(height * ratio)) };
}

/** The bytes to send for a picture: its own, or a smaller one's where it is large or of a kind that agents don't read. */
export async function bytesOf(file: File): Promise<Uint8Array> {
  if (file.size <= KEEP_BYTES && TYPES.includes(file.type)) return new Uint8Array(await file.arrayBuffer());
  try {
    const bitmap = await createImageBitmap(file);
    const size = shrunk(bitmap.width, bitmap.height);
    const canvas = new OffscreenCanvas(size.width, size.height);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0, size.width, size.height);
    bitmap.close();
    const png = await canvas.convertToBlob({ type: "image/png" });
    const blob = png.size <= KEEP_BYTES ? png : await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    // This browser can't read or redraw it: the gateway may still take it, or says why not.
    return new Uint8Array(await file.arrayBuffer());
  }
}

/** The pieces of `data`, each with its offset. */
export function* piecesOf(data: Uint8Array): Generator<{ readonly offset: number; readonly text: string }> {
  for (let offset = 0; offset < data.length; offset += PIECE_BYTES) {
    const piece = data.subarray(offset, offset + PIECE_BYTES);
    yield { offset, text: btoa(Array.from(piece, (byte) => String.fromCharCode(byte)).join("")) };
  }
}

interface Taken {
  readonly upload: string;
  readonly path?: string;
}

/** Give `data` to the session that `client` (hex) controls: where it lies now, or why it was not taken. */
export async function sendPicture(session: string, client: string, data: Uint8Array, progress: (share: number) => void): Promise<Answer<string>> {
  let upload = "";
  for (const { offset, text } of piecesOf(data)) {
    progress(offset / data.length);
    const body = { client, size: data.length, offset, upload, data: text };
    const answer = await post(`/api/v1/sessions/${encodeURIComponent(session)}/enclosures`, body, (found) => found as Taken);
    if (!answer.ok) return answer;
    upload = answer.value.upload;
    if (answer.value.path !== undefined) return { ok: true, value: answer.value.path };
  }
  const failure: Failure = { kind: "unreachable" };
  return { ok: false, failure };
}

/** A path as it is typed: in quotes where it holds what a shell would take apart. */
export function asTyped(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
