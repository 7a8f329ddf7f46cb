//! Between our types and the words of MACI's contracts (protocol.md §11).

use alloy::primitives::U256;
use maci_crypto::Fr;
use maci_crypto::babyjubjub::RawPoint;
use maci_crypto::field;
use maci_protocol::Message as ProtocolMessage;
use maci_verifier::codec::evm::Word;
use maci_verifier::{CircuitId, KeyPoints, Malformed, Proof, VerifyingKey as OurKey};

use super::bindings::{G1Point, G2Point, Message, Mode, PublicKey, VerifyingKey};
use crate::error::Error;

/// A field element as a word.
pub fn word(value: &Fr) -> U256 {
    U256::from_be_bytes(field::to_be_bytes(value))
}

/// A word as a field element; the contracts reduce, so do we (D10).
pub fn field_of(word: &U256) -> Fr {
    field::from_be_bytes_mod(&word.to_be_bytes::<32>())
}

impl From<RawPoint> for PublicKey {
    fn from(point: RawPoint) -> Self {
        Self {
            x: word(&point.x),
            y: word(&point.y),
        }
    }
}

/// The two arguments of `publishMessage`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageWords {
    /// The ciphertext.
    pub message: Message,
    /// The sender's one-time key.
    pub encryption_public_key: PublicKey,
}

impl From<&ProtocolMessage> for MessageWords {
    fn from(message: &ProtocolMessage) -> Self {
        Self {
            message: Message {
                data: message.data.map(|element| word(&element)),
            },
            encryption_public_key: message.encryption_public_key.into(),
        }
    }
}

impl From<&MessageWords> for ProtocolMessage {
    fn from(words: &MessageWords) -> Self {
        let key = &words.encryption_public_key;
        Self {
            data: words.message.data.map(|element| field_of(&element)),
            encryption_public_key: RawPoint {
                x: field_of(&key.x),
                y: field_of(&key.y),
            },
        }
    }
}

/// A voting mode in MACI's numbering.
pub fn to_mode(mode: maci_verifier::Mode) -> Mode {
    match mode {
        maci_verifier::Mode::Qv => Mode::QV,
        maci_verifier::Mode::NonQv => Mode::NON_QV,
        maci_verifier::Mode::Full => Mode::FULL,
    }
}

/// A proof as MACI's `uint256[8]`.
pub fn to_proof(proof: &Proof) -> [U256; 8] {
    let mut words = [U256::ZERO; 8];
    for (target, word) in words.iter_mut().zip(proof.to_evm()) {
        *target = U256::from_be_bytes(word);
    }
    words
}

/// A verifying key as MACI's struct.
pub fn to_key(key: &OurKey) -> VerifyingKey {
    let words = key.points().to_evm();
    let mut words = words.into_iter().map(U256::from_be_bytes);
    let mut next = || words.next().unwrap_or_default();
    let mut g1 = || G1Point {
        x: next(),
        y: next(),
    };
    let alpha1 = g1();
    let mut g2 = || G2Point {
        x: [next(), next()],
        y: [next(), next()],
    };
    let (beta2, gamma2, delta2) = (g2(), g2(), g2());
    let rest: Vec<U256> = words.collect();
    let ic = rest
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[x, y]| G1Point { x: *x, y: *y })
        .collect();
    VerifyingKey {
        alpha1,
        beta2,
        gamma2,
        delta2,
        ic,
    }
}

/// A key that a registry holds, with every check that a key of that circuit must pass.
pub fn from_key(circuit: CircuitId, key: &VerifyingKey) -> Result<OurKey, Error> {
    let refuse = |reason: String| {
        Error::Conflict(format!(
            "the registry's key of {circuit} cannot be used: {reason}"
        ))
    };
    let points = key_points(key).map_err(|error| refuse(error.to_string()))?;
    OurKey::new(circuit, points).map_err(|error| refuse(error.to_string()))
}

fn key_points(key: &VerifyingKey) -> Result<KeyPoints, Malformed> {
    let mut words: Vec<Word> = Vec::new();
    let mut push = |word: &U256| words.push(word.to_be_bytes::<32>());
    push(&key.alpha1.x);
    push(&key.alpha1.y);
    for point in [&key.beta2, &key.gamma2, &key.delta2] {
        point.x.iter().chain(&point.y).for_each(&mut push);
    }
    for point in &key.ic {
        push(&point.x);
        push(&point.y);
    }
    KeyPoints::from_evm(&words)
}
