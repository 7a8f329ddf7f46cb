//! One event log as a node reports it, and its JSON form in `logs.json` and in `eth_getLogs`.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::error::At;
use crate::types::Address;

/// A log in bytes; nothing of it has been judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainLog {
    /// Where it stands.
    pub at: At,
    /// The contract that emitted it.
    pub address: Address,
    /// The event's hash and its indexed parameters.
    pub topics: Vec<[u8; 32]>,
    /// The other parameters.
    pub data: Vec<u8>,
    /// The block's hash, where the node says it.
    pub block_hash: Option<[u8; 32]>,
    /// The transaction's hash, where the node says it.
    pub transaction_hash: Option<[u8; 32]>,
    /// Whether the node withdrew it in a reorganisation.
    pub removed: bool,
}

/// A log that is no log, and why. Errors name the file or the endpoint that it came from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawFault {
    /// A number is no hexadecimal quantity.
    #[error("{field} must be a hexadecimal quantity, found {found:?}")]
    Quantity {
        /// Which number.
        field: &'static str,
        /// What it is.
        found: String,
    },
    /// The address is none.
    #[error("the log at {at} has no address, but {found:?}")]
    Address {
        /// The log.
        at: At,
        /// What stands there.
        found: String,
    },
    /// Topics, data or hashes are no hexadecimal words.
    #[error("the log at {at} has topics, data or hashes that are not hexadecimal words")]
    Words {
        /// The log.
        at: At,
        /// The event's hash, if that at least can be read.
        topic0: Option<[u8; 32]>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLog {
    address: String,
    topics: Vec<String>,
    data: String,
    block_number: String,
    transaction_index: String,
    log_index: String,
    #[serde(default)]
    removed: bool,
    block_hash: Option<String>,
    transaction_hash: Option<String>,
}

/// A log of a JSON list: read, or refused with the reason.
pub(super) struct Parsed(pub(super) Result<ChainLog, RawFault>);

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RawLog::deserialize(deserializer).map(|raw| Self(raw.read()))
    }
}

impl<'de> Deserialize<'de> for ChainLog {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::deserialize(deserializer)?
            .0
            .map_err(de::Error::custom)
    }
}

impl RawLog {
    fn read(self) -> Result<ChainLog, RawFault> {
        let wrong = |field, found: &str| RawFault::Quantity {
            field,
            found: found.chars().take(80).collect(),
        };
        let number = |field, text: &str| quantity(text).ok_or_else(|| wrong(field, text));
        let small =
            |field, text: &str| u32::try_from(number(field, text)?).map_err(|_| wrong(field, text));
        let at = At {
            block: number("blockNumber", &self.block_number)?,
            transaction: small("transactionIndex", &self.transaction_index)?,
            log_index: small("logIndex", &self.log_index)?,
        };
        let address = self.address.parse().map_err(|_| RawFault::Address {
            at,
            found: self.address.chars().take(64).collect(),
        })?;
        let topic0 = self.topics.first().and_then(|text| word(text));
        let words = || RawFault::Words { at, topic0 };
        let hash =
            |text: Option<String>| text.map(|text| word(&text).ok_or_else(words)).transpose();
        let topics = self.topics.iter().map(|text| word(text));
        Ok(ChainLog {
            at,
            address,
            topics: topics.collect::<Option<_>>().ok_or_else(words)?,
            data: bytes(&self.data).ok_or_else(words)?,
            block_hash: hash(self.block_hash)?,
            transaction_hash: hash(self.transaction_hash)?,
            removed: self.removed,
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names)] // the names of eth_getLogs
struct Shown {
    address: String,
    topics: Vec<String>,
    data: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    block_hash: Option<String>,
    block_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_hash: Option<String>,
    transaction_index: String,
    log_index: String,
    removed: bool,
}

/// The members of `eth_getLogs`, in its order.
impl Serialize for ChainLog {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = |word: &[u8; 32]| format!("0x{}", hex::encode(word));
        Shown {
            address: self.address.to_string(),
            topics: self.topics.iter().map(text).collect(),
            data: format!("0x{}", hex::encode(&self.data)),
            block_hash: self.block_hash.as_ref().map(text),
            block_number: format!("{:#x}", self.at.block),
            transaction_hash: self.transaction_hash.as_ref().map(text),
            transaction_index: format!("{:#x}", self.at.transaction),
            log_index: format!("{:#x}", self.at.log_index),
            removed: self.removed,
        }
        .serialize(serializer)
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    hex::decode(text.strip_prefix("0x")?).ok()
}

fn word(text: &str) -> Option<[u8; 32]> {
    let mut word = [0; 32];
    hex::decode_to_slice(text.strip_prefix("0x")?, &mut word).ok()?;
    Some(word)
}

fn quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}
