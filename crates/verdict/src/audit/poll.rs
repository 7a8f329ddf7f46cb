//! A poll whose audit passed: the input of every verdict.

use std::fmt;

use alloy_primitives::B256;
use maci_verifier::{ChainHash, SbCommitment, StateRoot, TallyCommitment};

use crate::pins::PollPins;
use crate::rule::TallyView;
use crate::verdict::Grade;

/// A block that the bundle's maker vouches for; the verifier compares it with a chain that it trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Anchor {
    /// Block number.
    pub number: u64,
    /// Block hash.
    pub hash: B256,
}

/// Something that is no fault and that a reader should know before relying on a tally (security.md O-12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Warning {
    /// The keys' secrets are known to everyone, so anyone can forge such proofs.
    InsecureDevKeys,
    /// Nobody joined.
    NobodyJoined,
    /// One voter: the tally is that voter's ballot.
    OneVoter,
    /// So few voters that a tally may show who voted how.
    SmallElectorate {
        /// Users who joined.
        joined: u64,
        /// Below this many the warning is given.
        fewer_than: u64,
    },
    /// All votes went to one option, so every voter's vote is known.
    Unanimous {
        /// The option.
        option: u64,
    },
    /// A replayed log shows a join with a key that never signed up (security.md C-07). One warning for each.
    JoinedWithoutSignup {
        /// The joined leaf.
        state_index: u64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InsecureDevKeys => {
                f.write_str("insecure development keys: anyone can forge proofs for them, so this proves nothing to others")
            }
            Self::NobodyJoined => f.write_str("nobody joined the poll"),
            Self::OneVoter => f.write_str("one user joined, so the tally is that user's ballot"),
            Self::SmallElectorate { joined, fewer_than } => write!(
                f,
                "only {joined} users joined, fewer than {fewer_than}: the tally may show who voted how"
            ),
            Self::Unanimous { option } => {
                write!(f, "all votes went to option {option}, so every voter's vote is known")
            }
            Self::JoinedWithoutSignup { state_index } => write!(
                f,
                "the key that joined as state index {state_index} is not among the recorded sign-ups"
            ),
        }
    }
}

/// A poll that passed every check of its audit. Made by [`crate::audit()`] alone: the fields are private.
///
/// ```compile_fail,E0451
/// use maci_verdict::VerifiedPoll;
/// fn forge(genuine: VerifiedPoll) -> VerifiedPoll {
///     VerifiedPoll { facts: todo!(), ..genuine }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedPoll {
    pub(super) facts: Facts,
}

/// What the audit established; a separate struct so that only this module's parent can wrap it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) pins: PollPins,
    pub(super) merged_state_root: StateRoot,
    pub(super) chain_hash: ChainHash,
    pub(super) total_signups: u64,
    pub(super) num_messages: u64,
    pub(super) sb_commitment: SbCommitment,
    pub(super) tally_commitment: TallyCommitment,
    pub(super) tally: TallyView,
    pub(super) grade: Grade,
    pub(super) insecure_dev: bool,
    pub(super) anchor: Option<Anchor>,
    pub(super) bundle_digest: B256,
    pub(super) warnings: Vec<Warning>,
}

impl VerifiedPoll {
    /// The poll's pins, as the bundle states them: proven in part, compared by the market's gate in whole.
    pub const fn pins(&self) -> &PollPins {
        &self.facts.pins
    }

    /// Root of the merged poll state tree.
    pub const fn merged_state_root(&self) -> StateRoot {
        self.facts.merged_state_root
    }

    /// Chain hash after the last message.
    pub const fn chain_hash(&self) -> ChainHash {
        self.facts.chain_hash
    }

    /// State leaves, the blank leaf included.
    pub const fn total_signups(&self) -> u64 {
        self.facts.total_signups
    }

    /// Users who joined: state leaves without the blank one.
    pub const fn joined(&self) -> u64 {
        self.facts.total_signups.saturating_sub(1)
    }

    /// Messages, the placeholder included.
    pub const fn num_messages(&self) -> u64 {
        self.facts.num_messages
    }

    /// Commitment after the last message batch.
    pub const fn sb_commitment(&self) -> SbCommitment {
        self.facts.sb_commitment
    }

    /// Commitment after the last tally batch.
    pub const fn tally_commitment(&self) -> TallyCommitment {
        self.facts.tally_commitment
    }

    /// Votes and credits of the options that can be voted for.
    pub const fn tally(&self) -> &TallyView {
        &self.facts.tally
    }

    /// How much was established.
    pub const fn grade(&self) -> Grade {
        self.facts.grade
    }

    /// Whether the keys are development keys whose secrets are public.
    pub const fn insecure_dev(&self) -> bool {
        self.facts.insecure_dev
    }

    /// The block that the bundle names.
    pub const fn anchor(&self) -> Option<Anchor> {
        self.facts.anchor
    }

    /// Digest of the audited bundle.
    pub const fn bundle_digest(&self) -> B256 {
        self.facts.bundle_digest
    }

    /// What a reader should know before relying on the tally.
    pub fn warnings(&self) -> &[Warning] {
        &self.facts.warnings
    }
}
