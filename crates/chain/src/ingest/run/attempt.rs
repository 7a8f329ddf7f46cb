//! One try at one range of blocks.

use maci_protocol::recorded::{RecordedError, Relayed};

use super::Event;
use super::reader::Run;
use crate::ingest::completeness;
use crate::ingest::error::{Failure, Fault, IngestError};
use crate::ingest::relay::Relays;
use crate::ingest::rpc::{Advice, Header, advice};
use crate::ingest::store::{Store, Window};

/// Relayed batches from the store first, then from outside.
pub(super) struct Batches<'a, S> {
    pub(super) store: &'a S,
    pub(super) relays: &'a Relays,
    pub(super) fetched: Vec<([u8; 32], Vec<u8>)>,
    pub(super) tried: Vec<String>,
}

impl<S: Store> Relayed for Batches<'_, S> {
    fn content(&mut self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        if let Ok(Some(content)) = self.store.relayed(digest) {
            return Some(content);
        }
        match self.relays.fetch(digest) {
            Ok(content) => {
                self.fetched.push((*digest, content.clone()));
                Some(content)
            }
            Err(tried) => {
                self.tried = tried;
                None
            }
        }
    }
}

/// What became of one try.
pub(super) enum Try {
    Kept,
    /// Read the same or a smaller range again.
    Again(Fault),
    /// As before, and the range was too large.
    Smaller(Fault),
    /// The logs did not arrive; the range may have been too large.
    Heavy(Fault),
    /// The kept part of the chain has to be looked at first.
    Moved,
    Stop(IngestError),
}

impl<S: Store> Run<'_, S> {
    /// Reads one range, checks it against the contracts and keeps it.
    pub(super) fn attempt(&mut self, first: u64, last: u64) -> Result<Try, Failure<S::Error>> {
        let headers = match self.headers(first, last) {
            Ok(Some(headers)) => headers,
            Ok(None) => return Ok(Try::Moved),
            Err(fault) => return Ok(Try::Again(fault)),
        };
        let contracts = [
            self.begun.poll.deployment.maci_address,
            self.begun.poll.deployment.poll_address,
        ];
        let logs = match self.panel.logs(first, last, &contracts) {
            Ok(logs) => logs,
            Err(Fault::Node(error)) => {
                return Ok(match advice(&error) {
                    Advice::Smaller if first < last => Try::Smaller(error.into()),
                    Advice::Heavy if first < last => Try::Heavy(error.into()),
                    Advice::Smaller | Advice::Heavy | Advice::Later => Try::Again(error.into()),
                    Advice::Stop => Try::Stop(IngestError::Blocks {
                        first,
                        last,
                        fault: Box::new(error.into()),
                    }),
                });
            }
            Err(fault) => return Ok(Try::Again(fault)),
        };
        // A log of a block that is not the one whose header is known is of another branch.
        let moved = logs.iter().any(|log| {
            let header = headers.iter().find(|header| header.number == log.at.block);
            header.is_some_and(|header| log.block_hash.is_some_and(|hash| hash != header.hash))
        });
        if moved {
            return Ok(Try::Again(Fault::Moved));
        }
        let mark = self.assembly.mark();
        let window = Window {
            headers,
            logs,
            relayed: Vec::new(),
        };
        match self.judge(window, last) {
            Ok((window, confirmed)) => {
                self.store.append(&window).map_err(Failure::Store)?;
                if confirmed {
                    self.proved = Some(last);
                }
                self.tip = window.headers.last().copied();
                self.watch.event(&Event::Read {
                    first,
                    last,
                    logs: window.logs.len(),
                });
                Ok(Try::Kept)
            }
            Err(verdict) => {
                self.assembly.rollback(&mark);
                Ok(*verdict)
            }
        }
    }

    /// The headers to keep of a range; `None` if they do not continue what is kept.
    fn headers(&self, first: u64, last: u64) -> Result<Option<Vec<Header>>, Fault> {
        let from = if self.is_dense(last) { first } else { last };
        let mut headers: Vec<Header> = Vec::new();
        for number in from..=last {
            let header = self
                .panel
                .find_header(number)?
                .ok_or(Fault::Behind(number))?;
            let before = match headers.last() {
                Some(before) => Some(*before),
                None => self.tip.filter(|tip| tip.number + 1 == number),
            };
            if before.is_some_and(|before| before.hash != header.parent) {
                return Ok(None);
            }
            headers.push(header);
        }
        // Where the first header is not fetched, the tip itself has to be on the chain still.
        if from != first
            && let Some(tip) = self.tip
        {
            let still = self.panel.find_header(tip.number)?;
            if still.is_some_and(|still| still.hash != tip.hash) {
                return Ok(None);
            }
        }
        Ok(Some(headers))
    }

    /// Puts a range's logs on top of what is kept and compares the result with the contracts.
    fn judge(&mut self, mut window: Window, last: u64) -> Result<(Window, bool), Box<Try>> {
        let mut batches = Batches {
            store: &*self.store,
            relays: self.relays,
            fetched: Vec::new(),
            tried: Vec::new(),
        };
        for log in &window.logs {
            if let Err(error) = self.assembly.push(log, &mut batches) {
                let relay = matches!(
                    &error,
                    RecordedError::Relayed { .. }
                        | RecordedError::RelayedContent { .. }
                        | RecordedError::UnprovableCheckpoints { .. }
                );
                // The contents prove themselves, so there is nothing to read again; but the event itself may be wrong, and
                // only the contracts can say.
                return Err(Box::new(if relay && self.is_confirmed(log.at.block) {
                    Try::Stop(IngestError::Relay {
                        error: Box::new(error),
                        tried: batches.tried,
                    })
                } else {
                    Try::Again(error.into())
                }));
            }
        }
        window.relayed = batches.fetched;
        self.assembly
            .settled()
            .map_err(|error| Box::new(Try::Again(error.into())))?;
        let confirmed = completeness::window(self.panel, &self.begun, &self.assembly, last)
            .map_err(|fault| Box::new(Try::Again(fault)))?;
        // The same chain at the end as at the beginning: everything in between is of one branch.
        if let Some(header) = window.headers.last() {
            match self.panel.find_header(last) {
                Ok(Some(again)) if again == *header => {}
                Ok(Some(_)) => return Err(Box::new(Try::Again(Fault::Moved))),
                Ok(None) => return Err(Box::new(Try::Again(Fault::Behind(last)))),
                Err(fault) => return Err(Box::new(Try::Again(fault))),
            }
        }
        Ok((window, confirmed))
    }

    /// Whether the trouble with a relay is the relay's: the same range was read twice with the same result.
    fn is_confirmed(&self, block: u64) -> bool {
        let contracts = [self.begun.poll.deployment.poll_address];
        let mut seen: Option<Vec<_>> = None;
        for _ in 0..3 {
            let Ok(logs) = self.panel.logs(block, block, &contracts) else {
                return false;
            };
            if seen.as_ref().is_some_and(|seen| *seen != logs) {
                return false;
            }
            seen = Some(logs);
        }
        true
    }
}
