//! ψ, the endomorphism of BN254's twist (untwist, Frobenius, twist) that is multiplication by p on G2: conjugation of each
//! coordinate, x and y times the constants of the twist.

use ark_bn254::{Config, Fq2, G2Affine, G2Projective};
use ark_ec::bn::BnConfig;

pub(crate) fn affine(point: &G2Affine) -> G2Affine {
    G2Affine::new_unchecked(abscissa(point.x), ordinate(point.y))
}

pub(crate) fn jacobian(point: &G2Projective) -> G2Projective {
    G2Projective::new_unchecked(abscissa(point.x), ordinate(point.y), conjugate(point.z))
}

fn abscissa(x: Fq2) -> Fq2 {
    conjugate(x) * <Config as BnConfig>::TWIST_MUL_BY_Q_X
}

fn ordinate(y: Fq2) -> Fq2 {
    conjugate(y) * <Config as BnConfig>::TWIST_MUL_BY_Q_Y
}

fn conjugate(mut value: Fq2) -> Fq2 {
    value.conjugate_in_place();
    value
}
