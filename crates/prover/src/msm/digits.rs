//! Signed digits of scalars, and each window's entries in the order of their digits.
//!
//! A scalar above half the group's order is taken as the negative number that it is congruent to, so that small negative
//! numbers have few digits too. With B = Σ 2^(c−1)·2^(c·w) over all windows w of c bits, the digits of x + B less 2^(c−1)
//! are signed digits of x, and none waits for the carry of another.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use rayon::prelude::*;
use zeroize::Zeroizing;

use super::BigInt;

/// Scalars whose digits lie together.
const BLOCK: usize = 1 << 12;

/// Bits of a number of size up to half the order, and its sign.
const BITS: usize = 255;

/// Digits of all scalars: for each block of scalars, window by window.
pub(super) struct Digits {
    width: usize,
    windows: usize,
    values: Zeroizing<Vec<i16>>,
}

/// The width of a digit that makes the fewest additions: one for each point and window, two for each bucket and a little
/// for what each window costs besides.
pub(super) fn width(count: usize) -> usize {
    let cost = |width: &usize| BITS.div_ceil(*width) * (count + (5 << (*width - 1)) / 2 + 64);
    (3..=16).min_by_key(cost).unwrap_or(8)
}

impl Digits {
    /// Cuts scalars into digits of `width` bits, 2 to 16.
    pub(super) fn of(scalars: &[BigInt], width: usize) -> Self {
        let windows = BITS.div_ceil(width);
        let bias = bias(width, windows);
        let mut digits = vec![0i16; scalars.len() * windows];
        digits
            .par_chunks_mut(BLOCK * windows)
            .zip(scalars.par_chunks(BLOCK))
            .for_each(|(block, scalars)| {
                for (index, scalar) in scalars.iter().enumerate() {
                    let words = biased(scalar, &bias);
                    let column = block[index..].iter_mut().step_by(scalars.len());
                    for (window, digit) in column.enumerate() {
                        *digit = digit_of(&words, window * width, width);
                    }
                }
            });
        Self {
            width,
            windows,
            values: Zeroizing::new(digits),
        }
    }

    pub(super) fn windows(&self) -> usize {
        self.windows
    }

    fn of_window(&self, window: usize) -> impl Iterator<Item = &[i16]> {
        self.values.chunks(BLOCK * self.windows).map(move |block| {
            let count = block.len() / self.windows;
            &block[window * count..(window + 1) * count]
        })
    }

    /// The digits that one set of buckets takes: of every `rounds`-th window, a window for each list of points.
    fn of_round(&self, round: usize, rounds: usize) -> impl Iterator<Item = &[i16]> {
        let windows = (round..self.windows).step_by(rounds);
        windows.flat_map(|window| self.of_window(window))
    }

    /// A round's entries, sorted by the size of their digits: those of digit ±(k + 1) are `entries[starts[k]..starts[k + 1]]`. An
    /// entry is twice a point's index, plus one for a negative digit. With one list of points, rounds are windows.
    ///
    /// Loops are nested, not one over a flattened iterator, and there is no branch on digits of 0, which in a witness nobody
    /// can foretell: the sort is four times faster by both.
    pub(super) fn sort(&self, round: usize, rounds: usize) -> (Vec<u32>, Vec<u32>) {
        let buckets = 1 << (self.width - 1);
        let mut starts = vec![0u32; buckets + 1];
        for digits in self.of_round(round, rounds) {
            for digit in digits {
                // Counts of digit 0 come first and are dropped below; the sum up to a digit is where the next one starts.
                let size = usize::from(digit.unsigned_abs());
                starts[size] = starts[size].wrapping_add(1);
            }
        }
        starts[0] = 0;
        let mut sum = 0u32;
        for start in &mut starts {
            sum = sum.wrapping_add(*start);
            *start = sum;
        }
        // Digits of 0 all go to one place behind the others.
        let mut places = vec![sum];
        places.extend_from_slice(&starts[..buckets]);
        let mut entries = vec![0u32; sum as usize + 1];
        let mut index = 0u32;
        for digits in self.of_round(round, rounds) {
            for digit in digits {
                let size = usize::from(digit.unsigned_abs());
                let place = &mut places[size];
                entries[*place as usize] = index << 1 | u32::from(*digit < 0);
                *place = place.wrapping_add(u32::from(size != 0));
                index = index.wrapping_add(1);
            }
        }
        entries.truncate(sum as usize);
        (starts, entries)
    }
}

/// B in five words.
fn bias(width: usize, windows: usize) -> [u64; 5] {
    let mut words = [0u64; 5];
    for window in 0..windows {
        let bit = window * width + width - 1;
        words[bit / 64] |= 1 << (bit % 64);
    }
    words
}

/// x + B, where x is the scalar or the scalar less the order.
fn biased(scalar: &BigInt, bias: &[u64; 5]) -> [u64; 5] {
    let mut size = *scalar;
    let negative = *scalar > Fr::MODULUS_MINUS_ONE_DIV_TWO;
    if negative {
        size = Fr::MODULUS;
        size.sub_with_borrow(scalar);
    }
    let mut out = *bias;
    let mut carry = false;
    let words = size.0.into_iter().chain([0]);
    for (out, word) in out.iter_mut().zip(words) {
        let (first, over, second, over_again);
        if negative {
            (first, over) = out.overflowing_sub(word);
            (second, over_again) = first.overflowing_sub(u64::from(carry));
        } else {
            (first, over) = out.overflowing_add(word);
            (second, over_again) = first.overflowing_add(u64::from(carry));
        }
        *out = second;
        carry = over | over_again;
    }
    out
}

fn digit_of(words: &[u64; 5], bit: usize, width: usize) -> i16 {
    let (word, shift) = (bit / 64, bit % 64);
    let mut value = words[word] >> shift;
    if shift + width > 64 && word < 4 {
        value |= words[word + 1] << (64 - shift);
    }
    let mask = (1u64 << width) - 1;
    // Between −2^15 and 2^15 − 1.
    ((value & mask) as i32).wrapping_sub(1 << (width - 1)) as i16
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field};

    #[test]
    fn digits_add_up_to_the_scalar() {
        let half = Fr::from(Fr::MODULUS_MINUS_ONE_DIV_TWO);
        let mut scalars = vec![Fr::ZERO, Fr::ONE, -Fr::ONE, half, half + Fr::ONE];
        for power in 0..254u64 {
            let value = Fr::from(2u64).pow([power]);
            scalars.extend([value, -value, value - Fr::ONE, half - value]);
        }
        let plain: Vec<BigInt> = scalars.iter().map(|x| x.into_bigint()).collect();
        for width in 2..=16 {
            let digits = Digits::of(&plain, width);
            let mut sums = vec![Fr::ZERO; scalars.len()];
            for window in 0..digits.windows() {
                let weight = Fr::from(2u64).pow([(window * width) as u64]);
                let (starts, entries) = digits.sort(window, digits.windows());
                assert_eq!(starts.len(), (1 << (width - 1)) + 1);
                assert_eq!(*starts.last().unwrap() as usize, entries.len());
                for (bucket, range) in starts.windows(2).enumerate() {
                    for entry in &entries[range[0] as usize..range[1] as usize] {
                        let value = weight * Fr::from(bucket as u64 + 1);
                        let sum = &mut sums[(entry >> 1) as usize];
                        *sum += if entry & 1 == 1 { -value } else { value };
                    }
                }
            }
            assert_eq!(sums, scalars, "{width}");
        }
    }
}
