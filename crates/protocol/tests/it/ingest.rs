//! Recorded files that were edited, cut, mixed up or of another poll are refused by name.

use ark_ec::CurveGroup;
use ark_ff::PrimeField;
use maci_crypto::{
    Fr,
    babyjubjub::{RawPoint, base8},
    keypair::{KeyError, PrivateKey},
};
use maci_protocol::{
    chain::START,
    layout::maci::state_root,
    recorded::{self, Assembly, Contracts, Deployment, RecordedError},
    testing::{Spec, arb_poll, fixture, points, simulate},
};
use maci_verifier::{Mode, ParamsError, PollParams, StateRoot};
use num_bigint::BigUint;
use serde_json::{Value, json};

use crate::common::{Folder, POLLS};

const PUBLISH: &str = "0x4be9ef9ae736055964ead1cf3c83a19c8b662b5df2bd4414776bb64d81f75d15";

fn files(name: &str) -> (String, Value) {
    let folder = Folder::new(name);
    (
        folder.text("deployment.json"),
        serde_json::from_str(&folder.text("logs.json")).unwrap(),
    )
}

fn parse(deployment: &str, logs: &Value) -> Result<maci_protocol::PollLog, RecordedError> {
    recorded::parse(deployment, &logs.to_string())
}

pub(crate) fn params() -> PollParams {
    PollParams {
        state_tree_depth: 3,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 1,
        message_batch_size: 4,
        vote_options: 5,
        mode: Mode::Qv,
    }
}

/// Block and log index of a log, as error messages give them.
fn place(log: &Value) -> String {
    let number = |name: &str| {
        let text = log[name].as_str().unwrap();
        u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
    };
    format!(
        "block {}, log index {}",
        number("blockNumber"),
        number("logIndex")
    )
}

/// Another hexadecimal digit in the middle of a word.
fn edited(text: &str, at: usize) -> String {
    let mut bytes = text.as_bytes().to_vec();
    bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn s_03_another_first_message_is_refused() {
    for element in 0..12 {
        let mut poll = simulate(&Spec::honest(params(), 3, 6, 1));
        let first = &mut poll.log.messages[0];
        match element {
            10 => first.encryption_public_key.x += Fr::from(1u64),
            11 => first.encryption_public_key.y += Fr::from(1u64),
            _ => first.data[element] += Fr::from(1u64),
        }
        // The chain hashes are those of the other message, as a contract with another genesis would emit them.
        poll.log.recompute_batch_hashes();
        let (deployment, logs, _) = fixture::write(&poll);
        let error = recorded::parse(&deployment, &logs).unwrap_err();
        assert!(matches!(error, RecordedError::Genesis { .. }), "{error}");
    }
}

#[test]
fn s_03_another_first_leaf_is_refused() {
    let mut poll = simulate(&Spec::honest(params(), 3, 6, 1));
    poll.log.leaves[0] = poll.log.leaves[1];
    poll.log.onchain.merged_state_root = Some(StateRoot(state_root(&poll.log.leaves)));
    let (deployment, logs, _) = fixture::write(&poll);
    let error = recorded::parse(&deployment, &logs).unwrap_err();
    assert!(matches!(error, RecordedError::StateRoot { .. }), "{error}");
}

#[test]
fn s_03_the_first_chain_hash_is_fixed() {
    let log = Folder::new("maci-v3").log();
    assert_eq!(log.batch_hashes[0], START);
    let mut hashes = maci_protocol::chain::BatchHashes::new(1);
    assert_eq!(
        hashes.push(&log.messages[0]).to_string(),
        "12649350970565573789066258659224999455371603918509045170753206255024702190895"
    );
    assert_eq!(
        hashes.padded()[1].0,
        maci_crypto::poseidon::hash2(START.0, log.messages[0].hash())
    );
}

#[test]
fn truncated_files_are_named() {
    let folder = Folder::new("maci-v3");
    let (deployment, logs) = (folder.text("deployment.json"), folder.text("logs.json"));
    for cut in [0, 1, logs.len() / 3, logs.len() / 2, logs.len() - 2] {
        let error = recorded::parse(&deployment, &logs[..cut]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("logs.json cannot be read (truncated"),
            "{error}"
        );
    }
    for cut in [0, deployment.len() / 2, deployment.len() - 2] {
        let error = recorded::parse(&deployment[..cut], &logs).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("deployment.json cannot be read (truncated"),
            "{error}"
        );
    }
    let error = recorded::coordinator_key(&folder.text("keys.json")[..90]).unwrap_err();
    assert!(error.to_string().starts_with("keys.json"), "{error}");
}

/// Every topic and every word of every log of the poll, one digit changed.
#[test]
fn every_edited_log_is_named_by_block_and_log_index() {
    for name in POLLS {
        let (deployment, logs) = files(name);
        let count = logs["poll"].as_array().unwrap().len();
        for position in 0..count {
            let log = &logs["poll"][position];
            let joined = log["data"].as_str().unwrap().len() == 2 + 3 * 64;
            let mut variants = Vec::new();
            for (topic, text) in log["topics"].as_array().unwrap().iter().enumerate() {
                let mut variant = log.clone();
                variant["topics"][topic] = edited(text.as_str().unwrap(), 40).into();
                variants.push((variant, topic == 0));
            }
            let data = log["data"].as_str().unwrap();
            for word in 0..data.len() / 64 {
                // A join's nullifier is the one word that nothing else confirms.
                if joined && word == 1 {
                    continue;
                }
                let mut variant = log.clone();
                variant["data"] = edited(data, 2 + 64 * word + 60).into();
                variants.push((variant, false));
            }
            for (variant, other_event) in variants {
                let mut changed = logs.clone();
                changed["poll"][position] = variant;
                let error = parse(&deployment, &changed).unwrap_err();
                // A leaf is confirmed by the merged root only, which names the blocks of all joins, and an unknown
                // event is missed where it was needed.
                let root = matches!(error, RecordedError::StateRoot { .. });
                assert!(
                    joined || !root || other_event || log["topics"].as_array().unwrap().len() == 3
                );
                let named = error.to_string().contains(&place(log));
                assert!(named || root || other_event, "{name} {position}: {error}");
            }
        }
    }
}

#[test]
fn every_missing_log_is_noticed() {
    for name in POLLS {
        let (deployment, logs) = files(name);
        for position in 0..logs["poll"].as_array().unwrap().len() {
            let mut changed = logs.clone();
            changed["poll"].as_array_mut().unwrap().remove(position);
            let error = parse(&deployment, &changed).unwrap_err();
            let known = matches!(
                error,
                RecordedError::MissingMessage { .. }
                    | RecordedError::MissingChainHash { .. }
                    | RecordedError::StateIndex { .. }
                    | RecordedError::TotalSignups { .. }
                    | RecordedError::NotMerged
            );
            assert!(known, "{name} {position}: {error}");
        }
        // A message with its chain hash: the next message no longer continues the chain.
        let mut changed = logs.clone();
        changed["poll"].as_array_mut().unwrap().drain(9..11);
        let error = parse(&deployment, &changed).unwrap_err();
        assert!(matches!(error, RecordedError::ChainHash { .. }), "{error}");
    }
}

#[test]
fn the_order_in_the_file_is_free_and_the_order_on_chain_is_not() {
    let (deployment, logs) = files("maci-v3");
    let mut reversed = logs.clone();
    reversed["poll"].as_array_mut().unwrap().reverse();
    assert_eq!(
        parse(&deployment, &reversed).unwrap(),
        parse(&deployment, &logs).unwrap()
    );

    // Two messages swapped in place.
    let mut swapped = logs.clone();
    let (one, two) = (
        logs["poll"][10]["data"].clone(),
        logs["poll"][12]["data"].clone(),
    );
    swapped["poll"][10]["data"] = two;
    swapped["poll"][12]["data"] = one;
    let error = parse(&deployment, &swapped).unwrap_err();
    assert!(matches!(error, RecordedError::ChainHash { .. }), "{error}");
    assert!(
        error.to_string().contains(&place(&logs["poll"][8]))
            || error.to_string().contains(&place(&logs["poll"][10])),
        "{error}"
    );

    let mut twice = logs.clone();
    let log = logs["poll"][10].clone();
    twice["poll"].as_array_mut().unwrap().push(log);
    let error = parse(&deployment, &twice).unwrap_err();
    assert!(matches!(error, RecordedError::Duplicate { .. }), "{error}");

    let mut removed = logs.clone();
    removed["poll"][10]["removed"] = true.into();
    let error = parse(&deployment, &removed).unwrap_err();
    assert!(matches!(error, RecordedError::Removed { .. }), "{error}");

    let mut moved = logs.clone();
    moved["poll"][11]["blockNumber"] = logs["poll"][20]["blockNumber"].clone();
    moved["poll"][11]["logIndex"] = "0x7".into();
    assert!(parse(&deployment, &moved).is_err());

    let mut quantity = logs;
    quantity["poll"][10]["logIndex"] = "1".into();
    let error = parse(&deployment, &quantity).unwrap_err();
    assert!(matches!(error, RecordedError::Quantity { .. }), "{error}");
}

#[test]
fn another_polls_logs_and_another_coordinators_key_are_refused() {
    let folder = Folder::new("maci-v3");
    let mut poll = arb_poll(1);
    poll.log.poll_address = "0x0101010101010101010101010101010101010101"
        .parse()
        .unwrap();
    let (_, logs, _) = fixture::write(&poll);
    let error = recorded::parse(&folder.text("deployment.json"), &logs).unwrap_err();
    assert!(matches!(error, RecordedError::Foreign { .. }), "{error}");
    assert!(error.to_string().contains("another poll"), "{error}");

    let other = Folder::new("maci-v3-full").key();
    let error = folder.log().check_coordinator(&other).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the coordinator key does not belong to this poll"),
        "{error}"
    );
    let salts =
        &mut maci_protocol::secrets::RunSeed::derive(other.private(), 1, folder.log().poll_address);
    assert!(maci_protocol::layout::maci::process_batches(&folder.log(), &other, salts).is_err());
}

#[test]
fn a_deployment_that_disagrees_with_the_chain_is_refused() {
    let (deployment, logs) = files("maci-v3");
    let deployment: Value = serde_json::from_str(&deployment).unwrap();
    let with = |path: &str, value: Value| {
        let mut changed = deployment.clone();
        *changed.pointer_mut(path).unwrap() = value;
        parse(&changed.to_string(), &logs).unwrap_err()
    };
    let disagrees = |error: RecordedError| {
        assert!(matches!(error, RecordedError::Deployment { .. }), "{error}");
    };
    disagrees(with("/params/mode", json!(1)));
    disagrees(with("/params/pollId", json!("1")));
    let other = PrivateKey::from_be_bytes(&[7]).public_key().coordinates();
    let other = json!([other.x.to_string(), other.y.to_string()]);
    disagrees(with("/params/coordinatorPublicKey", other));
    assert!(matches!(
        with("/params/pollStateTreeDepth", json!(11)),
        RecordedError::Depths { .. }
    ));
    assert!(matches!(
        with("/params/mode", json!(3)),
        RecordedError::Field { .. }
    ));
    assert!(matches!(
        with("/params/messageBatchSize", json!(256)),
        RecordedError::Field { .. }
    ));
    assert!(matches!(
        with("/params/messageBatchSize", json!(-1)),
        RecordedError::Field { .. }
    ));
    assert!(matches!(
        with("/addresses/poll", json!("0x12")),
        RecordedError::Address { .. }
    ));
    assert!(matches!(
        with("/params/messageBatchSize", json!(0)),
        RecordedError::Params(ParamsError::MessageBatchSize)
    ));
    assert!(matches!(
        with("/params/voteOptions", json!(26)),
        RecordedError::Params(ParamsError::VoteOptions { .. })
    ));
    let p = "21888242871839275222246405745257275088548364400416034343698204186575808495617";
    assert!(matches!(
        with("/params/coordinatorPublicKey/1", json!(p)),
        RecordedError::Field { .. }
    ));
    // A tree that is too small for the voters.
    let mut small = deployment;
    small["params"]["stateTreeDepth"] = 2.into();
    small["params"]["pollStateTreeDepth"] = 2.into();
    let error = parse(&small.to_string(), &logs).unwrap_err();
    assert!(
        matches!(error, RecordedError::TooManyLeaves { max: 4, .. }),
        "{error}"
    );
}

#[test]
fn s_07_a_coordinator_key_that_nobody_has_is_refused() {
    let (deployment, logs) = files("maci-v3");
    let refused = |x: String, y: String| {
        let mut changed: Value = serde_json::from_str(&deployment).unwrap();
        changed["params"]["coordinatorPublicKey"] = json!([x, y]);
        parse(&changed.to_string(), &logs).unwrap_err()
    };
    let base = RawPoint::from(base8());
    let torsion = points::order_8().to_point().unwrap();
    let mixed = RawPoint::from((base8() + torsion).into_affine());
    let cases = (points::low_order()
        .into_iter()
        .map(|key| (key, KeyError::LowOrder)))
    .chain(points::off_curve().map(|key| (key, KeyError::OffCurve)))
    .chain([(mixed, KeyError::OutsideSubgroup)]);
    for (key, reason) in cases {
        let error = refused(key.x.to_string(), key.y.to_string());
        assert!(
            matches!(error, RecordedError::CoordinatorKey { source } if source == reason),
            "{error}"
        );
    }
    // Base8 itself with a coordinate that is not below p.
    let wrapped = BigUint::from(base.x) + BigUint::from(Fr::MODULUS);
    let error = refused(wrapped.to_string(), base.y.to_string());
    assert!(matches!(error, RecordedError::Field { .. }), "{error}");
}

#[test]
fn relays_second_merges_and_late_joins_are_named() {
    let (deployment, logs) = files("maci-v3");
    let add = |log: Value| {
        let mut changed = logs.clone();
        changed["poll"].as_array_mut().unwrap().push(log);
        parse(&deployment, &changed).unwrap_err()
    };
    // A relay needs its contents only if it took in hashes.
    let mut relay = logs["poll"][10].clone();
    relay["topics"] = json!([
        "0x91b942fa69ed48e396db89fe27f88192d8ca138308a57a2bb49c5824f8d54cab",
        format!("0x{}", "0".repeat(64))
    ]);
    relay["data"] = "0x".into();
    let mut changed = logs.clone();
    let at = logs["poll"].as_array().unwrap().iter();
    let message = at
        .clone()
        .rposition(|log| log["topics"][0] == PUBLISH)
        .unwrap();
    for name in [
        "blockNumber",
        "blockHash",
        "logIndex",
        "transactionIndex",
        "transactionHash",
    ] {
        relay[name] = logs["poll"][message][name].clone();
    }
    changed["poll"][message] = relay;
    let error = parse(&deployment, &changed).unwrap_err();
    assert!(matches!(error, RecordedError::Relayed { .. }), "{error}");
    assert!(error.to_string().contains("bagaaiera"), "{error}");

    let polls = logs["poll"].as_array().unwrap();
    let late = |log: &Value| {
        let mut log = log.clone();
        log["blockNumber"] = "0xfff".into();
        log.as_object_mut().unwrap().remove("blockHash");
        log
    };
    assert!(matches!(
        add(late(&polls[polls.len() - 1])),
        RecordedError::SecondMerge { .. }
    ));
    let mut join = late(&polls[6]);
    assert!(matches!(
        add(join.clone()),
        RecordedError::StateIndex { .. }
    ));
    let data = join["data"].as_str().unwrap().to_owned();
    join["data"] = format!("{}6", &data[..data.len() - 1]).into();
    assert!(matches!(add(join.clone()), RecordedError::Nullifier { .. }));
    join["data"] = format!("{}9{}6", &data[..80], &data[81..data.len() - 1]).into();
    assert!(matches!(add(join), RecordedError::JoinAfterMerge { .. }));
}

#[test]
fn key_errors_do_not_repeat_the_key() {
    for (text, expected) in [
        (
            r#"{"coordinator":{"privateKey":"macisk.5ecre7"}}"#,
            "macisk. and hexadecimal digits",
        ),
        (
            r#"{"coordinator":{"privateKey":"5ec4e7"}}"#,
            "macisk. and hexadecimal digits",
        ),
        (
            r#"{"coordinator":"macisk.5ec4e7"}"#,
            "coordinator.privateKey",
        ),
        (
            r#"{"coordinator":{"privateKey":"macisk.5ec4e7"#,
            "truncated",
        ),
    ] {
        let error = recorded::coordinator_key(text).unwrap_err();
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(shown.contains(expected), "{shown}");
            assert!(!shown.contains("5ec"), "{shown}");
        }
    }
}

/// D10: what is written at or above p is the reduced value to everyone.
#[test]
fn values_at_or_above_p_are_reduced() {
    let wrapped = (0..40)
        .map(arb_poll)
        .filter(|poll| !poll.wraps.is_empty())
        .count();
    assert!(wrapped > 5);
    let poll = simulate(&Spec::hostile(params(), 5, 120, 5));
    let wrap = poll.wraps[0];
    let word = poll.words(wrap.message)[usize::from(wrap.element)];
    assert_eq!(maci_crypto::field::from_be_bytes(&word), None);
    let (deployment, logs, _) = fixture::write(&poll);
    assert_eq!(recorded::parse(&deployment, &logs).unwrap(), poll.log);
}

/// What a reader of a live chain relies on: a range of logs taken back leaves no trace.
#[test]
fn ranges_of_logs_can_be_taken_back() {
    for seed in 0..20 {
        let poll = arb_poll(seed);
        let (deployment, ..) = fixture::write(&poll);
        let deployment = Deployment::from_json(&deployment).unwrap();
        let logs = fixture::logs(&poll);
        let mut assembly = Assembly::new(deployment);
        for (position, log) in logs.iter().enumerate() {
            let mark = assembly.mark();
            for later in logs[position..].iter().take(seed as usize) {
                assembly.push(later, &mut ()).unwrap();
            }
            assembly.rollback(&mark);
            assembly.push(log, &mut ()).unwrap();
        }
        assert_eq!(assembly.finish().unwrap(), poll.log, "{seed}");
    }
}

#[test]
fn deployments_are_written_as_they_are_read() {
    for name in POLLS {
        let read = Deployment::from_json(&Folder::new(name).text("deployment.json")).unwrap();
        let contracts = Contracts::from_json(&Folder::new(name).text("deployment.json")).unwrap();
        assert!(contracts.message_processor.is_some() && contracts.poll_policy.is_some());
        let text = read.to_json(&contracts);
        assert_eq!(Deployment::from_json(&text).unwrap(), read);
        assert_eq!(Contracts::from_json(&text).unwrap(), contracts);
    }
}
