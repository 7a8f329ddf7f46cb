//! Prove: every batch of both kinds, in any order, on all workers (O-07).
//!
//! Commitments are known already, so proofs depend on nothing but their own batch. One thread walks through the poll and
//! makes the inputs of the batches that are missing; workers prove them. A finished proof is committed at once, in one
//! transaction with the checkpoint, and then written to its file. It is never made again (O-02).

mod feed;
mod pool;

use std::collections::BTreeSet;

use maci_protocol::PollLog;
use maci_verifier::{CircuitId, ProcessBatch, Proof, TallyBatch, VkId};

use super::Clock;
use crate::artefact;
use crate::error::Error;
use crate::job::{Job, ProofOrder};
use crate::journal::{Reader, Table};
use crate::proof_json;
use crate::records::ProofRow;
use crate::stage::{Checkpoint, Control, Stage, StageId, set_checkpoint};
use crate::unit::{ProofKind, ProofUnit};

/// The stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prove;

impl Stage<Job> for Prove {
    fn id(&self) -> StageId {
        StageId::Prove
    }

    fn execute(&self, job: &mut Job, to: u64, control: Control<'_>) -> Result<Checkpoint, Error> {
        job.needs(StageId::Tally)?;
        // First, so that a file that somebody changed is named before hours of proving.
        settle_files(job)?;
        let units = units(&*job.log()?);
        let total = units.len() as u64;
        let finished = finished(job)?;
        let done = finished.len() as u64;
        let mut missing: Vec<ProofUnit> = units
            .into_iter()
            .filter(|unit| !finished.contains(unit))
            .collect();
        order(&mut missing, job.options.order);
        let room = usize::try_from(to.saturating_sub(done)).unwrap_or(usize::MAX);
        missing.truncate(room);
        if !missing.is_empty() {
            let clock = Clock::start(StageId::Prove, done, total, control);
            pool::run(job, &missing, total, &clock, control)?;
            clock.finished();
        }
        job.checkpoint(StageId::Prove)
    }

    fn unwind(&self, job: &mut Job, to: u64) -> Result<Checkpoint, Error> {
        let at = job.checkpoint(StageId::Prove)?;
        let Some(back) = at.unwound(to) else {
            return Ok(at);
        };
        let gone: Vec<ProofUnit> = finished(job)?
            .into_iter()
            .skip(usize::try_from(to).unwrap_or(usize::MAX))
            .collect();
        for unit in &gone {
            artefact::remove(&job.dir.proof(*unit))?;
        }
        job.journal.write(|w| {
            for unit in &gone {
                w.remove(Table::Proofs, unit.key())?;
                w.remove(Table::Attempts, unit.key())?;
            }
            if to == 0 {
                w.remove_from(Table::Attempts, 0)?;
            }
            set_checkpoint(w, StageId::Prove, back)
        })?;
        Ok(back)
    }
}

/// Every proof of a poll in submission order.
fn units(log: &PollLog) -> Vec<ProofUnit> {
    let tally = log.params.tally_batches(log.total_signups());
    (0..log.message_batches())
        .map(ProofUnit::process)
        .chain((0..tally).map(ProofUnit::tally))
        .collect()
}

/// The proofs that the journal holds, in submission order.
fn finished(job: &Job) -> Result<BTreeSet<ProofUnit>, Error> {
    let mut units = BTreeSet::new();
    job.journal.read(|r| {
        r.each::<ProofRow>(|key, _| {
            units.extend(ProofUnit::from_key(key));
            Ok(())
        })
    })?;
    Ok(units)
}

fn order(units: &mut [ProofUnit], order: ProofOrder) {
    match order {
        ProofOrder::Submission => {}
        ProofOrder::Reverse => units.reverse(),
        ProofOrder::Shuffled(seed) => {
            // Fisher-Yates over a 64-bit linear congruence: any order will do, only the same one for the same seed.
            let mut state = seed;
            for i in (1..units.len()).rev() {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let j = usize::try_from(state >> 33).unwrap_or(0) % (i + 1);
                units.swap(i, j);
            }
        }
    }
}

/// The circuit of a proof.
pub(crate) fn circuit_of(log: &PollLog, unit: ProofUnit) -> CircuitId {
    match unit.kind {
        ProofKind::Process => log.params.process_circuit(),
        ProofKind::Tally => log.params.tally_circuit(),
    }
}

/// A proof of the journal, decoded; refuses one that was made under another key.
pub(crate) fn load(
    job: &Job,
    r: &Reader<'_>,
    unit: ProofUnit,
    key: VkId,
) -> Result<Option<Proof>, Error> {
    let Some(row) = r.get::<ProofRow>(unit.key())? else {
        return Ok(None);
    };
    if row.verifying_key != key.0 {
        return Err(Error::OtherKey {
            unit,
            expected: VkId(row.verifying_key),
            found: key,
        });
    }
    let why = |error: maci_verifier::Malformed| Error::CorruptProof {
        unit,
        path: job.dir.journal(),
        why: error.to_string(),
    };
    Proof::from_bytes(&row.proof).map(Some).map_err(why)
}

/// The bytes of one proof's file.
fn file_of(
    r: &Reader<'_>,
    log: &PollLog,
    unit: ProofUnit,
    proof: &Proof,
) -> Result<Option<Vec<u8>>, Error> {
    let circuit = circuit_of(log, unit);
    Ok(match unit.kind {
        ProofKind::Process => r
            .get::<ProcessBatch>(unit.index)?
            .map(|s| proof_json::bytes(circuit, &s, proof)),
        ProofKind::Tally => r
            .get::<TallyBatch>(unit.index)?
            .map(|s| proof_json::bytes(circuit, &s, proof)),
    })
}

/// Writes one proof's file if it is missing, and checks it if it is there.
fn settle_file(job: &Job, log: &PollLog, unit: ProofUnit, proof: &Proof) -> Result<(), Error> {
    if let Some(bytes) = job.journal.read(|r| file_of(r, log, unit, proof))? {
        artefact::settle(&job.dir.proof(unit), &bytes, job.options.remake)?;
    }
    Ok(())
}

/// The files of all finished proofs: a crash may have come between a commit and its file.
fn settle_files(job: &mut Job) -> Result<(), Error> {
    let log = job.log()?;
    for unit in finished(job)? {
        let row: Option<ProofRow> = job.journal.read(|r| r.get(unit.key()))?;
        let Some(row) = row else { continue };
        if let Some(proof) = job
            .journal
            .read(|r| load(job, r, unit, VkId(row.verifying_key)))?
        {
            settle_file(job, &log, unit, &proof)?;
        }
    }
    Ok(())
}
