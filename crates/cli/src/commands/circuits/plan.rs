//! `maci circuits plan`.

use clap::Args;
use maci_chain::gas::Gas;
use maci_circuits::SHIPPED;
use maci_prover::memory;
use maci_prover::plan::{Choice, Demand, MEASURED, Plan, PlanError, plan};
use maci_verifier::Mode;
use serde_json::{Value, json};

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// Arguments of `circuits plan`.
///
/// Rows of what is recommended are exact. Time is that of one core: the rows of the proof's domain times a measured speed. Memory is that of
/// one proof with its key. Gas is what MACI's contracts took on a test chain. All three are estimates.
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// Voters who will join
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    signups: u64,

    /// Messages that they will publish
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u64).range(1..))]
    messages: u64,

    /// Options to vote for
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..))]
    options: u64,

    /// qv, non-qv or full
    #[arg(long, default_value = "qv")]
    mode: Mode,

    /// Megabytes that a proof with its key may take [default: what this machine has free]
    #[arg(long, value_name = "MB")]
    memory: Option<u64>,
}

const MB: u64 = 1 << 20;

/// Where [`MEASURED`] comes from.
const SOURCE: &str = "a core of an AMD EPYC (Zen 4) that other programs shared";

/// Recommends parameters for a poll.
pub(super) fn run(context: &Context<'_>, args: &PlanArgs) -> Result<Report, Failure> {
    let demand = Demand {
        signups: args.signups,
        messages: args.messages,
        options: args.options,
        mode: args.mode,
    };
    let limit = args
        .memory
        .map(|mb| mb.saturating_mul(MB))
        .or_else(memory::available);
    context.interrupt.check()?;
    let plan = plan(demand, MEASURED, limit).map_err(refusal)?;
    let gas = Gas::measured()
        .ok_or_else(|| Failure::outside("gas", "the measured gas of this build lacks a figure"))?;
    let coordinator = gas.coordinator(plan.process.proofs, plan.tally.proofs, args.options);
    let voters = gas.voters(args.signups, args.messages);
    let seconds = plan.process.total_seconds() + plan.tally.total_seconds();
    let peak = plan.process.memory.max(plan.tally.memory);
    let params = plan.params;
    let data = json!({
        "params": {
            "state_tree_depth": params.state_tree_depth,
            "tally_processing_state_tree_depth": params.tally_processing_state_tree_depth,
            "vote_option_tree_depth": params.vote_option_tree_depth,
            "message_batch_size": params.message_batch_size,
            "vote_options": params.vote_options,
            "mode": params.mode.to_string(),
        },
        "process": choice(&plan.process),
        "tally": choice(&plan.tally),
        "proofs": plan.process.proofs + plan.tally.proofs,
        "cpu_seconds": seconds,
        "memory_bytes": peak,
        "gas": { "coordinator": coordinator, "voters": voters },
        "considered": considered(&plan),
        "model": {
            "cpu_seconds_per_domain_row": MEASURED.0,
            "source": SOURCE,
            "measure": "cargo bench -p maci-benches --bench message_processor -- qv",
            "gas": "crates/chain/gas.json, measured on a test chain",
        },
    });
    let report = Report::new(data)
        .facts(&[
            ("state tree depth", params.state_tree_depth.to_string()),
            ("vote option tree depth", params.vote_option_tree_depth.to_string()),
            ("message batch size", params.message_batch_size.to_string()),
            (
                "tally processing depth",
                params.tally_processing_state_tree_depth.to_string(),
            ),
            (
                "proofs",
                format!("{} of messages, {} of ballots", plan.process.proofs, plan.tally.proofs),
            ),
            ("proving, one core", format!("{seconds:.0} s")),
            ("memory of one proof", format!("{} MB", peak.div_ceil(MB))),
            ("gas of the coordinator", coordinator.to_string()),
            ("gas of all voters", voters.to_string()),
        ])
        .text("")
        .table(
            &["circuit", "rows", "domain", "fill", "proofs", "s a proof", "MB", "key"],
            &[1, 2, 3, 4, 5, 6],
            [&plan.process, &plan.tally].map(row).to_vec(),
        )
        .text("\nlargest message batch for each domain:")
        .table(
            &["domain", "batch", "proofs", "s in all"],
            &[0, 1, 2, 3],
            plan.considered
                .iter()
                .map(|choice| {
                    vec![
                        format!("2^{}", choice.size.domain().ilog2()),
                        choice.params.message_batch_size.to_string(),
                        choice.proofs.to_string(),
                        format!("{:.0}", choice.total_seconds()),
                    ]
                })
                .collect(),
        )
        .text(format!(
            "time: {:.1e} s for each row of the domain, measured on {SOURCE}; gas: measured on a test chain",
            MEASURED.0
        ));
    Ok(report)
}

fn refusal(error: PlanError) -> Failure {
    match error {
        PlanError::Params(error) => Failure::usage(
            "no_such_poll",
            format!("MACI has no parameters for such a poll: {error}"),
        ),
        PlanError::Memory { .. } => Failure::no("memory", error).hint(
            "--memory MB allows more, if it is not the domain; fewer voters or options take less",
        ),
        other => Failure::outside("synthesis", other),
    }
}

fn shipped(choice: &Choice) -> bool {
    SHIPPED.contains(&choice.circuit)
}

fn choice(choice: &Choice) -> Value {
    json!({
        "circuit": choice.circuit.to_string(),
        "constraints": choice.size.rows,
        "domain": choice.size.domain(),
        "fill": (choice.size.fill() * 1e4).round() / 1e4,
        "proofs": choice.proofs,
        "cpu_seconds_per_proof": choice.seconds,
        "memory_bytes": choice.memory,
        "key_ships": shipped(choice),
    })
}

fn considered(plan: &Plan) -> Vec<Value> {
    let line = |choice: &Choice| {
        json!({
            "domain": choice.size.domain(),
            "message_batch_size": choice.params.message_batch_size,
            "proofs": choice.proofs,
            "cpu_seconds": choice.total_seconds(),
        })
    };
    plan.considered.iter().map(line).collect()
}

fn row(choice: &Choice) -> Vec<String> {
    vec![
        choice.circuit.to_string(),
        choice.size.rows.to_string(),
        format!("2^{}", choice.size.domain().ilog2()),
        format!("{:.1} %", choice.size.fill() * 100.0),
        choice.proofs.to_string(),
        format!("{:.1}", choice.seconds),
        choice.memory.div_ceil(MB).to_string(),
        if shipped(choice) {
            "ships"
        } else {
            "to be made"
        }
        .to_owned(),
    ]
}
