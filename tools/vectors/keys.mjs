// Keys from raw integers, and their serialised forms.
import { Keypair, PrivateKey, PublicKey } from "@maci-protocol/domainobjs";

import { bits256 } from "./draw.mjs";

export const keys = () => {
  const raws = [0n, 1n, 2n, 3n, 4n, 255n, 256n, 2n ** 64n, 10n ** 76n, 2n ** 256n - 1n, 2n ** 256n, 10n ** 100n];
  for (let i = 0; i < 24; i += 1) raws.push(bits256("raw key"));
  // Packed keys with leading zero digits are written shorter than 64 digits.
  const short = [];
  for (let raw = 5n; short.length < 4; raw += 1n) {
    if (new Keypair(new PrivateKey(raw)).publicKey.serialize().length < 7 + 64) short.push(raw);
  }
  const cases = [...raws, ...short].map((raw) => {
    const { privateKey, publicKey } = new Keypair(new PrivateKey(raw));
    if (!PublicKey.deserialize(publicKey.serialize()).equals(publicKey)) throw new Error("no round trip");
    return {
      raw,
      formatted: privateKey.asCircuitInputs(),
      public_key: publicKey.asArray(),
      private_text: privateKey.serialize(),
      public_text: publicKey.serialize(),
      hash: publicKey.hash(),
    };
  });
  return { cases };
};
