//! The poll machine: commands in, transitions out (protocol.md §12, decisions D1 to D13).
//!
//! Steps 4 and 5 of the way of a vote. The machine knows leaves and ballots and no trees: a transition says what a
//! command meant, whether it counted, and what the addressed leaf and ballot were before and after. A layout turns
//! that into roots and witnesses. Everything here is a function of its inputs, total on every input (D13).

use core::fmt;

use ark_ff::{BigInt, BigInteger, PrimeField};
use maci_crypto::Fr;
use maci_verifier::{Mode, PollParams};

use crate::{
    keys::CoordinatorKey,
    log::PollLog,
    message::{SignedCommand, VoteCommand},
    state::{Ballot, StateLeaf},
    types::{PollId, StateIndex, VoteOptionIndex},
    vote_tree,
};

/// Why a message changes nothing. Of several reasons the first in this order is reported, which is the order in which
/// MACI's core looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The encryption key is off the curve, so there is no shared key (D5).
    EncryptionKey,
    /// The state index is at or past the number of leaves.
    StateIndex,
    /// The signature is none of the leaf's current key, or that key cannot sign (D6). Index 0 ends here (D11).
    Signature,
    /// The nonce is not one more than the ballot's.
    Nonce,
    /// The option is at or past the number of options.
    VoteOptionIndex,
    /// The weight costs more than the balance and what the option frees.
    InsufficientCredits,
    /// FULL mode: credits would be left.
    UnspentCredits,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EncryptionKey => "encryption key off the curve",
            Self::StateIndex => "invalid state index",
            Self::Signature => "invalid signature",
            Self::Nonce => "invalid nonce",
            Self::VoteOptionIndex => "invalid vote option index",
            Self::InsufficientCredits => "insufficient voice credits",
            Self::UnspentCredits => "unspent voice credits",
        })
    }
}

impl Reason {
    /// All reasons in order.
    pub const ALL: [Self; 7] = [
        Self::EncryptionKey,
        Self::StateIndex,
        Self::Signature,
        Self::Nonce,
        Self::VoteOptionIndex,
        Self::InsufficientCredits,
        Self::UnspentCredits,
    ];
}

/// How many messages did what, for reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that counted.
    pub applied: u64,
    /// Of these, messages signed for another poll: nothing refuses them (D12), but they show a reused coordinator key.
    pub foreign_poll: u64,
    ignored: [u64; Reason::ALL.len()],
}

impl Counts {
    /// Takes in one message.
    pub fn add(&mut self, step: &Step, message: Option<&SignedCommand>, poll: PollId) {
        match step.effect {
            Effect::Ignore(reason) => self.ignored[reason as usize] += 1,
            Effect::Apply => {
                self.applied += 1;
                let foreign = message.is_some_and(|signed| signed.command().poll_id != poll);
                self.foreign_poll += u64::from(foreign);
            }
        }
    }

    /// Takes in another count.
    pub fn merge(&mut self, other: &Self) {
        self.applied += other.applied;
        self.foreign_poll += other.foreign_poll;
        for (count, more) in self.ignored.iter_mut().zip(other.ignored) {
            *count += more;
        }
    }

    /// Messages ignored for this reason.
    pub const fn ignored(&self, reason: Reason) -> u64 {
        self.ignored[reason as usize]
    }

    /// All messages.
    pub fn messages(&self) -> u64 {
        self.applied + self.ignored.iter().sum::<u64>()
    }
}

/// What a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The command is valid and was carried out.
    Apply,
    /// Nothing changed.
    Ignore(Reason),
}

/// One message's way through the machine, without the ballot's other options.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Whether the command counted.
    pub effect: Effect,
    /// The leaf and ballot that the message opens: the command's if in range, else 0 (protocol.md §12.4). A message
    /// that cannot be decrypted opens 0.
    pub state_index: StateIndex,
    /// The option that the message opens, by the same rule, independently of the state index.
    pub vote_option_index: VoteOptionIndex,
    /// The opened leaf before the message.
    pub leaf_before: StateLeaf,
    /// The opened leaf after the message.
    pub leaf_after: StateLeaf,
    /// The opened ballot's nonce before the message.
    pub nonce_before: u64,
    /// The opened ballot's nonce after the message.
    pub nonce_after: u64,
    /// The opened option's weight before the message.
    pub weight_before: u64,
    /// The opened option's weight after the message.
    pub weight_after: u64,
}

impl fmt::Debug for Step {
    /// Shows nothing: a step is a plaintext vote and what became of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step").finish_non_exhaustive()
    }
}

/// A [`Step`] with the message it belongs to and the whole ballot: everything that a witness of any layout needs.
#[derive(Clone, PartialEq, Eq)]
pub struct MessageTransition {
    /// Position of the message in the log.
    pub index: u64,
    /// The decrypted message; `None` if its encryption key is off the curve.
    pub command: Option<SignedCommand>,
    /// What happened.
    pub step: Step,
    /// The opened ballot before the message.
    pub ballot_before: Ballot,
    /// The opened ballot after the message.
    pub ballot_after: Ballot,
}

impl fmt::Debug for MessageTransition {
    /// Shows which message it is; the rest is a plaintext vote and what became of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageTransition")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Default)]
struct BallotEntry {
    nonce: u64,
    /// `None` as long as every weight is 0, so that voters who never vote cost nothing.
    votes: Option<Box<[u64]>>,
}

/// The state of a poll between two messages.
#[derive(Clone)]
pub struct Machine {
    params: PollParams,
    leaves: Vec<StateLeaf>,
    ballots: Vec<BallotEntry>,
    blank_votes: Box<[u64]>,
}

impl fmt::Debug for Machine {
    /// Shows the parameters; leaves and ballots are the plaintext state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("params", &self.params)
            .finish_non_exhaustive()
    }
}

impl Machine {
    /// The state before the first processed message: the merged leaves, the blank leaf 0 included, and blank ballots.
    ///
    /// An empty list stands for the blank leaf alone.
    pub fn new(params: PollParams, mut leaves: Vec<StateLeaf>) -> Self {
        if leaves.is_empty() {
            leaves.push(StateLeaf::blank());
        }
        Self {
            params,
            ballots: vec![BallotEntry::default(); leaves.len()],
            leaves,
            blank_votes: vec![0; vote_tree::leaves(params.vote_option_tree_depth)].into(),
        }
    }

    /// The poll's parameters.
    pub const fn params(&self) -> &PollParams {
        &self.params
    }

    /// Number of leaves, the blank leaf included.
    pub fn total_signups(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// All leaves in order.
    pub fn leaves(&self) -> &[StateLeaf] {
        &self.leaves
    }

    /// The weights of a ballot; zeros past the last one.
    pub fn votes(&self, index: u64) -> &[u64] {
        self.entry(index)
            .and_then(|entry| entry.votes.as_deref())
            .unwrap_or(&self.blank_votes)
    }

    /// The nonce of a ballot; 0 past the last one.
    pub fn nonce(&self, index: u64) -> u64 {
        self.entry(index).map_or(0, |entry| entry.nonce)
    }

    /// A copy of a ballot; blank past the last one.
    pub fn ballot(&self, index: u64) -> Ballot {
        Ballot {
            nonce: self.nonce(index),
            votes: self.votes(index).to_vec(),
        }
    }

    fn entry(&self, index: u64) -> Option<&BallotEntry> {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.ballots.get(index))
    }

    /// What the machine would do with a decrypted message (`None`: its encryption key is off the curve).
    pub fn step(&self, message: Option<&SignedCommand>) -> Step {
        let Some(signed) = message else {
            return self.opened(
                StateIndex(0),
                VoteOptionIndex(0),
                Effect::Ignore(Reason::EncryptionKey),
            );
        };
        let command = signed.command();
        let in_range = |value: u64, bound: u64| if value < bound { value } else { 0 };
        let state_index = StateIndex(in_range(command.state_index.0, self.total_signups()));
        let option = VoteOptionIndex(in_range(
            command.vote_option_index.0,
            self.params.vote_options,
        ));
        let mut step = self.opened(state_index, option, Effect::Apply);
        match self.judge(signed, &command, &step) {
            Err(reason) => step.effect = Effect::Ignore(reason),
            Ok(balance) => {
                step.leaf_after = StateLeaf {
                    public_key: command.new_public_key,
                    voice_credit_balance: balance,
                };
                step.nonce_after = command.nonce.0;
                step.weight_after = command.new_vote_weight.0;
            }
        }
        step
    }

    /// Processes the next (older) message: decides with [`Self::step`] and carries it out.
    pub fn apply(&mut self, message: Option<&SignedCommand>) -> Step {
        let step = self.step(message);
        self.carry_out(&step);
        step
    }

    /// [`Self::apply`] with copies of the whole ballot.
    pub fn transition(&mut self, index: u64, command: Option<SignedCommand>) -> MessageTransition {
        let step = self.step(command.as_ref());
        let ballot_before = self.ballot(step.state_index.0);
        self.carry_out(&step);
        let ballot_after = self.ballot(step.state_index.0);
        MessageTransition {
            index,
            command,
            step,
            ballot_before,
            ballot_after,
        }
    }

    /// A step that opens these positions and changes nothing.
    fn opened(
        &self,
        state_index: StateIndex,
        vote_option_index: VoteOptionIndex,
        effect: Effect,
    ) -> Step {
        let leaf = self.leaves[state_index.0 as usize];
        let nonce = self.nonce(state_index.0);
        let weight = self
            .votes(state_index.0)
            .get(vote_option_index.0 as usize)
            .copied()
            .unwrap_or(0);
        Step {
            effect,
            state_index,
            vote_option_index,
            leaf_before: leaf,
            leaf_after: leaf,
            nonce_before: nonce,
            nonce_after: nonce,
            weight_before: weight,
            weight_after: weight,
        }
    }

    /// The new balance of a valid command, or the first reason against it.
    fn judge(
        &self,
        signed: &SignedCommand,
        command: &VoteCommand,
        opened: &Step,
    ) -> Result<Fr, Reason> {
        if command.state_index.0 >= self.total_signups() {
            return Err(Reason::StateIndex);
        }
        if !signed.is_signed_by(opened.leaf_before.public_key) {
            return Err(Reason::Signature);
        }
        if opened.nonce_before.checked_add(1) != Some(command.nonce.0) {
            return Err(Reason::Nonce);
        }
        if command.vote_option_index.0 >= self.params.vote_options {
            return Err(Reason::VoteOptionIndex);
        }
        credits_left(
            self.params.mode,
            opened.leaf_before.voice_credit_balance,
            opened.weight_before,
            command.new_vote_weight.0,
        )
    }

    /// Carries out a step that [`Self::step`] decided on this very state.
    pub(crate) fn carry_out(&mut self, step: &Step) {
        if step.effect != Effect::Apply {
            return;
        }
        let index = step.state_index.0 as usize;
        self.leaves[index] = step.leaf_after;
        let entry = &mut self.ballots[index];
        entry.nonce = step.nonce_after;
        if step.weight_after != step.weight_before {
            let votes = entry.votes.get_or_insert_with(|| self.blank_votes.clone());
            // D8: in every mode only the addressed option changes.
            votes[step.vote_option_index.0 as usize] = step.weight_after;
        }
    }
}

/// The balance after the vote, compared exactly over the integers (D9): the sum has at most 255 bits, so nothing wraps.
fn credits_left(mode: Mode, balance: Fr, current: u64, new: u64) -> Result<Fr, Reason> {
    let cost = |weight: u64| {
        let cost = u128::from(weight)
            * if mode == Mode::Qv {
                u128::from(weight)
            } else {
                1
            };
        BigInt::<4>([cost as u64, (cost >> 64) as u64, 0, 0])
    };
    let mut left = balance.into_bigint();
    left.add_with_carry(&cost(current));
    if left.sub_with_borrow(&cost(new)) {
        return Err(Reason::InsufficientCredits);
    }
    if mode == Mode::Full && !left.is_zero() {
        return Err(Reason::UnspentCredits);
    }
    // balance + Σ spent is constant per leaf and below p (protocol.md §12), so `left` is canonical; the reduction is
    // written so that a leaf outside that invariant has a defined result too.
    Ok(Fr::from_bigint(left)
        .unwrap_or_else(|| balance + square_or_same(mode, current) - square_or_same(mode, new)))
}

fn square_or_same(mode: Mode, weight: u64) -> Fr {
    let weight = Fr::from(weight);
    if mode == Mode::Qv {
        weight * weight
    } else {
        weight
    }
}

/// Runs a whole poll, newest message first, and returns every transition.
///
/// Needs memory for every ballot copy; [`crate::layout::Processing`] streams instead.
pub fn process(log: &PollLog, key: &CoordinatorKey) -> Vec<MessageTransition> {
    let mut machine = Machine::new(log.params, log.leaves.clone());
    let numbered = (0u64..).zip(&log.messages);
    numbered
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .map(|(index, message)| machine.transition(index, message.decrypt(key)))
        .collect()
}
