//! Relayed batches: messages whose hashes are on chain and whose contents are a JSON file on IPFS (protocol.md §14.4).
//!
//! The chain names the file by the SHA-256 digest of its bytes. Its CID can be rebuilt from that, so any gateway, or a
//! folder of backup files, will do: the bytes prove themselves.

use maci_crypto::{Fr, babyjubjub::RawPoint, field};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    message::Message,
    types::{Address, PollId},
};

/// CIDv1, codec json (0x0200 as a varint), multihash sha2-256 of 32 bytes.
const CID_PREFIX: [u8; 5] = [0x01, 0x80, 0x04, 0x12, 0x20];
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The CID of a batch, in the lower case base 32 that gateways take.
pub fn cid(digest: &[u8; 32]) -> String {
    let bytes = CID_PREFIX.iter().chain(digest);
    let mut text = String::from("b");
    let (mut buffer, mut bits) = (0u16, 0);
    for byte in bytes {
        buffer = buffer << 8 | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(BASE32[usize::from(buffer >> bits) & 31]));
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(BASE32[usize::from(buffer << (5 - bits)) & 31]));
    }
    text
}

/// The digest that the chain would name these bytes by.
pub fn digest_of(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

/// What is wrong with a relayed batch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RelayFault {
    /// The bytes are not those that the chain names.
    #[error("its SHA-256 digest is {}", hex::encode(.found))]
    Digest {
        /// The digest of the bytes.
        found: [u8; 32],
    },
    /// Not the list of messages that MACI's relayers write.
    #[error("it is not the JSON list that MACI's relayers write: {0}")]
    Form(String),
    /// A value of a message is no number or address.
    #[error("message {message}: {field} must be {expected}")]
    Field {
        /// Position in the list.
        message: usize,
        /// Which value.
        field: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
    /// The batch holds messages of another poll.
    #[error("message {message} is of poll {poll} of the MACI contract {maci}")]
    OtherPoll {
        /// Position in the list.
        message: usize,
        /// The poll that it names.
        poll: u64,
        /// The MACI contract that it names.
        maci: Address,
    },
    /// A message is not the one whose hash stands beside it.
    #[error("message {message}: the hash beside it is {expected}, its own is {found}")]
    Hash {
        /// Position in the list.
        message: usize,
        /// The hash beside it.
        expected: String,
        /// The hash of the message.
        found: String,
    },
    /// Another number of messages than the chain took in.
    #[error("expected {expected} messages, as many as the chain took in, found {found}")]
    Count {
        /// Chain hashes before the batch's event.
        expected: usize,
        /// Messages in the batch.
        found: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relayed {
    poll: Value,
    data: Vec<Value>,
    hash: Value,
    maci_address: String,
    public_key: (Value, Value),
}

/// Checks the bytes of a batch against its digest, its poll and its own hashes. Values at or above p are reduced (D10).
pub fn read(
    content: &[u8],
    digest: &[u8; 32],
    maci: Address,
    poll: PollId,
) -> Result<Vec<Message>, RelayFault> {
    let found = digest_of(content);
    if found != *digest {
        return Err(RelayFault::Digest { found });
    }
    let list: Vec<Relayed> =
        serde_json::from_slice(content).map_err(|error| RelayFault::Form(error.to_string()))?;
    (0..)
        .zip(list)
        .map(|(position, relayed)| relayed.message(position, maci, poll))
        .collect()
}

impl Relayed {
    fn message(self, position: usize, maci: Address, poll: PollId) -> Result<Message, RelayFault> {
        let wrong = |field, expected| RelayFault::Field {
            message: position,
            field,
            expected,
        };
        let element = |field, value: &Value| {
            number(value).ok_or_else(|| wrong(field, "a non-negative number of at most 256 bits"))
        };
        let names_poll = element("poll", &self.poll)?;
        let names_poll =
            field::to_u64(&names_poll).ok_or_else(|| wrong("poll", "a 64-bit number"))?;
        let names_maci: Address = self
            .maci_address
            .parse()
            .map_err(|_| wrong("maciAddress", "an address"))?;
        if names_poll != poll.0 || names_maci != maci {
            return Err(RelayFault::OtherPoll {
                message: position,
                poll: names_poll,
                maci: names_maci,
            });
        }
        let data = self.data.iter().map(|value| element("data", value));
        let data: Vec<Fr> = data.collect::<Result<_, _>>()?;
        let (x, y) = &self.public_key;
        let message = Message {
            data: data
                .try_into()
                .map_err(|_| wrong("data", "a list of ten numbers"))?,
            encryption_public_key: RawPoint::new(
                element("publicKey", x)?,
                element("publicKey", y)?,
            ),
        };
        let (expected, found) = (element("hash", &self.hash)?, message.hash());
        if expected != found {
            return Err(RelayFault::Hash {
                message: position,
                expected: field::to_dec(&expected),
                found: field::to_dec(&found),
            });
        }
        Ok(message)
    }
}

/// A number or a text of one, decimal or `0x` and hexadecimal, reduced modulo p.
fn number(value: &Value) -> Option<Fr> {
    match value {
        Value::Number(number) => number.as_u64().map(Fr::from),
        Value::String(text) if text.starts_with("0x") => field::from_hex_mod(text),
        // 2^256 has 78 digits.
        Value::String(text) if text.len() <= 78 => field::from_dec_mod(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cids_are_those_of_other_implementations() {
        // Python: "b" + base64.b32encode(bytes([1, 0x80, 4, 0x12, 0x20]) + sha256(b"{}").digest()), lower case, unpadded
        let digest = digest_of(b"{}");
        assert_eq!(
            hex::encode(digest),
            "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
        );
        assert_eq!(
            cid(&digest),
            "bagaaieraiqjw7i2vwntyuekgvulpp2det2kpwt6cd7tx5ayqybqpmhfk76fa"
        );
    }
}
