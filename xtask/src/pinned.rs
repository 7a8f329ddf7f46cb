//! Rewrites `circuits/pinned/` (constraint counts, public-input names and matrix digests of the circuits) and what README
//! and `docs/circuits.md` say about sizes.
//!
//! A document has the table of sizes between `<!-- sizes -->` and `<!-- end -->`, and the rows of a circuit's clauses in the
//! third column of the table after `<!-- clauses of CIRCUIT -->`. A test of maci-circuits holds both against the files.

use std::path::Path;

use anyhow::{Context, Result};
use maci_circuits::{CircuitStats, PINNED, pinned_json, size_table, stats};

/// The documents that show sizes.
const DOCUMENTS: [&str; 2] = ["README.md", "docs/circuits.md"];

/// Writes one file per pinned circuit; a change shows up in review.
pub(crate) fn run(root: &Path) -> Result<()> {
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    let dir = root.join("circuits/pinned");
    std::fs::create_dir_all(&dir)?;
    let mut circuits = Vec::new();
    for id in PINNED {
        let stats = stats(id)?;
        let path = dir.join(format!("{id}.json"));
        write(&path, &pinned_json(&stats))?;
        eprintln!("wrote {}", path.display());
        circuits.push(stats);
    }
    for document in DOCUMENTS {
        let path = root.join(document);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let text = with_table(&text, &size_table(&circuits)).context("no table of sizes")?;
        write(&path, &with_costs(&text, &circuits))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// The document with the table of sizes between its markers; `None` if it has none.
fn with_table(text: &str, table: &str) -> Option<String> {
    let (start, end) = ("<!-- sizes -->\n", "<!-- end -->");
    let (before, rest) = text.split_once(start)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{start}{table}{end}{after}"))
}

/// The document with the rows of every clause: `| 1 | clause | rows | ...`.
fn with_costs(text: &str, circuits: &[CircuitStats]) -> String {
    let mut clauses: &[(&str, usize)] = &[];
    let mut lines = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("<!-- clauses of ") {
            let id = rest.trim_end_matches(" -->");
            let circuit = circuits.iter().find(|stats| stats.id.to_string() == id);
            clauses = circuit.map_or(&[], |stats| &stats.clauses);
        }
        let mut cells: Vec<&str> = line.split('|').collect();
        let name = cells.get(2).map(|cell| cell.trim().trim_matches('`'));
        let rows = clauses.iter().find(|(clause, _)| name == Some(*clause));
        let rows = rows.map(|(_, rows)| format!(" {rows} "));
        if let (Some(rows), Some(cell)) = (&rows, cells.get_mut(3)) {
            *cell = rows;
        }
        lines.push(cells.join("|"));
    }
    lines.join("\n") + "\n"
}
