//! The scalars of a key's points H, from the rows' values of A, B and C.
//!
//! The quotient is known by its values at the odd points of the doubled domain, where Z, the polynomial of the domain's roots,
//! is −2 and in the points already: A·B − C there is all that is asked for. A, B and C are each interpolated and evaluated at
//! those points. A key that has C's part in its points L asks for A·B alone, four transforms in place of six. In vectors the
//! two transforms of a polynomial are one walk over the matrix of its values and back, three passes in all; elsewhere, and for
//! small sizes, arkworks' transforms do the same.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, FftField, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use rayon::prelude::*;

use crate::backend::Backend;
use crate::cancel::Cancel;
use crate::error::ProveError;

type BigInt = <Fr as PrimeField>::BigInt;

/// Values in the order of the roots' powers; zeros follow the last one.
#[derive(Clone)]
pub(crate) struct Columns {
    /// Of A.
    pub(crate) a: Vec<Fr>,
    /// Of B.
    pub(crate) b: Vec<Fr>,
    /// Of C; none where the key's points L have its part.
    pub(crate) c: Option<Vec<Fr>>,
}

/// The scalars of H as plain numbers. `None` where the field has no such root of unity.
pub(crate) fn quotient(
    backend: Backend,
    columns: Columns,
    size: usize,
    cancel: &Cancel,
) -> Result<Option<Vec<BigInt>>, ProveError> {
    let shift = size
        .is_power_of_two()
        .then(|| Fr::get_root_of_unity(2 * size as u64));
    let Some(shift) = shift.flatten() else {
        return Ok(None);
    };
    #[cfg(target_arch = "x86_64")]
    if let Some(plan) = backend
        .vectors()
        .then(maci_lanes::Ifma::detect)
        .flatten()
        .and_then(|ifma| maci_lanes::Plan::new(ifma, size.trailing_zeros(), shift))
    {
        return vectors::quotient(&plan, columns, cancel).map(Some);
    }
    scalar(shift, columns, size, cancel)
}

/// With arkworks' transforms.
fn scalar(
    shift: Fr,
    columns: Columns,
    size: usize,
    cancel: &Cancel,
) -> Result<Option<Vec<BigInt>>, ProveError> {
    let Some((domain, coset)) = Radix2EvaluationDomain::<Fr>::new(size)
        .and_then(|domain| Some((domain, domain.get_coset(shift)?)))
    else {
        return Ok(None);
    };
    let on_coset = |mut values: Vec<Fr>| -> Result<_, ProveError> {
        cancel.check()?;
        values.resize(size, Fr::ZERO);
        domain.ifft_in_place(&mut values);
        coset.fft_in_place(&mut values);
        Ok(values)
    };
    let mut a = on_coset(columns.a)?;
    let b = on_coset(columns.b)?;
    a.par_iter_mut().zip(b).for_each(|(a, b)| *a *= b);
    if let Some(c) = columns.c {
        let c = on_coset(c)?;
        a.par_iter_mut().zip(c).for_each(|(a, c)| *a -= c);
    }
    let plain = a.par_iter().map(|value| value.into_bigint());
    Ok(Some(plain.collect()))
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    use maci_lanes::{Eight, LANES, Plan};
    use rayon::prelude::*;

    use super::{BigInt, Cancel, Columns, Fr, ProveError};

    pub(super) fn quotient(
        plan: &Plan,
        columns: Columns,
        cancel: &Cancel,
    ) -> Result<Vec<BigInt>, ProveError> {
        let mut rows = vec![Eight::default(); plan.size() / LANES];
        let mut to_coset = |values| -> Result<_, ProveError> {
            cancel.check()?;
            Ok(on_coset(plan, values, &mut rows))
        };
        let mut a = to_coset(columns.a)?;
        let b = to_coset(columns.b)?;
        let c = columns.c.map(to_coset).transpose()?;
        drop(rows);
        let blocks = a.par_chunks_mut(plan.rows());
        let blocks = blocks.zip(b.par_chunks(plan.rows()));
        match &c {
            None => blocks.for_each(|(a, b)| plan.product(a, b)),
            Some(c) => blocks
                .zip(c.par_chunks(plan.rows()))
                .for_each(|((a, b), c)| plan.product_less(a, b, c)),
        }
        drop((b, c));
        Ok(values(plan, &a))
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
    use ark_ff::Field;

    #[test]
    fn both_ways_agree_at_every_size() {
        if !Backend::Vectors.vectors() {
            eprintln!("no vectors here: arkworks is compared with itself");
        }
        let mut value = Fr::from(3u64);
        for bits in 1..=18usize {
            let size = 1 << bits;
            let mut column = |number: usize| -> Vec<Fr> {
                // The last values are left out now and then.
                let length = size - (number * bits).min(size / 2);
                (0..length)
                    .map(|_| {
                        value = value * value + Fr::ONE;
                        value
                    })
                    .collect()
            };
            let (a, b, c) = (column(0), column(1), column(2));
            let cancel = Cancel::new();
            for c in [None, Some(c)] {
                let columns = Columns {
                    a: a.clone(),
                    b: b.clone(),
                    c,
                };
                let of = |backend| quotient(backend, columns.clone(), size, &cancel).unwrap();
                assert_eq!(of(Backend::Vectors), of(Backend::Scalar), "{bits}");
            }
        }
    }

    #[test]
    fn no_size_but_a_power_of_two() {
        let columns = || Columns {
            a: vec![Fr::ONE; 48],
            b: vec![Fr::ONE; 48],
            c: None,
        };
        let cancel = Cancel::new();
        let of = |size| quotient(Backend::Vectors, columns(), size, &cancel);
        assert_eq!(of(48).unwrap(), None);
        cancel.cancel();
        for backend in [Backend::Vectors, Backend::Scalar] {
            assert_eq!(
                quotient(backend, columns(), 64, &cancel),
                Err(ProveError::Cancelled)
            );
        }
    }
}
