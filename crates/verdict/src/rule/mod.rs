//! From a tally to a payout: the rule that a market declares before the poll starts (settlement.md §2.6).
//!
//! The rule stands in this crate and not in `maci-settlement` because a verdict carries its result: who re-checks a
//! verdict offline evaluates the rule again and needs no market for it. The market pins the rule through [`Terms::hash`],
//! which is part of the market id, and refuses a verdict that was judged under other terms.

mod codec;
mod evaluate;
mod numerators;

use std::fmt;

use alloy_primitives::{B256, U256, keccak256};

pub use numerators::{DENOMINATOR, Numerators, apportion};

/// Fewest outcome slots of a market: one slot would decide nothing.
pub const MIN_OUTCOMES: usize = 2;
/// Most outcome slots: what Conditional Tokens can hold (settlement.md §2.8).
pub const MAX_OUTCOMES: usize = 256;

/// What is compared. Under quadratic voting the two differ: votes are roots, credits their squares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Measure {
    /// The vote weights, summed per option.
    Votes,
    /// The voice credits spent per option. Outside quadratic voting they equal the votes.
    Credits,
}

/// Where the question map sends a vote option.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// An outcome slot of the market.
    Slot(u16),
    /// The question has no answer: the market's void policy applies.
    Invalid,
    /// The question cannot be answered yet: the next pinned poll decides.
    TooEarly,
}

/// What happens when several options lead a plurality.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tie {
    /// The tied options share equally.
    Split,
    /// The market is void.
    Void,
    /// This option wins, tied or not.
    StatusQuo(u16),
}

/// How the leading answer is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// All to the option with the most.
    Plurality {
        /// What a tie means; never silently the lowest index.
        tie: Tie,
    },
    /// The option wins iff its share of the total is at least `numerator / denominator`.
    Threshold {
        /// The option that must reach the share.
        option: u16,
        /// Share, numerator.
        numerator: u64,
        /// Share, denominator.
        denominator: u64,
        /// Where it goes otherwise.
        fallback: Target,
    },
}

/// A rule without its question map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rule {
    /// What is compared.
    pub measure: Measure,
    /// How the answer is found.
    pub method: Method,
    /// Void below this many spent credits, if declared. MACI proves spent credits, never a number of voters.
    pub min_spent: Option<u128>,
}

/// A rule together with the question map: everything that turns a tally into a payout. Its fields are checked against
/// each other when it is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    rule: Rule,
    outcomes: u16,
    map: Vec<Target>,
}

/// Terms that contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TermsError {
    /// Too few or too many outcome slots.
    #[error("expected {MIN_OUTCOMES} to {MAX_OUTCOMES} outcomes, found {found}")]
    Outcomes {
        /// The number given.
        found: usize,
    },
    /// A slot that the market does not have.
    #[error("expected a slot below {outcomes}, found slot {slot}")]
    Slot {
        /// The slot given.
        slot: u16,
        /// Outcome slots of the market.
        outcomes: u16,
    },
    /// An option that the poll does not have.
    #[error("expected an option below {options}, found option {option}")]
    Option {
        /// The option given.
        option: u16,
        /// Vote options in the map.
        options: usize,
    },
    /// No option at all, or more than a vote option tree holds.
    #[error("expected 1 to 3125 vote options in the question map, found {found}")]
    Map {
        /// The number given.
        found: usize,
    },
    /// No option leads to a slot, so nothing could ever be paid.
    #[error("expected at least one option that leads to a slot, found none")]
    NoSlot,
    /// The threshold is no share.
    #[error("expected a share above 0 and at most 1, found {numerator}/{denominator}")]
    Share {
        /// Numerator given.
        numerator: u64,
        /// Denominator given.
        denominator: u64,
    },
}

impl Terms {
    /// Checks the parts against each other.
    pub fn new(rule: Rule, outcomes: usize, map: Vec<Target>) -> Result<Self, TermsError> {
        if !(MIN_OUTCOMES..=MAX_OUTCOMES).contains(&outcomes) {
            return Err(TermsError::Outcomes { found: outcomes });
        }
        // 3125 = 5^5, the largest vote option tree of MACI.
        if map.is_empty() || map.len() > 3125 {
            return Err(TermsError::Map { found: map.len() });
        }
        let outcomes = outcomes as u16;
        let slot_fits = |target: Target| match target {
            Target::Slot(slot) if slot >= outcomes => Err(TermsError::Slot { slot, outcomes }),
            _ => Ok(()),
        };
        let option_fits = |option: u16| {
            if usize::from(option) < map.len() {
                Ok(())
            } else {
                Err(TermsError::Option {
                    option,
                    options: map.len(),
                })
            }
        };
        map.iter().try_for_each(|target| slot_fits(*target))?;
        if !map.iter().any(|target| matches!(target, Target::Slot(_))) {
            return Err(TermsError::NoSlot);
        }
        match rule.method {
            Method::Plurality {
                tie: Tie::StatusQuo(option),
            } => option_fits(option)?,
            Method::Plurality { .. } => {}
            Method::Threshold {
                option,
                numerator,
                denominator,
                fallback,
            } => {
                option_fits(option)?;
                slot_fits(fallback)?;
                if numerator == 0 || numerator > denominator {
                    return Err(TermsError::Share {
                        numerator,
                        denominator,
                    });
                }
            }
        }
        Ok(Self {
            rule,
            outcomes,
            map,
        })
    }

    /// The rule.
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Number of outcome slots.
    pub fn outcomes(&self) -> usize {
        usize::from(self.outcomes)
    }

    /// Where each vote option leads.
    pub fn map(&self) -> &[Target] {
        &self.map
    }

    /// `ruleHash` of the verdict: keccak256 of a domain tag and the canonical bytes.
    pub fn hash(&self) -> B256 {
        let mut bytes = b"maci-rs/terms/v1".to_vec();
        bytes.extend(self.to_value().to_bytes());
        keccak256(bytes)
    }
}

/// The part of a proven tally that rules read.
///
/// Balances may be any field element (protocol.md D9), so credits have the width of Solidity's `uint256`; a rule whose
/// arithmetic needs a tighter bound checks it itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyView {
    /// Votes of each option that can be voted for.
    pub results: Vec<u128>,
    /// Credits spent for each option; `None` where they equal the votes (non-quadratic modes).
    pub spent_per_option: Option<Vec<U256>>,
    /// Credits spent in all.
    pub total_spent: U256,
}

/// Why nothing is paid according to the votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum VoidReason {
    /// The measure sums to zero.
    #[error("nobody voted")]
    NoVotes,
    /// Fewer credits were spent than the rule demands.
    #[error("quorum missed: expected at least {min_spent} spent credits, found {spent}")]
    QuorumMissed {
        /// What the rule demands.
        min_spent: u128,
        /// What was proven.
        spent: U256,
    },
    /// Options tie and the rule says that a tie is void, or they cannot share.
    #[error("options tie")]
    Tie,
    /// The leading answer is that the question is invalid.
    #[error("judged invalid")]
    Invalid,
}

/// What a tally means for a market.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resolution {
    /// Slots are paid in these proportions.
    Payout(Numerators),
    /// The market's void policy applies.
    Void(VoidReason),
    /// The next pinned poll decides.
    TooEarly,
}

impl Resolution {
    /// The numerators, empty when nothing is paid by the votes.
    pub fn numerators(&self) -> &[u64] {
        match self {
            Self::Payout(numerators) => numerators.as_slice(),
            Self::Void(_) | Self::TooEarly => &[],
        }
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Payout(_) => f.write_str("payout"),
            Self::Void(reason) => write!(f, "void: {reason}"),
            Self::TooEarly => f.write_str("too early"),
        }
    }
}

/// A tally that a rule cannot read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The poll has another number of options than the question map.
    #[error("{what}: expected {expected} options, as in the question map, found {found}")]
    Options {
        /// Which list.
        what: &'static str,
        /// Options in the map.
        expected: usize,
        /// Options in the tally.
        found: usize,
    },
    /// The total is too large for a threshold's products to fit 256 bits. No proven tally comes near it.
    #[error("expected a total below 2^192, which a threshold compares in 256 bits")]
    TotalOverflow,
}

/// A resolution and, in words, how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evaluation {
    /// What the tally means.
    pub resolution: Resolution,
    /// One sentence a step, for people.
    pub reasons: Vec<String>,
}
