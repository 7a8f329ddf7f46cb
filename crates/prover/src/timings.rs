//! How long each step of a proof took.

use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// A part of the work on a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The values of all variables.
    Witness,
    /// The rows' values and their check.
    Rows,
    /// The quotient polynomial.
    Quotient,
    /// The quotient times its points.
    H,
    /// The private variables times theirs.
    L,
    /// A.
    A,
    /// B.
    B,
    /// The verification of the finished proof.
    Check,
}

impl Step {
    /// Every step, in the order of the work.
    pub const ALL: [Self; 8] = [
        Self::Witness,
        Self::Rows,
        Self::Quotient,
        Self::H,
        Self::L,
        Self::A,
        Self::B,
        Self::Check,
    ];

    /// The name in figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Witness => "witness",
            Self::Rows => "rows",
            Self::Quotient => "quotient",
            Self::H => "h",
            Self::L => "l",
            Self::A => "a",
            Self::B => "b",
            Self::Check => "check",
        }
    }
}

/// Time of each step, of one proof or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings([Duration; Step::ALL.len()]);

impl Timings {
    /// Adds to a step's time.
    pub fn add(&mut self, step: Step, time: Duration) {
        self.0[step as usize] += time;
    }

    /// Steps and their times, in the order of the work.
    pub fn iter(&self) -> impl Iterator<Item = (Step, Duration)> {
        Step::ALL.into_iter().zip(self.0)
    }
}

impl AddAssign<&Self> for Timings {
    fn add_assign(&mut self, other: &Self) {
        for (step, time) in other.iter() {
            self.add(step, time);
        }
    }
}

/// Gives each step the time since the one before it.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    last: Instant,
    pub(crate) timings: Timings,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self {
            last: Instant::now(),
            timings: Timings::default(),
        }
    }

    pub(crate) fn begin(&mut self) {
        self.last = Instant::now();
    }

    pub(crate) fn done(&mut self, step: Step) {
        let now = Instant::now();
        self.timings.add(step, now.duration_since(self.last));
        self.last = now;
    }
}
