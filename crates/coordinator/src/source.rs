//! Where a poll's log comes from: today a recording in the layout of `fixtures/`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use maci_protocol::{PollLog, recorded};
use sha2::{Digest, Sha256};

use crate::error::Error;

/// The `deployment.json` and `logs.json` of one poll. No other file of a recorded directory is read.
#[derive(Clone)]
pub struct Recorded(Place);

/// Shows the place; texts are long.
impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recorded").field(&self.place()).finish()
    }
}

#[derive(Clone)]
enum Place {
    Directory(PathBuf),
    Texts {
        name: String,
        deployment: String,
        logs: String,
    },
}

/// Both files, and their digests.
pub(crate) struct RecordedFiles {
    pub(crate) deployment: String,
    logs: String,
    pub(crate) deployment_digest: [u8; 32],
    pub(crate) logs_digest: [u8; 32],
}

impl Recorded {
    /// Names a directory; nothing is read yet.
    pub fn directory(dir: impl Into<PathBuf>) -> Self {
        Self(Place::Directory(dir.into()))
    }

    /// Takes texts that are in memory already; `name` stands for them in messages.
    pub fn texts(
        name: impl Into<String>,
        deployment: impl Into<String>,
        logs: impl Into<String>,
    ) -> Self {
        Self(Place::Texts {
            name: name.into(),
            deployment: deployment.into(),
            logs: logs.into(),
        })
    }

    /// The directory, or the name of the texts.
    pub fn place(&self) -> &Path {
        match &self.0 {
            Place::Directory(dir) => dir,
            Place::Texts { name, .. } => Path::new(name),
        }
    }

    pub(crate) fn deployment_path(&self) -> PathBuf {
        self.place().join("deployment.json")
    }

    pub(crate) fn logs_path(&self) -> PathBuf {
        self.place().join("logs.json")
    }

    pub(crate) fn read(&self) -> Result<RecordedFiles, Error> {
        let (deployment, logs) = match &self.0 {
            Place::Directory(_) => (read(self.deployment_path())?, read(self.logs_path())?),
            Place::Texts {
                deployment, logs, ..
            } => (deployment.clone(), logs.clone()),
        };
        Ok(RecordedFiles {
            deployment_digest: Sha256::digest(&deployment).into(),
            logs_digest: Sha256::digest(&logs).into(),
            deployment,
            logs,
        })
    }

    /// Parses and checks both files (D10, D14, D15).
    pub(crate) fn parse(&self, files: &RecordedFiles) -> Result<PollLog, Error> {
        recorded::parse(&files.deployment, &files.logs).map_err(|source| self.wrong(source))
    }

    fn wrong(&self, source: recorded::RecordedError) -> Error {
        Error::Recorded {
            dir: self.place().to_path_buf(),
            source: Box::new(source),
        }
    }
}

fn read(path: PathBuf) -> Result<String, Error> {
    match fs::read(&path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|error| Error::NotText {
            path,
            at: error.utf8_error().valid_up_to(),
        }),
        Err(source) => Err(Error::Io {
            what: "read",
            path,
            source,
        }),
    }
}
