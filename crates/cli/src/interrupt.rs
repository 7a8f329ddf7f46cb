//! Ctrl-C and termination signals.
//!
//! The first signal asks: the batch in hand is finished and committed, then the command ends with 130. The second
//! stops at once, which is safe too, because the journal survives a kill at any moment.

use std::io::Write as _;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use maci_coordinator::Cancel;

use crate::failure::{Exit, Failure};

/// The longest time for which a signal goes unnoticed.
const GLANCE: Duration = Duration::from_millis(100);

/// The process's one flag, for what is made where no context is at hand.
static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Set once a signal has come.
pub(crate) fn flag() -> Arc<AtomicBool> {
    FLAG.get().cloned().unwrap_or_default()
}

/// Pulled once a signal has come; shared with whatever runs long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Cancel);

impl Interrupt {
    /// Installs the handler. A process that cannot have one (it has one already) still works, it only dies faster.
    pub(crate) fn install() -> Self {
        let interrupt = Self::default();
        let cancel = interrupt.cancel();
        // A second handler would not be installed either.
        let _ = FLAG.set(cancel.flag());
        let installed = ctrlc::set_handler(move || {
            if cancel.is_cancelled() {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
            cancel.cancel();
            let _ = writeln!(
                std::io::stderr(),
                "stopping after the batch in hand; press Ctrl-C again to stop now"
            );
        });
        if let Err(error) = installed {
            tracing::debug!(%error, "no signal handler");
        }
        interrupt
    }

    /// The token, for a job that looks at it between batches.
    pub(crate) fn cancel(&self) -> Cancel {
        self.0.clone()
    }

    /// Waits, and fails with 130 as soon as a signal comes.
    pub(crate) fn sleep(&self, mut time: Duration) -> Result<(), Failure> {
        loop {
            self.check()?;
            if time.is_zero() {
                return Ok(());
            }
            let slice = time.min(GLANCE);
            std::thread::sleep(slice);
            time -= slice;
        }
    }

    /// Fails with 130 once a signal has come; called between steps.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.0.is_cancelled() {
            Err(Failure::interrupted())
        } else {
            Ok(())
        }
    }
}
