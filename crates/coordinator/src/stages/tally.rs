//! Tally: the sums, their commitments, `tally.json`, and warnings about polls that are too small (O-12).

use maci_crypto::Fr;
use maci_protocol::layout::compact::CompactLayout;
use maci_protocol::layout::{FinalState, TallyOutcome, Tallying};
use maci_protocol::secrets::RunSeed;
use maci_verifier::TallyBatch;
use sha2::{Digest, Sha256};

use super::{Clock, process};
use crate::artefact;
use crate::error::Error;
use crate::job::Job;
use crate::journal::Table;
use crate::progress::Event;
use crate::records::ResultsRow;
use crate::stage::{Checkpoint, Control, Stage, StageId, set_checkpoint};
use crate::tally_json;
use crate::unit::ProofUnit;

/// The stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tally;

impl Stage<Job> for Tally {
    fn id(&self) -> StageId {
        StageId::Tally
    }

    fn execute(&self, job: &mut Job, to: u64, control: Control<'_>) -> Result<Checkpoint, Error> {
        job.needs(StageId::Process)?;
        let log = job.log()?;
        let total = log.params.tally_batches(log.total_signups());
        let at = job.checkpoint(StageId::Tally)?;
        if (at.is_complete() && is_intact(job)?)
            || (at.total > 0 && !at.is_complete() && at.done >= to)
        {
            return Ok(at);
        }
        let clock = Clock::start(StageId::Tally, at.done, total, control);
        let last = process::last_state(job, control)?;
        let voters = voters(&last);
        let foreign_poll = last.counts.foreign_poll;
        let mut seed = job.seed()?;
        let mut tallying = Tallying::new(&log, last);
        let mut rows = Vec::new();
        let end = to.min(total);
        let advance = |tallying: &mut Tallying<'_, CompactLayout>, seed: &mut RunSeed| {
            let unit = ProofUnit::tally(total - tallying.batches_left());
            tracing::debug_span!("batch", %unit).in_scope(|| tallying.advance(seed))
        };
        while let Some(statement) = advance(&mut tallying, &mut seed) {
            let index = total - tallying.batches_left() - 1;
            if index < at.done {
                check(job, index, &statement)?;
            } else if index < end {
                rows.push(statement);
            }
            control.cancel.check()?;
        }
        let outcome = tallying.finish(&mut seed);
        let done = at.done.max(end);
        let file = tally_json::bytes(&job.deployment()?, &outcome);
        let results = ResultsRow {
            results: outcome.results.clone(),
            commitment: outcome.commitments.tally,
            voters,
            foreign_poll,
            file: Sha256::digest(&file).into(),
        };
        if done > at.done {
            job.journal.write(|w| {
                for (index, row) in (at.done..).zip(&rows) {
                    w.put(index, row)?;
                }
                if done == total {
                    w.put(0, &results)?;
                }
                set_checkpoint(w, StageId::Tally, Checkpoint { done, total })
            })?;
            clock.advanced(done, total);
        }
        if done == total {
            for warning in job.warnings_of(&results) {
                control.progress.event(&Event::Warning(warning));
            }
            artefact::settle(&job.dir.tally_json(), &file, job.options.remake)?;
            job.outcome = Some(outcome);
            clock.finished();
        }
        Ok(Checkpoint { done, total })
    }

    fn unwind(&self, job: &mut Job, to: u64) -> Result<Checkpoint, Error> {
        let at = job.checkpoint(StageId::Tally)?;
        let Some(back) = at.unwound(to) else {
            return Ok(at);
        };
        artefact::remove(&job.dir.tally_json())?;
        job.journal.write(|w| {
            w.remove_from(Table::TallyBatches, to)?;
            w.remove_from(Table::Results, 0)?;
            set_checkpoint(w, StageId::Tally, back)
        })?;
        job.outcome = None;
        Ok(back)
    }
}

fn check(job: &Job, index: u64, statement: &TallyBatch) -> Result<(), Error> {
    match job.journal.read(|r| r.get::<TallyBatch>(index))? {
        Some(row) if row == *statement => Ok(()),
        _ => Err(Error::OtherStatement {
            unit: ProofUnit::tally(index),
        }),
    }
}

/// Ballots with at least one vote.
fn voters(last: &FinalState<CompactLayout>) -> u64 {
    let machine = &last.machine;
    (0..machine.total_signups())
        .filter(|index| machine.votes(*index).iter().any(|votes| *votes > 0))
        .count() as u64
}

/// The options that have votes.
pub(crate) fn chosen(votes: &[Fr]) -> Vec<u64> {
    (0..)
        .zip(votes)
        .filter(|(_, votes)| **votes != Fr::from(0u64))
        .map(|(option, _)| option)
        .collect()
}

/// Whether the result file is there and has the digest of the journal.
fn is_intact(job: &Job) -> Result<bool, Error> {
    let row: Option<ResultsRow> = job.journal.read(|r| r.get(0))?;
    let Ok(bytes) = std::fs::read(job.dir.tally_json()) else {
        return Ok(false);
    };
    Ok(row.is_some_and(|row| row.file[..] == Sha256::digest(&bytes)[..]))
}

/// The outcome with its salts, computed again if this process does not have it.
pub(crate) fn outcome(job: &mut Job, control: Control<'_>) -> Result<TallyOutcome, Error> {
    job.needs(StageId::Tally)?;
    if let Some(outcome) = &job.outcome {
        return Ok(outcome.clone());
    }
    let log = job.log()?;
    let last = process::last_state(job, control)?;
    let mut seed = job.seed()?;
    let outcome = Tallying::new(&log, last).finish(&mut seed);
    job.outcome = Some(outcome.clone());
    Ok(outcome)
}
