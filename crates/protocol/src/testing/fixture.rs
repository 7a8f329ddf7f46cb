//! Simulated polls as the files of a recorded one: `deployment.json`, `logs.json` and `keys.json`.

use std::collections::BTreeMap;

use maci_crypto::{Fr, babyjubjub::RawPoint, field};
use serde::Serialize;
use serde_json::{Value, json};

use super::poll::SimulatedPoll;
use crate::{
    recorded::{At, ChainLog, LogsWriter, relay, topic},
    types::Address,
};

/// (`deployment.json`, `logs.json`, `keys.json`) of a poll; [`crate::recorded::parse`] reads back the same log.
///
/// Elements that the poll's wraps name stand unreduced in the log (D10). Several messages share a block and a
/// transaction, as relayed and batched ones do.
pub fn write(poll: &SimulatedPoll) -> (String, String, String) {
    (
        text(&deployment(poll)),
        logs_json(&logs(poll), poll.log.maci_address),
        text(&keys(poll)),
    )
}

/// Logs in chain order as a `logs.json`.
pub fn logs_json(logs: &[ChainLog], maci: Address) -> String {
    let write = || {
        let mut writer = LogsWriter::new(Vec::new())?;
        for log in logs.iter().filter(|log| log.address == maci) {
            writer.log(log)?;
        }
        writer.poll()?;
        for log in logs.iter().filter(|log| log.address != maci) {
            writer.log(log)?;
        }
        writer.finish()
    };
    // A list of bytes takes everything.
    String::from_utf8(write().unwrap_or_default()).unwrap_or_default()
}

fn text(value: &impl Serialize) -> String {
    // Values made of strings, numbers and lists have no way to fail.
    serde_json::to_string_pretty(value).unwrap_or_default()
}

fn deployment(poll: &SimulatedPoll) -> Value {
    let (log, params) = (&poll.log, &poll.log.params);
    json!({
        "chainId": log.chain_id,
        "addresses": {
            "maci": log.maci_address.to_string(),
            "poll": log.poll_address.to_string(),
            "tally": Address([0x7a; 20]).to_string(),
        },
        "params": {
            "stateTreeDepth": params.state_tree_depth,
            "pollStateTreeDepth": params.state_tree_depth,
            "tallyProcessingStateTreeDepth": params.tally_processing_state_tree_depth,
            "voteOptionTreeDepth": params.vote_option_tree_depth,
            "messageBatchSize": params.message_batch_size,
            "voteOptions": params.vote_options,
            "mode": params.mode.as_u8(),
            "modeName": crate::tally::mode_name(params.mode),
            "pollId": log.poll_id.to_string(),
            "pollStartTimestamp": log.start_time,
            "pollEndTimestamp": log.end_time,
            "coordinatorPublicKey": decimal(&log.coordinator_public_key),
        },
    })
}

fn decimal(point: &RawPoint) -> [String; 2] {
    [field::to_dec(&point.x), field::to_dec(&point.y)]
}

fn keys(poll: &SimulatedPoll) -> Value {
    json!({
        "note": "test keys",
        "coordinator": {
            "privateKey": poll.coordinator.private().serialise().as_str(),
            "publicKeyRaw": decimal(&poll.coordinator.public()),
        },
    })
}

/// A poll's logs and the contents of its relayed batches by digest.
pub type RelayedLogs = (Vec<ChainLog>, BTreeMap<[u8; 32], Vec<u8>>);

/// The logs of both contracts in chain order.
pub fn logs(poll: &SimulatedPoll) -> Vec<ChainLog> {
    relayed_logs(poll, |_| false).0
}

/// The same, but the messages that `relays` names are relayed, one hash a call.
pub fn relayed_logs(poll: &SimulatedPoll, relays: impl Fn(u64) -> bool) -> RelayedLogs {
    let mut book = Book {
        poll,
        hashes: crate::chain::BatchHashes::new(poll.log.params.message_batch_size),
        at: At {
            block: FIRST_BLOCK,
            transaction: 0,
            log_index: 0,
        },
        logs: Vec::new(),
        contents: BTreeMap::new(),
    };
    book.write(relays);
    (book.logs, book.contents)
}

/// The block in which a simulated poll is deployed.
pub const FIRST_BLOCK: u64 = 21;

/// The hash of a block of a simulated poll.
pub fn block_hash(block: u64) -> [u8; 32] {
    hash(0, block)
}

fn hash(tag: u32, block: u64) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[4..8].copy_from_slice(&tag.to_be_bytes());
    hash[24..].copy_from_slice(&(block * 1_000 + 7).to_be_bytes());
    hash
}

/// Writes one log after the other.
struct Book<'a> {
    poll: &'a SimulatedPoll,
    hashes: crate::chain::BatchHashes,
    at: At,
    logs: Vec<ChainLog>,
    contents: BTreeMap<[u8; 32], Vec<u8>>,
}

impl Book<'_> {
    fn next_block(&mut self) {
        self.at = At {
            block: self.at.block + 1,
            transaction: 0,
            log_index: 0,
        };
    }

    fn log(&mut self, address: Address, topics: &[[u8; 32]], words: &[[u8; 32]]) {
        self.logs.push(ChainLog {
            at: self.at,
            address,
            topics: topics.to_vec(),
            data: words.as_flattened().to_vec(),
            block_hash: Some(block_hash(self.at.block)),
            transaction_hash: Some(hash(1 + self.at.transaction, self.at.block)),
            removed: false,
        });
        self.at.log_index += 1;
    }

    /// In the contracts' order: message 0 while the poll is initialised, then the announcement of the poll.
    fn write(&mut self, relays: impl Fn(u64) -> bool) {
        let log = &self.poll.log;
        self.message(0, false);
        let key = &log.coordinator_public_key;
        self.log(
            log.maci_address,
            &[topic::DEPLOY_POLL, word(&key.x), word(&key.y)],
            &[
                number(log.poll_id.0),
                number(log.params.mode.as_u8().into()),
            ],
        );
        for (index, key) in (1..).zip(log.signups.iter().flatten()) {
            self.next_block();
            let time = log.start_time.saturating_sub(1) + self.at.block - FIRST_BLOCK;
            self.log(
                log.maci_address,
                &[topic::SIGN_UP, word(&key.x), word(&key.y)],
                &[number(index), number(time)],
            );
        }
        for (index, leaf) in (0..).zip(&log.leaves).skip(1) {
            self.next_block();
            let key = &leaf.public_key;
            let nullifier = maci_crypto::poseidon::hash2(key.x, Fr::from(index));
            self.log(
                log.poll_address,
                &[topic::POLL_JOINED, word(&key.x), word(&key.y)],
                &[
                    word(&leaf.voice_credit_balance),
                    word(&nullifier),
                    number(index),
                ],
            );
        }
        for message in 1..log.num_messages() {
            match message % 7 {
                // Messages 2 and 3 of each seven share a transaction, 4 shares their block.
                3 => {}
                4 => self.at.transaction += 1,
                _ => self.next_block(),
            }
            self.message(message, relays(message));
        }
        self.next_block();
        let merged = (log.onchain.merged_state_root, log.onchain.total_signups);
        if let (Some(root), Some(total)) = merged {
            self.log(
                log.poll_address,
                &[topic::MERGE_STATE, word(&root.0), number(total)],
                &[],
            );
        }
    }

    fn message(&mut self, message: u64, relayed: bool) {
        let log = &self.poll.log;
        let Some(content) = log.messages.get(message as usize) else {
            return;
        };
        let hash = self.hashes.push(content);
        self.log(
            log.poll_address,
            &[topic::CHAIN_HASH_UPDATED, word(&hash.0)],
            &[],
        );
        let words = self.poll.words(message);
        if !relayed {
            self.log(log.poll_address, &[topic::PUBLISH_MESSAGE], &words);
            return;
        }
        let digits = |word: &[u8; 32]| format!("0x{}", hex::encode(word));
        let batch = text(&json!([{
            "poll": log.poll_id.0,
            "data": words[..10].iter().map(digits).collect::<Vec<_>>(),
            "hash": field::to_dec(&content.hash()),
            "maciAddress": log.maci_address.to_string(),
            "publicKey": words[10..].iter().map(digits).collect::<Vec<_>>(),
        }]));
        let digest = relay::digest_of(batch.as_bytes());
        self.contents.insert(digest, batch.into_bytes());
        self.log(log.poll_address, &[topic::IPFS_HASH_ADDED, digest], &[]);
    }
}

fn word(value: &Fr) -> [u8; 32] {
    field::to_be_bytes(value)
}

fn number(value: u64) -> [u8; 32] {
    word(&value.into())
}
