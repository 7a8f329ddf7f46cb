//! `.wtns`: the values of all variables of a circuit.

use core::fmt;
use std::fs::File;
use std::path::Path;

use ark_bn254::Fr;
use ark_ff::{BigInt, Field, PrimeField};
use zeroize::Zeroize;

use super::binfile::{Section, Sections};
use super::error::SnarkjsFileError;

/// A witness. Secret: it holds votes and keys, and is overwritten when dropped.
pub struct Wtns {
    values: Vec<Fr>,
}

impl fmt::Debug for Wtns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wtns")
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

impl Drop for Wtns {
    fn drop(&mut self) {
        self.values.zeroize();
    }
}

impl Wtns {
    /// The format's magic.
    pub(super) const MAGIC: &'static str = "wtns";
    /// The version that circom's and snarkjs' generators write.
    pub(super) const VERSION: u32 = 2;

    /// Reads a witness over BN254's scalar field.
    pub fn open(path: &Path) -> Result<Self, SnarkjsFileError> {
        let mut file = Sections::of(File::open(path)?, Self::MAGIC, Self::VERSION)?;
        let mut header = file.section(1, "witness header", 40)?;
        expect_prime::<Fr>(&mut header, "scalar field")?;
        let count = header.number()?;
        let mut section = file.section(2, "witness", u64::from(count) * 32)?;
        let mut values = Vec::with_capacity(count as usize);
        section.entries::<32>(count as usize, |index, bytes| {
            let value = Fr::from_bigint(limbs(bytes)).ok_or(SnarkjsFileError::NotReduced {
                name: "witness",
                index,
            })?;
            values.push(value);
            Ok(())
        })?;
        let wtns = Self { values };
        if wtns.values.first() != Some(&Fr::ONE) {
            return Err(SnarkjsFileError::WitnessOne);
        }
        Ok(wtns)
    }

    /// Every value, the constant 1 first, then the public ones.
    pub fn values(&self) -> &[Fr] {
        &self.values
    }
}

/// Refuses any prime but `F`'s.
pub(super) fn expect_prime<F: PrimeField<BigInt = BigInt<4>>>(
    section: &mut Section<'_>,
    field: &'static str,
) -> Result<(), SnarkjsFileError> {
    if section.number()? != 32 || limbs(&section.bytes()?) != F::MODULUS {
        return Err(SnarkjsFileError::Field { field });
    }
    Ok(())
}

/// 32 little-endian bytes as four limbs.
pub(super) fn limbs(bytes: &[u8; 32]) -> BigInt<4> {
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_le_bytes(*chunk);
    }
    BigInt(limbs)
}
