//! `maci voter vote`.

use clap::Args;
use maci_chain::voter;
use maci_protocol::keys::PublicKey;
use serde_json::json;

use super::messages::{self, Ballot, VotesArgs};
use super::rounds;
use super::trust::TrustArgs;
use crate::chain::{self, Outcome, SenderArgs};
use crate::context::Context;
use crate::deployment::InstanceArgs;
use crate::failure::Failure;
use crate::report::Report;
use crate::voter_file::{JoinedPoll, Voter, VoterArgs};

/// Arguments of `voter vote`.
#[derive(Args, Debug)]
pub(crate) struct VoteArgs {
    #[command(flatten)]
    voter: VoterArgs,

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

/// Publishes votes. They replace everything that this voter has published before.
pub(super) fn run(context: &Context<'_>, args: &VoteArgs) -> Result<Report, Failure> {
    let mut file = args.voter.open()?;
    let client = args.sender.connect()?;
    let instance = args.instance.resolve(&client)?;
    let mut entry = joined(&file, client.chain_id(), &instance.maci, args.poll)?;
    let votes = args.votes.read()?;
    if votes.is_empty() {
        return Err(Failure::usage("no_votes", "there is nothing to publish")
            .hint("name at least one vote with --vote OPTION:WEIGHT, or a file of votes with --votes-file"));
    }
    let contracts = instance.poll(&client, args.poll)?;
    let ballot = Ballot::read(&client, &contracts).map_err(|error| chain::failure(&error))?;
    let record = instance.poll_record(args.poll);
    let key = args
        .trust
        .confirm(context, contracts.poll, &ballot, record, Some(&entry))?;
    entry.coordinator_public_key = Some(key);
    entry.replace(args.votes.replace)?;
    if !args.votes.unchecked {
        entry.refuse_if_moved_here()?;
        ballot.check(&votes, &entry.voice_credits)?;
    }
    if entry.key_changed {
        context.warn(
            "key_changed",
            "a key change from this file was sent: messages under this file's key that are published after it are processed \
             before it, and void it and the votes under the new key; to keep the new key, vote by maci voter change-key",
        );
    }
    if entry.greatest_nonce > 0 && !entry.came_by_change {
        context.warn(
            "replaces_earlier_votes",
            "this replaces every vote that this voter has published in this poll: the last published message is processed \
             first and carries nonce 1",
        );
    }
    let own = file.key().public_key();
    let round = rounds::votes(&votes, &entry, file.key(), &own);
    let sealed = messages::encrypt(&round, &ballot, &entry)?;
    entry.note(&round);
    let call = voter::publish(contracts.poll, &sealed).map_err(|error| chain::failure(&error))?;
    // Before it is sent: what is published without its answer ever coming back has to be replaced all the same.
    if !args.sender.is_dry() {
        file.note_poll(entry)?;
    }
    match chain::send(context, &client, &call, &args.sender)? {
        Outcome::Planned(report) => Ok(report),
        Outcome::Included(receipt) => Ok(Report::new(json!({
            "poll_id": args.poll,
            "messages": sealed.len(),
            "receipt": chain::receipt_data(&receipt),
        }))
        .text(format!("{} encrypted messages are published", sealed.len()))),
    }
}

/// The voter's place in the poll.
pub(super) fn joined(
    file: &Voter,
    chain_id: u64,
    maci: &maci_chain::primitives::Address,
    poll: u64,
) -> Result<JoinedPoll, Failure> {
    file.poll(chain_id, *maci, poll).cloned().ok_or_else(|| {
        Failure::usage(
            "not_joined",
            format!("the voter file has not joined poll {poll} of {maci} on the chain {chain_id}"),
        )
        .hint("maci voter join joins it")
    })
}

/// The new key's holder is the old key's, and not the same key.
pub(super) fn differ(old: &PublicKey, new: &PublicKey) -> Result<(), Failure> {
    if old.coordinates() == new.coordinates() {
        return Err(Failure::usage(
            "same_key",
            "the new voter file holds the same key as the old one",
        )
        .hint("maci voter keygen makes a new one"));
    }
    Ok(())
}
