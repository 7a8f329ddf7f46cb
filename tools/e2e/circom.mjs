// Our prover and snarkjs on each other's files: node circom.mjs <maci binary> <work directory>
//
// 1. A circuit that is none of ours, compiled by circom, with a key and a witness of snarkjs: `maci prove --zkey --wtns` proves
//    it, with the zkey and with what `maci keys prepare` makes of it; snarkjs accepts the proofs, and a witness that does not
//    satisfy the circuit is refused.
// 2. Circuits of ours: `maci keys export --zkey --wtns`, and snarkjs proves with them; its proof holds under our verifying key.
// Exit code 1 unless everything is as it should be.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as snarkjs from "snarkjs";

const [maci, work] = process.argv.slice(2);
if (!maci || !work) {
  console.error("usage: node circom.mjs <maci binary> <work directory>");
  process.exit(2);
}
const here = fileURLToPath(new URL(".", import.meta.url));
const at = (name) => join(work, name);
const read = (name) => JSON.parse(readFileSync(at(name), "utf8"));

let failed = 0;
const check = (name, good) => {
  if (!good) failed += 1;
  console.log(`${good ? "ok  " : "FAIL"} ${name}`);
};
const run = (...args) => spawnSync(maci, ["--no-progress", ...args], { cwd: work, encoding: "utf8" });

// 1. Their circuit, our prover.
execFileSync(
  "node",
  [join(here, "node_modules/circom2/cli.js"), "circuit.circom", "--r1cs", "--wasm", "-o", work],
  { cwd: here, stdio: ["ignore", "ignore", "inherit"] },
);
const curve = await snarkjs.curves.getCurveFromName("bn128");
await snarkjs.powersOfTau.newAccumulator(curve, 8, at("pot0.ptau"));
// An accumulator begins with tau = 1, where nearly every constraint vanishes: somebody has to contribute.
await snarkjs.powersOfTau.contribute(at("pot0.ptau"), at("pot1.ptau"), "a test", "not random at all");
await snarkjs.powersOfTau.preparePhase2(at("pot1.ptau"), at("pot.ptau"));
await snarkjs.zKey.newZKey(at("circuit.r1cs"), at("pot.ptau"), at("first.zkey"));
await snarkjs.zKey.contribute(at("first.zkey"), at("circuit.zkey"), "a test", "not random at all");
writeFileSync(at("vk.json"), JSON.stringify(await snarkjs.zKey.exportVerificationKey(at("circuit.zkey"))));
await snarkjs.wtns.calculate({ x: 3, unused: 7 }, at("circuit_js/circuit.wasm"), at("witness.wtns"));

const proved = run("prove", "--zkey", "circuit.zkey", "--wtns", "witness.wtns");
if (proved.status !== 0) console.error(proved.stderr);
check("maci proves with a zkey of snarkjs", proved.status === 0);
const inputs = read("public.json");
check("the public inputs are the circuit's", inputs.join() === "35,7");
check("snarkjs accepts the proof", await snarkjs.groth16.verify(read("vk.json"), inputs, read("proof.json")));
check("snarkjs refuses it for another input", !(await snarkjs.groth16.verify(read("vk.json"), ["36", "7"], read("proof.json"))));

const prepared = run("keys", "prepare", "circuit.zkey");
if (prepared.status !== 0) console.error(prepared.stderr);
const again = run("prove", "--zkey", "circuit.prepared", "--wtns", "witness.wtns", "--proof", "again.json");
if (again.status !== 0) console.error(again.stderr);
check("snarkjs accepts a proof of the prepared key", again.status === 0 && (await snarkjs.groth16.verify(read("vk.json"), inputs, read("again.json"))));

const broken = readFileSync(at("witness.wtns"));
broken[broken.length - 32] ^= 1;
writeFileSync(at("broken.wtns"), broken);
const refused = run("prove", "--zkey", "circuit.zkey", "--wtns", "broken.wtns", "--proof", "none.json");
check("a witness that does not satisfy is refused", refused.status === 1 && refused.stderr.includes("does not verify"));

// 2. Our circuits, their prover.
for (const circuit of ["poll-joining-3", "vote-tally-qv-2-1-1", "message-processor-qv-2-1-1"]) {
  const exported = run("keys", "export", circuit, "--zkey", "ours.zkey", "--wtns", "ours.wtns", "--insecure-dev-keys");
  if (exported.status !== 0) console.error(exported.stderr);
  check(`${circuit} is exported`, exported.status === 0);
  run("keys", "export", circuit, "--format", "snarkjs", "--out", "ours.vk.json");
  const { proof, publicSignals } = await snarkjs.groth16.prove(at("ours.zkey"), at("ours.wtns"));
  check(`snarkjs proves ${circuit}`, await snarkjs.groth16.verify(read("ours.vk.json"), publicSignals, proof));
  const ours = run("prove", "--zkey", "ours.zkey", "--wtns", "ours.wtns");
  check(`and so do we`, ours.status === 0 && (await snarkjs.groth16.verify(read("ours.vk.json"), publicSignals, read("proof.json"))));
}
process.exit(failed === 0 ? 0 : 1);
