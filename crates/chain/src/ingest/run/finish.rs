//! The end of a run: the whole poll against the contracts.

use std::thread;

use super::reader::{Done, Run};
use super::{Outcome, Standing};
use crate::ingest::completeness;
use crate::ingest::error::{Failure, Fault, IngestError};
use crate::ingest::store::Store;

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
        while self.is_over() {
            let tip = self.next().saturating_sub(1);
            let announced = self.assembly.check_announced().map_err(Fault::Log);
            let Err(fault) = announced
                .and_then(|()| completeness::whole(self.panel, &self.begun, &self.assembly, tip))
            else {
                return Ok(());
            };
            let content = matches!(&fault, Fault::Log(_) | Fault::Contract(_));
            failures += 1;
            if content && failures >= 3 || failures >= self.options.backoff.attempts {
                let suspect = if content {
                    self.begun.first
                } else {
                    self.next()
                };
                self.read_again(suspect, tip, fault)?;
                self.read()?;
                failures = 0;
                continue;
            }
            thread::sleep(self.options.backoff.pause(failures, None));
        }
        Ok(())
    }
}
