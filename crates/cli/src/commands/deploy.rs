//! `maci deploy`.

use std::path::PathBuf;

use clap::Args;
use maci_chain::deploy::{Planned, Record, Steps, Store, maci};
use maci_chain::primitives::U256;
use maci_chain::{Client, Error};
use serde_json::json;

use crate::audit::DevKeysArgs;
use crate::chain::{self, SenderArgs};
use crate::context::Context;
use crate::deployment::{self, RecordArgs, VerifyingKeysArgs};
use crate::failure::Failure;
use crate::report::Report;

/// Arguments of `deploy`.
#[derive(Args, Debug)]
pub(crate) struct DeployArgs {
    /// Description of the instance: state tree depth and sign-up policy (TOML)
    #[arg(value_name = "FILE")]
    description: PathBuf,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    keys: VerifyingKeysArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

/// Deploys MACI with a registry of its own and registers the shipped keys of its depth.
pub(crate) fn run(context: &Context<'_>, args: &DeployArgs) -> Result<Report, Failure> {
    let config = deployment::read_config(&args.description)?;
    let depth = config.maci.state_tree_depth;
    let keys = deployment::verifying_keys(&args.keys, args.dev_keys.token(), |circuit| {
        deployment::depth_of(circuit) == depth
    })?;
    if keys.is_empty() {
        return Err(Failure::usage(
            "no_keys",
            format!("there is no key for the state tree depth {depth}"),
        )
        .hint("maci keys list shows which there are"));
    }
    if config.maci.policy.lets_everyone_in() {
        context.warn(
            "free_policy",
            "the sign-up policy lets everyone in any number of times; use it for tests only",
        );
    }
    let client = args.sender.connect()?;
    let deployer = client
        .wallet("deploy")
        .map_err(|error| chain::failure(&error))?
        .address();
    let fresh = Record::new(client.chain_id(), deployer, depth, config.maci.policy);
    let path = &args.record.deployment;
    let store = Store::open(path, &fresh).map_err(|error| chain::failure(&error))?;
    let before = store.record().steps.len();
    let (instance, record, plan) = take_steps(context, &args.sender, &client, store, |steps| {
        maci::deploy(steps, &keys)
    })?;
    if args.sender.is_dry() {
        return Ok(plan_report(&plan));
    }
    let gas: u64 = record.steps.values().map(|done| done.gas).sum();
    let registry = record.address("VerifyingKeysRegistry");
    Ok(Report::new(json!({
        "deployment": path,
        "chain_id": record.chain_id,
        "maci": instance,
        "registry": registry,
        "state_tree_depth": depth,
        "registered_keys": keys.len(),
        "steps": record.steps.len(),
        "steps_sent": record.steps.len() - before,
        "gas": gas,
    }))
    .text(format!(
        "MACI lies at {instance} on the chain {}; {} keys are registered; {} notes everything",
        record.chain_id,
        keys.len(),
        path.display()
    )))
}

/// Takes steps, or only plans them, and says what came of them, what the deployment file notes then and what was planned.
pub(crate) fn take_steps<T>(
    context: &Context<'_>,
    sender: &SenderArgs,
    client: &Client,
    store: Store,
    take: impl FnOnce(&mut Steps<'_>) -> Result<T, Error>,
) -> Result<(T, Record, Vec<Planned>), Failure> {
    let mut report = |step: &str| context.progress.note(&format!("{step} ..."));
    let cancel = context.interrupt.cancel();
    let stop = || cancel.is_cancelled();
    let failed = |error: Error| {
        let failure = chain::failure(&error);
        context.interrupt.check().err().unwrap_or(failure)
    };
    let steps = if sender.is_dry() {
        Steps::dry(client, store, &mut report)
    } else {
        Steps::paid(client, store, sender.sending(&stop)?, &mut report)
    };
    let mut steps = steps.map_err(failed)?;
    let taken = take(&mut steps).map_err(failed)?;
    let (record, plan) = steps.into_plan();
    Ok((taken, record, plan))
}

/// What a dry run of steps shows.
pub(crate) fn plan_report(plan: &[Planned]) -> Report {
    let known: u64 = plan.iter().filter_map(|step| step.gas).sum();
    let cost = plan
        .iter()
        .filter_map(|step| step.max_cost_wei)
        .fold(U256::ZERO, U256::saturating_add);
    let unknown = plan.iter().filter(|step| step.gas.is_none()).count();
    let rows = plan
        .iter()
        .map(|step| {
            vec![
                step.step.clone(),
                step.to
                    .map_or_else(|| "new contract".to_owned(), |to| to.to_string()),
                step.bytes.to_string(),
                step.gas
                    .map_or_else(|| "?".to_owned(), |gas| gas.to_string()),
                step.max_cost_wei
                    .map_or_else(|| "?".to_owned(), |cost| cost.to_string()),
                step.address
                    .map_or_else(String::new, |address| address.to_string()),
            ]
        })
        .collect();
    Report::new(json!({ "dry_run": true, "steps": plan, "gas": known, "max_cost_wei": cost.to_string(), "steps_without_estimate": unknown }))
        .table(&["step", "to", "bytes", "gas", "at most wei", "comes to lie at"], &[2, 3, 4], rows)
        .text(format!(
            "{} transactions, {known} gas and at most {cost} wei without the {unknown} that call contracts not there yet; nothing was \
             sent",
            plan.len()
        ))
}
