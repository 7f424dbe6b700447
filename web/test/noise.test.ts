import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { concat, digitsOf, Initiator, makeKeyPair, pskOf, utf8, type Bytes, type KeyPair } from "../src/net/noise";
import { codeIn } from "../src/net/pairing";

interface Vector {
  readonly name: string;
  readonly prologue: string;
  readonly psk: string;
  readonly init_static: string;
  readonly init_ephemeral: string;
  readonly resp_static: string;
  readonly handshake_hash: string;
  readonly messages: readonly (readonly [plain: string, sealed: string])[];
}

const VECTORS = JSON.parse(readFileSync(new URL("../../tests/data/noise/vectors.json", import.meta.url), "utf8")) as Vector[];

function bytes(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** The key pair of a vector's private key. */
async function pairOf(hex: string): Promise<KeyPair> {
  const pkcs8 = concat(bytes("302e020100300506032b656e04220420"), bytes(hex));
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "X25519" }, true, ["deriveBits"]);
  const jwk = await crypto.subtle.exportKey("jwk", privateKey);
  return { privateKey, publicKey: new Uint8Array(Buffer.from(jwk.x ?? "", "base64url")) };
}

describe("noise", () => {
  it.each(VECTORS)("agrees with the published vector of $name", async (vector) => {
    const gateway = (await pairOf(vector.resp_static)).publicKey;
    const psk = vector.psk === "" ? null : bytes(vector.psk);
    const device = new Initiator(await pairOf(vector.init_static), gateway, bytes(vector.prologue), psk, await pairOf(vector.init_ephemeral));
    const [first, answer, ...rest] = vector.messages.map(([plain, sealed]) => [bytes(plain), bytes(sealed)] as const);
    expect(await device.write(first![0])).toEqual(first![1]);
    const { payload, secured } = await device.read(answer![1]);
    expect(payload).toEqual(answer![0]);
    expect(secured.hash).toEqual(bytes(vector.handshake_hash));
    for (const [at, [plain, sealed]] of rest.entries()) {
      if (at % 2 === 0) expect(await secured.seal(plain)).toEqual(sealed);
      else expect(await secured.open(sealed)).toEqual(plain);
    }
  });

  it("refuses an answer that was touched, is short, or holds a key of small order", async () => {
    const vector = VECTORS[0]!;
    const gateway = (await pairOf(vector.resp_static)).publicKey;
    const answer = bytes(vector.messages[1]![1]);
    const touched = answer.slice();
    touched[40]! ^= 1;
    for (const wrong of [touched, answer.slice(0, 40), concat(new Uint8Array(32), answer.slice(32)), new Uint8Array(0)]) {
      const device = new Initiator(await pairOf(vector.init_static), gateway, bytes(vector.prologue), null, await pairOf(vector.init_ephemeral));
      await device.write(bytes(vector.messages[0]![0]));
      await expect(device.read(wrong)).rejects.toThrow();
    }
  });

  it("makes keys that can't be taken away", async () => {
    const { privateKey } = await makeKeyPair();
    expect(privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("pkcs8", privateKey)).rejects.toThrow();
    await expect(crypto.subtle.exportKey("jwk", privateKey)).rejects.toThrow();
  });

  it("derives what the gateway derives", async () => {
    // The same as tether.noise.psk_of and tether.noise.digits give.
    const psk = await pskOf(utf8("ABCDEFGH"), "code");
    expect(Buffer.from(psk).toString("hex")).toBe("62a6d4c34ab3074a1cf0cd13aae506641e4904cd244382c18e2f35237adb247f");
    expect(await digitsOf(new Uint8Array(32))).toBe("523992");
  });
});

describe("a code", () => {
  it.each([
    ["abcd-efgh", "ABCDEFGH"],
    [" 0o1i lLab ", "001111AB"],
    ["ABCDEFG", ""],
    ["ABCDEFGU", ""],
    ["<script>", ""],
  ])("typed as %j", (typed, code) => {
    expect(codeIn(typed)).toBe(code);
  });
});
