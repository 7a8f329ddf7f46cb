//! The eight points of order dividing 8.

use ark_ff::{AdditiveGroup, Field};
use ark_relations::gr1cs::SynthesisError;

use super::{CurvePointVar, PointVar};
use crate::{
    Fr,
    babyjubjub::order_8,
    bits::{FrVar, linear, product},
};

/// x(2·G8); y(2·G8) is 0.
const ORDER_4_X: Fr =
    ark_ff::MontFp!("2957874849018779266517920829765869116077630550401372566248359756137677864698");

/// t·G8 for three bits of t, lowest first: 3 rows.
///
/// The multiples 0 … 3 are (0, 1), (x₁, y₁), (x₂, 0), (x₁, −y₁), and adding 4·G8 = (0, −1) negates both coordinates.
pub(crate) fn torsion_point(bits: &[FrVar; 3]) -> Result<CurvePointVar, SynthesisError> {
    let one = Fr::ONE;
    let [ones, twos, fours] = bits;
    let generator = order_8();
    let both = product(ones, twos)?;
    let x = linear(
        &[(generator.x, ones), (ORDER_4_X, twos), (-ORDER_4_X, &both)],
        Fr::ZERO,
    )?;
    let y = linear(
        &[
            (generator.y - one, ones),
            (-one, twos),
            (one - generator.y.double(), &both),
        ],
        one,
    )?;
    let sign = linear(&[(-Fr::from(2u64), fours)], one)?;
    Ok(CurvePointVar(PointVar {
        x: product(&sign, &x)?,
        y: product(&sign, &y)?,
    }))
}

#[cfg(test)]
mod tests {
    use ark_ec::{AffineRepr, CurveGroup};

    use super::*;

    #[test]
    fn every_multiple_is_its_point() {
        for t in 0..8u64 {
            let bits = [0, 1, 2].map(|i| FrVar::Constant(Fr::from(t >> i & 1)));
            let point = torsion_point(&bits).map(|p| p.0.value());
            let expected = order_8().mul_bigint([t]).into_affine();
            assert_eq!(point, Ok(Some(expected.into())), "{t}");
        }
    }
}
