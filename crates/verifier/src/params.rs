//! The parameters of a poll: tree depths, batch sizes, number of options and voting mode.
//!
//! They decide which circuits prove the poll, so every limit is checked once, here, when the value is made.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::circuit_id::CircuitId;

/// The greatest supported depth of the state tree: state indices fit 32 bits.
pub const MAX_STATE_TREE_DEPTH: u8 = 32;
/// The greatest depth of the vote option tree: MACI holds five empty ballot roots, for depths 1 to 5.
pub const MAX_VOTE_OPTION_TREE_DEPTH: u8 = 5;

/// How votes are paid for, with MACI's numbers (`DomainObjs.sol`, `Mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Mode {
    /// Quadratic voting: a weight w costs w² credits.
    Qv = 0,
    /// A weight w costs w credits.
    NonQv = 1,
    /// All credits go to one option.
    Full = 2,
}

impl Mode {
    /// The number that MACI's contracts use for the mode.
    pub const fn as_u8(self) -> u8 {
        match self {
            Self::Qv => 0,
            Self::NonQv => 1,
            Self::Full => 2,
        }
    }

    /// The mode with this number in MACI's contracts.
    pub const fn from_u8(value: u8) -> Option<Self> {
        match value {
            0 => Some(Self::Qv),
            1 => Some(Self::NonQv),
            2 => Some(Self::Full),
            _ => None,
        }
    }

    /// The mode of the tally circuit: polls in FULL mode are tallied by `VoteTallyNonQv`, protocol.md §10.
    #[must_use]
    pub const fn tally_mode(self) -> Self {
        match self {
            Self::Qv => Self::Qv,
            Self::NonQv | Self::Full => Self::NonQv,
        }
    }

    /// Whether the tally commits to the credits spent for each option; only quadratic voting does.
    pub const fn has_per_option_spent(self) -> bool {
        matches!(self, Self::Qv)
    }

    /// The mode's spelling in circuit names: `qv`, `nonqv`, `full`.
    pub(crate) const fn token(self) -> &'static str {
        match self {
            Self::Qv => "qv",
            Self::NonQv => "nonqv",
            Self::Full => "full",
        }
    }

    pub(crate) fn from_token(token: &str) -> Option<Self> {
        match token {
            "qv" => Some(Self::Qv),
            "nonqv" => Some(Self::NonQv),
            "full" => Some(Self::Full),
            _ => None,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Qv => "qv",
            Self::NonQv => "non-qv",
            Self::Full => "full",
        })
    }
}

impl FromStr for Mode {
    type Err = ParamsError;

    fn from_str(text: &str) -> Result<Self, ParamsError> {
        match text {
            "qv" => Ok(Self::Qv),
            "non-qv" => Ok(Self::NonQv),
            "full" => Ok(Self::Full),
            _ => Err(ParamsError::Mode { found: text.into() }),
        }
    }
}

/// A poll parameter outside what MACI's contracts and circuits can hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// The mode is none of MACI's three.
    #[error("mode must be qv, non-qv or full, found {found}")]
    Mode {
        /// What was given.
        found: String,
    },
    /// The state tree depth is zero or too large.
    #[error("state tree depth must be 1 to {MAX_STATE_TREE_DEPTH}, found {found}")]
    StateTreeDepth {
        /// What was given.
        found: u8,
    },
    /// A tally batch must be smaller than the state tree (protocol.md §13).
    #[error(
        "tally processing state tree depth must be below the state tree depth {state_tree_depth}, found {found}"
    )]
    TallyDepth {
        /// The depth of the state tree.
        state_tree_depth: u8,
        /// What was given.
        found: u8,
    },
    /// The vote option tree depth is zero or above MACI's five.
    #[error("vote option tree depth must be 1 to {MAX_VOTE_OPTION_TREE_DEPTH}, found {found}")]
    VoteOptionTreeDepth {
        /// What was given.
        found: u8,
    },
    /// Batches hold at least one message.
    #[error("message batch size must be 1 to 255, found 0")]
    MessageBatchSize,
    /// More options than leaves in the vote option tree, or none.
    #[error("vote options must be 1 to {max}, found {found}")]
    VoteOptions {
        /// The number of leaves of the vote option tree.
        max: u64,
        /// What was given.
        found: u64,
    },
    /// A text that names no circuit.
    #[error("expected a circuit id such as message-processor-qv-10-20-2, found {found}")]
    CircuitId {
        /// What was given.
        found: String,
    },
}

/// What a poll was deployed with. Fields are public to read in patterns; [`PollParams::validate`] is called by every
/// reader of outside data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "std", serde(try_from = "RawParams", deny_unknown_fields))]
pub struct PollParams {
    /// D: depth of the poll state tree and of the ballot tree.
    pub state_tree_depth: u8,
    /// A tally batch holds T = 2^this ballots.
    pub tally_processing_state_tree_depth: u8,
    /// v: depth of the quinary vote option tree.
    pub vote_option_tree_depth: u8,
    /// B: messages in a processing batch.
    pub message_batch_size: u8,
    /// Number of options that can be voted for, at most 5^v.
    pub vote_options: u64,
    /// How votes are paid for.
    pub mode: Mode,
}

impl PollParams {
    /// Checks every limit and returns the parameters unchanged.
    pub fn validate(self) -> Result<Self, ParamsError> {
        let depth = self.state_tree_depth;
        if depth == 0 || depth > MAX_STATE_TREE_DEPTH {
            return Err(ParamsError::StateTreeDepth { found: depth });
        }
        if self.tally_processing_state_tree_depth >= depth {
            return Err(ParamsError::TallyDepth {
                state_tree_depth: depth,
                found: self.tally_processing_state_tree_depth,
            });
        }
        let v = self.vote_option_tree_depth;
        if v == 0 || v > MAX_VOTE_OPTION_TREE_DEPTH {
            return Err(ParamsError::VoteOptionTreeDepth { found: v });
        }
        if self.message_batch_size == 0 {
            return Err(ParamsError::MessageBatchSize);
        }
        let max = self.max_vote_options();
        if self.vote_options == 0 || self.vote_options > max {
            return Err(ParamsError::VoteOptions {
                max,
                found: self.vote_options,
            });
        }
        Ok(self)
    }

    /// 5^v: leaves of the vote option tree and length of a ballot.
    pub fn max_vote_options(&self) -> u64 {
        5u64.saturating_pow(u32::from(self.vote_option_tree_depth))
    }

    /// T = 2^(tally depth): ballots in a tally batch.
    pub fn tally_batch_size(&self) -> u64 {
        1u64.checked_shl(u32::from(self.tally_processing_state_tree_depth))
            .unwrap_or(u64::MAX)
    }

    /// 2^D: leaves of the poll state tree.
    pub fn max_state_leaves(&self) -> u64 {
        1u64.checked_shl(u32::from(self.state_tree_depth))
            .unwrap_or(u64::MAX)
    }

    /// Number of processing batches for that many messages, ceil(n / B) (protocol.md §7).
    pub fn message_batches(&self, num_messages: u64) -> u64 {
        num_messages.div_ceil(u64::from(self.message_batch_size).max(1))
    }

    /// Number of tally batches for that many state leaves, the blank leaf included: ceil(n / T) (protocol.md §13).
    pub fn tally_batches(&self, total_signups: u64) -> u64 {
        total_signups.div_ceil(self.tally_batch_size())
    }

    /// The circuit that processes this poll's message batches.
    pub fn process_circuit(&self) -> CircuitId {
        CircuitId::MessageProcessor {
            mode: self.mode,
            state_tree_depth: self.state_tree_depth,
            message_batch_size: self.message_batch_size,
            vote_option_tree_depth: self.vote_option_tree_depth,
        }
    }

    /// The circuit that tallies this poll's ballots.
    pub fn tally_circuit(&self) -> CircuitId {
        CircuitId::VoteTally {
            mode: self.mode.tally_mode(),
            state_tree_depth: self.state_tree_depth,
            tally_processing_state_tree_depth: self.tally_processing_state_tree_depth,
            vote_option_tree_depth: self.vote_option_tree_depth,
        }
    }

    /// The circuit with which voters join this poll.
    pub fn joining_circuit(&self) -> CircuitId {
        CircuitId::PollJoining {
            state_tree_depth: self.state_tree_depth,
        }
    }

    /// The circuit with which voters show that they have joined this poll.
    pub fn joined_circuit(&self) -> CircuitId {
        CircuitId::PollJoined {
            state_tree_depth: self.state_tree_depth,
        }
    }
}

/// The JSON form before its limits are checked.
#[cfg(feature = "std")]
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParams {
    state_tree_depth: u8,
    tally_processing_state_tree_depth: u8,
    vote_option_tree_depth: u8,
    message_batch_size: u8,
    vote_options: u64,
    mode: Mode,
}

#[cfg(feature = "std")]
impl TryFrom<RawParams> for PollParams {
    type Error = ParamsError;

    fn try_from(raw: RawParams) -> Result<Self, ParamsError> {
        Self {
            state_tree_depth: raw.state_tree_depth,
            tally_processing_state_tree_depth: raw.tally_processing_state_tree_depth,
            vote_option_tree_depth: raw.vote_option_tree_depth,
            message_batch_size: raw.message_batch_size,
            vote_options: raw.vote_options,
            mode: raw.mode,
        }
        .validate()
    }
}

#[cfg(feature = "std")]
impl serde::Serialize for Mode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "std")]
impl<'de> serde::Deserialize<'de> for Mode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::json::from_str(deserializer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn recorded() -> PollParams {
        PollParams {
            state_tree_depth: 10,
            tally_processing_state_tree_depth: 1,
            vote_option_tree_depth: 2,
            message_batch_size: 20,
            vote_options: 25,
            mode: Mode::Qv,
        }
    }

    #[test]
    fn limits_are_named() {
        let good = recorded();
        assert_eq!(good.validate(), Ok(good));
        let d0 = PollParams {
            state_tree_depth: 0,
            ..good
        };
        assert!(matches!(
            d0.validate(),
            Err(ParamsError::StateTreeDepth { found: 0 })
        ));
        let t = PollParams {
            tally_processing_state_tree_depth: 10,
            ..good
        };
        assert!(matches!(t.validate(), Err(ParamsError::TallyDepth { .. })));
        let v = PollParams {
            vote_option_tree_depth: 6,
            ..good
        };
        assert!(matches!(
            v.validate(),
            Err(ParamsError::VoteOptionTreeDepth { found: 6 })
        ));
        let b = PollParams {
            message_batch_size: 0,
            ..good
        };
        assert_eq!(b.validate(), Err(ParamsError::MessageBatchSize));
        let o = PollParams {
            vote_options: 26,
            ..good
        };
        assert_eq!(
            o.validate(),
            Err(ParamsError::VoteOptions { max: 25, found: 26 })
        );
    }

    #[test]
    fn batch_counts_round_up() {
        let params = recorded();
        assert_eq!(params.message_batches(24), 2);
        assert_eq!(params.message_batches(20), 1);
        assert_eq!(params.message_batches(21), 2);
        assert_eq!(params.tally_batches(6), 3);
        assert_eq!(params.tally_batches(7), 4);
    }

    #[test]
    fn json_checks_the_limits() {
        let text = serde_json::to_string(&recorded()).unwrap();
        assert_eq!(
            serde_json::from_str::<PollParams>(&text).unwrap(),
            recorded()
        );
        let bad = text.replace("\"vote_options\":25", "\"vote_options\":26");
        let error = serde_json::from_str::<PollParams>(&bad)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("vote options must be 1 to 25, found 26"),
            "{error}"
        );
    }
}
