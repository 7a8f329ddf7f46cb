//! README and docs/circuits.md show the circuits as they are, clause by clause, and documents cite tests that exist.

use std::path::{Path, PathBuf};

use maci_circuits::{PINNED, size_table, stats};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
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

#[test]
fn every_clause_is_documented_with_its_rows_and_its_tests() {
    let text = read("docs/circuits.md");
    for circuit in [
        "message-processor-qv-10-20-2",
        "vote-tally-qv-10-1-2",
        "poll-joining-10",
        "poll-joined-10",
    ] {
        let marker = format!("<!-- clauses of {circuit} -->\n");
        let (_, table) = text.split_once(&marker).unwrap();
        let shown: Vec<_> = table.lines().take_while(|l| l.starts_with('|')).collect();
        let clauses = stats(circuit.parse().unwrap()).unwrap().clauses;
        assert_eq!(shown.len(), clauses.len() + 2, "{circuit}: all clauses");
        for (number, ((clause, rows), line)) in (1..).zip(clauses.iter().zip(&shown[2..])) {
            let expected = format!("| {number} | `{clause}` | {rows} |");
            assert!(
                line.starts_with(&expected),
                "{circuit}: run cargo xtask pinned\nexpected {expected}\nfound    {line}"
            );
            assert!(line.ends_with("` |"), "{circuit}, {clause} names no test");
        }
    }
}

/// Names of tests are the only long snake-case words in these documents.
#[test]
fn every_cited_test_exists() {
    let mut sources = String::new();
    for directory in ["circuits", "crates"] {
        gather(&root().join(directory), &mut sources);
    }
    for document in ["docs/circuits.md", "docs/gadgets.md", "docs/layout.md"] {
        let text = read(document);
        let cited = text.split('`').filter(|word| {
            let snake = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            word.chars().all(snake) && word.matches('_').count() > 2
        });
        for test in cited {
            assert!(
                sources.contains(&format!("fn {test}(")),
                "{document}: no test {test}"
            );
        }
    }
}

fn gather(directory: &Path, text: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}
