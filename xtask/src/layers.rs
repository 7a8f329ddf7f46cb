//! Holds the rules of `docs/architecture.md`, section 3, over `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Which of our crates each of our crates may use. A crate that is not listed here may not exist.
const MAY_USE: &[(&str, &[&str])] = &[
    ("maci-lanes", &[]),
    ("maci-crypto", &["maci-lanes"]),
    ("maci-verifier", &["maci-crypto"]),
    ("maci-protocol", &["maci-crypto", "maci-verifier"]),
    (
        "maci-circuits",
        &["maci-crypto", "maci-verifier", "maci-protocol"],
    ),
    (
        "maci-keys",
        &["maci-lanes", "maci-verifier", "maci-circuits"],
    ),
    (
        "maci-prover",
        &[
            "maci-lanes",
            "maci-crypto",
            "maci-verifier",
            "maci-protocol",
            "maci-circuits",
            "maci-keys",
        ],
    ),
    (
        "maci-verdict",
        &["maci-crypto", "maci-verifier", "maci-protocol"],
    ),
    (
        "maci-chain",
        &["maci-crypto", "maci-verifier", "maci-protocol"],
    ),
    ("maci-settlement", &["maci-verdict"]),
    (
        "maci-coordinator",
        &[
            "maci-crypto",
            "maci-verifier",
            "maci-protocol",
            "maci-circuits",
            "maci-keys",
            "maci-prover",
            "maci-verdict",
            "maci-chain",
        ],
    ),
    (
        "maci-cli",
        &[
            "maci-crypto",
            "maci-verifier",
            "maci-protocol",
            "maci-circuits",
            "maci-keys",
            "maci-prover",
            "maci-verdict",
            "maci-settlement",
            "maci-coordinator",
            "maci-chain",
        ],
    ),
    (
        "xtask",
        &[
            "maci-protocol",
            "maci-circuits",
            "maci-chain",
            "maci-coordinator",
        ],
    ),
];

/// Third-party crates with one owner each: nobody else may name them as a normal dependency.
const OWNERS: &[(&str, &[&str])] = &[
    ("redb", &["maci-coordinator"]),
    ("clap", &["maci-cli", "xtask"]),
    ("indicatif", &["maci-cli"]),
    ("comfy-table", &["maci-cli"]),
    ("anyhow", &["maci-cli", "xtask"]),
    ("tokio", &["maci-chain"]),
    ("alloy", &["maci-chain"]),
];

/// Members that use public APIs only and that nothing may depend on.
fn is_leaf(manifest: &str) -> bool {
    manifest.contains("/examples/") || manifest.contains("/benches/")
}

/// Fails with every broken rule.
pub(crate) fn check(root: &Path) -> Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()?;
    let rules: BTreeMap<&str, &[&str]> = MAY_USE.iter().copied().collect();
    let ours: BTreeSet<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut broken = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let leaf = is_leaf(package.manifest_path.as_str());
        if !leaf && !rules.contains_key(name) {
            broken.push(format!("{name} has no line on the map: add it to docs/architecture.md and xtask/src/layers.rs"));
        }
        for dependency in package
            .dependencies
            .iter()
            .filter(|d| d.kind == DependencyKind::Normal)
        {
            let used = dependency.name.as_str();
            let allowed = leaf || rules.get(name).is_some_and(|list| list.contains(&used));
            if ours.contains(used) && !allowed {
                broken.push(format!("{name} may not use {used}"));
            }
            let owned = OWNERS.iter().find(|(owned, _)| *owned == used);
            if let Some((_, owners)) = owned
                && !leaf
                && !owners.contains(&name)
            {
                broken.push(format!(
                    "{name} may not use {used}: it belongs to {owners:?}"
                ));
            }
        }
    }
    if !broken.is_empty() {
        bail!("the layering is broken:\n  {}", broken.join("\n  "));
    }
    eprintln!("{} packages keep the layering", metadata.packages.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_workspace_keeps_the_layering() -> anyhow::Result<()> {
        super::check(&crate::workspace_root()?)
    }
}
