//! The inputs of the missing batches.
//!
//! A batch that has its proof is passed over at the machine's full speed; only a missing one gets trees opened. Inputs hold
//! decrypted votes and the coordinator key, so they exist for as long as they are proved and are never written anywhere.

use std::collections::BTreeSet;

use maci_circuits::Inputs;
use maci_protocol::PollLog;
use maci_protocol::keys::CoordinatorKey;
use maci_protocol::layout::compact::CompactLayout;
use maci_protocol::layout::{Processing, Tallying};
use maci_protocol::secrets::RunSeed;
use maci_verifier::{ProcessBatch, TallyBatch};

use crate::error::Error;
use crate::journal::Journal;
use crate::unit::ProofUnit;

/// A walk through the poll, in submission order. Asking for an earlier batch begins a new walk.
pub(super) struct Feed<'a> {
    journal: &'a Journal,
    log: &'a PollLog,
    key: &'a CoordinatorKey,
    seed: RunSeed,
    walk: Walk<'a>,
}

enum Walk<'a> {
    Processing(Box<Processing<'a, CompactLayout>>),
    Tallying(Box<Tallying<'a, CompactLayout>>),
}

impl<'a> Feed<'a> {
    pub(super) fn new(
        journal: &'a Journal,
        log: &'a PollLog,
        key: &'a CoordinatorKey,
        seed: &RunSeed,
    ) -> Result<Self, Error> {
        let walk = Walk::Processing(Box::new(Processing::new(log, key)?));
        Ok(Self {
            journal,
            log,
            key,
            seed: seed.clone(),
            walk,
        })
    }

    /// The inputs of every wanted unit, in submission order.
    pub(super) fn take(
        &mut self,
        wanted: &BTreeSet<ProofUnit>,
    ) -> Result<Vec<(ProofUnit, Inputs)>, Error> {
        if wanted.first().is_some_and(|first| *first < self.next()) {
            self.walk = Walk::Processing(Box::new(Processing::new(self.log, self.key)?));
        }
        let mut taken = Vec::with_capacity(wanted.len());
        while wanted.last().is_some_and(|last| self.next() <= *last) {
            let unit = self.next();
            let Some((inputs, holds)) = self.step(wanted.contains(&unit))? else {
                break;
            };
            // The proof must be about the statement that the journal holds.
            if !holds {
                return Err(Error::OtherStatement { unit });
            }
            taken.extend(inputs.map(|inputs| (unit, inputs)));
        }
        Ok(taken)
    }

    /// The batch that the walk comes to next.
    fn next(&self) -> ProofUnit {
        match &self.walk {
            Walk::Processing(walk) => {
                ProofUnit::process(self.log.message_batches() - walk.batches_left())
            }
            Walk::Tallying(walk) => ProofUnit::tally(
                self.log.params.tally_batches(self.log.total_signups()) - walk.batches_left(),
            ),
        }
    }

    /// Goes one batch on: its inputs if they are wanted, and whether the journal holds the same statement.
    fn step(&mut self, wanted: bool) -> Result<Option<(Option<Inputs>, bool)>, Error> {
        let index = self.next().index;
        let seed = &mut self.seed;
        match &mut self.walk {
            Walk::Processing(walk) => {
                let next = if wanted {
                    walk.next_inputs(seed)
                        .map(|(summary, inputs)| (summary, Some(Inputs::Process(Box::new(inputs)))))
                } else {
                    walk.advance(seed).map(|summary| (summary, None))
                };
                let Some((summary, inputs)) = next else {
                    return Ok(None);
                };
                let row: Option<ProcessBatch> = self.journal.read(|r| r.get(index))?;
                if walk.batches_left() == 0 {
                    self.walk = Walk::Tallying(Box::new(Tallying::new(
                        self.log,
                        walk.as_ref().clone().finish(),
                    )));
                }
                Ok(Some((inputs, row == Some(summary.statement))))
            }
            Walk::Tallying(walk) => {
                let next = if wanted {
                    walk.next_inputs(seed)
                        .map(|inputs| (inputs.statement, Some(Inputs::Tally(Box::new(inputs)))))
                } else {
                    walk.advance(seed).map(|statement| (statement, None))
                };
                let Some((statement, inputs)) = next else {
                    return Ok(None);
                };
                let row: Option<TallyBatch> = self.journal.read(|r| r.get(index))?;
                Ok(Some((inputs, row == Some(statement))))
            }
        }
    }
}
