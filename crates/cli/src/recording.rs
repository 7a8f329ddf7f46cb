//! A recorded poll as files: `deployment.json` and `logs.json` in one directory, and the one recording that the binary
//! carries inside, so that `maci demo` runs from anywhere.
//!
//! Nothing else in such a directory is ever opened by these commands, except the coordinator's key in `keys.json` by
//! `demo`.

use std::path::Path;

use maci_protocol::keys::CoordinatorKey;
use maci_protocol::{PollLog, recorded};

use crate::coordinator_key;
use crate::failure::{Exit, Failure};
use crate::files;

/// A log file of ten million messages is smaller than this.
const MAX_LOGS: u64 = 32 << 30;
/// A deployment file is a page or two.
const MAX_DEPLOYMENT: u64 = 16 << 20;

/// The texts of one recording.
#[derive(Debug)]
pub(crate) struct Recording {
    /// `deployment.json`.
    pub(crate) deployment: String,
    /// `logs.json`.
    pub(crate) logs: String,
}

impl Recording {
    /// The quadratic poll of five voters under `fixtures/maci-v3`, held on MACI's own contracts.
    pub(crate) fn embedded() -> Self {
        Self {
            deployment: include_str!("../../../fixtures/maci-v3/deployment.json").to_owned(),
            logs: include_str!("../../../fixtures/maci-v3/logs.json").to_owned(),
        }
    }

    /// Its coordinator's key, which is public knowledge.
    pub(crate) fn embedded_key() -> Result<CoordinatorKey, Failure> {
        coordinator_key::parse(
            include_str!("../../../fixtures/maci-v3/keys.json"),
            "keys.json (embedded)",
        )
    }

    /// Reads the two files of a directory.
    pub(crate) fn read(directory: &Path) -> Result<Self, Failure> {
        let read = |name: &str, limit| {
            files::read_text(&directory.join(name), "recorded file", limit).map_err(|failure| {
                failure.hint("a recorded poll is a directory with deployment.json and logs.json")
            })
        };
        Ok(Self {
            deployment: read("deployment.json", MAX_DEPLOYMENT)?,
            logs: read("logs.json", MAX_LOGS)?,
        })
    }

    /// The checked log.
    pub(crate) fn parse(&self) -> Result<PollLog, Failure> {
        recorded::parse(&self.deployment, &self.logs).map_err(|error| refused(&error))
    }
}

/// Files of the wrong form are the caller's; files that contradict each other or what the chain recorded are a conflict.
pub(crate) fn refused(error: &recorded::RecordedError) -> Failure {
    use recorded::RecordedError as E;
    let exit = match error {
        E::Json { .. }
        | E::Field { .. }
        | E::Address { .. }
        | E::Params(_)
        | E::Quantity { .. }
        | E::Key { .. } => Exit::Usage,
        _ => Exit::Conflict,
    };
    match exit {
        Exit::Usage => Failure::usage("recording_unreadable", error)
            .hint("record the poll again, or name another directory with --recorded"),
        _ => Failure::conflict("recording_refused", error).hint(
            "nothing was taken over; compare the files with the chain, or record the poll again",
        ),
    }
}
