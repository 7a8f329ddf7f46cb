//! The gate: the only way from a verdict to a settlement. It fails closed, with one named reason for each refusal (M-02).

use alloy_primitives::{B256, U256};
use maci_verdict::{Grade, Resolution, VerifiedVerdict};

use crate::market::{Market, Phase};
use crate::types::Time;

/// What a verdict may do to a market now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It fits: while the poll judges it can be accepted; once accepted and final, the market settles.
    Settle(Resolution),
    /// It fits, but not yet.
    Hold(Hold),
    /// It can do nothing, now or later.
    Refuse(Refuse),
}

/// Why a verdict that fits has to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Hold {
    /// The book is not frozen yet.
    #[error("the market is {phase}: close it and start judging first")]
    NotJudging {
        /// Where the market stands.
        phase: Phase,
    },
    /// The poll is open through its last second (D15).
    #[error("the poll is open until {end}")]
    PollOpen {
        /// The last second of the poll.
        end: Time,
    },
    /// It is accepted; finality runs.
    #[error("accepted, final at {at}")]
    AwaitingFinality {
        /// First second in which the market can settle.
        at: Time,
    },
}

/// Why a verdict is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refuse {
    /// Its market is another.
    #[error("wrong market: expected {expected}, found {found}")]
    Market {
        /// This market.
        expected: B256,
        /// The verdict's.
        found: B256,
    },
    /// Its domain is another chain.
    #[error("wrong chain: expected {expected}, found {found}")]
    Chain {
        /// The market's chain.
        expected: u64,
        /// The verdict's.
        found: u64,
    },
    /// Its domain is another gate.
    #[error("wrong gate contract")]
    Gate,
    /// Its question or condition is another.
    #[error("wrong question or condition id")]
    Question,
    /// It was judged under another rule or question map.
    #[error("wrong rule: expected {expected}, found {found}")]
    Rule {
        /// Hash of the market's terms.
        expected: B256,
        /// Hash of the verdict's.
        found: B256,
    },
    /// Its proofs were checked under other verifying keys than the pinned ones.
    #[error("wrong verifying keys: expected {expected}, found {found}")]
    VerifyingKeys {
        /// The pinned keys' hash.
        expected: B256,
        /// The verdict's.
        found: B256,
    },
    /// Its poll is not the pinned one.
    #[error("wrong poll: pin {pin:?} differs")]
    Pin {
        /// The first pin that differs.
        pin: &'static str,
    },
    /// It rests on development keys.
    #[error("insecure development keys: this market accepts none")]
    DevKeys,
    /// Too little was established about its poll.
    #[error("grade too low: expected at least {expected}, found {found}")]
    Grade {
        /// What the market demands.
        expected: Grade,
        /// What the verdict has.
        found: Grade,
    },
    /// It settles another state of the ledger.
    #[error("wrong book: expected ledger head {expected}, found {found}")]
    Book {
        /// The event that froze the book.
        expected: B256,
        /// The verdict's ledger head.
        found: B256,
    },
    /// The deadline is over.
    #[error("stale: the deadline {settle_by} is over")]
    Stale {
        /// The last second to settle.
        settle_by: Time,
    },
    /// The market is settled or void already.
    #[error("replayed: the market is {phase} already")]
    Over {
        /// Where the market stands.
        phase: Phase,
    },
    /// The market has accepted a verdict with another tally commitment and the same results.
    #[error("another commitment is accepted: expected {expected}, found {found}")]
    Commitment {
        /// The accepted tally commitment.
        expected: B256,
        /// The verdict's.
        found: B256,
    },
    /// The market has accepted a verdict with other results: bring both with a challenge, and it is void.
    #[error("conflicting proofs: another verdict with other results is accepted, challenge it")]
    Conflict,
}

/// Decides what `verdict` may do to `market` at `now`. The same function guards acceptance, settlement and challenge.
pub fn decide(market: &Market, verdict: &VerifiedVerdict, now: Time) -> Decision {
    match bind(market, verdict).and_then(|()| window(market, verdict, now)) {
        Ok(None) => Decision::Settle(verdict.resolution().clone()),
        Ok(Some(hold)) => Decision::Hold(hold),
        Err(refuse) => Decision::Refuse(refuse),
    }
}

/// Everything that ties a verdict to this market, whatever the time.
fn bind(market: &Market, verified: &VerifiedVerdict) -> Result<(), Refuse> {
    let (spec, verdict) = (market.spec(), verified.verdict());
    if verdict.market_id != market.market_id() {
        return Err(Refuse::Market {
            expected: market.market_id(),
            found: verdict.market_id,
        });
    }
    if verdict.chain_id != spec.chain_id() {
        return Err(Refuse::Chain {
            expected: spec.chain_id(),
            found: verdict.chain_id,
        });
    }
    if verdict.gate != spec.gate {
        return Err(Refuse::Gate);
    }
    if verdict.condition_id != spec.condition_id() || verdict.question_id != spec.question_id() {
        return Err(Refuse::Question);
    }
    let expected = spec.terms.hash();
    if verdict.rule_hash != expected {
        return Err(Refuse::Rule {
            expected,
            found: verdict.rule_hash,
        });
    }
    // A market without a poll left is over, which the window reports.
    if let Some(pinned) = spec.polls.get(market.poll_index()) {
        if verdict.verifying_keys != pinned.verifying_keys {
            return Err(Refuse::VerifyingKeys {
                expected: pinned.verifying_keys,
                found: verdict.verifying_keys,
            });
        }
        if let Some(pin) = pinned.difference(verified.pins()) {
            return Err(Refuse::Pin { pin });
        }
    }
    if verified.insecure_dev() && !spec.allow_insecure_dev {
        return Err(Refuse::DevKeys);
    }
    if verified.grade() < spec.min_grade {
        return Err(Refuse::Grade {
            expected: spec.min_grade,
            found: verified.grade(),
        });
    }
    match market.book_head() {
        Some(expected) if verdict.ledger_head != expected => Err(Refuse::Book {
            expected,
            found: verdict.ledger_head,
        }),
        _ => Ok(()),
    }
}

/// Whether it may act now: the windows of settling and voiding exclude each other to the second (M-05).
fn window(market: &Market, verified: &VerifiedVerdict, now: Time) -> Result<Option<Hold>, Refuse> {
    let (spec, phase) = (market.spec(), market.phase());
    if phase.is_terminal() {
        return Err(Refuse::Over { phase });
    }
    if now > spec.settle_by {
        return Err(Refuse::Stale {
            settle_by: spec.settle_by,
        });
    }
    match (phase, market.accepted()) {
        (Phase::Judging, _) => {
            let end = Time(verified.pins().end_date);
            Ok((now <= end).then_some(Hold::PollOpen { end }))
        }
        (Phase::Proposed, Some(accepted)) => {
            if accepted.verdict_id == verified.id() {
                let at = Time(accepted.at.0.saturating_add(spec.finality));
                return Ok((now < at).then_some(Hold::AwaitingFinality { at }));
            }
            if accepted.results_hash == results_hash(verified) {
                let found = B256::new(verified.verdict().tally_commitment.to_be_bytes());
                return Err(Refuse::Commitment {
                    expected: accepted.tally_commitment,
                    found,
                });
            }
            Err(Refuse::Conflict)
        }
        _ => Ok(Some(Hold::NotJudging { phase })),
    }
}

/// Hash over everything in a verdict that follows from the votes: two verdicts of one poll that differ here contradict
/// each other, two that differ elsewhere were made with other salts.
pub(crate) fn results_hash(verified: &VerifiedVerdict) -> B256 {
    let verdict = verified.verdict();
    let mut bytes = Vec::new();
    let results = verdict.results.iter().copied().map(U256::from).collect();
    for list in [&results, &verdict.spent_per_option] {
        bytes.extend((list.len() as u64).to_be_bytes());
        bytes.extend(list.iter().flat_map(U256::to_be_bytes::<32>));
    }
    bytes.extend(verdict.total_spent.to_be_bytes::<32>());
    crate::spec::tagged_hash(b"maci-rs/results/v1", &bytes)
}
