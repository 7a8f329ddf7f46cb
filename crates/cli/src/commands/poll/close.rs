//! `maci poll close`.

use std::time::Duration;

use clap::Args;
use maci_chain::client::Call;
use maci_chain::contracts::Poll;
use maci_chain::primitives::Address;
use maci_chain::{Client, Error, Kind};
use serde_json::json;

use crate::chain::{self, Outcome, SenderArgs};
use crate::context::Context;
use crate::deployment::InstanceArgs;
use crate::failure::Failure;
use crate::report::Report;

/// The longest pause between two looks at the chain's clock, in seconds.
const PAUSE: u64 = 15;

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
    sender: SenderArgs,
}

/// Merges the state after the end. Only strictly after: at the end itself MACI still takes messages (D15).
pub(super) fn run(context: &Context<'_>, args: &CloseArgs) -> Result<Report, Failure> {
    let client = args.sender.connect()?;
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
    let call = Call::function(poll, &Poll::mergeStateCall {});
    match chain::send(context, &client, &call, &args.sender)? {
        Outcome::Planned(report) => Ok(report),
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
        let left = match client.now() {
            Ok(now) if now > end => return Ok(()),
            Ok(now) if !args.wait => {
                return Err(
                    chain::failure(&Error::VotingOpen { end, now }).hint(format!(
                        "run the same command in {} seconds, or add --wait",
                        end - now + 1
                    )),
                );
            }
            Ok(now) => end - now + 1,
            Err(error) if args.wait && error.kind() == Kind::Outside => {
                // The end comes whether the node answers or not.
                context
                    .progress
                    .note(&format!("{error}; trying on until the poll is over ..."));
                PAUSE
            }
            Err(error) => return Err(chain::failure(&error)),
        };
        if !told {
            context.progress.note(&format!(
                "the poll is open for {left} seconds more, by the time of the chain's newest block ..."
            ));
            told = true;
        }
        for _ in 0..left.min(PAUSE) {
            context.interrupt.check()?;
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}
