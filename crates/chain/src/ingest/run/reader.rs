//! The state of a run and its way through the blocks.

use maci_protocol::recorded::Assembly;

use super::attempt::{Batches, Try};
use super::persist::{pause, persist};
use super::{Event, Options, Watch};
use crate::ingest::completeness;
use crate::ingest::error::{Failure, Fault, IngestError};
use crate::ingest::finality::{self, Finality};
use crate::ingest::panel::Panel;
use crate::ingest::relay::Relays;
use crate::ingest::reorg::{self, Ancestor, DENSE};
use crate::ingest::rpc::Header;
use crate::ingest::store::{Begun, Store};
use crate::ingest::windows::Windows;

/// How often a range has to fail on its way before a smaller one is asked for.
const HEAVY: u32 = 2;

/// How often one run reads kept blocks again because later ones contradict them.
const MAX_RESTARTS: u32 = 6;

/// One run.
pub(super) struct Run<'a, S> {
    pub(super) panel: &'a Panel,
    pub(super) relays: &'a Relays,
    pub(super) options: &'a Options,
    pub(super) store: &'a mut S,
    pub(super) watch: &'a dyn Watch,
    pub(super) begun: Begun,
    pub(super) limit: Header,
    /// The newest kept header.
    pub(super) tip: Option<Header>,
    /// The last block at which the contracts confirmed everything.
    pub(super) proved: Option<u64>,
    pub(super) assembly: Assembly,
    pub(super) windows: Windows,
    pub(super) reorgs: u32,
    pub(super) restarts: u32,
}

pub(super) type Done<E> = Result<(), Failure<E>>;

impl<S: Store> Run<'_, S> {
    /// The block after the tip.
    pub(super) fn next(&self) -> u64 {
        self.tip.map_or(self.begun.first, |tip| tip.number + 1)
    }

    /// Whether nothing that decides the poll can come any more.
    pub(super) fn is_over(&self) -> bool {
        let ended = self.begun.poll.deployment.end_time;
        self.assembly.merged().is_some() && self.tip.is_some_and(|tip| tip.timestamp > ended)
    }

    /// Whether nothing more need be read. Where nodes keep no state of the poll's end, reading goes on to a block that they
    /// do keep the state of, because without it nothing is proved.
    pub(super) fn may_stop(&self) -> bool {
        self.is_over() && self.proved.is_some() && self.proved == self.tip.map(|tip| tip.number)
    }

    /// Checks that what is kept is still on the chain and puts it together.
    pub(super) fn resume(&mut self) -> Done<S::Error> {
        self.tip = self.store.header(u64::MAX).map_err(Failure::Store)?;
        self.settle_on_chain()?;
        self.rebuild()?;
        if let Some(tip) = self.tip
            && self.is_over()
        {
            let known = completeness::window(self.panel, &self.begun, &self.assembly, tip.number);
            self.proved = known.unwrap_or(false).then_some(tip.number);
        }
        self.watch.event(&Event::Started {
            first: self.next(),
            last: self.limit.number,
        });
        Ok(())
    }

    /// Unwinds to the newest kept header that the chain still has.
    pub(super) fn settle_on_chain(&mut self) -> Done<S::Error> {
        let mut failures = 0;
        while let Some(tip) = self.tip {
            let found = match reorg::ancestor(self.panel, &*self.store, tip) {
                Ok(found) => found,
                Err(Failure::Ingest(error)) => {
                    failures += 1;
                    if failures >= self.options.backoff.attempts {
                        return Err(Failure::Ingest(error));
                    }
                    pause(self.options, self.watch, failures)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            match found {
                Ancestor::Tip | Ancestor::Behind => return Ok(()),
                Ancestor::Older(header) => self.unwind(header.number)?,
                Ancestor::None => self.unwind(self.begun.first.saturating_sub(1))?,
            }
            self.reorgs += 1;
            if self.reorgs > self.options.max_reorgs {
                return Err(Failure::Ingest(IngestError::Restless {
                    times: self.reorgs,
                }));
            }
        }
        Ok(())
    }

    /// Drops every kept block above `last`. The assembly has to be rebuilt.
    pub(super) fn unwind(&mut self, last: u64) -> Done<S::Error> {
        if let Some(tip) = self.tip {
            self.watch.event(&Event::Unwound {
                last,
                from: tip.number,
            });
        }
        self.store.unwind(last).map_err(Failure::Store)?;
        self.tip = self.store.header(last).map_err(Failure::Store)?;
        self.proved = self.proved.map(|proved| proved.min(last));
        Ok(())
    }

    /// Puts the kept logs together. A store that contradicts itself is read again from the start.
    pub(super) fn rebuild(&mut self) -> Done<S::Error> {
        let mut assembly = Assembly::new(self.begun.poll.deployment.clone());
        let mut wrong = None;
        let store = &*self.store;
        let mut batches = Batches {
            store,
            relays: self.relays,
            fetched: Vec::new(),
            tried: Vec::new(),
        };
        let read = store.logs(&mut |log| {
            if wrong.is_none() {
                wrong = assembly.push(&log, &mut batches).err();
            }
            Ok(())
        });
        read.map_err(Failure::Store)?;
        if let Some(error) = wrong {
            tracing::warn!(%error, "the kept logs contradict one another; reading them again");
            self.unwind(self.begun.first.saturating_sub(1))?;
            assembly = Assembly::new(self.begun.poll.deployment.clone());
        }
        self.assembly = assembly;
        Ok(())
    }

    /// Reads windows until nothing is left that counts.
    pub(super) fn read(&mut self) -> Done<S::Error> {
        let mut failures = 0;
        let mut heavy = 0;
        while self.next() <= self.limit.number && !self.may_stop() {
            if self.watch.is_cancelled() {
                return Err(Failure::Ingest(IngestError::Cancelled));
            }
            let (first, mut last) = (
                self.next(),
                self.windows.last(self.next(), self.limit.number),
            );
            // Where a reorganisation is to be expected, every header is kept, so windows stay small.
            if self.is_dense(last) {
                let border = self.dense_from();
                last = if first < border {
                    border - 1
                } else {
                    last.min(first + DENSE / 4)
                };
            }
            let (fault, smaller) = match self.attempt(first, last)? {
                Try::Kept => {
                    failures = 0;
                    heavy = 0;
                    self.windows.grow();
                    continue;
                }
                Try::Again(fault) => (fault, false),
                Try::Smaller(fault) => (fault, true),
                Try::Heavy(fault) => {
                    heavy += 1;
                    // Each size has its own tries, down to one block.
                    failures = if heavy < HEAVY { failures } else { 0 };
                    (fault, heavy >= HEAVY)
                }
                Try::Moved => {
                    let before = self.tip;
                    self.settle_on_chain()?;
                    if self.tip != before {
                        self.rebuild()?;
                        self.refresh_limit()?;
                        continue;
                    }
                    (Fault::Moved, false)
                }
                Try::Stop(error) => return Err(Failure::Ingest(error)),
            };
            self.watch.event(&Event::Retried {
                first,
                last,
                why: fault.to_string(),
            });
            if smaller {
                heavy = 0;
                self.windows.refused(last - first + 1);
            } else if !matches!(&fault, Fault::Node(_) | Fault::Behind(_)) {
                // What is wrong with the contents of a range is found sooner in a smaller one.
                self.windows.halve();
            }
            failures += 1;
            if failures >= self.options.backoff.attempts && first == last
                || failures >= 2 * self.options.backoff.attempts
            {
                self.give_up(first, last, fault)?;
                failures = 0;
                continue;
            }
            pause(self.options, self.watch, failures)?;
        }
        Ok(())
    }

    /// A range stays wrong: if the cause may lie in kept blocks that no contract confirmed, they are read again first.
    pub(super) fn give_up(&mut self, first: u64, last: u64, fault: Fault) -> Done<S::Error> {
        let mut suspect = first.min(self.proved.map_or(self.begun.first, |proved| proved + 1));
        match &fault {
            // The contracts' counters do not show what is in a leaf or a key.
            Fault::Log(error) => {
                let begins = error.blocks().map_or(suspect, |(begins, _)| begins);
                suspect = suspect.min(begins);
            }
            Fault::Contract(_) => {}
            _ => suspect = first,
        }
        self.read_again(suspect, last, fault)
    }

    /// Drops kept blocks from `suspect` on, or stops if that was done often enough or there are none.
    pub(super) fn read_again(&mut self, suspect: u64, last: u64, fault: Fault) -> Done<S::Error> {
        if suspect < self.next() && self.restarts < MAX_RESTARTS {
            self.restarts += 1;
            tracing::warn!(suspect, last, %fault, "kept blocks are read again");
            self.unwind(suspect.saturating_sub(1))?;
            return self.rebuild();
        }
        Err(Failure::Ingest(IngestError::Blocks {
            first: suspect,
            last,
            fault: Box::new(fault),
        }))
    }

    /// After a reorganisation the last block that counts may be another one.
    pub(super) fn refresh_limit(&mut self) -> Done<S::Error> {
        let last = self.options.last.unwrap_or(u64::MAX);
        let panel = self.panel;
        let limit = persist(self.options, self.watch, || {
            finality::limit(panel, self.options.finality)
        })?;
        self.limit = if limit.number > last {
            persist(self.options, self.watch, || panel.header(last))?
        } else {
            limit
        };
        Ok(())
    }

    /// The first block whose header is kept whatever happens in it.
    pub(super) fn dense_from(&self) -> u64 {
        match self.options.finality {
            Finality::Depth(depth) if depth < DENSE => {
                (self.limit.number + 1).saturating_sub(DENSE - depth)
            }
            _ => u64::MAX,
        }
    }

    pub(super) fn is_dense(&self, block: u64) -> bool {
        block >= self.dense_from()
    }
}
