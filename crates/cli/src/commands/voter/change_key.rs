//! `maci voter change-key`.

use std::path::PathBuf;

use clap::Args;
use maci_chain::voter;
use maci_verifier::Mode;
use serde_json::json;

use super::messages::{self, Ballot, Vote, VotesArgs};
use super::rounds;
use super::trust::TrustArgs;
use super::vote::{differ, joined};
use crate::chain::{self, Outcome, SenderArgs};
use crate::context::Context;
use crate::deployment::InstanceArgs;
use crate::failure::Failure;
use crate::report::Report;
use crate::voter_file::{Voter, VoterArgs};

/// Arguments of `voter change-key`.
#[derive(Args, Debug)]
pub(crate) struct ChangeKeyArgs {
    #[command(flatten)]
    voter: VoterArgs,

    /// Voter file of the new key, as `maci voter keygen` wrote it
    #[arg(long, value_name = "FILE")]
    new_voter: PathBuf,

    /// File with the password of the new voter file, where it has one
    #[arg(long, value_name = "FILE")]
    new_password_file: Option<PathBuf>,

    #[command(flatten)]
    instance: InstanceArgs,

    /// MACI's number of the poll
    #[arg(long, value_name = "N")]
    poll: u64,

    #[command(flatten)]
    votes: VotesArgs,

    #[command(flatten)]
    trust: TrustArgs,

    #[command(flatten)]
    sender: SenderArgs,
}

/// Publishes votes under the new key and then, last, the key change under the old one.
///
/// The change is processed first. Everything else under the old key is void then, and the votes under the new key count; votes
/// under the new key that were published after the change would be processed before it and would not.
pub(super) fn run(context: &Context<'_>, args: &ChangeKeyArgs) -> Result<Report, Failure> {
    let mut old = args.voter.open()?;
    let mut new = Voter::open(&args.new_voter, args.new_password_file.as_deref())?;
    let new_key = new.key().public_key();
    differ(&old.key().public_key(), &new_key)?;
    let client = args.sender.connect()?;
    let instance = args.instance.resolve(&client)?;
    let mut entry = joined(&old, client.chain_id(), &instance.maci, args.poll)?;
    let known = new.poll(client.chain_id(), instance.maci, args.poll);
    let mut moved = entry.moved(known)?;
    let contracts = instance.poll(&client, args.poll)?;
    let ballot = Ballot::read(&client, &contracts).map_err(|error| chain::failure(&error))?;
    let record = instance.poll_record(args.poll);
    let key = args
        .trust
        .confirm(context, contracts.poll, &ballot, record, Some(&entry))?;
    entry.coordinator_public_key = Some(key.clone());
    moved.coordinator_public_key = Some(key);
    moved.replace(args.votes.replace)?;
    let votes = args.votes.read()?;
    if !args.votes.unchecked {
        entry.refuse_if_moved_here()?;
        ballot.check(&votes, &entry.voice_credits)?;
    }
    if votes.is_empty() {
        context.warn(
            "no_votes_under_the_new_key",
            "the key change alone voids every vote under the old key; votes under the new key count only if they are \
             published with the change, by --vote",
        );
    }
    let (change, votes) = split(&ballot, &votes)?;
    let round = rounds::change(change, votes, &moved, old.key(), (new.key(), &new_key));
    let sealed = messages::encrypt(&round, &ballot, &entry)?;
    moved.note(&round);
    entry.greatest_nonce = entry.greatest_nonce.max(1);
    entry.key_changed = true;
    let call = voter::publish(contracts.poll, &sealed).map_err(|error| chain::failure(&error))?;
    // Before it is sent: what is published without its answer ever coming back has to be replaced all the same.
    if !args.sender.is_dry() {
        new.note_poll(moved)?;
        old.note_poll(entry)?;
    }
    match chain::send(context, &client, &call, &args.sender)? {
        Outcome::Planned(report) => Ok(report),
        Outcome::Included(receipt) => Ok(Report::new(json!({
            "poll_id": args.poll,
            "messages": sealed.len(),
            "new_public_key": new.public_key(),
            "receipt": chain::receipt_data(&receipt),
        }))
        .text(format!(
            "the key of poll {} is {} from now on; {} encrypted messages are published",
            args.poll,
            new.public_key(),
            sealed.len()
        ))),
    }
}

/// The vote that the change itself carries, and those that go under the new key.
///
/// A change is a vote that counts. No weight for an option that has none counts for nothing, but in FULL polls a vote counts
/// only if it spends every credit: there the change carries the vote.
fn split<'v>(ballot: &Ballot, votes: &'v [Vote]) -> Result<(Vote, &'v [Vote]), Failure> {
    let nothing = Vote {
        option: 0,
        weight: 0,
    };
    match (ballot.mode, votes) {
        (Mode::Full, [vote]) => Ok((*vote, &[])),
        (Mode::Full, _) => Err(Failure::usage(
            "bad_vote",
            "in this poll a key change counts only with a vote that spends every voice credit",
        )
        .hint("name that vote with --vote OPTION:WEIGHT")),
        _ => Ok((nothing, votes)),
    }
}
