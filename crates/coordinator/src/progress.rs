//! What a running job tells its caller, and how the caller stops it.
//!
//! The stages print nothing and read no signal: the command line turns [`Event`]s into bars and lines, and Ctrl-C into
//! [`Cancel::cancel`]. A cancelled job finishes the batch in hand, commits it and returns [`Error::Interrupted`], so that the
//! next run goes on from there (O-09).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;
use crate::stage::StageId;
use crate::transactions::TransactionRow;
use crate::unit::ProofUnit;

/// One thing that happened in a running job. Durations are wall-clock seconds of this process, for humans only: no artefact
/// depends on them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A stage begins, with `done` of `total` units already in the journal.
    StageStarted {
        /// The stage.
        stage: StageId,
        /// Units that the journal holds already.
        done: u64,
        /// Units that the stage has in all.
        total: u64,
    },
    /// Units were committed to the journal.
    Advanced {
        /// The stage.
        stage: StageId,
        /// Units that the journal holds now.
        done: u64,
        /// Units that the stage has in all.
        total: u64,
        /// Seconds since the stage began.
        seconds: f64,
    },
    /// A proving key is being made or read, which can take longer than a proof.
    KeyStarted {
        /// The circuit, in the form of `CircuitId`'s `Display`.
        circuit: String,
    },
    /// A proving key is ready.
    KeyReady {
        /// The circuit, in the form of `CircuitId`'s `Display`.
        circuit: String,
        /// Seconds that it took.
        seconds: f64,
    },
    /// A proof is verified and committed.
    ProofFinished {
        /// Which proof.
        unit: ProofUnit,
        /// Seconds from the start of its witness to its commit.
        seconds: f64,
        /// The time of each step.
        timings: maci_prover::Timings,
    },
    /// A transaction of ours ended.
    Transaction(TransactionRow),
    /// A stage is complete.
    StageFinished {
        /// The stage.
        stage: StageId,
        /// Seconds since the stage began.
        seconds: f64,
    },
    /// Blocks of a chain were read, read again, or dropped after a reorganisation.
    Chain(maci_chain::ingest::Event),
    /// Something that a person should know before the tally is published (O-12, C-02, C-07).
    Warning(crate::warning::Warning),
}

/// Receives the events of a job. Proving threads call it, so it must be quick and thread-safe.
pub trait Progress: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);
}

/// Drops every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: &Event) {}
}

impl<F: Fn(&Event) + Send + Sync> Progress for F {
    fn event(&self, event: &Event) {
        self(event);
    }
}

/// A request to stop, shared between a signal handler and the job.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A token that nobody has pulled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Shares a flag that a signal handler sets.
    pub fn from_flag(flag: Arc<AtomicBool>) -> Self {
        Self(flag)
    }

    /// The flag itself, for what knows no jobs.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }

    /// Asks the job to stop after the batch in hand. Safe to call from any thread, any number of times.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// The same request in the prover's form.
    pub(crate) fn for_prover(&self) -> maci_prover::Cancel {
        maci_prover::Cancel::after_batch(Arc::clone(&self.0))
    }

    /// [`Error::Interrupted`] once somebody asked.
    pub fn check(&self) -> Result<(), Error> {
        if self.is_cancelled() {
            Err(Error::Interrupted)
        } else {
            Ok(())
        }
    }
}
