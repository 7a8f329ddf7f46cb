//! Logs to typed events (topics and layouts of protocol.md §14).

use maci_crypto::{Fr, babyjubjub::RawPoint, field};
use maci_verifier::{ChainHash, StateRoot};

use super::{
    error::{At, RecordedError},
    raw::ChainLog,
};
use crate::{message::Message, state::StateLeaf};

/// Topics of the events that are read.
pub mod topic {
    /// `SignUp(uint256,uint256,uint256,uint256)` of MACI.
    pub const SIGN_UP: [u8; 32] =
        word("8a7b66ad10ac10c434142aadc63725213863fe31458b701f452d43de8a19b0d9");
    /// `DeployPoll(uint256,uint256,uint256,uint8)` of MACI.
    pub const DEPLOY_POLL: [u8; 32] =
        word("38b2d18bb65cc91d7b436014cf44c8298b13bee60cc18d9e8efec26d1df31890");
    /// `PublishMessage` of Poll.
    pub const PUBLISH_MESSAGE: [u8; 32] =
        word("4be9ef9ae736055964ead1cf3c83a19c8b662b5df2bd4414776bb64d81f75d15");
    /// `PollJoined` of Poll.
    pub const POLL_JOINED: [u8; 32] =
        word("0a572bcefffe7bd7ad8229e43033a1e9b6dbf856b924b9474102c7fe5a7434f4");
    /// `MergeState` of Poll.
    pub const MERGE_STATE: [u8; 32] =
        word("4e3ffd35899168b0b0f09b3a93419888fad4d7602c81fb08fe67506d1e2b42d4");
    /// `ChainHashUpdated` of Poll.
    pub const CHAIN_HASH_UPDATED: [u8; 32] =
        word("ca4eaea204af24b5e48747f98f903698aaf6e7ab2014f1f1209411467a90b621");
    /// `IpfsHashAdded` of Poll.
    pub const IPFS_HASH_ADDED: [u8; 32] =
        word("91b942fa69ed48e396db89fe27f88192d8ca138308a57a2bb49c5824f8d54cab");

    /// Sixty-four lower case digits.
    const fn word(text: &str) -> [u8; 32] {
        let digits = text.as_bytes();
        let mut bytes = [0; 32];
        let mut i = 0;
        while i < 64 {
            let digit = digits[i];
            let value = if digit > b'9' {
                digit - b'a' + 10
            } else {
                digit - b'0'
            };
            bytes[i / 2] = bytes[i / 2] * 16 + value;
            i += 1;
        }
        bytes
    }
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
    IpfsHashAdded([u8; 32]),
    /// An event that says nothing about votes, such as a change of the contract's owner.
    Other,
}

/// Events of the MACI contract.
pub(super) enum MaciEvent {
    SignUp {
        state_index: u64,
        public_key: RawPoint,
    },
    DeployPoll {
        poll_id: u64,
        coordinator: RawPoint,
        mode: u8,
    },
    Other,
}

/// Whether a log of the Poll contract is an event that decides the poll; changes of its owner, for example, are not.
pub fn decides(log: &ChainLog) -> bool {
    const DECIDING: [[u8; 32]; 5] = [
        topic::CHAIN_HASH_UPDATED,
        topic::PUBLISH_MESSAGE,
        topic::POLL_JOINED,
        topic::MERGE_STATE,
        topic::IPFS_HASH_ADDED,
    ];
    log.topics
        .first()
        .is_some_and(|topic| DECIDING.contains(topic))
}

/// What an event is called in messages.
pub(super) fn name(topic0: Option<&[u8; 32]>) -> &'static str {
    match topic0 {
        Some(&topic::SIGN_UP) => "SignUp",
        Some(&topic::DEPLOY_POLL) => "DeployPoll",
        Some(&topic::PUBLISH_MESSAGE) => "PublishMessage",
        Some(&topic::POLL_JOINED) => "PollJoined",
        Some(&topic::MERGE_STATE) => "MergeState",
        Some(&topic::CHAIN_HASH_UPDATED) => "ChainHashUpdated",
        Some(&topic::IPFS_HASH_ADDED) => "IpfsHashAdded",
        _ => "unnamed",
    }
}

pub(super) fn poll_event(log: &ChainLog) -> Result<PollEvent, RecordedError> {
    let log = Fields::of(log);
    Ok(match log.topic0() {
        Some(&topic::CHAIN_HASH_UPDATED) => {
            let [hash] = log.topics()?;
            let [] = log.words()?;
            PollEvent::ChainHashUpdated(ChainHash(reduce(&hash)))
        }
        Some(&topic::PUBLISH_MESSAGE) => {
            let [] = log.topics()?;
            let words: [[u8; 32]; 12] = log.words()?;
            let mut data = [Fr::default(); 10];
            for (element, word) in data.iter_mut().zip(&words) {
                *element = reduce(word);
            }
            PollEvent::PublishMessage(Box::new(Message {
                data,
                encryption_public_key: RawPoint::new(reduce(&words[10]), reduce(&words[11])),
            }))
        }
        Some(&topic::POLL_JOINED) => {
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
        Some(&topic::MERGE_STATE) => {
            let [root, total_signups] = log.topics()?;
            let [] = log.words()?;
            PollEvent::MergeState {
                root: StateRoot(reduce(&root)),
                total_signups: log.small(&total_signups)?,
            }
        }
        Some(&topic::IPFS_HASH_ADDED) => {
            let [digest] = log.topics()?;
            PollEvent::IpfsHashAdded(digest)
        }
        _ => PollEvent::Other,
    })
}

pub(super) fn maci_event(log: &ChainLog) -> Result<MaciEvent, RecordedError> {
    let log = Fields::of(log);
    Ok(match log.topic0() {
        Some(&topic::SIGN_UP) => {
            let [x, y] = log.topics()?;
            let [state_index, _timestamp] = log.words()?;
            MaciEvent::SignUp {
                state_index: log.small(&state_index)?,
                public_key: RawPoint::new(reduce(&x), reduce(&y)),
            }
        }
        Some(&topic::DEPLOY_POLL) => {
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
    log: &'a ChainLog,
}

impl<'a> Fields<'a> {
    fn of(log: &'a ChainLog) -> Self {
        Self { at: log.at, log }
    }

    fn topic0(&self) -> Option<&[u8; 32]> {
        self.log.topics.first()
    }

    fn malformed(&self, what: &'static str) -> RecordedError {
        RecordedError::Malformed {
            at: self.at,
            event: name(self.topic0()),
            what,
        }
    }

    /// The indexed parameters.
    fn topics<const N: usize>(&self) -> Result<[[u8; 32]; N], RecordedError> {
        let topics = self.log.topics.get(1..).unwrap_or_default();
        topics
            .try_into()
            .map_err(|_| self.malformed("wrong number of topics"))
    }

    /// The data, which has to have exactly this many words.
    fn words<const N: usize>(&self) -> Result<[[u8; 32]; N], RecordedError> {
        let (words, rest) = self.log.data.as_chunks::<32>();
        if !rest.is_empty() {
            return Err(self.malformed("the data is not a number of words"));
        }
        words
            .try_into()
            .map_err(|_| self.malformed("wrong number of words in the data"))
    }

    fn small(&self, word: &[u8; 32]) -> Result<u64, RecordedError> {
        field::from_be_bytes(word)
            .as_ref()
            .and_then(field::to_u64)
            .ok_or_else(|| self.malformed("a counter above 64 bits"))
    }
}
