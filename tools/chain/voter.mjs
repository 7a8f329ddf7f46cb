// A voter of MACI's own packages: keys, commands, signatures and ciphertexts are theirs.
//
//   node voter.mjs keygen                 prints { privateKey }
//   node voter.mjs messages < input.json  prints the arguments of publishMessage for each vote
//
// The input: { privateKey, coordinator: [x, y], stateIndex, pollId, votes: [{ option, weight, nonce, badTag?, badKey? }] }.
import { readFileSync } from "node:fs";

import { Keypair, PrivateKey, PublicKey, VoteCommand } from "@maci-protocol/domainobjs";

const print = (value) =>
  console.log(JSON.stringify(value, (_, part) => (typeof part === "bigint" ? part.toString() : part)));

const keygen = () => print({ privateKey: new Keypair().privateKey.serialize() });

const messages = () => {
  const input = JSON.parse(readFileSync(0, "utf8"));
  const voter = new Keypair(PrivateKey.deserialize(input.privateKey));
  const coordinator = new PublicKey(input.coordinator.map(BigInt));
  print(
    input.votes.map((vote) => {
      // Off the curve: MACI's circuits take it, and the key authenticates nobody from then on.
      const next = vote.badKey ? new PublicKey([1n, 2n], true) : voter.publicKey;
      const command = new VoteCommand(
        BigInt(input.stateIndex),
        next,
        BigInt(vote.option),
        BigInt(vote.weight),
        BigInt(vote.nonce),
        BigInt(input.pollId),
      );
      const ephemeral = new Keypair();
      const shared = Keypair.generateEcdhSharedKey(ephemeral.privateKey, coordinator);
      const message = command.encrypt(command.sign(voter.privateKey), shared);
      const data = [...message.data];
      if (vote.badTag) data[9] = data[9] === 0n ? 1n : data[9] - 1n;
      return { data, key: ephemeral.publicKey.asArray() };
    }),
  );
};

({ keygen, messages })[process.argv[2]]();
