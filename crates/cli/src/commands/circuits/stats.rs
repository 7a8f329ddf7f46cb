//! `maci circuits stats`.

use clap::Args;
use maci_circuits::{CircuitStats, SHIPPED};
use maci_verifier::CircuitId;
use serde_json::{Map, Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// Arguments of `circuits stats`.
#[derive(Args, Debug)]
pub(crate) struct StatsArgs {
    /// Circuits by id, for example message-processor-qv-10-20-2 [default: the shipped ones]
    #[arg(value_name = "CIRCUIT")]
    circuits: Vec<CircuitId>,

    /// Show the rows of every clause too
    #[arg(long)]
    clauses: bool,
}

/// Measures circuits by synthesising them as key generation does.
pub(super) fn run(context: &Context<'_>, args: &StatsArgs) -> Result<Report, Failure> {
    let ids = if args.circuits.is_empty() {
        SHIPPED.to_vec()
    } else {
        args.circuits.clone()
    };
    let stage = context.progress.stage("circuits", 0, ids.len() as u64);
    let mut all = Vec::new();
    for (done, id) in (1..).zip(&ids) {
        context.interrupt.check()?;
        all.push(measure(*id)?);
        stage.set(done);
    }
    drop(stage);
    let header = [
        "circuit",
        "rows",
        "per message",
        "public",
        "variables",
        "nnz A",
        "nnz B",
        "nnz C",
    ];
    let rows = all
        .iter()
        .map(|stats| {
            let [a, b, c] = stats.non_zero;
            vec![
                stats.id.to_string(),
                stats.rows.to_string(),
                stats
                    .rows_per_message
                    .map_or_else(|| "-".to_owned(), |rows| rows.to_string()),
                stats.public_inputs.to_string(),
                stats.variables.to_string(),
                a.to_string(),
                b.to_string(),
                c.to_string(),
            ]
        })
        .collect();
    let data = json!({ "circuits": all.iter().map(data).collect::<Vec<_>>() });
    let mut report = Report::new(data).table(&header, &[1, 2, 3, 4, 5, 6, 7], rows);
    if args.clauses {
        for stats in &all {
            let rows = stats
                .clauses
                .iter()
                .map(|(name, rows)| vec![(*name).to_owned(), rows.to_string()])
                .collect();
            let title = format!("\n{} (matrices {})", stats.id, stats.digest);
            report = report.text(title).table(&["clause", "rows"], &[1], rows);
        }
    }
    Ok(report)
}

/// Measures one circuit.
pub(crate) fn measure(id: CircuitId) -> Result<CircuitStats, Failure> {
    maci_circuits::stats(id).map_err(|error| {
        Failure::outside(
            "synthesis",
            format!("circuit {id} could not be synthesised: {error}"),
        )
    })
}

fn data(stats: &CircuitStats) -> Value {
    let [a, b, c] = stats.non_zero;
    let clauses: Map<String, Value> = stats
        .clauses
        .iter()
        .map(|(name, rows)| ((*name).to_owned(), json!(rows)))
        .collect();
    json!({
        "circuit": stats.id.to_string(),
        "rows": stats.rows,
        "fixed_rows": stats.fixed_rows,
        "rows_per_message": stats.rows_per_message,
        "public_inputs": stats.public_inputs,
        "variables": stats.variables,
        "non_zero": { "a": a, "b": b, "c": c },
        "clauses": clauses,
        "digest": stats.digest.to_string(),
    })
}
