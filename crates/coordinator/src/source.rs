//! Where a poll's log comes from: a chain, or files in the layout of `fixtures/`.

use std::fmt;
use std::fs;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maci_protocol::PollLog;
use maci_protocol::recorded::{self, Relayed};
use sha2::{Digest, Sha256};

use crate::chain::ChainSource;
use crate::error::Error;

/// Where a job's poll is read from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// Files.
    Recorded(Recorded),
    /// Nodes of a chain.
    Chain(Arc<ChainSource>),
}

impl From<Recorded> for Source {
    fn from(source: Recorded) -> Self {
        Self::Recorded(source)
    }
}

impl From<ChainSource> for Source {
    fn from(source: ChainSource) -> Self {
        Self::Chain(Arc::new(source))
    }
}

/// The `deployment.json` and `logs.json` of one poll, and the folder `relayed` if it has relayed batches. No other file of
/// a recorded directory is read.
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

/// The small file, and the digests of both.
pub(crate) struct RecordedFiles {
    pub(crate) deployment: String,
    pub(crate) deployment_digest: [u8; 32],
    pub(crate) logs_digest: [u8; 32],
}

/// Where the logs are read from, once or, if they are not in order, twice.
enum Logs<'a> {
    File(fs::File),
    Text(Cursor<&'a [u8]>),
}

impl Read for Logs<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Text(text) => text.read(buffer),
        }
    }
}

impl Seek for Logs<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Text(text) => text.seek(to),
        }
    }
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
        let deployment = match &self.0 {
            Place::Directory(_) => read_text(self.deployment_path())?,
            Place::Texts { deployment, .. } => deployment.clone(),
        };
        Ok(RecordedFiles {
            deployment_digest: Sha256::digest(&deployment).into(),
            logs_digest: self.logs_digest()?,
            deployment,
        })
    }

    fn logs(&self) -> Result<Logs<'_>, Error> {
        Ok(match &self.0 {
            Place::Directory(_) => {
                let path = self.logs_path();
                Logs::File(fs::File::open(&path).map_err(|source| io(path, source))?)
            }
            Place::Texts { logs, .. } => Logs::Text(Cursor::new(logs.as_bytes())),
        })
    }

    /// A log file may be larger than memory, so it is hashed, and later read, piece by piece.
    fn logs_digest(&self) -> Result<[u8; 32], Error> {
        let mut logs = self.logs()?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = logs
                .read(&mut buffer)
                .map_err(|source| io(self.logs_path(), source))?;
            match buffer.get(..read) {
                Some([]) | None => return Ok(hash.finalize().into()),
                Some(piece) => hash.update(piece),
            }
        }
    }

    /// Parses and checks both files (D10, D14, D15).
    pub(crate) fn parse(&self, files: &RecordedFiles) -> Result<PollLog, Error> {
        let mut relayed = Folder(match &self.0 {
            Place::Directory(dir) => Some(dir.join(RELAYED)),
            Place::Texts { .. } => None,
        });
        let log = recorded::parse_reader(&files.deployment, self.logs()?, &mut relayed)
            .map_err(|source| self.wrong(source))?;
        // The rows carry the digest, so it has to be that of what was parsed.
        let found = self.logs_digest()?;
        if found != files.logs_digest {
            return Err(Error::ChangedSource {
                path: self.logs_path(),
                expected: hex::encode(files.logs_digest),
                found: hex::encode(found),
            });
        }
        Ok(log)
    }

    fn wrong(&self, source: recorded::RecordedError) -> Error {
        Error::Recorded {
            dir: self.place().to_path_buf(),
            source: Box::new(source),
        }
    }
}

/// The folder of relayed batches in a recorded directory.
pub(crate) const RELAYED: &str = "relayed";

/// The name of a batch's file there: the chain's bytes32.
pub(crate) fn relayed_name(digest: &[u8; 32]) -> String {
    format!("0x{}.json", hex::encode(digest))
}

/// Relayed batches by their names.
struct Folder(Option<PathBuf>);

impl Relayed for Folder {
    fn content(&mut self, digest: &[u8; 32]) -> Option<Vec<u8>> {
        fs::read(self.0.as_ref()?.join(relayed_name(digest))).ok()
    }
}

fn io(path: PathBuf, source: std::io::Error) -> Error {
    Error::Io {
        what: "read",
        path,
        source,
    }
}

fn read_text(path: PathBuf) -> Result<String, Error> {
    match fs::read(&path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|error| Error::NotText {
            path,
            at: error.utf8_error().valid_up_to(),
        }),
        Err(source) => Err(io(path, source)),
    }
}
