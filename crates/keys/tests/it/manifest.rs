//! The manifest and the verifying keys beside it (K-14).

use maci_keys::manifest::{FILE, read_vk};
use maci_keys::{Manifest, ManifestError};

use crate::{ALLOW, circuit};

fn directory() -> (tempfile::TempDir, Manifest) {
    let directory = tempfile::tempdir().unwrap();
    let circuits = [circuit("poll-joining-1"), circuit("poll-joined-1")];
    let manifest = Manifest::write_dev_keys(directory.path(), &circuits, &mut |_| {}).unwrap();
    (directory, manifest)
}

#[test]
fn k_14_what_was_written_is_read_and_checked() {
    let (directory, written) = directory();
    let manifest = Manifest::load(directory.path()).unwrap();
    assert_eq!(manifest, written);
    let mut seen = Vec::new();
    manifest
        .check(directory.path(), &mut |id| seen.push(id))
        .unwrap();
    assert_eq!(seen.len(), 2);
    let key = manifest
        .verifying_key(directory.path(), circuit("poll-joined-1"))
        .unwrap();
    assert!(key.clone().accept(None).is_err());
    let key = key.accept(ALLOW).unwrap();
    assert_eq!(key.id(), manifest.entries()[1].vk_id);
    let (header, same) = read_vk(&Manifest::path_of(directory.path(), *key.circuit())).unwrap();
    assert_eq!(header.circuit, *key.circuit());
    assert_eq!(same.accept(ALLOW).unwrap(), key);
    assert!(matches!(
        manifest.verifying_key(directory.path(), circuit("poll-joined-9")),
        Err(ManifestError::Missing { .. })
    ));
}

#[test]
fn k_14_every_byte_of_a_verifying_key_file_is_covered() {
    let (directory, manifest) = directory();
    let id = circuit("poll-joined-1");
    let path = Manifest::path_of(directory.path(), id);
    let good = std::fs::read(&path).unwrap();
    for position in 0..good.len() {
        let mut bad = good.clone();
        bad[position] ^= 1 << (position % 8);
        std::fs::write(&path, &bad).unwrap();
        let error = manifest.verifying_key(directory.path(), id).unwrap_err();
        assert!(
            matches!(error, ManifestError::KeyFile { .. }),
            "byte {position}: {error}"
        );
        assert!(error.to_string().contains("poll-joined-1.vk"), "{error}");
    }
    // An undamaged key of another circuit under this name.
    let other = Manifest::path_of(directory.path(), circuit("poll-joining-1"));
    std::fs::copy(other, &path).unwrap();
    let error = manifest.verifying_key(directory.path(), id).unwrap_err();
    assert!(
        matches!(
            error,
            ManifestError::Mismatch {
                field: "sha256",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn k_14_a_changed_manifest_is_refused() {
    let (directory, _) = directory();
    let path = directory.path().join(FILE);
    let good = std::fs::read_to_string(&path).unwrap();
    let changed = |from: &str, to: &str| -> Result<(), ManifestError> {
        assert!(good.contains(from), "{from}");
        std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
        let manifest = Manifest::load(directory.path())?;
        for entry in manifest.entries() {
            manifest.verifying_key(directory.path(), entry.circuit)?;
        }
        manifest.check(directory.path(), &mut |_| {})
    };
    assert!(changed("format = 1", "format = 1").is_ok());
    let bad = [
        ("format = 1", "format = 2"),
        ("\"insecure-dev\"", "\"ceremony\""),
        ("state_tree_depth = 1", "state_tree_depth = 2"),
        ("poll-joined-1", "poll-joining-1"),
        ("vk_sha256 = \"", "vk_sha256 = \"0"),
        ("circuit_digest = \"", "circuit_digest = \"0"),
        ("[[key]]", "[[key]]\nmore = 1"),
    ];
    for (from, to) in bad {
        assert!(changed(from, to).is_err(), "{from} -> {to}");
    }
}
