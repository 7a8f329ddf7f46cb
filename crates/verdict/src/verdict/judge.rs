//! The one place where a [`VerifiedVerdict`] is made.

use alloy_primitives::B256;

use super::{Grade, Question, Verdict};
use crate::audit::{Anchor, VerifiedPoll, Warning};
use crate::pins::PollPins;
use crate::rule::{EvaluationError, Resolution, Terms};

/// A verdict computed from a poll that passed its audit: the only thing on which a market settles (R1).
///
/// It cannot be built any other way; there is no constructor, no `Default`, no deserialisation:
///
/// ```compile_fail,E0451
/// use maci_verdict::{Verdict, VerifiedVerdict};
/// fn forge(genuine: VerifiedVerdict, verdict: Verdict) -> VerifiedVerdict {
///     VerifiedVerdict { verdict, ..genuine }
/// }
/// ```
///
/// and neither can be changed:
///
/// ```compile_fail,E0616
/// use maci_verdict::{Verdict, VerifiedVerdict};
/// fn forge(mut genuine: VerifiedVerdict, verdict: Verdict) -> VerifiedVerdict {
///     genuine.verdict = verdict;
///     genuine
/// }
/// ```
///
/// Everyone may read it:
///
/// ```
/// use maci_verdict::{Verdict, VerifiedVerdict};
/// fn read(genuine: &VerifiedVerdict) -> &Verdict {
///     genuine.verdict()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedVerdict {
    verdict: Verdict,
    id: B256,
    terms: Terms,
    resolution: Resolution,
    reasons: Vec<String>,
    poll: VerifiedPoll,
}

impl VerifiedVerdict {
    /// The fields that make the identity.
    pub const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// `verdictId`.
    pub const fn id(&self) -> B256 {
        self.id
    }

    /// The rule and question map under which it was judged.
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// What the tally means for the market.
    pub const fn resolution(&self) -> &Resolution {
        &self.resolution
    }

    /// How the resolution came about, one sentence a step.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// The audited poll.
    pub const fn poll(&self) -> &VerifiedPoll {
        &self.poll
    }

    /// How much was established about the poll.
    pub const fn grade(&self) -> Grade {
        self.poll.grade()
    }

    /// Whether it rests on development keys whose secrets are public (K-13).
    pub const fn insecure_dev(&self) -> bool {
        self.poll.insecure_dev()
    }

    /// The poll's pins.
    pub const fn pins(&self) -> &PollPins {
        self.poll.pins()
    }

    /// The block that the bundle names.
    pub const fn anchor(&self) -> Option<Anchor> {
        self.poll.anchor()
    }

    /// What a reader should know before relying on it.
    pub fn warnings(&self) -> &[Warning] {
        self.poll.warnings()
    }
}

/// Why a poll cannot answer a question.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// Tally and question map do not fit.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
}

/// Applies the question's terms to an audited poll.
pub fn judge(poll: &VerifiedPoll, question: &Question) -> Result<VerifiedVerdict, JudgeError> {
    let tally = poll.tally();
    let evaluation = question.terms.evaluate(tally)?;
    let pins = poll.pins();
    let verdict = Verdict {
        chain_id: pins.chain_id,
        gate: question.gate,
        market_id: question.market_id,
        condition_id: question.condition_id,
        question_id: question.question_id,
        ledger_head: question.ledger_head,
        maci: pins.contracts.maci,
        poll_id: pins.poll_id,
        poll_pins: pins.hash(),
        verifying_keys: pins.verifying_keys,
        merged_state_root: poll.merged_state_root(),
        chain_hash: poll.chain_hash(),
        total_signups: poll.total_signups(),
        num_messages: poll.num_messages(),
        sb_commitment: poll.sb_commitment(),
        tally_commitment: poll.tally_commitment(),
        results: tally.results.clone(),
        spent_per_option: tally.spent_per_option.clone().unwrap_or_default(),
        total_spent: tally.total_spent,
        rule_hash: question.terms.hash(),
        numerators: evaluation.resolution.numerators().to_vec(),
    };
    Ok(VerifiedVerdict {
        id: verdict.id(),
        verdict,
        terms: question.terms.clone(),
        resolution: evaluation.resolution,
        reasons: evaluation.reasons,
        poll: poll.clone(),
    })
}
