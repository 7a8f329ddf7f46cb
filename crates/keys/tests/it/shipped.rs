//! The keys that ship are those of the circuits as they are now.

use std::path::PathBuf;

use maci_circuits::SHIPPED;
use maci_keys::{Manifest, shipped};

use crate::ALLOW;

/// With `MACI_WRITE_KEYS=1` the files are written instead of compared.
#[test]
fn k_14_shipped_keys_are_those_of_the_circuits() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../keys");
    if std::env::var_os("MACI_WRITE_KEYS").is_some() {
        Manifest::write_dev_keys(&directory, &SHIPPED, &mut |_| {}).unwrap();
    }
    let manifest = Manifest::load(&directory).unwrap();
    let listed: Vec<_> = manifest
        .entries()
        .iter()
        .map(|entry| entry.circuit)
        .collect();
    assert_eq!(listed, SHIPPED);
    if let Err(error) = manifest.check(&directory, &mut |_| {}) {
        panic!(
            "{error}; after a reviewed change of a circuit run this test with MACI_WRITE_KEYS=1"
        );
    }
}

/// What programs carry is what the directory holds, and what recognises a key of the circuits as they are now.
#[test]
fn k_14_compiled_in_keys_are_those_of_the_directory() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../keys");
    let manifest = Manifest::load(&directory).unwrap();
    assert_eq!(shipped::manifest().unwrap(), manifest);
    for circuit in SHIPPED {
        let key = shipped::verifying_key(circuit).unwrap().unwrap();
        let filed = manifest.verifying_key(&directory, circuit).unwrap();
        assert_eq!(key.accept(ALLOW).unwrap(), filed.accept(ALLOW).unwrap());
    }
    let other = crate::circuit("poll-joined-9");
    assert!(shipped::verifying_key(other).unwrap().is_none());
}

/// V-03 and K-01 over the shipped keys: no key of one circuit passes for another, and no input lacks its own point.
#[test]
fn k_01_shipped_keys_are_distinct() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../keys");
    let manifest = Manifest::load(&directory).unwrap();
    let mut ids = Vec::new();
    for entry in manifest.entries() {
        // Reading validates: no identity, no repeated IC point, gamma and delta apart.
        let key = manifest.verifying_key(&directory, entry.circuit).unwrap();
        let key = key.accept(ALLOW).unwrap();
        assert_eq!(key.points().ic().len(), entry.circuit.public_inputs() + 1);
        assert!(!ids.contains(&key.id()));
        ids.push(key.id());
    }
}
