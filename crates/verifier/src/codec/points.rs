//! Checked points of BN254's two groups, from coordinates and from arkworks' compressed bytes.
//!
//! G1 has prime order, so a point on the curve is in the group. G2 sits in a curve with a large cofactor, so it needs the
//! subgroup check: without it a forged B can pass the pairing equation.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{AdditiveGroup, BigInt, PrimeField};

use crate::codec::subgroup;
use crate::error::Malformed;

/// Bytes of a compressed point of G1.
pub const G1_BYTES: usize = 32;
/// Bytes of a compressed point of G2.
pub const G2_BYTES: usize = 64;

/// Flag of a compressed point whose y is the greater of the two roots.
const GREATER_Y: u8 = 0x80;
/// Flag of a compressed identity.
const IDENTITY: u8 = 0x40;

fn limbs_from_be(bytes: &[u8; 32]) -> BigInt<4> {
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().rev().zip(chunks) {
        *limb = u64::from_be_bytes(*chunk);
    }
    BigInt(limbs)
}

/// Reads a coordinate from 32 big-endian bytes; it must be below q.
pub fn fq_from_be(bytes: &[u8; 32], what: &'static str) -> Result<Fq, Malformed> {
    Fq::from_bigint(limbs_from_be(bytes)).ok_or(Malformed::NotCanonical { what })
}

/// Writes a coordinate as 32 big-endian bytes.
pub fn fq_to_be(value: &Fq) -> [u8; 32] {
    let mut bytes = [0u8; 32];
    let (chunks, _) = bytes.as_chunks_mut::<8>();
    for (chunk, limb) in chunks.iter_mut().zip(value.into_bigint().0.iter().rev()) {
        *chunk = limb.to_be_bytes();
    }
    bytes
}

/// A point of G1 from affine coordinates.
pub fn g1(x: Fq, y: Fq, what: &'static str) -> Result<G1Affine, Malformed> {
    if x == Fq::ZERO && y == Fq::ZERO {
        return Err(Malformed::Identity { what });
    }
    check_g1(G1Affine::new_unchecked(x, y), what)
}

/// A point of G2 from affine coordinates.
pub fn g2(x: Fq2, y: Fq2, what: &'static str) -> Result<G2Affine, Malformed> {
    if x == Fq2::ZERO && y == Fq2::ZERO {
        return Err(Malformed::Identity { what });
    }
    check_g2(G2Affine::new_unchecked(x, y), what)
}

/// Checks a point of G1 that someone else made: on the curve and not the identity.
pub fn check_g1(point: G1Affine, what: &'static str) -> Result<G1Affine, Malformed> {
    if point.is_zero() {
        return Err(Malformed::Identity { what });
    }
    if !point.is_on_curve() {
        return Err(Malformed::NotOnCurve { what });
    }
    Ok(point)
}

/// Checks a point of G2 that someone else made: on the curve, in the subgroup and not the identity.
pub fn check_g2(point: G2Affine, what: &'static str) -> Result<G2Affine, Malformed> {
    if point.is_zero() {
        return Err(Malformed::Identity { what });
    }
    if !point.is_on_curve() {
        return Err(Malformed::NotOnCurve { what });
    }
    if !subgroup::contains(&point) {
        return Err(Malformed::NotInSubgroup { what });
    }
    Ok(point)
}

/// Splits off the two flag bits of the last byte and says whether y is the greater root.
fn take_flags(last: &mut u8, what: &'static str) -> Result<bool, Malformed> {
    let flags = *last & (GREATER_Y | IDENTITY);
    *last &= !(GREATER_Y | IDENTITY);
    match flags {
        0 => Ok(false),
        GREATER_Y => Ok(true),
        IDENTITY => Err(Malformed::Identity { what }),
        _ => Err(Malformed::Flags { what }),
    }
}

fn fq_from_le(mut bytes: [u8; 32], what: &'static str) -> Result<Fq, Malformed> {
    bytes.reverse();
    fq_from_be(&bytes, what)
}

fn fq_to_le(value: &Fq) -> [u8; 32] {
    let mut bytes = fq_to_be(value);
    bytes.reverse();
    bytes
}

/// Reads a compressed point of G1: x little-endian, flags in the top two bits.
pub fn g1_from_bytes(bytes: &[u8; G1_BYTES], what: &'static str) -> Result<G1Affine, Malformed> {
    let mut x = *bytes;
    let [.., last] = &mut x;
    let greater = take_flags(last, what)?;
    let x = fq_from_le(x, what)?;
    let (low, high) = G1Affine::get_ys_from_x_unchecked(x).ok_or(Malformed::NotOnCurve { what })?;
    // No point of BN254 has y = 0, so the two roots differ and each flag names one of them.
    check_g1(
        G1Affine::new_unchecked(x, if greater { high } else { low }),
        what,
    )
}

/// Writes a compressed point of G1 as arkworks does.
pub fn g1_to_bytes(point: &G1Affine) -> [u8; G1_BYTES] {
    let mut bytes = fq_to_le(&point.x);
    if point.y > -point.y {
        let [.., last] = &mut bytes;
        *last |= GREATER_Y;
    }
    bytes
}

/// Reads a compressed point of G2: x.c0 and x.c1 little-endian, flags in the top two bits of x.c1.
pub fn g2_from_bytes(bytes: &[u8; G2_BYTES], what: &'static str) -> Result<G2Affine, Malformed> {
    let (halves, _) = bytes.as_chunks::<32>();
    let [c0, c1] = halves else {
        return Err(Malformed::Length {
            what,
            expected: G2_BYTES,
            found: bytes.len(),
        });
    };
    let mut c1 = *c1;
    let [.., last] = &mut c1;
    let greater = take_flags(last, what)?;
    let x = Fq2::new(fq_from_le(*c0, what)?, fq_from_le(c1, what)?);
    let (low, high) = G2Affine::get_ys_from_x_unchecked(x).ok_or(Malformed::NotOnCurve { what })?;
    check_g2(
        G2Affine::new_unchecked(x, if greater { high } else { low }),
        what,
    )
}

/// Writes a compressed point of G2 as arkworks does.
pub fn g2_to_bytes(point: &G2Affine) -> [u8; G2_BYTES] {
    let mut bytes = [0u8; G2_BYTES];
    let (halves, _) = bytes.as_chunks_mut::<32>();
    for (half, coordinate) in halves.iter_mut().zip([&point.x.c0, &point.x.c1]) {
        *half = fq_to_le(coordinate);
    }
    if point.y > -point.y {
        let [.., last] = &mut bytes;
        *last |= GREATER_Y;
    }
    bytes
}
