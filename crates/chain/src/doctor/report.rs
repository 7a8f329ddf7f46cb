//! What a preflight found.

use std::fmt;

use crate::error::Error;

/// How one check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it has to be.
    Pass,
    /// Worth a look; the poll can be processed all the same.
    Warning,
    /// Could not be checked.
    Unknown,
    /// The poll cannot be processed, or not by us.
    Failure,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pass => "ok",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Failure => "FAILED",
        })
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// A stable name, in snake case.
    pub name: &'static str,
    /// How it went.
    pub outcome: Outcome,
    /// What was found, and what was expected where that is something else.
    pub found: String,
}

/// All checks in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checkup {
    /// The checks.
    pub checks: Vec<Check>,
}

impl Checkup {
    /// Adds a check.
    pub fn add(&mut self, name: &'static str, outcome: Outcome, found: impl Into<String>) {
        self.checks.push(Check {
            name,
            outcome,
            found: found.into(),
        });
    }

    /// Adds a check that passes if two things are equal.
    pub fn equal<T: PartialEq + fmt::Display>(
        &mut self,
        name: &'static str,
        expected: &T,
        found: &T,
    ) {
        if expected == found {
            self.add(name, Outcome::Pass, found.to_string());
        } else {
            self.add(
                name,
                Outcome::Failure,
                format!("expected {expected}, found {found}"),
            );
        }
    }

    /// The value, or a failed check in its place: a chain that answers something else is a failure, a node that does not
    /// answer leaves it unknown.
    pub fn take<T>(&mut self, name: &'static str, result: Result<T, Error>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                let outcome = match error.kind() {
                    crate::Kind::Outside => Outcome::Unknown,
                    crate::Kind::Usage | crate::Kind::State => Outcome::Failure,
                };
                self.add(name, outcome, error.to_string());
                None
            }
        }
    }

    /// The worst outcome.
    pub fn worst(&self) -> Outcome {
        let outcomes = self.checks.iter().map(|check| check.outcome);
        outcomes.max().unwrap_or(Outcome::Pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_check_decides_and_a_silent_node_is_no_wrong_chain() {
        let mut checkup = Checkup::default();
        assert_eq!(checkup.worst(), Outcome::Pass);
        checkup.equal("mode", &1, &1);
        checkup.add("funds", Outcome::Warning, "few");
        assert_eq!(checkup.worst(), Outcome::Warning);
        let silent: Result<u8, Error> = Err(Error::Timeout {
            endpoint: "x".to_owned(),
            method: "eth_call".to_owned(),
        });
        assert_eq!(checkup.take("depth", silent), None);
        assert_eq!(checkup.worst(), Outcome::Unknown);
        let wrong: Result<u8, Error> = Err(Error::Conflict("another poll".to_owned()));
        assert_eq!(checkup.take("poll", wrong), None);
        checkup.equal("mode", &1, &2);
        assert_eq!(checkup.worst(), Outcome::Failure);
        assert_eq!(checkup.checks[4].found, "expected 1, found 2");
    }
}
