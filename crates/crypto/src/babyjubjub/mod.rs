//! Baby Jubjub with EIP-2494 coordinates: 168700·x² + y² = 1 + 168696·x²·y² over the BN254 scalar field.
//!
//! These are circomlib's coordinates, so stored bytes, on-chain values and circuit inputs agree without a map
//! (`ark-ed-on-bn254` uses the isomorphic form with a = 1). `a` is a square and `d` is not, so the addition law is
//! complete on the whole curve, points of low order included (`docs/protocol.md` §1).

use ark_ec::{
    AffineRepr, CurveConfig, CurveGroup,
    twisted_edwards::{Affine, MontCurveConfig, Projective, TECurveConfig},
};
use ark_ff::{AdditiveGroup, Field, MontFp};

use crate::Fr;

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

/// `scalar`·`point`.
pub fn mul(point: &Point, scalar: &Scalar) -> Point {
    use ark_ff::PrimeField;
    point.mul_bigint(scalar.into_bigint()).into_affine()
}

/// `scalar`·Base8.
pub fn mul_base8(scalar: &Scalar) -> Point {
    mul(&base8(), scalar)
}
