// Verifies proofs with snarkjs: node verify.mjs <vk.json> <process_i.json | tally_i.json> [<vk> <proof> ...]
// Every proof must be accepted, and refused once its first public input is off by one. Exit code 1 otherwise.
import { readFileSync } from "node:fs";
import * as snarkjs from "snarkjs";

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const args = process.argv.slice(2);
if (args.length === 0 || args.length % 2 !== 0) {
  console.error("usage: node verify.mjs <vk.json> <proof file> ...");
  process.exit(2);
}

let failed = 0;
for (let i = 0; i < args.length; i += 2) {
  const [vk, { proof, publicInputs }] = args.slice(i, i + 2).map(read);
  const accepted = await snarkjs.groth16.verify(vk, publicInputs, proof);
  const altered = [(BigInt(publicInputs[0]) + 1n).toString(), ...publicInputs.slice(1)];
  const refused = !(await snarkjs.groth16.verify(vk, altered, proof));
  const good = accepted && refused;
  if (!good) failed += 1;
  console.log(`${good ? "ok  " : "FAIL"} ${args[i + 1]} accepted=${accepted} altered refused=${refused}`);
}
process.exit(failed === 0 ? 0 : 1);
