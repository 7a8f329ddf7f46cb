//! Baby Jubjub with EIP-2494 coordinates: 168700·x² + y² = 1 + 168696·x²·y² over the BN254 scalar field.
//!
//! These are circomlib's coordinates, so stored bytes, on-chain values and circuit inputs agree without a map
//! (`ark-ed-on-bn254` uses the isomorphic form with a = 1). `a` is a square and `d` is not, so the addition law is
//! complete on the whole curve, points of low order included (`docs/protocol.md` §1).

#[cfg(feature = "constraints")]
use ark_ec::CurveGroup;
use ark_ec::{
    CurveConfig,
    twisted_edwards::{Affine, MontCurveConfig, Projective, TECurveConfig},
};
use ark_ff::{AdditiveGroup, BigInt, Field, MontFp, PrimeField};

use self::group::Extended;
use crate::{Fr, field};

#[cfg(feature = "constraints")]
pub mod constraints;
mod group;

/// The curve's parameters for arkworks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BabyJubjubConfig;

/// An affine point.
pub type Point = Affine<BabyJubjubConfig>;
/// A point in extended twisted Edwards coordinates.
pub type PointProj = Projective<BabyJubjubConfig>;
/// An integer modulo ℓ, the prime order of [`base8`].
pub type Scalar = ark_ed_on_bn254::Fr;

/// Coefficient a of the curve equation.
pub const A: Fr = MontFp!("168700");
/// Coefficient d of the curve equation.
pub const D: Fr = MontFp!("168696");

const BASE8_X: Fr =
    MontFp!("5299619240641551281634865583518297030282874472190772894086521144482721001553");
const BASE8_Y: Fr =
    MontFp!("16950150798460657717958625567821834550301663161624707787222815936182638968203");
#[cfg(any(test, feature = "constraints"))]
const ORDER_8_X: Fr =
    MontFp!("17545522957889784193459637215142187266023652151580582754000402781682644312291");
#[cfg(any(test, feature = "constraints"))]
const ORDER_8_Y: Fr =
    MontFp!("4826523245007015323400664741523384119579596407052839571721035538011798951543");
const PAD_X: Fr =
    MontFp!("10457101036533406547632367118273992217979173478358440826365724437999023779287");
const PAD_Y: Fr =
    MontFp!("19824078218392094440610104313265183977899662750282163392862422243483260492317");

impl CurveConfig for BabyJubjubConfig {
    type BaseField = Fr;
    type ScalarField = Scalar;

    const COFACTOR: &'static [u64] = &[8];
    /// 8⁻¹ mod ℓ.
    const COFACTOR_INV: Scalar =
        MontFp!("2394026564107420727433200628387514462817212225638746351800188703329891451411");
}

impl TECurveConfig for BabyJubjubConfig {
    const COEFF_A: Fr = A;
    const COEFF_D: Fr = D;
    const GENERATOR: Point = Point::new_unchecked(BASE8_X, BASE8_Y);

    type MontCurveConfig = Self;
}

impl MontCurveConfig for BabyJubjubConfig {
    const COEFF_A: Fr = MontFp!("168698");
    const COEFF_B: Fr = Fr::ONE;

    type TECurveConfig = Self;
}

/// Base8, the generator of the prime-order subgroup.
pub const fn base8() -> Point {
    Point::new_unchecked(BASE8_X, BASE8_Y)
}

/// MACI's padding key (circomlib's Pedersen base 0): order ℓ, secret unknown to anyone.
pub const fn pad_key() -> Point {
    Point::new_unchecked(PAD_X, PAD_Y)
}

/// A generator of the torsion subgroup: a point of order 8 (`docs/protocol.md` §1).
#[cfg(any(test, feature = "constraints"))]
pub(crate) const fn order_8() -> Point {
    Point::new_unchecked(ORDER_8_X, ORDER_8_Y)
}

/// Whether the coordinates satisfy the curve equation.
pub fn on_curve(x: Fr, y: Fr) -> bool {
    let (x2, y2) = (x * x, y * y);
    A * x2 + y2 == Fr::ONE + D * x2 * y2
}

/// Coordinates as a voter published them: possibly off the curve, possibly of low order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RawPoint {
    /// First coordinate.
    pub x: Fr,
    /// Second coordinate.
    pub y: Fr,
}

impl RawPoint {
    /// The identity (0, 1).
    pub const IDENTITY: Self = Self {
        x: Fr::ZERO,
        y: Fr::ONE,
    };

    /// Takes the coordinates as they are.
    pub const fn new(x: Fr, y: Fr) -> Self {
        Self { x, y }
    }

    /// The point, if the coordinates satisfy the curve equation; its order is not checked.
    pub fn to_point(self) -> Option<Point> {
        on_curve(self.x, self.y).then(|| Point::new_unchecked(self.x, self.y))
    }
}

impl From<Point> for RawPoint {
    fn from(point: Point) -> Self {
        Self {
            x: point.x,
            y: point.y,
        }
    }
}

/// A scalar as an element of the circuit's field: the same integer, ℓ being below the modulus.
pub fn scalar_to_field(scalar: &Scalar) -> Fr {
    Fr::from(BigInt(scalar.into_bigint().0))
}

/// A field element as a scalar, if the canonical integer is below ℓ.
pub fn scalar_from_field(value: &Fr) -> Option<Scalar> {
    Scalar::from_bigint(BigInt(value.into_bigint().0))
}

/// `scalar`·`point`, the scalar being the integer in [0, ℓ) and the point of any order.
pub fn mul(point: &Point, scalar: &Scalar) -> Point {
    let product = Extended::new(&(*point).into()).mul(scalar.into_bigint());
    let RawPoint { x, y } = product.projective().to_raw();
    Point::new_unchecked(x, y)
}

/// `scalar`·Base8, by table.
pub fn mul_base8(scalar: &Scalar) -> Point {
    let RawPoint { x, y } = group::mul_base8(scalar).projective().to_raw();
    Point::new_unchecked(x, y)
}

/// Whether 8·point is the identity, so that the point can authenticate nobody.
pub fn has_low_order(point: &Point) -> bool {
    Extended::new(&(*point).into())
        .eightfold()
        .projective()
        .is_identity()
}

/// 8⁻¹ modulo ℓ.
#[cfg(feature = "constraints")]
pub(crate) const fn eighth() -> Scalar {
    BabyJubjubConfig::COFACTOR_INV
}

/// The parts P and t·G8 of a point, P of order ℓ or 1 and t in 0..8, G8 being [`order_8`]; the point is their sum.
#[cfg(feature = "constraints")]
pub(crate) fn split_torsion(point: &Point) -> (Point, u8) {
    // 8·(8⁻¹ mod ℓ) is 1 modulo ℓ and 0 modulo 8.
    let mut projector = BabyJubjubConfig::COFACTOR_INV.into_bigint();
    projector <<= 3;
    let whole = Extended::new(&(*point).into());
    let RawPoint { x, y } = whole.mul(projector).projective().to_raw();
    let part = Point::new_unchecked(x, y);
    let torsion = (*point - part).into_affine();
    let mut multiple = PointProj::default();
    let mut t = 0;
    while multiple != torsion && t < 8 {
        multiple += order_8();
        t += 1;
    }
    (part, t)
}

/// The EdDSA equation S·Base8 == R8 + h·(8·A) with h as an integer, for a key A on the curve; false if 8·A is the
/// identity. 8·A lies in the subgroup of order ℓ, so h may be reduced modulo ℓ; the torsion of R8 stays.
pub(crate) fn signature_equation(s: &Scalar, r8: &Point, h: &Scalar, a: &Point) -> bool {
    let eightfold = Extended::new(&(*a).into()).eightfold();
    if eightfold.projective().is_identity() {
        return false;
    }
    let key_part = eightfold.mul((-*h).into_bigint());
    group::mul_base8(s).plus(&key_part).equals(&(*r8).into())
}

/// The packed form: the integer y + 2^255·[x > (p − 1)/2], big-endian (zk-kit `packPoint`).
pub fn pack(point: &Point) -> [u8; 32] {
    let mut bytes = field::to_be_bytes(&point.y);
    bytes[0] |= u8::from(is_upper_half(&point.x)) << 7;
    bytes
}

/// Reads the packed form; `None` if y is not below p or no point has this y. The order is not checked.
pub fn unpack(bytes: &[u8; 32]) -> Option<Point> {
    let mut y_bytes = *bytes;
    y_bytes[0] &= 0x7f;
    let y = field::from_be_bytes(&y_bytes)?;
    let y2 = y.square();
    // a − d·y² is never 0: d/a is no square.
    let root = ((Fr::ONE - y2) * (A - D * y2).inverse()?).sqrt()?;
    let negate = is_upper_half(&root) != (bytes[0] >> 7 == 1);
    Some(Point::new_unchecked(if negate { -root } else { root }, y))
}

fn is_upper_half(value: &Fr) -> bool {
    value.into_bigint() > Fr::MODULUS_MINUS_ONE_DIV_TWO
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::{arb_curve_point, arb_scalar, order_8};
    use ark_ec::{AffineRepr, CurveGroup};
    use ark_ff::UniformRand;
    use proptest::prelude::*;

    /// Points of order 1, 2, 4 and 8 (`docs/protocol.md` §1).
    pub(crate) fn low_order_points() -> [Point; 4] {
        let order_8 = order_8();
        let order_4 = (order_8 + order_8).into_affine();
        let order_2 = (order_4 + order_4).into_affine();
        [
            Point::new_unchecked(Fr::ZERO, Fr::ONE),
            order_2,
            order_4,
            order_8,
        ]
    }

    #[test]
    fn fixed_points_are_on_the_curve_and_of_order_l() {
        for point in [base8(), pad_key()] {
            assert!(on_curve(point.x, point.y));
            assert!(point.is_on_curve());
            assert!(point.is_in_correct_subgroup_assuming_on_curve());
            assert!(!has_low_order(&point));
        }
        let [identity, two, four, eight] = low_order_points();
        assert_eq!((two.x, two.y), (Fr::ZERO, -Fr::ONE));
        assert_eq!(four.y, Fr::ZERO);
        for point in [identity, two, four, eight] {
            assert!(on_curve(point.x, point.y));
            assert!(has_low_order(&point));
            assert!(!has_low_order(&(point + base8()).into_affine()));
        }
    }

    #[test]
    fn small_and_extreme_scalars() {
        for scalar in (0..70u64)
            .map(Scalar::from)
            .chain((1..70u64).map(|k| -Scalar::from(k)))
        {
            assert_eq!(
                mul_base8(&scalar),
                base8().mul_bigint(scalar.into_bigint()).into_affine()
            );
            for point in low_order_points().into_iter().chain([base8(), pad_key()]) {
                let expected = point.mul_bigint(scalar.into_bigint()).into_affine();
                assert_eq!(mul(&point, &scalar), expected, "{scalar} · {point}");
            }
        }
    }

    #[test]
    fn digits_with_long_carries() {
        let mut generator = ark_std::test_rng();
        for shift in 0..251 {
            let power = Scalar::from(2u64).pow([shift]);
            for scalar in [
                power,
                power - Scalar::ONE,
                power * Scalar::rand(&mut generator),
            ] {
                let expected = pad_key().mul_bigint(scalar.into_bigint()).into_affine();
                assert_eq!(mul(&pad_key(), &scalar), expected);
                let expected = base8().mul_bigint(scalar.into_bigint()).into_affine();
                assert_eq!(mul_base8(&scalar), expected);
            }
        }
    }

    #[test]
    fn unpack_refuses_y_at_or_above_p_and_y_without_a_point() {
        let mut bytes = [0xff; 32];
        bytes[0] = 0x7f;
        assert_eq!(unpack(&bytes), None);
        let mut modulus = [0; 32];
        modulus.copy_from_slice(&num_bigint::BigUint::from(Fr::MODULUS).to_bytes_be());
        assert_eq!(unpack(&modulus), None);
        let points = (2..40u8).filter(|y| {
            let mut bytes = [0; 32];
            bytes[31] = *y;
            unpack(&bytes).is_some()
        });
        assert!((5..35).contains(&points.count()));
    }

    proptest! {
        #[test]
        fn multiplications_equal_arkworks(point in arb_curve_point(), scalar in arb_scalar()) {
            let expected = point.mul_bigint(scalar.into_bigint()).into_affine();
            prop_assert_eq!(mul(&point, &scalar), expected);
            let expected = base8().mul_bigint(scalar.into_bigint()).into_affine();
            prop_assert_eq!(mul_base8(&scalar), expected);
        }

        #[test]
        fn packing_round_trips(point in arb_curve_point()) {
            prop_assert!(on_curve(point.x, point.y));
            prop_assert_eq!(unpack(&pack(&point)), Some(point));
        }
    }
}
