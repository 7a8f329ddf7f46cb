//! Decryption equals native and reads neither tag nor padding as a condition.

#![allow(clippy::unwrap_used)]

use ark_r1cs_std::{
    GR1CSVar,
    alloc::{AllocVar, AllocationMode},
};
use ark_relations::gr1cs::ConstraintSystem;
use proptest::prelude::*;

use super::*;
use crate::{
    babyjubjub::RawPoint,
    bits::Cs,
    cipher,
    mutation::{Snapshot, matrices, setup_matrices},
    testing::arb_fr,
};

fn allocate(cs: &Cs, data: &[Fr; 10], mode: AllocationMode) -> [FrVar; 10] {
    data.map(|v| FrVar::new_variable(cs.clone(), || Ok(v), mode).unwrap())
}

fn key() -> RawPoint {
    RawPoint::new(Fr::from(3u64), Fr::from(4u64))
}

#[test]
fn c_04_decryption_inverts_encryption_whatever_the_tag() {
    let plain: [Fr; 7] = core::array::from_fn(|i| Fr::from(i as u64 + 1));
    let mut data = cipher::encrypt(&plain, &key());
    for tag in [data[9], data[9] + Fr::ONE, Fr::ZERO] {
        data[9] = tag;
        for mode in [
            AllocationMode::Constant,
            AllocationMode::Input,
            AllocationMode::Witness,
        ] {
            let cs = ConstraintSystem::new_ref();
            let key = PointVar::new_witness(&cs, Some(key())).unwrap();
            let found = decrypt(&allocate(&cs, &data, mode), &key).unwrap();
            assert_eq!(found.map(|x| x.value().unwrap()), plain);
            assert!(cs.is_satisfied().unwrap());
            if mode == AllocationMode::Witness {
                assert_eq!(cs.num_constraints(), 786);
            }
        }
    }
}

#[test]
fn c_25_no_witness_of_decryption_is_free() {
    let cs = ConstraintSystem::new_ref();
    let key = PointVar::new_input(&cs, Some(key())).unwrap();
    let data = core::array::from_fn(|i| Fr::from(i as u64));
    let _ = decrypt(&allocate(&cs, &data, AllocationMode::Input), &key).unwrap();
    let snapshot = Snapshot::of(&cs).unwrap();
    assert_eq!(snapshot.survivors(), []);
    assert!(snapshot.loose([]).is_empty());
}

#[test]
fn c_26_structure_does_not_depend_on_the_witness() {
    let synthesise = |cs: &Cs, seed: u64| {
        let key = PointVar::new_witness(cs, Some(RawPoint::new(seed.into(), Fr::ONE)))?;
        let data = core::array::from_fn(|i| Fr::from(i as u64 * seed));
        decrypt(&allocate(cs, &data, AllocationMode::Witness), &key).map(drop)
    };
    let expected = setup_matrices(|cs| synthesise(cs, 0)).unwrap();
    let cs = ConstraintSystem::new_ref();
    synthesise(&cs, 5).unwrap();
    assert_eq!(matrices(&cs).unwrap(), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn c_21_any_ten_elements_decrypt_as_natively(
        data in proptest::array::uniform10(arb_fr()), x in arb_fr(), y in arb_fr(),
    ) {
        let cs = ConstraintSystem::new_ref();
        let key = RawPoint::new(x, y);
        let key_var = PointVar::new_witness(&cs, Some(key)).unwrap();
        let found = decrypt(&allocate(&cs, &data, AllocationMode::Witness), &key_var).unwrap();
        prop_assert_eq!(found.map(|x| x.value().unwrap()), cipher::decrypt(&data, &key));
        prop_assert!(cs.is_satisfied().unwrap());
    }
}
