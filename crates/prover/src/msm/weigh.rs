//! Weighted sums of buckets: Σ (k + 1)·B(k).
//!
//! With k = 2^s·row + column, the sum of k·B(k) is 2^s times the rows' sums weighted by row, and the columns' sums weighted by
//! column. Sums of rows and columns are plain sums of groups, two additions for each bucket; what is left to weigh is the
//! square root of what there was, and the buckets of all windows go on together.

use ark_ff::{AdditiveGroup, Zero};
use maci_lanes::PointSums;
use rayon::prelude::*;

use super::{Group, groups};
use crate::cancel::Cancel;
use crate::error::ProveError;

/// Arrays of up to 2^SMALL buckets are summed one after the other.
const SMALL: usize = 4;

/// The sums of an array's rows and of its columns.
pub(super) struct Folded<S: PointSums> {
    rows: Vec<S::Packed>,
    columns: Vec<S::Packed>,
}

/// Σ k·B(k) and Σ B(k).
type Weighted<S> = (Group<S>, Group<S>);

/// Bits of a row's number and of a column's.
fn halves(bits: usize) -> (usize, usize) {
    (bits - bits / 2, bits / 2)
}

/// Folds arrays of 2^`bits` buckets that lie one after the other.
pub(super) fn fold<S: PointSums>(
    sums: S,
    buckets: &[S::Packed],
    bits: usize,
    cancel: &Cancel,
) -> Result<Folded<S>, ProveError> {
    let (row_bits, column_bits) = halves(bits);
    let (rows, columns) = (1 << row_bits, 1 << column_bits);
    let sums_of = |groups: &mut dyn Iterator<Item = (usize, usize, usize)>| {
        let mut starts = vec![0u32];
        let mut entries = Vec::with_capacity(buckets.len());
        for (first, step, count) in groups {
            for index in (first..).step_by(step).take(count) {
                if !sums.is_infinite(&buckets[index]) {
                    entries.push((index as u32) << 1);
                }
            }
            starts.push(entries.len() as u32);
        }
        groups::sum(sums, buckets, &starts, &entries, cancel)
    };
    let arrays = buckets.len() >> bits;
    Ok(Folded {
        rows: sums_of(&mut (0..arrays * rows).map(|row| (row * columns, 1, columns)))?,
        columns: sums_of(&mut (0..arrays).flat_map(|array| {
            (0..columns).map(move |column| ((array << bits) + column, columns, rows))
        }))?,
    })
}

/// One weighted sum Σ (k + 1)·B(k) for each array that was folded.
pub(super) fn finish<S: PointSums>(
    sums: S,
    folded: Vec<Folded<S>>,
    bits: usize,
    cancel: &Cancel,
) -> Result<Vec<Group<S>>, ProveError> {
    let (mut rows, mut columns) = (Vec::new(), Vec::new());
    for array in folded {
        rows.extend(array.rows);
        columns.extend(array.columns);
    }
    let weighted = join(sums, &Folded { rows, columns }, bits, cancel)?;
    Ok(weighted
        .into_iter()
        .map(|(weighted, plain)| weighted + plain)
        .collect())
}

fn join<S: PointSums>(
    sums: S,
    folded: &Folded<S>,
    bits: usize,
    cancel: &Cancel,
) -> Result<Vec<Weighted<S>>, ProveError> {
    let (row_bits, column_bits) = halves(bits);
    let rows = weigh(sums, &folded.rows, row_bits, cancel)?;
    let columns = weigh(sums, &folded.columns, column_bits, cancel)?;
    Ok(rows
        .into_iter()
        .zip(columns)
        .map(|((row, plain), (column, _))| {
            let shifted = (0..column_bits).fold(row, |row, _| row.double());
            (shifted + column, plain)
        })
        .collect())
}

fn weigh<S: PointSums>(
    sums: S,
    buckets: &[S::Packed],
    bits: usize,
    cancel: &Cancel,
) -> Result<Vec<Weighted<S>>, ProveError> {
    if bits > SMALL {
        return join(sums, &fold(sums, buckets, bits, cancel)?, bits, cancel);
    }
    Ok(buckets
        .par_chunks(1 << bits)
        .map(|array| {
            let mut plain = Group::<S>::zero();
            let mut weighted = Group::<S>::zero();
            for bucket in array[1..].iter().rev() {
                plain += sums.unpack(bucket);
                weighted += plain;
            }
            (weighted, plain + sums.unpack(&array[0]))
        })
        .collect())
}
