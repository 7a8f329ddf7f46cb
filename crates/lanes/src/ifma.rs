//! Montgomery arithmetic on eight lanes with lazy reduction.
//!
//! With R = 2^260 and p < 0.0119·R, a product of numbers below a·p and b·p reduces to less than (1 + 0.0119·a·b)·p, so
//! little is subtracted between the first operation and the last. Products are collected in ten columns of 64
//! bits before their carries are taken: a product adds at most ten terms below 2^52 to a column, and its reduction ten
//! more, so 64 bits have room for hundreds of products. Columns and limbs are signed until they are normalised.

use core::arch::x86_64::{
    __m512i, __mmask8, _mm512_add_epi64, _mm512_and_si512, _mm512_cmpeq_epi64_mask,
    _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64,
    _mm512_permutexvar_epi64, _mm512_set1_epi64, _mm512_setzero_si512, _mm512_srai_epi64,
    _mm512_srli_epi64, _mm512_sub_epi64,
};
use core::marker::PhantomData;

use crate::{
    LANES,
    limbs::{Limbs, MASK, Modulus, ScalarField},
};

/// Eight elements, limbs normalised to 52 bits.
pub(crate) struct Element<M = ScalarField>(pub(crate) [__m512i; 5], PhantomData<M>);

/// Eight elements whose limbs are still signed.
pub(crate) struct Loose<M = ScalarField>([__m512i; 5], PhantomData<M>);

/// Eight sums of products before their reduction.
pub(crate) struct Sum<M = ScalarField>([__m512i; 10], PhantomData<M>);

// Not derived: that would ask the same of the modulus.
impl<M> Clone for Element<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Element<M> {}
impl<M> Clone for Loose<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Loose<M> {}
impl<M> Clone for Sum<M> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<M> Copy for Sum<M> {}

#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn broadcast(x: u64) -> __m512i {
    _mm512_set1_epi64(x.cast_signed())
}

#[inline]
#[target_feature(enable = "avx512f")]
fn broadcast_all(x: &Limbs) -> [__m512i; 5] {
    [
        broadcast(x[0]),
        broadcast(x[1]),
        broadcast(x[2]),
        broadcast(x[3]),
        broadcast(x[4]),
    ]
}

impl<M: Modulus> Element<M> {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn zero() -> Self {
        Self([_mm512_setzero_si512(); 5], PhantomData)
    }

    /// The number one in every lane.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn one() -> Self {
        Self(broadcast_all(&M::ONE), PhantomData)
    }

    /// The same element in every lane.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn splat(limbs: &Limbs) -> Self {
        Self(broadcast_all(limbs), PhantomData)
    }

    /// Limbs of at most 52 bits.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn of(limbs: [__m512i; 5]) -> Self {
        Self(limbs, PhantomData)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn load(limbs: &[[u64; LANES]; 5]) -> Self {
        Self::of([
            from_array(&limbs[0]),
            from_array(&limbs[1]),
            from_array(&limbs[2]),
            from_array(&limbs[3]),
            from_array(&limbs[4]),
        ])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn store(self) -> [[u64; LANES]; 5] {
        [
            to_array(self.0[0]),
            to_array(self.0[1]),
            to_array(self.0[2]),
            to_array(self.0[3]),
            to_array(self.0[4]),
        ]
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn times(self, other: &Self) -> Self {
        Sum::product(&self, other).reduce().normalise()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn times_constant(self, constant: &Limbs) -> Self {
        let mut sum = Sum::zero();
        sum.add_product(&self, &broadcast_all(constant));
        sum.reduce().normalise()
    }

    /// The product with a constant, in limbs that are still signed.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn product_with(&self, constant: &Limbs) -> Loose<M> {
        let mut sum = Sum::zero();
        sum.add_product(self, &broadcast_all(constant));
        sum.reduce()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn square(self) -> Self {
        Sum::square(&self).reduce().normalise()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn pow5(self) -> Self {
        self.square().square().times(&self)
    }

    /// The sum with a constant; grows by p.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn plus_constant(self, constant: &Limbs) -> Self {
        self.loose().plus(&Self::splat(constant)).normalise()
    }

    /// To be added to and subtracted from.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn loose(self) -> Loose<M> {
        Loose(self.0, PhantomData)
    }

    /// `other` in the lanes of the mask, `self` elsewhere.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn select(self, mask: __mmask8, other: &Self) -> Self {
        let mut out = self.0;
        for (limb, other) in out.iter_mut().zip(other.0) {
            *limb = _mm512_mask_blend_epi64(mask, *limb, other);
        }
        Self::of(out)
    }

    /// Lanes that may be zero mod p, by their lowest limb: none that is zero is missed, for elements below 4·p other than
    /// the number 0 itself.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn may_be_zero(&self) -> __mmask8 {
        let [low, ..] = self.0;
        let multiples = &M::MULTIPLES[0];
        _mm512_cmpeq_epi64_mask(low, broadcast(multiples[1]))
            | _mm512_cmpeq_epi64_mask(low, broadcast(multiples[2]))
            | _mm512_cmpeq_epi64_mask(low, broadcast(multiples[3]))
    }

    /// Lanes that are a multiple of p, for elements below 8·p.
    #[target_feature(enable = "avx512f")]
    pub(crate) fn is_zero(&self) -> __mmask8 {
        let mut found = 0;
        for factor in 0..LANES {
            let mut same = !0;
            for (limb, multiples) in self.0.iter().zip(&M::MULTIPLES) {
                same &= _mm512_cmpeq_epi64_mask(*limb, broadcast(multiples[factor]));
            }
            found |= same;
        }
        found
    }

    /// Lanes whose lowest limb is zero.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn low_is_zero(&self) -> __mmask8 {
        _mm512_cmpeq_epi64_mask(self.0[0], _mm512_setzero_si512())
    }

    /// Lanes that hold the number 0, not another multiple of p.
    #[target_feature(enable = "avx512f")]
    pub(crate) fn is_number_zero(&self) -> __mmask8 {
        let mut same = !0;
        for limb in self.0 {
            same &= _mm512_cmpeq_epi64_mask(limb, _mm512_setzero_si512());
        }
        same
    }
}

impl<M: Modulus> Loose<M> {
    /// A multiple of p in every lane: taken as start, it keeps later differences positive.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn multiple<const K: usize>() -> Self {
        let multiples = &M::MULTIPLES;
        Self(
            [
                broadcast(multiples[0][K]),
                broadcast(multiples[1][K]),
                broadcast(multiples[2][K]),
                broadcast(multiples[3][K]),
                broadcast(multiples[4][K]),
            ],
            PhantomData,
        )
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn plus(mut self, other: &Element<M>) -> Self {
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            *limb = _mm512_add_epi64(*limb, other);
        }
        self
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn minus(mut self, other: &Element<M>) -> Self {
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            *limb = _mm512_sub_epi64(*limb, other);
        }
        self
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn add(&self, other: &Self) -> Self {
        let mut out = *self;
        for (limb, other) in out.0.iter_mut().zip(other.0) {
            *limb = _mm512_add_epi64(*limb, other);
        }
        out
    }

    /// The difference plus 2·p: positive for what is below 2·p.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn add_multiple_less(&self, other: &Self) -> Self {
        let mut out = self.add(&Self::multiple::<2>());
        for (limb, other) in out.0.iter_mut().zip(other.0) {
            *limb = _mm512_sub_epi64(*limb, other);
        }
        out
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn store(&self) -> [[u64; LANES]; 5] {
        Element::<M>::of(self.0).store()
    }

    /// Carries what is above 52 bits into the next limb; the last one has room. The number must not be negative.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn normalise(self) -> Element<M> {
        let mut limbs = self.0;
        let mask = broadcast(MASK);
        for i in 0..4 {
            let carry = _mm512_srai_epi64::<52>(limbs[i]);
            limbs[i + 1] = _mm512_add_epi64(limbs[i + 1], carry);
            limbs[i] = _mm512_and_si512(limbs[i], mask);
        }
        Element(limbs, PhantomData)
    }

    /// Normalised, and below p·(1 + 2^-22). The number must lie in [0.9·p, 8·p), its limbs within 2^58 of zero.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn shrink(mut self) -> Element<M> {
        // Carries that have not reached the top limb are a few units of 2^-45·p, within the slack of RATIO.
        let top = _mm512_srli_epi64::<20>(self.0[4]);
        let times = _mm512_madd52hi_epu64(_mm512_setzero_si512(), top, broadcast(M::RATIO));
        for (limb, multiples) in self.0.iter_mut().zip(&M::MULTIPLES) {
            let multiple = _mm512_permutexvar_epi64(times, from_array(multiples));
            *limb = _mm512_sub_epi64(*limb, multiple);
        }
        self.normalise()
    }
}

impl<M: Modulus> Sum<M> {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn zero() -> Self {
        Self([_mm512_setzero_si512(); 10], PhantomData)
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn product(a: &Element<M>, b: &Element<M>) -> Self {
        let mut sum = Self::zero();
        sum.add_product(a, &b.0);
        sum
    }

    /// Fifteen products of limbs instead of 25: the mixed ones are counted twice.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn square(a: &Element<M>) -> Self {
        let a = &a.0;
        let mut sum = Self::zero();
        for i in 0..5 {
            for j in i + 1..5 {
                sum.add_limbs(i + j, a[i], a[j]);
            }
        }
        for column in &mut sum.0 {
            *column = _mm512_add_epi64(*column, *column);
        }
        for (i, limb) in a.iter().enumerate() {
            sum.add_limbs(2 * i, *limb, *limb);
        }
        sum
    }

    /// A constant times R, so that it stays after the reduction.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn constant(constant: &Limbs) -> Self {
        let mut sum = Self::zero();
        sum.0[5..].copy_from_slice(&broadcast_all(constant));
        sum
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn add_constant_product(&mut self, a: &Element<M>, constant: &Limbs) {
        self.add_product(a, &broadcast_all(constant));
    }

    /// Adds R times a number, so that the number is added to the reduced sum.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn add_after(mut self, addend: &Loose<M>) -> Self {
        for (column, limb) in self.0[5..].iter_mut().zip(addend.0) {
            *column = _mm512_add_epi64(*column, limb);
        }
        self
    }

    /// The difference of two sums, in signed columns.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn minus(mut self, other: &Self) -> Self {
        for (column, other) in self.0.iter_mut().zip(other.0) {
            *column = _mm512_sub_epi64(*column, other);
        }
        self
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add_product(&mut self, a: &Element<M>, b: &[__m512i; 5]) {
        for (i, a) in a.0.iter().enumerate() {
            for (j, b) in b.iter().enumerate() {
                self.add_limbs(i + j, *a, *b);
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add_limbs(&mut self, column: usize, a: __m512i, b: __m512i) {
        self.0[column] = _mm512_madd52lo_epu64(self.0[column], a, b);
        self.0[column + 1] = _mm512_madd52hi_epu64(self.0[column + 1], a, b);
    }

    /// The sum divided by R modulo p, in limbs that are still signed.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn reduce(mut self) -> Loose<M> {
        let inverse = broadcast(M::NEGATED_INVERSE);
        for i in 0..5 {
            let factor = _mm512_madd52lo_epu64(_mm512_setzero_si512(), self.0[i], inverse);
            for (j, p) in M::P.iter().enumerate() {
                self.add_limbs(i + j, factor, broadcast(*p));
            }
            let carry = _mm512_srai_epi64::<52>(self.0[i]);
            self.0[i + 1] = _mm512_add_epi64(self.0[i + 1], carry);
        }
        let [.., a, b, c, d, e] = self.0;
        Loose([a, b, c, d, e], PhantomData)
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
pub(crate) fn from_array(x: &[u64; LANES]) -> __m512i {
    // SAFETY: both types are 64 bytes without padding, and every bit pattern is valid for both.
    unsafe { core::mem::transmute::<[u64; LANES], __m512i>(*x) }
}

#[inline]
#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
pub(crate) fn to_array(x: __m512i) -> [u64; LANES] {
    // SAFETY: both types are 64 bytes without padding, and every bit pattern is valid for both.
    unsafe { core::mem::transmute::<__m512i, [u64; LANES]>(x) }
}

#[cfg(test)]
mod tests;
