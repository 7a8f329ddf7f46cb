//! A flag that stops proving, on the way through a proof.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::ProveError;

/// Shared by whoever may cancel and whoever has to stop.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    now: Arc<AtomicBool>,
    after_batch: Arc<AtomicBool>,
}

impl Cancel {
    /// A flag that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A flag that, once set by anyone, stops proofs on the way.
    pub fn at_once(flag: Arc<AtomicBool>) -> Self {
        Self {
            now: flag,
            after_batch: Arc::default(),
        }
    }

    /// A flag that, once set by anyone, lets proofs under way finish and begins none.
    pub fn after_batch(flag: Arc<AtomicBool>) -> Self {
        Self {
            now: Arc::default(),
            after_batch: flag,
        }
    }

    /// Asks every holder to stop. Proofs that are under way end within a step, a few seconds at most.
    pub fn cancel(&self) {
        self.now.store(true, Ordering::Relaxed);
    }

    /// Whether someone asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.now.load(Ordering::Relaxed)
    }

    /// Whether no further proof may begin.
    pub fn is_stopping(&self) -> bool {
        self.is_cancelled() || self.after_batch.load(Ordering::Relaxed)
    }

    pub(crate) fn check(&self) -> Result<(), ProveError> {
        if self.is_cancelled() {
            Err(ProveError::Cancelled)
        } else {
            Ok(())
        }
    }
}
