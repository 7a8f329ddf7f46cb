//! R1, R5: the two layers stay apart, and nobody rules an open market.

use std::path::Path;

use maci_settlement::market::EVENT_KINDS;

/// The crates of the voting and proving side.
const BELOW: [&str; 8] = [
    "crates/crypto",
    "crates/verifier",
    "crates/protocol",
    "circuits",
    "crates/keys",
    "crates/prover",
    "crates/verdict",
    "crates/coordinator",
];

#[test]
fn r1_voting_and_proving_crates_never_depend_on_settlement() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for folder in BELOW {
        let manifest = std::fs::read_to_string(root.join(folder).join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[package]"), "{folder}");
        let depends = manifest
            .lines()
            .any(|line| line.trim_start().starts_with("maci-settlement"));
        assert!(!depends, "{folder} depends on maci-settlement");
    }
}

#[test]
fn r1_settlement_sees_the_verdict_crate_alone() {
    let manifest =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let (dependencies, _) = manifest.split_once("[dev-dependencies]").unwrap();
    let ours: Vec<&str> = dependencies
        .lines()
        .filter(|line| line.starts_with("maci-"))
        .map(|line| line.split(['.', ' ', '=']).next().unwrap_or_default())
        .collect();
    assert_eq!(ours, ["maci-verdict"]);
}

#[test]
fn r5_r11_no_event_pauses_upgrades_resolves_by_hand_or_pays_voters() {
    for kind in EVENT_KINDS {
        for forbidden in [
            "pause", "upgrade", "admin", "owner", "resolve", "voter", "reward",
        ] {
            assert!(!kind.contains(forbidden), "{kind}");
        }
    }
}
