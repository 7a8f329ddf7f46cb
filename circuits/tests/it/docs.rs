//! README and docs/circuits.md say what `circuits/pinned/` says, clause by clause, and name tests that exist.

use std::{collections::BTreeMap, path::PathBuf};

use maci_circuits::{PINNED, size_table, stats};
use serde_json::Value;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn pinned(id: &str) -> Value {
    serde_json::from_str(&read(&format!("circuits/pinned/{id}.json"))).unwrap()
}

#[test]
fn documents_show_the_sizes() {
    let table = size_table(&PINNED.map(|id| stats(id).unwrap()));
    for document in ["README.md", "docs/circuits.md"] {
        let text = read(document);
        let shown = text.split_once("<!-- sizes -->\n").unwrap().1;
        let shown = shown.split_once("<!-- end -->").unwrap().0;
        assert_eq!(shown, table, "{document}: run cargo xtask pinned");
    }
}

/// The rows of one clause table: number, clause, rows, and the cell of tests.
fn clause_tables(text: &str) -> BTreeMap<String, Vec<(usize, String, String, String)>> {
    let mut tables: BTreeMap<String, Vec<_>> = BTreeMap::new();
    let mut circuit = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("<!-- clauses of ") {
            circuit = rest.strip_suffix(" -->").map(str::to_owned);
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let number = cells.get(1).and_then(|cell| cell.parse().ok());
        if let (Some(circuit), Some(number), true) = (&circuit, number, cells.len() > 6) {
            tables.entry(circuit.clone()).or_default().push((
                number,
                cells[2].trim_matches('`').to_owned(),
                cells[3].to_owned(),
                cells[cells.len() - 2].to_owned(),
            ));
        }
    }
    tables
}

#[test]
fn every_clause_is_documented_with_its_rows_and_its_tests() {
    let tables = clause_tables(&read("docs/circuits.md"));
    let mut sources = String::new();
    for directory in ["circuits/tests/it", "circuits/src", "crates/crypto/src"] {
        gather(&root().join(directory), &mut sources);
    }
    for circuit in [
        "message-processor-qv-10-20-2",
        "vote-tally-qv-10-1-2",
        "poll-joining-10",
        "poll-joined-10",
    ] {
        let pinned = pinned(circuit);
        let clauses = pinned["clauses"].as_object().unwrap();
        let table = &tables[circuit];
        for (place, (number, clause, rows, tests)) in (1..).zip(table) {
            assert_eq!(*number, place, "{circuit}, {clause}: numbers in order");
            assert_eq!(
                clauses.get(clause).map(ToString::to_string).as_ref(),
                Some(rows),
                "{circuit}, {clause}: run cargo xtask pinned"
            );
            let tests: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
            assert!(!tests.is_empty(), "{circuit}, {clause} names no test");
            for test in tests {
                assert!(
                    sources.contains(&format!("fn {test}")),
                    "{circuit}, {clause}: no test {test}"
                );
            }
        }
        let documented: Vec<_> = table.iter().map(|(_, clause, _, _)| clause).collect();
        for clause in clauses.keys() {
            assert!(
                documented.contains(&clause),
                "{circuit}: {clause} is not documented"
            );
        }
    }
}

fn gather(directory: &std::path::Path, text: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
