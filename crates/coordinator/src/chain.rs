//! A poll on a live chain as the source of a job.
//!
//! Blocks go into the journal window by window, each in one transaction with the cursor, so that reading resumes where it
//! was. Once the poll is complete and the contracts confirm it, the same rows are made of it as of a recorded poll. A
//! reorganisation drops what stood on the blocks that are gone, in every stage.

mod export;
mod rows;
mod store;

use std::fmt;

use maci_chain::ingest::{
    Event as ChainEvent, Failure, IngestError, Options, Outcome, Panel, Relays, Standing, Target,
    Watch, ingest, stands,
};
use maci_protocol::PollLog;
use serde_json::json;

use crate::artefact;
use crate::error::Error;
use crate::job::Job;
use crate::progress::Event;
use crate::stage::Control;

pub(crate) use export::logs_digest;
use store::JournalStore;

/// Nodes, and the poll to read from them.
#[derive(Debug)]
pub struct ChainSource {
    /// The nodes.
    pub panel: Panel,
    /// Where relayed batches are looked for.
    pub relays: Relays,
    /// Which poll.
    pub target: Target,
    /// How it is read.
    pub options: Options,
}

impl ChainSource {
    /// A poll read from nodes with the default options.
    pub fn new(panel: Panel, target: Target) -> Self {
        Self {
            panel,
            relays: Relays::none(),
            target,
            options: Options::default(),
        }
    }
}

/// A complete poll from a chain.
pub(crate) struct FromChain {
    pub(crate) log: PollLog,
    /// The text of its `deployment.json`.
    pub(crate) deployment: String,
    /// The digest of its `logs.json`, should it be exported.
    pub(crate) logs_digest: [u8; 32],
}

/// Passes events on, and the request to stop down.
struct Bridge<'a>(Control<'a>);

impl Watch for Bridge<'_> {
    fn event(&self, event: &ChainEvent) {
        self.0.progress.event(&Event::Chain(event.clone()));
    }

    fn is_cancelled(&self) -> bool {
        self.0.cancel.check().is_err()
    }
}

/// Whether the last block that the job's log was read from is still on the chain.
pub(crate) fn is_current(
    source: &ChainSource,
    job: &mut Job,
    control: Control<'_>,
) -> Result<bool, Error> {
    let store = JournalStore::new(job);
    stands(&source.panel, &store, &source.options, &Bridge(control)).map_err(flatten)
}

/// Reads on from the cursor. The poll has to be over and merged; what was read before that is kept.
pub(crate) fn read(
    source: &ChainSource,
    job: &mut Job,
    control: Control<'_>,
) -> Result<FromChain, Error> {
    let mut store = JournalStore::new(job);
    let outcome = ingest(
        &source.panel,
        &source.relays,
        source.target,
        &source.options,
        &mut store,
        &Bridge(control),
    );
    let outcome = match outcome.map_err(flatten) {
        Err(Error::Ingest(error)) => {
            note_evidence(job, &error)?;
            return Err(Error::Ingest(error));
        }
        other => other?,
    };
    let Outcome {
        poll,
        standing,
        log,
        limit,
        closing_block,
        ..
    } = outcome;
    // What was wrong the last time is not any more.
    artefact::remove(&job.dir.evidence())?;
    let Some(log) = log else {
        return Err(Error::PollNotOver {
            standing,
            end_time: poll.deployment.end_time,
            block: limit.number,
        });
    };
    Ok(FromChain {
        log,
        deployment: poll.to_json(),
        logs_digest: logs_digest(job, poll.deployment.maci_address, closing_block)?,
    })
}

fn flatten(failure: Failure<Error>) -> Error {
    match failure {
        Failure::Ingest(IngestError::Cancelled) => Error::Interrupted,
        Failure::Ingest(error) => Error::Ingest(Box::new(error)),
        Failure::Store(error) => error,
    }
}

/// What stopped the reading, in a file that can be shown to whoever runs the node or the relay (N-01).
fn note_evidence(job: &Job, error: &IngestError) -> Result<(), Error> {
    let Some((first, last)) = error.blocks() else {
        return Ok(());
    };
    let batch = error.batch().map(|(at, digest)| {
        json!({
            "block": at.block,
            "log_index": at.log_index,
            "bytes32": format!("0x{}", hex::encode(digest)),
            "cid": maci_protocol::recorded::relay::cid(&digest),
        })
    });
    let evidence = json!({
        "format": "maci-rs ingest evidence 1",
        "code": error.code(),
        "message": error.to_string(),
        "first_block": first,
        "last_block": last,
        "relayed_batch": batch,
    });
    artefact::write_atomic(&job.dir.evidence(), format!("{evidence:#}\n").as_bytes())
}

/// Says how far the poll is, in the words of an error.
pub(crate) fn describe(standing: Standing, end_time: u64, block: u64) -> impl fmt::Display {
    match standing {
        Standing::Open => {
            format!("the poll is open until {end_time} (Unix time), as of block {block}")
        }
        _ => format!("the poll is over, but its state is not merged as of block {block}"),
    }
}
