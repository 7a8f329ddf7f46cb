//! `maci poll show`.

use std::path::PathBuf;

use clap::Args;
use maci_chain::ingest::Glance;
use maci_crypto::field;
use maci_protocol::PollLog;
use maci_protocol::keys::PublicKey;
use serde_json::{Value, json};

use crate::chain_source::ChainSourceArgs;
use crate::context::Context;
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::recording::Recording;
use crate::report::Report;

/// Arguments of `poll show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// A recorded poll instead of the one in the data directory
    #[arg(long, value_name = "DIR")]
    recorded: Option<PathBuf>,

    #[command(flatten)]
    chain: ChainSourceArgs,
}

/// Shows a poll and, for one in a data directory, how far its job is.
pub(crate) fn run(context: &Context<'_>, args: &ShowArgs) -> Result<Report, Failure> {
    if let Some(directory) = &args.recorded {
        let log = Recording::read(directory)?.parse()?;
        return Ok(Report::new(describe_data(&log)).facts(&facts(&log)));
    }
    if args.chain.maci.is_some() {
        return Ok(on_chain(&args.chain.glance()?));
    }
    let mut session = Session::resume(context, Opening::default())?;
    let log = session.log()?;
    let stages = session.status()?.stages;
    let mut data = describe_data(&log);
    if let Some(object) = data.as_object_mut() {
        let stage = |(id, at): &(maci_coordinator::StageId, maci_coordinator::Checkpoint)| {
            (
                id.to_string(),
                json!({ "done": at.done, "total": at.total }),
            )
        };
        object.insert(
            "stages".to_owned(),
            Value::Object(stages.iter().map(stage).collect()),
        );
    }
    let rows = stages
        .iter()
        .map(|(id, at)| {
            let done = if at.total == 0 {
                "-".to_owned()
            } else {
                format!("{}/{}", at.done, at.total)
            };
            vec![id.to_string(), done, id.units().to_owned()]
        })
        .collect();
    Ok(Report::new(data)
        .facts(&facts(&log))
        .text("")
        .table(&["stage", "done", ""], &[], rows))
}

/// A poll on a chain, from its contracts alone.
fn on_chain(glance: &Glance) -> Report {
    let deployment = &glance.poll.deployment;
    let params = &deployment.params;
    let key = deployment.coordinator_public_key;
    // The contract's own leaf and message are nobody's.
    let (voters, messages) = (
        glance.leaves.saturating_sub(1),
        glance.messages.saturating_sub(1),
    );
    let coordinator =
        PublicKey::new(key).map_or_else(|error| error.to_string(), |key| key.serialise());
    let standing = match (glance.merged, glance.block.timestamp) {
        (true, _) => "merged",
        (false, now) if now > deployment.end_time => "over, not merged",
        (false, now) if now < deployment.start_time => "not begun",
        _ => "open",
    };
    let data = json!({
        "chain_id": deployment.chain_id.to_string(),
        "maci": deployment.maci_address.to_string(),
        "poll": deployment.poll_address.to_string(),
        "poll_id": deployment.poll_id.to_string(),
        "mode": params.mode.to_string(),
        "state_tree_depth": params.state_tree_depth,
        "tally_processing_state_tree_depth": params.tally_processing_state_tree_depth,
        "vote_option_tree_depth": params.vote_option_tree_depth,
        "message_batch_size": params.message_batch_size,
        "vote_options": params.vote_options.to_string(),
        "joined_voters": voters.to_string(),
        "messages": messages.to_string(),
        "start_time": deployment.start_time.to_string(),
        "end_time": deployment.end_time.to_string(),
        "coordinator_public_key": [field::to_dec(&key.x), field::to_dec(&key.y)],
        "standing": standing,
        "block": glance.block.number,
    });
    Report::new(data).facts(&[
        (
            "poll",
            format!(
                "{} at {} on chain {}",
                deployment.poll_id, deployment.poll_address, deployment.chain_id
            ),
        ),
        ("mode", params.mode.to_string()),
        ("vote options", params.vote_options.to_string()),
        ("joined voters", voters.to_string()),
        (
            "messages",
            format!("{messages} and the contract's placeholder"),
        ),
        (
            "open",
            format!(
                "{} to {} (Unix time)",
                deployment.start_time, deployment.end_time
            ),
        ),
        ("coordinator", coordinator),
        ("standing", standing.to_owned()),
        ("as of block", glance.block.number.to_string()),
    ])
}

/// Everything that can be told without a key.
pub(crate) fn describe_data(log: &PollLog) -> Value {
    let params = &log.params;
    let key = log.coordinator_public_key;
    json!({
        "chain_id": log.chain_id.to_string(),
        "maci": log.maci_address.to_string(),
        "poll": log.poll_address.to_string(),
        "poll_id": log.poll_id.to_string(),
        "mode": params.mode.to_string(),
        "state_tree_depth": params.state_tree_depth,
        "tally_processing_state_tree_depth": params.tally_processing_state_tree_depth,
        "vote_option_tree_depth": params.vote_option_tree_depth,
        "message_batch_size": params.message_batch_size,
        "vote_options": params.vote_options.to_string(),
        "joined_voters": voters(log).to_string(),
        "messages": messages(log).to_string(),
        "message_batches": log.message_batches(),
        "tally_batches": params.tally_batches(log.total_signups()),
        "start_time": log.start_time.to_string(),
        "end_time": log.end_time.to_string(),
        "coordinator_public_key": [field::to_dec(&key.x), field::to_dec(&key.y)],
        "chain_hash": field::to_dec(&log.chain_hash().0),
        "merged_state_root": log.onchain.merged_state_root.map(|root| field::to_dec(&root.0)),
        "circuits": [params.process_circuit().to_string(), params.tally_circuit().to_string()],
    })
}

/// The blank leaf is nobody.
fn voters(log: &PollLog) -> u64 {
    log.total_signups().saturating_sub(1)
}

/// The placeholder that the contract publishes is message 0 and nobody's vote (protocol.md §7).
fn messages(log: &PollLog) -> u64 {
    log.num_messages().saturating_sub(1)
}

fn facts(log: &PollLog) -> Vec<(&'static str, String)> {
    let params = &log.params;
    // A key off the curve has no packed form; the poll it belongs to cannot be tallied by anyone.
    let coordinator = PublicKey::new(log.coordinator_public_key)
        .map_or_else(|error| error.to_string(), |key| key.serialise());
    let tally_batches = params.tally_batches(log.total_signups());
    let root = log.onchain.merged_state_root;
    vec![
        (
            "poll",
            format!(
                "{} at {} on chain {}",
                log.poll_id, log.poll_address, log.chain_id
            ),
        ),
        ("mode", params.mode.to_string()),
        ("vote options", params.vote_options.to_string()),
        ("joined voters", voters(log).to_string()),
        (
            "messages",
            format!("{} and the contract's placeholder", messages(log)),
        ),
        (
            "message batches",
            format!(
                "{} of {} messages",
                log.message_batches(),
                params.message_batch_size
            ),
        ),
        (
            "tally batches",
            format!("{tally_batches} of {} ballots", params.tally_batch_size()),
        ),
        (
            "open",
            format!("{} to {} (Unix time)", log.start_time, log.end_time),
        ),
        ("coordinator", coordinator),
        ("chain hash", field::to_dec(&log.chain_hash().0)),
        (
            "merged state root",
            root.map_or_else(|| "-".to_owned(), |root| field::to_dec(&root.0)),
        ),
        (
            "circuits",
            format!("{}, {}", params.process_circuit(), params.tally_circuit()),
        ),
    ]
}
