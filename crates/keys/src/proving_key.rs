//! The proving key, in memory and in its file.
//!
//! The file is made for proving many times: points are as vectors read them, without points at infinity, and the circuit's
//! matrices are in compressed rows. It is mapped, and after its digest has matched all is taken as it lies (K-12), so loading
//! costs hashing, and processes share one copy.

use std::io;
use std::path::Path;

use maci_circuits::CircuitDigest;
use maci_verifier::{CircuitId, KeyPoints, VerifyingKey};

use crate::container::{Header, KeyFile, Kind};
use crate::error::KeyFileError;
use crate::label::{Labelled, Provenance};
use crate::query::Query;
use crate::r1cs::R1cs;

/// All that proving one circuit needs.
#[derive(Clone)]
pub struct ProvingKey {
    pub(crate) circuit: CircuitId,
    pub(crate) provenance: Provenance,
    pub(crate) vk: VerifyingKey,
    pub(crate) query: Query,
    pub(crate) r1cs: R1cs,
}

impl core::fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ProvingKey")
            .field("vk", &self.vk)
            .field("provenance", &self.provenance)
            .field("circuit_digest", &self.r1cs.digest)
            .finish_non_exhaustive()
    }
}

impl ProvingKey {
    /// The circuit that this key proves.
    pub fn circuit(&self) -> CircuitId {
        self.circuit
    }

    /// Digest of the circuit's matrices.
    pub fn circuit_digest(&self) -> &CircuitDigest {
        &self.r1cs.digest
    }

    /// Where the key comes from.
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// The key that verifies the proofs.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.vk
    }

    /// The points that a prover multiplies, C's part of the quotient in `l`.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The circuit's matrices.
    pub fn r1cs(&self) -> &R1cs {
        &self.r1cs
    }

    /// Bytes that the key takes, in memory or in its file.
    pub fn memory_bytes(&self) -> usize {
        self.query.bytes() + self.r1cs.memory_bytes()
    }

    /// Writes the key file: complete or not at all.
    pub fn save(&self, path: &Path) -> io::Result<()> {
        let header = Header {
            kind: Kind::ProvingKey,
            provenance: self.provenance,
            circuit: self.circuit,
            circuit_digest: self.r1cs.digest,
        };
        header.head().write(path, |out| {
            out.list(&self.vk.points().to_bytes())?;
            self.query.write(out)?;
            self.r1cs.write(out)
        })
    }

    /// Maps a key file for the circuit whose matrices have a digest.
    pub fn load(
        path: &Path,
        circuit: CircuitId,
        digest: &CircuitDigest,
    ) -> Result<Labelled<Self>, KeyFileError> {
        let file = KeyFile::open(path, Kind::ProvingKey)?;
        let header = Header::try_from(&file.head)?;
        header.expect(circuit, digest)?;
        let mut body = file.body()?;
        let vk_bytes = body.list::<u8>()?;
        let query = Query::read(&mut body)?;
        let r1cs = R1cs::read(&mut body, *digest)?;
        body.finish()?;
        // The digest says that the file is as it was written, not who wrote it.
        r1cs.check()?;
        query.check(r1cs.variables(), r1cs.domain_size())?;
        let points = KeyPoints::from_bytes(&vk_bytes).map_err(maci_verifier::Error::from)?;
        if r1cs.instance_variables != points.ic().len() {
            return Err(KeyFileError::Section {
                section: "public variables",
                expected: points.ic().len(),
                found: r1cs.instance_variables,
            });
        }
        let key = Self {
            circuit,
            provenance: header.provenance,
            vk: VerifyingKey::new(circuit, points)?,
            query,
            r1cs,
        };
        Ok(Labelled::new(key, header.provenance))
    }
}
