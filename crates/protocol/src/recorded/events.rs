//! `logs.json`: raw logs to typed events in chain order (topics and layouts of protocol.md §14).

use std::{cmp::Ordering, collections::BTreeMap};

use maci_crypto::{Fr, babyjubjub::RawPoint, field};
use maci_verifier::{ChainHash, StateRoot};
use serde::Deserialize;

use super::{
    deployment::Deployment,
    error::{At, RecordedError},
};
use crate::{message::Message, state::StateLeaf, types::Address};

/// Topics of the events that are read, as 64 hexadecimal digits.
pub(crate) mod topic {
    pub(crate) const SIGN_UP: &str =
        "0x8a7b66ad10ac10c434142aadc63725213863fe31458b701f452d43de8a19b0d9";
    pub(crate) const DEPLOY_POLL: &str =
        "0x38b2d18bb65cc91d7b436014cf44c8298b13bee60cc18d9e8efec26d1df31890";
    pub(crate) const PUBLISH_MESSAGE: &str =
        "0x4be9ef9ae736055964ead1cf3c83a19c8b662b5df2bd4414776bb64d81f75d15";
    pub(crate) const POLL_JOINED: &str =
        "0x0a572bcefffe7bd7ad8229e43033a1e9b6dbf856b924b9474102c7fe5a7434f4";
    pub(crate) const MERGE_STATE: &str =
        "0x4e3ffd35899168b0b0f09b3a93419888fad4d7602c81fb08fe67506d1e2b42d4";
    pub(crate) const CHAIN_HASH_UPDATED: &str =
        "0xca4eaea204af24b5e48747f98f903698aaf6e7ab2014f1f1209411467a90b621";
    pub(crate) const IPFS_HASH_ADDED: &str =
        "0x91b942fa69ed48e396db89fe27f88192d8ca138308a57a2bb49c5824f8d54cab";
}

/// An event and its place on the chain.
pub(super) struct Entry<E> {
    pub(super) at: At,
    pub(super) event: E,
}

/// Events of the Poll contract.
pub(super) enum PollEvent {
    ChainHashUpdated(ChainHash),
    PublishMessage(Box<Message>),
    PollJoined {
        leaf: StateLeaf,
        nullifier: [u8; 32],
        index: u64,
    },
    MergeState {
        root: StateRoot,
        total_signups: u64,
    },
    IpfsHashAdded,
    /// An event that says nothing about votes, such as a change of the contract's owner.
    Other,
}

/// All events that are read, in chain order.
pub(super) struct Events {
    pub(super) poll: Vec<Entry<PollEvent>>,
    pub(super) maci: Vec<Entry<MaciEvent>>,
}

/// Events of the MACI contract.
pub(super) enum MaciEvent {
    SignUp {
        public_key: RawPoint,
    },
    DeployPoll {
        poll_id: u64,
        coordinator: RawPoint,
        mode: u8,
    },
    Other,
}

#[derive(Deserialize)]
struct LogsFile {
    poll: Vec<RawLog>,
    #[serde(default)]
    maci: Vec<RawLog>,
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

/// Reads the logs of the poll and of MACI, each sorted by (block, transaction index, log index).
pub(super) fn read(deployment: &Deployment, logs_json: &str) -> Result<Events, RecordedError> {
    let file: LogsFile = serde_json::from_str(logs_json).map_err(|source| RecordedError::Json {
        file: "logs.json",
        source,
    })?;
    let poll = sorted("poll", deployment.poll_address, file.poll)?;
    let maci = sorted("maci", deployment.maci_address, file.maci)?;
    Ok(Events {
        poll: decode(poll, poll_event)?,
        maci: decode(maci, maci_event)?,
    })
}

fn decode<E>(
    logs: Vec<(At, RawLog)>,
    event: impl Fn(&Fields<'_>) -> Result<E, RecordedError>,
) -> Result<Vec<Entry<E>>, RecordedError> {
    logs.into_iter()
        .map(|(at, log)| {
            Ok(Entry {
                at,
                event: event(&Fields {
                    at,
                    log: &log,
                    name: "unnamed",
                })?,
            })
        })
        .collect()
}

fn sorted(
    contract: &'static str,
    address: Address,
    logs: Vec<RawLog>,
) -> Result<Vec<(At, RawLog)>, RecordedError> {
    let mut placed = Vec::with_capacity(logs.len());
    for (position, log) in logs.into_iter().enumerate() {
        let wrong = |field, found: &str| RecordedError::Quantity {
            contract,
            position,
            field,
            found: found.to_owned(),
        };
        let number = |field, text: &str| quantity(text).ok_or_else(|| wrong(field, text));
        let small =
            |field, text: &str| u32::try_from(number(field, text)?).map_err(|_| wrong(field, text));
        let at = At {
            block: number("blockNumber", &log.block_number)?,
            transaction: small("transactionIndex", &log.transaction_index)?,
            log_index: small("logIndex", &log.log_index)?,
        };
        if log.address.parse() != Ok(address) {
            return Err(RecordedError::Foreign {
                at,
                contract,
                expected: address,
                found: log.address,
            });
        }
        if log.removed {
            return Err(RecordedError::Removed { at });
        }
        placed.push((at, log));
    }
    placed.sort_by_key(|(at, _)| *at);
    check_places(&placed)?;
    Ok(placed)
}

/// A log index is unique in its block and grows with the transaction index; a block and a transaction have one hash.
fn check_places(logs: &[(At, RawLog)]) -> Result<(), RecordedError> {
    for pair in logs.windows(2) {
        let [(before, earlier), (at, later)] = pair else {
            continue;
        };
        if before.block != at.block {
            continue;
        }
        match before.log_index.cmp(&at.log_index) {
            Ordering::Less => {}
            Ordering::Equal => return Err(RecordedError::Duplicate { at: *at }),
            Ordering::Greater => {
                return Err(RecordedError::Inconsistent {
                    at: *at,
                    what: "transaction order",
                });
            }
        }
        let differ =
            |a: &Option<String>, b: &Option<String>| matches!((a, b), (Some(a), Some(b)) if a != b);
        if differ(&earlier.block_hash, &later.block_hash) {
            return Err(RecordedError::Inconsistent {
                at: *at,
                what: "block",
            });
        }
        if before.transaction == at.transaction
            && differ(&earlier.transaction_hash, &later.transaction_hash)
        {
            return Err(RecordedError::Inconsistent {
                at: *at,
                what: "transaction",
            });
        }
    }
    // One block hash stands for one block.
    let mut blocks = BTreeMap::new();
    for (at, log) in logs {
        if let Some(hash) = &log.block_hash
            && *blocks.entry(hash.as_str()).or_insert(at.block) != at.block
        {
            return Err(RecordedError::Inconsistent {
                at: *at,
                what: "block",
            });
        }
    }
    Ok(())
}

fn poll_event(log: &Fields<'_>) -> Result<PollEvent, RecordedError> {
    Ok(match log.topic0().as_str() {
        topic::CHAIN_HASH_UPDATED => {
            let log = log.named("ChainHashUpdated");
            let [hash] = log.topics()?;
            let [] = log.words()?;
            PollEvent::ChainHashUpdated(ChainHash(reduce(&hash)))
        }
        topic::PUBLISH_MESSAGE => {
            let log = log.named("PublishMessage");
            let [] = log.topics()?;
            let words: [[u8; 32]; 12] = log.words()?;
            let mut data = [Fr::default(); 10];
            for (element, word) in data.iter_mut().zip(&words) {
                *element = reduce(word);
            }
            let encryption_public_key = RawPoint::new(reduce(&words[10]), reduce(&words[11]));
            PollEvent::PublishMessage(Box::new(Message {
                data,
                encryption_public_key,
            }))
        }
        topic::POLL_JOINED => {
            let log = log.named("PollJoined");
            let [x, y] = log.topics()?;
            let [credits, nullifier, index] = log.words()?;
            PollEvent::PollJoined {
                leaf: StateLeaf {
                    public_key: RawPoint::new(reduce(&x), reduce(&y)),
                    voice_credit_balance: reduce(&credits),
                },
                nullifier,
                index: log.small(&index)?,
            }
        }
        topic::MERGE_STATE => {
            let log = log.named("MergeState");
            let [root, total_signups] = log.topics()?;
            let [] = log.words()?;
            PollEvent::MergeState {
                root: StateRoot(reduce(&root)),
                total_signups: log.small(&total_signups)?,
            }
        }
        topic::IPFS_HASH_ADDED => PollEvent::IpfsHashAdded,
        _ => PollEvent::Other,
    })
}

fn maci_event(log: &Fields<'_>) -> Result<MaciEvent, RecordedError> {
    Ok(match log.topic0().as_str() {
        topic::SIGN_UP => {
            let log = log.named("SignUp");
            let [x, y] = log.topics()?;
            let [_state_index, _timestamp] = log.words()?;
            MaciEvent::SignUp {
                public_key: RawPoint::new(reduce(&x), reduce(&y)),
            }
        }
        topic::DEPLOY_POLL => {
            let log = log.named("DeployPoll");
            let [x, y] = log.topics()?;
            let [poll_id, mode] = log.words()?;
            MaciEvent::DeployPoll {
                poll_id: log.small(&poll_id)?,
                coordinator: RawPoint::new(reduce(&x), reduce(&y)),
                mode: u8::try_from(log.small(&mode)?)
                    .map_err(|_| log.malformed("mode above 255"))?,
            }
        }
        _ => MaciEvent::Other,
    })
}

/// D10: the contracts reduce values at or above p, so ingest does too.
fn reduce(word: &[u8; 32]) -> Fr {
    field::from_be_bytes_mod(word)
}

/// Topics and data of one log.
struct Fields<'a> {
    at: At,
    log: &'a RawLog,
    name: &'static str,
}

impl<'a> Fields<'a> {
    fn topic0(&self) -> String {
        self.log
            .topics
            .first()
            .map_or_else(String::new, |topic| topic.to_ascii_lowercase())
    }

    fn named(&self, name: &'static str) -> Fields<'a> {
        Fields {
            at: self.at,
            log: self.log,
            name,
        }
    }

    fn malformed(&self, what: &'static str) -> RecordedError {
        RecordedError::Malformed {
            at: self.at,
            event: self.name,
            what,
        }
    }

    /// The indexed parameters.
    fn topics<const N: usize>(&self) -> Result<[[u8; 32]; N], RecordedError> {
        let topics = self.log.topics.get(1..).unwrap_or_default();
        if topics.len() != N {
            return Err(self.malformed("wrong number of topics"));
        }
        let mut words = [[0; 32]; N];
        for (word, text) in words.iter_mut().zip(topics) {
            self.decode(text, word)?;
        }
        Ok(words)
    }

    /// The data, which has to have exactly this many words.
    fn words<const N: usize>(&self) -> Result<[[u8; 32]; N], RecordedError> {
        let mut words = [[0; 32]; N];
        self.decode(&self.log.data, words.as_flattened_mut())?;
        Ok(words)
    }

    fn decode(&self, text: &str, bytes: &mut [u8]) -> Result<(), RecordedError> {
        text.strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, bytes).ok())
            .ok_or_else(|| {
                self.malformed("topics or data are not hexadecimal words of the expected number")
            })
    }

    fn small(&self, word: &[u8; 32]) -> Result<u64, RecordedError> {
        field::from_be_bytes(word)
            .as_ref()
            .and_then(field::to_u64)
            .ok_or_else(|| self.malformed("a counter above 64 bits"))
    }
}

fn quantity(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("0x")?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain
        .then(|| u64::from_str_radix(digits, 16).ok())
        .flatten()
}
