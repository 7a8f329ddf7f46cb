//! Vectors of MACI's own packages (`vectors/*.json`, made by `cargo xtask vectors`).

use maci_crypto::{Fr, babyjubjub::RawPoint, ecdh, field};
use maci_protocol::{
    Ballot, Message, SignedCommand, StateLeaf, VoteCommand,
    chain::{BatchHashes, chain},
    keys::{CoordinatorKey, PrivateKey},
    types::{Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight},
};
use maci_verifier::{ChainHash, Salt};
use serde_json::Value;

/// Small numbers are JSON numbers, others decimal strings.
fn digits(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn fr(value: &Value) -> Fr {
    field::from_dec(&digits(value)).unwrap()
}

fn number(value: &Value) -> u64 {
    digits(value).parse().unwrap()
}

fn point(value: &Value) -> RawPoint {
    RawPoint::new(fr(&value[0]), fr(&value[1]))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn key(value: &Value) -> PrivateKey {
    PrivateKey::deserialise(value.as_str().unwrap()).unwrap()
}

#[test]
fn messages_equal_those_of_maci_s_packages() {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/messages.json")).unwrap();
    let coordinator = CoordinatorKey::new(key(&vectors["coordinator"]));
    let mut hashes = BatchHashes::new(20);
    assert_eq!(
        Message::placeholder().hash(),
        fr(&vectors["start"]["message_hash"])
    );
    assert_eq!(
        hashes.push(&Message::placeholder()).0,
        fr(&vectors["start"]["chain_hash"])
    );
    for case in list(&vectors["cases"]) {
        let command = &case["command"];
        let command = VoteCommand {
            state_index: StateIndex(number(&command["state_index"])),
            new_public_key: point(&command["new_public_key"]),
            vote_option_index: VoteOptionIndex(number(&command["vote_option_index"])),
            new_vote_weight: VoteWeight(number(&command["new_vote_weight"])),
            nonce: Nonce(number(&command["nonce"])),
            poll_id: PollId(number(&command["poll_id"])),
            salt: Salt(fr(&command["salt"])),
        };
        let packed: Vec<_> = list(&case["packed"]).map(fr).collect();
        assert_eq!(command.pack().unwrap().to_vec(), packed);
        assert_eq!(VoteCommand::unpack(&command.pack().unwrap()), command);

        let voter = key(&case["voter"]);
        let signed = command.sign(&voter).unwrap();
        assert_eq!(signed.hash(), fr(&case["command_hash"]));
        assert_eq!(signed.signature.r8, point(&case["signature"]["r8"]));
        assert_eq!(signed.signature.s, fr(&case["signature"]["s"]));
        assert!(signed.is_signed_by(voter.public_key().coordinates()));

        let ephemeral = key(&case["ephemeral"]);
        let shared = ecdh::shared_key(&ephemeral.formatted(), &coordinator.public()).unwrap();
        assert_eq!(shared, point(&case["shared_key"]));
        let message = signed.encrypt(&ephemeral, &coordinator.public()).unwrap();
        assert_eq!(
            message.data.to_vec(),
            list(&case["data"]).map(fr).collect::<Vec<_>>()
        );
        assert_eq!(
            message.encryption_public_key,
            point(&case["encryption_public_key"])
        );
        assert_eq!(message.decrypt(&coordinator), Some(signed));
        assert_eq!(SignedCommand::from_plaintext(&signed.plaintext()), signed);

        assert_eq!(message.hash(), fr(&case["message_hash"]));
        let before = hashes.current();
        assert_eq!(hashes.push(&message), ChainHash(fr(&case["chain_hash"])));
        assert_eq!(chain(before, message.hash()), hashes.current());
    }
}

#[test]
fn leaves_equal_those_of_maci_s_packages() {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/leaves.json")).unwrap();
    assert_eq!(StateLeaf::blank().hash(), fr(&vectors["blank_state_leaf"]));
    for case in list(&vectors["state"]) {
        let voter = key(&case["private_key"]);
        let public_key = point(&case["public_key"]);
        assert_eq!(voter.public_key().coordinates(), public_key);
        let leaf = StateLeaf {
            public_key,
            voice_credit_balance: fr(&case["credits"]),
        };
        assert_eq!(leaf.hash(), fr(&case["hash"]));
        assert_eq!(
            voter.nullifier(fr(&case["poll_id"])),
            fr(&case["nullifier"])
        );
    }
    for case in list(&vectors["ballots"]) {
        let depth = number(&case["depth"]) as u8;
        let votes = list(&case["votes"]).map(number).collect();
        let ballot = Ballot {
            nonce: number(&case["nonce"]),
            votes,
        };
        assert_eq!(ballot.vo_root(depth), fr(&case["vote_option_root"]));
        assert_eq!(ballot.hash(depth), fr(&case["hash"]));
    }
}
