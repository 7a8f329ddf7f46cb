//! Rewrites `circuits/pinned/`: constraint counts, public-input names and matrix digests of the circuits.

use std::path::Path;

use anyhow::{Context, Result};

/// Writes one file per pinned circuit; a change shows up in review.
pub(crate) fn run(root: &Path) -> Result<()> {
    let dir = root.join("circuits/pinned");
    std::fs::create_dir_all(&dir)?;
    for id in maci_circuits::PINNED {
        let path = dir.join(format!("{id}.json"));
        let text = maci_circuits::pinned_json(&id)?;
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}
