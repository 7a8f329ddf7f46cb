//! Montgomery arithmetic on eight lanes with lazy reduction.
//!
//! With R = 2^260 and p < 0.0119·R, a product of numbers below a·p and b·p reduces to less than (1 + 0.0119·a·b)·p, so
//! nothing is ever subtracted between the first operation and the last. Products are collected in ten columns of 64
//! bits before their carries are taken: a product adds at most ten terms below 2^52 to a column, and its reduction ten
//! more, so 64 bits have room for hundreds of products.

use core::arch::x86_64::{
    __m512i, _mm512_add_epi64, _mm512_and_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64,
    _mm512_set1_epi64, _mm512_setzero_si512, _mm512_srli_epi64,
};

use crate::{
    LANES,
    limbs::{Limbs, MASK, NEGATED_INVERSE, P},
};

/// Eight elements, limbs normalised to 52 bits.
#[derive(Clone, Copy)]
pub(crate) struct Element([__m512i; 5]);

/// Eight sums of products before their reduction.
#[derive(Clone, Copy)]
pub(crate) struct Sum([__m512i; 10]);

#[inline]
#[target_feature(enable = "avx512f")]
fn broadcast(x: u64) -> __m512i {
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

impl Element {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn zero() -> Self {
        Self([_mm512_setzero_si512(); 5])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn load(limbs: &[[u64; LANES]; 5]) -> Self {
        let mut out = [_mm512_setzero_si512(); 5];
        for (vector, limb) in out.iter_mut().zip(limbs) {
            *vector = from_array(limb);
        }
        Self(out)
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn store(self) -> [[u64; LANES]; 5] {
        let mut out = [[0; LANES]; 5];
        for (limb, vector) in out.iter_mut().zip(self.0) {
            *limb = to_array(vector);
        }
        out
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn times(self, other: &Self) -> Self {
        let mut sum = Sum::zero();
        sum.add_product(&self, &other.0);
        sum.reduce()
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn times_constant(self, constant: &Limbs) -> Self {
        let mut sum = Sum::zero();
        sum.add_product(&self, &broadcast_all(constant));
        sum.reduce()
    }

    /// Fifteen products of limbs instead of 25: the mixed ones are counted twice.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn square(self) -> Self {
        let a = &self.0;
        let mut sum = Sum::zero();
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
        sum.reduce()
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
        let mut out = self.0;
        for (limb, constant) in out.iter_mut().zip(broadcast_all(constant)) {
            *limb = _mm512_add_epi64(*limb, constant);
        }
        normalise(out)
    }
}

impl Sum {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn zero() -> Self {
        Self([_mm512_setzero_si512(); 10])
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
    pub(crate) fn add_constant_product(&mut self, a: &Element, constant: &Limbs) {
        self.add_product(a, &broadcast_all(constant));
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn add_product(&mut self, a: &Element, b: &[__m512i; 5]) {
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

    /// The sum divided by R modulo p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn reduce(mut self) -> Element {
        let inverse = broadcast(NEGATED_INVERSE);
        for i in 0..5 {
            let factor = _mm512_madd52lo_epu64(_mm512_setzero_si512(), self.0[i], inverse);
            for (j, p) in P.iter().enumerate() {
                self.add_limbs(i + j, factor, broadcast(*p));
            }
            let carry = _mm512_srli_epi64::<52>(self.0[i]);
            self.0[i + 1] = _mm512_add_epi64(self.0[i + 1], carry);
        }
        let [.., a, b, c, d, e] = self.0;
        normalise([a, b, c, d, e])
    }
}

/// Carries what is above 52 bits into the next limb; the last one has room.
#[inline]
#[target_feature(enable = "avx512f")]
fn normalise(mut limbs: [__m512i; 5]) -> Element {
    let mask = broadcast(MASK);
    for i in 0..4 {
        let carry = _mm512_srli_epi64::<52>(limbs[i]);
        limbs[i + 1] = _mm512_add_epi64(limbs[i + 1], carry);
        limbs[i] = _mm512_and_si512(limbs[i], mask);
    }
    Element(limbs)
}

#[inline]
#[target_feature(enable = "avx512f")]
fn from_array(x: &[u64; LANES]) -> __m512i {
    let x = x.map(u64::cast_signed);
    core::arch::x86_64::_mm512_setr_epi64(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7])
}

#[inline]
#[target_feature(enable = "avx512f")]
#[allow(unsafe_code)]
fn to_array(x: __m512i) -> [u64; LANES] {
    // SAFETY: both types are 64 bytes without padding, and every bit pattern is valid for both.
    unsafe { core::mem::transmute::<__m512i, [u64; LANES]>(x) }
}
