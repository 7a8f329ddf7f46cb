//! Every routine lane by lane beside arkworks, at the edges of its bounds.

#![allow(clippy::cast_precision_loss)]

use ark_bn254::{Fq, Fq2, Fr};
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField, Zero};
use num_like::Wide;
use proptest::prelude::*;

use super::*;
use crate::{
    fq2::{Element2, Loose2, Sum2},
    limbs::{BaseField, less_p},
};

/// Five words: room for 84·p.
mod num_like {
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Wide(pub(super) [u64; 5]);

    impl Wide {
        pub(super) fn plus(mut self, other: &[u64]) -> Self {
            let mut carry = false;
            for (index, word) in self.0.iter_mut().enumerate() {
                let addend = other.get(index).copied().unwrap_or(0);
                let (first, over) = word.overflowing_add(addend);
                let (second, over_again) = first.overflowing_add(u64::from(carry));
                *word = second;
                carry = over | over_again;
            }
            self
        }

        pub(super) fn limbs(self) -> [u64; 5] {
            let [a, b, c, d, e] = self.0;
            let mask = (1 << 52) - 1;
            [
                a & mask,
                (a >> 52 | b << 12) & mask,
                (b >> 40 | c << 24) & mask,
                (c >> 28 | d << 36) & mask,
                d >> 16 | e << 48,
            ]
        }
    }
}

/// A number below (k + 1)·p in each lane: a remainder and how many times p is added.
fn lanes() -> impl Strategy<Value = [(BigIntOf, u64); LANES]> {
    let one = prop_oneof![
        4 => any::<[u64; 4]>(),
        1 => Just([0; 4]),
        1 => Just([1, 0, 0, 0]),
        1 => Just([u64::MAX; 4]),
        1 => Just([2, 0, 0, 0]),
    ];
    proptest::array::uniform8((one, any::<u64>()))
}

type BigIntOf = [u64; 4];

/// The vector of lanes with up to `most` times p added, and the values that it stands for.
fn vector<F: PrimeField<BigInt = ark_ff::BigInt<4>>, M: Modulus>(
    lanes: &[(BigIntOf, u64); LANES],
    most: u64,
) -> ([[u64; LANES]; 5], [F; LANES]) {
    let mut limbs = [[0; LANES]; 5];
    let mut values = [F::zero(); LANES];
    for (lane, (words, times)) in lanes.iter().enumerate() {
        let mut words = *words;
        if words == [u64::MAX; 4] {
            // p − 1
            words = M::WORDS;
            words[0] -= 1;
        }
        for _ in 0..6 {
            words = less_p(words, &M::WORDS);
        }
        values[lane] = F::from_bigint(ark_ff::BigInt(words)).unwrap();
        let [a, b, c, d] = words;
        let mut wide = Wide([a, b, c, d, 0]);
        for _ in 0..times % (most + 1) {
            wide = wide.plus(&M::WORDS);
        }
        for (limb, value) in limbs.iter_mut().zip(wide.limbs()) {
            limb[lane] = value;
        }
    }
    (limbs, values)
}

/// The values of lanes, and that each is below `bound` times p in 2^-22ths.
fn check<F: PrimeField<BigInt = ark_ff::BigInt<4>>, M: Modulus>(
    limbs: &[[u64; LANES]; 5],
    expected: &[F; LANES],
    bound: f64,
) {
    let p = M::WORDS[3] as f64 / 2f64.powi(16);
    for (lane, expected) in expected.iter().enumerate() {
        let lane_limbs = limbs.map(|limb| limb[lane]);
        for limb in &lane_limbs[..4] {
            assert!(*limb >> 52 == 0, "not normalised");
        }
        assert!(lane_limbs[4] as f64 <= p * bound, "above its bound");
        let mut value = F::zero();
        for limb in lane_limbs.iter().rev() {
            value = value * F::from(1u64 << 52) + F::from(*limb);
        }
        assert_eq!(value, *expected);
    }
}

fn radix<F: PrimeField>() -> F {
    F::from(2u64).pow([260])
}

fn field<F: PrimeField<BigInt = ark_ff::BigInt<4>>, M: Modulus>(
    a: &[(BigIntOf, u64); LANES],
    b: &[(BigIntOf, u64); LANES],
) {
    let inverse = radix::<F>().inverse().unwrap();
    for most in [0, 3, 8, 29] {
        let ((a_limbs, a), (b_limbs, b)) = (vector::<F, M>(a, most), vector::<F, M>(b, most));
        let bound = 1.0 + 0.0119 * ((most + 1) * (most + 1)) as f64;
        let product = core::array::from_fn(|lane| a[lane] * b[lane] * inverse);
        let square = a.map(|a| a.square() * inverse);
        // SAFETY: callers have asked.
        #[allow(unsafe_code)]
        unsafe {
            check::<F, M>(&multiply::<M>(&a_limbs, &b_limbs), &product, bound);
            check::<F, M>(&squares::<M>(&a_limbs), &square, bound);
            if most <= 3 {
                // Differences, brought below p·(1 + 2^-22).
                let difference = core::array::from_fn(|lane| a[lane] - b[lane]);
                check::<F, M>(
                    &shrunk_difference::<M>(&a_limbs, &b_limbs),
                    &difference,
                    1.000_000_24,
                );
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply<M: Modulus>(a: &[[u64; LANES]; 5], b: &[[u64; LANES]; 5]) -> [[u64; LANES]; 5] {
    Element::<M>::load(a).times(&Element::load(b)).store()
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn squares<M: Modulus>(a: &[[u64; LANES]; 5]) -> [[u64; LANES]; 5] {
    Element::<M>::load(a).square().store()
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn shrunk_difference<M: Modulus>(
    a: &[[u64; LANES]; 5],
    b: &[[u64; LANES]; 5],
) -> [[u64; LANES]; 5] {
    // In (0, 8·p): wider than what `shrink` is used for.
    Loose::<M>::multiple::<4>()
        .plus(&Element::load(a))
        .minus(&Element::load(b))
        .shrink()
        .store()
}

#[target_feature(enable = "avx512f")]
fn zeros<M: Modulus>(a: &[[u64; LANES]; 5]) -> (u8, u8) {
    let a = Element::<M>::load(a);
    (a.is_zero(), a.may_be_zero())
}

type Limbs2 = [[[u64; LANES]; 5]; 2];

#[target_feature(enable = "avx512f,avx512ifma")]
fn multiply2(a: &Limbs2, b: &Limbs2) -> [Limbs2; 2] {
    let a = Element2([Element::load(&a[0]), Element::load(&a[1])]);
    let b = Element2([Element::load(&b[0]), Element::load(&b[1])]);
    let product = a.times(&b);
    let square = Sum2::square(&a)
        .add_after(&Loose2::multiple::<3>().minus(&b))
        .reduce()
        .normalise();
    [product, square].map(|x| x.0.map(|x| x.store()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn both_fields_are_arkworks(a in lanes(), b in lanes()) {
        if crate::available() {
            field::<Fr, ScalarField>(&a, &b);
            field::<Fq, BaseField>(&a, &b);
        }
    }

    #[test]
    fn the_quadratic_extension_is_arkworks(
        a in proptest::array::uniform2(lanes()),
        b in proptest::array::uniform2(lanes()),
    ) {
        prop_assume!(crate::available());
        let inverse = radix::<Fq>().inverse().unwrap();
        let [(a0, x0), (a1, x1)] = a.map(|a| vector::<Fq, BaseField>(&a, 2));
        let [(b0, y0), (b1, y1)] = b.map(|b| vector::<Fq, BaseField>(&b, 2));
        // SAFETY: asked above.
        #[allow(unsafe_code)]
        let [product, square] = unsafe { multiply2(&[a0, a1], &[b0, b1]) };
        let expected: [[Fq2; LANES]; 2] = [
            core::array::from_fn(|lane| Fq2::new(x0[lane], x1[lane]) * Fq2::new(y0[lane], y1[lane])),
            core::array::from_fn(|lane| Fq2::new(x0[lane], x1[lane]).square()),
        ];
        let [of_product, of_square] = expected.map(|lanes| lanes.map(|x| Fq2::new(x.c0 * inverse, x.c1 * inverse)));
        check::<Fq, BaseField>(&product[0], &of_product.map(|x| x.c0), 2.2);
        check::<Fq, BaseField>(&product[1], &of_product.map(|x| x.c1), 1.3);
        let less: [Fq2; LANES] = core::array::from_fn(|lane| of_square[lane] - Fq2::new(y0[lane], y1[lane]));
        check::<Fq, BaseField>(&square[0], &less.map(|x| x.c0), 4.5);
        check::<Fq, BaseField>(&square[1], &less.map(|x| x.c1), 4.5);
    }

    #[test]
    fn multiples_of_p_are_found(a in lanes()) {
        prop_assume!(crate::available());
        let (limbs, values) = vector::<Fq, BaseField>(&a, 7);
        // SAFETY: asked above.
        #[allow(unsafe_code)]
        let (zero, maybe) = unsafe { zeros::<BaseField>(&limbs) };
        for (lane, value) in values.iter().enumerate() {
            assert_eq!(zero >> lane & 1 == 1, value.is_zero());
            let times = a[lane].1 % 8;
            if value.is_zero() && (1..=3).contains(&times) {
                assert!(maybe >> lane & 1 == 1);
            }
        }
    }
}

#[test]
fn one_is_one() {
    let one = Fr::ONE * radix::<Fr>();
    assert_eq!(crate::limbs::join(&ScalarField::ONE), one.into_bigint().0);
    assert!(one.into_bigint().num_bits() <= 254);
    assert_eq!(Fr::ZERO.double(), Fr::ZERO);
}
