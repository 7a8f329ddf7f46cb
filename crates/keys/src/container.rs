//! The file format of keys: a header that says what the key is, and a body, each under its own SHA-256.
//!
//! ```text
//! magic            8   "MACIRSPK" or "MACIRSVK"
//! version          4   little-endian; of proving keys 2, of verifying keys 1
//! provenance       1   1 = insecure-dev
//! circuit id       2 + n   length, UTF-8
//! circuit digest  32
//! body length      8
//! body digest     32   SHA-256 of the body
//! header digest   32   SHA-256 of everything above
//! body
//! ```
//!
//! Every byte is covered: a changed one is refused, and the error names the part it lies in (O-03).

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use maci_circuits::CircuitDigest;
use maci_verifier::CircuitId;
use sha2::{Digest, Sha256};

use crate::error::KeyFileError;
use crate::label::Provenance;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A proving key.
    ProvingKey,
    /// A verifying key.
    VerifyingKey,
}

impl Kind {
    const fn magic(self) -> &'static str {
        match self {
            Self::ProvingKey => "MACIRSPK",
            Self::VerifyingKey => "MACIRSVK",
        }
    }

    /// The format version that this program writes and reads.
    pub(crate) const fn version(self) -> u32 {
        match self {
            Self::ProvingKey => 2,
            Self::VerifyingKey => 1,
        }
    }
}

/// What a key file says about its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Proving or verifying key.
    pub kind: Kind,
    /// Where the key comes from.
    pub provenance: Provenance,
    /// The key's circuit.
    pub circuit: CircuitId,
    /// Digest of the circuit that the key was made for.
    pub circuit_digest: CircuitDigest,
}

impl Header {
    fn bytes(&self, length: u64, digest: &[u8; 32]) -> Vec<u8> {
        let name = self.circuit.to_string();
        let mut bytes = Vec::new();
        bytes.extend_from_slice(self.kind.magic().as_bytes());
        bytes.extend_from_slice(&self.kind.version().to_le_bytes());
        bytes.push(self.provenance.tag());
        bytes.extend_from_slice(&(name.len() as u16).to_le_bytes());
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(&self.circuit_digest.0);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(digest);
        let own: [u8; 32] = Sha256::digest(&bytes).into();
        bytes.extend_from_slice(&own);
        bytes
    }

    /// Refuses the key of another circuit or of another version of it (V-07).
    pub fn expect(&self, circuit: CircuitId, digest: &CircuitDigest) -> Result<(), KeyFileError> {
        if self.circuit != circuit {
            return Err(KeyFileError::Circuit {
                expected: circuit,
                found: self.circuit,
            });
        }
        if self.circuit_digest != *digest {
            return Err(KeyFileError::CircuitDigest {
                expected: digest.to_string(),
                found: self.circuit_digest.to_string(),
            });
        }
        Ok(())
    }
}

/// Counts and hashes what passes through.
struct Hashing<'a> {
    out: &'a mut dyn Write,
    hasher: Sha256,
    length: u64,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a key file under a temporary name and renames it, so that a file under its own name is complete (O-04).
pub fn write_file(
    path: &Path,
    header: &Header,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = temporary_name(path);
    let result =
        write_to(&temporary, header, body).and_then(|()| std::fs::rename(&temporary, path));
    if result.is_err() {
        // The half file is of no use; a failure to remove it must not hide the first error.
        let _ = std::fs::remove_file(&temporary);
    }
    result
}

/// A name beside `path` that no other process and no other thread of this one writes to.
pub(crate) fn temporary_name(path: &Path) -> PathBuf {
    static WRITES: AtomicU64 = AtomicU64::new(0);
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    path.with_extension(format!("tmp-{}-{number}", std::process::id()))
}

fn write_to(
    path: &Path,
    header: &Header,
    body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    // The header is as long with its digests as without, so it is written twice.
    out.write_all(&header.bytes(0, &[0; 32]))?;
    let mut hashing = Hashing {
        out: &mut out,
        hasher: Sha256::new(),
        length: 0,
    };
    body(&mut hashing)?;
    let (hasher, length) = (hashing.hasher, hashing.length);
    out.seek(SeekFrom::Start(0))?;
    out.write_all(&header.bytes(length, &hasher.finalize().into()))?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

/// The bytes of a small key file.
pub fn to_bytes(header: &Header, body: &[u8]) -> Vec<u8> {
    let mut bytes = header.bytes(body.len() as u64, &Sha256::digest(body).into());
    bytes.extend_from_slice(body);
    bytes
}

/// A key file whose header has been checked and whose body is being read. [`Body::finish`] says whether the bytes read were
/// those that were written.
pub struct Body<R: Read = BufReader<File>> {
    source: R,
    header: Header,
    hasher: Sha256,
    left: u64,
    digest: [u8; 32],
}

impl Body {
    /// Opens a file and checks its header.
    pub fn open(path: &Path, kind: Kind) -> Result<Self, KeyFileError> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let body = Self::new(BufReader::with_capacity(1 << 20, file), kind)?;
        // Whatever the header claims, readers may ask for no more than is there.
        if body.left > length {
            return Err(KeyFileError::Truncated);
        }
        Ok(body)
    }
}

impl<R: Read> Body<R> {
    /// Checks the header of a key file.
    pub fn new(mut source: R, kind: Kind) -> Result<Self, KeyFileError> {
        let mut seen = Vec::new();
        let mut take = |count: usize| -> Result<Vec<u8>, KeyFileError> {
            let mut bytes = vec![0; count];
            source.read_exact(&mut bytes).map_err(truncated)?;
            seen.extend_from_slice(&bytes);
            Ok(bytes)
        };
        if take(8)? != kind.magic().as_bytes() {
            return Err(KeyFileError::Magic {
                expected: kind.magic(),
            });
        }
        let version = u32::from_le_bytes(array(&take(4)?));
        if version != kind.version() {
            return Err(KeyFileError::Version {
                expected: kind.version(),
                found: version,
            });
        }
        let provenance = take(1)?;
        let length = u16::from_le_bytes(array(&take(2)?));
        if length > 256 {
            // No circuit id is that long, so the header was changed.
            return Err(KeyFileError::HeaderDigest);
        }
        let name = take(usize::from(length))?;
        let circuit_digest = CircuitDigest(array(&take(32)?));
        let left = u64::from_le_bytes(array(&take(8)?));
        let digest = array(&take(32)?);
        let expected: [u8; 32] = Sha256::digest(&seen).into();
        let mut own = [0u8; 32];
        source.read_exact(&mut own).map_err(truncated)?;
        if own != expected {
            return Err(KeyFileError::HeaderDigest);
        }
        let field = |field, detail: &str| KeyFileError::Field {
            field,
            detail: detail.into(),
        };
        let header = Header {
            kind,
            provenance: provenance
                .first()
                .and_then(|tag| Provenance::from_tag(*tag))
                .ok_or_else(|| field("provenance", "unknown label"))?,
            circuit: std::str::from_utf8(&name)
                .map_err(|_| field("circuit id", "not a text"))?
                .parse()
                .map_err(|error: maci_verifier::ParamsError| {
                    field("circuit id", &error.to_string())
                })?,
            circuit_digest,
        };
        Ok(Self {
            source,
            header,
            hasher: Sha256::new(),
            left,
            digest,
        })
    }

    /// What the file says about its key.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of the body that have not been read.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Checks that the whole body was read, that nothing follows it, and that it is the one that was written.
    pub fn finish(mut self) -> Result<Header, KeyFileError> {
        // What the reader did not ask for still belongs to the digest.
        let mut rest = vec![0u8; 1 << 16];
        let mut unread = false;
        loop {
            let count = self.read(&mut rest)?;
            if count == 0 {
                break;
            }
            unread = true;
        }
        if self.left > 0 {
            return Err(KeyFileError::Truncated);
        }
        let digest: [u8; 32] = self.hasher.finalize().into();
        if digest != self.digest {
            return Err(KeyFileError::BodyDigest);
        }
        if unread || self.source.read(&mut rest)? != 0 {
            return Err(KeyFileError::TrailingBytes);
        }
        Ok(self.header)
    }
}

impl<R: Read> Read for Body<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(out.len());
        let count = self.source.read(&mut out[..most])?;
        self.hasher.update(&out[..count]);
        self.left -= count as u64;
        Ok(count)
    }
}

impl<R: Read> core::fmt::Debug for Body<R> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Body")
            .field("header", &self.header)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

fn truncated(error: io::Error) -> KeyFileError {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        KeyFileError::Truncated
    } else {
        error.into()
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}
