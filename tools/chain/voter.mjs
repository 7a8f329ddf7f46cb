// A voter made of MACI's own packages: keys, commands, signatures and ciphertexts, none of them ours.
//
//   node voter.mjs keygen            prints { privateKey, publicKey }
//   node voter.mjs messages < JSON   prints [{ data: [10 decimals], publicKey: [x, y] }]
//
// The JSON: { privateKey, coordinatorPublicKey, pollId, stateIndex, votes: [{ option, weight, nonce, newPublicKey? }] },
// keys in MACI's serialised form. Test keys only: they pass through pipes.
import { Keypair, PrivateKey, PublicKey, VoteCommand } from "@maci-protocol/domainobjs";

const generate = () => {
  const { privateKey, publicKey } = new Keypair();
  return { privateKey: privateKey.serialize(), publicKey: publicKey.serialize() };
};

const messages = ({ privateKey, coordinatorPublicKey, pollId, stateIndex, votes }) => {
  const voter = new Keypair(PrivateKey.deserialize(privateKey));
  const coordinator = PublicKey.deserialize(coordinatorPublicKey);
  return votes.map(({ option, weight, nonce, newPublicKey }) => {
    const command = new VoteCommand(
      BigInt(stateIndex),
      newPublicKey ? PublicKey.deserialize(newPublicKey) : voter.publicKey,
      BigInt(option),
      BigInt(weight),
      BigInt(nonce),
      BigInt(pollId),
    );
    const signature = command.sign(voter.privateKey);
    const oneTime = new Keypair();
    const shared = Keypair.generateEcdhSharedKey(oneTime.privateKey, coordinator);
    const { data } = command.encrypt(signature, shared);
    return { data: data.map(String), publicKey: oneTime.publicKey.raw.map(String) };
  });
};

const input = async () => {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  return JSON.parse(text);
};

const [command] = process.argv.slice(2);
switch (command) {
  case "keygen":
    console.log(JSON.stringify(generate()));
    break;
  case "messages":
    console.log(JSON.stringify(messages(await input())));
    break;
  default:
    console.error("usage: node voter.mjs keygen | messages");
    process.exit(2);
}
