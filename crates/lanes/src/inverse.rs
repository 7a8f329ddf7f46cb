//! Inversion in Fq by division steps (Bernstein and Yang, "Fast constant-time gcd computation and modular inversion",
//! 2019), sixty-two at a time, in variable time: points of keys and buckets are what it is used for.
//!
//! Numbers are five signed limbs of 62 bits. Sixty-two steps on the lowest words of f and g make a matrix, and the matrix then
//! acts on f, g and on the cofactors d and e modulo p.

use ark_bn254::{Fq, Fq2, FqConfig};
use ark_ff::{BigInt, Field, MontConfig, PrimeField};

const BITS: u32 = 62;
const LOW: u64 = (1 << BITS) - 1;

type Signed = [i64; 5];

/// Two rows (u, v) and (q, r).
type Matrix = [[i64; 2]; 2];

const P: Signed = limbs(&Fq::MODULUS.0);

/// p⁻¹ mod 2^62.
const INVERSE: u64 = {
    let p = Fq::MODULUS.0[0];
    let mut inverse = 1u64;
    let mut step = 0;
    while step < 6 {
        inverse = inverse.wrapping_mul(2u64.wrapping_sub(p.wrapping_mul(inverse)));
        step += 1;
    }
    inverse & LOW
};

const fn limbs(words: &[u64; 4]) -> Signed {
    let [a, b, c, d] = *words;
    [
        (a & LOW).cast_signed(),
        ((a >> 62 | b << 2) & LOW).cast_signed(),
        ((b >> 60 | c << 4) & LOW).cast_signed(),
        ((c >> 58 | d << 6) & LOW).cast_signed(),
        (d >> 56).cast_signed(),
    ]
}

fn words(limbs: &Signed) -> [u64; 4] {
    let [a, b, c, d, e] = limbs.map(i64::cast_unsigned);
    [
        a | b << 62,
        b >> 2 | c << 60,
        c >> 4 | d << 58,
        d >> 6 | e << 56,
    ]
}

/// Sixty-two steps on the lowest words; delta is carried on.
fn steps(mut delta: i64, f: i64, g: i64) -> (i64, Matrix) {
    let (mut f, mut g) = (f.cast_unsigned(), g.cast_unsigned());
    let (mut u, mut v, mut q, mut r) = (1i64, 0i64, 0i64, 1i64);
    let mut left = BITS;
    loop {
        // Steps that only halve g; not more than are left.
        let zeros = (g | u64::MAX << left).trailing_zeros();
        g >>= zeros;
        u = u.wrapping_shl(zeros);
        v = v.wrapping_shl(zeros);
        delta += i64::from(zeros);
        left -= zeros;
        if left == 0 {
            return (delta, [[u, v], [q, r]]);
        }
        if delta > 0 {
            delta = -delta;
            (f, g) = (g, f.wrapping_neg());
            (u, q) = (q, u.wrapping_neg());
            (v, r) = (r, v.wrapping_neg());
        }
        // As many low bits of g as can be cleared by a multiple of f before the two change places again.
        let most = u32::try_from(1 - delta).unwrap_or(left).min(left).min(6);
        let mask = (1u64 << most) - 1;
        // f·(f² − 2) is −1/f modulo 64.
        let factor = f
            .wrapping_mul(g)
            .wrapping_mul(f.wrapping_mul(f).wrapping_sub(2))
            & mask;
        g = g.wrapping_add(f.wrapping_mul(factor));
        q = q.wrapping_add(u.wrapping_mul(factor.cast_signed()));
        r = r.wrapping_add(v.wrapping_mul(factor.cast_signed()));
    }
}

fn wide(a: i64, b: i64) -> i128 {
    i128::from(a) * i128::from(b)
}

/// The low 62 bits; what is above them stays in the sum.
fn take(sum: &mut i128) -> i64 {
    let low = (sum.cast_unsigned() as u64 & LOW).cast_signed();
    *sum >>= BITS;
    low
}

/// A row of the matrix times (f, g), over 2^62, which divides it.
fn divide([u, v]: [i64; 2], f: &Signed, g: &Signed) -> Signed {
    let mut sum = wide(u, f[0]) + wide(v, g[0]);
    take(&mut sum);
    let mut out = [0; 5];
    for index in 1..5 {
        sum += wide(u, f[index]) + wide(v, g[index]);
        out[index - 1] = take(&mut sum);
    }
    out[4] = sum as i64;
    out
}

/// A row of the matrix times (d, e), over 2^62 modulo p. Both lie in (−2·p, p), and so does the result.
fn divide_modulo([u, v]: [i64; 2], d: &Signed, e: &Signed) -> Signed {
    let (d_sign, e_sign) = (d[4] >> 63, e[4] >> 63);
    let mut times = (u & d_sign) + (v & e_sign);
    let mut sum = wide(u, d[0]) + wide(v, e[0]);
    // The multiple of p that clears the low bits.
    let excess = INVERSE
        .wrapping_mul(sum.cast_unsigned() as u64)
        .wrapping_add(times.cast_unsigned())
        & LOW;
    times -= excess.cast_signed();
    sum += wide(P[0], times);
    take(&mut sum);
    let mut out = [0; 5];
    for index in 1..5 {
        sum += wide(u, d[index]) + wide(v, e[index]) + wide(P[index], times);
        out[index - 1] = take(&mut sum);
    }
    out[4] = sum as i64;
    out
}

/// In [0, p): the number or its opposite, which lies in (−2·p, p).
fn normalised(mut number: Signed, negate: bool) -> Signed {
    let carried = |limbs: Signed| {
        let mut out = [0; 5];
        let mut sum = 0i128;
        for (out, limb) in out[..4].iter_mut().zip(limbs) {
            sum += i128::from(limb);
            *out = take(&mut sum);
        }
        out[4] = sum as i64 + limbs[4];
        out
    };
    let plus_p = |limbs: Signed| carried(core::array::from_fn(|index| limbs[index] + P[index]));
    if number[4] < 0 {
        number = plus_p(number);
    }
    if negate {
        number = carried(number.map(|limb| -limb));
    }
    if number[4] < 0 {
        number = plus_p(number);
    }
    number
}

/// The inverse of a number modulo p; 0 for 0.
fn invert_words(number: &[u64; 4]) -> [u64; 4] {
    let (mut f, mut g) = (P, limbs(number));
    let (mut d, mut e) = ([0; 5], [1, 0, 0, 0, 0]);
    let mut delta = 1;
    while g != [0; 5] {
        let (next, matrix) = steps(delta, f[0], g[0]);
        delta = next;
        (d, e) = (
            divide_modulo(matrix[0], &d, &e),
            divide_modulo(matrix[1], &d, &e),
        );
        (f, g) = (divide(matrix[0], &f, &g), divide(matrix[1], &f, &g));
    }
    words(&normalised(d, f[4] < 0))
}

/// A field whose elements can be inverted faster than arkworks does.
pub(crate) trait Invert: Field {
    /// The inverse; 0 for 0.
    fn invert(&self) -> Self;
}

impl Invert for Fq {
    fn invert(&self) -> Self {
        // x·R becomes 1/(x·R); a product with R³ as arkworks reduces it makes R/x.
        let inverse = Self::new_unchecked(BigInt(invert_words(&self.0.0)));
        let cube = Self::from_bigint(<FqConfig as MontConfig<4>>::R2).unwrap_or_default();
        inverse * cube
    }
}

impl Invert for Fq2 {
    fn invert(&self) -> Self {
        // u² = −1.
        let inverse = (self.c0.square() + self.c1.square()).invert();
        Self::new(self.c0 * inverse, -(self.c1 * inverse))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::AdditiveGroup;

    #[test]
    fn inverses_are_arkworks() {
        let mut numbers = vec![Fq::ONE, -Fq::ONE, Fq::from(2u64), -Fq::from(2u64)];
        for power in 1..254u64 {
            let value = Fq::from(2u64).pow([power]);
            numbers.extend([value, -value, value + Fq::ONE]);
            // The same in arkworks' limbs.
            let mut words = [0u64; 4];
            words[power as usize / 64] = 1 << (power % 64);
            numbers.push(Fq::new_unchecked(BigInt(words)));
        }
        let mut value = Fq::from(3u64);
        numbers.extend((0..2000).map(|_| {
            value = value.square() + Fq::ONE;
            value
        }));
        for number in &numbers {
            assert_eq!(number.invert(), number.inverse().unwrap(), "{number}");
        }
        assert_eq!(Fq::ZERO.invert(), Fq::ZERO);
        for pair in numbers.as_chunks::<2>().0 {
            let number = Fq2::new(pair[0], pair[1]);
            assert_eq!(number.invert(), number.inverse().unwrap());
        }
        assert_eq!(Fq2::ZERO.invert(), Fq2::ZERO);
    }
}
