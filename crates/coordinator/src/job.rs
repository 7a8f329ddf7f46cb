//! The facade: one tally job in one data directory.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maci_protocol::keys::CoordinatorKey;
use maci_protocol::layout::compact::CompactLayout;
use maci_protocol::layout::{FinalState, TallyOutcome};
use maci_protocol::recorded::Deployment;
use maci_protocol::secrets::RunSeed;
use maci_protocol::{Address, PollId, PollLog};
use maci_verifier::transcript::VerifiedTally;

use crate::artefact;
use crate::datadir::DataDir;
use crate::error::{Error, JournalFault};
use crate::export;
use crate::faults;
use crate::journal::{Journal, Table};
use crate::live::Reporter;
use crate::proving_keys::ProvingKeys;
use crate::records::{AttemptsRow, DeploymentRow, PollRow, ProofRow, ResultsRow};
use crate::source::Source;
use crate::stage::{Checkpoint, Control, Stage, StageId, checkpoint, set_checkpoint};
use crate::stages::bundle::Bundle;
use crate::stages::ingest::{self, Ingest};
use crate::stages::process::Process;
use crate::stages::prove::Prove;
use crate::stages::submit::{self, Submission, Submit, Target};
use crate::stages::tally::{self, Tally};
use crate::stages::transcript::{self, Transcript};
use crate::tally_json;
use crate::transactions::TransactionRow;
use crate::unit::ProofUnit;
use crate::warning::{Warning, joined_without_signup, reused_key, small_poll};

/// In which order proofs are begun. They do not depend on one another (D16), so every order gives the same bytes (O-07).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofOrder {
    /// As the contracts take them: the log is walked through once.
    #[default]
    Submission,
    /// Last first.
    Reverse,
    /// In an order drawn from a seed.
    Shuffled(u64),
}

/// How a job runs. None of it changes a byte of any artefact.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Threads that prove; `None`: all cores.
    pub threads: Option<NonZeroUsize>,
    /// Proofs made at the same time, each on its share of the threads; `None`: one a thread.
    pub workers: Option<NonZeroUsize>,
    /// Make damaged proofs and artefact files again instead of stopping at them (O-03).
    pub remake: bool,
    /// In which order proofs are begun.
    pub order: ProofOrder,
    /// Ballots with votes below which a tally is said to reveal too much (O-12).
    pub small_poll: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: None,
            workers: None,
            remake: false,
            order: ProofOrder::Submission,
            small_poll: 5,
        }
    }
}

/// Where a job stands.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Status {
    /// The poll, once ingest has begun.
    pub poll: Option<PollRow>,
    /// The checkpoint of every stage, in order.
    pub stages: Vec<(StageId, Checkpoint)>,
    /// Every proof that was begun or finished.
    pub proofs: Vec<ProofStatus>,
    /// The results, once the tally is complete.
    pub results: Option<ResultsRow>,
    /// What to know before the tally is published.
    pub warnings: Vec<Warning>,
}

/// How often one proof was begun and finished. `finished` above 1 means that it was remade on request, never otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofStatus {
    /// Which proof.
    pub unit: ProofUnit,
    /// How often it was begun.
    pub begun: u32,
    /// How often it was finished.
    pub finished: u32,
}

/// An open job. Holds the data directory's lock until it is dropped.
pub struct Job {
    pub(crate) dir: DataDir,
    pub(crate) journal: Journal,
    pub(crate) source: Option<Source>,
    pub(crate) key: Option<Arc<CoordinatorKey>>,
    pub(crate) keys: Arc<dyn ProvingKeys>,
    pub(crate) options: Options,
    pub(crate) log: Option<Arc<PollLog>>,
    pub(crate) last: Option<FinalState<CompactLayout>>,
    pub(crate) outcome: Option<TallyOutcome>,
    pub(crate) target: Option<Target>,
}

/// Shows where the job is; what it computed holds decrypted votes.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("dir", &self.dir)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl Job {
    /// Opens or creates a data directory, locks it and checks every row of its journal.
    ///
    /// `source` may be left out once ingest is complete; where it is given, it must still be what the journal was begun
    /// with. `key` is needed from [`Job::process`] on; ingest and status work without any secret.
    pub fn open(
        data_dir: &Path,
        source: Option<Source>,
        key: Option<CoordinatorKey>,
        keys: Arc<dyn ProvingKeys>,
        options: Options,
    ) -> Result<Self, Error> {
        let dir = DataDir::open(data_dir)?;
        let journal = open_journal(&dir, &options)?;
        let job = Self {
            dir,
            journal,
            source,
            key: key.map(Arc::new),
            keys,
            options,
            log: None,
            last: None,
            outcome: None,
            target: None,
        };
        if let (Some(poll), Some(key)) = (job.poll_row()?, &job.key) {
            poll.check_coordinator(key)?;
        }
        Ok(job)
    }

    /// The data directory.
    pub fn dir(&self) -> &DataDir {
        &self.dir
    }

    /// Where the job stands.
    pub fn status(&self) -> Result<Status, Error> {
        self.journal.read(|r| {
            let mut stages = Vec::new();
            for stage in StageId::ALL {
                stages.push((stage, checkpoint(r, stage)?));
            }
            let mut proofs = Vec::new();
            r.each(|key, AttemptsRow(begun)| {
                if let Some(unit) = ProofUnit::from_key(key) {
                    let finished = r.get::<ProofRow>(key)?.map_or(0, |row| row.made);
                    proofs.push(ProofStatus {
                        unit,
                        begun,
                        finished,
                    });
                }
                Ok(())
            })?;
            let results: Option<ResultsRow> = r.get(0)?;
            let poll: Option<PollRow> = r.get(0)?;
            let mut warnings: Vec<Warning> = poll
                .iter()
                .filter_map(|row| joined_without_signup(&row.joined_without_signup))
                .collect();
            if let Some(row) = &results {
                warnings.extend(self.warnings_of(row));
            }
            Ok(Status {
                poll,
                stages,
                proofs,
                results,
                warnings,
            })
        })
    }

    /// Runs one stage to its end.
    pub fn run(&mut self, stage: StageId, control: Control<'_>) -> Result<Checkpoint, Error> {
        self.execute(stage, u64::MAX, control)
    }

    /// Runs one stage until `to` of its units are done.
    pub fn execute(
        &mut self,
        stage: StageId,
        to: u64,
        control: Control<'_>,
    ) -> Result<Checkpoint, Error> {
        control.cancel.check()?;
        let _span = tracing::info_span!("stage", %stage).entered();
        faults::enter(stage.name());
        let mut stages = Vec::new();
        for stage in StageId::ALL {
            stages.push((stage, self.checkpoint(stage)?));
        }
        let reporter = Reporter::new(self.dir.root(), &stages, control.progress);
        let control = Control {
            progress: &reporter,
            ..control
        };
        let done = stage_of(stage).execute(self, to, control);
        if let Err(error) = &done {
            tracing::error!(code = error.code(), %error, "the stage stopped");
        }
        done
    }

    /// Takes back everything that a stage did beyond `to` units, and everything that later stages did at all.
    pub fn unwind(&mut self, stage: StageId, to: u64) -> Result<(), Error> {
        for later in StageId::ALL
            .into_iter()
            .rev()
            .filter(|later| *later > stage)
        {
            stage_of(later).unwind(self, 0)?;
        }
        stage_of(stage).unwind(self, to)?;
        Ok(())
    }

    /// Reads the poll into the journal.
    pub fn ingest(&mut self, control: Control<'_>) -> Result<Checkpoint, Error> {
        self.run(StageId::Ingest, control)
    }

    /// Processes all messages, without proofs.
    pub fn process(&mut self, control: Control<'_>) -> Result<Checkpoint, Error> {
        self.run(StageId::Process, control)
    }

    /// Tallies all ballots, without proofs, and writes `tally.json`.
    pub fn tally(&mut self, control: Control<'_>) -> Result<Checkpoint, Error> {
        self.run(StageId::Tally, control)
    }

    /// Makes every proof that is missing.
    pub fn prove(&mut self, control: Control<'_>) -> Result<Checkpoint, Error> {
        self.run(StageId::Prove, control)
    }

    /// Checks all proofs as one transcript.
    pub fn transcript(&mut self, control: Control<'_>) -> Result<Checkpoint, Error> {
        self.run(StageId::Transcript, control)
    }

    /// Writes the audit bundle.
    pub fn bundle(&mut self, control: Control<'_>) -> Result<Checkpoint, Error> {
        self.run(StageId::Bundle, control)
    }

    /// Names the chain to submit to.
    pub fn set_target(&mut self, target: Target) {
        self.target = Some(target);
    }

    /// Brings everything onto the chain that is not there yet. Needs [`Job::set_target`].
    pub fn submit(&mut self, control: Control<'_>) -> Result<Checkpoint, Error> {
        self.run(StageId::Submit, control)
    }

    /// Closes the poll on the chain, unless it is closed: its log is complete only after that. Needs [`Job::set_target`], and
    /// nothing in the journal.
    pub fn close(
        &mut self,
        maci: Address,
        poll: PollId,
        control: Control<'_>,
    ) -> Result<(), Error> {
        let _span = tracing::info_span!("close").entered();
        faults::enter("close");
        submit::close(self, maci.0, poll.0, control)
    }

    /// Gives up the transaction that is on its way: an empty transfer takes its nonce, unless it is included after all. `None` if
    /// there is none. Needs [`Job::set_target`].
    pub fn withdraw(&mut self, control: Control<'_>) -> Result<Option<TransactionRow>, Error> {
        let _span = tracing::info_span!("withdraw").entered();
        faults::enter("withdraw");
        submit::withdraw(self, control)
    }

    /// What would be sent, and from where: nothing is signed or sent.
    pub fn submission(&mut self, control: Control<'_>) -> Result<Submission, Error> {
        submit::dry_run(self, control)
    }

    /// Every transaction of ours that ended, in order.
    // Named as a path, the method would bind the reader's lifetime too early.
    #[allow(clippy::redundant_closure_for_method_calls)]
    pub fn transactions(&self) -> Result<Vec<TransactionRow>, Error> {
        // The method itself is not general enough over the reader's lifetime.
        #[allow(clippy::redundant_closure_for_method_calls)]
        let rows = self.journal.read(|r| r.all::<TransactionRow>())?;
        Ok(rows.into_iter().map(|(_, row)| row).collect())
    }

    /// Runs every stage that needs no chain to its end.
    pub fn run_all(&mut self, control: Control<'_>) -> Result<Status, Error> {
        for stage in StageId::OFFLINE {
            self.run(stage, control)?;
        }
        self.status()
    }

    /// The poll's log, once ingest is complete.
    pub fn log(&mut self) -> Result<Arc<PollLog>, Error> {
        if let Some(log) = &self.log {
            return Ok(Arc::clone(log));
        }
        let log = Arc::new(ingest::load(self)?);
        self.log = Some(Arc::clone(&log));
        Ok(log)
    }

    /// The results with the salts that open their commitment, once the tally is complete.
    pub fn outcome(&mut self, control: Control<'_>) -> Result<TallyOutcome, Error> {
        tally::outcome(self, control)
    }

    /// The whole poll as an auditor sees it: all proofs checked as one transcript, from the closing state to the results.
    pub fn verified_tally(&mut self, control: Control<'_>) -> Result<VerifiedTally, Error> {
        Ok(transcript::check(self, control)?.verified)
    }

    /// Writes the circuit inputs of every batch as MACI's witness generator reads them, and returns the files in
    /// submission order, and last the `tally.json` that they lead to, whose salts are not those of the job's own. They hold
    /// the coordinator's key and decrypted votes.
    pub fn export_inputs(
        &mut self,
        folder: &Path,
        control: Control<'_>,
    ) -> Result<Vec<PathBuf>, Error> {
        self.needs(StageId::Tally)?;
        let (log, key, mut seed) = (self.log()?, self.key()?, self.seed()?);
        let remake = self.options.remake;
        let mut last = ProofUnit::tally(0);
        let written = tracing::info_span!("export").in_scope(|| {
            export::write_inputs(&log, &key, &mut seed, folder, remake, &mut |unit| {
                tracing::info!(%unit, "writing circuit inputs");
                last = unit;
                control.cancel.check()
            })
        })?;
        // Salts bind the state's commitments, which are another layout's here; the results are the same in all of them.
        let row: Option<ResultsRow> = self.journal.read(|r| r.get(0))?;
        if row.is_none_or(|row| row.results != written.outcome.results) {
            return Err(Error::OtherStatement { unit: last });
        }
        let mut files = written.files;
        let tally = folder.join("tally.json");
        let text = tally_json::bytes(&self.deployment()?, &written.outcome);
        artefact::settle_private(&tally, &text, remake)?;
        files.push(tally);
        Ok(files)
    }

    /// The file of the audit bundle.
    pub fn bundle_path(&self) -> PathBuf {
        self.dir.bundle()
    }

    pub(crate) fn poll_row(&self) -> Result<Option<PollRow>, Error> {
        self.journal.read(|r| r.get(0))
    }

    /// The text of `deployment.json`, once ingest has begun.
    pub fn deployment_text(&self) -> Result<String, Error> {
        let row: Option<DeploymentRow> = self.journal.read(|r| r.get(0))?;
        row.map(|row| row.0).ok_or(Error::StageNeeded {
            stage: StageId::Ingest,
        })
    }

    pub(crate) fn deployment(&self) -> Result<Deployment, Error> {
        Deployment::from_json(&self.deployment_text()?).map_err(|source| Error::Recorded {
            dir: self.dir.journal(),
            source: Box::new(source),
        })
    }

    pub(crate) fn checkpoint(&self, stage: StageId) -> Result<Checkpoint, Error> {
        self.journal.read(|r| checkpoint(r, stage))
    }

    /// Refuses to go on unless a stage is complete.
    pub(crate) fn needs(&self, stage: StageId) -> Result<(), Error> {
        if self.checkpoint(stage)?.is_complete() {
            Ok(())
        } else {
            Err(Error::StageNeeded { stage })
        }
    }

    pub(crate) fn key(&self) -> Result<Arc<CoordinatorKey>, Error> {
        self.key.clone().ok_or(Error::KeyNeeded)
    }

    /// The seed of every secret of this run (D16).
    pub(crate) fn seed(&self) -> Result<RunSeed, Error> {
        let key = self.key()?;
        let poll = self.poll_row()?.ok_or(Error::StageNeeded {
            stage: StageId::Ingest,
        })?;
        Ok(RunSeed::derive(
            key.private(),
            poll.identity.chain_id,
            poll.identity.poll_address,
        ))
    }

    pub(crate) fn warnings_of(&self, row: &ResultsRow) -> Vec<Warning> {
        let mut warnings = small_poll(
            row.voters,
            &tally::chosen(&row.results.votes),
            self.options.small_poll,
        );
        warnings.extend(reused_key(row.foreign_poll));
        warnings
    }

    /// Unwinds a stage whose rows are one table with one row a unit.
    pub(crate) fn unwind_rows(
        &self,
        stage: StageId,
        table: Table,
        to: u64,
    ) -> Result<Checkpoint, Error> {
        let at = self.checkpoint(stage)?;
        let Some(back) = at.unwound(to) else {
            return Ok(at);
        };
        self.journal.write(|w| {
            w.remove_from(table, to)?;
            set_checkpoint(w, stage, back)
        })?;
        Ok(back)
    }
}

fn stage_of(stage: StageId) -> &'static dyn Stage<Job> {
    match stage {
        StageId::Ingest => &Ingest,
        StageId::Process => &Process,
        StageId::Tally => &Tally,
        StageId::Prove => &Prove,
        StageId::Transcript => &Transcript,
        StageId::Bundle => &Bundle,
        StageId::Submit => &Submit,
    }
}

/// Opens the journal, or creates it in a directory that never had one, and refuses a damaged one.
fn open_journal(dir: &DataDir, options: &Options) -> Result<Journal, Error> {
    let path = dir.journal();
    let journal = if path.exists() {
        Journal::open(&path)?
    } else if dir.is_initialised() {
        return Err(Error::Journal {
            path,
            fault: JournalFault::Missing,
        });
    } else {
        Journal::create(&path)?
    };
    let faults = journal.verify()?;
    if let Some(fault) = faults.iter().find(|fault| !fault.is_about_proofs()) {
        return Err(journal.fault(fault.clone()));
    }
    if let Some(fault) = faults.first() {
        if !options.remake {
            return Err(match fault.proof() {
                Some(unit) => Error::CorruptProof {
                    unit,
                    path,
                    why: fault.to_string(),
                },
                None => journal.fault(fault.clone()),
            });
        }
        journal.discard_damage(Table::Proofs)?;
        journal.write(|w| {
            let at: Checkpoint = w.get(StageId::Prove.key())?.unwrap_or_default();
            let done = w.count(Table::Proofs);
            set_checkpoint(w, StageId::Prove, Checkpoint { done, ..at })?;
            for stage in [StageId::Transcript, StageId::Bundle] {
                set_checkpoint(w, stage, Checkpoint::default())?;
            }
            w.remove(Table::Bundle, 0)
        })?;
    }
    dir.mark_initialised()?;
    Ok(journal)
}
