//! Strategies for property tests, and hexadecimal text.

use alloc::string::String;

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{MontFp, PrimeField};
use proptest::prelude::*;

use crate::{
    Fr,
    babyjubjub::{self, Point, RawPoint, Scalar},
    field,
};

/// Any field element, with a bias to the edges.
pub(crate) fn arb_fr() -> impl Strategy<Value = Fr> {
    prop_oneof![
        1 => (0..4u64).prop_map(Fr::from),
        1 => (1..4u64).prop_map(|k| -Fr::from(k)),
        6 => any::<[u8; 32]>().prop_map(|bytes| field::from_be_bytes_mod(&bytes)),
    ]
}

/// Any scalar, with a bias to the edges.
pub(crate) fn arb_scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        1 => (0..4u64).prop_map(Scalar::from),
        1 => (1..4u64).prop_map(|k| -Scalar::from(k)),
        6 => any::<[u8; 32]>().prop_map(|bytes| Scalar::from_be_bytes_mod_order(&bytes)),
    ]
}

/// A point of order 8 (`docs/protocol.md` §1).
pub(crate) fn order_8() -> Point {
    Point::new_unchecked(
        MontFp!("17545522957889784193459637215142187266023652151580582754000402781682644312291"),
        MontFp!("4826523245007015323400664741523384119579596407052839571721035538011798951543"),
    )
}

/// Any point of the curve: a multiple of Base8 plus one of the eight torsion points.
pub(crate) fn arb_curve_point() -> impl Strategy<Value = Point> {
    (arb_scalar(), 0..8u64).prop_map(|(scalar, torsion)| {
        (babyjubjub::base8().mul_bigint(scalar.into_bigint()) + order_8().mul_bigint([torsion]))
            .into_affine()
    })
}

/// Any coordinates, on the curve or off.
pub(crate) fn arb_raw_point() -> impl Strategy<Value = RawPoint> {
    prop_oneof![
        arb_curve_point().prop_map(RawPoint::from),
        (arb_fr(), arb_fr()).prop_map(|(x, y)| RawPoint { x, y }),
    ]
}

/// Lowercase hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(field::hex_digit)
        .collect()
}
