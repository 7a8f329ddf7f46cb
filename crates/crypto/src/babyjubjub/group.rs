//! The group law on a fast copy of the curve, and scalar multiplication.
//!
//! (x, y) ↦ (x·√−168700, y) carries Baby Jubjub to −x² + y² = 1 + d'·x²·y², d' = −168696/168700, where an addition
//! costs 8 multiplications and a doubling 3 and 4 squares (Hisil, Wong, Carter, Dawson 2008, the a = −1 formulas).
//! −1 is a square and d' is not, so the formulas hold for every pair of points, those of low order included, and no
//! branch looks at a point. Windows do branch on the scalar: the time taken depends on the secret key, which is used
//! on its owner's machine only.

use alloc::{boxed::Box, vec::Vec};

use ark_ff::{AdditiveGroup, BigInt, Field, MontFp, PrimeField};
use once_cell::race::OnceBox;

use super::{RawPoint, Scalar, base8};
use crate::Fr;

/// √−168700.
const TO_FAST: Fr =
    MontFp!("6360561867910373094066688120553762416144456282423235903351243436111059670888");
/// 1/√−168700.
const FROM_FAST: Fr =
    MontFp!("19976260017534050147865154401153945156910754191401137453807035910720341838527");
/// 2·d'.
const TWICE_D: Fr =
    MontFp!("2475045175004185027501911298141836274980133961483913877536377848625489762075");

/// Window of the variable-base multiplication: odd digits below 2^4 in absolute value.
const WINDOW: u32 = 5;
const ODD_MULTIPLES: usize = 1 << (WINDOW - 2);

/// Window of the Base8 table: signed digits of at most 2^5.
const COMB_WINDOW: usize = 6;
const COMB_COLUMN: usize = 1 << (COMB_WINDOW - 1);
/// 43 windows hold 252 bits and the last carry.
const COMB_COLUMNS: usize = 43;

/// x = X/Z, y = Y/Z: what a doubling reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Projective {
    x: Fr,
    y: Fr,
    z: Fr,
}

/// With T = X·Y/Z: what an addition reads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extended {
    x: Fr,
    y: Fr,
    z: Fr,
    t: Fr,
}

/// The result of a step before its last multiplications: X = EF, Y = GH, Z = FG, T = EH.
#[derive(Clone, Copy)]
struct Completed {
    e: Fr,
    f: Fr,
    g: Fr,
    h: Fr,
}

/// An addend prepared for repeated use.
#[derive(Clone, Copy)]
struct Prepared {
    y_minus_x: Fr,
    y_plus_x: Fr,
    twice_z: Fr,
    t_scaled: Fr,
}

/// An addend with Z = 1.
#[derive(Clone, Copy, Debug)]
struct PreparedAffine {
    y_minus_x: Fr,
    y_plus_x: Fr,
    t_scaled: Fr,
}

impl Projective {
    const IDENTITY: Self = Self {
        x: Fr::ZERO,
        y: Fr::ONE,
        z: Fr::ONE,
    };

    fn double(&self) -> Completed {
        let xx = self.x.square();
        let yy = self.y.square();
        let h = -(xx + yy);
        let e = (self.x + self.y).square() + h;
        let g = yy - xx;
        Completed {
            e,
            f: g - self.z.square().double(),
            g,
            h,
        }
    }

    pub(super) fn is_identity(&self) -> bool {
        self.x == Fr::ZERO && self.y == self.z
    }

    /// Whether this is the point with the given coordinates, which may be off the curve.
    pub(super) fn equals(&self, point: &RawPoint) -> bool {
        self.x == point.x * TO_FAST * self.z && self.y == point.y * self.z
    }

    pub(super) fn to_raw(self) -> RawPoint {
        // Z is never 0, as the formulas are complete.
        let inverse = self.z.inverse().unwrap_or_default();
        RawPoint {
            x: self.x * inverse * FROM_FAST,
            y: self.y * inverse,
        }
    }
}

impl Extended {
    const IDENTITY: Self = Self {
        x: Fr::ZERO,
        y: Fr::ONE,
        z: Fr::ONE,
        t: Fr::ZERO,
    };

    /// Takes coordinates that satisfy the curve equation.
    pub(super) fn new(point: &RawPoint) -> Self {
        let x = point.x * TO_FAST;
        Self {
            x,
            y: point.y,
            z: Fr::ONE,
            t: x * point.y,
        }
    }

    pub(super) fn projective(&self) -> Projective {
        Projective {
            x: self.x,
            y: self.y,
            z: self.z,
        }
    }

    pub(super) fn eightfold(&self) -> Self {
        self.projective()
            .double()
            .projective()
            .double()
            .projective()
            .double()
            .extended()
    }

    pub(super) fn plus(&self, other: &Self) -> Projective {
        self.add(&other.prepare()).projective()
    }

    fn add(&self, other: &Prepared) -> Completed {
        let a = (self.y - self.x) * other.y_minus_x;
        let b = (self.y + self.x) * other.y_plus_x;
        let c = self.t * other.t_scaled;
        let d = self.z * other.twice_z;
        Completed {
            e: b - a,
            f: d - c,
            g: d + c,
            h: b + a,
        }
    }

    fn add_affine(&self, other: &PreparedAffine) -> Completed {
        let a = (self.y - self.x) * other.y_minus_x;
        let b = (self.y + self.x) * other.y_plus_x;
        let c = self.t * other.t_scaled;
        let d = self.z.double();
        Completed {
            e: b - a,
            f: d - c,
            g: d + c,
            h: b + a,
        }
    }

    fn prepare(&self) -> Prepared {
        Prepared {
            y_minus_x: self.y - self.x,
            y_plus_x: self.y + self.x,
            twice_z: self.z.double(),
            t_scaled: self.t * TWICE_D,
        }
    }

    /// `scalar`·self for any integer below 2^255, whatever the order of the point.
    pub(super) fn mul(&self, scalar: BigInt<4>) -> Extended {
        let mut table = [self.prepare(); ODD_MULTIPLES];
        let twice = self.projective().double().extended().prepare();
        let mut multiple = *self;
        for entry in &mut table[1..] {
            multiple = multiple.add(&twice).extended();
            *entry = multiple.prepare();
        }
        let (digits, length) = odd_digits(scalar);
        let mut sum = Projective::IDENTITY;
        let mut last = None;
        for digit in digits[..length].iter().rev() {
            let mut step = sum.double();
            if *digit != 0 {
                let entry = table[usize::from(digit.unsigned_abs() / 2)];
                step = step
                    .extended()
                    .add(&if *digit < 0 { entry.negated() } else { entry });
            }
            sum = step.projective();
            last = Some(step);
        }
        last.map_or(Self::IDENTITY, |step| step.extended())
    }
}

impl Completed {
    fn projective(&self) -> Projective {
        Projective {
            x: self.e * self.f,
            y: self.g * self.h,
            z: self.f * self.g,
        }
    }

    fn extended(&self) -> Extended {
        let Projective { x, y, z } = self.projective();
        Extended {
            x,
            y,
            z,
            t: self.e * self.h,
        }
    }
}

impl Prepared {
    fn negated(self) -> Self {
        Self {
            y_minus_x: self.y_plus_x,
            y_plus_x: self.y_minus_x,
            twice_z: self.twice_z,
            t_scaled: -self.t_scaled,
        }
    }
}

impl PreparedAffine {
    fn negated(self) -> Self {
        Self {
            y_minus_x: self.y_plus_x,
            y_plus_x: self.y_minus_x,
            t_scaled: -self.t_scaled,
        }
    }
}

/// Width-5 non-adjacent form, least significant digit first: zero or odd, below 2^4 in absolute value.
fn odd_digits(scalar: BigInt<4>) -> ([i8; 257], usize) {
    let mut digits = [0i8; 257];
    let mut length = 0;
    let mut position = 0;
    let mut carry = 0u64;
    while position < 257 {
        if window(&scalar.0, position, 1) == carry {
            position += 1;
            continue;
        }
        let digit = window(&scalar.0, position, WINDOW as usize) + carry;
        carry = digit >> (WINDOW - 1);
        digits[position] = digit as i8 - (carry << WINDOW) as i8;
        length = position + 1;
        position += WINDOW as usize;
    }
    (digits, length)
}

/// `size` bits of the integer from `position` up; bits past the end are 0.
fn window(limbs: &[u64; 4], position: usize, size: usize) -> u64 {
    let (limb, shift) = (position / 64, position % 64);
    let low = limbs.get(limb).map_or(0, |limb| limb >> shift);
    let high = if shift == 0 {
        0
    } else {
        limbs.get(limb + 1).map_or(0, |limb| limb << (64 - shift))
    };
    (low | high) & ((1 << size) - 1)
}

/// `scalar`·Base8 by table: no doublings.
pub(super) fn mul_base8(scalar: &Scalar) -> Extended {
    static TABLE: OnceBox<Vec<PreparedAffine>> = OnceBox::new();
    let table = TABLE.get_or_init(|| Box::new(base8_table()));
    let limbs = scalar.into_bigint().0;
    let mut sum = Extended::IDENTITY;
    let mut carry = 0;
    for (column, multiples) in table.chunks_exact(COMB_COLUMN).enumerate() {
        let digit = window(&limbs, column * COMB_WINDOW, COMB_WINDOW) as usize + carry;
        carry = usize::from(digit > COMB_COLUMN);
        sum = match digit {
            0 => continue,
            1..=COMB_COLUMN => sum.add_affine(&multiples[digit - 1]).extended(),
            _ if digit == 2 * COMB_COLUMN => continue,
            _ => sum
                .add_affine(&multiples[2 * COMB_COLUMN - digit - 1].negated())
                .extended(),
        };
    }
    sum
}

/// Column c holds 1..=32 times 64^c·Base8.
fn base8_table() -> Vec<PreparedAffine> {
    let mut points = Vec::with_capacity(COMB_COLUMNS * COMB_COLUMN);
    let mut column_base = Extended::new(&base8().into());
    for _ in 0..COMB_COLUMNS {
        let base = column_base.prepare();
        let mut multiple = column_base;
        points.push(multiple);
        for _ in 1..COMB_COLUMN {
            multiple = multiple.add(&base).extended();
            points.push(multiple);
        }
        column_base = multiple.projective().double().extended();
    }
    let mut inverses: Vec<Fr> = points.iter().map(|point| point.z).collect();
    ark_ff::batch_inversion(&mut inverses);
    points
        .iter()
        .zip(inverses)
        .map(|(point, inverse)| {
            let (x, y) = (point.x * inverse, point.y * inverse);
            PreparedAffine {
                y_minus_x: y - x,
                y_plus_x: y + x,
                t_scaled: x * y * TWICE_D,
            }
        })
        .collect()
}
