// Commands, messages, leaves and ballots.
import { hash2, hashLeftRight, NOTHING_UP_MY_SLEEVE } from "@maci-protocol/crypto";
import { Ballot, Keypair, Message, PrivateKey, StateLeaf, VoteCommand, padKey } from "@maci-protocol/domainobjs";

import { below, bits256, element } from "./draw.mjs";

const FIELD = 2n ** 50n;

/** A chain of messages: packing, hash, signature, ECDH, encryption, message hash and running chain hash. */
export const messages = () => {
  const coordinator = new Keypair(new PrivateKey(bits256("coordinator")));
  const edges = [
    [0n, 0n, 0n, 0n, 0n, 0n],
    [FIELD - 1n, FIELD - 1n, FIELD - 1n, FIELD - 1n, FIELD - 1n, element("salt")],
    [1n, 2n, 9n, 1n, 0n, 5n],
  ];
  const drawn = Array.from({ length: 9 }, () => [
    ...Array.from({ length: 5 }, () => below("field", FIELD)),
    element("salt"),
  ]);
  const placeholder = new Message([NOTHING_UP_MY_SLEEVE, ...Array(9).fill(0n)]);
  const placeholderHash = placeholder.hash(padKey);
  let chain = hash2([NOTHING_UP_MY_SLEEVE, placeholderHash]);
  const start = { message_hash: placeholderHash, chain_hash: chain };
  const cases = [...edges, ...drawn].map(([stateIndex, option, weight, nonce, pollId, salt]) => {
    const voter = new Keypair(new PrivateKey(bits256("voter")));
    const ephemeral = new Keypair(new PrivateKey(bits256("ephemeral")));
    const next = new Keypair(new PrivateKey(bits256("next")));
    const command = new VoteCommand(stateIndex, next.publicKey, option, weight, nonce, pollId, salt);
    const signature = command.sign(voter.privateKey);
    const shared = Keypair.generateEcdhSharedKey(ephemeral.privateKey, coordinator.publicKey);
    const message = command.encrypt(signature, shared);
    const back = VoteCommand.decrypt(message, Keypair.generateEcdhSharedKey(coordinator.privateKey, ephemeral.publicKey));
    if (!back.command.equals(command)) throw new Error("decryption gives another command");
    const messageHash = message.hash(ephemeral.publicKey);
    chain = hash2([chain, messageHash]);
    return {
      voter: voter.privateKey.serialize(),
      ephemeral: ephemeral.privateKey.serialize(),
      command: {
        state_index: stateIndex,
        new_public_key: next.publicKey.asArray(),
        vote_option_index: option,
        new_vote_weight: weight,
        nonce,
        poll_id: pollId,
        salt,
      },
      packed: command.asArray(),
      command_hash: command.hash(),
      signature: { r8: signature.R8, s: signature.S },
      shared_key: shared,
      data: message.data,
      encryption_public_key: ephemeral.publicKey.asArray(),
      message_hash: messageHash,
      chain_hash: chain,
    };
  });
  return { coordinator: coordinator.privateKey.serialize(), start, cases };
};

/** State leaves, ballots with their vote option roots, nullifiers. */
export const leaves = () => {
  const state = [0n, 1n, 100n, element("credits")].map((credits) => {
    const { privateKey, publicKey } = new Keypair(new PrivateKey(bits256("leaf")));
    const pollId = below("poll", 1000n);
    const nullifier = hashLeftRight(BigInt(privateKey.asCircuitInputs()), pollId);
    return {
      private_key: privateKey.serialize(),
      public_key: publicKey.asArray(),
      credits,
      hash: new StateLeaf(publicKey, credits).hash(),
      poll_id: pollId,
      nullifier,
    };
  });
  const ballots = [1, 2, 3].flatMap((depth) =>
    [0, 3].map((filled) => {
      const ballot = new Ballot(5 ** depth, depth);
      for (let i = 0; i < filled; i += 1) {
        ballot.votes[Number(below("option", BigInt(5 ** depth)))] = below("weight", FIELD);
      }
      ballot.nonce = BigInt(filled);
      const [, root] = ballot.asArray();
      return { depth, nonce: ballot.nonce, votes: ballot.votes, vote_option_root: root, hash: ballot.hash() };
    }),
  );
  return { blank_state_leaf: StateLeaf.generateBlank().hash(), state, ballots };
};
