//! Our own circuits' dev keys and witnesses in the form of snarkjs, for measuring provers side by side.

use std::io::{self, Write};
use std::path::Path;

use ark_bn254::{Fq, Fr, G1Affine, G2Affine};
use ark_ff::{BigInt, Field, PrimeField};

use super::wtns::Wtns;
use super::zkey::Zkey;
use crate::error::StoreError;
use crate::file::write_whole;
use crate::label::AllowInsecureDevKeys;
use crate::proving_key::ProvingKey;
use crate::textbook::Textbook;

/// Writes the dev key of a key's circuit as `.zkey`: complete or not at all.
///
/// It has the same secrets and so the same verifying key as `key`. It takes the token because the form has no place for a
/// label: whoever holds the file cannot see that anyone can forge proofs for it.
pub fn dev_zkey(
    key: &ProvingKey,
    path: &Path,
    token: AllowInsecureDevKeys,
) -> Result<(), StoreError> {
    let textbook = Textbook::new(key, token)?;
    write_whole(path, |out| write_zkey(out, key, &textbook)).map_err(|source| StoreError::Io {
        path: path.to_path_buf(),
        source,
    })
}

/// Writes an assignment as `.wtns`: complete or not at all. The file is as secret as the witness.
pub fn write_wtns(path: &Path, assignment: &[Fr]) -> io::Result<()> {
    write_whole(path, |out| {
        begin(out, Wtns::MAGIC, Wtns::VERSION, 2)?;
        section(out, 1, 40)?;
        prime::<Fr>(out)?;
        word(out, assignment.len())?;
        section(out, 2, assignment.len() as u64 * 32)?;
        assignment
            .iter()
            .try_for_each(|value| limbs(out, &value.into_bigint()))
    })
}

fn write_zkey(out: &mut dyn Write, key: &ProvingKey, textbook: &Textbook<'_>) -> io::Result<()> {
    let (r1cs, query, vk) = (key.r1cs(), key.query(), key.verifying_key().points());
    let variables = r1cs.variables();
    begin(out, Zkey::MAGIC, Zkey::VERSION, 10)?;
    section(out, 1, 4)?;
    word(out, Zkey::GROTH16 as usize)?;

    section(out, 2, 2 * 36 + 12 + 3 * 64 + 3 * 128)?;
    prime::<Fq>(out)?;
    prime::<Fr>(out)?;
    word(out, variables)?;
    word(out, r1cs.instance_variables - 1)?;
    word(out, query.h.len())?;
    g1(out, vk.alpha_g1())?;
    g1(out, &textbook.beta_g1())?;
    g2(out, vk.beta_g2())?;
    g2(out, vk.gamma_g2())?;
    g1(out, &textbook.delta_g1())?;
    g2(out, vk.delta_g2())?;

    section(out, 3, vk.ic().len() as u64 * 64)?;
    vk.ic().iter().try_for_each(|point| g1(out, point))?;

    let entries = r1cs.a.entries() + r1cs.b.entries() + r1cs.instance_variables;
    section(out, 4, 4 + entries as u64 * 44)?;
    word(out, entries)?;
    for (matrix, rows) in [(0, &r1cs.a), (1, &r1cs.b)] {
        for (row, column, number) in rows.iter() {
            let value = r1cs.coefficients()[number as usize];
            coefficient(out, [matrix, row as usize, column as usize], value)?;
        }
    }
    for input in 0..r1cs.instance_variables {
        coefficient(out, [0, r1cs.constraints() + input, input], Fr::ONE)?;
    }

    points(out, 5, &textbook.a(), 64, g1)?;
    points(out, 6, &textbook.b_g1(), 64, g1)?;
    points(out, 7, &textbook.b_g2(), 128, g2)?;
    points(out, 8, &textbook.l(), 64, g1)?;
    // Ours are circom's.
    let h: Vec<G1Affine> = query.h.iter().map(|point| (*point).into()).collect();
    points(out, 9, &h, 64, g1)?;
    // No ceremony: the hash of its circuit is zero, and nobody contributed.
    section(out, 10, 68)?;
    out.write_all(&[0; 68])
}

/// A section of points, of so many bytes each.
fn points<P>(
    out: &mut dyn Write,
    number: u32,
    points: &[P],
    bytes: usize,
    write: impl Fn(&mut dyn Write, &P) -> io::Result<()>,
) -> io::Result<()> {
    section(out, number, (points.len() * bytes) as u64)?;
    points.iter().try_for_each(|point| write(out, point))
}

fn begin(out: &mut dyn Write, magic: &str, version: u32, sections: u32) -> io::Result<()> {
    out.write_all(magic.as_bytes())?;
    out.write_all(&version.to_le_bytes())?;
    out.write_all(&sections.to_le_bytes())
}

fn section(out: &mut dyn Write, number: u32, length: u64) -> io::Result<()> {
    out.write_all(&number.to_le_bytes())?;
    out.write_all(&length.to_le_bytes())
}

/// A number of four bytes, as both formats have them everywhere.
fn word(out: &mut dyn Write, number: usize) -> io::Result<()> {
    let number = u32::try_from(number).map_err(io::Error::other)?;
    out.write_all(&number.to_le_bytes())
}

fn limbs(out: &mut dyn Write, value: &BigInt<4>) -> io::Result<()> {
    value
        .0
        .iter()
        .try_for_each(|limb| out.write_all(&limb.to_le_bytes()))
}

fn prime<F: PrimeField<BigInt = BigInt<4>>>(out: &mut dyn Write) -> io::Result<()> {
    word(out, 32)?;
    limbs(out, &F::MODULUS)
}

/// Coordinates are written in Montgomery form: the raw limbs. Infinity is written as zeros, which is how arkworks keeps it.
fn g1(out: &mut dyn Write, point: &G1Affine) -> io::Result<()> {
    [point.x, point.y]
        .iter()
        .try_for_each(|value| limbs(out, &value.0))
}

fn g2(out: &mut dyn Write, point: &G2Affine) -> io::Result<()> {
    [point.x.c0, point.x.c1, point.y.c0, point.y.c1]
        .iter()
        .try_for_each(|value| limbs(out, &value.0))
}

/// An entry of A (0) or B (1): its coefficient with two factors of the Montgomery radix.
fn coefficient(out: &mut dyn Write, place: [usize; 3], value: Fr) -> io::Result<()> {
    place.iter().try_for_each(|number| word(out, *number))?;
    limbs(out, &Fr::new(value.0).0)
}
