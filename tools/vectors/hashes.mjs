// Poseidon, BLAKE-512 and the Poseidon cipher.
import { hash12, hashOne, poseidonEncrypt } from "@maci-protocol/crypto";
import { poseidonDecryptWithoutCheck } from "@zk-kit/poseidon-cipher";
import createBlakeHash from "blake-hash";
import { buildPoseidonReference } from "circomlibjs";

import { element, elements, P } from "./draw.mjs";

/** Whole states after one permutation of widths 2 to 17, and MACI's compositions. */
export const poseidon = async () => {
  const reference = await buildPoseidonReference();
  const permute = ([first, ...rest]) => reference(rest, first, rest.length + 1).map((x) => reference.F.toObject(x));
  const permutations = [];
  for (let width = 2; width <= 17; width += 1) {
    const counting = Array.from({ length: width }, (_, i) => BigInt(i));
    const largest = Array(width).fill(P - 1n);
    const zeros = Array(width).fill(0n);
    for (const input of [zeros, counting, largest, elements("poseidon", width), elements("poseidon", width)]) {
      permutations.push({ width, input, output: permute(input) });
    }
  }
  const twelve = elements("hash12", 12);
  const one = element("hash one");
  return {
    permutations,
    hash12: [{ input: twelve, output: hash12(twelve) }],
    hash_one: [{ input: one, output: hashOne(one) }],
  };
};

/** Message lengths around every edge of the padding. */
export const blake512 = () => {
  const lengths = [0, 1, 8, 64, 96, 110, 111, 112, 113, 127, 128, 129, 144, 238, 239, 240, 256, 300];
  return {
    cases: lengths.map((length) => ({
      length,
      byte: 7,
      digest: createBlakeHash("blake512").update(Buffer.alloc(length, 7)).digest("hex"),
    })),
  };
};

/** Ciphertexts with tag, and what any ten elements decrypt to. */
export const ciphers = () => {
  const encryptions = [Array(7).fill(0n), Array(7).fill(P - 1n), elements("plain", 7), elements("plain", 7)].map(
    (plaintext) => {
      const key = elements("cipher key", 2);
      return { plaintext, key, ciphertext: poseidonEncrypt(plaintext, key, 0n) };
    },
  );
  const decryptions = [Array(10).fill(0n), elements("garbage", 10), elements("garbage", 10)].map((ciphertext) => {
    const key = elements("cipher key", 2);
    return { ciphertext, key, plaintext: poseidonDecryptWithoutCheck(ciphertext, key, 0n, 7) };
  });
  return { encryptions, decryptions };
};
