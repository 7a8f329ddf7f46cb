// Verifies proofs with snarkjs: node verify.mjs <vk.json> <proof.json> <public.json> [<vk> <proof> <public> ...]
// Every triple must be accepted, and refused once its first public signal is off by one. Exit code 1 otherwise.
import { readFileSync } from "node:fs";
import * as snarkjs from "snarkjs";

const read = (path) => JSON.parse(readFileSync(path, "utf8"));
const args = process.argv.slice(2);
if (args.length === 0 || args.length % 3 !== 0) {
  console.error("usage: node verify.mjs <vk.json> <proof.json> <public.json> ...");
  process.exit(2);
}

let failed = 0;
for (let i = 0; i < args.length; i += 3) {
  const [vk, proof, signals] = args.slice(i, i + 3).map(read);
  const accepted = await snarkjs.groth16.verify(vk, signals, proof);
  const altered = [(BigInt(signals[0]) + 1n).toString(), ...signals.slice(1)];
  const refused = !(await snarkjs.groth16.verify(vk, altered, proof));
  const good = accepted && refused;
  if (!good) failed += 1;
  console.log(`${good ? "ok  " : "FAIL"} ${args[i + 1]} accepted=${accepted} altered refused=${refused}`);
}
process.exit(failed === 0 ? 0 : 1);
