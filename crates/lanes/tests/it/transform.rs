//! Transforms of every size beside arkworks'.
#![cfg(target_arch = "x86_64")]

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, FftField, Field, PrimeField};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use maci_lanes::{Eight, Ifma, LANES, Plan};

fn values(seed: u64, count: usize) -> Vec<Fr> {
    let mut value = Fr::from(seed);
    (0..count as u64)
        .map(|index| {
            value = value.square() + Fr::from(index);
            // Edges among them.
            match index % 7 {
                3 => Fr::ZERO,
                5 => -Fr::ONE,
                _ => value,
            }
        })
        .collect()
}

/// Values at the roots of unity to values on the coset, in blocks of columns.
fn to_coset(plan: &Plan, values: &[Fr]) -> Vec<Eight> {
    let count = plan.size() / LANES;
    let mut columns = vec![Eight::default(); count];
    for (block, out) in columns.chunks_mut(plan.rows()).enumerate() {
        plan.interpolate_values(block, values, out);
    }
    let mut rows = vec![Eight::default(); count];
    for (block, out) in rows.chunks_mut(plan.columns()).enumerate() {
        plan.rows_to_coset(block, &columns, out);
    }
    for (block, out) in columns.chunks_mut(plan.rows()).enumerate() {
        plan.columns_on_coset(block, &rows, out);
    }
    columns
}

/// Values in their order, as plain numbers.
fn plain(plan: &Plan, columns: &[Eight]) -> Vec<BigInt<4>> {
    (0..plan.rows())
        .flat_map(|row| columns.iter().skip(row).step_by(plan.rows()))
        .flat_map(|vector| plan.plain(vector))
        .collect()
}

#[test]
fn transforms_are_those_of_arkworks() {
    let Some(ifma) = Ifma::detect() else {
        eprintln!("no vectors here: nothing to compare");
        return;
    };
    for bits in 6..=13 {
        let plan = Plan::new(ifma, bits, Fr::GENERATOR).unwrap();
        let size = plan.size();
        assert_eq!(size, 1 << bits);
        let domain = Radix2EvaluationDomain::<Fr>::new(size).unwrap();
        let coset = domain.get_coset(Fr::GENERATOR).unwrap();
        // Short lists are filled up with zeros.
        for length in [size, size - 3, size / 2 + 1] {
            let (a, b, c) = (values(2, length), values(3, length), values(4, length));
            let on_coset = |values: &[Fr]| coset.fft(&domain.ifft(values));
            let expected = |less: &dyn Fn(usize) -> Fr| -> Vec<BigInt<4>> {
                let pairs = on_coset(&a).into_iter().zip(on_coset(&b)).enumerate();
                pairs
                    .map(|(index, (a, b))| (a * b - less(index)).into_bigint())
                    .collect()
            };
            let (of_a, of_b) = (to_coset(&plan, &a), to_coset(&plan, &b));
            let mut ours = of_a.clone();
            plan.product(&mut ours, &of_b);
            assert_eq!(plain(&plan, &ours), expected(&|_| Fr::ZERO), "{bits}");
            let mut ours = of_a;
            plan.product_less(&mut ours, &of_b, &to_coset(&plan, &c));
            let c = on_coset(&c);
            assert_eq!(plain(&plan, &ours), expected(&|index| c[index]), "{bits}");
        }
    }
}

#[test]
fn other_sizes_have_no_plan() {
    if let Some(ifma) = Ifma::detect() {
        assert!(Plan::new(ifma, 5, Fr::ONE).is_none());
        assert!(Plan::new(ifma, 29, Fr::ONE).is_none());
        assert!(Plan::new(ifma, 8, Fr::ZERO).is_none());
    }
}
