//! Questions that are asked again.

use std::thread;
use std::time::Duration;

use super::{Options, Watch};
use crate::error::Error;
use crate::ingest::error::{Fault, IngestError};

/// The longest time for which a request to stop goes unnoticed.
const GLANCE: Duration = Duration::from_millis(100);

/// Waits before the next try, unless the run is to stop.
pub(super) fn pause(
    options: &Options,
    watch: &dyn Watch,
    failures: u32,
) -> Result<(), IngestError> {
    let mut left = options.backoff.pause(failures, None);
    loop {
        if watch.is_cancelled() {
            return Err(IngestError::Cancelled);
        }
        if left.is_zero() {
            return Ok(());
        }
        let slice = left.min(GLANCE);
        thread::sleep(slice);
        left -= slice;
    }
}

/// Asks again what failed for a reason that may pass.
pub(super) fn persist<T>(
    options: &Options,
    watch: &dyn Watch,
    mut ask: impl FnMut() -> Result<T, IngestError>,
) -> Result<T, IngestError> {
    let mut failures = 0;
    loop {
        let error = match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let lasting = match &error {
            IngestError::Question(fault) => match fault.as_ref() {
                Fault::Node(error) => {
                    let refused = matches!(error, Error::Refused { .. });
                    !error.is_transient() && !refused && !is_empty_answer(fault)
                }
                Fault::NoState(_) => true,
                _ => false,
            },
            _ => true,
        };
        // An address without a contract is most likely a mistake, and a person waits for the answer.
        let attempts = match &error {
            IngestError::Question(fault) if is_empty_answer(fault) => 4,
            _ => u32::MAX,
        };
        failures += 1;
        if lasting || failures >= options.backoff.attempts.min(attempts) {
            return Err(error);
        }
        pause(options, watch, failures)?;
    }
}

/// A replica that lags has no contract yet, and says so with an empty answer.
fn is_empty_answer(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Node(Error::NoCode { .. } | Error::NotTheContract { .. })
    )
}
