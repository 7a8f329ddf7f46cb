//! A simulated poll and what is known about it.

use ark_ff::PrimeField;
use maci_crypto::{Fr, field};
use num_bigint::BigUint;

use super::{kind::Kind, spec::Spec};
use crate::{keys::CoordinatorKey, log::PollLog, machine::Effect};

/// What the simulator expects of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// What the message is meant to be.
    pub kind: Kind,
    /// What it should do. The reason is what the simulator aimed at; for random plaintexts it is `StateIndex`.
    pub effect: Effect,
}

/// An element that stands in the log as value + multiple · p (D10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wrap {
    /// Position of the message.
    pub message: u64,
    /// 0 to 9: ciphertext; 10 and 11: encryption key.
    pub element: u8,
    /// 1 to 4: 5 p is still below 2^256.
    pub multiple: u8,
}

/// A made poll with all its secrets.
#[derive(Debug)]
pub struct SimulatedPoll {
    /// What it was made from.
    pub spec: Spec,
    /// The poll as ingest should see it.
    pub log: PollLog,
    /// The coordinator's key.
    pub coordinator: CoordinatorKey,
    /// What each message should do; entry 0 is the placeholder.
    pub outlook: Vec<Outlook>,
    /// Elements written unreduced.
    pub wraps: Vec<Wrap>,
}

impl SimulatedPoll {
    /// The twelve words of a message as they stand in the log, unreduced where a [`Wrap`] says so.
    pub fn words(&self, message: u64) -> [[u8; 32]; 12] {
        let mut words = [[0; 32]; 12];
        let Some(content) = self.log.messages.get(message as usize) else {
            return words;
        };
        let key = content.encryption_public_key;
        for (word, value) in words
            .iter_mut()
            .zip(content.data.iter().chain([&key.x, &key.y]))
        {
            *word = field::to_be_bytes(value);
        }
        let first = self.wraps.partition_point(|wrap| wrap.message < message);
        for wrap in self.wraps[first..]
            .iter()
            .take_while(|wrap| wrap.message == message)
        {
            let word = &mut words[usize::from(wrap.element)];
            let value = BigUint::from_bytes_be(word) + BigUint::from(Fr::MODULUS) * wrap.multiple;
            let bytes = value.to_bytes_be();
            if bytes.len() <= 32 {
                word[32 - bytes.len()..].copy_from_slice(&bytes);
            }
        }
        words
    }
}
