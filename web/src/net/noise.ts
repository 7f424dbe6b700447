/**
 * Noise (revision 34), the device's side: IK for sessions, IKpsk1 for pairing, on WebCrypto alone. The gateway's is
 * tether/noise.py; both are held to the same published vectors. A private key is a CryptoKey that may be used here and
 * can't be taken away.
 */

export type Bytes = Uint8Array<ArrayBuffer>;

export interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: Bytes;
}

export class NoiseError extends Error {}

const KEY = 32;
const TAG = 16;
export const MESSAGE_MAX = 65535;
const REKEY_EVERY = 1 << 14;
const NONCE_MAX = (1n << 64n) - 1n;
const NONE: Bytes = new Uint8Array(0);

/** A fresh key pair whose private half can't be exported. */
export async function makeKeyPair(): Promise<KeyPair> {
  const pair = (await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"])) as CryptoKeyPair;
  return { privateKey: pair.privateKey, publicKey: new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

/** One direction of a channel: messages in order, each once. */
class Cipher {
  #key: Promise<CryptoKey>;
  #nonce = 0n;
  #counted = 0;

  constructor(
    key: Bytes,
    private readonly rekeyEvery = 0,
  ) {
    this.#key = aesKey(key);
  }

  async encrypt(plain: Bytes, about: Bytes = NONE): Promise<Bytes> {
    const sealed = await seal(await this.#key, this.#take(), plain, about);
    await this.#count();
    return sealed;
  }

  async decrypt(sealed: Bytes, about: Bytes = NONE): Promise<Bytes> {
    const iv = this.#take();
    let plain: ArrayBuffer;
    try {
      plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv, additionalData: about }, await this.#key, sealed);
    } catch {
      throw new NoiseError("a message that is not the next one of this channel");
    }
    await this.#count();
    return new Uint8Array(plain);
  }

  async rekey(): Promise<void> {
    const made = await seal(await this.#key, nonceOf(NONCE_MAX), new Uint8Array(KEY), NONE);
    this.#key = aesKey(made.slice(0, KEY));
  }

  #take(): Bytes {
    if (this.#nonce >= NONCE_MAX) throw new NoiseError("this channel has carried all it can");
    return nonceOf(this.#nonce++);
  }

  async #count(): Promise<void> {
    this.#counted++;
    if (this.rekeyEvery > 0 && this.#counted % this.rekeyEvery === 0) await this.rekey();
  }
}

/** An open channel. Calls may overlap: each direction does them in order. */
export class Secured {
  #sealing: Promise<unknown> = Promise.resolve();
  #opening: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly out: Cipher,
    private readonly into: Cipher,
    readonly hash: Bytes,
  ) {}

  seal(plain: Bytes): Promise<Bytes> {
    const sealed = this.#sealing.then(() => this.out.encrypt(plain));
    this.#sealing = sealed;
    return sealed;
  }

  open(sealed: Bytes): Promise<Bytes> {
    const plain = this.#opening.then(() => this.into.decrypt(sealed));
    this.#opening = plain;
    return plain;
  }
}

/** The device's handshake: `write` makes the first message, `read` takes the answer. */
export class Initiator {
  #hash: Bytes;
  #chain: Bytes;
  #cipher: Cipher | null = null;
  #begun: Promise<void>;

  constructor(
    private readonly keys: KeyPair,
    private readonly gateway: Bytes,
    prologue: Bytes,
    private readonly psk: Bytes | null = null,
    private ephemeral: KeyPair | null = null,
  ) {
    const name = utf8(psk === null ? "Noise_IK_25519_AESGCM_SHA256" : "Noise_IKpsk1_25519_AESGCM_SHA256");
    this.#hash = new Uint8Array(KEY);
    this.#hash.set(name);
    this.#chain = this.#hash;
    this.#begun = this.#mixHash(prologue).then(() => this.#mixHash(gateway));
  }

  async write(payload: Bytes): Promise<Bytes> {
    await this.#begun;
    const own = (this.ephemeral ??= await makeKeyPair());
    await this.#mixHash(own.publicKey);
    if (this.psk !== null) await this.#mixKey(own.publicKey);
    await this.#mixKey(await agree(own.privateKey, this.gateway));
    const sealed = await this.#seal(this.keys.publicKey);
    await this.#mixKey(await agree(this.keys.privateKey, this.gateway));
    if (this.psk !== null) await this.#mixKeyAndHash(this.psk);
    return concat(own.publicKey, sealed, await this.#seal(payload));
  }

  async read(message: Bytes): Promise<{ payload: Bytes; secured: Secured }> {
    const own = this.ephemeral;
    if (own === null || message.length < KEY + TAG || message.length > MESSAGE_MAX) throw new NoiseError("an answer of a wrong size");
    const theirs = message.slice(0, KEY);
    await this.#mixHash(theirs);
    if (this.psk !== null) await this.#mixKey(theirs);
    await this.#mixKey(await agree(own.privateKey, theirs));
    await this.#mixKey(await agree(this.keys.privateKey, theirs));
    const payload = await this.#open(message.slice(KEY));
    const [out, into] = await derive(this.#chain, NONE, 2);
    if (out === undefined || into === undefined) throw new NoiseError("no keys");
    return { payload, secured: new Secured(new Cipher(out, REKEY_EVERY), new Cipher(into, REKEY_EVERY), this.#hash) };
  }

  async #mixHash(data: Bytes): Promise<void> {
    this.#hash = new Uint8Array(await crypto.subtle.digest("SHA-256", concat(this.#hash, data)));
  }

  async #mixKey(material: Bytes): Promise<void> {
    const [chain, key] = await derive(this.#chain, material, 2);
    this.#chain = chain ?? NONE;
    this.#cipher = new Cipher(key ?? NONE);
  }

  async #mixKeyAndHash(material: Bytes): Promise<void> {
    const [chain, hashed, key] = await derive(this.#chain, material, 3);
    this.#chain = chain ?? NONE;
    await this.#mixHash(hashed ?? NONE);
    this.#cipher = new Cipher(key ?? NONE);
  }

  async #seal(plain: Bytes): Promise<Bytes> {
    if (this.#cipher === null) throw new NoiseError("no key");
    const sealed = await this.#cipher.encrypt(plain, this.#hash);
    await this.#mixHash(sealed);
    return sealed;
  }

  async #open(sealed: Bytes): Promise<Bytes> {
    if (this.#cipher === null) throw new NoiseError("no key");
    const plain = await this.#cipher.decrypt(sealed, this.#hash);
    await this.#mixHash(sealed);
    return plain;
  }
}

/** A pre-shared key from a shorter secret. */
export async function pskOf(secret: Bytes, purpose: "link" | "code"): Promise<Bytes> {
  return hmac(await hmac(utf8(`tether/1 ${purpose}`), secret), utf8("psk\x01"));
}

/** The six digits that both sides show. */
export async function digitsOf(hash: Bytes): Promise<string> {
  const made = await hmac(utf8("tether/1 digits"), hash);
  const number = new DataView(made.buffer).getBigUint64(0) % 1_000_000n;
  return number.toString().padStart(6, "0");
}

export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

async function agree(privateKey: CryptoKey, publicKey: Bytes): Promise<Bytes> {
  const theirs = await crypto.subtle.importKey("raw", publicKey, { name: "X25519" }, false, []);
  let shared: Bytes;
  try {
    shared = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: theirs }, privateKey, 8 * KEY));
  } catch {
    throw new NoiseError("a public key that is none");
  }
  // A key of small order; not every browser refuses it by itself.
  if (shared.every((byte) => byte === 0)) throw new NoiseError("a public key that is none");
  return shared;
}

async function derive(chain: Bytes, material: Bytes, count: number): Promise<Bytes[]> {
  const secret = await hmac(chain, material);
  const outputs: Bytes[] = [];
  let last: Bytes = NONE;
  for (let number = 1; number <= count; number++) {
    last = await hmac(secret, concat(last, Uint8Array.of(number)));
    outputs.push(last);
  }
  return outputs;
}

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

function aesKey(key: Bytes): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", key, { name: "AES-GCM" }, false, ["encrypt", "decrypt"]);
}

async function seal(key: CryptoKey, iv: Bytes, plain: Bytes, about: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: about }, key, plain));
}

function nonceOf(number: bigint): Bytes {
  const made = new Uint8Array(12);
  new DataView(made.buffer).setBigUint64(4, number);
  return made;
}
