//! Transcript: all proofs of the poll checked as one, exactly as an auditor will (security.md V-05): nothing that fails here
//! leaves the machine.

use maci_crypto::{field, poseidon};
use maci_protocol::PollLog;
use maci_protocol::layout::TallyOutcome;
use maci_protocol::layout::maci::state_root;
use maci_verifier::transcript::{
    self, PollSnapshot, PollTranscript, ProvedProcess, ProvedTally, TallyOpening, VerifiedTally,
    VoiceCredits,
};
use maci_verifier::{ProcessBatch, Proof, PublicKeyHash, StateRoot, TallyBatch, VerifyingKey};

use super::{Clock, bundle, prove, tally};
use crate::error::{Error, JournalFault};
use crate::job::Job;
use crate::journal::{Row, Table};
use crate::stage::{Checkpoint, Control, Stage, StageId, set_checkpoint};
use crate::unit::ProofUnit;

/// The stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Transcript;

impl Stage<Job> for Transcript {
    fn id(&self) -> StageId {
        StageId::Transcript
    }

    fn execute(&self, job: &mut Job, to: u64, control: Control<'_>) -> Result<Checkpoint, Error> {
        let at = job.checkpoint(StageId::Transcript)?;
        if at.is_complete() || to == 0 {
            return Ok(at);
        }
        let clock = Clock::start(StageId::Transcript, 0, 1, control);
        let _ = check(job, control)?;
        let at = Checkpoint { done: 1, total: 1 };
        job.journal
            .write(|w| set_checkpoint(w, StageId::Transcript, at))?;
        clock.finished();
        Ok(at)
    }

    fn unwind(&self, job: &mut Job, _: u64) -> Result<Checkpoint, Error> {
        job.journal
            .write(|w| set_checkpoint(w, StageId::Transcript, Checkpoint::default()))?;
        Ok(Checkpoint::default())
    }
}

/// Everything that the audit needs, read back from the journal.
pub(crate) struct Assembled {
    pub(crate) snapshot: PollSnapshot,
    pub(crate) transcript: PollTranscript,
    pub(crate) process_key: VerifyingKey,
    pub(crate) tally_key: VerifyingKey,
    pub(crate) verified: VerifiedTally,
}

/// Assembles the transcript and checks it. Without the coordinator's key it is taken from the audit bundle, if there is one: whoever
/// brings the proofs onto the chain need not be able to read the votes.
pub(crate) fn check(job: &mut Job, control: Control<'_>) -> Result<Assembled, Error> {
    job.needs(StageId::Prove)?;
    let log = job.log()?;
    if job.key.is_none() {
        let bundle = bundle::read(job)?.ok_or(Error::KeyNeeded)?;
        return verified(job, &log, snapshot(&log), bundle.transcript());
    }
    let opening = opening(&tally::outcome(job, control)?)?;
    let process_key = job.keys.verifying_key(&log.params.process_circuit())?;
    let tally_key = job.keys.verifying_key(&log.params.tally_circuit())?;
    let snapshot = snapshot(&log);
    let process = proved::<ProcessBatch>(job, &process_key, ProofUnit::process)?;
    let tally = proved::<TallyBatch>(job, &tally_key, ProofUnit::tally)?;
    let transcript = PollTranscript {
        process: process
            .into_iter()
            .map(|(statement, proof)| ProvedProcess { statement, proof })
            .collect(),
        tally: tally
            .into_iter()
            .map(|(statement, proof)| ProvedTally { statement, proof })
            .collect(),
        opening,
    };
    verified(job, &log, snapshot, transcript)
}

/// A transcript that the auditor's checks accept, under the keys that are at hand.
fn verified(
    job: &Job,
    log: &PollLog,
    snapshot: PollSnapshot,
    transcript: PollTranscript,
) -> Result<Assembled, Error> {
    let process_key = job.keys.verifying_key(&log.params.process_circuit())?;
    let tally_key = job.keys.verifying_key(&log.params.tally_circuit())?;
    let verified = transcript::check(&snapshot, &transcript, &process_key, &tally_key)
        .map_err(|error| Error::Transcript(Box::new(error)))?;
    Ok(Assembled {
        snapshot,
        transcript,
        process_key,
        tally_key,
        verified,
    })
}

/// The statements of one kind with their proofs, in submission order.
fn proved<S: Row>(
    job: &Job,
    key: &VerifyingKey,
    unit: fn(u64) -> ProofUnit,
) -> Result<Vec<(S, Proof)>, Error> {
    job.journal.read(|r| {
        let mut records = Vec::new();
        r.each::<S>(|index, statement| {
            let unit = unit(index);
            let proof = prove::load(job, r, unit, key.id())?;
            let missing = || {
                job.journal.fault(JournalFault::Gap {
                    table: Table::Proofs,
                    key: unit.key(),
                })
            };
            records.push((statement, proof.ok_or_else(missing)?));
            Ok(())
        })?;
        Ok(records)
    })
}

/// What the contracts fixed when the poll was closed, as the log has it.
pub(crate) fn snapshot(log: &PollLog) -> PollSnapshot {
    let key = log.coordinator_public_key;
    PollSnapshot {
        params: log.params,
        state_root: log
            .onchain
            .merged_state_root
            .unwrap_or_else(|| StateRoot(state_root(&log.leaves))),
        actual_state_tree_depth: log.actual_state_tree_depth().into(),
        total_signups: log.total_signups(),
        num_messages: log.num_messages(),
        batch_hashes: log.batch_hashes.clone(),
        chain_hash: log.chain_hash(),
        coordinator_public_key_hash: PublicKeyHash(poseidon::hash2(key.x, key.y)),
    }
}

/// The published results in the auditor's types.
fn opening(outcome: &TallyOutcome) -> Result<TallyOpening, Error> {
    let TallyOutcome { results, salts, .. } = outcome;
    let votes = results.votes.iter().map(|votes| {
        let bytes = field::to_be_bytes(votes);
        let (high, low) = bytes.split_at(16);
        let low: [u8; 16] = low.try_into().map_err(|_| Error::ResultRange)?;
        if high.iter().all(|byte| *byte == 0) {
            Ok(u128::from_be_bytes(low))
        } else {
            Err(Error::ResultRange)
        }
    });
    Ok(TallyOpening {
        results: votes.collect::<Result<_, _>>()?,
        results_salt: salts.results,
        total_spent: VoiceCredits(results.spent),
        total_spent_salt: salts.spent,
        per_option_spent: results
            .per_option_spent
            .as_ref()
            .zip(salts.per_option_spent)
            .map(|(spent, salt)| {
                (
                    spent.iter().map(|credits| VoiceCredits(*credits)).collect(),
                    salt,
                )
            }),
    })
}
