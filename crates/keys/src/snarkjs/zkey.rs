//! `.zkey`: a Groth16 proving key as snarkjs writes it.
//!
//! It differs from a key of this crate in that there is no matrix C: the prover takes A·B for the rows' values of C, and
//! transforms them like those of A and B. A key of this crate has C's part in L. So neither can stand for the other, and the
//! types keep them apart.

use core::fmt;
use std::fs::File;
use std::path::Path;

use ark_bn254::{Fq, Fq2, Fr, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, FftField, PrimeField};
use maci_lanes::PackedG1;
use maci_verifier::Malformed;
use maci_verifier::codec::points::{check_g1, check_g2};

use super::binfile::{Section, Sections};
use super::error::SnarkjsFileError;
use super::prepared;
use super::wtns::{Wtns, expect_prime, limbs};
use crate::list::List;
use crate::query::Query;
use crate::rows::{Coefficients, Rows};

/// A proving key of snarkjs.
#[derive(Clone)]
pub struct Zkey {
    /// SHA-256 of the zkey that a prepared key was made from.
    pub prepared_from: Option<[u8; 32]>,
    /// Public variables, the constant 1 included.
    pub instance_variables: usize,
    /// All variables, the constant 1 included.
    pub variables: usize,
    /// Rows of the quadratic arithmetic program, padded to a power of two.
    pub domain_size: usize,
    /// alpha in G1.
    pub alpha_g1: G1Affine,
    /// beta in G2.
    pub beta_g2: G2Affine,
    /// gamma in G2.
    pub gamma_g2: G2Affine,
    /// delta in G2.
    pub delta_g2: G2Affine,
    /// One point for the constant and one for each public input; the identity where a public input is not used.
    pub ic: Vec<G1Affine>,
    /// The points that a prover multiplies; a public variable has infinity in `l`.
    pub query: Query,
    pub(super) a: Rows,
    pub(super) b: Rows,
    pub(super) coefficients: Vec<Fr>,
}

impl fmt::Debug for Zkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zkey")
            .field("instance_variables", &self.instance_variables)
            .field("variables", &self.variables)
            .field("domain_size", &self.domain_size)
            .finish_non_exhaustive()
    }
}

/// Sizes of the header.
struct Sizes {
    variables: u32,
    instance: u32,
    domain: u32,
}

impl Zkey {
    /// The format's magic.
    pub(super) const MAGIC: &'static str = "zkey";
    /// The version that snarkjs writes.
    pub(super) const VERSION: u32 = 1;
    /// Groth16's number in section 1.
    pub(super) const GROTH16: u32 = 1;

    /// Reads a Groth16 key over BN254, as snarkjs wrote it or as [`Zkey::prepare`] did.
    pub fn open(path: &Path) -> Result<Self, SnarkjsFileError> {
        if prepared::is_one(path)? {
            Ok(prepared::load(path)?)
        } else {
            Self::parse(File::open(path)?)
        }
    }

    pub(super) fn parse(file: File) -> Result<Self, SnarkjsFileError> {
        let mut file = Sections::of(file, Self::MAGIC, Self::VERSION)?;
        let found = file.section(1, "proof system", 4)?.number()?;
        if found != Self::GROTH16 {
            return Err(SnarkjsFileError::ProofSystem { found });
        }
        let mut header = file.section(2, "Groth16 header", 2 * 36 + 12 + 3 * 64 + 3 * 128)?;
        expect_prime::<Fq>(&mut header, "base field")?;
        expect_prime::<Fr>(&mut header, "scalar field")?;
        let sizes = sizes(&mut header)?;
        let [alpha_g1, _beta_g1] = [g1(&mut header, 0)?, g1(&mut header, 1)?];
        let [beta_g2, gamma_g2] = [g2(&mut header, 2)?, g2(&mut header, 3)?];
        let (_delta_g1, delta_g2) = (g1(&mut header, 4)?, g2(&mut header, 5)?);

        let (variables, instance) = (sizes.variables as usize, sizes.instance as usize);
        // The domain's size decides how much memory the matrices take, so it is not believed alone.
        file.section(9, "H", u64::from(sizes.domain) * 64)?;
        let ic = g1s(&mut file, 3, "IC", instance)?;
        let (a, b, coefficients) = matrices(&mut file, &sizes)?;
        let (a_indices, a_points) = finite(g1s(&mut file, 5, "A", variables)?);
        // The prover takes B in G2 alone; of B in G1 it is only held that no variable has half of it.
        let b_g1 = are_points(&mut file, 6, "B in G1", variables)?;
        let b_g2 = g2s(&mut file, 7, "B in G2", variables)?;
        let half = b_g1
            .iter()
            .zip(&b_g2)
            .position(|(one, two)| *one != two.is_some());
        if let Some(index) = half {
            return Err(SnarkjsFileError::HalfB { index });
        }
        let (b_indices, b_points) = finite(b_g2);
        let private = g1s(&mut file, 8, "C", variables - instance)?;
        let l = vec![None; instance].into_iter().chain(private);
        let h = g1s(&mut file, 9, "H", sizes.domain as usize)?;
        let key = Self {
            prepared_from: None,
            instance_variables: instance,
            variables,
            domain_size: sizes.domain as usize,
            alpha_g1,
            beta_g2,
            gamma_g2,
            delta_g2,
            ic: ic.into_iter().map(Option::unwrap_or_default).collect(),
            query: Query {
                a_indices,
                a: a_points,
                b_indices,
                b: b_points,
                h: h.into_iter().map(packed).collect(),
                l: l.map(packed).collect(),
            },
            a,
            b,
            coefficients,
        };
        key.check_constants()?;
        Ok(key)
    }

    /// That the points of the verifying key lie in their groups and only IC has infinities: a proof is verified with them
    /// before it is handed over, and would hide nothing with a delta at infinity.
    pub(super) fn check_constants(&self) -> Result<(), Malformed> {
        for (point, name) in [
            (self.beta_g2, "beta"),
            (self.gamma_g2, "gamma"),
            (self.delta_g2, "delta"),
        ] {
            check_g2(point, name).map(drop)?;
        }
        check_g1(self.alpha_g1, "alpha").map(drop)?;
        let finite = self.ic.iter().filter(|point| !point.is_zero());
        finite
            .copied()
            .try_for_each(|point| check_g1(point, "IC").map(drop))
    }

    /// Refuses the witness of a circuit with another number of variables.
    pub fn expect(&self, witness: &Wtns) -> Result<(), SnarkjsFileError> {
        let (expected, found) = (self.variables, witness.values().len());
        if expected == found {
            Ok(())
        } else {
            Err(SnarkjsFileError::WitnessLength { expected, found })
        }
    }

    /// A and B times an assignment, each padded to the domain.
    pub fn evaluate(&self, assignment: &[Fr]) -> [Vec<Fr>; 2] {
        [&self.a, &self.b].map(|matrix| {
            let mut out = vec![Fr::default(); self.domain_size];
            matrix.multiply(&self.coefficients, assignment, &mut out);
            out
        })
    }
}

fn sizes(header: &mut Section<'_>) -> Result<Sizes, SnarkjsFileError> {
    let [variables, inputs, domain] = [header.number()?, header.number()?, header.number()?];
    let refuse = |detail: String| Err(SnarkjsFileError::Header { detail });
    if inputs >= variables {
        return refuse(format!(
            "{inputs} public inputs among {variables} variables"
        ));
    }
    if !domain.is_power_of_two() || domain < 2 || domain.ilog2() >= Fr::TWO_ADICITY {
        return refuse(format!(
            "a domain of {domain} points, expected a power of two from 2 to 2^27"
        ));
    }
    Ok(Sizes {
        variables,
        instance: inputs + 1,
        domain,
    })
}

fn packed(point: Option<G1Affine>) -> PackedG1 {
    point.map(PackedG1::from).unwrap_or_default()
}

/// Where the points are that are not at infinity, and those points.
fn finite<P, T: From<P>>(points: Vec<Option<P>>) -> (List<u32>, List<T>) {
    let (indices, points): (Vec<u32>, Vec<T>) = (0u32..)
        .zip(points)
        .filter_map(|(index, point)| Some((index, point?.into())))
        .unzip();
    (indices.into(), points.into())
}

/// 2^-256: the raw limbs of a stored coefficient hold two factors of the Montgomery radix, those of an `Fr` one.
const RADIX_INVERSE: Fr = Fr::new_unchecked(BigInt([1, 0, 0, 0]));

/// The two matrices, and the distinct coefficients that their entries number.
fn matrices(file: &mut Sections, sizes: &Sizes) -> Result<(Rows, Rows, Vec<Fr>), SnarkjsFileError> {
    const NAME: &str = "coefficients";
    const ENTRY: u64 = 44;
    let length = file.length(4, NAME)?;
    let mut section = file.section(4, NAME, length)?;
    if length < 4 {
        return Err(SnarkjsFileError::Truncated { place: NAME });
    }
    let count = section.number()?;
    let expected = 4 + u64::from(count) * ENTRY;
    if length != expected {
        return Err(SnarkjsFileError::SectionLength {
            name: NAME,
            expected,
            found: length,
        });
    }
    let mut coefficients = Coefficients::new();
    let mut entries: [Vec<(u32, u32, u32)>; 2] = Default::default();
    section.entries::<44>(count as usize, |index, bytes| {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let [matrix, row, column] = [word(0), word(4), word(8)];
        for (what, found, bound) in [
            ("matrix", matrix, 2),
            ("row", row, sizes.domain),
            ("column", column, sizes.variables),
        ] {
            if found >= bound {
                return Err(SnarkjsFileError::Index {
                    index,
                    what,
                    found,
                    bound,
                });
            }
        }
        let mut value = [0u8; 32];
        value.copy_from_slice(&bytes[12..]);
        let raw = limbs(&value);
        if raw >= Fr::MODULUS {
            return Err(SnarkjsFileError::NotReduced { name: NAME, index });
        }
        let number = coefficients.number(Fr::new_unchecked(raw) * RADIX_INVERSE);
        entries[matrix as usize].push((row, column, number));
        Ok(())
    })?;
    let [a, b] = entries.map(|entries| Rows::of_entries(sizes.domain as usize, entries));
    Ok((a, b, coefficients.table))
}

/// A coordinate in Montgomery form with radix 2^256.
fn coordinate(bytes: &[u8; 32], name: &'static str, index: usize) -> Result<Fq, SnarkjsFileError> {
    let raw = limbs(bytes);
    if raw >= Fq::MODULUS {
        return Err(SnarkjsFileError::NotReduced { name, index });
    }
    Ok(Fq::new_unchecked(raw))
}

fn coordinates<const N: usize>(
    bytes: &[u8],
    name: &'static str,
    index: usize,
) -> Result<[Fq; N], SnarkjsFileError> {
    let mut out = [Fq::default(); N];
    for (value, chunk) in out.iter_mut().zip(bytes.as_chunks::<32>().0) {
        *value = coordinate(chunk, name, index)?;
    }
    Ok(out)
}

/// `None`: the point at infinity, which is written as zeros.
fn g1_of(
    bytes: &[u8; 64],
    name: &'static str,
    index: usize,
) -> Result<Option<G1Affine>, SnarkjsFileError> {
    if *bytes == [0; 64] {
        return Ok(None);
    }
    let [x, y] = coordinates(bytes, name, index)?;
    let point = G1Affine::new_unchecked(x, y);
    if point.is_on_curve() {
        Ok(Some(point))
    } else {
        Err(SnarkjsFileError::NotOnCurve { name, index })
    }
}

/// As [`g1_of`].
fn g2_of(
    bytes: &[u8; 128],
    name: &'static str,
    index: usize,
) -> Result<Option<G2Affine>, SnarkjsFileError> {
    if *bytes == [0; 128] {
        return Ok(None);
    }
    let [x0, x1, y0, y1] = coordinates(bytes, name, index)?;
    let point = G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1));
    if point.is_on_curve() {
        Ok(Some(point))
    } else {
        Err(SnarkjsFileError::NotOnCurve { name, index })
    }
}

fn g1(header: &mut Section<'_>, index: usize) -> Result<G1Affine, SnarkjsFileError> {
    let name = header.name();
    g1_of(&header.bytes()?, name, index)?.ok_or(SnarkjsFileError::NotOnCurve { name, index })
}

fn g2(header: &mut Section<'_>, index: usize) -> Result<G2Affine, SnarkjsFileError> {
    let name = header.name();
    g2_of(&header.bytes()?, name, index)?.ok_or(SnarkjsFileError::NotOnCurve { name, index })
}

fn g1s(
    file: &mut Sections,
    section: u32,
    name: &'static str,
    count: usize,
) -> Result<Vec<Option<G1Affine>>, SnarkjsFileError> {
    let mut points = Vec::new();
    let mut section = file.section(section, name, count as u64 * 64)?;
    points.reserve_exact(count);
    section.entries::<64>(count, |index, bytes| {
        points.push(g1_of(bytes, name, index)?);
        Ok(())
    })?;
    Ok(points)
}

fn g2s(
    file: &mut Sections,
    section: u32,
    name: &'static str,
    count: usize,
) -> Result<Vec<Option<G2Affine>>, SnarkjsFileError> {
    let mut points = Vec::new();
    let mut section = file.section(section, name, count as u64 * 128)?;
    points.reserve_exact(count);
    section.entries::<128>(count, |index, bytes| {
        points.push(g2_of(bytes, name, index)?);
        Ok(())
    })?;
    Ok(points)
}

/// Which entries of a section are not the point at infinity.
fn are_points(
    file: &mut Sections,
    section: u32,
    name: &'static str,
    count: usize,
) -> Result<Vec<bool>, SnarkjsFileError> {
    let mut points = Vec::new();
    let mut section = file.section(section, name, count as u64 * 64)?;
    section.entries::<64>(count, |_, bytes| {
        points.push(*bytes != [0; 64]);
        Ok(())
    })?;
    Ok(points)
}
