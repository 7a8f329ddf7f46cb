//! Between the coordinator's tally job and a person: its events become progress, its errors become failures.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use maci_coordinator::{
    Cancel, Control, DataDir, Error, Event, ExitClass, Job, Options, Source, StageId, Status,
    Submission, Target, TransactionRow, Warning,
};
use maci_protocol::keys::CoordinatorKey;
use maci_protocol::layout::TallyOutcome;
use maci_protocol::{Address, PollId, PollLog};
use maci_prover::Timings;

use crate::chain;
use crate::context::Context;
use crate::failure::Failure;
use crate::metrics::Metrics;
use crate::output::{Progress, Stage};
use crate::proving_keys::LocalKeys;

/// Shows a job's events and keeps its warnings. Proving threads call it.
#[derive(Debug)]
pub(crate) struct Watch {
    progress: Progress,
    metrics: Option<Metrics>,
    stage: Mutex<Option<Stage>>,
    warnings: Mutex<Vec<Warning>>,
    timings: Mutex<Timings>,
}

impl Watch {
    /// Shows progress as the context says.
    pub(crate) fn new(context: &Context<'_>) -> Self {
        Self {
            progress: context.progress,
            metrics: context.metrics.clone(),
            stage: Mutex::new(None),
            warnings: Mutex::new(Vec::new()),
            timings: Mutex::default(),
        }
    }
}

impl maci_coordinator::Progress for Watch {
    fn event(&self, event: &Event) {
        if let Some(metrics) = &self.metrics {
            metrics.take(event);
        }
        // A poisoned lock means that another thread panicked; progress is not worth a second panic.
        let Ok(mut stage) = self.stage.lock() else {
            return;
        };
        match event {
            Event::StageStarted {
                stage: id,
                done,
                total,
            } => {
                *stage = Some(self.progress.stage(
                    &format!("{id} ({})", id.units()),
                    *done,
                    *total,
                ));
            }
            Event::Advanced { done, .. } => {
                if let Some(stage) = stage.as_ref() {
                    stage.set(*done);
                }
            }
            Event::KeyStarted { circuit } => {
                self.note(stage.as_ref(), &format!("keys of {circuit} ..."));
            }
            Event::KeyReady { circuit, seconds } => {
                self.note(
                    stage.as_ref(),
                    &format!("keys of {circuit} ready in {seconds:.1} s"),
                );
            }
            Event::Transaction(row) => {
                let text = transaction_text(row);
                self.note(stage.as_ref(), &text);
            }
            Event::Chain(event) => self.chain(stage.as_ref(), event),
            Event::ProofFinished { timings, .. } => {
                if let Ok(mut sum) = self.timings.lock() {
                    *sum += timings;
                }
            }
            Event::StageFinished { .. } => *stage = None,
            Event::Warning(warning) => {
                // Process and tally both warn of a reused key; once is enough.
                if let Ok(mut warnings) = self.warnings.lock()
                    && !warnings.contains(warning)
                {
                    warnings.push(warning.clone());
                }
            }
            _ => {}
        }
    }
}

impl Watch {
    /// Blocks that come and go.
    fn chain(&self, stage: Option<&Stage>, event: &maci_chain::ingest::Event) {
        use maci_chain::ingest::Event;
        match event {
            Event::Started { first, last } if first <= last => {
                self.note(stage, &format!("reading blocks {first} to {last} ..."));
            }
            Event::Read { first, last, logs } => {
                tracing::info!(first, last, logs, "blocks read and confirmed");
            }
            Event::Retried { first, last, why } => {
                tracing::warn!(first, last, why, "blocks are read again");
            }
            Event::Unwound { last, from } => self.note(
                stage,
                &format!(
                    "the chain was reorganised: blocks {} to {from} are dropped",
                    last + 1
                ),
            ),
            _ => {}
        }
    }

    /// The time of each step over all proofs that were made under this watch.
    pub(crate) fn timings(&self) -> Timings {
        self.timings
            .lock()
            .map_or_else(|_| Timings::default(), |sum| *sum)
    }

    fn note(&self, stage: Option<&Stage>, text: &str) {
        match stage {
            Some(stage) => stage.note(text),
            None => self.progress.note(text),
        }
    }
}

/// A job that is open for one command, with its progress and its way to stop.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    context: &'a Context<'a>,
    watch: Watch,
    cancel: Cancel,
    /// The job itself.
    pub(crate) job: Job,
}

/// What a job is opened with; everything but the data directory may be left out.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    /// The recorded poll; may be left out once ingest is complete.
    pub(crate) source: Option<Source>,
    /// The coordinator's key; ingest needs none.
    pub(crate) key: Option<CoordinatorKey>,
    /// Proving keys; native stages ask for none.
    pub(crate) keys: Option<Arc<LocalKeys>>,
    /// Make damaged proofs and files again instead of stopping at them.
    pub(crate) remake: bool,
}

/// How long a data directory may be in use by a command that only looks at it.
const LOOK: Duration = Duration::from_secs(5);

/// Waits a little for a data directory that another command looks at: one that is restarted automatically must not fail because
/// somebody asks for its status.
pub(crate) fn await_lock(context: &Context<'_>, data_dir: &Path) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        match DataDir::open(data_dir) {
            Ok(_) => return Ok(()),
            Err(Error::Locked { .. }) if start.elapsed() < LOOK => {
                context.interrupt.sleep(Duration::from_millis(100))?;
            }
            Err(error) => return Err(failure(&error)),
        }
    }
}

impl<'a> Session<'a> {
    /// Opens a data directory.
    pub(crate) fn open(
        context: &'a Context<'a>,
        data_dir: &Path,
        opening: Opening,
    ) -> Result<Self, Failure> {
        let mut options = Options::default();
        options.remake = opening.remake;
        options.threads = NonZeroUsize::new(context.settings.threads.value);
        let keys = opening
            .keys
            .unwrap_or_else(|| LocalKeys::new(context, None));
        let job = Job::open(data_dir, opening.source, opening.key, keys, options)
            .map_err(|error| failure(&error))?;
        Ok(Self {
            context,
            watch: Watch::new(context),
            cancel: context.interrupt.cancel(),
            job,
        })
    }

    /// Opens the data directory of the settings, which has to be there: only `ingest` makes one.
    pub(crate) fn resume(context: &'a Context<'a>, opening: Opening) -> Result<Self, Failure> {
        let data_dir = &context.settings.datadir.value;
        match std::fs::read_dir(data_dir) {
            Ok(_) => Self::open(context, data_dir, opening),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(Failure::usage(
                "no_data_directory",
                format!("there is no data directory {}", data_dir.display()),
            )
            .hint("maci ingest --recorded DIR makes one; --datadir names another")),
            Err(error) => Err(Failure::outside(
                "io",
                format!(
                    "the data directory {} could not be read: {error}",
                    data_dir.display()
                ),
            )
            .hint("nothing is lost; run the same command again once the cause is gone")),
        }
    }

    /// The time of each step over all proofs that this session made.
    pub(crate) fn timings(&self) -> Timings {
        self.watch.timings()
    }

    /// The job, with what watches and stops it.
    fn controlled(&mut self) -> (&mut Job, Control<'_>) {
        let control = Control {
            progress: &self.watch,
            cancel: &self.cancel,
        };
        (&mut self.job, control)
    }

    /// Runs stages to their end, one after the other.
    pub(crate) fn run(&mut self, stages: &[StageId]) -> Result<(), Failure> {
        let (job, control) = self.controlled();
        for stage in stages {
            job.run(*stage, control).map_err(|error| failure(&error))?;
        }
        Ok(())
    }

    /// The results with the salts that open them.
    pub(crate) fn outcome(&mut self) -> Result<TallyOutcome, Failure> {
        let (job, control) = self.controlled();
        job.outcome(control).map_err(|error| failure(&error))
    }

    /// Names the chain to submit to.
    pub(crate) fn set_target(&mut self, target: Target) {
        self.job.set_target(target);
    }

    /// Closes the poll on the chain.
    pub(crate) fn close(&mut self, maci: Address, poll: PollId) -> Result<(), Failure> {
        let (job, control) = self.controlled();
        job.close(maci, poll, control)
            .map_err(|error| failure(&error))
    }

    /// Gives up the transaction that is on its way.
    pub(crate) fn withdraw(&mut self) -> Result<Option<TransactionRow>, Failure> {
        let (job, control) = self.controlled();
        job.withdraw(control).map_err(|error| failure(&error))
    }

    /// What would be sent.
    pub(crate) fn submission(&mut self) -> Result<Submission, Failure> {
        let (job, control) = self.controlled();
        job.submission(control).map_err(|error| failure(&error))
    }

    /// Every transaction of ours that ended.
    pub(crate) fn transactions(&self) -> Result<Vec<TransactionRow>, Failure> {
        self.job.transactions().map_err(|error| failure(&error))
    }

    /// Writes the circuit inputs of every batch.
    pub(crate) fn export_inputs(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        let (job, control) = self.controlled();
        job.export_inputs(folder, control)
            .map_err(|error| failure(&error))
    }

    /// The poll's log.
    pub(crate) fn log(&mut self) -> Result<Arc<PollLog>, Failure> {
        self.job.log().map_err(|error| failure(&error))
    }

    /// Where the job stands.
    pub(crate) fn status(&self) -> Result<Status, Failure> {
        self.job.status().map_err(|error| failure(&error))
    }
}

impl Drop for Session<'_> {
    /// Hands the job's warnings over to the command's envelope, whether it succeeded or not.
    fn drop(&mut self) {
        if let Ok(mut warnings) = self.watch.warnings.lock() {
            for warning in warnings.drain(..) {
                self.context.warn(warning.code(), warning.to_string());
            }
        }
    }
}

/// One line about a transaction that ended.
fn transaction_text(row: &TransactionRow) -> String {
    match &row.included {
        Some(included) => format!(
            "{} in block {}, {} gas{}",
            row.what,
            included.block,
            included.gas,
            if included.success { "" } else { ", FAILED" }
        ),
        None => format!(
            "{}: its nonce {} went to another transaction",
            row.what, row.nonce
        ),
    }
}

/// A job's error with the exit code that the coordinator sorts it into and a hint in terms of this program.
pub(crate) fn failure(error: &Error) -> Failure {
    if let Error::Chain(error) = error {
        return chain::failure(error);
    }
    let message = with_causes(error);
    let failure = match error.class() {
        ExitClass::AnswerNo => Failure::no(error.code(), message),
        ExitClass::Usage => Failure::usage(error.code(), message),
        ExitClass::Outside => Failure::outside(error.code(), message),
        ExitClass::Conflict => Failure::conflict(error.code(), message),
        ExitClass::Interrupted => return Failure::interrupted(),
    };
    match (error, error.hint()) {
        (Error::SourceNeeded, _) => {
            failure.hint("maci ingest reads a poll: --recorded DIR, or --rpc URL --maci ADDRESS --poll N")
        }
        (Error::KeyNeeded, _) => {
            failure.hint("name its file with --key-file or MACI_COORDINATOR_KEY_FILE")
        }
        (Error::StageNeeded { stage }, _) => failure.hint(format!("run maci {stage} first")),
        (Error::InsecureKey { .. }, _) => {
            failure.hint("add --insecure-dev-keys, for tests and demonstrations only; no ceremony keys exist yet")
        }
        (Error::CorruptProof { .. } | Error::CorruptArtefact { .. }, _) => {
            failure.hint("run the command again with --remake to make what is damaged again")
        }
        (_, Some(hint)) => failure.hint(hint),
        (_, None) => failure,
    }
}

/// A message with the reasons below it, each said once.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            message.push_str(": ");
            message.push_str(&text);
        }
        cause = error.source();
    }
    message
}
