//! Bundle: everything that an offline auditor needs, in one canonical file.
//!
//! The transcript is checked again on the way: a bundle exists only for a poll whose proofs add up. Its digest is a row, so a
//! bundle file that was changed later is noticed.

use maci_verdict::{AuditBundle, BundleKeys, PollSource, Provenance};
use sha2::{Digest, Sha256};

use super::Clock;
use super::transcript::{self, Assembled};
use crate::artefact;
use crate::error::Error;
use crate::job::Job;
use crate::journal::Table;
use crate::records::BundleRow;
use crate::stage::{Checkpoint, Control, Stage, StageId, set_checkpoint};

/// The stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bundle;

impl Stage<Job> for Bundle {
    fn id(&self) -> StageId {
        StageId::Bundle
    }

    fn execute(&self, job: &mut Job, to: u64, control: Control<'_>) -> Result<Checkpoint, Error> {
        job.needs(StageId::Transcript)?;
        let at = job.checkpoint(StageId::Bundle)?;
        if to == 0 || (at.is_complete() && is_intact(job)?) {
            return Ok(at);
        }
        let clock = Clock::start(StageId::Bundle, 0, 1, control);
        let assembled = transcript::check(job, control)?;
        let bytes = make(job, &assembled)?;
        artefact::settle(&job.dir.bundle(), &bytes, job.options.remake)?;
        let at = Checkpoint { done: 1, total: 1 };
        job.journal.write(|w| {
            w.put(0, &BundleRow(Sha256::digest(&bytes).into()))?;
            set_checkpoint(w, StageId::Bundle, at)
        })?;
        clock.advanced(1, 1);
        clock.finished();
        Ok(at)
    }

    fn unwind(&self, job: &mut Job, _: u64) -> Result<Checkpoint, Error> {
        artefact::remove(&job.dir.bundle())?;
        job.journal.write(|w| {
            w.remove_from(Table::Bundle, 0)?;
            set_checkpoint(w, StageId::Bundle, Checkpoint::default())
        })?;
        Ok(Checkpoint::default())
    }
}

/// Whether the file is there and has the digest of the journal.
fn is_intact(job: &Job) -> Result<bool, Error> {
    Ok(bytes(job)?.is_some())
}

/// The bytes of the file, if it is there and has the digest of the journal.
fn bytes(job: &Job) -> Result<Option<Vec<u8>>, Error> {
    let row: Option<BundleRow> = job.journal.read(|r| r.get(0))?;
    let Ok(bytes) = std::fs::read(job.dir.bundle()) else {
        return Ok(None);
    };
    let is_ours = row.is_some_and(|row| row.0[..] == Sha256::digest(&bytes)[..]);
    Ok(is_ours.then_some(bytes))
}

/// The audit bundle, once it is made.
pub(crate) fn read(job: &Job) -> Result<Option<AuditBundle>, Error> {
    let Some(bytes) = bytes(job)? else {
        return Ok(None);
    };
    let parsed = AuditBundle::parse(&bytes);
    parsed.map(Some).map_err(|_| Error::CorruptArtefact {
        path: job.dir.bundle(),
        at: 0,
    })
}

/// The bytes of the bundle.
fn make(job: &Job, assembled: &Assembled) -> Result<Vec<u8>, Error> {
    let Assembled {
        snapshot,
        transcript,
        process_key,
        tally_key,
        ..
    } = assembled;
    let source = PollSource::from_deployment(&job.deployment_text()?)
        .map_err(|error| Error::Source(Box::new(error)))?;
    let keys = BundleKeys {
        process: process_key.points().clone(),
        tally: tally_key.points().clone(),
        joining: None,
        // Until a ceremony exists, whatever is not known to be better is a development key.
        provenance: Provenance::InsecureDev,
    };
    Ok(AuditBundle::make(&source, snapshot, transcript, &keys).to_bytes())
}
