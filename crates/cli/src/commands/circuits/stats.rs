//! `maci circuits stats`.

mod shown;

use clap::Args;
use maci_circuits::{CircuitStats, PINNED};
use maci_verifier::CircuitId;
use serde_json::json;

use super::selection::KindArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// Arguments of `circuits stats`.
///
/// One circuit is shown with its components, several as a list. MACI's own numbers stand beside ours where they are known.
#[derive(Args, Debug)]
pub(crate) struct StatsArgs {
    /// Circuits by id, for example message-processor-qv-10-20-2 [default: the shipped ones and two larger ones]
    #[arg(value_name = "ID", conflicts_with = "circuit")]
    circuits: Vec<CircuitId>,

    #[command(flatten)]
    kind: KindArgs,

    /// Show the components of several circuits too
    #[arg(long)]
    components: bool,

    /// Print the components as comma-separated values
    #[arg(long, conflicts_with = "svg")]
    csv: bool,

    /// Print a flame graph of the rows as SVG
    #[arg(long)]
    svg: bool,
}

/// Measures circuits by synthesising them as key generation does.
pub(super) fn run(context: &Context<'_>, args: &StatsArgs) -> Result<Report, Failure> {
    let ids = match args.kind.circuit()? {
        Some(id) => vec![id],
        None if args.circuits.is_empty() => PINNED.to_vec(),
        None => args.circuits.clone(),
    };
    let stage = context.progress.stage("circuits", 0, ids.len() as u64);
    let mut all = Vec::new();
    for (done, id) in (1..).zip(&ids) {
        context.interrupt.check()?;
        all.push(measure(*id)?);
        stage.set(done);
    }
    drop(stage);
    let data = match all.as_slice() {
        [one] => shown::data(one),
        all => json!({ "circuits": all.iter().map(shown::data).collect::<Vec<_>>() }),
    };
    let report = Report::new(data);
    if args.csv {
        return Ok(report.verbatim(shown::csv(&all)));
    }
    if args.svg {
        return Ok(report.verbatim(shown::flame_graph(&all)?));
    }
    let mut report = shown::overview(report, &all);
    if args.components || all.len() == 1 {
        for stats in &all {
            report = shown::components(report, stats);
        }
    }
    Ok(report)
}

/// Measures one circuit.
pub(crate) fn measure(id: CircuitId) -> Result<CircuitStats, Failure> {
    maci_circuits::stats(id).map_err(|error| synthesis(id, &error))
}

/// A circuit that cannot be synthesised.
pub(super) fn synthesis(id: CircuitId, error: &impl std::fmt::Display) -> Failure {
    Failure::outside(
        "synthesis",
        format!("circuit {id} could not be synthesised: {error}"),
    )
}
