//! The scalars of a key's points H, from the values of A, B and C at the roots of unity.
//!
//! Each of A, B and C is interpolated and evaluated on a coset, where Z, the polynomial of the roots, has no zero. What
//! follows is the key's [`Reduction`]. In vectors the two transforms of a polynomial are one walk over the matrix of its
//! values and back, three passes in all; elsewhere, and for small sizes, arkworks' transforms do the same.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, FftField, Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;

use crate::backend::Backend;
use crate::cancel::Cancel;
use crate::error::ProveError;

type BigInt = <Fr as PrimeField>::BigInt;

/// Values of A, B and C in the order of the roots' powers; zeros follow the last one.
pub type Columns = [Vec<Fr>; 3];

/// What a key's points H are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// Coefficients of (A·B − C) / Z: arkworks' keys. Seven transforms, the last one back from the coset of the field's
    /// generator.
    Libsnark,
    /// Values of A·B − C at the odd points of the doubled domain: snarkjs' keys. Six transforms.
    Circom,
}

impl Reduction {
    /// The coset and 1 / Z on it, or what stands for it: snarkjs' points have Z in them.
    fn coset(self, size: usize) -> Option<(Fr, Fr)> {
        match self {
            Self::Libsnark => {
                let shift = Fr::GENERATOR;
                Some((shift, (shift.pow([size as u64]) - Fr::ONE).inverse()?))
            }
            Self::Circom => Some((Fr::get_root_of_unity(2 * size as u64)?, Fr::ONE)),
        }
    }
}

/// The scalars of H as plain numbers. `None` where the field has no such root of unity.
pub fn quotient(
    backend: Backend,
    reduction: Reduction,
    columns: Columns,
    size: usize,
    cancel: &Cancel,
) -> Result<Option<Vec<BigInt>>, ProveError> {
    let Some((shift, factor)) = size
        .is_power_of_two()
        .then(|| reduction.coset(size))
        .flatten()
    else {
        return Ok(None);
    };
    #[cfg(target_arch = "x86_64")]
    if let Some(plan) = backend
        .vectors()
        .then(maci_lanes::Ifma::detect)
        .flatten()
        .and_then(|ifma| maci_lanes::Plan::new(ifma, size.trailing_zeros(), shift))
    {
        return vectors::quotient(&plan, reduction, factor, columns, cancel).map(Some);
    }
    scalar(reduction, (shift, factor), columns, size, cancel)
}

/// With arkworks' transforms.
fn scalar(
    reduction: Reduction,
    (shift, factor): (Fr, Fr),
    columns: Columns,
    size: usize,
    cancel: &Cancel,
) -> Result<Option<Vec<BigInt>>, ProveError> {
    let Some((domain, coset)) = Radix2EvaluationDomain::<Fr>::new(size)
        .and_then(|domain| Some((domain, domain.get_coset(shift)?)))
    else {
        return Ok(None);
    };
    let [mut a, mut b, mut c] = columns;
    for polynomial in [&mut a, &mut b, &mut c] {
        cancel.check()?;
        polynomial.resize(size, Fr::ZERO);
        domain.ifft_in_place(polynomial);
        coset.fft_in_place(polynomial);
    }
    a.par_iter_mut()
        .zip(b)
        .zip(c)
        .with_min_len(1024)
        .for_each(|((a, b), c)| *a = (*a * b - c) * factor);
    if reduction == Reduction::Libsnark {
        coset.ifft_in_place(&mut a);
    }
    Ok(Some(
        a.par_iter().map(|value| value.into_bigint()).collect(),
    ))
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    use maci_lanes::{Eight, LANES, Plan};

    use super::{BigInt, Cancel, Columns, Fr, ProveError, Reduction};
    use rayon::prelude::*;

    pub(super) fn quotient(
        plan: &Plan,
        reduction: Reduction,
        factor: Fr,
        columns: Columns,
        cancel: &Cancel,
    ) -> Result<Vec<BigInt>, ProveError> {
        let count = plan.size() / LANES;
        let mut rows = vec![Eight::default(); count];
        let [a, b, c] = columns;
        let mut a = on_coset(plan, a, &mut rows);
        cancel.check()?;
        let b = on_coset(plan, b, &mut rows);
        cancel.check()?;
        let c = on_coset(plan, c, &mut rows);
        cancel.check()?;
        drop(rows);
        let factor = factor.into();
        a.par_chunks_mut(plan.rows())
            .zip(b.par_chunks(plan.rows()))
            .zip(c.par_chunks(plan.rows()))
            .for_each(|((a, b), c)| plan.quotient(a, b, c, &factor));
        drop((b, c));
        Ok(match reduction {
            Reduction::Libsnark => coefficients(plan, a),
            Reduction::Circom => values(plan, &a),
        })
    }

    fn coefficients(plan: &Plan, mut values: Vec<Eight>) -> Vec<BigInt> {
        values
            .par_chunks_mut(plan.rows())
            .enumerate()
            .for_each(|(block, values)| plan.interpolate_columns(block, values));
        let blocks: Vec<Vec<BigInt>> = (0..plan.rows() / LANES)
            .into_par_iter()
            .map_init(
                || vec![Eight::default(); plan.columns()],
                |scratch, block| {
                    let mut out = vec![BigInt::default(); plan.columns() * LANES];
                    plan.coefficients(block, &values, scratch, &mut out);
                    out
                },
            )
            .collect();
        (0..plan.size())
            .into_par_iter()
            .with_min_len(1024)
            .map(|index| {
                let (block, place) = plan.place_of(index);
                blocks[block][place]
            })
            .collect()
    }

    /// Values in their order, as plain numbers: a row of the matrix is made of one vector of each block.
    fn values(plan: &Plan, columns: &[Eight]) -> Vec<BigInt> {
        let mut out = vec![BigInt::default(); plan.size()];
        out.par_chunks_mut(plan.columns())
            .enumerate()
            .for_each(|(row, out)| {
                let vectors = columns.iter().skip(row).step_by(plan.rows());
                for (out, vector) in out.as_chunks_mut::<LANES>().0.iter_mut().zip(vectors) {
                    *out = plan.plain(vector);
                }
            });
        out
    }

    /// Values at the roots of unity to values on the coset, in blocks of eight columns.
    fn on_coset(plan: &Plan, values: Vec<Fr>, rows: &mut [Eight]) -> Vec<Eight> {
        let mut columns = vec![Eight::default(); rows.len()];
        columns
            .par_chunks_mut(plan.rows())
            .enumerate()
            .for_each(|(block, out)| plan.interpolate_values(block, &values, out));
        drop(values);
        rows.par_chunks_mut(plan.columns())
            .enumerate()
            .for_each(|(block, out)| plan.rows_to_coset(block, &columns, out));
        columns
            .par_chunks_mut(plan.rows())
            .enumerate()
            .for_each(|(block, out)| plan.columns_on_coset(block, rows, out));
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_agree_at_every_size() {
        let mut value = Fr::from(3u64);
        for bits in 1..=18usize {
            let size = 1 << bits;
            let columns: Columns = core::array::from_fn(|column| {
                // The last values are left out now and then.
                let length = size - (column * bits).min(size / 2);
                (0..length)
                    .map(|_| {
                        value = value * value + Fr::ONE;
                        value
                    })
                    .collect()
            });
            let cancel = Cancel::new();
            for reduction in [Reduction::Libsnark, Reduction::Circom] {
                let of =
                    |backend| quotient(backend, reduction, columns.clone(), size, &cancel).unwrap();
                assert_eq!(of(Backend::Vectors), of(Backend::Scalar), "{bits}");
            }
        }
    }

    #[test]
    fn no_size_but_a_power_of_two() {
        let columns = || [vec![Fr::ONE; 48], vec![Fr::ONE; 48], vec![Fr::ONE; 48]];
        assert_eq!(
            quotient(
                Backend::Vectors,
                Reduction::Libsnark,
                columns(),
                48,
                &Cancel::new()
            )
            .unwrap(),
            None
        );
        let cancel = Cancel::new();
        cancel.cancel();
        assert_eq!(
            quotient(Backend::Scalar, Reduction::Circom, columns(), 64, &cancel),
            Err(ProveError::Cancelled)
        );
    }
}
