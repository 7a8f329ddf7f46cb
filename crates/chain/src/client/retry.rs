//! Repeating what failed for a reason that may pass.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::error::Error;

/// How often, and after which pauses, a read is repeated.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// How often it is tried in all, at least once.
    pub attempts: u32,
    /// The pause after the first failure; it doubles after each further one.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            attempts: 8,
            first: Duration::from_millis(200),
            longest: Duration::from_secs(10),
        }
    }
}

impl Backoff {
    /// No repetition.
    pub const ONCE: Self = Self {
        attempts: 1,
        first: Duration::ZERO,
        longest: Duration::ZERO,
    };

    /// The pause after the failure number `failures` (from 1), at random between half of it and the whole, so that many
    /// clients that failed together do not return together.
    pub(crate) fn pause(&self, failures: u32, asked: Option<Duration>) -> Duration {
        let factor = 2u32.saturating_pow(failures.saturating_sub(1).min(16));
        let whole = self.first.saturating_mul(factor).min(self.longest);
        let part = u32::try_from(random() % 1024).unwrap_or(0);
        let jittered = whole / 2 + whole / 2048 * part;
        // The node may ask for more, within reason.
        asked.map_or(jittered, |asked| jittered.max(asked.min(self.longest)))
    }
}

/// Seeded by the system once per call: jitter needs no more.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

/// The longest time for which a request to stop goes unnoticed.
pub(super) const GLANCE: Duration = Duration::from_millis(100);

/// Waits, unless it is to stop.
fn wait(mut time: Duration, stop: &AtomicBool) {
    while !time.is_zero() && !stop.load(Ordering::SeqCst) {
        let slice = time.min(GLANCE);
        std::thread::sleep(slice);
        time -= slice;
    }
}

/// Tries until it succeeds, fails for good, was tried often enough, or is to stop.
pub(super) fn repeat<T>(
    backoff: &Backoff,
    stop: &AtomicBool,
    mut attempt: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let mut failures = 0;
    loop {
        let error = match attempt() {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        failures += 1;
        if failures >= backoff.attempts || !error.is_transient() {
            return Err(error);
        }
        let asked = match &error {
            Error::Http { retry_after, .. } => *retry_after,
            _ => None,
        };
        let pause = backoff.pause(failures, asked);
        tracing::debug!(%error, failures, ?pause, "asking again");
        wait(pause, stop);
        if stop.load(Ordering::SeqCst) {
            return Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Backoff = Backoff {
        attempts: 4,
        first: Duration::from_micros(1),
        longest: Duration::from_micros(8),
    };

    fn slow() -> Error {
        Error::Timeout {
            endpoint: String::new(),
            method: String::new(),
        }
    }

    #[test]
    fn n_05_a_passing_failure_is_repeated_and_a_lasting_one_is_not() {
        let mut tried = 0;
        let answer = repeat(&QUICK, &AtomicBool::new(false), || {
            tried += 1;
            if tried < 4 { Err(slow()) } else { Ok(tried) }
        });
        assert_eq!(answer.unwrap(), 4);
        let mut tried = 0;
        let answer: Result<(), _> = repeat(&QUICK, &AtomicBool::new(false), || {
            tried += 1;
            Err(slow())
        });
        assert!(answer.is_err());
        assert_eq!(tried, 4);
        let mut tried = 0;
        let answer: Result<(), _> = repeat(&QUICK, &AtomicBool::new(false), || {
            tried += 1;
            Err(Error::Parameter(String::new()))
        });
        assert!(answer.is_err());
        assert_eq!(tried, 1);
    }

    #[test]
    fn o_09_a_request_to_stop_ends_the_repetition() {
        let slow_backoff = Backoff {
            first: Duration::from_hours(1),
            longest: Duration::from_hours(1),
            ..QUICK
        };
        let mut tried = 0;
        let answer: Result<(), _> = repeat(&slow_backoff, &AtomicBool::new(true), || {
            tried += 1;
            Err(slow())
        });
        assert!(answer.is_err());
        assert_eq!(tried, 1);
    }

    #[test]
    fn pauses_grow_to_a_limit_and_honour_the_node() {
        let backoff = Backoff::default();
        for failures in 1..40 {
            let pause = backoff.pause(failures, None);
            assert!(pause <= backoff.longest && pause >= backoff.first / 2);
        }
        let asked = Duration::from_secs(7);
        assert!(backoff.pause(1, Some(asked)) >= asked);
        assert!(backoff.pause(1, Some(Duration::from_secs(1000))) <= backoff.longest);
    }
}
