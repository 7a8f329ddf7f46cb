//! The workers of the stage.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use maci_circuits::Inputs;
use maci_protocol::PollLog;
use maci_protocol::secrets::RunSeed;
use maci_verifier::VkId;

use super::feed::Feed;
use super::{circuit_of, load, settle_file};
use crate::error::{Error, panic_text};
use crate::job::{Job, ProofOrder};
use crate::journal::Table;
use crate::progress::Event;
use crate::records::{AttemptsRow, ProofRow};
use crate::stage::{Checkpoint, Control, StageId, set_checkpoint};
use crate::stages::Clock;
use crate::unit::{ProofKind, ProofUnit};

type Task = (ProofUnit, Inputs);

/// Proves `missing`, begun in that order, and commits each proof as it is finished.
pub(super) fn run(
    job: &mut Job,
    missing: &[ProofUnit],
    total: u64,
    clock: &Clock<'_>,
    control: Control<'_>,
) -> Result<(), Error> {
    let log = job.log()?;
    let key = job.key()?;
    let seed = job.seed()?;
    let keys = Keys::load(job, &log, control)?;
    keys.check_finished(job)?;
    let workers = job.options.workers.unwrap_or_else(|| job.engine.workers()).get().min(missing.len());
    let wanted = missing.iter().copied().collect();
    let feed = Feed { journal: &job.journal, log: &log, key: &key, seed: &seed, wanted };
    let shop = Shop {
        job,
        log: &log,
        seed: &seed,
        keys: &keys,
        total,
        clock,
        control,
        stop: AtomicBool::new(false),
        failure: Mutex::new(None),
    };
    // Nothing waits in the channel: at most one batch of inputs exists beyond those being proved.
    let (send, receive) = sync_channel::<Task>(0);
    let receive = Mutex::new(receive);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| shop.work(&receive));
        }
        let fed = match job.options.order {
            ProofOrder::Submission => feed.run(|unit, inputs| shop.give(&send, (unit, inputs))),
            ProofOrder::Reverse | ProofOrder::Shuffled(_) => shop.give_sorted(&send, &feed, missing),
        };
        if let Err(error) = fed {
            shop.fail(error);
        }
        drop(send);
    });
    match shop.failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => control.cancel.check(),
    }
}

/// The identities of the two verifying keys.
struct Keys {
    process: VkId,
    tally: VkId,
}

impl Keys {
    fn load(job: &Job, log: &PollLog, control: Control<'_>) -> Result<Self, Error> {
        let one = |unit| {
            let id = circuit_of(log, unit);
            let circuit = id.to_string();
            let start = Instant::now();
            control.progress.event(&Event::KeyStarted { circuit: circuit.clone() });
            let key = job.engine.verifying_key(&id)?.id();
            control.progress.event(&Event::KeyReady { circuit, seconds: start.elapsed().as_secs_f64() });
            control.cancel.check()?;
            Ok::<_, Error>(key)
        };
        Ok(Self { process: one(ProofUnit::process(0))?, tally: one(ProofUnit::tally(0))? })
    }

    fn of(&self, unit: ProofUnit) -> VkId {
        match unit.kind {
            ProofKind::Process => self.process,
            ProofKind::Tally => self.tally,
        }
    }

    /// Proofs under another key would not make one transcript with the ones to come.
    fn check_finished(&self, job: &Job) -> Result<(), Error> {
        for unit in super::finished(job)? {
            job.journal.read(|r| load(job, r, unit, self.of(unit)))?;
        }
        Ok(())
    }
}

/// What the workers share.
struct Shop<'a> {
    job: &'a Job,
    log: &'a PollLog,
    seed: &'a RunSeed,
    keys: &'a Keys,
    total: u64,
    clock: &'a Clock<'a>,
    control: Control<'a>,
    stop: AtomicBool,
    failure: Mutex<Option<Error>>,
}

impl Shop<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::SeqCst) || self.control.cancel.is_cancelled()
    }

    /// Keeps the first failure; the workers finish what they have in hand.
    fn fail(&self, error: Error) {
        self.stop.store(true, Ordering::SeqCst);
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// Hands a task to a worker; says whether to go on.
    fn give(&self, send: &SyncSender<Task>, task: Task) -> bool {
        !self.is_stopped() && send.send(task).is_ok() && !self.is_stopped()
    }

    /// Makes all inputs first, then hands them out in the order of `missing`.
    fn give_sorted(&self, send: &SyncSender<Task>, feed: &Feed<'_>, missing: &[ProofUnit]) -> Result<(), Error> {
        let mut tasks = Vec::new();
        feed.run(|unit, inputs| {
            tasks.push((unit, inputs));
            !self.is_stopped()
        })?;
        tasks.sort_by_key(|(unit, _)| missing.iter().position(|other| other == unit));
        for task in tasks {
            if !self.give(send, task) {
                break;
            }
        }
        Ok(())
    }

    fn work(&self, receive: &Mutex<Receiver<Task>>) {
        loop {
            let task = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((unit, inputs)) = task else { return };
            // After a stop, tasks are still taken, so that the feeder never waits for nobody, and dropped.
            if self.is_stopped() {
                continue;
            }
            // A panic must not leave the feeder waiting for a worker that is gone.
            let made = catch_unwind(AssertUnwindSafe(|| self.make(unit, inputs)));
            let made = made.unwrap_or_else(|panic| Err(Error::Worker { unit, message: panic_text(panic.as_ref()) }));
            if let Err(error) = made {
                self.fail(error);
            }
        }
    }

    fn make(&self, unit: ProofUnit, inputs: Inputs) -> Result<(), Error> {
        let start = Instant::now();
        let journal = &self.job.journal;
        journal.write(|w| {
            let begun: AttemptsRow = w.get(unit.key())?.unwrap_or_default();
            w.put(unit.key(), &AttemptsRow(begun.0.saturating_add(1)))
        })?;
        let proof = self.job.engine.prove(&circuit_of(self.log, unit), inputs, self.seed)?;
        let verifying_key = self.keys.of(unit).0;
        let done = journal.write(|w| {
            let before: Option<ProofRow> = w.get(unit.key())?;
            let made = before.map_or(0, |before| before.made).saturating_add(1);
            w.put(unit.key(), &ProofRow { verifying_key, proof: proof.to_bytes().to_vec(), made })?;
            let done = w.count(Table::Proofs);
            set_checkpoint(w, StageId::Prove, Checkpoint { done, total: self.total })?;
            Ok(done)
        })?;
        settle_file(self.job, self.log, unit, &proof)?;
        let seconds = start.elapsed().as_secs_f64();
        self.control.progress.event(&Event::ProofFinished { unit, seconds });
        self.clock.advanced(done, self.total);
        Ok(())
    }
}
