//! A proof in both of its public forms, and a verifying key in the contract's form.
//!
//! snarkjs lists extension field elements as `[c0, c1]`, the contracts as `c1, c0`; a bundle states both forms and a
//! reader demands that they are the same proof (settlement.md §3.4).

use alloy_primitives::{B256, U256};
use maci_crypto::{Fr, field};
use maci_verifier::proof::Proof;
use maci_verifier::statement::Statement;
use maci_verifier::vk::KeyPoints;
use sha2::{Digest as _, Sha256};

use crate::canonical::{
    Fields, FormatError, Value, bytes32, bytes32_value, field_element, list, word, word_value,
};
use crate::keys::registry_hash;

type Word = [u8; 32];

fn decimal(word: &Word) -> Value {
    word_value(U256::from_be_bytes(*word))
}

fn words_value(words: &[Word]) -> Value {
    Value::list(words, decimal)
}

fn words(path: &str, value: Value) -> Result<Vec<Word>, FormatError> {
    list(path, value, |path, value| {
        Ok(word(path, value)?.to_be_bytes())
    })
}

fn different(path: &str, expected: &str, found: &impl ToString) -> FormatError {
    FormatError::bad_value(path, expected, found.to_string())
}

/// Writes a proof and the public inputs that it proves.
pub(super) fn proof_value(proof: &Proof, statement: &impl Statement) -> Value {
    let words = proof.to_evm();
    let w = |index: usize| words.get(index).map_or_else(|| Value::text(""), decimal);
    let one = || Value::text("1");
    let pair = |first, second| Value::List(vec![first, second]);
    Value::object([
        ("evm", words_value(&words)),
        (
            "snarkjs",
            Value::object([
                ("curve", Value::text("bn128")),
                ("pi_a", Value::List(vec![w(0), w(1), one()])),
                (
                    "pi_b",
                    Value::List(vec![
                        pair(w(3), w(2)),
                        pair(w(5), w(4)),
                        pair(one(), Value::text("0")),
                    ]),
                ),
                ("pi_c", Value::List(vec![w(6), w(7), one()])),
                ("protocol", Value::text("groth16")),
                (
                    "publicSignals",
                    Value::list(&statement.public_inputs(), |input| {
                        Value::text(field::to_dec(input))
                    }),
                ),
            ]),
        ),
    ])
}

/// Reads both forms, demands that they agree, and reads the statement from the public signals.
pub(super) fn proof<S: Statement>(path: &str, value: Value) -> Result<(S, Proof), FormatError> {
    let (evm, snarkjs) = Fields::read(path, value, |fields| {
        let evm = fields.take("evm", words)?;
        Ok((evm, fields.take("snarkjs", |_, value| Ok(value))?))
    })?;
    let snarkjs_path = format!("{path}.snarkjs");
    let Value::Object(mut members) = snarkjs else {
        return Err(FormatError::WrongType {
            path: snarkjs_path,
            expected: "an object",
            found: snarkjs.kind(),
        });
    };
    let signals_path = format!("{snarkjs_path}.publicSignals");
    let signals = members
        .remove("publicSignals")
        .ok_or_else(|| FormatError::MissingField {
            path: snarkjs_path.clone(),
            name: "publicSignals",
        })?;
    let inputs: Vec<Fr> = list(&signals_path, signals, field_element)?;
    let statement = S::from_public_inputs(&inputs)
        .map_err(|error| different(&signals_path, "the public inputs of the circuit", &error))?;

    let text = String::from_utf8_lossy(&Value::Object(members).to_bytes()).into_owned();
    let proof = Proof::from_snarkjs(&text)
        .map_err(|error| different(&snarkjs_path, "a snarkjs proof", &error))?;
    let evm_path = format!("{path}.evm");
    let same = Proof::from_evm(&evm)
        .map_err(|error| different(&evm_path, "a proof of eight words", &error))?;
    if same == proof {
        Ok((statement, proof))
    } else {
        Err(different(
            &evm_path,
            "the same proof as snarkjs states",
            &"another",
        ))
    }
}

fn snarkjs_digest(points: &KeyPoints) -> B256 {
    B256::new(Sha256::digest(points.to_snarkjs()).into())
}

/// Writes a key with both of its public hashes.
pub(super) fn key_value(points: &KeyPoints) -> Value {
    Value::object([
        ("registry_keccak256", bytes32_value(registry_hash(points))),
        ("snarkjs_sha256", bytes32_value(snarkjs_digest(points))),
        ("words", words_value(&points.to_evm())),
    ])
}

/// Reads a key and demands that its hashes are its own.
pub(super) fn key(path: &str, value: Value) -> Result<KeyPoints, FormatError> {
    Fields::read(path, value, |fields| {
        let points = fields.take("words", |path, value| {
            let words = words(path, value)?;
            KeyPoints::from_evm(&words).map_err(|error| different(path, "a verifying key", &error))
        })?;
        let hashes = [
            ("registry_keccak256", registry_hash(&points)),
            ("snarkjs_sha256", snarkjs_digest(&points)),
        ];
        for (name, expected) in hashes {
            fields.take(name, |path, value| {
                let found = bytes32(path, value)?;
                if found == expected {
                    Ok(())
                } else {
                    Err(different(path, &expected.to_string(), &found))
                }
            })?;
        }
        Ok(points)
    })
}
