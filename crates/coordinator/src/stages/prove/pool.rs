//! The stage's side of the prover's pool: inputs in, finished proofs committed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use maci_circuits::Inputs;
use maci_keys::ProvingKey;
use maci_protocol::PollLog;
use maci_prover::{Event as Made, Job as Task, Pool, ProveError, Timings};
use maci_verifier::{Proof, VkId};
use tracing::Span;

use super::feed::Feed;
use super::{circuit_of, load, settle_file};
use crate::error::Error;
use crate::job::Job;
use crate::journal::Table;
use crate::progress::Event;
use crate::records::{AttemptsRow, ProofRow};
use crate::stage::{Checkpoint, Control, StageId, set_checkpoint};
use crate::stages::Clock;
use crate::unit::{ProofKind, ProofUnit};

/// Batches whose inputs are in memory at once: enough to keep every core busy, and a few megabytes at MACI's sizes.
const WINDOW: usize = 256;

/// Proves `missing`, begun in that order, and commits each proof as it is finished.
pub(super) fn run(
    job: &mut Job,
    missing: &[ProofUnit],
    total: u64,
    clock: &Clock<'_>,
    control: Control<'_>,
) -> Result<(), Error> {
    let log = job.log()?;
    let coordinator = job.key()?;
    let seed = job.seed()?;
    let keys = Keys::load(job, &log, control)?;
    keys.check_finished(job)?;
    let mut pool = Pool::new();
    if let Some(threads) = job.options.threads {
        pool = pool.with_threads(threads.get());
    }
    if let Some(workers) = job.options.workers {
        pool = pool.with_workers(workers.get());
    }
    let stop = control.cancel.for_prover();
    let mut feed = Feed::new(&job.journal, &log, &coordinator, &seed)?;
    for window in missing.chunks(WINDOW) {
        control.cancel.check()?;
        let inputs = feed.take(&window.iter().copied().collect())?;
        let (units, tasks) = tasks(window, inputs, &keys);
        let shop = Shop {
            job,
            log: &log,
            keys: &keys,
            units: &units,
            spans: RefCell::default(),
            total,
            clock,
            control,
        };
        let mut failure = None;
        let made = pool.prove(
            tasks,
            &|key, public, witness| {
                let id = key.verifying_key().id();
                seed.proof_randomness(&key.circuit(), id, public, witness.0)
            },
            &stop,
            &mut |event| {
                // A proof that cannot be kept stops the run; those that come after it are still kept if they can be.
                if let Err(error) = shop.take(&event) {
                    stop.cancel();
                    failure.get_or_insert(error);
                }
            },
        );
        match (failure, made) {
            (Some(error), _) => return Err(error),
            (None, Ok(_)) => {}
            (None, Err(ProveError::Cancelled)) => return Err(Error::Interrupted),
            (None, Err(error)) => return Err(Error::Prove(Box::new(error))),
        }
    }
    Ok(())
}

/// The window's inputs in the order in which they are to be begun.
fn tasks(
    window: &[ProofUnit],
    inputs: Vec<(ProofUnit, Inputs)>,
    keys: &Keys,
) -> (Vec<ProofUnit>, Vec<Task>) {
    let mut inputs = inputs;
    inputs.sort_by_key(|(unit, _)| window.iter().position(|other| other == unit));
    inputs
        .into_iter()
        .map(|(unit, inputs)| (unit, Task::new(Arc::clone(keys.of(unit)), inputs)))
        .unzip()
}

/// The two proving keys.
struct Keys {
    process: Arc<ProvingKey>,
    tally: Arc<ProvingKey>,
}

impl Keys {
    fn load(job: &Job, log: &PollLog, control: Control<'_>) -> Result<Self, Error> {
        let one = |unit| {
            let id = circuit_of(log, unit);
            let circuit = id.to_string();
            let start = Instant::now();
            control.progress.event(&Event::KeyStarted {
                circuit: circuit.clone(),
            });
            let key = job.keys.proving_key(&id)?;
            control.progress.event(&Event::KeyReady {
                circuit,
                seconds: start.elapsed().as_secs_f64(),
            });
            control.cancel.check()?;
            Ok::<_, Error>(key)
        };
        Ok(Self {
            process: one(ProofUnit::process(0))?,
            tally: one(ProofUnit::tally(0))?,
        })
    }

    fn of(&self, unit: ProofUnit) -> &Arc<ProvingKey> {
        match unit.kind {
            ProofKind::Process => &self.process,
            ProofKind::Tally => &self.tally,
        }
    }

    fn id(&self, unit: ProofUnit) -> VkId {
        self.of(unit).verifying_key().id()
    }

    /// Proofs under another key would not make one transcript with the ones to come.
    fn check_finished(&self, job: &Job) -> Result<(), Error> {
        let finished: BTreeSet<ProofUnit> = super::finished(job)?;
        job.journal.read(|r| {
            finished
                .into_iter()
                .try_for_each(|unit| load(job, r, unit, self.id(unit)).map(drop))
        })
    }
}

/// Takes the pool's events down in the journal.
struct Shop<'a> {
    job: &'a Job,
    log: &'a PollLog,
    keys: &'a Keys,
    units: &'a [ProofUnit],
    /// One open span a proof in hand: it is made on another thread, and its time is what people look for in a log.
    spans: RefCell<BTreeMap<ProofUnit, Span>>,
    total: u64,
    clock: &'a Clock<'a>,
    control: Control<'a>,
}

impl Shop<'_> {
    fn take(&self, event: &Made) -> Result<(), Error> {
        match event {
            Made::Started { index } => self
                .units
                .get(*index)
                .map_or(Ok(()), |unit| self.begun(*unit)),
            Made::Finished {
                index,
                proof,
                elapsed,
                timings,
            } => match self.units.get(*index) {
                Some(unit) => self.finished(*unit, proof, elapsed.as_secs_f64(), *timings),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn begun(&self, unit: ProofUnit) -> Result<(), Error> {
        let span = tracing::info_span!("proof", %unit);
        span.in_scope(|| tracing::debug!("begun"));
        self.spans.borrow_mut().insert(unit, span);
        self.job.journal.write(|w| {
            let begun: AttemptsRow = w.get(unit.key())?.unwrap_or_default();
            w.put(unit.key(), &AttemptsRow(begun.0.saturating_add(1)))
        })
    }

    fn finished(
        &self,
        unit: ProofUnit,
        proof: &Proof,
        seconds: f64,
        timings: Timings,
    ) -> Result<(), Error> {
        let span = self
            .spans
            .borrow_mut()
            .remove(&unit)
            .unwrap_or_else(Span::none);
        let _entered = span.enter();
        let verifying_key = self.keys.id(unit).0;
        let done = self.job.journal.write(|w| {
            let before: Option<ProofRow> = w.get(unit.key())?;
            let made = before.map_or(0, |before| before.made).saturating_add(1);
            w.put(
                unit.key(),
                &ProofRow {
                    verifying_key,
                    proof: proof.to_bytes().to_vec(),
                    made,
                },
            )?;
            let done = w.count(Table::Proofs);
            set_checkpoint(
                w,
                StageId::Prove,
                Checkpoint {
                    done,
                    total: self.total,
                },
            )?;
            Ok(done)
        })?;
        settle_file(self.job, self.log, unit, proof)?;
        tracing::info!(seconds, "proof verified and stored");
        self.control.progress.event(&Event::ProofFinished {
            unit,
            seconds,
            timings,
        });
        self.clock.advanced(done, self.total);
        Ok(())
    }
}
