//! Simulated polls as the files of a recorded one: `deployment.json`, `logs.json` and `keys.json`.

use maci_crypto::{Fr, babyjubjub::RawPoint, field};
use serde::Serialize;
use serde_json::{Value, json};

use super::poll::SimulatedPoll;
use crate::{recorded::topic, types::Address};

/// (`deployment.json`, `logs.json`, `keys.json`) of a poll; [`crate::recorded::parse`] reads back the same log.
///
/// Elements that the poll's wraps name stand unreduced in the log (D10). Several messages share a block and a
/// transaction, as relayed and batched ones do.
pub fn write(poll: &SimulatedPoll) -> (String, String, String) {
    (
        text(&deployment(poll)),
        text(&logs(poll)),
        text(&keys(poll)),
    )
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

#[derive(Serialize)]
struct LogsFile {
    maci: Vec<Log>,
    poll: Vec<Log>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(clippy::struct_field_names)] // the names of eth_getLogs
struct Log {
    address: String,
    topics: Vec<String>,
    data: String,
    block_hash: String,
    block_number: String,
    block_timestamp: String,
    transaction_hash: String,
    transaction_index: String,
    log_index: String,
    removed: bool,
}

/// Where the next log goes.
struct Place {
    address: Address,
    block: u64,
    transaction: u64,
    log_index: u64,
    time: u64,
}

impl Place {
    fn next_block(&mut self) {
        *self = Self {
            block: self.block + 1,
            transaction: 0,
            log_index: 0,
            time: self.time + 1,
            ..*self
        };
    }

    fn log(&mut self, topics: &[&str], words: &[[u8; 32]]) -> Log {
        let hash = |tag: u64| format!("0x{:016x}{:048x}", tag, self.block * 1_000 + 7);
        let log = Log {
            address: self.address.to_string(),
            topics: topics.iter().map(ToString::to_string).collect(),
            data: format!("0x{}", hex::encode(words.as_flattened())),
            block_hash: hash(0),
            block_number: format!("{:#x}", self.block),
            block_timestamp: format!("{:#x}", self.time),
            transaction_hash: hash(1 + self.transaction),
            transaction_index: format!("{:#x}", self.transaction),
            log_index: format!("{:#x}", self.log_index),
            removed: false,
        };
        self.log_index += 1;
        log
    }
}

fn word(value: &Fr) -> [u8; 32] {
    field::to_be_bytes(value)
}

fn topic_of(value: &Fr) -> String {
    format!("0x{}", hex::encode(word(value)))
}

fn logs(poll: &SimulatedPoll) -> LogsFile {
    let log = &poll.log;
    let mut place = Place {
        address: log.maci_address,
        block: 21,
        transaction: 0,
        log_index: 0,
        time: log.start_time.saturating_sub(1),
    };
    let coordinator = log.coordinator_public_key;
    let (x, y) = (topic_of(&coordinator.x), topic_of(&coordinator.y));
    let mode = Fr::from(u64::from(log.params.mode.as_u8()));
    // In the contracts' order: message 0 while the poll is initialised, then the announcement of the poll.
    let mut logs = Vec::new();
    let mut hashes = crate::chain::BatchHashes::new(log.params.message_batch_size);
    place.address = log.poll_address;
    push_message(&mut logs, &mut place, poll, &mut hashes, 0);
    place.address = log.maci_address;
    let deploy = [word(&log.poll_id.0.into()), word(&mode)];
    let mut maci = vec![place.log(&[topic::DEPLOY_POLL, &x, &y], &deploy)];
    for (index, key) in (1u64..).zip(log.signups.iter().flatten()) {
        place.next_block();
        let (x, y) = (topic_of(&key.x), topic_of(&key.y));
        let words = [word(&index.into()), word(&place.time.into())];
        maci.push(place.log(&[topic::SIGN_UP, &x, &y], &words));
    }
    place.address = log.poll_address;

    for (index, leaf) in (0u64..).zip(&log.leaves).skip(1) {
        place.next_block();
        let (x, y) = (topic_of(&leaf.public_key.x), topic_of(&leaf.public_key.y));
        let nullifier = maci_crypto::poseidon::hash2(leaf.public_key.x, Fr::from(index));
        let words = [
            word(&leaf.voice_credit_balance),
            word(&nullifier),
            word(&Fr::from(index)),
        ];
        logs.push(place.log(&[topic::POLL_JOINED, &x, &y], &words));
    }
    for message in 1..log.num_messages() {
        match message % 7 {
            // Messages 2 and 3 of each seven share a transaction, 4 shares their block.
            3 => {}
            4 => place.transaction += 1,
            _ => place.next_block(),
        }
        push_message(&mut logs, &mut place, poll, &mut hashes, message);
    }
    place.next_block();
    if let (Some(root), Some(total)) = (log.onchain.merged_state_root, log.onchain.total_signups) {
        let topics = [
            topic::MERGE_STATE,
            &topic_of(&root.0),
            &topic_of(&total.into()),
        ];
        logs.push(place.log(&topics, &[]));
    }
    LogsFile { maci, poll: logs }
}

fn push_message(
    logs: &mut Vec<Log>,
    place: &mut Place,
    poll: &SimulatedPoll,
    hashes: &mut crate::chain::BatchHashes,
    message: u64,
) {
    let Some(content) = poll.log.messages.get(message as usize) else {
        return;
    };
    let hash = hashes.push(content);
    logs.push(place.log(&[topic::CHAIN_HASH_UPDATED, &topic_of(&hash.0)], &[]));
    logs.push(place.log(&[topic::PUBLISH_MESSAGE], &poll.words(message)));
}
