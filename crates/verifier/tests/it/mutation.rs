//! O-11: a proof or key with one byte changed is refused, by an error that names what is wrong, in every form that is
//! read.
//!
//! Bytes and EVM words have one spelling of each proof, so every change counts. A JSON text also has insignificant
//! whitespace: one whitespace byte in place of another leaves the same value, which is no change of the proof, and
//! nothing else may.

use std::collections::BTreeMap;

use maci_verifier::codec::evm;
use maci_verifier::{Error, KeyPoints, Malformed, Mode, Proof, VerifyingKey, verify};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;

use crate::support::{FOLDERS, read, recorded};

/// Changes tried in each form.
const SAMPLES: usize = 2_000;

/// `bytes` with another value at one random position, and that position.
fn changed(bytes: &[u8], rng: &mut ChaCha20Rng) -> (Vec<u8>, usize) {
    let mut bytes = bytes.to_vec();
    let at = rng.gen_range(0..bytes.len());
    bytes[at] ^= rng.gen_range(1..=255u8);
    (bytes, at)
}

/// How the changes of one form ended, by the error's code.
#[derive(Default)]
struct Tally(BTreeMap<u16, usize>);

impl Tally {
    fn refused(&mut self, error: &Error) {
        *self.0.entry(error.code()).or_default() += 1;
    }

    fn count(&self, code: u16) -> usize {
        self.0.get(&code).copied().unwrap_or(0)
    }

    fn total(&self) -> usize {
        self.0.values().sum()
    }
}

/// The point of a proof that holds byte `at` of `total`: A, B and C take one, two and one quarter.
fn point_at(at: usize, total: usize) -> &'static str {
    ["A", "B", "B", "C"][at * 4 / total]
}

/// Tries the changes of one binary form.
fn binary(original: &[u8], seed: u8, read: impl Fn(&[u8]) -> Result<Proof, Malformed>) -> Tally {
    let poll = recorded("maci-v3", Mode::Qv);
    let record = &poll.transcript.process[0];
    assert_eq!(read(original).unwrap(), record.proof);
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let mut tally = Tally::default();
    for _ in 0..SAMPLES {
        let (bytes, at) = changed(original, &mut rng);
        let result = read(&bytes).map_err(Error::from);
        let error = match result {
            Ok(proof) => verify(&poll.process_key, &record.statement, &proof).unwrap_err(),
            Err(error) => {
                let point = format!("proof point {}: ", point_at(at, original.len()));
                assert!(error.to_string().starts_with(&point), "byte {at}: {error}");
                error
            }
        };
        assert!(error.is_malformed() || error.code() == 400, "{error}");
        tally.refused(&error);
    }
    assert_eq!(tally.total(), SAMPLES);
    tally
}

#[test]
fn o_11_a_changed_byte_of_an_arkworks_proof_is_refused_by_name() {
    let proof = recorded("maci-v3", Mode::Qv).transcript.process[0].proof;
    let tally = binary(&proof.to_bytes(), 1, Proof::from_bytes);
    // About every second abscissa has a point of the curve: then the proof is read and false.
    assert!(tally.count(400) > SAMPLES / 10, "{:?}", tally.0);
    assert!(tally.count(103) > SAMPLES / 10, "{:?}", tally.0);
}

#[test]
fn o_11_a_changed_byte_of_evm_words_is_refused_by_name() {
    let proof = recorded("maci-v3", Mode::Qv).transcript.process[0].proof;
    let words = proof.to_evm();
    let tally = binary(words.as_flattened(), 2, |bytes| {
        Proof::from_evm(&evm::words_of(bytes, "proof words")?)
    });
    // One coordinate alone never moves a point to another one but by its sign, which is more than a byte.
    assert_eq!(tally.count(400), 0, "{:?}", tally.0);
}

/// Whether only the whitespace between values differs.
fn only_whitespace(original: &[u8], text: &[u8], at: usize) -> bool {
    let space = |byte: u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok();
    space(original[at]) && space(text[at]) && value(original) == value(text)
}

/// Tries the changes of one JSON text. `read` gives the error, or nothing where the text was read as the original.
fn json(original: &str, seed: u8, subjects: &[&str], read: impl Fn(&str) -> Option<Error>) {
    assert_eq!(read(original), None);
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let mut tally = Tally::default();
    let mut unreadable = 0;
    for sample in 0..SAMPLES {
        let (mut bytes, at) = changed(original.as_bytes(), &mut rng);
        // Most bytes are digits: every second change is to another character that JSON texts are made of.
        if sample % 2 == 0 {
            let other = b"0123456789 \n\t\r\"[]{},:.-+eE"[rng.gen_range(0..26)];
            if other == original.as_bytes()[at] {
                continue;
            }
            bytes[at] = other;
        }
        // A text is UTF-8 before it is anything else; the readers take no other.
        let Ok(text) = core::str::from_utf8(&bytes) else {
            unreadable += 1;
            continue;
        };
        match read(text) {
            Some(error) => {
                let message = error.to_string();
                let named = subjects.iter().any(|subject| message.starts_with(subject));
                assert!(named, "byte {at}: {message}");
                tally.refused(&error);
            }
            None => assert!(
                only_whitespace(original.as_bytes(), &bytes, at),
                "byte {at}: {text}"
            ),
        }
    }
    assert!(
        tally.total() > SAMPLES / 2,
        "{:?}, {unreadable} not UTF-8",
        tally.0
    );
}

#[test]
fn o_11_a_changed_byte_of_a_snarkjs_proof_is_refused_by_name() {
    let poll = recorded("maci-v3", Mode::Qv);
    let record = &poll.transcript.process[0];
    let subjects = ["snarkjs proof: ", "proof point ", "false proof: "];
    json(
        &read("maci-v3", "proofs/process_0.proof.json"),
        3,
        &subjects,
        |text| match Proof::from_snarkjs(text) {
            Err(error) => Some(error.into()),
            Ok(proof) if proof == record.proof => None,
            Ok(proof) => verify(&poll.process_key, &record.statement, &proof).err(),
        },
    );
}

#[test]
fn o_11_a_changed_byte_of_a_snarkjs_verifying_key_is_refused_by_name() {
    let (folder, mode) = FOLDERS[0];
    let poll = recorded(folder, mode);
    let key = &poll.tally_key;
    let subjects = [
        "snarkjs verifying key: ",
        "vk_alphabeta_12: ",
        "verifying key of ",
        "IC point",
        "alpha: ",
        "beta: ",
        "gamma: ",
        "delta: ",
    ];
    let text = read(folder, "verification_keys/VoteTallyQv_10-1-2_test.json");
    json(&text, 4, &subjects, |text| {
        match KeyPoints::from_snarkjs(text) {
            Err(error) => Some(error.into()),
            Ok(points) if points == *key.points() => None,
            Ok(points) => VerifyingKey::insecure(*key.circuit(), points).err(),
        }
    });
}
