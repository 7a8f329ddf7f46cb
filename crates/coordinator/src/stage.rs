//! The stage contract.
//!
//! A job is a list of stages (architecture.md §4). Each has a number of units known once its predecessor is complete (log
//! entries, message batches, ballot batches, proofs, one transcript, one bundle, steps on the chain) and a checkpoint that counts the units done. `execute` goes
//! forward, `unwind` back; both write their rows and their checkpoint in one transaction, so whenever the process dies the
//! journal is at a checkpoint.

use core::fmt;

use crate::error::Error;
use crate::journal::{Reader, Row, Table, Writer};
use crate::progress::{Cancel, Progress};

/// The stages, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StageId {
    /// Recorded logs to journal rows, with every self-check (D14, D15).
    Ingest,
    /// The public inputs of every message batch.
    Process,
    /// The public inputs of every ballot batch, the results, `tally.json`.
    Tally,
    /// The proofs of both kinds, in any order.
    Prove,
    /// All proofs checked as one transcript.
    Transcript,
    /// The audit bundle.
    Bundle,
    /// Everything of it on the chain: merge, proofs, results.
    Submit,
}

impl StageId {
    /// Every stage in order.
    pub const ALL: [Self; 7] = [
        Self::Ingest,
        Self::Process,
        Self::Tally,
        Self::Prove,
        Self::Transcript,
        Self::Bundle,
        Self::Submit,
    ];

    /// The stages that need no chain, in order.
    pub const OFFLINE: [Self; 6] = [
        Self::Ingest,
        Self::Process,
        Self::Tally,
        Self::Prove,
        Self::Transcript,
        Self::Bundle,
    ];

    pub(crate) fn key(self) -> u64 {
        self as u64
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Process => "process",
            Self::Tally => "tally",
            Self::Prove => "prove",
            Self::Transcript => "transcript",
            Self::Bundle => "bundle",
            Self::Submit => "submit",
        }
    }

    /// What one unit of the stage is called, in the plural.
    pub fn units(self) -> &'static str {
        match self {
            Self::Ingest => "log entries",
            Self::Process => "message batches",
            Self::Tally => "ballot batches",
            Self::Prove => "proofs",
            Self::Transcript => "transcripts",
            Self::Bundle => "bundles",
            Self::Submit => "steps on the chain",
        }
    }
}

impl fmt::Display for StageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How far a stage is: `done` of `total` units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Units whose rows are in the journal.
    pub done: u64,
    /// Units in all; 0 while the stage has not begun.
    pub total: u64,
}

impl Checkpoint {
    /// Whether the stage began and has nothing left to do.
    pub fn is_complete(self) -> bool {
        self.total > 0 && self.done == self.total
    }

    /// Back to `to` units, or `None` where the stage is not beyond them. Back to 0 it has not begun, whatever it was.
    pub(crate) fn unwound(self, to: u64) -> Option<Self> {
        match to {
            0 => Some(Self::default()),
            _ => (to < self.done).then_some(Self { done: to, ..self }),
        }
    }
}

impl Row for Checkpoint {
    const TABLE: Table = Table::Checkpoints;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        [self.done.to_be_bytes(), self.total.to_be_bytes()].concat()
    }

    fn decode(content: &[u8]) -> Option<Self> {
        let (done, total) = content.split_first_chunk()?;
        let done = u64::from_be_bytes(*done);
        let total = u64::from_be_bytes(total.try_into().ok()?);
        (done <= total).then_some(Self { done, total })
    }
}

/// Reads the checkpoint of a stage.
pub(crate) fn checkpoint(reader: &Reader<'_>, stage: StageId) -> Result<Checkpoint, Error> {
    Ok(reader.get(stage.key())?.unwrap_or_default())
}

/// Writes the checkpoint of a stage; belongs in the transaction that writes its rows.
pub(crate) fn set_checkpoint(
    writer: &mut Writer<'_>,
    stage: StageId,
    checkpoint: Checkpoint,
) -> Result<(), Error> {
    if checkpoint == Checkpoint::default() {
        writer.remove(Table::Checkpoints, stage.key())
    } else {
        writer.put(stage.key(), &checkpoint)
    }
}

/// What the stages share while they run.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    /// Told what happens.
    pub progress: &'a dyn Progress,
    /// Asked between units.
    pub cancel: &'a Cancel,
}

impl fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control")
            .field("cancel", &self.cancel)
            .finish_non_exhaustive()
    }
}

/// One stage of a job `J`.
pub trait Stage<J> {
    /// Which stage it is.
    fn id(&self) -> StageId;

    /// Goes forward until `to` units are done, or all of them if `to` is more. Does nothing if that many are done already.
    /// The stages before it must be complete.
    fn execute(&self, job: &mut J, to: u64, control: Control<'_>) -> Result<Checkpoint, Error>;

    /// Goes back until at most `to` units are done: their rows go, in one transaction with the checkpoint. The caller unwinds
    /// later stages first. Their files go before them: a file
    /// without its rows would be taken for one that somebody changed.
    fn unwind(&self, job: &mut J, to: u64) -> Result<Checkpoint, Error>;
}
