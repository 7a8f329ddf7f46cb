//! Polynomials over the scalar field in vectors: number-theoretic transforms as a matrix of rows and columns.
//!
//! The 2^k values are a matrix of n1 rows and n2 columns, value r·n2 + c in row r and column c. A transform is one of every
//! column, a product with powers of the root, and one of every row. Columns run in lanes, eight beside each other; so do
//! rows, after a transposition. Between the two the order is whatever the butterflies leave: the transform back takes it up
//! from there, so that nothing is ever permuted and a pass works on what fits the second-level cache.
//!
//! Butterflies multiply before they add, so that a value grows by 2·p in each level: at most 2·p + 14·2·p, and five limbs hold
//! 84·p. Nothing is reduced on the way, and limbs stay signed until they are multiplied.
//!
//! [`Plan`] has the tables of one size. Its methods do one block of eight columns or of eight rows, so that a caller can spread
//! the blocks over threads.

use core::array::from_fn;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, FftField, Field};

use crate::{
    Ifma, LANES,
    ifma::{Element, Loose, Sum, from_array},
    limbs::{self, Limbs, Modulus, ScalarField, join, less_p},
    packed::{transpose, unpack},
};

/// Eight values, limb by limb.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Eight([[u64; LANES]; 5]);

/// The tables of one size: from values at the roots of unity to values on the coset.
#[derive(Debug)]
pub struct Plan {
    _ifma: Ifma,
    row_bits: u32,
    column_bits: u32,
    /// To coefficients: powers in the order of bit-reversed blocks, for a column (n1 values) and for a row.
    column_blocks: Vec<Limbs>,
    row_blocks: Vec<Limbs>,
    /// To values: powers in their order.
    column_powers: Vec<Limbs>,
    row_powers: Vec<Limbs>,
    /// ω^-c and ω^c·g, g the coset's shift, for the columns c of each block.
    interpolation_steps: Vec<Eight>,
    evaluation_steps: Vec<Eight>,
    /// g^(n1·j) / n for each place of a row's coefficient.
    to_coset: Vec<Limbs>,
}

/// The place that a bit-reversed order gives to an index.
fn reversed(index: usize, bits: u32) -> usize {
    if bits == 0 {
        0
    } else {
        index.reverse_bits() >> (usize::BITS - bits)
    }
}

fn powers(base: Fr, first: Fr, count: usize) -> impl Iterator<Item = Fr> {
    core::iter::successors(Some(first), move |power| Some(*power * base)).take(count)
}

/// The first half of a root's powers.
fn half_powers(root: Fr, bits: u32) -> Vec<Fr> {
    powers(root, Fr::ONE, 1 << (bits - 1)).collect()
}

fn in_blocks(root: Fr, bits: u32) -> Vec<Limbs> {
    let powers = half_powers(root, bits);
    (0..powers.len())
        .map(|index| limbs::constant(&powers[reversed(index, bits - 1)]))
        .collect()
}

fn in_order(root: Fr, bits: u32) -> Vec<Limbs> {
    half_powers(root, bits)
        .iter()
        .map(limbs::constant)
        .collect()
}

/// Values in order, eight in a vector.
fn vectors(values: impl Iterator<Item = Fr>) -> Vec<Eight> {
    let values: Vec<Limbs> = values.map(|value| limbs::constant(&value)).collect();
    values
        .chunks_exact(LANES)
        .map(|lanes| Eight(from_fn(|limb| from_fn(|lane| lanes[lane][limb]))))
        .collect()
}

impl Plan {
    /// Tables for 2^`bits` values, 6 to 28 bits, and the coset of `shift`. `None` for other sizes and for a shift of 0.
    pub fn new(ifma: Ifma, bits: u32, shift: Fr) -> Option<Self> {
        if !(6..=Fr::TWO_ADICITY).contains(&bits) {
            return None;
        }
        let size = 1usize << bits;
        let root = Fr::get_root_of_unity(size as u64)?;
        let inverse_root = root.inverse()?;
        if shift == Fr::ZERO {
            return None;
        }
        let inverse_size = Fr::from(size as u64).inverse()?;
        let column_bits = bits / 2;
        let row_bits = bits - column_bits;
        let (rows, columns) = (1usize << row_bits, 1usize << column_bits);
        let of_column = |root: Fr| root.pow([columns as u64]);
        let of_row = |root: Fr| root.pow([rows as u64]);
        // Places of a row hold its coefficients in bit-reversed order.
        let along_row: Vec<Fr> = powers(of_row(shift), inverse_size, columns).collect();
        Some(Self {
            _ifma: ifma,
            row_bits,
            column_bits,
            column_blocks: in_blocks(of_column(inverse_root), row_bits),
            row_blocks: in_blocks(of_row(inverse_root), column_bits),
            column_powers: in_order(of_column(root), row_bits),
            row_powers: in_order(of_row(root), column_bits),
            interpolation_steps: vectors(powers(inverse_root, Fr::ONE, columns)),
            evaluation_steps: vectors(powers(root, shift, columns)),
            to_coset: (0..columns)
                .map(|place| limbs::constant(&along_row[reversed(place, column_bits)]))
                .collect(),
        })
    }

    /// Values of a polynomial.
    pub fn size(&self) -> usize {
        1 << (self.row_bits + self.column_bits)
    }

    /// Vectors of a block of eight columns.
    pub fn rows(&self) -> usize {
        1 << self.row_bits
    }

    /// Vectors of a block of eight rows.
    pub fn columns(&self) -> usize {
        1 << self.column_bits
    }

    /// From values in their order, zeros behind them: a block of columns of a half-interpolated polynomial.
    #[allow(unsafe_code)]
    pub fn interpolate_values(&self, block: usize, values: &[Fr], out: &mut [Eight]) {
        // SAFETY: a plan holds the proof that the instructions are there.
        unsafe { self.interpolate_values_inner(block, values, out) }
    }

    /// Ends the interpolation of a block of rows and begins the evaluation on the coset.
    #[allow(unsafe_code)]
    pub fn rows_to_coset(&self, block: usize, columns: &[Eight], rows: &mut [Eight]) {
        // SAFETY: as above.
        unsafe { self.rows_to_coset_inner(block, columns, rows) }
    }

    /// Ends the evaluation: a block of columns, its values in their order.
    #[allow(unsafe_code)]
    pub fn columns_on_coset(&self, block: usize, rows: &[Eight], columns: &mut [Eight]) {
        // SAFETY: as above.
        unsafe { self.columns_on_coset_inner(block, rows, columns) }
    }

    /// a·b of values on the coset, written to `a`.
    #[allow(unsafe_code, clippy::unused_self, reason = "it is the proof")]
    pub fn product(&self, a: &mut [Eight], b: &[Eight]) {
        // SAFETY: as above.
        unsafe { product_inner(a, b) }
    }

    /// a·b − c of values on the coset, written to `a`.
    #[allow(unsafe_code, clippy::unused_self, reason = "it is the proof")]
    pub fn product_less(&self, a: &mut [Eight], b: &[Eight], c: &[Eight]) {
        // SAFETY: as above.
        unsafe { product_less_inner(a, b, c) }
    }

    /// Eight values as plain numbers.
    #[allow(unsafe_code, clippy::unused_self, reason = "it is the proof")]
    pub fn plain(&self, values: &Eight) -> [BigInt<4>; LANES] {
        // SAFETY: as above.
        unsafe { plain_inner(values) }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn interpolate_values_inner(&self, block: usize, values: &[Fr], out: &mut [Eight]) {
        for (row, out) in out.iter_mut().enumerate() {
            let first = (row << self.column_bits) + block * LANES;
            let lanes = match values
                .get(first..)
                .and_then(|rest| rest.first_chunk::<LANES>())
            {
                Some(lanes) => *lanes,
                None => from_fn(|lane| values.get(first + lane).copied().unwrap_or(Fr::ZERO)),
            };
            out.set(&enter(&lanes));
        }
        to_coefficients(out, &self.column_blocks);
        self.multiply_columns(&self.interpolation_steps[block], out);
    }

    /// Multiplies place j of a column by step^j, j the place's index before it was reversed.
    #[target_feature(enable = "avx512f,avx512ifma")]
    fn multiply_columns(&self, step: &Eight, columns: &mut [Eight]) {
        let step = Element::load(&step.0);
        let mut factor = Element::<ScalarField>::one();
        for index in 0..columns.len() {
            let place = &mut columns[reversed(index, self.row_bits)];
            let product = place.loose().normalise().times(&factor);
            place.set(&product);
            factor = factor.times(&step);
        }
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn rows_to_coset_inner(&self, block: usize, columns: &[Eight], rows: &mut [Eight]) {
        exchange(columns, self.rows(), block, rows);
        to_coefficients(rows, &self.row_blocks);
        for (value, factor) in rows.iter_mut().zip(&self.to_coset) {
            let product = value.loose().normalise().times_constant(factor);
            value.set(&product);
        }
        to_values(rows, &self.row_powers);
    }

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn columns_on_coset_inner(&self, block: usize, rows: &[Eight], columns: &mut [Eight]) {
        exchange(rows, self.columns(), block, columns);
        self.multiply_columns(&self.evaluation_steps[block], columns);
        to_values(columns, &self.column_powers);
    }
}

impl Eight {
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn loose(&self) -> Loose {
        Element::load(&self.0).loose()
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn set(&mut self, element: &Element) {
        self.0 = element.store();
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    fn set_loose(&mut self, value: &Loose) {
        self.0 = value.store();
    }
}

/// Both factors are below 30·p, their product over R below 12·p.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn product_of(a: &Eight, b: &Eight) -> Element {
    a.loose().normalise().times(&b.loose().normalise())
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn product_inner(a: &mut [Eight], b: &[Eight]) {
    for (a, b) in a.iter_mut().zip(b) {
        a.set(&product_of(a, b));
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn product_less_inner(a: &mut [Eight], b: &[Eight], c: &[Eight]) {
    // Products with 1 are small enough for their difference.
    let one = Element::one();
    for ((a, b), c) in a.iter_mut().zip(b).zip(c) {
        let c = Sum::product(&c.loose().normalise(), &one);
        let difference = Sum::product(&product_of(a, b), &one).minus(&c);
        a.set(
            &difference
                .add_after(&Loose::multiple::<1>())
                .reduce()
                .normalise(),
        );
    }
}

#[target_feature(enable = "avx512f,avx512ifma")]
fn plain_inner(values: &Eight) -> [BigInt<4>; LANES] {
    // A product with the number 1 takes the factor of Montgomery's form away.
    let one = [1, 0, 0, 0, 0];
    numbers(&values.loose().normalise().times_constant(&one))
}

/// The lanes of a value below 2·p, each below p.
#[inline]
#[target_feature(enable = "avx512f")]
fn numbers(value: &Element) -> [BigInt<4>; LANES] {
    let limbs = value.store();
    from_fn(|lane| {
        let words = join(&limbs.map(|limb| limb[lane]));
        BigInt(less_p(words, &ScalarField::WORDS))
    })
}

/// The vectors' form of eight values.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn enter(lanes: &[Fr; LANES]) -> Element {
    let row = |lane: usize| {
        let [a, b, c, d] = lanes[lane].0.0;
        from_array(&[a, b, c, d, 0, 0, 0, 0])
    };
    let [a, b, c, d, ..] = transpose([
        row(0),
        row(1),
        row(2),
        row(3),
        row(4),
        row(5),
        row(6),
        row(7),
    ]);
    unpack::<ScalarField>([a, b, c, d]).times_constant(&ScalarField::FROM_ARKWORKS)
}

/// Takes one block out of an array of blocks whose lanes run the other way: vector 8·b + l of `out` has in lane k what vector
/// 8·`block` + k of block b has in lane l.
#[inline]
#[target_feature(enable = "avx512f")]
fn exchange(source: &[Eight], length: usize, block: usize, out: &mut [Eight]) {
    for (blocks, out) in source
        .chunks_exact(length)
        .zip(out.as_chunks_mut::<LANES>().0)
    {
        let Some(eight) = blocks[block * LANES..].first_chunk::<LANES>() else {
            return;
        };
        for limb in 0..5 {
            let columns = transpose([
                from_array(&eight[0].0[limb]),
                from_array(&eight[1].0[limb]),
                from_array(&eight[2].0[limb]),
                from_array(&eight[3].0[limb]),
                from_array(&eight[4].0[limb]),
                from_array(&eight[5].0[limb]),
                from_array(&eight[6].0[limb]),
                from_array(&eight[7].0[limb]),
            ]);
            for (out, column) in out.iter_mut().zip(columns) {
                out.0[limb] = crate::ifma::to_array(column);
            }
        }
    }
}

/// a + w·b and a − w·b.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn butterfly(a: &Loose, b: &Loose, factor: &Limbs) -> (Loose, Loose) {
    let product = b.normalise().product_with(factor);
    (a.add(&product), a.add_multiple_less(&product))
}

/// Natural order to bit-reversed: block k of a level has one factor, power number k of `blocks`.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn to_coefficients(values: &mut [Eight], blocks: &[Limbs]) {
    let mut length = values.len();
    if length.trailing_zeros() & 1 == 1 {
        // An odd level: its one block has the factor 1.
        let (low, high) = values.split_at_mut(length / 2);
        for (low, high) in low.iter_mut().zip(high) {
            unit_butterfly(low, high);
        }
        length /= 2;
    }
    while length > 1 {
        let quarter = length / 4;
        for (number, block) in values.chunks_exact_mut(length).enumerate() {
            let (first, second) = (
                &blocks[number],
                [&blocks[2 * number], &blocks[2 * number + 1]],
            );
            let (front, back) = block.split_at_mut(2 * quarter);
            let (x0, x1) = front.split_at_mut(quarter);
            let (x2, x3) = back.split_at_mut(quarter);
            for (((x0, x1), x2), x3) in x0.iter_mut().zip(x1).zip(x2).zip(x3) {
                let (a, c) = butterfly(&x0.loose(), &x2.loose(), first);
                let (b, d) = butterfly(&x1.loose(), &x3.loose(), first);
                let (a, b) = butterfly(&a, &b, second[0]);
                let (c, d) = butterfly(&c, &d, second[1]);
                x0.set_loose(&a);
                x1.set_loose(&b);
                x2.set_loose(&c);
                x3.set_loose(&d);
            }
        }
        length = quarter;
    }
}

/// Bit-reversed order to natural: place j of a block has a factor of its own.
#[inline]
#[target_feature(enable = "avx512f,avx512ifma")]
fn to_values(values: &mut [Eight], powers: &[Limbs]) {
    let size = values.len();
    let mut length = 1;
    if size.trailing_zeros() & 1 == 1 {
        for [low, high] in values.as_chunks_mut::<2>().0 {
            unit_butterfly(low, high);
        }
        length = 2;
    }
    while length < size {
        // Factors of this level are every `step`th power, of the next one every second of those.
        let step = size / (4 * length);
        for block in values.chunks_exact_mut(4 * length) {
            let (front, back) = block.split_at_mut(2 * length);
            let (x0, x1) = front.split_at_mut(length);
            let (x2, x3) = back.split_at_mut(length);
            let places = x0.iter_mut().zip(x1).zip(x2).zip(x3);
            for (place, (((x0, x1), x2), x3)) in places.enumerate() {
                let first = &powers[2 * place * step];
                let second = [&powers[place * step], &powers[(place + length) * step]];
                let (a, b) = butterfly(&x0.loose(), &x1.loose(), first);
                let (c, d) = butterfly(&x2.loose(), &x3.loose(), first);
                let (a, c) = butterfly(&a, &c, second[0]);
                let (b, d) = butterfly(&b, &d, second[1]);
                x0.set_loose(&a);
                x1.set_loose(&b);
                x2.set_loose(&c);
                x3.set_loose(&d);
            }
        }
        length *= 4;
    }
}

/// For values between 0.6·p and 2.2·p or below 2·p: a + b and a − b.
#[inline]
#[target_feature(enable = "avx512f")]
fn unit_butterfly(low: &mut Eight, high: &mut Eight) {
    let (a, b) = (low.loose(), high.loose());
    low.set_loose(&a.add(&b));
    high.set_loose(&a.add_multiple_less(&b));
}
