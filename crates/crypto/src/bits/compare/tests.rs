//! Both verdicts of every flag are provable, each only where it is true.

#![allow(clippy::unwrap_used)]

use alloc::{vec, vec::Vec};

use ark_r1cs_std::alloc::AllocVar;
use ark_relations::gr1cs::ConstraintSystem;

use super::*;
use crate::{
    bits::split,
    mutation::{Snapshot, matrices, setup_matrices},
};

fn new_witness(cs: &Cs, value: Fr) -> FrVar {
    FrVar::new_witness(cs.clone(), || Ok(value)).unwrap()
}

fn power(n: u64) -> Fr {
    Fr::from(2u64).pow([n])
}

/// Flips the flag, which is the first witness after `inputs`, and tries both the old and a recomputed hint.
fn assert_flag_is_fixed(cs: &Cs, flag: &Boolean<Fr>, inverse_hints: &[Fr]) {
    let snapshot = Snapshot::of(cs).unwrap();
    assert!(snapshot.is_satisfied());
    let index = flag.variable().index().unwrap();
    let flipped = Fr::ONE - snapshot.witness(index).unwrap();
    for hint in inverse_hints {
        let mut attack = snapshot.clone();
        attack.set_witness(index, flipped);
        attack.set_witness(index + 1, *hint);
        assert!(!attack.is_satisfied());
    }
}

#[test]
fn c_05_zero_flag_is_exact_and_fixed() {
    for value in [Fr::ZERO, Fr::ONE, -Fr::ONE, power(253)] {
        let cs = ConstraintSystem::new_ref();
        let x = new_witness(&cs, value);
        let flag = is_zero(&x).unwrap();
        assert_eq!(flag.value().unwrap(), value == Fr::ZERO);
        assert_eq!(cs.num_constraints(), 2);
        let inverse = value.inverse().unwrap_or(Fr::ZERO);
        assert_flag_is_fixed(&cs, &flag, &[Fr::ZERO, Fr::ONE, inverse]);
        let snapshot = Snapshot::of(&cs).unwrap();
        // x itself is an input here: only its own mutation that keeps the flag's relation could survive.
        assert_eq!(snapshot.survivors_among(1..snapshot.witnesses()), []);
        assert!(snapshot.loose(0..1).is_empty());
        assert_eq!(
            is_zero(&FrVar::Constant(value)).unwrap(),
            Boolean::constant(value == Fr::ZERO)
        );
    }
}

#[test]
fn free_hints_are_the_inverses_of_zero() {
    let cs = ConstraintSystem::new_ref();
    let (zero, one) = (new_witness(&cs, Fr::ZERO), new_witness(&cs, Fr::ONE));
    let _ = is_zero(&zero).unwrap();
    let _ = is_zero(&one).unwrap();
    let _ = is_equal(&zero, &zero).unwrap();
    assert_eq!(FreeHints::of(&cs), [3, 7]);
}

#[test]
fn conjunction_is_exact() {
    for count in 0..=7u32 {
        for pattern in 0..1u32 << count {
            let cs = ConstraintSystem::new_ref();
            let flags: Vec<_> = (0..count)
                .map(|i| Boolean::new_witness(cs.clone(), || Ok(pattern >> i & 1 == 1)).unwrap())
                .collect();
            let before = cs.num_constraints();
            let conjunction = all(&flags).unwrap();
            assert_eq!(conjunction.value().unwrap(), pattern.count_ones() == count);
            assert!(cs.is_satisfied().unwrap());
            assert!(cs.num_constraints() - before <= 2);
            let mut with_constant = flags.clone();
            with_constant.push(Boolean::TRUE);
            let again = all(&with_constant).unwrap();
            assert_eq!(again.value().unwrap(), conjunction.value().unwrap());
            with_constant.push(Boolean::FALSE);
            assert_eq!(all(&with_constant).unwrap(), Boolean::FALSE);
        }
    }
}

#[test]
fn c_27_order_is_exact_over_all_small_pairs() {
    for n in [1, 3] {
        for a in 0..1u64 << n {
            for b in 0..=1u64 << n {
                let cs = ConstraintSystem::new_ref();
                let (a_var, b_var) = (new_witness(&cs, a.into()), new_witness(&cs, b.into()));
                let below = is_below(&a_var, &b_var, n).unwrap();
                assert_eq!(below.value().unwrap(), a < b, "{a} < {b}");
                assert!(cs.is_satisfied().unwrap());
                assert_eq!(cs.num_constraints(), n + 1);
                let snapshot = Snapshot::of(&cs).unwrap();
                assert_eq!(snapshot.survivors_among(2..snapshot.witnesses()), []);
                assert!(snapshot.loose(0..2).is_empty());
            }
        }
    }
}

#[test]
fn c_27_order_is_exact_at_the_edges() {
    for n in [50u64, 128, 252] {
        let edges = [
            Fr::ZERO,
            Fr::ONE,
            power(n - 1),
            power(n) - Fr::ONE,
            power(n),
        ];
        for a in &edges[..4] {
            for b in edges {
                let cs = ConstraintSystem::new_ref();
                let (a_var, b_var) = (new_witness(&cs, *a), new_witness(&cs, b));
                let below = is_below(&a_var, &b_var, n as usize).unwrap();
                assert_eq!(below.value().unwrap(), *a < b, "{a} < {b}");
                assert!(cs.is_satisfied().unwrap());
            }
        }
    }
    assert!(is_below(&FrVar::Constant(Fr::ONE), &FrVar::Constant(Fr::ONE), 253).is_err());
}

#[test]
fn c_16_index_bounds_are_exact() {
    let low = 6;
    for limit in [0u64, 1, 25, 63, 64] {
        for index in [0, 1, 24, 25, 62, 63, 64, 65, 1 << 40, (1 << 50) - 1] {
            let cs = ConstraintSystem::new_ref();
            let bits = split(&new_witness(&cs, index.into()), 50).unwrap();
            let limit_var = new_witness(&cs, limit.into());
            let before = cs.num_constraints();
            let below = is_index_below(&bits, &limit_var, low).unwrap();
            assert_eq!(below.value().unwrap(), index < limit, "{index} < {limit}");
            assert!(cs.is_satisfied().unwrap());
            assert_eq!(cs.num_constraints() - before, low + 4);
        }
    }
}

/// Balances at every boundary of the three certificates.
fn balances() -> Vec<Fr> {
    let q = Fr::from(limbs(&Fr::MODULUS).1) * power(128);
    let mut values = vec![Fr::ZERO, Fr::ONE, -Fr::ONE, -Fr::from(2u64)];
    for x in [
        power(50),
        power(100),
        power(126),
        power(127),
        power(128),
        power(252),
        power(253),
        q,
    ] {
        values.extend([x - Fr::ONE, x, x + Fr::ONE, -x, -x - Fr::ONE, -x + Fr::ONE]);
    }
    values.extend([
        q + power(100),
        q + power(100) - Fr::ONE,
        power(254),
        -power(128) - power(100),
    ]);
    values
}

fn weights() -> [Fr; 6] {
    let most = power(50) - Fr::ONE;
    [
        Fr::ZERO,
        Fr::ONE,
        Fr::from(81u64),
        most,
        most * most,
        power(100),
    ]
}

#[test]
fn c_22_credit_comparison_is_exact_and_total() {
    for l in balances() {
        for w in weights() {
            let cs = ConstraintSystem::new_ref();
            let (l_var, w_var) = (new_witness(&cs, l), new_witness(&cs, w));
            let enough = is_ge_exact(&l_var, &w_var).unwrap();
            let expected = l.into_bigint() >= w.into_bigint();
            assert_eq!(enough.value().unwrap(), expected, "{l} >= {w}");
            assert!(cs.is_satisfied().unwrap(), "{l} >= {w}");
            assert_eq!(cs.num_constraints(), 263);
            let constant = is_ge_exact(&FrVar::Constant(l), &FrVar::Constant(w)).unwrap();
            assert_eq!(constant, Boolean::constant(expected));
        }
    }
}

/// 254-bit representations of a field element: itself and its alias.
fn representations(v: Fr) -> Vec<(u128, u128)> {
    let mut alias = v.into_bigint();
    alias.add_with_carry(&Fr::MODULUS);
    let mut found = vec![limbs(&v.into_bigint())];
    if alias.num_bits() <= 254 {
        found.push(limbs(&alias));
    }
    found
}

#[test]
fn c_05_credit_verdict_has_no_second_witness() {
    for l in balances() {
        for w in weights() {
            let enough = l.into_bigint() >= w.into_bigint();
            // Every certificate of the other verdict, with the best limbs a prover has.
            let forged: Vec<Certificate> = if enough {
                vec![Certificate::insufficient(l, w)]
            } else {
                let mut forged: Vec<_> = (representations(l - w).into_iter())
                    .map(|(low, high)| Certificate {
                        low,
                        high,
                        ..Certificate::sufficient(l, w)
                    })
                    .collect();
                forged.push(Certificate::near_p(l));
                forged
            };
            for hint in forged {
                let cs = ConstraintSystem::new_ref();
                let (l_var, w_var) = (new_witness(&cs, l), new_witness(&cs, w));
                let verdict = ge_certified(&cs, &l_var, &w_var, Some(hint)).unwrap();
                assert_ne!(verdict.value().unwrap(), enough);
                assert!(!cs.is_satisfied().unwrap(), "{l} >= {w} by {hint:?}");
            }
            // Two selectors at once, and none of the other limbs, do not help either.
            let cs = ConstraintSystem::new_ref();
            let (l_var, w_var) = (new_witness(&cs, l), new_witness(&cs, w));
            let both = Certificate {
                near_p: true,
                ..Certificate::insufficient(l, w)
            };
            let _ = ge_certified(&cs, &l_var, &w_var, Some(both)).unwrap();
            assert!(!cs.is_satisfied().unwrap());
        }
    }
}

#[test]
fn c_25_no_hint_of_the_credit_comparison_is_free() {
    for l in balances() {
        let cs = ConstraintSystem::new_ref();
        let (l_var, w_var) = (new_witness(&cs, l), new_witness(&cs, Fr::from(81u64)));
        let _ = is_ge_exact(&l_var, &w_var).unwrap();
        let snapshot = Snapshot::of(&cs).unwrap();
        assert_eq!(snapshot.survivors_among(2..snapshot.witnesses()), [], "{l}");
        assert!(snapshot.loose(0..2).is_empty());
    }
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &Cs, l: Fr, w: Fr| {
        let l = FrVar::new_witness(cs.clone(), || Ok(l))?;
        let w = FrVar::new_witness(cs.clone(), || Ok(w))?;
        let flags = [
            is_ge_exact(&l, &w)?,
            is_equal(&l, &w)?,
            is_zero(&l)?,
            is_below(&l, &w, 250)?,
        ];
        all(&flags).map(drop)
    };
    let expected = setup_matrices(|cs| synthesise(cs, Fr::ZERO, Fr::ZERO)).unwrap();
    for (l, w) in [
        (Fr::ZERO, Fr::ZERO),
        (-Fr::ONE, Fr::ONE),
        (Fr::ONE, power(99)),
    ] {
        let cs = ConstraintSystem::new_ref();
        synthesise(&cs, l, w).unwrap();
        assert_eq!(matrices(&cs).unwrap(), expected);
    }
}
