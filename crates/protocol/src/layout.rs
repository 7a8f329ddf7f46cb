//! Layouts: how transitions become trees, paths, commitments and circuit inputs.
//!
//! The machine is layout-free. A [`Layout`] follows it step by step, commits to its state after every batch and
//! opens what a circuit of that layout needs. [`compact`] is the layout of our circuits, [`maci`] is MACI's own;
//! [`Processing`] and [`Tallying`] drive either.

pub mod compact;
pub mod maci;
mod tally;

pub use tally::{TalliedPoll, TallyFrame, TallyLayout, TallyOutcome, Tallying, tally_batches};

use core::fmt;
use maci_crypto::poseidon::hash2;

use maci_verifier::{ChainHash, Salt, SbCommitment, statement::ProcessBatch};

use crate::{
    keys::CoordinatorKey,
    log::{PollLog, WrongCoordinatorKey},
    machine::{Counts, Machine, Step},
    message::{Message, SignedCommand, VoteCommand},
    secrets::{SaltRole, SaltSource},
    types::{Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight},
};

/// Trees over a machine's state.
pub trait Layout: Clone {
    /// What one slot opens.
    type Opening;
    /// The assignment of one processing circuit.
    type Inputs;

    /// Commits to the state before the first processed message.
    fn new(machine: &Machine) -> Self;

    /// Opens the step's leaf, ballot and option as they are before the step. `machine` has not made the step yet.
    fn open(&mut self, machine: &Machine, step: &Step) -> Self::Opening;

    /// Follows a step. `machine` has made the step.
    fn follow(&mut self, step: &Step);

    /// The commitment to the present state.
    fn commit(&mut self, machine: &Machine, salt: Salt) -> SbCommitment;

    /// The commitment that the contracts fix at the merge; by default the one with salt 0.
    fn initial_commitment(&mut self, machine: &Machine) -> SbCommitment {
        self.commit(machine, INITIAL_SALT)
    }

    /// What the inputs say about the state before a batch; called before its first step.
    type Before;
    /// Remembers the roots before a batch.
    fn before(&mut self, machine: &Machine) -> Self::Before;

    /// Puts one batch's inputs together.
    fn assemble(&self, frame: Frame<'_, Self>) -> Self::Inputs;
}

/// A log that cannot be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The key is not the poll's.
    #[error(transparent)]
    CoordinatorKey(#[from] WrongCoordinatorKey),
    /// More leaves than the state tree holds.
    #[error("the poll has {found} leaves, its state tree holds {max}")]
    TooManyLeaves {
        /// 2^D.
        max: u64,
        /// Leaves in the log.
        found: u64,
    },
}

/// The salt of the first commitment (protocol.md §8).
pub const INITIAL_SALT: Salt = Salt(<maci_crypto::Fr as ark_ff::AdditiveGroup>::ZERO);

/// Everything about one batch, for [`Layout::assemble`].
pub struct Frame<'a, L: Layout> {
    /// The poll.
    pub log: &'a PollLog,
    /// The coordinator's key.
    pub key: &'a CoordinatorKey,
    /// The public inputs.
    pub statement: ProcessBatch,
    /// The chain hash before the batch.
    pub input_batch_hash: ChainHash,
    /// B messages, filler included.
    pub messages: Vec<Message>,
    /// The roots before the batch.
    pub before: L::Before,
    /// What each slot opens, in slot order.
    pub openings: Vec<L::Opening>,
    /// Salt of the current commitment.
    pub current_salt: Salt,
    /// Salt of the new commitment.
    pub new_salt: Salt,
}

impl<L: Layout> fmt::Debug for Frame<'_, L> {
    /// Shows the statement; openings and salts are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

/// One processed batch without its witness.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BatchSummary {
    /// Position in submission order: 0 is the batch with the newest messages.
    pub batch: u64,
    /// The public inputs.
    pub statement: ProcessBatch,
    /// Salt of the new commitment.
    pub new_salt: Salt,
    /// What the batch's messages did.
    pub counts: Counts,
}

impl fmt::Debug for BatchSummary {
    /// Shows the public part; the salt hides the state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchSummary")
            .field("batch", &self.batch)
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

/// A poll being processed batch by batch, newest first: an iterator whose every item can be had with its witness
/// ([`Self::next_inputs`]) or without ([`Self::advance`]), at the machine's full speed.
///
/// Memory is the state's, not the log's. A clone is a checkpoint: witnesses of any later batch can be made from it
/// by advancing, again and again, with equal results (D16).
#[derive(Clone)]
pub struct Processing<'a, L: Layout> {
    log: &'a PollLog,
    key: &'a CoordinatorKey,
    machine: Machine,
    layout: L,
    /// Batches left; the next one is batch number `left` of protocol.md §7.
    left: u64,
    salt: Salt,
    commitment: SbCommitment,
    counts: Counts,
    filler: Message,
}

impl<L: Layout> fmt::Debug for Processing<'_, L> {
    /// Shows how far it is; state and salt are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Processing")
            .field("left", &self.left)
            .field("commitment", &self.commitment)
            .finish_non_exhaustive()
    }
}

impl<'a, L: Layout> Processing<'a, L> {
    /// Starts before the newest batch. Refuses a key that is not the poll's.
    pub fn new(log: &'a PollLog, key: &'a CoordinatorKey) -> Result<Self, ProcessError> {
        log.check_coordinator(key)?;
        let (found, max) = (log.total_signups(), log.params.max_state_leaves());
        if found > max {
            return Err(ProcessError::TooManyLeaves { max, found });
        }
        let machine = Machine::new(log.params, log.leaves.clone());
        let mut layout = L::new(&machine);
        let commitment = layout.initial_commitment(&machine);
        Ok(Self {
            log,
            key,
            machine,
            layout,
            left: log.message_batches(),
            salt: INITIAL_SALT,
            commitment,
            counts: Counts::default(),
            filler: filler(key),
        })
    }

    /// Batches not processed yet.
    pub const fn batches_left(&self) -> u64 {
        self.left
    }

    /// The present commitment.
    pub const fn commitment(&self) -> SbCommitment {
        self.commitment
    }

    /// The messages of the next batch, in log order: for callers who decrypt them elsewhere.
    pub fn next_messages(&self) -> &'a [Message] {
        let (start, end) = self.range();
        self.log
            .messages
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// Processes the next batch without a witness. `None` when there is none.
    pub fn advance(&mut self, salts: &mut dyn SaltSource) -> Option<BatchSummary> {
        let decrypted = self.decrypt_next()?;
        self.advance_with(&decrypted, salts)
    }

    /// [`Self::advance`] with [`Self::next_messages`] already decrypted, in the same order.
    pub fn advance_with(
        &mut self,
        decrypted: &[Option<SignedCommand>],
        salts: &mut dyn SaltSource,
    ) -> Option<BatchSummary> {
        (self.left > 0).then_some(())?;
        let mut counts = Counts::default();
        for command in decrypted.iter().rev() {
            let step = self.machine.apply(command.as_ref());
            counts.add(&step, command.as_ref(), self.log.poll_id);
            self.layout.follow(&step);
        }
        Some(self.close(counts, salts))
    }

    /// Processes the next batch and returns its summary and its circuit inputs. `None` when there is none.
    pub fn next_inputs(&mut self, salts: &mut dyn SaltSource) -> Option<(BatchSummary, L::Inputs)> {
        let decrypted = self.decrypt_next()?;
        let current_salt = self.salt;
        let mut messages = self.next_messages().to_vec();
        let (start, _) = self.range();
        let before = self.layout.before(&self.machine);

        let slots = usize::from(self.log.params.message_batch_size);
        let mut openings = Vec::with_capacity(slots);
        let mut counts = Counts::default();
        let filler = self.filler.decrypt(self.key);
        for _ in messages.len()..slots {
            // D1: a slot past the end opens what its content says and changes nothing.
            let step = self.machine.step(filler.as_ref());
            openings.push(self.layout.open(&self.machine, &step));
        }
        messages.resize(slots, self.filler);
        for command in decrypted.iter().rev() {
            let step = self.machine.step(command.as_ref());
            openings.push(self.layout.open(&self.machine, &step));
            self.machine.carry_out(&step);
            counts.add(&step, command.as_ref(), self.log.poll_id);
            self.layout.follow(&step);
        }
        openings.reverse();

        let batch = self.left;
        let summary = self.close(counts, salts);
        debug_assert_eq!(summary.statement.index, start);
        let frame = Frame {
            log: self.log,
            key: self.key,
            statement: summary.statement,
            input_batch_hash: self.batch_hash(batch - 1),
            messages,
            before,
            openings,
            current_salt,
            new_salt: summary.new_salt,
        };
        Some((summary, self.layout.assemble(frame)))
    }

    /// The state, layout and last salt after the last batch, for the tally.
    pub fn finish(self) -> FinalState<L> {
        FinalState {
            machine: self.machine,
            layout: self.layout,
            salt: self.salt,
            commitment: self.commitment,
            counts: self.counts,
        }
    }

    fn decrypt_next(&self) -> Option<Vec<Option<SignedCommand>>> {
        (self.left > 0).then(|| Message::decrypt_many(self.next_messages(), self.key))
    }

    /// Start and end of the next batch in the log (protocol.md §7).
    fn range(&self) -> (u64, u64) {
        let size = u64::from(self.log.params.message_batch_size);
        let start = self.left.saturating_sub(1) * size;
        (start, (start + size).min(self.log.num_messages()))
    }

    fn batch_hash(&self, batch: u64) -> ChainHash {
        self.log
            .batch_hashes
            .get(batch as usize)
            .copied()
            .unwrap_or_else(|| self.log.chain_hash())
    }

    /// Commits to the state after a batch and moves on to the next.
    fn close(&mut self, counts: Counts, salts: &mut dyn SaltSource) -> BatchSummary {
        let (index, batch_end_index) = self.range();
        let batch = self.log.message_batches() - self.left;
        let circuit = self.log.params.process_circuit();
        let output_batch_hash = self.batch_hash(self.left);
        // The first commitment is public and the same for every log of the poll, so the messages are bound too: else two
        // runs that differ in one message would show whether it counted.
        let input = hash2(self.commitment.0, output_batch_hash.0);
        let salt = salts.salt(&circuit, SaltRole::StateAndBallots, batch, input);
        let new = self.layout.commit(&self.machine, salt);
        let statement = ProcessBatch {
            total_signups: self.log.total_signups(),
            output_batch_hash,
            actual_state_tree_depth: self.log.actual_state_tree_depth().into(),
            coordinator_public_key_hash: self.key.public_hash(),
            vote_options: self.log.params.vote_options,
            current_sb_commitment: self.commitment,
            new_sb_commitment: new,
            index,
            batch_end_index,
        };
        self.salt = salt;
        self.commitment = new;
        self.counts.merge(&counts);
        self.left -= 1;
        BatchSummary {
            batch,
            statement,
            new_salt: salt,
            counts,
        }
    }
}

/// The state after all messages.
#[derive(Clone)]
pub struct FinalState<L> {
    /// Leaves and ballots.
    pub machine: Machine,
    /// The trees over them.
    pub layout: L,
    /// The salt of the last commitment.
    pub salt: Salt,
    /// The last commitment.
    pub commitment: SbCommitment,
    /// What all messages did.
    pub counts: Counts,
}

impl<L> fmt::Debug for FinalState<L> {
    /// Shows the commitment; state and salt are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinalState")
            .field("commitment", &self.commitment)
            .finish_non_exhaustive()
    }
}

/// A poll with all its processing inputs.
pub struct ProcessedPoll<L: Layout> {
    /// Circuit inputs in submission order: the batch with the newest messages first.
    pub batches: Vec<L::Inputs>,
    /// The state after the last of them.
    pub last: FinalState<L>,
}

impl<L: Layout> fmt::Debug for ProcessedPoll<L> {
    /// Shows the number of batches; their inputs are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessedPoll")
            .field("batches", &self.batches.len())
            .field("last", &self.last)
            .finish()
    }
}

/// Processes a whole poll and keeps every batch's inputs. [`Processing`] makes them one at a time.
pub fn process_batches<L: Layout>(
    log: &PollLog,
    key: &CoordinatorKey,
    salts: &mut dyn SaltSource,
) -> Result<ProcessedPoll<L>, ProcessError> {
    let mut processing = Processing::<L>::new(log, key)?;
    let mut batches = Vec::new();
    while let Some((_, inputs)) = processing.next_inputs(salts) {
        batches.push(inputs);
    }
    Ok(ProcessedPoll {
        batches,
        last: processing.finish(),
    })
}

/// What fills the slots past the end of the last batch: a fixed message from nobody that addresses index 0.
///
/// Slots past the end are inert whatever they hold (D1); this one also opens position 0 by its own content, as MACI's
/// filler does. Its one-time key is raw key 1, so it depends on the coordinator's public key alone.
fn filler(key: &CoordinatorKey) -> Message {
    let sender = crate::keys::PrivateKey::from_be_bytes(&[1]);
    let command = VoteCommand {
        state_index: StateIndex(0),
        new_public_key: sender.public_key().coordinates(),
        vote_option_index: VoteOptionIndex(0),
        new_vote_weight: VoteWeight(0),
        nonce: Nonce(0),
        poll_id: PollId(0),
        salt: INITIAL_SALT,
    };
    command
        .sign(&sender)
        .ok()
        .and_then(|signed| signed.encrypt(&sender, &key.public()).ok())
        .unwrap_or_else(Message::placeholder)
}
