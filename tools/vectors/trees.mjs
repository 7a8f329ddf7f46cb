// LeanIMT, binary and quinary trees.
import { hash2, hash5, IncrementalQuinTree } from "@maci-protocol/crypto";
import { LeanIMT } from "@zk-kit/lean-imt";

import { below, element, elements } from "./draw.mjs";

/** The root after every insertion up to 17 leaves, and every proof at some sizes. */
export const leanImt = () => {
  const tree = new LeanIMT((a, b) => hash2([a, b]));
  const leaves = elements("lean", 17);
  const sizes = leaves.map((leaf, i) => {
    tree.insert(leaf);
    const wanted = [1, 2, 3, 5, 6, 7, 11, 17].includes(i + 1);
    const proofs = wanted
      ? leaves.slice(0, i + 1).map((_, at) => {
          const { index, siblings } = tree.generateProof(at);
          // Without siblings the package gives no number.
          return { leaf: at, index: siblings.length === 0 ? 0 : index, siblings };
        })
      : [];
    return { size: i + 1, depth: tree.depth, root: tree.root, proofs };
  });
  return { leaves, sizes };
};

/** Updates at scattered places, with the root after each and one path. */
const updates = (label, depth, zero, arity, hash, count) => {
  const tree = new IncrementalQuinTree(depth, zero, arity, hash);
  const empty = tree.root;
  const steps = Array.from({ length: count }, (_, i) => {
    const index = i % 5 === 4 ? 0 : Number(below(label, BigInt(arity ** depth)));
    // A quirk of the package: it reads a written 0 as never written, so only other values are written.
    const leaf = element(label);
    tree.update(index, leaf);
    const path = tree.generateProof(index).pathElements;
    return { index, leaf, root: tree.root, path };
  });
  return { depth, zero, empty, steps };
};

export const binary = () => ({
  trees: [
    [1, 0n],
    [2, element("zero")],
    [5, element("zero")],
    [10, element("zero")],
  ].map(([depth, zero]) => updates("binary", depth, zero, 2, hash2, 10)),
});

export const quinary = () => ({
  trees: [1, 2, 3, 4].map((depth) => updates("quinary", depth, 0n, 5, hash5, 10)),
});
