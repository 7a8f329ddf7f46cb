//! O-11: any single-byte change of a bundle or a verdict file is refused with an error that names what is wrong.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use maci_verdict::canonical::{self, Value};
use maci_verdict::rule::Tie;
use maci_verdict::testing::{ToyKeys, ToyPoll};
use maci_verdict::{AuditOptions, Provenance, VerdictFile, audit, judge};
use sha2::{Digest as _, Sha256};

use crate::verdict::question;

/// A small generator with a fixed seed (SplitMix64): the sampled positions are the same in every run.
struct Samples(u64);

impl Iterator for Samples {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Some(z ^ (z >> 31))
    }
}

/// Changes one byte at each of `count` sampled positions and hands the changed bytes to `refused`.
fn mutate(bytes: &[u8], count: usize, seed: u64, refused: impl Fn(&[u8], usize)) {
    let mut samples = Samples(seed);
    let mut changed = bytes.to_vec();
    for _ in 0..count {
        let position = usize::try_from(samples.next().unwrap() % bytes.len() as u64).unwrap();
        let random = (samples.next().unwrap() & 0xff) as u8;
        // Half of the changes turn a digit into another digit, the kind that stays well formed.
        let original = bytes[position];
        let to = if original.is_ascii_digit() && random & 1 == 0 {
            b'0' + (original - b'0' + 1 + random / 2 % 9) % 10
        } else if random == original {
            original ^ 1
        } else {
            random
        };
        changed[position] = to;
        refused(&changed, position);
        changed[position] = original;
    }
}

/// The reason names a byte, a field or a section.
#[track_caller]
fn assert_named(failure: &str, position: usize) {
    let named = [
        "byte ",
        ": expected",
        "unknown field",
        "is missing",
        "section",
    ];
    assert!(
        named.iter().any(|part| failure.contains(part)),
        "byte {position}: {failure}"
    );
}

#[test]
fn o_11_any_changed_byte_of_a_bundle_is_refused_by_name() {
    let bytes = ToyPoll::default().bundle().to_bytes();
    let trusted = ToyKeys::shared().trusted(Provenance::Ceremony);
    mutate(&bytes, 2000, 2026, |changed, position| {
        let audit = audit(changed, &trusted, &AuditOptions::default());
        let failure = audit.poll().unwrap_err().to_string();
        assert_named(&failure, position);
    });
}

#[test]
fn o_11_cut_and_extended_bundles_are_refused() {
    let bytes = ToyPoll::default().bundle().to_bytes();
    let trusted = ToyKeys::shared().trusted(Provenance::Ceremony);
    let refused = |bytes: &[u8]| {
        audit(bytes, &trusted, &AuditOptions::default())
            .poll()
            .is_err()
    };
    assert!(!refused(&bytes));
    assert!(refused(&bytes[..bytes.len() - 1]));
    assert!(refused(&[]));
    assert!(refused(&[bytes.as_slice(), b"\n"].concat()));
}

#[test]
fn o_11_any_changed_byte_of_a_verdict_is_refused_by_name() {
    let poll = ToyPoll::default().verified();
    let verdict = judge(&poll, &question(Tie::Void)).unwrap();
    let bytes = VerdictFile::from(&verdict).to_bytes();
    assert!(
        VerdictFile::parse(&bytes)
            .unwrap()
            .verify(&poll, &question(Tie::Void))
            .is_ok()
    );
    mutate(&bytes, 2000, 712, |changed, position| {
        let failure = VerdictFile::parse(changed).unwrap_err().to_string();
        assert_named(&failure, position);
    });
}

/// All leaves of a document: where each is and what it says.
fn leaves(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                path.push(name.clone());
                leaves(member, path, found);
                path.pop();
            }
        }
        Value::List(items) => {
            for (position, item) in items.iter().enumerate() {
                path.push(position.to_string());
                leaves(item, path, found);
                path.pop();
            }
        }
        Value::Text(_) | Value::Bool(_) => found.push(path.clone()),
    }
}

/// Changes a leaf into another value of its kind.
fn change(value: &mut Value, path: &[String]) {
    match (value, path) {
        (Value::Object(members), [name, rest @ ..]) => change(members.get_mut(name).unwrap(), rest),
        (Value::List(items), [position, rest @ ..]) => {
            change(&mut items[position.parse::<usize>().unwrap()], rest);
        }
        (Value::Bool(flag), []) => *flag = !*flag,
        (Value::Text(text), []) => {
            // The last character decides; 7 and 8 are digits in every base here.
            let last = text.pop();
            text.push(if last == Some('7') { '8' } else { '7' });
        }
        (_, _) => unreachable!("the path comes from the same document"),
    }
}

/// Digests as the format document describes them, made without the crate's own code.
fn seal(mut members: BTreeMap<String, Value>) -> Vec<u8> {
    let sha256 = |value: &Value| {
        Value::text(format!(
            "0x{}",
            hex::encode(Sha256::digest(value.to_bytes()))
        ))
    };
    let sections = members
        .iter()
        .map(|(name, value)| (name.clone(), sha256(value)))
        .collect();
    let whole = sha256(&Value::Object(members.clone()));
    members.insert("digests".to_owned(), Value::Object(sections));
    members.insert("digest".to_owned(), whole);
    Value::Object(members).to_bytes()
}

/// A forger makes fresh digests. Then every single value of a bundle is bound by a check of the audit or, where no proof
/// speaks of it (addresses, dates), by the pins that a market compares.
#[test]
fn o_11_every_value_is_bound_by_a_check_or_by_the_pins() {
    let bytes = ToyPoll::default().bundle().to_bytes();
    let trusted = ToyKeys::shared().trusted(Provenance::Ceremony);
    let original = audit(&bytes, &trusted, &AuditOptions::default());
    let pins = original.poll().unwrap().pins();
    let Value::Object(mut members) = canonical::parse(&bytes).unwrap() else {
        panic!("a bundle is an object")
    };
    members.remove("digest");
    members.remove("digests");
    assert_eq!(seal(members.clone()), bytes);
    let document = Value::Object(members);
    let mut paths = Vec::new();
    leaves(&document, &mut Vec::new(), &mut paths);
    let mut by_pins = Vec::new();
    for path in &paths {
        let mut forged = document.clone();
        change(&mut forged, path);
        let Value::Object(forged) = forged else {
            panic!("a bundle is an object")
        };
        let audit = audit(&seal(forged), &trusted, &AuditOptions::default());
        if let Ok(poll) = audit.poll() {
            assert!(
                pins.difference(poll.pins()).is_some(),
                "{path:?} is bound by nothing"
            );
            assert_ne!(
                pins.hash(),
                if poll.pins().chain_id == pins.chain_id {
                    poll.pins().hash()
                } else {
                    B256::ZERO
                }
            );
            by_pins.push(path[0].clone());
        }
    }
    assert!(paths.len() > 200, "{} values", paths.len());
    // Only the poll's pins may rest on the market's comparison.
    assert!(
        !by_pins.is_empty() && by_pins.iter().all(|section| section == "poll"),
        "{by_pins:?}"
    );
}

/// One verdict file, one answer: every single value changed, with fresh digests and, in a second try, a fresh id.
#[test]
fn m_07_every_value_of_a_verdict_is_bound() {
    let (poll, question) = crate::recorded::judged();
    let verdict = judge(&poll, &question).unwrap();
    let bytes = VerdictFile::from(&verdict).to_bytes();
    let Value::Object(mut members) = canonical::parse(&bytes).unwrap() else {
        panic!("a verdict is an object")
    };
    members.remove("digest");
    members.remove("digests");
    assert_eq!(seal(members.clone()), bytes);
    let document = Value::Object(members);
    let mut paths = Vec::new();
    leaves(&document, &mut Vec::new(), &mut paths);
    for path in &paths {
        let mut forged = document.clone();
        change(&mut forged, path);
        let Value::Object(mut forged) = forged else {
            panic!("a verdict is an object")
        };
        let refused = |bytes: &[u8]| match VerdictFile::parse(bytes) {
            Ok(file) => file.verify(&poll, &question).is_err(),
            Err(_) => true,
        };
        assert!(refused(&seal(forged.clone())), "{path:?}");
        if path == &["verdict_id"] {
            continue;
        }
        // The id that the forged fields would have.
        let with_id = VerdictFile::parse(&seal(forged.clone()));
        if let Err(maci_verdict::VerdictError::Id { expected, .. }) = with_id {
            forged.insert("verdict_id".to_owned(), Value::text(expected.to_string()));
            assert!(refused(&seal(forged)), "{path:?} with a fresh id");
        }
    }
    assert!(paths.len() > 100, "{} values", paths.len());
}
