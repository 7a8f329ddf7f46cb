//! Rewrites `crates/*/vectors/*.json` from the npm packages that they come from (circomlibjs, zk-kit, MACI's own).
//!
//! The files are committed, so tests need neither Node nor a network. The script draws its values from SHA-256 of a
//! counter: a second run writes the same bytes.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::stages;

/// Installs the packages of `tools/vectors` when absent and runs its script.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tools = root.join("tools/vectors");
    ensure!(
        stages::available("npm") && stages::available("node"),
        "node or npm is not installed: the vectors need Node 20 with npm"
    );
    if !tools.join("node_modules/circomlibjs").is_dir() {
        let install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
        stages::run(&tools, "npm", &install, &[])?;
    }
    let root = root.to_str().context("the workspace path is not UTF-8")?;
    stages::run(&tools, "node", &["generate.mjs", root], &[])
}
