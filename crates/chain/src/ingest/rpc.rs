//! What ingest asks of a node, and what its refusals mean.

use alloy::primitives::Bytes;
use maci_protocol::Address;
use maci_protocol::recorded::ChainLog;
use serde::{Deserialize, Deserializer, de};
use serde_json::json;

use crate::client::Client;
use crate::error::Error;

/// The part of a block's header that ingest needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The block's number.
    pub number: u64,
    /// Its hash.
    pub hash: [u8; 32],
    /// The hash of the block before it.
    pub parent: [u8; 32],
    /// Its time in Unix seconds.
    pub timestamp: u64,
}

/// Which block is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// By number.
    Number(u64),
    /// The newest.
    Latest,
    /// The newest that is unlikely to be reorganised.
    Safe,
    /// The newest that cannot be reorganised.
    Finalized,
}

impl core::fmt::Display for Block {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number:#x}"),
            Self::Latest => f.write_str("latest"),
            Self::Safe => f.write_str("safe"),
            Self::Finalized => f.write_str("finalized"),
        }
    }
}

/// A node. Everything blocks, and nothing is trusted.
pub trait Rpc: Send + Sync {
    /// How messages name the node; never its whole address, which may hold an access key.
    fn name(&self) -> String;
    /// The chain that it serves.
    fn chain_id(&self) -> Result<u64, Error>;
    /// The header of a block; `None` if the node does not have it.
    fn header(&self, block: Block) -> Result<Option<Header>, Error>;
    /// The logs of the contracts in these blocks, both included. Asked once: whoever asks decides what a failure means.
    fn logs(&self, first: u64, last: u64, contracts: &[Address]) -> Result<Vec<ChainLog>, Error>;
    /// The answer of a contract at a block; empty where no contract lies.
    fn call(&self, to: Address, data: &[u8], block: u64) -> Result<Vec<u8>, Error>;
    /// Whether code lies at an address at a block.
    fn has_code(&self, address: Address, block: u64) -> Result<bool, Error>;
}

impl Rpc for Client {
    fn name(&self) -> String {
        self.endpoint()
    }

    fn chain_id(&self) -> Result<u64, Error> {
        let Quantity(id) = self.request("eth_chainId", ())?;
        Ok(id)
    }

    fn header(&self, block: Block) -> Result<Option<Header>, Error> {
        let found: Option<RawHeader> =
            self.request("eth_getBlockByNumber", (block.to_string(), false))?;
        Ok(found.map(|header| Header {
            number: header.number.0,
            hash: header.hash.0,
            parent: header.parent_hash.0,
            timestamp: header.timestamp.0,
        }))
    }

    fn logs(&self, first: u64, last: u64, contracts: &[Address]) -> Result<Vec<ChainLog>, Error> {
        let filter = json!({
            "fromBlock": format!("{first:#x}"),
            "toBlock": format!("{last:#x}"),
            "address": contracts,
        });
        self.request_once("eth_getLogs", (filter,))
    }

    fn call(&self, to: Address, data: &[u8], block: u64) -> Result<Vec<u8>, Error> {
        let data = Bytes::copy_from_slice(data);
        // Old nodes read `data`, new ones `input`.
        let request = json!({ "to": to, "data": data, "input": data });
        let answer: Bytes = self.request("eth_call", (request, format!("{block:#x}")))?;
        Ok(answer.to_vec())
    }

    fn has_code(&self, address: Address, block: u64) -> Result<bool, Error> {
        let code: Bytes = self.request("eth_getCode", (address, format!("{block:#x}")))?;
        Ok(!code.is_empty())
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawHeader {
    number: Quantity,
    hash: Word,
    parent_hash: Word,
    timestamp: Quantity,
}

#[derive(Clone, Copy, Debug)]
struct Quantity(u64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(Self)
            .ok_or_else(|| de::Error::custom("expected a hexadecimal quantity"))
    }
}

#[derive(Clone, Copy, Debug)]
struct Word([u8; 32]);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = alloy::primitives::B256::deserialize(deserializer)?;
        Ok(Self(word.0))
    }
}

/// What a failed request for logs says about the range that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// Ask for fewer blocks.
    Smaller,
    /// Ask again, and for fewer blocks should that fail too: a proxy that gives up on a slow answer words it in its own way.
    Heavy,
    /// Ask again later.
    Later,
    /// Asking again does not help.
    Stop,
}

/// Sorts a failed request for logs. Providers word their limits in many ways, so any refusal counts as one while there are
/// fewer blocks to ask for.
pub fn advice(error: &Error) -> Advice {
    match error {
        Error::Refused {
            message,
            rate_limited,
            ..
        } => {
            let message = message.to_ascii_lowercase();
            let limit = [
                "range",
                "results",
                "response size",
                "too many",
                "too large",
                "exceed",
            ];
            let rate = ["rate", "per second", "request count", "capacity"];
            let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
            if has(&rate) || (*rate_limited && !has(&limit)) {
                Advice::Later
            } else {
                Advice::Smaller
            }
        }
        // A slow answer may be a large one; so may an HTTP layer's refusal.
        Error::Timeout { .. }
        | Error::Http {
            status: 413 | 414, ..
        } => Advice::Smaller,
        Error::Http { status: 429, .. } => Advice::Later,
        error if error.is_transient() => Advice::Heavy,
        _ => Advice::Stop,
    }
}

/// Whether a node refused a call because it keeps no state that old.
pub fn is_without_state(error: &Error) -> bool {
    let Error::Refused { message, .. } = error else {
        return false;
    };
    let message = message.to_ascii_lowercase();
    [
        "missing trie node",
        "state is not available",
        "state not available",
        "historical state",
        "no state available",
        "state already pruned",
        "pruned",
        "pruning",
        "world state unavailable",
        "archive",
        "state at block",
    ]
    .iter()
    .any(|words| message.contains(words))
}

/// Whether a node does not have a block that another request said exists: a replica that lags.
pub fn is_behind(error: &Error) -> bool {
    let Error::Refused { message, .. } = error else {
        return false;
    };
    let message = message.to_ascii_lowercase();
    [
        "header not found",
        "unknown block",
        "block not found",
        "blockoutofrange",
    ]
    .iter()
    .any(|words| message.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str, rate_limited: bool) -> Error {
        Error::Refused {
            endpoint: String::new(),
            method: String::new(),
            code: -32005,
            message: message.to_owned(),
            rate_limited,
        }
    }

    /// The words of real providers.
    #[test]
    fn n_05_limits_are_told_from_rates() {
        for message in [
            "query returned more than 10000 results",
            "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range",
            "block range is too wide",
            "exceed maximum block range: 50000",
            "eth_getLogs is limited to a 10,000 range",
            "query exceeds max results 20000, retry with the range 1-2",
        ] {
            assert_eq!(
                advice(&refused(message, true)),
                Advice::Smaller,
                "{message}"
            );
            assert_eq!(
                advice(&refused(message, false)),
                Advice::Smaller,
                "{message}"
            );
        }
        for message in [
            "Your app has exceeded its compute units per second capacity",
            "daily request count exceeded, request rate limited",
            "rate limit exceeded",
        ] {
            assert_eq!(advice(&refused(message, true)), Advice::Later, "{message}");
        }
        assert!(is_without_state(&refused(
            "missing trie node 0123 (path )",
            false
        )));
        for words in ["World state unavailable", "pruning: block is too old"] {
            assert!(is_without_state(&refused(words, false)));
        }
        assert!(is_behind(&refused("header not found", false)));
        let http = |status| Error::Http {
            endpoint: String::new(),
            method: String::new(),
            status,
            body: String::new(),
            retry_after: None,
        };
        for status in [500, 502, 503, 504, 524] {
            assert_eq!(advice(&http(status)), Advice::Heavy);
        }
        assert_eq!(advice(&http(429)), Advice::Later);
    }
}
