//! What makes a specification acceptable, and what deserves a second look.

use std::collections::BTreeSet;

use maci_verdict::rule::Target;
use maci_verdict::{Grade, PollPins};

use super::{MAX_FEE_PPM, MarketSpec, QuestionKind, VoidPolicy};
use crate::types::{AccountId, Amount, Slot, Time};

/// Longest text in a specification, in bytes.
const MAX_TEXT: usize = 4096;

/// A specification that no market can be opened with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// Labels and rule disagree about the number of outcomes.
    #[error("expected {expected} outcome labels, as many slots as the rule has, found {found}")]
    Outcomes {
        /// Slots of the rule.
        expected: usize,
        /// Labels given.
        found: usize,
    },
    /// Two outcomes with one label, or one without.
    #[error("expected a different, non-empty label for each outcome, found {label:?}")]
    Label {
        /// The label.
        label: String,
    },
    /// A text is empty or too long.
    #[error("{field}: expected 1 to {MAX_TEXT} bytes, found {found}")]
    Text {
        /// Which text.
        field: &'static str,
        /// Its length.
        found: usize,
    },
    /// R7: a fact needs a criterion, evidence and an answer "too early".
    #[error("a question of kind fact needs {missing}")]
    Fact {
        /// What is missing.
        missing: &'static str,
    },
    /// R7: nothing is settled without a poll.
    #[error("expected at least one pinned poll, found none")]
    NoPoll,
    /// All polls must be on one chain.
    #[error("poll {poll}: expected chain {expected}, as of the first poll, found {found}")]
    Chain {
        /// Position in the list.
        poll: usize,
        /// Chain of the first poll.
        expected: u64,
        /// Chain of this one.
        found: u64,
    },
    /// The poll offers another number of options than the question map has.
    #[error("poll {poll}: expected {expected} vote options, as in the question map, found {found}")]
    VoteOptions {
        /// Position in the list.
        poll: usize,
        /// Options of the map.
        expected: usize,
        /// Options of the poll.
        found: u64,
    },
    /// R15: trading must be over before the vote begins.
    #[error(
        "poll {poll}: expected a start at or after the close of trading {close_time}, found {start}"
    )]
    PollBeforeClose {
        /// Position in the list.
        poll: usize,
        /// Close of trading.
        close_time: Time,
        /// Start of the poll.
        start: u64,
    },
    /// A poll that ends before it starts, or starts before the one before it has ended.
    #[error(
        "poll {poll}: expected a start before its end and after the end of the poll before, found {start} to {end}"
    )]
    PollOrder {
        /// Position in the list.
        poll: usize,
        /// Its start.
        start: u64,
        /// Its end.
        end: u64,
    },
    /// No time is left to settle.
    #[error(
        "poll {poll}: expected its end {end} and {finality} seconds of finality before the deadline {settle_by}"
    )]
    Deadline {
        /// Position in the list.
        poll: usize,
        /// Its end.
        end: u64,
        /// Finality.
        finality: u64,
        /// The deadline.
        settle_by: Time,
    },
    /// One poll is listed twice.
    #[error("poll {poll} is listed twice")]
    RepeatedPoll {
        /// Position of the second.
        poll: usize,
    },
    /// The fee exceeds the cap.
    #[error("expected a fee of at most {MAX_FEE_PPM} millionths, found {found}")]
    Fee {
        /// The fee given.
        found: u32,
    },
    /// The void slot is no slot.
    #[error("void policy: expected a slot below {outcomes}, found {slot}")]
    InvalidSlot {
        /// The slot given.
        slot: Slot,
        /// Slots of the market.
        outcomes: usize,
    },
    /// R18: executor and coordinator are one without saying so.
    #[error(
        "executor and coordinator are both {account}: declare it with executor_is_coordinator or name two accounts"
    )]
    RolesCoincide {
        /// The account.
        account: AccountId,
    },
    /// A subsidy that nobody provides.
    #[error("a subsidy of {subsidy} needs a market maker")]
    SubsidyWithoutMaker {
        /// The subsidy.
        subsidy: Amount,
    },
    /// One account with two bonds, or a bond of nothing.
    #[error(
        "expected one bond above zero for each account, found another of {amount} for {account}"
    )]
    Bond {
        /// The account.
        account: AccountId,
        /// The amount.
        amount: Amount,
    },
    /// R9: capital would be control.
    #[error(
        "the poll is token-weighted: set accepts_token_weighted to open such a market knowingly"
    )]
    TokenWeighted,
}

/// Something that is allowed and deserves a second look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Lint {
    /// An equal split pays holders of cheap sides, so it rewards invalid questions.
    #[error("void policy uniform rewards invalid questions: holders of cheap outcomes gain")]
    UniformVoid,
    /// No cap by jury size (R15).
    #[error("no value cap: the value settled is not bounded by the size of the jury")]
    NoValueCap,
    /// Development keys are accepted.
    #[error("insecure development keys are accepted: anyone can forge a verdict for this market")]
    InsecureDev,
    /// Executor and coordinator are one.
    #[error("the executor is also the coordinator, who sees every vote")]
    ExecutorIsCoordinator,
    /// Few voters suffice.
    #[error("no quorum: a single vote can settle the market")]
    NoQuorum,
    /// Token weighting was accepted.
    #[error("token-weighted votes: capital is control")]
    TokenWeighted,
    /// A verdict may rest on proofs alone.
    #[error(
        "grade V1 suffices: nothing shows that the proofs are about the poll on chain, so the coordinator is trusted for that"
    )]
    Unanchored,
}

impl MarketSpec {
    /// Checks the specification against itself. A market is only ever made from a valid one.
    pub fn validate(&self) -> Result<(), SpecError> {
        self.check_question()?;
        self.check_polls()?;
        self.check_roles()?;
        if self.fee_ppm > MAX_FEE_PPM {
            return Err(SpecError::Fee {
                found: self.fee_ppm,
            });
        }
        match self.void_policy {
            VoidPolicy::InvalidSlot(slot) if slot.index() >= self.outcomes.len() => {
                Err(SpecError::InvalidSlot {
                    slot,
                    outcomes: self.outcomes.len(),
                })
            }
            _ => Ok(()),
        }
    }

    fn check_question(&self) -> Result<(), SpecError> {
        let (expected, found) = (self.terms.outcomes(), self.outcomes.len());
        if expected != found {
            return Err(SpecError::Outcomes { expected, found });
        }
        let mut labels = BTreeSet::new();
        for label in &self.outcomes {
            if label.is_empty() || label.len() > MAX_TEXT || !labels.insert(label) {
                return Err(SpecError::Label {
                    label: label.chars().take(80).collect(),
                });
            }
        }
        let question = &self.question;
        let texts = [
            ("question", &question.text, 1),
            ("criterion", &question.criterion, 0),
            ("evidence", &question.evidence, 0),
            ("collateral", &self.collateral.name, 1),
            ("verifier", &self.roles.verifier, 0),
            ("policy", &self.capture_profile.policy, 0),
            ("credit source", &self.capture_profile.credit_source, 0),
        ];
        for (field, text, least) in texts {
            if !(least..=MAX_TEXT).contains(&text.len()) {
                return Err(SpecError::Text {
                    field,
                    found: text.len(),
                });
            }
        }
        if question.kind == QuestionKind::Fact {
            let too_early = self.terms.map().contains(&Target::TooEarly);
            let parts = [
                (question.criterion.is_empty(), "a criterion"),
                (question.evidence.is_empty(), "a source of evidence"),
                (!too_early, "a vote option that means \"too early\""),
            ];
            if let Some((_, missing)) = parts.into_iter().find(|(absent, _)| *absent) {
                return Err(SpecError::Fact { missing });
            }
        }
        Ok(())
    }

    fn check_polls(&self) -> Result<(), SpecError> {
        let first = self.polls.first().ok_or(SpecError::NoPoll)?;
        let mut previous_end = 0;
        for (poll, pins) in self.polls.iter().enumerate() {
            let PollPins {
                chain_id,
                start_date: start,
                end_date: end,
                ..
            } = *pins;
            if chain_id != first.chain_id {
                return Err(SpecError::Chain {
                    poll,
                    expected: first.chain_id,
                    found: chain_id,
                });
            }
            let expected = self.terms.map().len();
            if pins.params.vote_options != expected as u64 {
                return Err(SpecError::VoteOptions {
                    poll,
                    expected,
                    found: pins.params.vote_options,
                });
            }
            if start < self.close_time.0 {
                return Err(SpecError::PollBeforeClose {
                    poll,
                    close_time: self.close_time,
                    start,
                });
            }
            if start >= end || (poll > 0 && start <= previous_end) {
                return Err(SpecError::PollOrder { poll, start, end });
            }
            // Strictly after the end: at t = end the poll is still open (D15).
            if end
                .checked_add(self.finality)
                .is_none_or(|earliest| earliest >= self.settle_by.0)
            {
                return Err(SpecError::Deadline {
                    poll,
                    end,
                    finality: self.finality,
                    settle_by: self.settle_by,
                });
            }
            if self
                .polls
                .iter()
                .take(poll)
                .any(|other| other.contracts.poll == pins.contracts.poll)
            {
                return Err(SpecError::RepeatedPoll { poll });
            }
            previous_end = end;
        }
        Ok(())
    }

    fn check_roles(&self) -> Result<(), SpecError> {
        let roles = &self.roles;
        if roles.executor == roles.coordinator && !roles.executor_is_coordinator {
            return Err(SpecError::RolesCoincide {
                account: roles.executor.clone(),
            });
        }
        if self.subsidy > Amount::ZERO && roles.market_maker.is_none() {
            return Err(SpecError::SubsidyWithoutMaker {
                subsidy: self.subsidy,
            });
        }
        let mut bonded = BTreeSet::new();
        for bond in &self.bonds {
            if bond.amount == Amount::ZERO || !bonded.insert(&bond.account) {
                return Err(SpecError::Bond {
                    account: bond.account.clone(),
                    amount: bond.amount,
                });
            }
        }
        let profile = &self.capture_profile;
        if profile.token_weighted && !profile.accepts_token_weighted {
            return Err(SpecError::TokenWeighted);
        }
        Ok(())
    }

    /// What deserves a second look before anyone deposits.
    pub fn lint(&self) -> Vec<Lint> {
        let lints = [
            (self.void_policy == VoidPolicy::Uniform, Lint::UniformVoid),
            (self.value_cap.is_none(), Lint::NoValueCap),
            (self.allow_insecure_dev, Lint::InsecureDev),
            (
                self.roles.executor == self.roles.coordinator,
                Lint::ExecutorIsCoordinator,
            ),
            (self.terms.rule().min_spent.is_none(), Lint::NoQuorum),
            (self.capture_profile.token_weighted, Lint::TokenWeighted),
            (self.min_grade == Grade::V1, Lint::Unanchored),
        ];
        lints
            .into_iter()
            .filter(|(applies, _)| *applies)
            .map(|(_, lint)| lint)
            .collect()
    }
}
