//! Process: what every message batch does, without proofs.
//!
//! The poll runs once through the machine, newest batch first, and each batch's public inputs become a row. The state
//! between batches is not kept: it follows from log and key at the machine's full speed, on every start.

use maci_protocol::keys::CoordinatorKey;
use maci_protocol::layout::compact::CompactLayout;
use maci_protocol::layout::{BatchSummary, FinalState, Processing};
use maci_protocol::message::SignedCommand;
use maci_protocol::secrets::RunSeed;
use maci_protocol::{Message, PollLog};
use maci_verifier::ProcessBatch;
use rayon::prelude::*;

use super::Clock;
use crate::error::Error;
use crate::job::Job;
use crate::journal::Table;
use crate::progress::Event;
use crate::stage::{Checkpoint, Control, Stage, StageId, set_checkpoint};
use crate::unit::ProofUnit;
use crate::warning::reused_key;

/// Messages that are decrypted at once, over all cores.
const WINDOW: usize = 4096;
/// Messages that one task decrypts: full vectors, and still enough tasks for every core.
const DECRYPTED_AT_ONCE: usize = 64;

/// The stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process;

impl Stage<Job> for Process {
    fn id(&self) -> StageId {
        StageId::Process
    }

    fn execute(&self, job: &mut Job, to: u64, control: Control<'_>) -> Result<Checkpoint, Error> {
        let log = job.log()?;
        let key = job.key()?;
        let total = log.message_batches();
        let at = job.checkpoint(StageId::Process)?;
        if at.is_complete() || (at.total > 0 && at.done >= to) {
            return Ok(at);
        }
        let clock = Clock::start(StageId::Process, at.done, total, control);
        let mut seed = job.seed()?;
        let mut processing = Processing::<CompactLayout>::new(&log, &key)?;
        let mut batches = Batches::new(&log, &key);
        let mut done = at.done;
        let mut rows = Vec::new();
        while done < to.min(total) {
            let batch = total - processing.batches_left();
            let span = tracing::debug_span!("batch", unit = %ProofUnit::process(batch)).entered();
            let Some(summary) = batches.advance(&mut processing, &mut seed) else {
                break;
            };
            drop(span);
            if summary.batch < done {
                check(job, &summary)?;
                continue;
            }
            rows.push(summary.statement);
            let end = done + rows.len() as u64;
            let stop = control.cancel.is_cancelled();
            // One transaction for as many batches as one window holds, so that a million messages are not a million syncs.
            if batches.is_empty() || stop || end >= to.min(total) {
                job.journal.write(|w| {
                    for (index, row) in (done..).zip(&rows) {
                        w.put(index, row)?;
                    }
                    set_checkpoint(w, StageId::Process, Checkpoint { done: end, total })
                })?;
                rows.clear();
                done = end;
                clock.advanced(done, total);
                if done < total {
                    control.cancel.check()?;
                }
            }
        }
        if done == total {
            let last = processing.finish();
            if let Some(warning) = reused_key(last.counts.foreign_poll) {
                control.progress.event(&Event::Warning(warning));
            }
            job.last = Some(last);
            clock.finished();
        }
        Ok(Checkpoint { done, total })
    }

    fn unwind(&self, job: &mut Job, to: u64) -> Result<Checkpoint, Error> {
        job.last = None;
        job.unwind_rows(StageId::Process, Table::ProcessBatches, to)
    }
}

/// The journal must hold exactly the statement that the log gives.
fn check(job: &Job, summary: &BatchSummary) -> Result<(), Error> {
    match job.journal.read(|r| r.get::<ProcessBatch>(summary.batch))? {
        Some(row) if row == summary.statement => Ok(()),
        _ => Err(Error::OtherStatement {
            unit: ProofUnit::process(summary.batch),
        }),
    }
}

/// The state after the last message, computed again if this process does not have it.
pub(crate) fn last_state(
    job: &mut Job,
    control: Control<'_>,
) -> Result<FinalState<CompactLayout>, Error> {
    if let Some(last) = &job.last {
        return Ok(last.clone());
    }
    let log = job.log()?;
    let key = job.key()?;
    let mut seed = job.seed()?;
    let mut processing = Processing::<CompactLayout>::new(&log, &key)?;
    let mut batches = Batches::new(&log, &key);
    while let Some(summary) = batches.advance(&mut processing, &mut seed) {
        check(job, &summary)?;
        control.cancel.check()?;
    }
    let last = processing.finish();
    job.last = Some(last.clone());
    Ok(last)
}

/// Decrypts a window of batches over all cores, then hands them to the machine one by one.
struct Batches<'a> {
    log: &'a PollLog,
    key: &'a CoordinatorKey,
    /// Decrypted messages of the batches to come, in log order: the next batch is at the end.
    window: Vec<Option<SignedCommand>>,
}

impl<'a> Batches<'a> {
    fn new(log: &'a PollLog, key: &'a CoordinatorKey) -> Self {
        Self {
            log,
            key,
            window: Vec::new(),
        }
    }

    fn is_empty(&self) -> bool {
        self.window.is_empty()
    }

    fn advance(
        &mut self,
        processing: &mut Processing<'_, CompactLayout>,
        seed: &mut RunSeed,
    ) -> Option<BatchSummary> {
        if self.window.is_empty() {
            let size = usize::from(self.log.params.message_batch_size).max(1);
            let left = usize::try_from(processing.batches_left()).ok()?;
            let first = left.saturating_sub((WINDOW / size).max(1));
            let end = (left * size).min(self.log.messages.len());
            let messages = self.log.messages.get(first * size..end)?;
            self.window = messages
                .par_chunks(DECRYPTED_AT_ONCE)
                .flat_map_iter(|chunk| Message::decrypt_many(chunk, self.key))
                .collect();
        }
        let start = self
            .window
            .len()
            .checked_sub(processing.next_messages().len())?;
        let summary = processing.advance_with(self.window.get(start..)?, seed);
        self.window.truncate(start);
        summary
    }
}
