//! `maci voter`: the voter's side of a poll. The key stays in the voter's file; votes are encrypted here, on the voter's own
//! machine.

mod change_key;
mod evidence;
mod join;
mod keygen;
mod messages;
mod rounds;
mod show;
mod signup;
mod trust;
mod vote;

use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;

/// What a voter can do.
#[derive(Debug, Subcommand)]
pub(crate) enum VoterCommand {
    /// Make a key in a new voter file (was: genMaciKeyPair)
    Keygen(keygen::KeygenArgs),
    /// Sign up to an instance of MACI
    Signup(signup::SignupArgs),
    /// Prove the sign-up and join a poll (was: joinPoll)
    Join(join::JoinArgs),
    /// Encrypt votes and publish them (was: publish)
    Vote(vote::VoteArgs),
    /// Change the key of a poll, so that votes bought or forced under the old one are void
    ChangeKey(change_key::ChangeKeyArgs),
    /// Show what a voter file knows; never the key
    Show(show::ShowArgs),
}

/// Does it.
pub(crate) fn run(context: &Context<'_>, command: &VoterCommand) -> Result<Report, Failure> {
    match command {
        VoterCommand::Keygen(args) => keygen::run(context, args),
        VoterCommand::Signup(args) => signup::run(context, args),
        VoterCommand::Join(args) => join::run(context, args),
        VoterCommand::Vote(args) => vote::run(context, args),
        VoterCommand::ChangeKey(args) => change_key::run(context, args),
        VoterCommand::Show(args) => show::run(args),
    }
}
