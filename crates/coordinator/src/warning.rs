//! Warnings: results that say too much about single voters (security.md O-12), a coordinator key that was used before
//! (C-02) and joins that no sign-up accounts for (C-07).
//!
//! Encryption hides votes from everyone but the coordinator, yet the published result itself can give them away: with one
//! voter the tally *is* the vote, and a unanimous tally tells what everybody voted. Nothing is refused; the caller shows the
//! warnings before the tally leaves the machine.

use core::fmt;

use maci_protocol::StateIndex;

/// Why a tally may reveal single votes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Nobody's vote counted: there is nothing to publish but zeros.
    NoVotes,
    /// Exactly one ballot has votes: the tally is that voter's vote.
    OneVoter,
    /// Fewer ballots with votes than the anonymity threshold.
    FewVoters {
        /// Ballots that have votes.
        voters: u64,
        /// The threshold.
        threshold: u64,
    },
    /// Every vote went to one option: the tally says what each voter voted.
    Unanimous {
        /// The option.
        option: u64,
        /// Ballots that have votes.
        voters: u64,
    },
    /// Messages that counted were signed for another poll. Nothing refuses them (D12), but whoever can replay them here
    /// found this poll under a coordinator key that another poll had (security.md C-02).
    ReusedKey {
        /// Messages that counted and name another poll.
        messages: u64,
    },
    /// Keys that joined are not among the recorded sign-ups (security.md C-07).
    JoinedWithoutSignup {
        /// The joined leaves, in order; never empty.
        state_indices: Vec<StateIndex>,
    },
}

impl Warning {
    /// A stable name for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoVotes | Self::OneVoter | Self::FewVoters { .. } | Self::Unanimous { .. } => {
                "small_poll"
            }
            Self::ReusedKey { .. } => "reused_coordinator_key",
            Self::JoinedWithoutSignup { .. } => "joined_without_signup",
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoVotes => write!(f, "no ballot has a vote: the tally is all zeros"),
            Self::OneVoter => write!(
                f,
                "only one ballot has votes: publishing the tally publishes that voter's vote"
            ),
            Self::FewVoters { voters, threshold } => {
                write!(
                    f,
                    "only {voters} ballots have votes, fewer than {threshold}: the tally may reveal single votes"
                )
            }
            Self::Unanimous { option, voters } => {
                write!(
                    f,
                    "all {voters} ballots with votes chose option {option}: the tally reveals each of their votes"
                )
            }
            Self::ReusedKey { messages } => {
                write!(
                    f,
                    "of the messages that counted, {messages} had been signed for another poll: the coordinator key was used before; make one key per poll"
                )
            }
            Self::JoinedWithoutSignup { state_indices } => {
                let list: Vec<String> = state_indices.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "the keys that joined as state index {} are not among the recorded sign-ups",
                    list.join(", ")
                )
            }
        }
    }
}

/// The warning for that many counted messages of other polls.
pub(crate) fn reused_key(messages: u64) -> Option<Warning> {
    (messages > 0).then_some(Warning::ReusedKey { messages })
}

/// The warning for these leaves that joined without a sign-up.
pub(crate) fn joined_without_signup(leaves: &[StateIndex]) -> Option<Warning> {
    (!leaves.is_empty()).then(|| Warning::JoinedWithoutSignup {
        state_indices: leaves.to_vec(),
    })
}

/// The warnings for a tally of `voters` ballots with votes, in which the options `chosen` have votes.
pub fn small_poll(voters: u64, chosen: &[u64], threshold: u64) -> Vec<Warning> {
    match voters {
        0 => return vec![Warning::NoVotes],
        1 => return vec![Warning::OneVoter],
        _ => {}
    }
    let mut warnings = Vec::new();
    if voters < threshold {
        warnings.push(Warning::FewVoters { voters, threshold });
    }
    if let [option] = chosen {
        warnings.push(Warning::Unanimous {
            option: *option,
            voters,
        });
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn o_12_small_polls_warn() {
        assert_eq!(small_poll(0, &[], 5), [Warning::NoVotes]);
        assert_eq!(small_poll(1, &[0], 5), [Warning::OneVoter]);
        assert_eq!(
            small_poll(3, &[0, 1], 5),
            [Warning::FewVoters {
                voters: 3,
                threshold: 5
            }]
        );
        assert_eq!(
            small_poll(9, &[1], 5),
            [Warning::Unanimous {
                option: 1,
                voters: 9
            }]
        );
        assert_eq!(
            small_poll(2, &[1], 5),
            [
                Warning::FewVoters {
                    voters: 2,
                    threshold: 5
                },
                Warning::Unanimous {
                    option: 1,
                    voters: 2
                }
            ]
        );
        assert_eq!(small_poll(5, &[0, 1], 5), []);
    }
}
