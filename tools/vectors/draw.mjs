// Deterministic values: SHA-256 of a label and a counter, so that every run writes the same files.
import { createHash } from "node:crypto";

export const P = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
export const L = 2736030358979909402780800718157159386076813972158567259200215660948447373041n;

let counter = 0;

/** 256 bits. */
export const bits256 = (label) => {
  counter += 1;
  const digest = createHash("sha256").update(`maci-rs vectors ${label} ${counter}`).digest("hex");
  return BigInt(`0x${digest}`);
};

/** A field element. */
export const element = (label) => bits256(label) % P;

/** `count` field elements. */
export const elements = (label, count) => Array.from({ length: count }, () => element(label));

/** An integer below `bound`. */
export const below = (label, bound) => bits256(label) % bound;
