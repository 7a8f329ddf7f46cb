//! The identity of a circuit: its kind and every parameter that changes its constraints.
//!
//! MACI's registry packs an identity into a number that drops the batch size; this one names all parameters, so that
//! two circuits never share a name, a file or a key digest (security.md V-07, K-01).

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use crate::params::{MAX_STATE_TREE_DEPTH, MAX_VOTE_OPTION_TREE_DEPTH, Mode, ParamsError};

/// Kind and parameters of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CircuitId {
    /// A signed-up voter joins a poll.
    PollJoining {
        /// D
        state_tree_depth: u8,
    },
    /// A voter shows a leaf of the poll state tree.
    PollJoined {
        /// D
        state_tree_depth: u8,
    },
    /// One batch of messages.
    MessageProcessor {
        /// Quadratic, non-quadratic or full.
        mode: Mode,
        /// D
        state_tree_depth: u8,
        /// B
        message_batch_size: u8,
        /// v
        vote_option_tree_depth: u8,
    },
    /// One batch of ballots. FULL polls use the non-quadratic tally.
    VoteTally {
        /// `Qv` or `NonQv`.
        mode: Mode,
        /// D
        state_tree_depth: u8,
        /// T = 2^this
        tally_processing_state_tree_depth: u8,
        /// v
        vote_option_tree_depth: u8,
    },
}

const PROCESS_INPUTS: &[&str] = &[
    "total_signups",
    "output_batch_hash",
    "actual_state_tree_depth",
    "coordinator_public_key_hash",
    "vote_options",
    "current_sb_commitment",
    "new_sb_commitment",
    "index",
    "batch_end_index",
];
const TALLY_INPUTS: &[&str] = &[
    "sb_commitment",
    "current_tally_commitment",
    "new_tally_commitment",
    "index",
    "total_signups",
];
const JOINING_INPUTS: &[&str] = &[
    "poll_public_key_x",
    "poll_public_key_y",
    "nullifier",
    "state_root",
    "poll_id",
];
const JOINED_INPUTS: &[&str] = &["state_root"];

impl CircuitId {
    /// Names of the public inputs in the order of MACI's contracts, protocol.md §10. The order is frozen (V-26).
    pub const fn public_input_names(&self) -> &'static [&'static str] {
        match self {
            Self::PollJoining { .. } => JOINING_INPUTS,
            Self::PollJoined { .. } => JOINED_INPUTS,
            Self::MessageProcessor { .. } => PROCESS_INPUTS,
            Self::VoteTally { .. } => TALLY_INPUTS,
        }
    }

    /// Number of public inputs.
    pub const fn public_inputs(&self) -> usize {
        self.public_input_names().len()
    }

    /// Checks the limits that a poll's parameters would have to meet.
    pub fn validate(self) -> Result<Self, ParamsError> {
        let (depth, v) = match self {
            Self::PollJoining { state_tree_depth } | Self::PollJoined { state_tree_depth } => {
                (state_tree_depth, 1)
            }
            Self::MessageProcessor {
                state_tree_depth,
                message_batch_size,
                vote_option_tree_depth,
                ..
            } => {
                if message_batch_size == 0 {
                    return Err(ParamsError::MessageBatchSize);
                }
                (state_tree_depth, vote_option_tree_depth)
            }
            Self::VoteTally {
                mode,
                state_tree_depth,
                tally_processing_state_tree_depth,
                vote_option_tree_depth,
            } => {
                if mode == Mode::Full {
                    return Err(ParamsError::Mode {
                        found: "full for a tally circuit".into(),
                    });
                }
                if tally_processing_state_tree_depth >= state_tree_depth {
                    return Err(ParamsError::TallyDepth {
                        state_tree_depth,
                        found: tally_processing_state_tree_depth,
                    });
                }
                (state_tree_depth, vote_option_tree_depth)
            }
        };
        if depth == 0 || depth > MAX_STATE_TREE_DEPTH {
            return Err(ParamsError::StateTreeDepth { found: depth });
        }
        if v == 0 || v > MAX_VOTE_OPTION_TREE_DEPTH {
            return Err(ParamsError::VoteOptionTreeDepth { found: v });
        }
        Ok(self)
    }
}

impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PollJoining { state_tree_depth } => write!(f, "poll-joining-{state_tree_depth}"),
            Self::PollJoined { state_tree_depth } => write!(f, "poll-joined-{state_tree_depth}"),
            Self::MessageProcessor {
                mode,
                state_tree_depth,
                message_batch_size,
                vote_option_tree_depth,
            } => write!(
                f,
                "message-processor-{}-{state_tree_depth}-{message_batch_size}-{vote_option_tree_depth}",
                mode.token()
            ),
            Self::VoteTally {
                mode,
                state_tree_depth,
                tally_processing_state_tree_depth,
                vote_option_tree_depth,
            } => write!(
                f,
                "vote-tally-{}-{state_tree_depth}-{tally_processing_state_tree_depth}-{vote_option_tree_depth}",
                mode.token()
            ),
        }
    }
}

/// A depth or size in its only spelling: no sign, no leading zero.
fn number(text: &str) -> Option<u8> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    if canonical && digits {
        text.parse().ok()
    } else {
        None
    }
}

fn parse(text: &str) -> Option<CircuitId> {
    if let Some(rest) = text.strip_prefix("poll-joining-") {
        return Some(CircuitId::PollJoining {
            state_tree_depth: number(rest)?,
        });
    }
    if let Some(rest) = text.strip_prefix("poll-joined-") {
        return Some(CircuitId::PollJoined {
            state_tree_depth: number(rest)?,
        });
    }
    let (process, rest) = match text.strip_prefix("message-processor-") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("vote-tally-")?),
    };
    let parts: Vec<&str> = rest.split('-').collect();
    let [mode, first, second, third] = parts.as_slice() else {
        return None;
    };
    let mode = Mode::from_token(mode)?;
    let state_tree_depth = number(first)?;
    let second = number(second)?;
    let vote_option_tree_depth = number(third)?;
    Some(if process {
        CircuitId::MessageProcessor {
            mode,
            state_tree_depth,
            message_batch_size: second,
            vote_option_tree_depth,
        }
    } else {
        CircuitId::VoteTally {
            mode,
            state_tree_depth,
            tally_processing_state_tree_depth: second,
            vote_option_tree_depth,
        }
    })
}

impl FromStr for CircuitId {
    type Err = ParamsError;

    fn from_str(text: &str) -> Result<Self, ParamsError> {
        parse(text)
            .ok_or_else(|| ParamsError::CircuitId { found: text.into() })?
            .validate()
    }
}

#[cfg(feature = "std")]
impl serde::Serialize for CircuitId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "std")]
impl<'de> serde::Deserialize<'de> for CircuitId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::json::from_str(deserializer)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_round_trip_and_have_one_spelling() {
        for name in [
            "message-processor-qv-10-20-2",
            "message-processor-full-10-20-2",
            "message-processor-nonqv-4-1-1",
            "vote-tally-nonqv-10-1-2",
            "vote-tally-qv-10-0-2",
            "poll-joining-10",
            "poll-joined-10",
        ] {
            assert_eq!(name.parse::<CircuitId>().unwrap().to_string(), name);
        }
        for name in [
            "",
            "poll-joining-010",
            "poll-joining-+10",
            "poll-joined-0",
            "poll-joined-10-1",
            "vote-tally-full-10-1-2",
            "vote-tally-qv-10-10-2",
            "message-processor-non-qv-10-20-2",
            "message-processor-qv-10-256-2",
            "message-processor-qv-10-0-2",
            "Message-Processor-qv-10-20-2",
        ] {
            assert!(name.parse::<CircuitId>().is_err(), "{name}");
        }
    }
}
