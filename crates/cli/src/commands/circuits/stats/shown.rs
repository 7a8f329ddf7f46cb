//! A circuit's sizes as JSON, tables, comma-separated values and a flame graph.

use std::fmt::Write as _;

use inferno::flamegraph::{self, Options};
use maci_circuits::reference::{MACI_COMPONENTS, maci_size};
use maci_circuits::{CircuitStats, Component};
use maci_verifier::CircuitId;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::report::Report;

/// The machine-readable half of one circuit.
pub(super) fn data(stats: &CircuitStats) -> Value {
    let maci = maci_size(stats.id).map(|size| {
        json!({
            "constraints": size.rows,
            "per_message": size.rows_per_message,
            "wires": size.wires,
            "domain": size.domain(stats.public_inputs),
            "compiled": size.compiled,
        })
    });
    let components: Vec<Value> = stats
        .components
        .iter()
        .map(|component| {
            json!({
                "path": component.path.join("/"),
                "count": component.count,
                "constraints": component.rows,
                "own_constraints": component.own_rows,
                "per_message": per_message(stats, component),
                "maci_per_message": maci_per_message(stats, component),
                "wires": component.witnesses,
                "non_zeros": entries(component.non_zero),
            })
        })
        .collect();
    json!({
        "circuit": stats.id.to_string(),
        "constraints": stats.rows,
        "fixed": stats.fixed_rows,
        "per_message": stats.rows_per_message,
        "public_inputs": stats.public_inputs,
        "wires": stats.variables,
        "non_zeros": entries(stats.non_zero),
        "domain": stats.domain(),
        "fill": (stats.fill() * 1e4).round() / 1e4,
        "digest": stats.digest.to_string(),
        "maci": maci,
        "components": components,
    })
}

fn entries([a, b, c]: [usize; 3]) -> Value {
    json!({ "a": a, "b": b, "c": c, "total": a + b + c })
}

/// One line per circuit.
pub(super) fn overview(report: Report, all: &[CircuitStats]) -> Report {
    let header = [
        "circuit",
        "rows",
        "MACI",
        "per message",
        "MACI",
        "once",
        "wires",
        "nnz A",
        "nnz B",
        "nnz C",
        "domain",
        "fill",
    ];
    let rows = all
        .iter()
        .map(|stats| {
            let maci = maci_size(stats.id);
            let [a, b, c] = stats.non_zero;
            vec![
                stats.id.to_string(),
                stats.rows.to_string(),
                or_dash(maci.map(|size| size.rows)),
                or_dash(stats.rows_per_message),
                or_dash(maci.and_then(|size| size.rows_per_message)),
                stats.fixed_rows.to_string(),
                stats.variables.to_string(),
                a.to_string(),
                b.to_string(),
                c.to_string(),
                format!("2^{}", stats.domain().ilog2()),
                percent(stats.fill()),
            ]
        })
        .collect();
    report.table(&header, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], rows)
}

/// One line per component, those within a clause indented below it.
pub(super) fn components(report: Report, stats: &CircuitStats) -> Report {
    let header = [
        "component",
        "times",
        "rows",
        "share",
        "per message",
        "MACI",
        "wires",
        "nnz A",
        "nnz B",
        "nnz C",
    ];
    let rows = stats
        .components
        .iter()
        .map(|component| {
            let [a, b, c] = component.non_zero;
            let depth = component.path.len() - 1;
            let name = component.path.last().copied().unwrap_or_default();
            vec![
                format!("{}{name}", "  ".repeat(depth)),
                component.count.to_string(),
                component.rows.to_string(),
                percent(share(component.rows, stats.rows)),
                or_dash(per_message(stats, component)),
                or_dash(maci_per_message(stats, component)),
                component.witnesses.to_string(),
                a.to_string(),
                b.to_string(),
                c.to_string(),
            ]
        })
        .collect();
    let title = format!("\n{} (matrices {})", stats.id, stats.digest);
    report
        .text(title)
        .table(&header, &[1, 2, 3, 4, 5, 6, 7, 8, 9], rows)
}

/// One line per component of every circuit, with a header.
pub(super) fn csv(all: &[CircuitStats]) -> String {
    let mut text = String::from(
        "circuit,component,count,constraints,own_constraints,per_message,maci_per_message,wires,non_zeros_a,non_zeros_b,non_zeros_c\n",
    );
    let optional = |number: Option<usize>| number.map_or(String::new(), |n| n.to_string());
    for stats in all {
        for component in &stats.components {
            let [a, b, c] = component.non_zero;
            // Names are ours: none holds a comma.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{},{},{a},{b},{c}",
                stats.id,
                component.path.join("/"),
                component.count,
                component.rows,
                component.own_rows,
                optional(per_message(stats, component)),
                optional(maci_per_message(stats, component)),
                component.witnesses,
            );
        }
    }
    text
}

/// Rows as a flame graph: circuit, clause, gadgets within.
pub(super) fn flame_graph(all: &[CircuitStats]) -> Result<String, Failure> {
    let mut lines = Vec::new();
    for stats in all {
        for component in stats.components.iter().filter(|c| c.own_rows > 0) {
            lines.push(format!(
                "{};{} {}",
                stats.id,
                component.path.join(";"),
                component.own_rows
            ));
        }
    }
    let mut options = Options::default();
    options.title = match all {
        [one] => format!("{}: {} rows", one.id, one.rows),
        _ => "Rows by circuit and component".to_owned(),
    };
    "rows".clone_into(&mut options.count_name);
    options.deterministic = true;
    let mut svg = Vec::new();
    let drawn = flamegraph::from_lines(&mut options, lines.iter().map(String::as_str), &mut svg);
    let failed = |error: &dyn std::fmt::Display| {
        Failure::outside("flame_graph", format!("no flame graph was drawn: {error}"))
    };
    drawn.map_err(|error| failed(&error))?;
    String::from_utf8(svg).map_err(|error| failed(&error))
}

/// Rows that a message costs in this component, where every message has it.
fn per_message(stats: &CircuitStats, component: &Component) -> Option<usize> {
    let CircuitId::MessageProcessor {
        message_batch_size, ..
    } = stats.id
    else {
        return None;
    };
    let batch = usize::from(message_batch_size);
    (component.rows > 0 && component.count.is_multiple_of(batch)).then(|| component.rows / batch)
}

/// Rows of MACI's counterpart of a clause.
fn maci_per_message(stats: &CircuitStats, component: &Component) -> Option<usize> {
    let [clause] = component.path.as_slice() else {
        return None;
    };
    per_message(stats, component)?;
    let found = MACI_COMPONENTS.iter().find(|(name, _)| name == clause);
    found.map(|(_, rows)| *rows)
}

fn or_dash(number: Option<usize>) -> String {
    number.map_or_else(|| "-".to_owned(), |number| number.to_string())
}

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
