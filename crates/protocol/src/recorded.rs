//! Polls from logs: the events of one MACI v3 poll to a checked [`PollLog`] (protocol.md §14).
//!
//! Step 1 of the way of a vote. Pure: bytes in, log out. [`Assembly`] puts a poll together from logs in chain order,
//! whoever read them; [`parse`] feeds it from the two files of a recorded poll. Every value the chain confirmed is
//! recomputed and compared (D14), and an edit of a log is found by the value it no longer matches and named by block and
//! log index.
//!
//! `deployment.json`: `chainId`, `addresses.maci`, `addresses.poll`, `addresses.tally` and `params`. `logs.json`: raw
//! `eth_getLogs` results under the names `poll` and `maci`; other names are ignored. Log order in the file is free.
//! Relayed batches lie beside them, one file for each, named by the chain's bytes32 ([`relay`]).
//!
//! What files alone cannot show: messages cut off at the end together with their chain hashes, and parameters that no
//! event carries (depths, batch size, options). On chain these are compared with the contract (D15).

mod assembly;
mod deployment;
mod error;
mod events;
mod file;
mod keys;
mod raw;
pub mod relay;

pub use assembly::{Assembly, Mark, Relayed};
pub use deployment::{Contracts, Deployment};
pub use error::{At, RecordedError};
pub use events::{decides, topic};
pub use file::{LogsWriter, parse_reader};
pub use keys::coordinator_key;
pub use raw::{ChainLog, RawFault};

use crate::log::PollLog;

/// Reads and checks a recorded poll without relayed batches.
pub fn parse(deployment_json: &str, logs_json: &str) -> Result<PollLog, RecordedError> {
    let logs = std::io::Cursor::new(logs_json.as_bytes());
    parse_reader(deployment_json, logs, &mut ())
}
