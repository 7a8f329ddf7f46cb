//! Ingest: a poll, recorded or on a chain, becomes journal rows.
//!
//! Needs no key. Leaves come first, then messages, in chunks of one transaction each; the row that names the poll and the
//! digests of its files comes before them all. From then on the journal belongs to exactly these files: other ones are a
//! conflict, by name, and nothing is lost. A poll on a chain has the digests of the files that it would be exported as.

use maci_protocol::{Message, PollLog, StateLeaf};
use maci_verifier::ChainHash;

use sha2::{Digest, Sha256};

use super::Clock;
use crate::chain::{self, ChainSource, FromChain};
use crate::error::Error;
use crate::job::Job;
use crate::journal::Table;
use crate::progress::Event;
use crate::records::{BatchHashRow, DeploymentRow, PollIdentity, PollRow};
use crate::source::{Recorded, RecordedFiles, Source};
use crate::stage::{Checkpoint, Control, Stage, StageId, set_checkpoint};
use crate::warning::joined_without_signup;

/// Rows in one transaction.
const CHUNK: u64 = 4096;

/// The stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ingest;

/// A complete poll, whatever it was read from.
struct Intake {
    log: PollLog,
    row: PollRow,
    /// The text of `deployment.json`.
    deployment: String,
}

impl Stage<Job> for Ingest {
    fn id(&self) -> StageId {
        StageId::Ingest
    }

    fn execute(&self, job: &mut Job, to: u64, control: Control<'_>) -> Result<Checkpoint, Error> {
        let intake = match job.source.clone() {
            None => {
                let at = job.checkpoint(StageId::Ingest)?;
                return if at.is_complete() {
                    Ok(at)
                } else {
                    Err(Error::SourceNeeded)
                };
            }
            Some(Source::Recorded(source)) => recorded(&source, job, to)?,
            Some(Source::Chain(source)) => from_chain(&source, job, control)?,
        };
        // What was there before may be gone by now: a chain can be reorganised.
        let known = job.poll_row()?;
        let at = job.checkpoint(StageId::Ingest)?;
        let Some(Intake {
            log,
            row,
            deployment,
        }) = intake
        else {
            return Ok(at);
        };
        if let Some(key) = &job.key {
            log.check_coordinator(key)?;
        }
        let total = row.leaves + row.messages;
        let clock = Clock::start(StageId::Ingest, at.done, total, control);
        if known.is_none() {
            begin(job, &row, deployment, &log, total)?;
        }
        let mut done = at.done;
        while done < to.min(total) {
            control.cancel.check()?;
            let end = (done + CHUNK).min(total).min(to);
            job.journal.write(|w| {
                for unit in done..end {
                    if let Some(leaf) = usize::try_from(unit).ok().and_then(|i| log.leaves.get(i)) {
                        w.put(unit, leaf)?;
                    } else if let Some(message) = usize::try_from(unit - row.leaves)
                        .ok()
                        .and_then(|i| log.messages.get(i))
                    {
                        w.put(unit - row.leaves, message)?;
                    }
                }
                set_checkpoint(w, StageId::Ingest, Checkpoint { done: end, total })
            })?;
            done = end;
            clock.advanced(done, total);
        }
        if done == total {
            if let Some(warning) = joined_without_signup(&row.joined_without_signup) {
                control.progress.event(&Event::Warning(warning));
            }
            job.log = Some(log.into());
            clock.finished();
        }
        Ok(Checkpoint { done, total })
    }

    fn unwind(&self, job: &mut Job, to: u64) -> Result<Checkpoint, Error> {
        let at = job.checkpoint(StageId::Ingest)?;
        let Some(back) = at.unwound(to) else {
            return Ok(at);
        };
        let leaves = job.poll_row()?.map_or(0, |row| row.leaves);
        job.journal.write(|w| {
            w.remove_from(Table::Leaves, to.min(leaves))?;
            w.remove_from(Table::Messages, to.saturating_sub(leaves))?;
            if to == 0 {
                w.remove_from(Table::Poll, 0)?;
                w.remove_from(Table::Deployment, 0)?;
                w.remove_from(Table::BatchHashes, 0)?;
            }
            set_checkpoint(w, StageId::Ingest, back)
        })?;
        job.log = None;
        Ok(back)
    }
}

/// Reads recorded files; `None` if the journal has all of them that is wanted.
fn recorded(source: &Recorded, job: &Job, to: u64) -> Result<Option<Intake>, Error> {
    let known = job.poll_row()?;
    let at = job.checkpoint(StageId::Ingest)?;
    let files = source.read()?;
    if let Some(known) = &known {
        check_same(known, source, &files)?;
    }
    if at.is_complete() || (known.is_some() && at.done >= to) {
        return Ok(None);
    }
    let log = source.parse(&files)?;
    Ok(Some(Intake {
        row: PollRow::new(&log, files.deployment_digest, files.logs_digest),
        deployment: files.deployment,
        log,
    }))
}

/// Reads a chain; `None` if the journal has the whole poll and the chain still does.
fn from_chain(
    source: &ChainSource,
    job: &mut Job,
    control: Control<'_>,
) -> Result<Option<Intake>, Error> {
    if job.checkpoint(StageId::Ingest)?.is_complete() && chain::is_current(source, job, control)? {
        return Ok(None);
    }
    let FromChain {
        log,
        deployment,
        logs_digest,
    } = chain::read(source, job, control)?;
    let row = PollRow::new(&log, Sha256::digest(&deployment).into(), logs_digest);
    // Rows of a poll that is not this one any more: the chain was reorganised.
    if job.poll_row()?.is_some_and(|known| known != row) {
        job.unwind(StageId::Ingest, 0)?;
    }
    Ok(Some(Intake {
        log,
        row,
        deployment,
    }))
}

fn begin(
    job: &Job,
    row: &PollRow,
    deployment: String,
    log: &PollLog,
    total: u64,
) -> Result<(), Error> {
    job.journal.write(|w| {
        w.put(0, row)?;
        w.put(0, &DeploymentRow(deployment))?;
        for (index, hash) in (0..).zip(&log.batch_hashes) {
            w.put(index, &BatchHashRow(*hash))?;
        }
        set_checkpoint(w, StageId::Ingest, Checkpoint { done: 0, total })
    })
}

/// The files must be those that the journal was begun with.
fn check_same(known: &PollRow, source: &Recorded, files: &RecordedFiles) -> Result<(), Error> {
    let changed = if known.deployment_digest != files.deployment_digest {
        (
            source.deployment_path(),
            known.deployment_digest,
            files.deployment_digest,
        )
    } else if known.logs_digest != files.logs_digest {
        (source.logs_path(), known.logs_digest, files.logs_digest)
    } else {
        return Ok(());
    };
    // Another poll is told apart from an edited file where the new files still parse.
    if let Ok(log) = source.parse(files) {
        let found = PollIdentity::of(&log);
        if found != known.identity {
            return Err(Error::OtherPoll {
                expected: known.identity,
                found,
            });
        }
    }
    let (path, expected, found) = changed;
    Err(Error::ChangedSource {
        path,
        expected: hex::encode(expected),
        found: hex::encode(found),
    })
}

/// Reads the whole log back from the rows of a complete ingest.
pub(crate) fn load(job: &Job) -> Result<PollLog, Error> {
    let Some(row) = job.poll_row()? else {
        return Err(Error::StageNeeded {
            stage: StageId::Ingest,
        });
    };
    if !job.checkpoint(StageId::Ingest)?.is_complete() {
        return Err(Error::StageNeeded {
            stage: StageId::Ingest,
        });
    }
    job.journal.read(|r| {
        let mut leaves: Vec<StateLeaf> = Vec::new();
        r.each(|_, leaf| {
            leaves.push(leaf);
            Ok(())
        })?;
        let mut messages: Vec<Message> = Vec::new();
        r.each(|_, message| {
            messages.push(message);
            Ok(())
        })?;
        let mut hashes: Vec<ChainHash> = Vec::new();
        r.each(|_, BatchHashRow(hash)| {
            hashes.push(hash);
            Ok(())
        })?;
        Ok(row.into_log(leaves, messages, hashes))
    })
}
