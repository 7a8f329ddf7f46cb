//! The inputs of the missing batches, made one after the other.
//!
//! A batch that has its proof is passed over at the machine's full speed; only a missing one gets trees opened. Inputs hold
//! decrypted votes and the coordinator key, so they exist for as long as they are proved and are never written anywhere.

use std::collections::BTreeSet;

use maci_circuits::Inputs;
use maci_protocol::PollLog;
use maci_protocol::keys::CoordinatorKey;
use maci_protocol::layout::Processing;
use maci_protocol::layout::maci::{MaciLayout, Tallying};
use maci_protocol::secrets::RunSeed;
use maci_verifier::{ProcessBatch, TallyBatch};

use crate::error::Error;
use crate::journal::Journal;
use crate::unit::{ProofKind, ProofUnit};

/// What the inputs are made from, and which are wanted.
pub(super) struct Feed<'a> {
    pub(super) journal: &'a Journal,
    pub(super) log: &'a PollLog,
    pub(super) key: &'a CoordinatorKey,
    pub(super) seed: &'a RunSeed,
    pub(super) wanted: BTreeSet<ProofUnit>,
}

impl Feed<'_> {
    /// Gives the inputs of every wanted unit to `take`, in submission order, until `take` says to stop.
    pub(super) fn run(&self, mut take: impl FnMut(ProofUnit, Inputs) -> bool) -> Result<(), Error> {
        let mut seed = self.seed.clone();
        let mut processing = Processing::<MaciLayout>::new(self.log, self.key)?;
        for index in 0..processing.batches_left() {
            if self.wanted.range(ProofUnit::process(index)..).next().is_none() {
                return Ok(());
            }
            let unit = ProofUnit::process(index);
            let next = if self.wanted.contains(&unit) {
                processing.next_inputs(&mut seed).map(|(summary, inputs)| (summary, Some(inputs)))
            } else {
                processing.advance(&mut seed).map(|summary| (summary, None))
            };
            let Some((summary, inputs)) = next else { break };
            // The proof must be about the statement that the journal holds.
            if self.journal.read(|r| r.get::<ProcessBatch>(index))? != Some(summary.statement) {
                return Err(Error::OtherStatement { unit });
            }
            if let Some(inputs) = inputs
                && !take(unit, Inputs::Process(Box::new(inputs)))
            {
                return Ok(());
            }
        }
        if !self.wanted.iter().any(|unit| unit.kind == ProofKind::Tally) {
            return Ok(());
        }
        let mut tallying = Tallying::new(self.log, processing.finish());
        for index in 0..tallying.batches_left() {
            let unit = ProofUnit::tally(index);
            if !self.wanted.contains(&unit) {
                if tallying.advance(&mut seed).is_none() {
                    break;
                }
                continue;
            }
            let Some(inputs) = tallying.next_inputs(&mut seed) else { break };
            if self.journal.read(|r| r.get::<TallyBatch>(index))? != Some(inputs.statement) {
                return Err(Error::OtherStatement { unit });
            }
            if !take(unit, Inputs::Tally(Box::new(inputs))) {
                return Ok(());
            }
        }
        Ok(())
    }
}
