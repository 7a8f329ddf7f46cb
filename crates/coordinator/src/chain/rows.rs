//! Rows of a poll that is read from a chain: what was begun, headers, logs, relayed batches.

use maci_chain::ingest::{Begun, Header, PollInfo};
use maci_protocol::Address;
use maci_protocol::recorded::{At, ChainLog};
use sha2::{Digest, Sha256};

use crate::codec::{In, Out};
use crate::journal::{Row, Table};

/// Row 0: which poll is read, and from where.
pub(super) struct BegunRow(pub(super) Begun);

impl Row for BegunRow {
    const TABLE: Table = Table::ChainPoll;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        Out::default()
            .u64(self.0.first)
            .u8(self.0.whole.into())
            .bytes(self.0.poll.to_json().as_bytes())
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        let (head, text) = content.split_first_chunk::<9>()?;
        let (first, whole) = In::all(head, |i| Some((i.u64()?, i.u8()?)))?;
        let poll = PollInfo::from_json(core::str::from_utf8(text).ok()?).ok()?;
        Some(Self(Begun {
            poll,
            first,
            whole: match whole {
                0 => false,
                1 => true,
                _ => return None,
            },
        }))
    }
}

/// A header under its number.
pub(super) struct HeaderRow(pub(super) Header);

impl Row for HeaderRow {
    const TABLE: Table = Table::Headers;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        Out::default()
            .u64(self.0.number)
            .bytes(&self.0.hash)
            .bytes(&self.0.parent)
            .u64(self.0.timestamp)
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            Some(Self(Header {
                number: i.u64()?,
                hash: i.array()?,
                parent: i.array()?,
                timestamp: i.u64()?,
            }))
        })
    }
}

/// Bits of a log's key for its position in the block.
const INDEX_BITS: u32 = 24;

/// A log under its block and its position in it, so that keys are in chain order.
pub(super) struct LogRow(pub(super) ChainLog);

/// The least key of a block's logs.
pub(super) fn log_key(block: u64, log_index: u32) -> u64 {
    // Ingest refuses numbers beyond these ranges, which no chain reaches.
    (block << INDEX_BITS) | u64::from(log_index)
}

impl Row for LogRow {
    const TABLE: Table = Table::Logs;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        let log = &self.0;
        Out::default()
            .u64(log.at.block)
            .u32(log.at.transaction)
            .u32(log.at.log_index)
            .bytes(&log.address.0)
            .option(log.block_hash.as_ref(), |out, hash| out.bytes(hash))
            .option(log.transaction_hash.as_ref(), |out, hash| out.bytes(hash))
            .list(&log.topics, |out, topic| out.bytes(topic))
            .bytes(&log.data)
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            Some(Self(ChainLog {
                at: At {
                    block: i.u64()?,
                    transaction: i.u32()?,
                    log_index: i.u32()?,
                },
                address: Address(i.array()?),
                block_hash: i.option(In::array)?,
                transaction_hash: i.option(In::array)?,
                topics: i.list(In::array)?,
                data: i.rest().to_vec(),
                removed: false,
            }))
        })
    }
}

/// The contents of a relayed batch.
pub(super) struct RelayedRow(pub(super) Vec<u8>);

/// Where its key is looked for first: the beginning of its digest. Whoever relays can make two digests begin alike.
pub(super) fn relayed_key(digest: &[u8; 32]) -> u64 {
    digest
        .first_chunk()
        .map_or(0, |head| u64::from_be_bytes(*head))
}

impl RelayedRow {
    pub(super) fn digest(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

impl Row for RelayedRow {
    const TABLE: Table = Table::Relayed;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn decode(content: &[u8]) -> Option<Self> {
        Some(Self(content.to_vec()))
    }
}
