//! One run of ingest: from the cursor to the last block that counts, one window after the other.

mod attempt;
mod finish;
mod persist;
mod reader;

use core::fmt;

use maci_protocol::recorded::Assembly;
use maci_protocol::{Address, PollId, PollLog};

use super::error::{Failure, Fault, IngestError};
use super::finality::{self, Finality};
use super::panel::Panel;
use super::poll::{self, PollInfo};
use super::relay::Relays;
use super::reorg::{self, Ancestor};
use super::rpc::{Block, Header};
use super::start;
use super::store::{Begun, Store};
use super::windows::Windows;
use crate::client::Backoff;
use crate::error::Error;
use persist::{pause, persist};
use reader::Run;

/// Which poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The MACI contract.
    pub maci: Address,
    /// The poll's number in it.
    pub poll: PollId,
}

/// How a poll is read. None of it changes what is read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The chain that the nodes must serve.
    pub chain_id: Option<u64>,
    /// The first block to read; found by bisection if not given. Another one than a store was begun with begins it anew.
    pub first: Option<u64>,
    /// The last block to read, if it is not the last one that counts.
    pub last: Option<u64>,
    /// Which blocks count.
    pub finality: Finality,
    /// Blocks in the first window.
    pub window: u64,
    /// Blocks in the largest window.
    pub max_window: u64,
    /// How often one block is tried, and the pauses between failures.
    pub backoff: Backoff,
    /// Reorganisations that one run bears.
    pub max_reorgs: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chain_id: None,
            first: None,
            last: None,
            finality: Finality::Finalized,
            window: 2_000,
            max_window: 50_000,
            backoff: Backoff {
                attempts: 12,
                ..Backoff::default()
            },
            max_reorgs: 64,
        }
    }
}

/// What happens during a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The run begins: the first block that is still to be read, and the last one that counts.
    Started {
        /// First block.
        first: u64,
        /// Last block.
        last: u64,
    },
    /// A window is kept.
    Read {
        /// Its first block.
        first: u64,
        /// Its last block.
        last: u64,
        /// Logs in it.
        logs: usize,
    },
    /// A window has to be read again.
    Retried {
        /// Its first block.
        first: u64,
        /// Its last block.
        last: u64,
        /// Why.
        why: String,
    },
    /// Kept blocks are dropped.
    Unwound {
        /// The last block that stays.
        last: u64,
        /// The last block that was kept.
        from: u64,
    },
}

/// Who is told, and who may stop the run between two windows.
pub trait Watch {
    /// Something happened.
    fn event(&self, _: &Event) {}

    /// Whether the run should stop.
    fn is_cancelled(&self) -> bool {
        false
    }
}

/// Watches nothing.
impl Watch for () {}

/// How far the poll is, as far as blocks count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Merged and over: the log is complete and proved so.
    Complete,
    /// Votes are still accepted.
    Open,
    /// Over, but nobody has called `mergeState` yet.
    Unmerged,
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "complete",
            Self::Open => "open",
            Self::Unmerged => "over, and not merged",
        })
    }
}

/// What a run came to.
#[derive(Debug)]
pub struct Outcome {
    /// The poll.
    pub poll: PollInfo,
    /// How far it is.
    pub standing: Standing,
    /// The log, if it is complete.
    pub log: Option<PollLog>,
    /// Messages so far, the placeholder included.
    pub messages: u64,
    /// Leaves so far, the blank one included.
    pub leaves: u64,
    /// The last block that was read.
    pub tip: Option<Header>,
    /// The last block that counts.
    pub limit: Header,
    /// The last block with an event that decides the poll.
    pub closing_block: u64,
}

/// Reads a poll as far as blocks count, beginning where the store ends.
pub fn ingest<S: Store>(
    panel: &Panel,
    relays: &Relays,
    target: Target,
    options: &Options,
    store: &mut S,
    watch: &dyn Watch,
) -> Result<Outcome, Failure<S::Error>> {
    let begun = store.begun().map_err(Failure::Store)?;
    let expected = begun
        .as_ref()
        .map(|begun| begun.poll.deployment.chain_id)
        .or(options.chain_id);
    let chain_id = persist(options, watch, || panel.chain_id(expected))?;
    let mut limit = persist(options, watch, || finality::limit(panel, options.finality))?;
    if let Some(last) = options.last.filter(|last| *last < limit.number) {
        limit = persist(options, watch, || panel.header(last))?;
    }
    let info = persist(options, watch, || {
        poll::read(panel, target, chain_id, limit.number)
    });
    let info = info.map_err(|error| not_yet(panel, target, chain_id, &limit).unwrap_or(error))?;
    let begun = match begun {
        Some(begun) if begun.poll != info => {
            return Err(Failure::Ingest(IngestError::OtherPoll {
                expected: begun.poll.name(),
                found: info.name(),
            }));
        }
        // Whoever names a first block means it: what was read from another one on is read again.
        Some(begun) if options.first.is_none_or(|first| first == begun.first) => begun,
        known => {
            let first = match options.first {
                Some(first) => first,
                None => start::deployed(target.maci, limit.number, |block| {
                    persist(options, watch, || {
                        let known = panel.has_code(target.maci, block);
                        known.map_err(IngestError::from)
                    })
                })?,
            };
            if first > limit.number {
                return Err(Failure::Ingest(IngestError::Range {
                    first,
                    last: limit.number,
                }));
            }
            if known.is_some() {
                tracing::warn!(
                    first,
                    "the first block is another one: reading everything again"
                );
                store.unwind(0).map_err(Failure::Store)?;
            }
            let begun = Begun {
                poll: info,
                first,
                whole: options.first.is_none(),
            };
            store.begin(&begun).map_err(Failure::Store)?;
            begun
        }
    };
    let assembly = Assembly::new(begun.poll.deployment.clone());
    let mut run = Run {
        panel,
        relays,
        options,
        store,
        watch,
        begun,
        limit,
        tip: None,
        proved: None,
        assembly,
        windows: Windows::new(options.window, options.max_window),
        reorgs: 0,
        restarts: 0,
    };
    run.resume()?;
    run.read()?;
    run.finish()
}

/// A poll that is not there at the last block that counts, but is at the newest one.
fn not_yet(panel: &Panel, target: Target, chain_id: u64, limit: &Header) -> Option<IngestError> {
    let newest = panel.lowest(Block::Latest).ok()?;
    if newest <= limit.number || poll::read(panel, target, chain_id, newest).is_err() {
        return None;
    }
    // Its answer at the limit may have failed for another reason.
    let missing = match poll::read(panel, target, chain_id, limit.number) {
        Err(IngestError::NoPoll { .. }) => true,
        Err(IngestError::Question(fault)) => {
            matches!(*fault, Fault::Node(Error::NoCode { .. }))
        }
        _ => false,
    };
    missing.then_some(IngestError::NotFinal {
        maci: target.maci,
        poll: target.poll,
        block: limit.number,
    })
}

/// Whether the newest kept block is still on the chain. Without kept blocks it is not.
pub fn stands<S: Store>(
    panel: &Panel,
    store: &S,
    options: &Options,
    watch: &dyn Watch,
) -> Result<bool, Failure<S::Error>> {
    let Some(tip) = store.header(u64::MAX).map_err(Failure::Store)? else {
        return Ok(false);
    };
    let mut failures = 0;
    loop {
        match reorg::ancestor(panel, store, tip) {
            Ok(found) => return Ok(matches!(found, Ancestor::Tip | Ancestor::Behind)),
            Err(Failure::Ingest(error)) => {
                failures += 1;
                if failures >= options.backoff.attempts {
                    return Err(Failure::Ingest(error));
                }
                pause(options, watch, failures)?;
            }
            Err(error) => return Err(error),
        }
    }
}
