//! Warnings about polls whose result says too much about single voters (security.md O-12).
//!
//! Encryption hides votes from everyone but the coordinator, yet the published result itself can give them away: with one
//! voter the tally *is* the vote, and a unanimous tally tells what everybody voted. Nothing is refused; the caller shows the
//! warnings before the tally leaves the machine.

use core::fmt;

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
        }
    }
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
