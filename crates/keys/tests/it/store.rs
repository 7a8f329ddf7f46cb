//! The store: determinism, damage, permission.

use maci_keys::{KeyFileError, KeyStore, Stage, StoreError};

use crate::{ALLOW, circuit};

#[test]
fn keys_are_the_same_on_every_machine_and_cached() {
    let id = circuit("poll-joined-2");
    let first = tempfile::tempdir().unwrap();
    let second = tempfile::tempdir().unwrap();
    let mut stages = Vec::new();
    let store = KeyStore::open(first.path()).unwrap();
    let key = store
        .load_or_generate(id, &mut |stage| stages.push(stage))
        .unwrap()
        .accept(ALLOW)
        .unwrap();
    assert_eq!(stages[0], Stage::Synthesise);
    assert!(stages.contains(&Stage::Write));
    let path = store.path_of(id, key.circuit_digest());
    let again = KeyStore::open(second.path()).unwrap();
    let other = again.load_or_generate(id, &mut |_| {}).unwrap();
    let other = other.accept(ALLOW).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(
        bytes,
        std::fs::read(again.path_of(id, other.circuit_digest())).unwrap()
    );
    // No temporary file is left.
    assert_eq!(std::fs::read_dir(first.path()).unwrap().count(), 1);

    let mut stages = Vec::new();
    let loaded = store
        .load_or_generate(id, &mut |stage| stages.push(stage))
        .unwrap()
        .accept(ALLOW)
        .unwrap();
    assert_eq!(stages, [Stage::Synthesise, Stage::Load]);
    assert_eq!(loaded.query(), key.query());
    assert_eq!(loaded.verifying_key(), key.verifying_key());
}

#[test]
fn k_13_dev_keys_are_refused_without_permission() {
    let directory = tempfile::tempdir().unwrap();
    let store = KeyStore::open(directory.path()).unwrap();
    let id = circuit("poll-joined-2");
    let key = store.load_or_generate(id, &mut |_| {}).unwrap();
    assert_eq!(key.provenance().to_string(), "insecure-dev");
    let error = key.accept(None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the key is marked insecure-dev: anyone can forge proofs for it; pass --insecure-dev-keys to use it"
    );
    // The label is in the file, so a loaded key has it too.
    let key = store.load_or_generate(id, &mut |_| {}).unwrap();
    assert!(key.clone().accept(None).is_err());
    assert!(key.accept(ALLOW).is_ok());
}

#[test]
fn o_03_a_damaged_cached_key_is_named_and_kept_until_asked() {
    let directory = tempfile::tempdir().unwrap();
    let store = KeyStore::open(directory.path()).unwrap();
    let id = circuit("poll-joined-2");
    let key = store.load_or_generate(id, &mut |_| {}).unwrap();
    let path = store.path_of(id, key.accept(ALLOW).unwrap().circuit_digest());
    let good = std::fs::read(&path).unwrap();
    let mut bad = good.clone();
    let last = bad.len() - 1;
    bad[last] ^= 1;
    std::fs::write(&path, &bad).unwrap();
    match store.load_or_generate(id, &mut |_| {}).unwrap_err() {
        StoreError::Corrupt {
            path: named,
            source: KeyFileError::BodyDigest,
        } => assert_eq!(named, path),
        other => panic!("{other}"),
    }
    assert_eq!(std::fs::read(&path).unwrap(), bad);
    let _made = store.regenerate(id, &mut |_| {}).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), good);
}

#[test]
fn v_07_the_key_of_another_circuit_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let store = KeyStore::open(directory.path()).unwrap();
    let (two, three) = (circuit("poll-joined-2"), circuit("poll-joined-3"));
    let path = |id| {
        let key = store.load_or_generate(id, &mut |_| {}).unwrap();
        store.path_of(id, key.accept(ALLOW).unwrap().circuit_digest())
    };
    let (two_path, three_path) = (path(two), path(three));
    std::fs::copy(two_path, three_path).unwrap();
    match store.load_or_generate(three, &mut |_| {}).unwrap_err() {
        StoreError::Corrupt {
            source: KeyFileError::Circuit { expected, found },
            ..
        } => assert_eq!((expected, found), (three, two)),
        other => panic!("{other}"),
    }
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let error = KeyStore::open(file.join("cache")).unwrap_err();
    assert!(error.to_string().starts_with("key cache "), "{error}");
}

#[test]
fn the_key_of_a_shipped_circuit_is_loaded_without_synthesis() {
    let directory = tempfile::tempdir().unwrap();
    let store = KeyStore::open(directory.path()).unwrap();
    let id = circuit("poll-joined-10");
    let made = store.load_or_generate(id, &mut |_| {}).unwrap();
    let made = made.accept(ALLOW).unwrap();
    let mut stages = Vec::new();
    let loaded = store
        .load_or_generate(id, &mut |stage| stages.push(stage))
        .unwrap()
        .accept(ALLOW)
        .unwrap();
    assert_eq!(stages, [Stage::Load]);
    assert_eq!(loaded.circuit_digest(), made.circuit_digest());
    assert_eq!(loaded.r1cs().a, made.r1cs().a);
}
