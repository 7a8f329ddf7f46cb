//! Logs in chain order to a checked [`PollLog`]: the one place where a poll is put together, whatever it was read from.
//!
//! Every value the chain confirmed is recomputed and compared as the logs come (D14): the chain hash after each message,
//! message 0, indices, the merged root and the number of leaves. [`Assembly::mark`] and [`Assembly::rollback`] let a
//! reader of a live chain try a range of blocks, ask the contracts about it and take it back.

use std::collections::BTreeSet;

use maci_crypto::babyjubjub::RawPoint;
use maci_verifier::{ChainHash, StateRoot};

use super::{
    deployment::Deployment,
    error::{At, RecordedError},
    events::{self, MaciEvent, PollEvent},
    raw::ChainLog,
    relay::{self, RelayFault},
};
use crate::{
    chain::BatchHashes,
    layout::maci::state_root,
    log::{OnChain, PollLog},
    message::Message,
    state::StateLeaf,
};

/// Where the contents of relayed batches come from: the bytes that the chain names by this digest, if they are at hand.
pub trait Relayed {
    /// The bytes of one batch. They are checked again by whoever asks.
    fn content(&mut self, digest: &[u8; 32]) -> Option<Vec<u8>>;
}

/// No relayed batch is at hand.
impl Relayed for () {
    fn content(&mut self, _: &[u8; 32]) -> Option<Vec<u8>> {
        None
    }
}

/// Whether the `DeployPoll` event was seen: whose poll it is and how it is counted.
#[derive(Clone, Copy, Debug)]
enum Deployed {
    Unseen,
    /// Only the announcements of other polls so far.
    Other(u64, At),
    Seen,
}

/// Where the logs of one contract have come to.
#[derive(Clone, Copy, Debug, Default)]
struct Order {
    last: Option<Place>,
}

/// Where a log stands, and the hashes of its block and its transaction.
type Place = (At, Option<[u8; 32]>, Option<[u8; 32]>);

/// A poll while its logs are read.
#[derive(Debug)]
pub struct Assembly {
    deployment: Deployment,
    leaves: Vec<StateLeaf>,
    nullifiers: Vec<[u8; 32]>,
    known_nullifiers: BTreeSet<[u8; 32]>,
    messages: Vec<Message>,
    /// Blocks and keys of the sign-ups.
    signups: Vec<(u64, RawPoint)>,
    state: State,
}

/// What is small enough to be copied for a [`Mark`].
#[derive(Clone, Debug)]
struct State {
    deployed: Deployed,
    maci_order: Order,
    poll_order: Order,
    /// Blocks of the first and the last join.
    joins: Option<(u64, u64)>,
    hashes: BatchHashes,
    /// Chain hashes whose messages have not come yet.
    announced: Vec<(At, ChainHash)>,
    merged: Option<(At, StateRoot, u64)>,
    /// The index that the next sign-up has to have; `None` before the first.
    next_signup: Option<u64>,
    /// Whether the logs begin before the first sign-up.
    all_signups: bool,
    /// The last block with an event that decides the poll.
    closing: u64,
}

/// A state of an [`Assembly`] to come back to.
#[derive(Clone, Debug)]
pub struct Mark {
    leaves: usize,
    messages: usize,
    signups: usize,
    state: State,
}

impl Assembly {
    /// A poll without logs.
    pub fn new(deployment: Deployment) -> Self {
        let hashes = BatchHashes::new(deployment.params.message_batch_size);
        Self {
            deployment,
            leaves: vec![StateLeaf::blank()],
            nullifiers: Vec::new(),
            known_nullifiers: BTreeSet::new(),
            messages: Vec::new(),
            signups: Vec::new(),
            state: State {
                deployed: Deployed::Unseen,
                maci_order: Order::default(),
                poll_order: Order::default(),
                joins: None,
                hashes,
                announced: Vec::new(),
                merged: None,
                next_signup: None,
                all_signups: true,
                closing: 0,
            },
        }
    }

    /// Takes in the next log of either contract. Each contract's logs have to come in chain order.
    pub fn push(&mut self, log: &ChainLog, relayed: &mut dyn Relayed) -> Result<(), RecordedError> {
        if log.address == self.deployment.poll_address {
            self.push_poll(log, relayed)
        } else if log.address == self.deployment.maci_address {
            self.push_maci(log)
        } else {
            Err(self.foreign(log, "poll"))
        }
    }

    /// Takes in the next log that is said to be of the Poll contract.
    pub(super) fn push_poll(
        &mut self,
        log: &ChainLog,
        relayed: &mut dyn Relayed,
    ) -> Result<(), RecordedError> {
        if log.address != self.deployment.poll_address {
            return Err(self.foreign(log, "poll"));
        }
        self.state.poll_order.next(log)?;
        let at = log.at;
        match events::poll_event(log)? {
            PollEvent::ChainHashUpdated(hash) => self.state.announced.push((at, hash)),
            PollEvent::PublishMessage(message) => self.message(at, &message)?,
            PollEvent::PollJoined {
                leaf,
                nullifier,
                index,
            } => self.join(at, leaf, nullifier, index)?,
            PollEvent::MergeState {
                root,
                total_signups,
            } => self.merge(at, root, total_signups)?,
            PollEvent::IpfsHashAdded(digest) => self.relay(at, &digest, relayed)?,
            PollEvent::Other => return Ok(()),
        }
        self.state.closing = at.block;
        Ok(())
    }

    /// Takes in the next log that is said to be of the MACI contract.
    pub(super) fn push_maci(&mut self, log: &ChainLog) -> Result<(), RecordedError> {
        if log.address != self.deployment.maci_address {
            return Err(self.foreign(log, "maci"));
        }
        self.state.maci_order.next(log)?;
        match events::maci_event(log)? {
            MaciEvent::SignUp {
                state_index,
                public_key,
            } => self.sign_up(log.at, state_index, public_key),
            MaciEvent::DeployPoll {
                poll_id,
                coordinator,
                mode,
            } => self.deploy(log.at, poll_id, &coordinator, mode),
            MaciEvent::Other => Ok(()),
        }
    }

    /// Refuses a state in which a chain hash still waits for its message: no block ends like this.
    pub fn settled(&self) -> Result<(), RecordedError> {
        match self.state.announced.first() {
            Some((at, _)) => Err(RecordedError::MissingMessage { at: *at }),
            None => Ok(()),
        }
    }

    /// The state now.
    pub fn mark(&self) -> Mark {
        Mark {
            leaves: self.leaves.len(),
            messages: self.messages.len(),
            signups: self.signups.len(),
            state: self.state.clone(),
        }
    }

    /// Takes back every log since the mark.
    pub fn rollback(&mut self, mark: &Mark) {
        self.leaves.truncate(mark.leaves);
        for nullifier in self.nullifiers.drain(mark.leaves.saturating_sub(1)..) {
            self.known_nullifiers.remove(&nullifier);
        }
        self.messages.truncate(mark.messages);
        self.signups.truncate(mark.signups);
        self.state = mark.state.clone();
    }

    /// What the poll was deployed with.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// Messages so far, the placeholder included.
    pub fn num_messages(&self) -> u64 {
        self.messages.len() as u64
    }

    /// Leaves so far, the blank one included.
    pub fn total_signups(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// The chain hash after the last message and the checkpoints before it.
    pub fn hashes(&self) -> &BatchHashes {
        &self.state.hashes
    }

    /// Where the state was merged, its root and the leaves that the contract counted.
    pub fn merged(&self) -> Option<(At, StateRoot, u64)> {
        self.state.merged
    }

    /// The keys that signed up, in order; `None` if the logs begin after the first sign-up.
    pub fn signups(&self) -> Option<impl ExactSizeIterator<Item = &RawPoint>> {
        self.state
            .all_signups
            .then(|| self.signups.iter().map(|(_, key)| key))
    }

    /// The index that the next sign-up has to have, if one was seen.
    pub fn next_signup(&self) -> Option<u64> {
        self.state.next_signup
    }

    /// The last block with an event that decides the poll. Sign-ups after it are another poll's business.
    pub fn closing_block(&self) -> u64 {
        self.state.closing
    }

    /// Refuses logs that announce other polls and not this one.
    pub fn check_announced(&self) -> Result<(), RecordedError> {
        match self.state.deployed {
            Deployed::Other(poll_id, at) => Err(RecordedError::Deployment {
                at,
                what: "poll id",
                expected: poll_id.to_string(),
                found: self.deployment.poll_id.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// The finished log.
    pub fn finish(mut self) -> Result<PollLog, RecordedError> {
        self.check_announced()?;
        self.settled()?;
        if self.messages.is_empty() {
            return Err(RecordedError::NoMessages);
        }
        let Some((_, root, total_signups)) = self.state.merged else {
            return Err(RecordedError::NotMerged);
        };
        let onchain = OnChain {
            chain_hash: Some(self.state.hashes.current()),
            merged_state_root: Some(root),
            total_signups: Some(total_signups),
        };
        let closing = self.state.closing;
        self.signups.retain(|(block, _)| *block <= closing);
        let signups = (self.state.all_signups && !self.signups.is_empty())
            .then(|| self.signups.into_iter().map(|(_, key)| key).collect());
        let deployment = self.deployment;
        Ok(PollLog {
            params: deployment.params,
            chain_id: deployment.chain_id,
            maci_address: deployment.maci_address,
            poll_address: deployment.poll_address,
            poll_id: deployment.poll_id,
            coordinator_public_key: deployment.coordinator_public_key,
            leaves: self.leaves,
            signups,
            messages: self.messages,
            batch_hashes: self.state.hashes.padded(),
            onchain,
            start_time: deployment.start_time,
            end_time: deployment.end_time,
        })
    }

    fn foreign(&self, log: &ChainLog, contract: &'static str) -> RecordedError {
        RecordedError::Foreign {
            at: log.at,
            contract,
            expected: match contract {
                "maci" => self.deployment.maci_address,
                _ => self.deployment.poll_address,
            },
            found: log.address.to_string(),
        }
    }

    fn sign_up(&mut self, at: At, index: u64, key: RawPoint) -> Result<(), RecordedError> {
        // Leaf 0 of MACI's tree is nobody's (protocol.md §8).
        if self.state.next_signup.is_none() {
            self.state.all_signups = index == 1;
        }
        let expected = self.state.next_signup.unwrap_or(index);
        if index != expected {
            return Err(RecordedError::SignUpIndex {
                at,
                expected,
                found: index,
            });
        }
        self.state.next_signup = Some(index.saturating_add(1));
        self.signups.push((at.block, key));
        Ok(())
    }

    /// MACI's `DeployPoll` event says whose poll it is and how it is counted; the deployment has to agree.
    fn deploy(
        &mut self,
        at: At,
        poll_id: u64,
        coordinator: &RawPoint,
        mode: u8,
    ) -> Result<(), RecordedError> {
        let deployment = &self.deployment;
        if poll_id != deployment.poll_id.0 {
            if !matches!(self.state.deployed, Deployed::Seen) {
                self.state.deployed = Deployed::Other(poll_id, at);
            }
            return Ok(());
        }
        let differs = |what, expected, found| {
            Err(RecordedError::Deployment {
                at,
                what,
                expected,
                found,
            })
        };
        let known = &deployment.coordinator_public_key;
        if coordinator != known {
            let show = |key: &RawPoint| format!("({}, {})", key.x, key.y);
            return differs("coordinator public key", show(coordinator), show(known));
        }
        let known = deployment.params.mode.as_u8();
        if mode != known {
            return differs("mode", mode.to_string(), known.to_string());
        }
        self.state.deployed = Deployed::Seen;
        Ok(())
    }

    /// A message of its own event: exactly one chain hash was announced for it.
    fn message(&mut self, at: At, message: &Message) -> Result<(), RecordedError> {
        match self.state.announced.as_slice() {
            [] => Err(RecordedError::MissingChainHash { at }),
            [(hash_at, announced)] => {
                let (hash_at, announced) = (*hash_at, *announced);
                self.state.announced.clear();
                self.append(at, hash_at, announced, message)
            }
            [(earlier, _), ..] => Err(RecordedError::MissingMessage { at: *earlier }),
        }
    }

    /// A relay: all its chain hashes were announced before its event.
    fn relay(
        &mut self,
        at: At,
        digest: &[u8; 32],
        relayed: &mut dyn Relayed,
    ) -> Result<(), RecordedError> {
        let announced = core::mem::take(&mut self.state.announced);
        // A call without hashes changes nothing, whatever file it names.
        if announced.is_empty() {
            return Ok(());
        }
        let content = relayed.content(digest).ok_or(RecordedError::Relayed {
            at,
            digest: *digest,
        })?;
        let wrong = |fault| RecordedError::RelayedContent {
            at,
            digest: *digest,
            fault,
        };
        let (maci, poll) = (self.deployment.maci_address, self.deployment.poll_id);
        let messages = relay::read(&content, digest, maci, poll).map_err(wrong)?;
        if messages.len() != announced.len() {
            return Err(wrong(RelayFault::Count {
                expected: announced.len(),
                found: messages.len(),
            }));
        }
        // The contract counts the whole call before it takes in the first hash, so it keeps a checkpoint for each hash of
        // a call that ends on a boundary, and none for boundaries inside.
        let batch = u64::from(self.deployment.params.message_batch_size.max(1));
        let (before, count) = (self.num_messages(), messages.len() as u64);
        let boundary = (before + count) / batch > before / batch;
        if boundary && count > 1 && batch > 1 {
            return Err(RecordedError::UnprovableCheckpoints {
                at,
                messages: messages.len(),
                batch_size: self.deployment.params.message_batch_size,
            });
        }
        for ((hash_at, hash), message) in announced.into_iter().zip(messages) {
            self.append(at, hash_at, hash, &message)?;
        }
        Ok(())
    }

    fn append(
        &mut self,
        at: At,
        hash_at: At,
        announced: ChainHash,
        message: &Message,
    ) -> Result<(), RecordedError> {
        // S-03: the first message is the contract's own, whatever the chain hash beside it says.
        if self.messages.is_empty() && *message != Message::placeholder() {
            return Err(RecordedError::Genesis { at });
        }
        let computed = self.state.hashes.push(message);
        if computed != announced {
            return Err(RecordedError::ChainHash {
                at,
                hash_at,
                message: self.num_messages(),
                expected: announced,
                found: computed,
            });
        }
        self.messages.push(*message);
        Ok(())
    }

    fn join(
        &mut self,
        at: At,
        leaf: StateLeaf,
        nullifier: [u8; 32],
        index: u64,
    ) -> Result<(), RecordedError> {
        let expected = self.total_signups();
        if index != expected {
            return Err(RecordedError::StateIndex {
                at,
                expected,
                found: index,
            });
        }
        let max = self.deployment.params.max_state_leaves();
        if expected >= max {
            return Err(RecordedError::TooManyLeaves { at, max });
        }
        if self.known_nullifiers.contains(&nullifier) {
            return Err(RecordedError::Nullifier { at });
        }
        if let Some((merge, ..)) = self.state.merged {
            return Err(RecordedError::JoinAfterMerge { at, merge });
        }
        let first = self.state.joins.map_or(at.block, |(first, _)| first);
        self.state.joins = Some((first, at.block));
        self.known_nullifiers.insert(nullifier);
        self.nullifiers.push(nullifier);
        self.leaves.push(leaf);
        Ok(())
    }

    fn merge(&mut self, at: At, root: StateRoot, total_signups: u64) -> Result<(), RecordedError> {
        if let Some((first, ..)) = self.state.merged {
            return Err(RecordedError::SecondMerge { at, first });
        }
        let found = self.total_signups();
        if total_signups != found {
            return Err(RecordedError::TotalSignups {
                at,
                expected: total_signups,
                found,
            });
        }
        let computed = StateRoot(state_root(&self.leaves));
        if computed != root {
            let (first, last) = self.state.joins.unwrap_or((at.block, at.block));
            return Err(RecordedError::StateRoot {
                at,
                first,
                last,
                expected: root,
                found: computed,
            });
        }
        self.state.merged = Some((at, root, total_signups));
        Ok(())
    }
}

impl Order {
    /// A log index is unique in its block and grows with the transaction index; a block and a transaction have one hash.
    fn next(&mut self, log: &ChainLog) -> Result<(), RecordedError> {
        let at = log.at;
        if log.removed {
            return Err(RecordedError::Removed { at });
        }
        let next = (at, log.block_hash, log.transaction_hash);
        let Some((before, block, transaction)) = self.last.replace(next) else {
            return Ok(());
        };
        if at < before {
            return Err(RecordedError::Disorder { at, after: before });
        }
        let differ =
            |a: Option<[u8; 32]>, b: Option<[u8; 32]>| a.is_some() && b.is_some() && a != b;
        let what = if at.block != before.block {
            (block.is_some() && block == log.block_hash).then_some("block")
        } else if at.log_index == before.log_index {
            return Err(RecordedError::Duplicate { at });
        } else if at.log_index < before.log_index {
            Some("transaction order")
        } else if differ(block, log.block_hash) {
            Some("block")
        } else if at.transaction == before.transaction && differ(transaction, log.transaction_hash)
        {
            Some("transaction")
        } else {
            None
        };
        what.map_or(Ok(()), |what| Err(RecordedError::Inconsistent { at, what }))
    }
}
