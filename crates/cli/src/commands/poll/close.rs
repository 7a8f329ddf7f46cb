//! `maci poll close`.

use std::time::Duration;

use clap::Args;
use maci_chain::Client;
use maci_chain::client::Call;
use maci_chain::contracts::Poll;
use maci_chain::primitives::Address;
use serde_json::json;

use crate::chain::{self, DryRunArgs, EthKeyArgs, NodeArgs, Outcome};
use crate::context::Context;
use crate::deployment::InstanceArgs;
use crate::failure::Failure;
use crate::report::Report;

/// Arguments of `poll close`.
#[derive(Args, Debug)]
pub(crate) struct CloseArgs {
    /// MACI's number of the poll
    #[arg(long, value_name = "N")]
    poll: u64,

    #[command(flatten)]
    instance: InstanceArgs,

    /// Wait until the poll has ended instead of saying when it will
    #[arg(long)]
    wait: bool,

    #[command(flatten)]
    node: NodeArgs,

    #[command(flatten)]
    eth_key: EthKeyArgs,

    #[command(flatten)]
    dry_run: DryRunArgs,
}

/// Merges the state after the end. Only strictly after: at the end itself MACI still takes messages (D15).
pub(super) fn run(context: &Context<'_>, args: &CloseArgs) -> Result<Report, Failure> {
    let client = args.node.connect_with(&args.eth_key)?;
    let instance = args.instance.resolve(&client)?;
    let poll = instance.poll(&client, args.poll)?.poll;
    let ask = |error| chain::failure(&error);
    if client.call(poll, &Poll::stateMergedCall {}).map_err(ask)? {
        return Ok(report(args.poll, poll, "merged before", None));
    }
    let end: u64 = client
        .call(poll, &Poll::endDateCall {})
        .map_err(ask)?
        .saturating_to();
    await_end(context, args, &client, end)?;
    match chain::send(
        &client,
        &Call::function(poll, &Poll::mergeStateCall {}),
        args.dry_run,
    )? {
        Outcome::Planned(plan) => {
            let text = chain::plan_text(&plan);
            Ok(Report::new(plan).text(text))
        }
        Outcome::Included(receipt) => Ok(report(
            args.poll,
            poll,
            "merged",
            Some(&chain::receipt_data(&receipt)),
        )),
    }
}

fn report(id: u64, poll: Address, what: &str, receipt: Option<&serde_json::Value>) -> Report {
    Report::new(json!({ "poll_id": id, "poll": poll, "state": what, "receipt": receipt })).text(
        format!("the state of poll {id} is {what}; it can be processed now"),
    )
}

/// The chain's clock decides, not this machine's (O-10).
fn await_end(
    context: &Context<'_>,
    args: &CloseArgs,
    client: &Client,
    end: u64,
) -> Result<(), Failure> {
    let mut told = false;
    loop {
        let now = client.now().map_err(|error| chain::failure(&error))?;
        if now > end {
            return Ok(());
        }
        let left = end - now + 1;
        if !args.wait {
            return Err(Failure::conflict(
                "poll_open",
                format!(
                    "poll {} is open until {end} (Unix time), and the chain's time is {now}",
                    args.poll
                ),
            )
            .hint(format!(
                "run the same command in {left} seconds, or add --wait"
            )));
        }
        if !told {
            context
                .progress
                .note(&format!("the poll is open for {left} seconds more ..."));
            told = true;
        }
        context.interrupt.check()?;
        std::thread::sleep(Duration::from_secs(left.min(5)));
    }
}
