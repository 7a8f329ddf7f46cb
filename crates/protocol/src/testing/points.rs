//! Points that nobody should use as keys.

use ark_ff::{AdditiveGroup, Field, MontFp};
use maci_crypto::{Fr, babyjubjub::RawPoint};

/// A point of order 8 (protocol.md §1).
pub fn order_8() -> RawPoint {
    RawPoint::new(
        MontFp!("17545522957889784193459637215142187266023652151580582754000402781682644312291"),
        MontFp!("4826523245007015323400664741523384119579596407052839571721035538011798951543"),
    )
}

/// All eight points of low order: the identity first, then (0, -1), the two of order 4 and the four of order 8.
pub fn low_order() -> [RawPoint; 8] {
    let x4: Fr =
        MontFp!("2957874849018779266517920829765869116077630550401372566248359756137677864698");
    let RawPoint { x, y } = order_8();
    [
        RawPoint::IDENTITY,
        RawPoint::new(Fr::ZERO, -Fr::ONE),
        RawPoint::new(x4, Fr::ZERO),
        RawPoint::new(-x4, Fr::ZERO),
        RawPoint::new(x, y),
        RawPoint::new(-x, y),
        RawPoint::new(x, -y),
        RawPoint::new(-x, -y),
    ]
}

/// Points off the curve: (0, 0), (1, 1) and a neighbour of Base8.
pub fn off_curve() -> [RawPoint; 3] {
    let base = RawPoint::from(maci_crypto::babyjubjub::base8());
    [
        RawPoint::new(Fr::ZERO, Fr::ZERO),
        RawPoint::new(Fr::ONE, Fr::ONE),
        RawPoint::new(base.x + Fr::ONE, base.y),
    ]
}

#[cfg(test)]
mod tests {
    use ark_ec::{AffineRepr, CurveGroup};

    use super::*;

    #[test]
    fn orders_are_as_said() {
        for (point, order) in low_order().into_iter().zip([1u64, 2, 4, 4, 8, 8, 8, 8]) {
            let point = point.to_point().expect("on the curve");
            let times = |n: u64| RawPoint::from(point.mul_bigint([n]).into_affine());
            assert_eq!(times(order), RawPoint::IDENTITY);
            assert!(order == 1 || times(order / 2) != RawPoint::IDENTITY);
        }
        assert!(off_curve().iter().all(|point| point.to_point().is_none()));
    }
}
