//! Relayed batches are read like published messages, or refused by name.

use std::{collections::BTreeMap, io::Cursor};

use ark_ff::PrimeField;
use maci_crypto::Fr;
use maci_protocol::{
    recorded::{
        self, RecordedError, Relayed,
        relay::{self, RelayFault},
        topic,
    },
    testing::{Spec, fixture, simulate},
};
use num_bigint::BigUint;
use serde_json::{Value, json};

use crate::ingest::params;

fn relayed_poll(
    relays: impl Fn(u64) -> bool,
) -> (String, String, Contents, maci_protocol::PollLog) {
    let poll = simulate(&Spec::hostile(params(), 5, 30, 8));
    let (deployment, ..) = fixture::write(&poll);
    let (logs, contents) = fixture::relayed_logs(&poll, relays);
    let logs = fixture::logs_json(&logs, poll.log.maci_address);
    (deployment, logs, Contents(contents), poll.log)
}

struct Contents(BTreeMap<[u8; 32], Vec<u8>>);

impl Relayed for Contents {
    fn content(&mut self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        self.0.get(digest).cloned()
    }
}

#[test]
fn n_01_relayed_batches_read_like_published_messages_or_stop_by_name() {
    let (deployment, logs, mut contents, expected) = relayed_poll(|message| message % 3 == 0);
    let read = |contents: &mut Contents| {
        recorded::parse_reader(&deployment, Cursor::new(logs.as_bytes()), contents)
    };
    assert!(contents.0.len() > 5);
    assert_eq!(read(&mut contents).unwrap(), expected);
    for digest in contents.0.keys().copied().collect::<Vec<_>>() {
        let whole = contents.0.remove(&digest).unwrap();
        let error = read(&mut contents).unwrap_err();
        assert!(matches!(error, RecordedError::Relayed { .. }), "{error}");
        let mut garbled = whole.clone();
        garbled[20] ^= 1;
        contents.0.insert(digest, garbled);
        let error = read(&mut contents).unwrap_err();
        let digest_differs = matches!(
            &error,
            RecordedError::RelayedContent {
                fault: RelayFault::Digest { .. },
                ..
            }
        );
        assert!(digest_differs, "{error}");
        contents.0.insert(digest, whole);
    }
}

#[test]
fn n_01_a_batch_of_other_messages_stops_by_name() {
    let poll = simulate(&Spec::honest(params(), 3, 6, 1));
    let (_, contents) = fixture::relayed_logs(&poll, |_| true);
    let whole: Value = serde_json::from_slice(contents.values().next().unwrap()).unwrap();
    let read = |batch: &Value| {
        let bytes = batch.to_string().into_bytes();
        relay::read(
            &bytes,
            &relay::digest_of(&bytes),
            poll.log.maci_address,
            poll.log.poll_id,
        )
    };
    assert!(read(&whole).is_ok());
    let with = |path: &str, value: Value| {
        let mut batch = whole.clone();
        *batch.pointer_mut(path).unwrap() = value;
        read(&batch).unwrap_err()
    };
    let other = json!("0x0101010101010101010101010101010101010101");
    assert!(matches!(
        with("/0/poll", json!(77)),
        RelayFault::OtherPoll { poll: 77, .. }
    ));
    assert!(matches!(
        with("/0/maciAddress", other),
        RelayFault::OtherPoll { .. }
    ));
    assert!(matches!(
        with("/0/hash", json!("5")),
        RelayFault::Hash { .. }
    ));
    assert!(matches!(
        with("/0/data/3", json!("5")),
        RelayFault::Hash { .. }
    ));
    assert!(matches!(
        with("/0/data/3", json!(-5)),
        RelayFault::Field { field: "data", .. }
    ));
    assert!(matches!(
        with("/0/data", json!(["5"])),
        RelayFault::Field { field: "data", .. }
    ));
    assert!(matches!(read(&json!({})).unwrap_err(), RelayFault::Form(_)));
    // D10: a hash at or above r is its reduction.
    let hash = BigUint::parse_bytes(whole[0]["hash"].as_str().unwrap().as_bytes(), 10).unwrap();
    let mut wrapped = whole.clone();
    wrapped[0]["hash"] = (hash + BigUint::from(Fr::MODULUS)).to_string().into();
    assert!(read(&wrapped).is_ok());
}

/// Several hashes relayed in one call: what the contract does to its checkpoints decides.
#[test]
fn n_01_relays_across_a_batch_boundary_are_named() {
    // Batches of four; message 0 is the placeholder. (messages before the relay, messages in it, provable)
    for (before, count, provable) in [
        (1, 2, true),
        (1, 3, false),
        (1, 4, false),
        (3, 1, true),
        (3, 2, false),
        (4, 3, true),
    ] {
        let poll = simulate(&Spec::honest(params(), 3, before + count - 1, 1));
        let (deployment, ..) = fixture::write(&poll);
        let relays = |message| message >= before;
        let (logs, contents) = fixture::relayed_logs(&poll, relays);
        // One call: all chain hashes, then one event with the batches joined.
        let (relayed, mut logs): (Vec<_>, Vec<_>) = logs
            .into_iter()
            .partition(|log| log.topics[0] == topic::IPFS_HASH_ADDED);
        let list: Vec<Value> = relayed
            .iter()
            .flat_map(|log| {
                serde_json::from_slice::<Vec<Value>>(&contents[&log.topics[1]]).unwrap()
            })
            .collect();
        let bytes = serde_json::to_vec(&list).unwrap();
        let digest = relay::digest_of(&bytes);
        let mut event = relayed[relayed.len() - 1].clone();
        event.topics[1] = digest;
        let place = logs.iter().position(|log| log.at > event.at).unwrap();
        logs.insert(place, event);
        let logs = fixture::logs_json(&logs, poll.log.maci_address);
        let contents = &mut Contents(BTreeMap::from([(digest, bytes)]));
        match recorded::parse_reader(&deployment, Cursor::new(logs.as_bytes()), contents) {
            Ok(log) => assert!(provable && log == poll.log, "{before} {count}"),
            Err(RecordedError::UnprovableCheckpoints { .. }) => {
                assert!(!provable, "{before} {count}");
            }
            Err(error) => panic!("{before} {count}: {error}"),
        }
    }
}
