//! The proving key, in memory and in its file.
//!
//! The file holds points as raw Montgomery limbs: after its digest has matched they are taken as they are (K-12), so
//! loading costs reading and hashing. Matrices are not in the file; they come from the circuit itself.

use std::io::{Read, Write};

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ff::BigInt;
use maci_circuits::CircuitDigest;
use maci_verifier::{CircuitId, KeyPoints, VerifyingKey};

use crate::container::{Body, Header, Kind, write_file};
use crate::error::KeyFileError;
use crate::label::{Labelled, Provenance};
use crate::r1cs::R1cs;

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
            write_g1s(out, &self.query.l)
        })
    }

    /// Reads a key file for a circuit whose matrices are given.
    pub fn load(
        path: &std::path::Path,
        circuit: CircuitId,
        r1cs: R1cs,
    ) -> Result<Labelled<Self>, KeyFileError> {
        let mut body = Body::open(path, Kind::ProvingKey)?;
        body.header().expect(circuit, &r1cs.digest)?;
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
        // Nothing above is believed before the digest matches.
        body.finish()?;
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

fn section(section: &'static str, expected: usize, found: usize) -> KeyFileError {
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

/// Points are converted in pieces of this many bytes.
const PIECE: usize = 1 << 16;

fn write_items<T, const N: usize>(
    out: &mut dyn Write,
    items: &[T],
    bytes_of: impl Fn(&T) -> [u8; N],
) -> std::io::Result<()> {
    out.write_all(&(items.len() as u64).to_le_bytes())?;
    let mut piece = Vec::with_capacity(PIECE);
    for chunk in items.chunks(PIECE / N) {
        piece.clear();
        for item in chunk {
            piece.extend_from_slice(&bytes_of(item));
        }
        out.write_all(&piece)?;
    }
    Ok(())
}

fn read_items<T, const N: usize>(
    body: &mut Body,
    of_bytes: impl Fn(&[u8; N]) -> T,
) -> Result<Vec<T>, KeyFileError> {
    let mut count = [0u8; 8];
    body.read_exact(&mut count).map_err(ended)?;
    let mut left = usize::try_from(u64::from_le_bytes(count)).unwrap_or(usize::MAX);
    // A count beyond the file's end is not believed.
    if left
        .checked_mul(N)
        .is_none_or(|bytes| bytes as u64 > body.left())
    {
        return Err(KeyFileError::Truncated);
    }
    let mut items = Vec::with_capacity(left);
    let mut piece = vec![0u8; PIECE / N * N];
    while left > 0 {
        let now = left.min(PIECE / N);
        let bytes = &mut piece[..now * N];
        body.read_exact(bytes).map_err(ended)?;
        items.extend(bytes.as_chunks::<N>().0.iter().map(&of_bytes));
        left -= now;
    }
    Ok(items)
}

fn ended(error: std::io::Error) -> KeyFileError {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        KeyFileError::Truncated
    } else {
        error.into()
    }
}

fn read_block(body: &mut Body) -> Result<Vec<u8>, KeyFileError> {
    read_items::<u8, 1>(body, |[byte]| *byte)
}

fn write_indices(out: &mut dyn Write, indices: &[u32]) -> std::io::Result<()> {
    write_items(out, indices, |index| index.to_le_bytes())
}

fn read_indices(body: &mut Body) -> Result<Vec<u32>, KeyFileError> {
    read_items(body, |bytes| u32::from_le_bytes(*bytes))
}

/// Little-endian Montgomery limbs of coordinates, one after the other.
fn limbs<const N: usize>(coordinates: &[&Fq]) -> [u8; N] {
    let mut bytes = [0u8; N];
    let limbs = coordinates.iter().flat_map(|value| value.0.0);
    for (chunk, limb) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(limbs) {
        *chunk = limb.to_le_bytes();
    }
    bytes
}

fn coordinates<const N: usize, const C: usize>(bytes: &[u8; N]) -> [Fq; C] {
    let mut limbs = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|chunk| u64::from_le_bytes(*chunk));
    core::array::from_fn(|_| {
        let value = core::array::from_fn(|_| limbs.next().unwrap_or(0));
        Fq::new_unchecked(BigInt(value))
    })
}

fn write_g1s(out: &mut dyn Write, points: &[G1Affine]) -> std::io::Result<()> {
    // In BN254 the identity is (0, 0).
    write_items(out, points, |point| limbs::<64>(&[&point.x, &point.y]))
}

fn read_g1s(body: &mut Body) -> Result<Vec<G1Affine>, KeyFileError> {
    read_items::<G1Affine, 64>(body, |bytes| {
        let [x, y] = coordinates(bytes);
        G1Affine::new_unchecked(x, y)
    })
}

fn write_g2s(out: &mut dyn Write, points: &[G2Affine]) -> std::io::Result<()> {
    write_items(out, points, |point| {
        limbs::<128>(&[&point.x.c0, &point.x.c1, &point.y.c0, &point.y.c1])
    })
}

fn read_g2s(body: &mut Body) -> Result<Vec<G2Affine>, KeyFileError> {
    read_items::<G2Affine, 128>(body, |bytes| {
        let [x0, x1, y0, y1] = coordinates(bytes);
        G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1))
    })
}
