//! The end of a run: the whole poll against the contracts.

use super::persist::pause;
use super::reader::{Done, Run};
use super::{Outcome, Standing, Target};
use crate::ingest::completeness;
use crate::ingest::error::{Failure, Fault, IngestError};
use crate::ingest::poll;
use crate::ingest::store::Store;

/// How often a run reads on to a newer block because nodes dropped the state of the last one meanwhile.
const MAX_CHASES: u32 = 4;

impl<S: Store> Run<'_, S> {
    /// The last comparison with the contracts, and the finished log.
    pub(super) fn finish(mut self) -> Result<Outcome, Failure<S::Error>> {
        if self.is_over() {
            self.prove_whole()?;
        }
        let over = self.is_over();
        let ended = self.limit.timestamp > self.begun.poll.deployment.end_time;
        let (messages, leaves) = (self.assembly.num_messages(), self.assembly.total_signups());
        let closing_block = self.assembly.closing_block();
        let log = if over {
            let last = self.next().saturating_sub(1);
            let finished = self.assembly.finish().map_err(|error| {
                let (first, last) = error.blocks().unwrap_or((self.begun.first, last));
                IngestError::Blocks {
                    first,
                    last,
                    fault: Box::new(error.into()),
                }
            })?;
            Some(finished)
        } else {
            None
        };
        Ok(Outcome {
            poll: self.begun.poll,
            standing: match (over, ended) {
                (true, _) => Standing::Complete,
                (false, true) => Standing::Unmerged,
                (false, false) => Standing::Open,
            },
            log,
            messages,
            leaves,
            tip: self.tip,
            limit: self.limit,
            closing_block,
        })
    }

    /// Compares the whole poll with the contracts; what was never confirmed is read again before it is called wrong.
    fn prove_whole(&mut self) -> Done<S::Error> {
        let mut failures = 0;
        let mut chases = 0;
        while self.is_over() {
            let tip = self.next().saturating_sub(1);
            let announced = self.assembly.check_announced().map_err(Fault::Log);
            let Err(fault) = announced
                .and_then(|()| completeness::whole(self.panel, &self.begun, &self.assembly, tip))
                .and_then(|()| self.same_poll(tip))
            else {
                return Ok(());
            };
            if matches!(&fault, Fault::NoState(_)) && chases < MAX_CHASES {
                // A long read ends with a block that nodes have meanwhile forgotten; there are newer ones.
                chases += 1;
                let before = self.limit.number;
                self.refresh_limit()?;
                if self.limit.number > before {
                    self.proved = None;
                    self.read()?;
                    failures = 0;
                    continue;
                }
            }
            let content = matches!(&fault, Fault::Log(_) | Fault::Contract(_));
            failures += 1;
            if matches!(&fault, Fault::PaddedEarly(_)) && failures >= 3 {
                return Err(Failure::Ingest(IngestError::from(fault)));
            }
            if content && failures >= 3 || failures >= self.options.backoff.attempts {
                if !content {
                    return Err(Failure::Ingest(IngestError::Blocks {
                        first: tip,
                        last: tip,
                        fault: Box::new(fault),
                    }));
                }
                self.read_again(self.begun.first, tip, fault)?;
                self.read()?;
                failures = 0;
                continue;
            }
            pause(self.options, self.watch, failures)?;
        }
        Ok(())
    }

    /// What was read of the contracts at the beginning is what they still say: a node that answers now this and now that is noticed.
    fn same_poll(&self, block: u64) -> Result<(), Fault> {
        let known = &self.begun.poll;
        let target = Target {
            maci: known.deployment.maci_address,
            poll: known.deployment.poll_id,
        };
        match poll::read(self.panel, target, known.deployment.chain_id, block) {
            Ok(found) if found == *known => Ok(()),
            Err(IngestError::Question(fault)) => Err(*fault),
            Ok(_) | Err(_) => Err(Fault::Fickle(block)),
        }
    }
}
