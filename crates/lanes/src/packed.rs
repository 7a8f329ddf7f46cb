//! Stored points to lanes and back: fetching eight is eight or sixteen loads of a cache line, and a transposition makes lanes of
//! them.

use core::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_or_si512, _mm512_permutex2var_epi64, _mm512_setr_epi64,
    _mm512_slli_epi64, _mm512_srli_epi64, _mm512_ternarylogic_epi64, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi64,
};

use crate::{
    LANES,
    fq2::Element2,
    ifma::{Element, broadcast, from_array, to_array},
    limbs::{BaseField, MASK},
    stored::{PackedG1, PackedG2},
};

/// Eight lanes of four or eight words out of eight rows.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn transpose(rows: [__m512i; LANES]) -> [__m512i; LANES] {
    let [a, b, c, d, e, f, g, h] = rows;
    let low = |x, y| _mm512_unpacklo_epi64(x, y);
    let high = |x, y| _mm512_unpackhi_epi64(x, y);
    let pairs = [
        low(a, b),
        high(a, b),
        low(c, d),
        high(c, d),
        low(e, f),
        high(e, f),
        low(g, h),
        high(g, h),
    ];
    let even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
    let odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
    let fours = |x, y, index| _mm512_permutex2var_epi64(x, index, y);
    // Row k: words k and k + 4 of four lanes.
    let first = [
        fours(pairs[0], pairs[2], even),
        fours(pairs[1], pairs[3], even),
        fours(pairs[0], pairs[2], odd),
        fours(pairs[1], pairs[3], odd),
    ];
    let second = [
        fours(pairs[4], pairs[6], even),
        fours(pairs[5], pairs[7], even),
        fours(pairs[4], pairs[6], odd),
        fours(pairs[5], pairs[7], odd),
    ];
    let front = _mm512_setr_epi64(0, 1, 2, 3, 8, 9, 10, 11);
    let back = _mm512_setr_epi64(4, 5, 6, 7, 12, 13, 14, 15);
    [
        fours(first[0], second[0], front),
        fours(first[1], second[1], front),
        fours(first[2], second[2], front),
        fours(first[3], second[3], front),
        fours(first[0], second[0], back),
        fours(first[1], second[1], back),
        fours(first[2], second[2], back),
        fours(first[3], second[3], back),
    ]
}

/// Limbs of 52 bits out of words of 64.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn unpack<M: crate::limbs::Modulus>(words: [__m512i; 4]) -> Element<M> {
    /// (a | b) & c
    const OR_AND: i32 = 0xa8;
    let mask = broadcast(MASK);
    let [a, b, c, d] = words;
    Element::of([
        _mm512_and_si512(a, mask),
        _mm512_ternarylogic_epi64::<OR_AND>(
            _mm512_srli_epi64::<52>(a),
            _mm512_slli_epi64::<12>(b),
            mask,
        ),
        _mm512_ternarylogic_epi64::<OR_AND>(
            _mm512_srli_epi64::<40>(b),
            _mm512_slli_epi64::<24>(c),
            mask,
        ),
        _mm512_ternarylogic_epi64::<OR_AND>(
            _mm512_srli_epi64::<28>(c),
            _mm512_slli_epi64::<36>(d),
            mask,
        ),
        _mm512_srli_epi64::<16>(d),
    ])
}

/// Words of 64 bits out of limbs of 52, for numbers below 2^256.
#[inline]
#[target_feature(enable = "avx512f")]
pub(crate) fn pack<M>(element: &Element<M>) -> [__m512i; 4] {
    let [a, b, c, d, e] = element.0;
    [
        _mm512_or_si512(a, _mm512_slli_epi64::<52>(b)),
        _mm512_or_si512(_mm512_srli_epi64::<12>(b), _mm512_slli_epi64::<40>(c)),
        _mm512_or_si512(_mm512_srli_epi64::<24>(c), _mm512_slli_epi64::<28>(d)),
        _mm512_or_si512(_mm512_srli_epi64::<36>(d), _mm512_slli_epi64::<16>(e)),
    ]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn rows(lines: [&[u64; 8]; LANES]) -> [__m512i; LANES] {
    [
        from_array(lines[0]),
        from_array(lines[1]),
        from_array(lines[2]),
        from_array(lines[3]),
        from_array(lines[4]),
        from_array(lines[5]),
        from_array(lines[6]),
        from_array(lines[7]),
    ]
}

/// Two coordinates out of eight lines.
#[inline]
#[target_feature(enable = "avx512f")]
fn load_lines(lines: [&[u64; 8]; LANES]) -> [Element<BaseField>; 2] {
    let [a, b, c, d, e, f, g, h] = transpose(rows(lines));
    [unpack([a, b, c, d]), unpack([e, f, g, h])]
}

/// Eight lines out of two coordinates.
#[inline]
#[target_feature(enable = "avx512f")]
fn store_lines(coordinates: &[Element<BaseField>; 2]) -> [[u64; 8]; LANES] {
    let [a, b, c, d] = pack(&coordinates[0]);
    let [e, f, g, h] = pack(&coordinates[1]);
    let [a, b, c, d, e, f, g, h] = transpose([a, b, c, d, e, f, g, h]);
    [
        to_array(a),
        to_array(b),
        to_array(c),
        to_array(d),
        to_array(e),
        to_array(f),
        to_array(g),
        to_array(h),
    ]
}

impl PackedG1 {
    /// x of eight left points and of eight right ones.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn load_x(
        left: [&Self; LANES],
        right: [&Self; LANES],
    ) -> (Element<BaseField>, Element<BaseField>) {
        // Half a line each: one transposition for both.
        let [a, b, c, d, e, f, g, h] = transpose([
            halves(left[0], right[0]),
            halves(left[1], right[1]),
            halves(left[2], right[2]),
            halves(left[3], right[3]),
            halves(left[4], right[4]),
            halves(left[5], right[5]),
            halves(left[6], right[6]),
            halves(left[7], right[7]),
        ]);
        (unpack([a, b, c, d]), unpack([e, f, g, h]))
    }

    /// x and y of eight points.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn load(points: [&Self; LANES]) -> (Element<BaseField>, Element<BaseField>) {
        let [x, y] = load_lines(points.map(|point| &point.0));
        (x, y)
    }

    /// Eight points of x and y, each below 2^256.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn store(x: &Element<BaseField>, y: &Element<BaseField>) -> [Self; LANES] {
        store_lines(&[*x, *y]).map(Self)
    }
}

impl PackedG2 {
    /// x of eight left points and of eight right ones.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn load_x(left: [&Self; LANES], right: [&Self; LANES]) -> (Element2, Element2) {
        (
            Element2(load_lines(left.map(|point| &point.0[0]))),
            Element2(load_lines(right.map(|point| &point.0[0]))),
        )
    }

    /// x and y of eight points.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn load(points: [&Self; LANES]) -> (Element2, Element2) {
        (
            Element2(load_lines(points.map(|point| &point.0[0]))),
            Element2(load_lines(points.map(|point| &point.0[1]))),
        )
    }

    /// Eight points of x and y, each coordinate below 2^256.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn store(x: &Element2, y: &Element2) -> [Self; LANES] {
        let x = store_lines(&x.0);
        let y = store_lines(&y.0);
        core::array::from_fn(|lane| Self([x[lane], y[lane]]))
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn halves(left: &PackedG1, right: &PackedG1) -> __m512i {
    let ([a, b, c, d, ..], [e, f, g, h, ..]) = (left.0, right.0);
    from_array(&[a, b, c, d, e, f, g, h])
}
