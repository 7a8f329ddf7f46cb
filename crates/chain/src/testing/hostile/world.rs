//! The honest chain: blocks with the logs of a simulated poll, and its contracts as they stand at every block.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy::primitives::{Bytes, U256, keccak256};
use alloy::sol_types::SolCall;
use maci_crypto::tree::lean_imt::LeanImt;
use maci_crypto::{Fr, field, poseidon};
use maci_protocol::recorded::{ChainLog, relay, topic};
use maci_protocol::testing::{SimulatedPoll, fixture};
use maci_protocol::{Address, PollLog, StateLeaf};
use maci_verifier::PollParams;

use crate::contracts::{MACI, Mode, Poll, PollContracts, PublicKey, Tally, to_mode, word};
use crate::ingest::Header;

/// The block in which MACI is deployed, some blocks before the poll.
pub(crate) const MACI_BLOCK: u64 = fixture::FIRST_BLOCK - 3;
/// Blocks after the merge.
const TAIL: u64 = 8;

/// What the contracts hold after a block.
#[derive(Clone, Debug, Default)]
struct State {
    maci: bool,
    poll: bool,
    chain_hash: [u8; 32],
    messages: u64,
    batch_hashes: Vec<[u8; 32]>,
    padded: bool,
    leaves: u64,
    signups: u64,
    merged_root: [u8; 32],
}

#[derive(Clone, Debug)]
struct Block {
    header: Header,
    logs: Vec<ChainLog>,
    state: State,
}

/// One chain of blocks.
#[derive(Debug)]
pub struct Branch {
    blocks: Vec<Block>,
    /// What ingest should make of it; `None` for a chain on which the poll is not merged.
    pub log: Option<PollLog>,
}

/// A poll's contracts and everything that they answer whatever the branch.
#[derive(Debug)]
pub struct World {
    truth: Arc<Branch>,
    log: PollLog,
    tally: Address,
    message_processor: Address,
    /// Roots of MACI's tree after each sign-up.
    signup_roots: Vec<Fr>,
    /// Contents of relayed batches by CID.
    pub(crate) relayed: BTreeMap<String, Vec<u8>>,
    logs: Vec<ChainLog>,
}

impl World {
    /// The world of a poll in which the messages that `relays` names are relayed.
    pub fn new(poll: &SimulatedPoll, relays: impl Fn(u64) -> bool) -> Self {
        let (logs, contents) = fixture::relayed_logs(poll, relays);
        let log = poll.log.clone();
        let mut tree = LeanImt::new();
        let pad = StateLeaf::blank().public_key;
        let keys = core::iter::once(&pad).chain(log.signups.iter().flatten());
        let signup_roots = keys
            .map(|key| {
                // Keys of simulated voters differ.
                let _ = tree.insert(poseidon::hash2(key.x, key.y));
                tree.root().unwrap_or_default()
            })
            .collect();
        let truth = branch(&logs, &log, &log.params, 0, 0, Some(log.clone()));
        Self {
            truth: Arc::new(truth),
            tally: Address([0x7a; 20]),
            message_processor: Address([0x3b; 20]),
            signup_roots,
            relayed: contents
                .into_iter()
                .map(|(digest, content)| (relay::cid(&digest), content))
                .collect(),
            logs,
            log,
        }
    }

    /// The chain of the poll.
    pub fn truth(&self) -> Arc<Branch> {
        Arc::clone(&self.truth)
    }

    /// The poll as ingest should see it.
    pub fn log(&self) -> &PollLog {
        &self.log
    }

    /// The MACI contract.
    pub fn maci(&self) -> Address {
        self.log.maci_address
    }

    /// The number of the newest block of the poll's chain.
    pub fn head(&self) -> u64 {
        self.truth.head()
    }

    /// Another chain that parts from the poll's `depth` blocks below its head: the blocks after that hold the logs that
    /// `keep` lets through, one block later each.
    pub fn fork(&self, depth: u64, salt: u64, keep: impl Fn(&ChainLog) -> bool) -> Branch {
        let fork = self.head().saturating_sub(depth);
        let logs: Vec<ChainLog> = self
            .logs
            .iter()
            .filter(|log| log.at.block <= fork || keep(log))
            .cloned()
            .map(|mut log| {
                if log.at.block > fork {
                    log.at.block += 1;
                }
                log
            })
            .collect();
        branch(&logs, &self.log, &self.log.params, fork, salt, None)
    }

    /// The chain cut off after `last`, and so many empty blocks on top.
    pub fn cut(&self, last: u64, empty: u64, salt: u64) -> Branch {
        let logs: Vec<ChainLog> = self
            .logs
            .iter()
            .filter(|log| log.at.block <= last)
            .cloned()
            .collect();
        let mut branch = branch(&logs, &self.log, &self.log.params, last, salt, None);
        branch.blocks.truncate(last as usize + 1);
        for _ in 0..empty {
            branch.push_empty(salt);
        }
        branch
    }

    /// The same chain, on which somebody padded the batch hashes in the second of the end, before the last message.
    pub fn padded_early(&self) -> Branch {
        let mut blocks = self.truth.blocks.clone();
        let size = u64::from(self.log.params.message_batch_size);
        let is_message = |log: &ChainLog| log.topics.first() == Some(&topic::CHAIN_HASH_UPDATED);
        let last = blocks
            .iter()
            .rposition(|block| block.logs.iter().any(is_message));
        let last = last.unwrap_or_default();
        let before = blocks
            .get(last.saturating_sub(1))
            .map(|block| block.state.clone());
        let before = before.unwrap_or_default();
        let odd = (!before.messages.is_multiple_of(size)).then_some(before.chain_hash);
        for block in blocks.iter_mut().skip(last) {
            let state = &mut block.state;
            if state.padded && !state.messages.is_multiple_of(size) {
                state.batch_hashes.pop();
            }
            state.padded = true;
            if let Some(hash) = odd {
                state.batch_hashes.insert(before.batch_hashes.len(), hash);
            }
        }
        Branch {
            blocks,
            log: Some(self.log.clone()),
        }
    }

    /// The answer of a contract as it stands after a block; `None` where the call is none of these contracts'.
    pub(super) fn call(
        &self,
        branch: &Branch,
        to: Address,
        data: &[u8],
        block: u64,
    ) -> Option<Bytes> {
        let state = &branch.blocks.get(usize::try_from(block).ok()?)?.state;
        let selector: [u8; 4] = data.get(..4)?.try_into().ok()?;
        let log = &self.log;
        let address = |address: Address| alloy::primitives::Address::from(address.0);
        let number = U256::from::<u64>;
        let bytes = if to == log.maci_address {
            if !state.maci {
                return Some(Bytes::new());
            }
            match selector {
                // The real contract reverts.
                MACI::getPollCall::SELECTOR if !state.poll => return None,
                MACI::getPollCall::SELECTOR => {
                    let contracts = PollContracts {
                        poll: address(log.poll_address),
                        messageProcessor: address(self.message_processor),
                        tally: address(self.tally),
                    };
                    MACI::getPollCall::abi_encode_returns(&contracts)
                }
                MACI::stateTreeDepthCall::SELECTOR => {
                    MACI::stateTreeDepthCall::abi_encode_returns(&log.params.state_tree_depth)
                }
                MACI::signUpPolicyCall::SELECTOR => {
                    MACI::signUpPolicyCall::abi_encode_returns(&address(Address([1; 20])))
                }
                MACI::totalSignupsCall::SELECTOR => {
                    MACI::totalSignupsCall::abi_encode_returns(&number(state.signups + 1))
                }
                MACI::getStateRootOnIndexedSignUpCall::SELECTOR => {
                    let call = MACI::getStateRootOnIndexedSignUpCall::abi_decode(data).ok()?;
                    let index = usize::try_from(call.index).ok()?;
                    let root = self.signup_roots.get(index)?;
                    MACI::getStateRootOnIndexedSignUpCall::abi_encode_returns(&word(root))
                }
                _ => return None,
            }
        } else if to == log.poll_address {
            if !state.poll {
                return Some(Bytes::new());
            }
            self.poll_call(state, selector)?
        } else if to == self.tally && selector == Tally::modeCall::SELECTOR {
            let mode: Mode = to_mode(log.params.mode);
            Tally::modeCall::abi_encode_returns(&mode)
        } else {
            return Some(Bytes::new());
        };
        Some(bytes.into())
    }

    fn poll_call(&self, state: &State, selector: [u8; 4]) -> Option<Vec<u8>> {
        let log = &self.log;
        let number = U256::from::<u64>;
        let other = |byte: u8| alloy::primitives::Address::repeat_byte(byte);
        let key = PublicKey::from(log.coordinator_public_key);
        Some(match selector {
            Poll::treeDepthsCall::SELECTOR => {
                Poll::treeDepthsCall::abi_encode_returns(&Poll::treeDepthsReturn {
                    tallyProcessingStateTreeDepth: log.params.tally_processing_state_tree_depth,
                    voteOptionTreeDepth: log.params.vote_option_tree_depth,
                    stateTreeDepth: log.params.state_tree_depth,
                })
            }
            Poll::messageBatchSizeCall::SELECTOR => {
                Poll::messageBatchSizeCall::abi_encode_returns(&log.params.message_batch_size)
            }
            Poll::voteOptionsCall::SELECTOR => {
                Poll::voteOptionsCall::abi_encode_returns(&number(log.params.vote_options))
            }
            Poll::coordinatorPublicKeyCall::SELECTOR => {
                Poll::coordinatorPublicKeyCall::abi_encode_returns(
                    &Poll::coordinatorPublicKeyReturn { x: key.x, y: key.y },
                )
            }
            Poll::getStartAndEndDateCall::SELECTOR => {
                Poll::getStartAndEndDateCall::abi_encode_returns(&Poll::getStartAndEndDateReturn {
                    pollStartDate: number(log.start_time),
                    pollEndDate: number(log.end_time),
                })
            }
            Poll::extContractsCall::SELECTOR => {
                Poll::extContractsCall::abi_encode_returns(&Poll::extContractsReturn {
                    maci: log.maci_address.0.into(),
                    verifier: other(2),
                    verifyingKeysRegistry: other(3),
                    policy: other(4),
                    initialVoiceCreditProxy: other(5),
                })
            }
            Poll::chainHashCall::SELECTOR => {
                Poll::chainHashCall::abi_encode_returns(&U256::from_be_bytes(state.chain_hash))
            }
            Poll::totalSignupsAndMessagesCall::SELECTOR => {
                Poll::totalSignupsAndMessagesCall::abi_encode_returns(
                    &Poll::totalSignupsAndMessagesReturn {
                        numSUps: number(state.leaves),
                        numMsgs: number(state.messages),
                    },
                )
            }
            Poll::getBatchHashesCall::SELECTOR => {
                let hashes = state.batch_hashes.iter();
                let hashes = hashes.map(|hash| U256::from_be_bytes(*hash)).collect();
                Poll::getBatchHashesCall::abi_encode_returns(&hashes)
            }
            Poll::isBatchHashesPaddedCall::SELECTOR => {
                Poll::isBatchHashesPaddedCall::abi_encode_returns(&state.padded)
            }
            Poll::mergedStateRootCall::SELECTOR => Poll::mergedStateRootCall::abi_encode_returns(
                &U256::from_be_bytes(state.merged_root),
            ),
            _ => return None,
        })
    }
}

impl Branch {
    /// The number of its newest block.
    pub fn head(&self) -> u64 {
        (self.blocks.len() as u64).saturating_sub(1)
    }

    /// The time of a block; 0 beyond the newest.
    pub fn time(&self, number: u64) -> u64 {
        self.header(number).map_or(0, |header| header.timestamp)
    }

    pub(super) fn header(&self, number: u64) -> Option<Header> {
        let block = self.blocks.get(usize::try_from(number).ok()?)?;
        Some(block.header)
    }

    pub(super) fn logs(&self, first: u64, last: u64) -> Vec<ChainLog> {
        let range = self.blocks.iter().skip(first as usize);
        let count = (last + 1).saturating_sub(first) as usize;
        range
            .take(count)
            .flat_map(|block| block.logs.iter().cloned())
            .collect()
    }

    fn push_empty(&mut self, salt: u64) {
        if let Some(last) = self.blocks.last().cloned() {
            let header = after(&last.header, last.header.timestamp + 1, salt);
            self.blocks.push(Block {
                header,
                logs: Vec::new(),
                state: last.state,
            });
        }
    }
}

/// The header of the next block.
fn after(parent: &Header, timestamp: u64, salt: u64) -> Header {
    let mut bytes = parent.hash.to_vec();
    bytes.extend_from_slice(&timestamp.to_be_bytes());
    bytes.extend_from_slice(&salt.to_be_bytes());
    Header {
        number: parent.number + 1,
        hash: keccak256(bytes).0,
        parent: parent.hash,
        timestamp,
    }
}

/// Blocks from 0 to some after the last log. Blocks above `fork` get other hashes for every salt.
fn branch(
    logs: &[ChainLog],
    poll: &PollLog,
    params: &PollParams,
    fork: u64,
    salt: u64,
    log: Option<PollLog>,
) -> Branch {
    let last = logs.last().map_or(0, |log| log.at.block) + TAIL;
    let merge = logs
        .iter()
        .find(|log| log.topics.first() == Some(&topic::MERGE_STATE))
        .map_or(u64::MAX, |log| log.at.block);
    let mut blocks: Vec<Block> = Vec::new();
    let mut header = Header {
        number: 0,
        hash: keccak256(b"genesis").0,
        parent: [0; 32],
        timestamp: poll.start_time - 100,
    };
    let mut state = State::default();
    let mut pending = logs.iter().peekable();
    for number in 0..=last {
        if number > 0 {
            let running = poll.start_time - 1 + number - number.min(fixture::FIRST_BLOCK);
            let time = if number >= merge {
                poll.end_time + 1 + number - merge
            } else {
                running.min(poll.end_time)
            };
            header = after(&header, time, if number > fork { salt } else { 0 });
        }
        state.maci |= number >= MACI_BLOCK;
        // Somebody pads some blocks after the merge.
        if number == merge.saturating_add(TAIL / 2) && !state.padded {
            state.padded = true;
            if !state
                .messages
                .is_multiple_of(params.message_batch_size.into())
            {
                state.batch_hashes.push(state.chain_hash);
            }
        }
        let mut here = Vec::new();
        while let Some(log) = pending.next_if(|log| log.at.block == number) {
            state.take(log, params);
            here.push(ChainLog {
                block_hash: Some(header.hash),
                ..log.clone()
            });
        }
        blocks.push(Block {
            header,
            logs: here,
            state: state.clone(),
        });
    }
    Branch { blocks, log }
}

impl State {
    fn take(&mut self, log: &ChainLog, params: &PollParams) {
        let indexed = log.topics.get(1).copied().unwrap_or_default();
        match log.topics.first() {
            Some(&topic::SIGN_UP) => self.signups += 1,
            Some(&topic::POLL_JOINED) => self.leaves += 1,
            Some(&topic::MERGE_STATE) => self.merged_root = indexed,
            Some(&topic::CHAIN_HASH_UPDATED) => {
                if !self.poll {
                    self.poll = true;
                    self.leaves = 1;
                    self.batch_hashes = vec![field::to_be_bytes(&maci_protocol::chain::NUMS)];
                }
                self.chain_hash = indexed;
                self.messages += 1;
                if self
                    .messages
                    .is_multiple_of(params.message_batch_size.into())
                {
                    self.batch_hashes.push(indexed);
                }
            }
            _ => {}
        }
    }
}
