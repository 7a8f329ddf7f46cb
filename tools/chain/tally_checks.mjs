// MACI's own checks of a tally file: every result, the spent total and, in QV, every option's spent credits, by the
// poll's Tally contract, with trees and hashes of MACI's crypto package.
//
//   node tally_checks.mjs RPC TALLY_ADDRESS TALLY_JSON
//
// Then the same with one number altered, which the contract must refuse.
import { readFileSync } from "node:fs";
import { generateTreeCommitment, generateTreeProof, hash2 } from "@maci-protocol/crypto";
import { Contract, JsonRpcProvider } from "ethers";

const ABI = [
  "function mode() view returns (uint8)",
  "function tallyCommitment() view returns (uint256)",
  "function verifyTallyResult(uint256, uint256, uint256[][], uint256, uint8, uint256, uint256) view returns (bool)",
  "function verifySpentVoiceCredits(uint256, uint256, uint256, uint256) view returns (bool)",
  "function verifyPerVoteOptionSpentVoiceCredits(uint256, uint256, uint256[][], uint256, uint8, uint256, uint256) view returns (bool)",
];
const QV = 0n;

const [rpc, address, file] = process.argv.slice(2);
const tally = JSON.parse(readFileSync(file, "utf8"));
const contract = new Contract(address, ABI, new JsonRpcProvider(rpc, undefined, { staticNetwork: true }));

const results = tally.results.tally.map(BigInt);
const depth = Math.round(Math.log(results.length) / Math.log(5));
const spentHash = hash2([BigInt(tally.totalSpentVoiceCredits.spent), BigInt(tally.totalSpentVoiceCredits.salt)]);
const resultsCommitment = generateTreeCommitment(results, BigInt(tally.results.salt), depth);
const qv = (await contract.mode()) === QV;
const perOption = qv ? tally.perVoteOptionSpentVoiceCredits : undefined;
const spent = qv ? perOption.tally.map(BigInt) : [];
const perOptionHash = qv ? generateTreeCommitment(spent, BigInt(perOption.salt), depth) : 0n;

let checks = 0;
const expect = async (wanted, what, promise) => {
  checks += 1;
  if ((await promise) !== wanted) {
    console.error(`MACI's Tally ${wanted ? "refuses" : "accepts"} ${what}`);
    process.exit(1);
  }
};

const proof = (index, values) => generateTreeProof(index, values, depth);
const result = (index, value) =>
  contract.verifyTallyResult(index, value, proof(index, results), tally.results.salt, depth, spentHash, perOptionHash);
const total = (value) =>
  contract.verifySpentVoiceCredits(value, tally.totalSpentVoiceCredits.salt, resultsCommitment, perOptionHash);
const optionSpent = (index, value) =>
  contract.verifyPerVoteOptionSpentVoiceCredits(
    index, value, proof(index, spent), perOption.salt, depth, spentHash, resultsCommitment,
  );

await expect(true, "the commitment", contract.tallyCommitment().then((c) => c === BigInt(tally.newTallyCommitment)));
for (const [index, value] of results.entries()) {
  await expect(true, `result ${index}`, result(index, value));
}
await expect(false, "an altered result", result(0, results[0] + 1n));
await expect(true, "the spent total", total(BigInt(tally.totalSpentVoiceCredits.spent)));
await expect(false, "an altered spent total", total(BigInt(tally.totalSpentVoiceCredits.spent) + 1n));
if (qv) {
  for (const [index, value] of spent.entries()) {
    await expect(true, `spent credits of option ${index}`, optionSpent(index, value));
  }
  await expect(false, "altered spent credits", optionSpent(0, spent[0] + 1n));
}
console.log(`MACI's Tally accepts the tally file: ${checks} checks`);
