//! `maci poll create`.

use std::path::{Path, PathBuf};

use clap::Args;
use maci_chain::deploy::{Grid, Record, Store, poll};
use maci_chain::{Client, wallet};
use maci_protocol::keys::{CoordinatorKey, PrivateKey, PublicKey};
use rand::RngCore as _;
use serde_json::json;
use zeroize::Zeroizing;

use crate::audit::DevKeysArgs;
use crate::chain::{self, SenderArgs};
use crate::commands::deploy::{plan_report, take_steps};
use crate::context::Context;
use crate::coordinator_key;
use crate::deployment::{self, RecordArgs, VerifyingKeysArgs};
use crate::failure::Failure;
use crate::files;
use crate::report::Report;

/// Arguments of `poll create`.
#[derive(Args, Debug)]
pub(crate) struct CreateArgs {
    /// Description of the poll: its section [poll] (TOML)
    #[arg(value_name = "FILE")]
    description: PathBuf,

    /// File for the poll's fresh coordinator key, made for its owner's eyes alone; needed to tally
    ///
    /// An interrupted run goes on with the key that it wrote. A key of another poll is refused.
    #[arg(long, value_name = "FILE")]
    coordinator_key_file: PathBuf,

    #[command(flatten)]
    record: RecordArgs,

    #[command(flatten)]
    keys: VerifyingKeysArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

/// Creates a poll with a coordinator key, a policy and a credit proxy of its own.
pub(super) fn run(context: &Context<'_>, args: &CreateArgs) -> Result<Report, Failure> {
    let Some(config) = deployment::read_config(&args.description)?.poll else {
        return Err(Failure::usage(
            "bad_deployment",
            format!("{} has no section [poll]", args.description.display()),
        )
        .hint("docs/operations.md shows one"));
    };
    let path = &args.record.deployment;
    let store = Store::existing(path).map_err(|error| chain::failure(&error))?;
    let params = config
        .params(store.record().state_tree_depth)
        .map_err(|error| chain::failure(&error))?;
    let circuits = [
        params.joining_circuit(),
        params.joined_circuit(),
        params.process_circuit(),
        params.tally_circuit(),
    ];
    let keys = deployment::verifying_keys(&args.keys, args.dev_keys.token(), |circuit| {
        circuits.contains(&circuit)
    })?;
    if config.policy.lets_everyone_in() {
        context.warn(
            "free_policy",
            "the joining policy lets every signed-up key in; sybils are kept out by the sign-up policy alone, if at all",
        );
    }
    let client = args.sender.connect()?;
    let coordinator = coordinator_key(context, args, store.record())?;
    warn_about_the_end(context, &client)?;
    let (made, record, plan) = take_steps(context, &args.sender, &client, store, |steps| {
        poll::create(steps, &config, &coordinator, &keys)
    })?;
    let instance = record.maci().map_err(|error| chain::failure(&error))?;
    let Some(made) = made else {
        return Ok(plan_report(&plan));
    };
    let key_file = &args.coordinator_key_file;
    Ok(Report::new(json!({
        "maci": instance,
        "poll_id": made.id,
        "poll": made.poll,
        "message_processor": made.message_processor,
        "tally": made.tally,
        "policy": made.policy_address,
        "credit_proxy": made.credit_proxy,
        "start": made.start,
        "end": made.end,
        "block": made.block,
        "coordinator_public_key": made.coordinator_public_key,
        "coordinator_key_file": key_file,
        "deployment": path,
    }))
    .text(format!(
        "poll {} lies at {} and is open from {} to {} (Unix time)",
        made.id, made.poll, made.start, made.end
    ))
    .text(format!(
        "the coordinator's key is in {}: without it nobody can tally, with it anyone reads every vote",
        key_file.display()
    )))
}

/// Says so where nothing can keep a block from coming in the very second of the end.
fn warn_about_the_end(context: &Context<'_>, client: &Client) -> Result<(), Failure> {
    let grid = Grid::read(client).map_err(|error| chain::failure(&error))?;
    if grid.spacing().is_none() {
        context.warn(
            "end_can_be_hit",
            "blocks of this chain can come in any second: whoever gets transactions into a block with exactly the poll's end as its \
             time can make the poll impossible to prove (docs/threat-model.md); on chains with a fixed block time the end is put \
             where no block comes",
        );
    }
    Ok(())
}

/// The public key of the file; a fresh one is made where there is no file, and a dry run keeps none.
fn coordinator_key(
    context: &Context<'_>,
    args: &CreateArgs,
    record: &Record,
) -> Result<PublicKey, Failure> {
    let path = &args.coordinator_key_file;
    if path.exists() {
        wallet::read_secret(path).map_err(|error| chain::failure(&error))?;
        let key = coordinator_key::read(path)?;
        context.warn(
            "coordinator_key_exists",
            format!(
                "{} is there already and its key is used; that is right only if an interrupted run made it: a key that \
                 any other poll has makes both polls' votes transferable",
                path.display()
            ),
        );
        return public(&key);
    }
    if let Some(left) = record.poll_under_way() {
        return Err(Failure::conflict(
            "unfinished_poll",
            format!(
                "an interrupted run has sent a poll with the coordinator key {}, and {} does not exist",
                left.coordinator_public_key,
                path.display()
            ),
        )
        .hint("name the file that the interrupted run wrote with --coordinator-key-file; without that key the poll cannot be tallied"));
    }
    let mut bytes = Zeroizing::new([0u8; 32]);
    rand::rngs::OsRng.fill_bytes(bytes.as_mut());
    let private = PrivateKey::from_be_bytes(bytes.as_ref());
    if !args.sender.is_dry() {
        write_key(path, &private)?;
    }
    Ok(private.public_key())
}

fn public(key: &CoordinatorKey) -> Result<PublicKey, Failure> {
    PublicKey::usable(key.public()).map_err(|error| Failure::usage("bad_key_file", error))
}

fn write_key(path: &Path, key: &PrivateKey) -> Result<(), Failure> {
    let mut text = key.serialise();
    text.push('\n');
    files::create_secret(path, "coordinator key file", &text)
}
