// Writes crates/crypto/vectors/*.json and crates/protocol/vectors/*.json: node generate.mjs <workspace root>
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import * as babyjubjub from "./babyjubjub.mjs";
import * as hashes from "./hashes.mjs";
import * as keys from "./keys.mjs";
import * as messages from "./messages.mjs";
import * as trees from "./trees.mjs";

const root = process.argv[2] ?? join(import.meta.dirname, "../..");

/** Numbers of any size are decimal strings in the files. */
const text = (_, value) => (typeof value === "bigint" ? value.toString() : value);

const write = (crate, name, sources, cases) => {
  const directory = join(root, "crates", crate, "vectors");
  mkdirSync(directory, { recursive: true });
  const content = { format: 1, sources, ...cases };
  writeFileSync(join(directory, `${name}.json`), `${JSON.stringify(content, text, 1)}\n`);
};

const circomlibjs = "circomlibjs 0.1.7";
const curve = "@zk-kit/baby-jubjub 1.0.3";
const eddsa = "@zk-kit/eddsa-poseidon 1.1.0";
const cipher = "@zk-kit/poseidon-cipher 0.3.2";
const maciCrypto = "@maci-protocol/crypto 3.0.0";
const domainobjs = "@maci-protocol/domainobjs 3.0.0";

write("crypto", "poseidon", [circomlibjs, maciCrypto], await hashes.poseidon());
write("crypto", "blake512", ["blake-hash 2.0.0"], hashes.blake512());
write("crypto", "babyjubjub", [circomlibjs, curve], await babyjubjub.points());
write("crypto", "eddsa", [circomlibjs, eddsa], await babyjubjub.signatures());
write("crypto", "ecdh", [maciCrypto, curve], babyjubjub.sharedKeys());
write("crypto", "cipher", [cipher], hashes.ciphers());
write("crypto", "keys", [domainobjs], keys.keys());
write("crypto", "lean_imt", ["@zk-kit/lean-imt 2.2.3"], trees.leanImt());
write("crypto", "binary_tree", [maciCrypto], trees.binary());
write("crypto", "quinary_tree", [maciCrypto], trees.quinary());
write("protocol", "messages", [domainobjs, maciCrypto], messages.messages());
write("protocol", "leaves", [domainobjs, maciCrypto], messages.leaves());
process.exit(0);
