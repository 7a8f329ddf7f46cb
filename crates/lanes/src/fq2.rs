//! Fq2 = Fq[u] / (u² + 1) on eight lanes.
//!
//! A product's two coordinates share three column products (Karatsuba) and take one reduction each.

use core::arch::x86_64::__mmask8;

use crate::{
    ifma::{Element, Loose, Sum},
    limbs::BaseField,
};

/// Eight elements c0 + c1·u.
#[derive(Clone, Copy)]
pub(crate) struct Element2(pub(crate) [Element<BaseField>; 2]);

/// Eight elements whose limbs are still signed.
#[derive(Clone, Copy)]
pub(crate) struct Loose2([Loose<BaseField>; 2]);

/// The columns of both coordinates.
#[derive(Clone, Copy)]
pub(crate) struct Sum2([Sum<BaseField>; 2]);

impl Element2 {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn zero() -> Self {
        Self([Element::zero(), Element::zero()])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn one() -> Self {
        Self([Element::one(), Element::zero()])
    }

    /// Below 1.3·p in c1 and 2.2·p in c0, for factors below 4.1·p and 2.1·p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn times(self, other: &Self) -> Self {
        Sum2::product(&self, other).reduce().normalise()
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn loose(self) -> Loose2 {
        Loose2([self.0[0].loose(), self.0[1].loose()])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn select(self, mask: __mmask8, other: &Self) -> Self {
        Self([
            self.0[0].select(mask, &other.0[0]),
            self.0[1].select(mask, &other.0[1]),
        ])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn may_be_zero(&self) -> __mmask8 {
        self.0[0].may_be_zero() & self.0[1].may_be_zero()
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn is_zero(&self) -> __mmask8 {
        self.0[0].is_zero() & self.0[1].is_zero()
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn low_is_zero(&self) -> __mmask8 {
        self.0[0].low_is_zero() & self.0[1].low_is_zero()
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn is_number_zero(&self) -> __mmask8 {
        self.0[0].is_number_zero() & self.0[1].is_number_zero()
    }
}

impl Loose2 {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn multiple<const K: usize>() -> Self {
        Self([Loose::multiple::<K>(), Loose::multiple::<K>()])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn plus(self, other: &Element2) -> Self {
        Self([self.0[0].plus(&other.0[0]), self.0[1].plus(&other.0[1])])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn minus(self, other: &Element2) -> Self {
        Self([self.0[0].minus(&other.0[0]), self.0[1].minus(&other.0[1])])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn normalise(self) -> Element2 {
        Element2([self.0[0].normalise(), self.0[1].normalise()])
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn shrink(self) -> Element2 {
        Element2([self.0[0].shrink(), self.0[1].shrink()])
    }
}

impl Sum2 {
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn product(a: &Element2, b: &Element2) -> Self {
        let ([a0, a1], [b0, b1]) = (&a.0, &b.0);
        let first = Sum::product(a0, b0);
        let second = Sum::product(a1, b1);
        let a_sum = a0.loose().plus(a1).normalise();
        let b_sum = b0.loose().plus(b1).normalise();
        let mixed = Sum::product(&a_sum, &b_sum).minus(&first).minus(&second);
        // a1·b1 / R is below p for factors below 9·p, so one p keeps the difference positive.
        let real = first.minus(&second).add_after(&Loose::multiple::<1>());
        Self([real, mixed])
    }

    /// For an element below 3·p.
    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn square(a: &Element2) -> Self {
        let [a0, a1] = &a.0;
        let sum = a0.loose().plus(a1).normalise();
        let difference = Loose::multiple::<3>().plus(a0).minus(a1).normalise();
        let twice = a0.loose().plus(a0).normalise();
        Self([Sum::product(&sum, &difference), Sum::product(&twice, a1)])
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn add_after(self, addend: &Loose2) -> Self {
        Self([
            self.0[0].add_after(&addend.0[0]),
            self.0[1].add_after(&addend.0[1]),
        ])
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub(crate) fn reduce(self) -> Loose2 {
        Loose2([self.0[0].reduce(), self.0[1].reduce()])
    }
}
