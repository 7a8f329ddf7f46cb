//! The proving key, in memory and in its file.
//!
//! The file is made for proving many times: points and coefficients are raw Montgomery limbs, without points at infinity, and
//! the circuit's matrices are in compressed rows. After its digest has matched all are taken as they are (K-12), so loading
//! costs reading and hashing.

use ark_bn254::{G1Affine, G2Affine};
use maci_circuits::CircuitDigest;
use maci_verifier::{CircuitId, KeyPoints, VerifyingKey};

use crate::container::{Body, Header, Kind, write_file};
use crate::error::KeyFileError;
use crate::label::{Labelled, Provenance};
use crate::r1cs::R1cs;
use crate::sections::{
    read_block, read_g1s, read_g2s, read_indices, write_g1s, write_g2s, write_indices,
};

/// The points that a prover multiplies. Points at infinity are left out: `a_indices` and `b_indices` name the variables that
/// have a point in A and in B.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Variables with a point in `a`.
    pub a_indices: Vec<u32>,
    /// A's polynomials at tau.
    pub a: Vec<G1Affine>,
    /// Variables with a point in `b_g1` and `b_g2`.
    pub b_indices: Vec<u32>,
    /// B's polynomials at tau, in G1.
    pub b_g1: Vec<G1Affine>,
    /// B's polynomials at tau, in G2.
    pub b_g2: Vec<G2Affine>,
    /// Powers of tau times the vanishing polynomial over delta.
    pub h: Vec<G1Affine>,
    /// One point for each private variable.
    pub l: Vec<G1Affine>,
}

/// All that proving one circuit needs.
#[derive(Clone)]
pub struct ProvingKey {
    pub(crate) circuit: CircuitId,
    pub(crate) provenance: Provenance,
    pub(crate) vk: VerifyingKey,
    pub(crate) beta_g1: G1Affine,
    pub(crate) delta_g1: G1Affine,
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

    /// beta in G1.
    pub fn beta_g1(&self) -> &G1Affine {
        &self.beta_g1
    }

    /// delta in G1.
    pub fn delta_g1(&self) -> &G1Affine {
        &self.delta_g1
    }

    /// The points that a prover multiplies.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The circuit's matrices.
    pub fn r1cs(&self) -> &R1cs {
        &self.r1cs
    }

    /// Bytes that the key takes in memory.
    pub fn memory_bytes(&self) -> usize {
        let g1 =
            self.query.a.len() + self.query.b_g1.len() + self.query.h.len() + self.query.l.len();
        g1 * size_of::<G1Affine>()
            + self.query.b_g2.len() * size_of::<G2Affine>()
            + (self.query.a_indices.len() + self.query.b_indices.len()) * 4
            + self.r1cs.memory_bytes()
    }

    /// Writes the key file: complete or not at all.
    pub fn save(&self, path: &std::path::Path) -> std::io::Result<()> {
        let header = Header {
            kind: Kind::ProvingKey,
            provenance: self.provenance,
            circuit: self.circuit,
            circuit_digest: self.r1cs.digest,
        };
        write_file(path, &header, |out| {
            let vk = self.vk.points().to_bytes();
            out.write_all(&(vk.len() as u64).to_le_bytes())?;
            out.write_all(&vk)?;
            write_g1s(out, &[self.beta_g1, self.delta_g1])?;
            write_indices(out, &self.query.a_indices)?;
            write_g1s(out, &self.query.a)?;
            write_indices(out, &self.query.b_indices)?;
            write_g1s(out, &self.query.b_g1)?;
            write_g2s(out, &self.query.b_g2)?;
            write_g1s(out, &self.query.h)?;
            write_g1s(out, &self.query.l)?;
            self.r1cs.write(out)
        })
    }

    /// Reads a key file for the circuit whose matrices have a digest.
    pub fn load(
        path: &std::path::Path,
        circuit: CircuitId,
        digest: &CircuitDigest,
    ) -> Result<Labelled<Self>, KeyFileError> {
        let mut body = Body::open(path, Kind::ProvingKey)?;
        body.header().expect(circuit, digest)?;
        let provenance = body.header().provenance;
        let vk_bytes = read_block(&mut body)?;
        let [beta_g1, delta_g1] = <[G1Affine; 2]>::try_from(read_g1s(&mut body)?)
            .map_err(|points| section("beta and delta", 2, points.len()))?;
        let query = Query {
            a_indices: read_indices(&mut body)?,
            a: read_g1s(&mut body)?,
            b_indices: read_indices(&mut body)?,
            b_g1: read_g1s(&mut body)?,
            b_g2: read_g2s(&mut body)?,
            h: read_g1s(&mut body)?,
            l: read_g1s(&mut body)?,
        };
        let r1cs = R1cs::read(&mut body, *digest)?;
        // Nothing above is believed before the digest matches.
        body.finish()?;
        r1cs.check()?;
        check_query(&query, &r1cs)?;
        let points = KeyPoints::from_bytes(&vk_bytes).map_err(maci_verifier::Error::from)?;
        let vk = VerifyingKey::new(circuit, points)?;
        let key = Self {
            circuit,
            provenance,
            vk,
            beta_g1,
            delta_g1,
            query,
            r1cs,
        };
        Ok(Labelled::new(key, provenance))
    }
}

pub(crate) fn section(section: &'static str, expected: usize, found: usize) -> KeyFileError {
    KeyFileError::Section {
        section,
        expected,
        found,
    }
}

fn check_query(query: &Query, r1cs: &R1cs) -> Result<(), KeyFileError> {
    let same = |name, expected: usize, found: usize| {
        if expected == found {
            Ok(())
        } else {
            Err(section(name, expected, found))
        }
    };
    same("A", query.a_indices.len(), query.a.len())?;
    same("B in G1", query.b_indices.len(), query.b_g1.len())?;
    same("B in G2", query.b_indices.len(), query.b_g2.len())?;
    same("L", r1cs.witness_variables, query.l.len())?;
    same("H", r1cs.qap_rows().next_power_of_two() - 1, query.h.len())?;
    for (name, indices) in [("A", &query.a_indices), ("B", &query.b_indices)] {
        let last = indices.iter().max().map_or(0, |index| *index as usize + 1);
        if last > r1cs.variables() {
            return Err(section(name, r1cs.variables(), last));
        }
    }
    Ok(())
}
