//! The file format of keys: a header that says what the key is, and a body, each under its own SHA-256.
//!
//! ```text
//! magic            8   "MACIRSPK", "MACIRSVK" or "MACIRSZK"
//! version          4   little-endian; of proving keys 3, of others 1
//! tag              1   of our keys their provenance, 1 = insecure-dev; of a prepared zkey 0
//! name             2 + n   length, UTF-8: the circuit id; of a prepared zkey empty
//! digest          32   of our keys their circuit's; of a prepared zkey the SHA-256 of the file that it was made from
//! body length      8
//! body digest     32   SHA-256 of the body
//! header digest   32   SHA-256 of everything above
//! body
//! ```
//!
//! Every byte is covered: a changed one is refused, and the error names the part it lies in (O-03).

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use maci_circuits::CircuitDigest;
use maci_lanes::Mapped;
use maci_verifier::CircuitId;
use sha2::{Digest, Sha256};

use crate::error::KeyFileError;
use crate::file::write_whole;
use crate::label::Provenance;
use crate::sections::{Input, Output};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A proving key of a circuit of ours.
    ProvingKey,
    /// A verifying key.
    VerifyingKey,
    /// A proving key of snarkjs, made ready for proving many times.
    PreparedZkey,
}

impl Kind {
    pub(crate) const fn magic(self) -> &'static str {
        match self {
            Self::ProvingKey => "MACIRSPK",
            Self::VerifyingKey => "MACIRSVK",
            Self::PreparedZkey => "MACIRSZK",
        }
    }

    /// The format version that this program writes and reads.
    pub(crate) const fn version(self) -> u32 {
        match self {
            Self::ProvingKey => 3,
            Self::VerifyingKey | Self::PreparedZkey => 1,
        }
    }
}

/// What a file of any kind says before its body.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) tag: u8,
    pub(crate) name: String,
    pub(crate) digest: [u8; 32],
}

/// Where a file's body lies and what it must be.
#[derive(Clone, Debug)]
struct Frame {
    body: Range<usize>,
    digest: [u8; 32],
}

impl Head {
    fn bytes(&self, length: u64, digest: &[u8; 32]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend_from_slice(self.kind.magic().as_bytes());
        bytes.extend_from_slice(&self.kind.version().to_le_bytes());
        bytes.push(self.tag);
        bytes.extend_from_slice(&(self.name.len() as u16).to_le_bytes());
        bytes.extend_from_slice(self.name.as_bytes());
        bytes.extend_from_slice(&self.digest);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(digest);
        let own: [u8; 32] = Sha256::digest(&bytes).into();
        bytes.extend_from_slice(&own);
        bytes
    }

    /// Checks a header, and that the body is as long as the header says.
    fn of(file: &[u8], kind: Kind) -> Result<(Self, Frame), KeyFileError> {
        let mut rest = file;
        let mut take = |count: usize| -> Result<&[u8], KeyFileError> {
            let (taken, after) = rest
                .split_at_checked(count)
                .ok_or(KeyFileError::Truncated)?;
            rest = after;
            Ok(taken)
        };
        if take(8)? != kind.magic().as_bytes() {
            return Err(KeyFileError::Magic {
                expected: kind.magic(),
            });
        }
        let version = u32::from_le_bytes(array(take(4)?));
        if version != kind.version() {
            return Err(KeyFileError::Version {
                expected: kind.version(),
                found: version,
            });
        }
        let [tag] = array(take(1)?);
        let name_length = u16::from_le_bytes(array(take(2)?));
        if name_length > 256 {
            // No name is that long, so the header was changed.
            return Err(KeyFileError::HeaderDigest);
        }
        let name = take(usize::from(name_length))?;
        let digest = array(take(32)?);
        let length = u64::from_le_bytes(array(take(8)?));
        let body_digest = array(take(32)?);
        let own: [u8; 32] = array(take(32)?);
        let start = file.len() - rest.len();
        let expected: [u8; 32] = Sha256::digest(&file[..start - own.len()]).into();
        if own != expected {
            return Err(KeyFileError::HeaderDigest);
        }
        let name = std::str::from_utf8(name).map_err(|_| field("name", "not a text"))?;
        match (rest.len() as u64).cmp(&length) {
            std::cmp::Ordering::Less => return Err(KeyFileError::Truncated),
            std::cmp::Ordering::Greater => return Err(KeyFileError::TrailingBytes),
            std::cmp::Ordering::Equal => {}
        }
        let head = Self {
            kind,
            tag,
            name: name.to_owned(),
            digest,
        };
        let frame = Frame {
            body: start..file.len(),
            digest: body_digest,
        };
        Ok((head, frame))
    }

    /// Writes a file: complete or not at all.
    pub(crate) fn write(
        &self,
        path: &Path,
        body: impl FnOnce(&mut Output<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        write_whole(path, |out| {
            // The header is as long with its digests as without, so it is written twice.
            let blank = self.bytes(0, &[0; 32]);
            out.write_all(&blank)?;
            let mut output = Output::new(out, blank.len());
            body(&mut output)?;
            let (length, digest) = output.finish();
            out.seek(SeekFrom::Start(0))?;
            out.write_all(&self.bytes(length, &digest))
        })
    }
}

impl Frame {
    fn check<'a>(&self, file: &'a [u8]) -> Result<&'a [u8], KeyFileError> {
        let body = &file[self.body.clone()];
        let found: [u8; 32] = Sha256::digest(body).into();
        if found == self.digest {
            Ok(body)
        } else {
            Err(KeyFileError::BodyDigest)
        }
    }
}

/// A mapped file whose header has been checked and whose body has not.
pub(crate) struct KeyFile {
    pub(crate) head: Head,
    map: Arc<Mapped>,
    frame: Frame,
}

impl KeyFile {
    pub(crate) fn open(path: &Path, kind: Kind) -> Result<Self, KeyFileError> {
        let map = Arc::new(Mapped::open(&File::open(path)?)?);
        let (head, frame) = Head::of(map.bytes(), kind)?;
        Ok(Self { head, map, frame })
    }

    /// The body, after its digest has matched.
    pub(crate) fn body(self) -> Result<Input, KeyFileError> {
        self.frame.check(self.map.bytes())?;
        Ok(Input::new(self.map, self.frame.body))
    }
}

/// What the file of a key of ours says about it.
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
    pub(crate) fn head(&self) -> Head {
        Head {
            kind: self.kind,
            tag: self.provenance.tag(),
            name: self.circuit.to_string(),
            digest: self.circuit_digest.0,
        }
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

impl TryFrom<&Head> for Header {
    type Error = KeyFileError;

    fn try_from(head: &Head) -> Result<Self, KeyFileError> {
        let provenance = Provenance::from_tag(head.tag);
        let circuit = head.name.parse();
        Ok(Self {
            kind: head.kind,
            provenance: provenance.ok_or_else(|| field("provenance", "unknown label"))?,
            circuit: circuit.map_err(|error: maci_verifier::ParamsError| {
                field("circuit id", &error.to_string())
            })?,
            circuit_digest: CircuitDigest(head.digest),
        })
    }
}

/// The bytes of a small key file.
pub fn to_bytes(header: &Header, body: &[u8]) -> Vec<u8> {
    let mut bytes = header
        .head()
        .bytes(body.len() as u64, &Sha256::digest(body).into());
    bytes.extend_from_slice(body);
    bytes
}

/// What the bytes of a key file say and hold, after every digest has matched.
pub fn from_bytes(file: &[u8], kind: Kind) -> Result<(Header, &[u8]), KeyFileError> {
    let (head, frame) = Head::of(file, kind)?;
    Ok((Header::try_from(&head)?, frame.check(file)?))
}

fn field(field: &'static str, detail: &str) -> KeyFileError {
    KeyFileError::Field {
        field,
        detail: detail.into(),
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(bytes);
    out
}
