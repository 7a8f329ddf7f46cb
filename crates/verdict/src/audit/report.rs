//! The report of an audit: a fixed list of checks, each passed, failed or not reached.

use std::fmt;

use crate::verdict::Grade;

/// The checks, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CheckName {
    /// Canonical, known version, both forms of each proof agree, digests match.
    File,
    /// The keys are the poll's circuits', trusted, and of the stated origin.
    Keys,
    /// Pins that follow from other parts do.
    Pins,
    /// Leaves, messages and batch hashes add up (D15).
    Counts,
    /// Processing proofs: complete, in order, linked, from the pinned first commitment to the chain hash.
    ProcessChain,
    /// Tally proofs: complete, in order, linked, from zero.
    TallyChain,
    /// The results open the last tally commitment.
    Opening,
    /// Every proof verifies.
    Proofs,
    /// Totals of the results.
    Sums,
    /// Grade V2: equal to a read of the chain.
    Chain,
    /// Grade V3: equal to what the log gives.
    Replay,
}

impl CheckName {
    /// All checks in order.
    pub const ALL: [Self; 11] = [
        Self::File,
        Self::Keys,
        Self::Pins,
        Self::Counts,
        Self::ProcessChain,
        Self::TallyChain,
        Self::Opening,
        Self::Proofs,
        Self::Sums,
        Self::Chain,
        Self::Replay,
    ];

    /// A short stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Keys => "keys",
            Self::Pins => "pins",
            Self::Counts => "counts",
            Self::ProcessChain => "process-chain",
            Self::TallyChain => "tally-chain",
            Self::Opening => "opening",
            Self::Proofs => "proofs",
            Self::Sums => "sums",
            Self::Chain => "chain",
            Self::Replay => "replay",
        }
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It holds; in a few words what was found.
    Pass(String),
    /// It does not hold, and why.
    Fail(String),
    /// Not reached, or nothing was given to compare with.
    NotRun,
}

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which check.
    pub name: CheckName,
    /// How it ended.
    pub outcome: Outcome,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.outcome {
            Outcome::Pass(detail) => write!(f, "{}: pass ({detail})", self.name),
            Outcome::Fail(reason) => write!(f, "{}: fail ({reason})", self.name),
            Outcome::NotRun => write!(f, "{}: not run", self.name),
        }
    }
}

/// Every check of an audit and the grade that was reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    checks: Vec<Check>,
    grade: Option<Grade>,
}

impl AuditReport {
    /// All checks, in order.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// The grade; `None` if a check failed.
    pub const fn grade(&self) -> Option<Grade> {
        self.grade
    }

    /// The first failed check. A report without a grade has one: an audit ends at its first failure.
    pub(super) fn failure(&self) -> &Check {
        static NOTHING: Check = Check {
            name: CheckName::File,
            outcome: Outcome::NotRun,
        };
        self.checks
            .iter()
            .find(|check| matches!(check.outcome, Outcome::Fail(_)))
            .unwrap_or(&NOTHING)
    }
}

/// The checks so far.
#[derive(Debug, Default)]
pub(super) struct Progress(Vec<Check>);

impl Progress {
    pub(super) fn pass(&mut self, name: CheckName, detail: impl Into<String>) {
        self.0.push(Check {
            name,
            outcome: Outcome::Pass(detail.into()),
        });
    }

    pub(super) fn fail(&mut self, name: CheckName, reason: String) {
        self.0.push(Check {
            name,
            outcome: Outcome::Fail(reason),
        });
    }

    /// Records the outcome; `None` if it failed.
    pub(super) fn demand(
        &mut self,
        name: CheckName,
        outcome: Result<(), String>,
        detail: &str,
    ) -> Option<()> {
        self.demand_value(name, outcome)?;
        self.pass(name, detail);
        Some(())
    }

    /// Records a failure and gives back the value otherwise, leaving the pass to the caller.
    pub(super) fn demand_value<T>(
        &mut self,
        name: CheckName,
        outcome: Result<T, String>,
    ) -> Option<T> {
        match outcome {
            Ok(value) => Some(value),
            Err(reason) => {
                self.fail(name, reason);
                None
            }
        }
    }

    /// The report, with the checks that were not reached.
    pub(super) fn finish(mut self, grade: Option<Grade>) -> AuditReport {
        for name in CheckName::ALL {
            if !self.0.iter().any(|check| check.name == name) {
                self.0.push(Check {
                    name,
                    outcome: Outcome::NotRun,
                });
            }
        }
        self.0.sort_by_key(|check| check.name);
        AuditReport {
            checks: self.0,
            grade,
        }
    }
}
