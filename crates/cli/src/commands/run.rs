//! `maci run`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use maci_chain::Client;
use maci_chain::doctor::{Outcome, examine};
use maci_chain::ingest::Panel;
use maci_chain::primitives::Address;
use maci_chain::submit::Addresses;
use maci_coordinator::{Recorded, Source, StageId, Target};
use maci_protocol::PollId;

use super::doctor::{self, Keys};
use super::submit::{self, SendArgs};
use crate::audit::DevKeysArgs;
use crate::chain::{self, EthKeyArgs, NodeArgs};
use crate::chain_source::{self, ReadingArgs};
use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::proving_keys::LocalKeys;
use crate::report::Report;
use crate::results::PollResults;

/// The longest pause between two looks at the chain's time.
const PAUSE: u64 = 5;

/// Arguments of `run`.
///
/// Waits for the end of voting, closes the poll, reads it in, processes, tallies, proves, writes the audit bundle and brings
/// everything onto the chain. It can be stopped or killed at any moment; the same command goes on where it was.
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    node: NodeArgs,

    /// Address of the MACI instance
    #[arg(long, value_name = "ADDRESS")]
    maci: Address,

    /// Number of the poll there
    #[arg(long, value_name = "N")]
    poll: u64,

    /// Read the poll from a recorded directory instead of the node
    #[arg(long, value_name = "DIR")]
    recorded: Option<PathBuf>,

    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    eth_key: EthKeyArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    #[command(flatten)]
    send: SendArgs,

    /// Make damaged proofs and files again instead of stopping at them
    #[arg(long)]
    remake: bool,

    // Last, because its heading holds for whatever follows.
    #[command(flatten)]
    reading: ReadingArgs,
}

/// Everything from the end of voting to the results.
pub(crate) fn run(context: &Context<'_>, args: &RunArgs) -> Result<Report, Failure> {
    let key = coordinator_key::load(context, &args.key)?;
    let client = Arc::new(args.node.connect_with(&args.eth_key)?);
    preflight(context, args, &client, &key)?;
    await_end(context, args, &client)?;
    let mut session = Session::open(
        context,
        &context.settings.datadir.value,
        Opening {
            source: Some(source(args)?),
            key: Some(key),
            keys: Some(LocalKeys::new(context, args.dev_keys.token())),
            remake: args.remake,
        },
    )?;
    session.set_target(Target {
        client: Arc::clone(&client),
        options: args.send.options()?,
    });
    let maci = maci_protocol::Address(args.maci.into_array());
    session.close(maci, PollId(args.poll))?;
    read(context, &mut session)?;
    session.run(&[
        StageId::Process,
        StageId::Tally,
        StageId::Prove,
        StageId::Transcript,
        StageId::Bundle,
        StageId::Submit,
    ])?;
    let results = PollResults::of(&mut session)?;
    let bundle = session.job.bundle_path().display().to_string();
    let report = submit::submitted(&session.transactions()?)
        .with("results", results.data())
        .with("bundle", serde_json::json!(bundle))
        .text(format!("the audit bundle is {bundle}"));
    Ok(results.table(report))
}

/// Where the poll is read from: the node, unless it was recorded.
fn source(args: &RunArgs) -> Result<Source, Failure> {
    if let Some(directory) = &args.recorded {
        return Ok(Recorded::directory(directory).into());
    }
    let node = chain_source::node(&args.node.rpc, args.node.chain_id)?;
    let target = maci_chain::ingest::Target {
        maci: maci_protocol::Address(args.maci.into_array()),
        poll: PollId(args.poll),
    };
    let panel = Panel::new(vec![node]);
    Ok(args
        .reading
        .source(panel, target, args.node.chain_id)?
        .into())
}

/// Reads the poll as soon as its end and its merge are among the blocks that count.
fn read(context: &Context<'_>, session: &mut Session<'_>) -> Result<(), Failure> {
    let mut told = false;
    loop {
        match session.run(&[StageId::Ingest]) {
            Err(failure) if ["poll_open", "poll_not_merged"].contains(&failure.code()) => {
                if !told {
                    let note = "waiting for the poll's end and merge to be final ...";
                    context.progress.note(note);
                    told = true;
                }
                std::thread::sleep(Duration::from_secs(PAUSE));
            }
            done => return done,
        }
    }
}

/// What would stop the run later stops it now.
fn preflight(
    context: &Context<'_>,
    args: &RunArgs,
    client: &Client,
    key: &maci_protocol::keys::CoordinatorKey,
) -> Result<(), Failure> {
    let expected = maci_chain::doctor::Expected {
        chain_id: args.node.chain_id,
        coordinator: Some(key.public()),
        // What is left to pay for may be less than the whole poll: submission asks for each call.
        account: None,
        fee_cap: None,
    };
    let keys = Keys::shipped(args.dev_keys.token());
    let (mut checkup, params) = examine(client, args.maci, args.poll, &expected, &|circuit| {
        keys.id(circuit)
    });
    if let Some(params) = params {
        doctor::machine::check(context, &params, &mut checkup);
    }
    let failed = |outcome| move |check: &&maci_chain::doctor::Check| check.outcome == outcome;
    if let Some(check) = checkup.checks.iter().find(failed(Outcome::Failure)) {
        return Err(
            Failure::conflict("doctor_failed", format!("{}: {}", check.name, check.found))
                .hint("maci doctor shows every check"),
        );
    }
    for check in checkup.checks.iter().filter(failed(Outcome::Warning)) {
        context.warn("doctor", format!("{}: {}", check.name, check.found));
    }
    Ok(())
}

/// The chain's clock decides, not this machine's (O-10).
fn await_end(context: &Context<'_>, args: &RunArgs, client: &Client) -> Result<(), Failure> {
    let ask = |error| chain::failure(&error);
    let at = Addresses::find(client, args.maci, args.poll).map_err(ask)?;
    let mut told = false;
    loop {
        let left = at.seconds_left(client).map_err(ask)?;
        if left == 0 {
            return Ok(());
        }
        if !told {
            context
                .progress
                .note(&format!("the poll is open for {left} seconds more ..."));
            told = true;
        }
        context.interrupt.check()?;
        std::thread::sleep(Duration::from_secs(left.min(PAUSE)));
    }
}
