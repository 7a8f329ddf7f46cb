//! Statements: the typed public inputs of every circuit, in the order of MACI's contracts (protocol.md §10).
//!
//! The order here is the order in which a circuit allocates its inputs and in which the contracts list them. It is
//! frozen by a snapshot test (V-26).

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use ark_ff::PrimeField;
use maci_crypto::Fr;
use maci_crypto::babyjubjub::RawPoint;

use crate::circuit_id::CircuitId;
use crate::error::{Error, Malformed};
use crate::newtypes::{
    ChainHash, Nullifier, PublicKeyHash, SbCommitment, StateRoot, TallyCommitment,
};

/// What a statement is about, without the circuit's parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatementKind {
    /// See [`PollJoining`].
    PollJoining,
    /// See [`PollJoined`].
    PollJoined,
    /// See [`ProcessBatch`].
    ProcessBatch,
    /// See [`TallyBatch`].
    TallyBatch,
}

impl fmt::Display for StatementKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PollJoining => "poll-joining",
            Self::PollJoined => "poll-joined",
            Self::ProcessBatch => "message-processor",
            Self::TallyBatch => "vote-tally",
        })
    }
}

impl CircuitId {
    /// The kind of statement that this circuit proves.
    pub const fn statement_kind(&self) -> StatementKind {
        match self {
            Self::PollJoining { .. } => StatementKind::PollJoining,
            Self::PollJoined { .. } => StatementKind::PollJoined,
            Self::MessageProcessor { .. } => StatementKind::ProcessBatch,
            Self::VoteTally { .. } => StatementKind::TallyBatch,
        }
    }
}

/// A typed list of public inputs.
pub trait Statement {
    /// The kind of circuit that proves such a statement.
    fn kind(&self) -> StatementKind;

    /// The public inputs in the contracts' order.
    fn public_inputs(&self) -> Vec<Fr>;

    /// Reads the public inputs back, refusing a wrong number of them and counts that are no 64-bit numbers.
    fn from_public_inputs(inputs: &[Fr]) -> Result<Self, Error>
    where
        Self: Sized;

    /// Checks that the statement belongs to a circuit of this identity and that its counts fit the circuit's parameters.
    ///
    /// The circuit relies on some of these limits: that a batch holds at most B messages is guaranteed by the contract
    /// on chain and by this check off chain (protocol.md §7).
    fn check_against(&self, circuit: &CircuitId) -> Result<(), Error> {
        same_kind(self.kind(), *circuit)
    }
}

fn same_kind(kind: StatementKind, circuit: CircuitId) -> Result<(), Error> {
    if circuit.statement_kind() == kind {
        Ok(())
    } else {
        Err(Error::WrongKey {
            expected: circuit,
            found: kind,
        })
    }
}

fn at_most(circuit: CircuitId, input: &'static str, found: u64, max: u64) -> Result<(), Error> {
    if found <= max {
        Ok(())
    } else {
        Err(Error::OutOfRange {
            circuit,
            input,
            max,
            found,
        })
    }
}

fn power(base: u64, exponent: u8) -> u64 {
    base.saturating_pow(u32::from(exponent))
}

fn small(value: &Fr, what: &'static str) -> Result<u64, Error> {
    match value.into_bigint().0 {
        [low, 0, 0, 0] => Ok(low),
        _ => Err(Malformed::Range { what }.into()),
    }
}

fn exactly<const N: usize>(inputs: &[Fr]) -> Result<&[Fr; N], Error> {
    inputs.try_into().map_err(|_| Error::InputCount {
        expected: N,
        found: inputs.len(),
    })
}

/// The statement of one batch of messages: applying messages `[index, batch_end_index)` of the chain that ends in
/// `output_batch_hash`, newest first, turns the committed state into the new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(deny_unknown_fields))]
pub struct ProcessBatch {
    /// Leaves of the poll state tree, the blank leaf included.
    pub total_signups: u64,
    /// The chain hash after this batch's last message.
    pub output_batch_hash: ChainHash,
    /// Depth of the merged poll state tree.
    pub actual_state_tree_depth: u64,
    /// Hash of the coordinator's public key.
    pub coordinator_public_key_hash: PublicKeyHash,
    /// Number of options that can be voted for.
    pub vote_options: u64,
    /// The commitment before this batch.
    pub current_sb_commitment: SbCommitment,
    /// The commitment after this batch.
    pub new_sb_commitment: SbCommitment,
    /// Position of the batch's first message.
    pub index: u64,
    /// Position after the batch's last message.
    pub batch_end_index: u64,
}

impl Statement for ProcessBatch {
    fn kind(&self) -> StatementKind {
        StatementKind::ProcessBatch
    }

    fn public_inputs(&self) -> Vec<Fr> {
        vec![
            Fr::from(self.total_signups),
            self.output_batch_hash.0,
            Fr::from(self.actual_state_tree_depth),
            self.coordinator_public_key_hash.0,
            Fr::from(self.vote_options),
            self.current_sb_commitment.0,
            self.new_sb_commitment.0,
            Fr::from(self.index),
            Fr::from(self.batch_end_index),
        ]
    }

    fn from_public_inputs(inputs: &[Fr]) -> Result<Self, Error> {
        let [
            total_signups,
            output_batch_hash,
            actual_depth,
            key_hash,
            vote_options,
            current,
            new,
            index,
            end,
        ] = exactly::<9>(inputs)?;
        Ok(Self {
            total_signups: small(total_signups, "total_signups")?,
            output_batch_hash: ChainHash(*output_batch_hash),
            actual_state_tree_depth: small(actual_depth, "actual_state_tree_depth")?,
            coordinator_public_key_hash: PublicKeyHash(*key_hash),
            vote_options: small(vote_options, "vote_options")?,
            current_sb_commitment: SbCommitment(*current),
            new_sb_commitment: SbCommitment(*new),
            index: small(index, "index")?,
            batch_end_index: small(end, "batch_end_index")?,
        })
    }

    fn check_against(&self, circuit: &CircuitId) -> Result<(), Error> {
        same_kind(self.kind(), *circuit)?;
        let CircuitId::MessageProcessor {
            state_tree_depth,
            message_batch_size,
            vote_option_tree_depth,
            ..
        } = *circuit
        else {
            return Ok(());
        };
        let leaves = power(2, state_tree_depth);
        at_most(*circuit, "total_signups", self.total_signups, leaves)?;
        at_most(
            *circuit,
            "actual_state_tree_depth",
            self.actual_state_tree_depth,
            u64::from(state_tree_depth),
        )?;
        let options = power(5, vote_option_tree_depth);
        at_most(*circuit, "vote_options", self.vote_options, options)?;
        at_most(*circuit, "index", self.index, self.batch_end_index)?;
        let last = self.index.saturating_add(u64::from(message_batch_size));
        at_most(*circuit, "batch_end_index", self.batch_end_index, last)
    }
}

/// The statement of one batch of ballots: adding the ballots from `index` on turns the committed results into the new
/// ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(deny_unknown_fields))]
pub struct TallyBatch {
    /// The commitment after the last proved message batch.
    pub sb_commitment: SbCommitment,
    /// The commitment before this batch; zero for the first.
    pub current_tally_commitment: TallyCommitment,
    /// The commitment after this batch.
    pub new_tally_commitment: TallyCommitment,
    /// Position of the batch's first ballot.
    pub index: u64,
    /// Leaves of the poll state tree, the blank leaf included.
    pub total_signups: u64,
}

impl Statement for TallyBatch {
    fn kind(&self) -> StatementKind {
        StatementKind::TallyBatch
    }

    fn public_inputs(&self) -> Vec<Fr> {
        vec![
            self.sb_commitment.0,
            self.current_tally_commitment.0,
            self.new_tally_commitment.0,
            Fr::from(self.index),
            Fr::from(self.total_signups),
        ]
    }

    fn from_public_inputs(inputs: &[Fr]) -> Result<Self, Error> {
        let [sb, current, new, index, total_signups] = exactly::<5>(inputs)?;
        Ok(Self {
            sb_commitment: SbCommitment(*sb),
            current_tally_commitment: TallyCommitment(*current),
            new_tally_commitment: TallyCommitment(*new),
            index: small(index, "index")?,
            total_signups: small(total_signups, "total_signups")?,
        })
    }

    fn check_against(&self, circuit: &CircuitId) -> Result<(), Error> {
        same_kind(self.kind(), *circuit)?;
        let CircuitId::VoteTally {
            state_tree_depth, ..
        } = *circuit
        else {
            return Ok(());
        };
        let leaves = power(2, state_tree_depth);
        at_most(*circuit, "total_signups", self.total_signups, leaves)?;
        at_most(*circuit, "index", self.index, self.total_signups)
    }
}

/// The statement of joining a poll: the owner of `poll_public_key` signed up under `state_root` and has this nullifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollJoining {
    /// The key that will vote.
    pub poll_public_key: RawPoint,
    /// `H2(private key, poll id)`.
    pub nullifier: Nullifier,
    /// A root that the sign-up tree had.
    pub state_root: StateRoot,
    /// The poll that is joined.
    pub poll_id: Fr,
}

impl Statement for PollJoining {
    fn kind(&self) -> StatementKind {
        StatementKind::PollJoining
    }

    fn public_inputs(&self) -> Vec<Fr> {
        vec![
            self.poll_public_key.x,
            self.poll_public_key.y,
            self.nullifier.0,
            self.state_root.0,
            self.poll_id,
        ]
    }

    fn from_public_inputs(inputs: &[Fr]) -> Result<Self, Error> {
        let [x, y, nullifier, state_root, poll_id] = exactly::<5>(inputs)?;
        Ok(Self {
            poll_public_key: RawPoint { x: *x, y: *y },
            nullifier: Nullifier(*nullifier),
            state_root: StateRoot(*state_root),
            poll_id: *poll_id,
        })
    }
}

/// The statement of having joined: the prover's leaf lies under `state_root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PollJoined {
    /// A root or node recorded when the leaf was inserted.
    pub state_root: StateRoot,
}

impl Statement for PollJoined {
    fn kind(&self) -> StatementKind {
        StatementKind::PollJoined
    }

    fn public_inputs(&self) -> Vec<Fr> {
        vec![self.state_root.0]
    }

    fn from_public_inputs(inputs: &[Fr]) -> Result<Self, Error> {
        let [state_root] = exactly::<1>(inputs)?;
        Ok(Self {
            state_root: StateRoot(*state_root),
        })
    }
}

/// A statement of any kind, for lists that mix them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnyStatement {
    /// See [`PollJoining`].
    PollJoining(PollJoining),
    /// See [`PollJoined`].
    PollJoined(PollJoined),
    /// See [`ProcessBatch`].
    Process(ProcessBatch),
    /// See [`TallyBatch`].
    Tally(TallyBatch),
}

impl AnyStatement {
    /// Reads the public inputs of a circuit.
    pub fn read(circuit: &CircuitId, inputs: &[Fr]) -> Result<Self, Error> {
        Ok(match circuit.statement_kind() {
            StatementKind::PollJoining => {
                Self::PollJoining(PollJoining::from_public_inputs(inputs)?)
            }
            StatementKind::PollJoined => Self::PollJoined(PollJoined::from_public_inputs(inputs)?),
            StatementKind::ProcessBatch => Self::Process(ProcessBatch::from_public_inputs(inputs)?),
            StatementKind::TallyBatch => Self::Tally(TallyBatch::from_public_inputs(inputs)?),
        })
    }

    /// The kind of circuit that proves this statement.
    pub fn kind(&self) -> StatementKind {
        self.inner().kind()
    }

    /// The public inputs in the contracts' order.
    pub fn public_inputs(&self) -> Vec<Fr> {
        self.inner().public_inputs()
    }

    /// The statement behind the enum.
    pub fn inner(&self) -> &dyn Statement {
        match self {
            Self::PollJoining(s) => s,
            Self::PollJoined(s) => s,
            Self::Process(s) => s,
            Self::Tally(s) => s,
        }
    }
}
