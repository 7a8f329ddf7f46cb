//! Ctrl-C and termination signals.
//!
//! The first signal asks: the batch in hand is finished and committed, then the command ends with 130. The second
//! stops at once, which is safe too, because the journal survives a kill at any moment.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::failure::{Exit, Failure};

/// Set once a signal has come; shared with whatever runs long.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Installs the handler. A process that cannot have one (it has one already) still works, it only dies faster.
    pub(crate) fn install() -> Self {
        let interrupt = Self::default();
        let flag = Arc::clone(&interrupt.0);
        let installed = ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::SeqCst) {
                std::process::exit(i32::from(Exit::Interrupted.code()));
            }
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

    /// The flag itself, for a library that polls it.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Fails with 130 once a signal has come; called between steps.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.0.load(Ordering::SeqCst) {
            Err(Failure::interrupted())
        } else {
            Ok(())
        }
    }
}
