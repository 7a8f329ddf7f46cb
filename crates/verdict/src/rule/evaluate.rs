//! Evaluating [`Terms`] over a tally, in integers only.

use alloy_primitives::U256;

use super::{
    Evaluation, EvaluationError, Measure, Method, Numerators, Resolution, TallyView, Target, Terms,
    Tie, VoidReason,
};

impl Terms {
    /// What `tally` means under these terms.
    ///
    /// The tally must have exactly the options of the question map. Order: quorum, then no votes at all, then the method;
    /// each is a [`VoidReason`] of its own.
    pub fn evaluate(&self, tally: &TallyView) -> Result<Evaluation, EvaluationError> {
        self.check_length("results", tally.results.len())?;
        let counts: Vec<U256> = match (self.rule.measure, &tally.spent_per_option) {
            (Measure::Credits, Some(spent)) => {
                self.check_length("spent per option", spent.len())?;
                spent.clone()
            }
            // Outside quadratic voting a vote costs one credit.
            (Measure::Credits, None) | (Measure::Votes, _) => {
                tally.results.iter().copied().map(U256::from).collect()
            }
        };
        let mut reasons = Vec::new();
        let resolution = self.resolve(&counts, tally.total_spent, &mut reasons)?;
        Ok(Evaluation {
            resolution,
            reasons,
        })
    }

    const fn check_length(&self, what: &'static str, found: usize) -> Result<(), EvaluationError> {
        let expected = self.map.len();
        if found == expected {
            Ok(())
        } else {
            Err(EvaluationError::Options {
                what,
                expected,
                found,
            })
        }
    }

    fn resolve(
        &self,
        counts: &[U256],
        spent: U256,
        reasons: &mut Vec<String>,
    ) -> Result<Resolution, EvaluationError> {
        let unit = match self.rule.measure {
            Measure::Votes => "votes",
            Measure::Credits => "credits",
        };
        if let Some(min_spent) = self.rule.min_spent {
            let reached = spent >= U256::from(min_spent);
            reasons.push(format!(
                "quorum of {min_spent} spent credits {}: {spent} spent",
                if reached { "reached" } else { "missed" }
            ));
            if !reached {
                return Ok(Resolution::Void(VoidReason::QuorumMissed {
                    min_spent,
                    spent,
                }));
            }
        }
        if counts.iter().all(U256::is_zero) {
            reasons.push(format!("no {unit} at all"));
            return Ok(Resolution::Void(VoidReason::NoVotes));
        }
        match self.rule.method {
            Method::Plurality { tie } => Ok(self.plurality(counts, tie, unit, reasons)),
            Method::Threshold {
                option,
                numerator,
                denominator,
                fallback,
            } => {
                let count = counts[usize::from(option)];
                let total = counts
                    .iter()
                    .try_fold(U256::ZERO, |sum, count| sum.checked_add(*count))
                    .filter(|total| total.bit_len() <= 192)
                    .ok_or(EvaluationError::TotalOverflow)?;
                // count / total >= numerator / denominator, cross-multiplied so that nothing rounds. Both terms of the
                // share are below 2^64, so neither product overflows.
                let reached = count * U256::from(denominator) >= total * U256::from(numerator);
                reasons.push(format!(
                    "option {option} {} {numerator}/{denominator}: {count} of {total} {unit}",
                    if reached { "reaches" } else { "does not reach" }
                ));
                let target = if reached {
                    self.map[usize::from(option)]
                } else {
                    fallback
                };
                Ok(self.award(target, reasons))
            }
        }
    }

    fn plurality(
        &self,
        counts: &[U256],
        tie: Tie,
        unit: &str,
        reasons: &mut Vec<String>,
    ) -> Resolution {
        let most = counts.iter().copied().max().unwrap_or_default();
        let leaders: Vec<usize> = (0..counts.len())
            .filter(|option| counts[*option] == most)
            .collect();
        let first = self.map[leaders[0]];
        // Tied options that lead to one answer are no tie: the answer does not depend on which of them wins.
        if leaders.iter().all(|option| self.map[*option] == first) {
            reasons.push(format!(
                "{} with {most} {unit}",
                name_options(&leaders, "lead")
            ));
            return self.award(first, reasons);
        }
        reasons.push(format!(
            "{} with {most} {unit} each",
            name_options(&leaders, "tie")
        ));
        match tie {
            Tie::Void => {
                reasons.push("a tie is void".to_owned());
                Resolution::Void(VoidReason::Tie)
            }
            Tie::StatusQuo(option) => {
                reasons.push(format!("a tie leaves the status quo, option {option}"));
                self.award(self.map[usize::from(option)], reasons)
            }
            Tie::Split => {
                let mut weights = vec![0u128; self.outcomes()];
                for option in leaders {
                    // "Invalid" and "too early" cannot be paid a share.
                    let Target::Slot(slot) = self.map[option] else {
                        reasons.push(format!(
                            "option {option} leads to no slot, so the tie cannot be split"
                        ));
                        return Resolution::Void(VoidReason::Tie);
                    };
                    weights[usize::from(slot)] += 1;
                }
                reasons.push("tied options share equally".to_owned());
                payout(&weights)
            }
        }
    }

    fn award(&self, target: Target, reasons: &mut Vec<String>) -> Resolution {
        match target {
            Target::Slot(slot) => {
                reasons.push(format!("slot {slot} is paid"));
                let mut weights = vec![0u128; self.outcomes()];
                weights[usize::from(slot)] = 1;
                payout(&weights)
            }
            Target::Invalid => {
                reasons.push("the question is judged invalid".to_owned());
                Resolution::Void(VoidReason::Invalid)
            }
            Target::TooEarly => {
                reasons.push("the question is judged too early".to_owned());
                Resolution::TooEarly
            }
        }
    }
}

/// Callers pass at least one weight above zero; were it otherwise, nothing would be paid.
fn payout(weights: &[u128]) -> Resolution {
    Numerators::from_weights(weights)
        .map_or(Resolution::Void(VoidReason::NoVotes), Resolution::Payout)
}

fn name_options(options: &[usize], verb: &str) -> String {
    if let [option] = options {
        return format!("option {option} {verb}s");
    }
    let names: Vec<String> = options.iter().map(usize::to_string).collect();
    format!("options {} {verb}", names.join(", "))
}

#[cfg(test)]
mod tests;
