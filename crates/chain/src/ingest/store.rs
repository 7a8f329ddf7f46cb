//! What ingest keeps between runs: headers, logs, relayed batches. The last header is the cursor.

use std::collections::BTreeMap;
use std::convert::Infallible;

use maci_protocol::recorded::ChainLog;

use super::poll::PollInfo;
use super::rpc::Header;

/// A range of blocks that was read completely. It ends with its last header.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Headers in ascending order: always that of the last block, and every one where a reorganisation is to be expected.
    pub headers: Vec<Header>,
    /// The logs in chain order.
    pub logs: Vec<ChainLog>,
    /// The contents of the batches relayed in it, by the chain's bytes32.
    pub relayed: Vec<([u8; 32], Vec<u8>)>,
}

/// What a store was begun with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The poll.
    pub poll: PollInfo,
    /// The first block that is read for it.
    pub first: u64,
    /// Whether that is the block of MACI's deployment, so that no sign-up lies before it.
    pub whole: bool,
}

/// Takes a log.
pub type Visitor<'a, E> = &'a mut dyn FnMut(ChainLog) -> Result<(), E>;

/// Where windows are kept. Each method is atomic: after a crash it has happened or not.
pub trait Store {
    /// Why it may fail.
    type Error;

    /// What is kept, if anything.
    fn begun(&self) -> Result<Option<Begun>, Self::Error>;

    /// Begins with a poll, before anything else is written; or anew, after everything was unwound.
    fn begin(&mut self, begun: &Begun) -> Result<(), Self::Error>;

    /// The newest header at or below a number.
    fn header(&self, at_or_below: u64) -> Result<Option<Header>, Self::Error>;

    /// Gives every log to `f` in chain order.
    fn logs(&self, f: Visitor<'_, Self::Error>) -> Result<(), Self::Error>;

    /// The contents of a relayed batch.
    fn relayed(&self, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Adds a window and moves the cursor to its end.
    fn append(&mut self, window: &Window) -> Result<(), Self::Error>;

    /// Drops every block above `last`, and whatever was derived from it.
    fn unwind(&mut self, last: u64) -> Result<(), Self::Error>;
}

/// A store in memory: for looking at a poll without keeping it, and for tests.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    begun: Option<Begun>,
    headers: BTreeMap<u64, Header>,
    logs: Vec<ChainLog>,
    relayed: BTreeMap<[u8; 32], Vec<u8>>,
}

impl Store for MemoryStore {
    type Error = Infallible;

    fn begun(&self) -> Result<Option<Begun>, Infallible> {
        Ok(self.begun.clone())
    }

    fn begin(&mut self, begun: &Begun) -> Result<(), Infallible> {
        self.begun = Some(begun.clone());
        Ok(())
    }

    fn header(&self, at_or_below: u64) -> Result<Option<Header>, Infallible> {
        let found = self.headers.range(..=at_or_below).next_back();
        Ok(found.map(|(_, header)| *header))
    }

    fn logs(&self, f: Visitor<'_, Infallible>) -> Result<(), Infallible> {
        self.logs.iter().cloned().try_for_each(f)
    }

    fn relayed(&self, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, Infallible> {
        Ok(self.relayed.get(digest).cloned())
    }

    fn append(&mut self, window: &Window) -> Result<(), Infallible> {
        for header in &window.headers {
            self.headers.insert(header.number, *header);
        }
        self.logs.extend(window.logs.iter().cloned());
        self.relayed.extend(window.relayed.iter().cloned());
        Ok(())
    }

    fn unwind(&mut self, last: u64) -> Result<(), Infallible> {
        self.headers.retain(|number, _| *number <= last);
        self.logs.retain(|log| log.at.block <= last);
        Ok(())
    }
}
