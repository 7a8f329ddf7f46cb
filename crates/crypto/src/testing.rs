//! Strategies for property tests, and hexadecimal text.

use alloc::string::String;

use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::PrimeField;
use proptest::prelude::*;

use crate::{
    Fr,
    babyjubjub::{self, Point, RawPoint, Scalar},
    field,
};

pub(crate) use crate::babyjubjub::order_8;

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
