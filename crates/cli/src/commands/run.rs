//! `maci run`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use maci_chain::doctor::{Check, Expected, Outcome, examine};
use maci_chain::primitives::Address;
use maci_chain::submit::Addresses;
use maci_chain::{Client, Kind};
use maci_coordinator::{Checkpoint, Recorded, Source, StageId, Status, Target};
use maci_crypto::babyjubjub::RawPoint;
use maci_protocol::PollId;

use super::doctor::{self, Keys};
use super::submit::{self, SendArgs};
use crate::audit::DevKeysArgs;
use crate::chain::{self, EthKeyArgs, NodeArgs};
use crate::chain_source::ReadingArgs;
use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::{Exit, Failure};
use crate::job::{self, Opening, Session};
use crate::proving_keys::LocalKeys;
use crate::report::Report;
use crate::results::PollResults;

/// The pause between two looks at the chain where something is expected soon.
const SHORT: Duration = Duration::from_secs(5);
/// The pause where nothing is.
const LONG: Duration = Duration::from_mins(1);
/// Seconds before the end that count as soon.
const NEAR: u64 = 600;

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
    // Whatever can be wrong is found now, and not after the days that a poll may be open.
    let key = coordinator_key::load(context, &args.key)?;
    let options = args.send.options()?;
    let source = source(args)?;
    let wallet = args.eth_key.load()?;
    let data_dir = &context.settings.datadir.value;
    job::await_lock(context, data_dir)?;
    let public = key.public();
    let mut session = Session::open(
        context,
        data_dir,
        Opening {
            source: Some(source),
            key: Some(key),
            keys: Some(LocalKeys::new(context, args.dev_keys.token())),
            remake: args.remake,
        },
    )?;
    let client = Arc::new(args.node.connect()?.with_wallet(wallet));
    preflight(context, args, &client, public, &session.status()?)?;
    await_end(context, args, &client)?;
    session.set_target(Target {
        client: Arc::clone(&client),
        options,
    });
    let maci = maci_protocol::Address(args.maci.into_array());
    session.close(maci, PollId(args.poll))?;
    read(context, &mut session, options.send.patience)?;
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
    let target = maci_chain::ingest::Target {
        maci: maci_protocol::Address(args.maci.into_array()),
        poll: PollId(args.poll),
    };
    let roots = args.node.tls.roots();
    let panel = args
        .reading
        .panel(&args.node.rpc, args.node.chain_id, &roots)?;
    Ok(args
        .reading
        .source(panel, target, args.node.chain_id, &roots)?
        .into())
}

/// Reads the poll as soon as its end and its merge are among the blocks that count. A node that is away for a while is waited for.
fn read(
    context: &Context<'_>,
    session: &mut Session<'_>,
    patience: Duration,
) -> Result<(), Failure> {
    const NOT_YET: [&str; 3] = ["poll_open", "poll_not_merged", "poll_not_final"];
    const AWAY: [&str; 4] = ["node", "node_behind", "node_without_state", "reorganised"];
    let mut told = false;
    let mut pause = SHORT;
    let mut answered = Instant::now();
    loop {
        let failure = match session.run(&[StageId::Ingest]) {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        if NOT_YET.contains(&failure.code()) {
            answered = Instant::now();
            if !told {
                let note = "waiting for the poll's end and merge to be final ...";
                context.progress.note(note);
                told = true;
            }
        } else if failure.exit() == Exit::Outside
            && AWAY.contains(&failure.code())
            && answered.elapsed() < patience
        {
            tracing::warn!(%failure, "reading goes on later");
        } else {
            return Err(failure);
        }
        context.interrupt.sleep(pause)?;
        // Each look puts the whole log together again.
        pause = (pause * 2).min(LONG);
    }
}

/// What would stop the run later stops it now.
fn preflight(
    context: &Context<'_>,
    args: &RunArgs,
    client: &Client,
    coordinator: RawPoint,
    status: &Status,
) -> Result<(), Failure> {
    let ask = |error| chain::failure(&error);
    let at = Addresses::find(client, args.maci, args.poll).map_err(ask)?;
    if let Some(known) = status.poll.as_ref().map(|poll| poll.identity)
        && (known.chain_id, known.poll_address.0) != (client.chain_id(), at.poll.into_array())
    {
        return Err(Failure::conflict(
            "other_poll",
            format!(
                "the data directory holds {known}, --maci and --poll name the poll at {} on chain {}",
                at.poll,
                client.chain_id()
            ),
        )
        .hint("use another data directory for the other poll"));
    }
    let account = client.wallet("run").map_err(ask)?.address();
    let expected = Expected {
        chain_id: args.node.chain_id,
        coordinator: Some(coordinator),
        account: Some(account),
        fee_cap: Some(args.send.fee_cap()?),
    };
    let keys = Keys::shipped(args.dev_keys.token());
    let (mut checkup, params) = examine(client, args.maci, args.poll, &expected, &|circuit| {
        keys.id(circuit)
    });
    if let Some(params) = params {
        keys.check(&params, &mut checkup);
        // What is proved already needs no memory and no keys any more.
        let is_proved =
            |(stage, at): &(StageId, Checkpoint)| *stage == StageId::Prove && at.is_complete();
        if !status.stages.iter().any(is_proved) {
            doctor::machine::check(context, &params, &mut checkup);
        }
    }
    for Check {
        name,
        outcome,
        found,
    } in &checkup.checks
    {
        let text = format!("{name}: {found}");
        match outcome {
            Outcome::Pass => {}
            Outcome::Warning => context.warn("doctor", text),
            // Fees fall, and accounts are filled, while proofs are made; an empty one is a mistake.
            Outcome::Failure
                if *name == "funds" && !client.balance(account).map_err(ask)?.is_zero() =>
            {
                context.warn("doctor", text);
            }
            Outcome::Unknown => {
                return Err(Failure::outside("doctor_unknown", text)
                    .hint("run the same command again once the node answers"));
            }
            Outcome::Failure => {
                return Err(
                    Failure::conflict("doctor_failed", text).hint("maci doctor shows every check")
                );
            }
        }
    }
    Ok(())
}

/// The chain's clock decides, not this machine's (O-10). However long the node is away, the poll is waited for.
fn await_end(context: &Context<'_>, args: &RunArgs, client: &Client) -> Result<(), Failure> {
    let look = || Addresses::find(client, args.maci, args.poll)?.seconds_left(client);
    let mut told = false;
    loop {
        let pause = match look() {
            Ok(0) => return Ok(()),
            Ok(left) => {
                if !told {
                    context.progress.note(&format!(
                        "the poll is open for {left} seconds more of the chain's time ..."
                    ));
                    told = true;
                }
                let longest = if left > NEAR { LONG } else { SHORT };
                Duration::from_secs(left).min(longest)
            }
            Err(error) if error.kind() == Kind::Outside => {
                tracing::warn!(%error, "the node does not answer, waiting");
                LONG
            }
            Err(error) => return Err(chain::failure(&error)),
        };
        context.interrupt.sleep(pause)?;
    }
}
