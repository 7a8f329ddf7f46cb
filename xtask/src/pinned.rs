//! Rewrites `circuits/pinned/` (constraint counts, public-input names and matrix digests of the circuits) and what README
//! and `docs/circuits.md` say about sizes.
//!
//! A document has the table of sizes between `<!-- sizes -->` and `<!-- end -->`, and the rows of a circuit's clauses in the
//! third column of the table after `<!-- clauses of CIRCUIT -->`. A test of maci-circuits holds both against the files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use maci_circuits::{PINNED, PinnedSize, size_table};

/// The documents that show sizes.
const DOCUMENTS: [&str; 2] = ["README.md", "docs/circuits.md"];

/// Writes one file per pinned circuit; a change shows up in review.
pub(crate) fn run(root: &Path) -> Result<()> {
    let dir = root.join("circuits/pinned");
    std::fs::create_dir_all(&dir)?;
    let mut sizes = Vec::new();
    let mut clauses = BTreeMap::new();
    for id in PINNED {
        let path = dir.join(format!("{id}.json"));
        let text = maci_circuits::pinned_json(&id)?;
        std::fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("wrote {}", path.display());
        let pinned: serde_json::Value = serde_json::from_str(&text)?;
        let number = |name: &str| pinned[name].as_u64().map(|n| n as usize);
        sizes.push(PinnedSize {
            id,
            rows: number("rows").context("no rows")?,
            rows_per_message: number("rows_per_message"),
            variables: number("variables").context("no variables")?,
            entries: ["a", "b", "c"]
                .iter()
                .filter_map(|matrix| pinned["non_zero"][matrix].as_u64())
                .sum::<u64>() as usize,
        });
        clauses.insert(id.to_string(), pinned["clauses"].clone());
    }
    for document in DOCUMENTS {
        let path = root.join(document);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let text = with_costs(&with_table(&text, &size_table(&sizes)), &clauses);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// The document with the table of sizes between its markers.
fn with_table(text: &str, table: &str) -> String {
    let (start, end) = ("<!-- sizes -->\n", "<!-- end -->");
    let Some((before, rest)) = text.split_once(start) else {
        return text.to_owned();
    };
    let Some((_, after)) = rest.split_once(end) else {
        return text.to_owned();
    };
    format!("{before}{start}{table}{end}{after}")
}

/// The document with the rows of every clause: `| 1 | clause | rows | ...`.
fn with_costs(text: &str, clauses: &BTreeMap<String, serde_json::Value>) -> String {
    let mut circuit = None;
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("<!-- clauses of ") {
            circuit = rest.strip_suffix(" -->").and_then(|id| clauses.get(id));
        }
        let cells: Vec<&str> = line.split('|').collect();
        let named = cells.get(2).map(|cell| cell.trim().trim_matches('`'));
        let rows = named.and_then(|name| circuit?[name].as_u64());
        match rows {
            Some(rows) if cells.len() > 4 => {
                let mut cells: Vec<String> = cells.iter().map(ToString::to_string).collect();
                cells[3] = format!(" {rows} ");
                lines.push(cells.join("|"));
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n") + "\n"
}
