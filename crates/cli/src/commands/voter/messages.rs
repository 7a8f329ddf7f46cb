//! From votes to messages that are ready to publish.

use std::str::FromStr;

use clap::Args;
use maci_chain::contracts::{Poll, PollContracts, Tally, field_of};
use maci_chain::{Client, Error};
use maci_crypto::babyjubjub::RawPoint;
use maci_crypto::field;
use maci_protocol::keys::{PrivateKey, PublicKey};
use maci_protocol::message::{CommandError, Message, SignedCommand, VoteCommand};
use maci_protocol::{Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight};
use maci_verifier::{Mode, Salt};
use rand::RngCore as _;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::voter_file::JoinedPoll;

/// A vote as it is typed. Never shown again.
#[derive(Clone, Copy)]
pub(super) struct Vote {
    pub(super) option: u64,
    pub(super) weight: u64,
}

impl std::fmt::Debug for Vote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vote(..)")
    }
}

impl FromStr for Vote {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once(':')
            .and_then(|(option, weight)| Some((option.parse().ok()?, weight.parse().ok()?)));
        let (option, weight) = parsed.ok_or("expected OPTION:WEIGHT, for example 3:5")?;
        Ok(Self { option, weight })
    }
}

/// How votes are given.
#[derive(Args, Debug)]
pub(super) struct VotesArgs {
    /// An option and its votes, OPTION:WEIGHT, once for each option; a weight w costs w² credits in quadratic polls
    #[arg(long = "vote", value_name = "OPTION:WEIGHT")]
    pub(super) votes: Vec<Vote>,

    /// File with one OPTION:WEIGHT a line, so that no other user of the machine sees the votes in the list of processes
    #[arg(long, value_name = "FILE", conflicts_with = "votes")]
    pub(super) votes_file: Option<std::path::PathBuf>,

    /// Publish votes even if they cannot count
    #[arg(long)]
    pub(super) unchecked: bool,

    /// Replace up to N messages that were published with this key from elsewhere, which the voter file does not know
    #[arg(long, value_name = "N")]
    pub(super) replace: Option<u64>,
}

impl VotesArgs {
    /// The votes, from wherever they are given.
    pub(super) fn read(&self) -> Result<Vec<Vote>, Failure> {
        let Some(path) = &self.votes_file else {
            return Ok(self.votes.clone());
        };
        let text = Zeroizing::new(crate::files::read_text(path, "file of votes", 1 << 20)?);
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        lines
            .enumerate()
            .map(|(number, line)| {
                line.parse().map_err(|what| {
                    Failure::usage(
                        "bad_votes",
                        format!("vote {} in {}: {what}", number + 1, path.display()),
                    )
                })
            })
            .collect()
    }
}

/// What of a poll a voter needs to know.
pub(super) struct Ballot {
    pub(super) coordinator: PublicKey,
    pub(super) mode: Mode,
    pub(super) vote_options: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) now: u64,
}

impl Ballot {
    /// Asks the chain.
    pub(super) fn read(client: &Client, contracts: &PollContracts) -> Result<Self, Error> {
        let poll = contracts.poll;
        let key = client.call(poll, &Poll::coordinatorPublicKeyCall {})?;
        let point = RawPoint {
            x: field_of(&key.x),
            y: field_of(&key.y),
        };
        let coordinator = PublicKey::usable(point).map_err(|error| {
            Error::Conflict(format!(
                "the poll's coordinator key cannot be used: {error}"
            ))
        })?;
        let mode = client.call(contracts.tally, &Tally::modeCall {})?;
        let mode = Mode::from_u8(mode as u8).ok_or_else(|| {
            Error::Conflict("the poll has a voting mode that is not MACI's".to_owned())
        })?;
        let dates = client.call(poll, &Poll::getStartAndEndDateCall {})?;
        Ok(Self {
            coordinator,
            mode,
            vote_options: client
                .call(poll, &Poll::voteOptionsCall {})?
                .saturating_to(),
            start: dates.pollStartDate.saturating_to(),
            end: dates.pollEndDate.saturating_to(),
            now: client.now()?,
        })
    }

    /// Refuses votes that cannot count. `votes` are all that will count of this voter.
    pub(super) fn check(&self, votes: &[Vote], credits: &str) -> Result<(), Failure> {
        if self.now > self.end || self.now < self.start {
            return Err(Failure::conflict(
                "poll_closed",
                format!(
                    "the poll takes messages from {} to {} (Unix time), and the chain's time is {}",
                    self.start, self.end, self.now
                ),
            ));
        }
        let refuse = |what: String| {
            Err(Failure::usage("bad_vote", what)
                .hint("--unchecked publishes it all the same; it will not count"))
        };
        for (position, vote) in votes.iter().enumerate() {
            if vote.option >= self.vote_options {
                return refuse(format!(
                    "vote {} names an option that is not there: the poll's options are 0 to {}",
                    position + 1,
                    self.vote_options.saturating_sub(1)
                ));
            }
            if votes
                .iter()
                .take(position)
                .any(|other| other.option == vote.option)
            {
                return refuse(format!("vote {} repeats an option", position + 1));
            }
        }
        let cost = |vote: &Vote| {
            let weight = u128::from(vote.weight);
            if self.mode == Mode::Qv {
                weight * weight
            } else {
                weight
            }
        };
        let spent = votes.iter().map(cost).fold(0u128, u128::saturating_add);
        // Credits past 2^128 pay for anything that fits a command.
        let credits = field::from_dec(credits).map_or(0, |value| {
            let bytes = field::to_be_bytes(&value);
            let (high, low) = bytes.split_at(16);
            let low = low
                .iter()
                .fold(0u128, |sum, byte| sum << 8 | u128::from(*byte));
            if high.iter().all(|byte| *byte == 0) {
                low
            } else {
                u128::MAX
            }
        });
        if spent > credits {
            return refuse(format!(
                "these votes cost {spent} voice credits, and there are {credits}"
            ));
        }
        if self.mode == Mode::Full && !votes.is_empty() && (votes.len() > 1 || spent != credits) {
            return refuse(format!(
                "in this poll all {credits} voice credits go to one option"
            ));
        }
        Ok(())
    }
}

/// One message before it is signed and encrypted.
pub(super) struct Draft<'a> {
    pub(super) vote: Vote,
    pub(super) nonce: u64,
    pub(super) signer: &'a PrivateKey,
    pub(super) new_key: &'a PublicKey,
}

impl Draft<'_> {
    /// The command, signed.
    pub(super) fn sign(&self, entry: &JoinedPoll) -> Result<SignedCommand, CommandError> {
        VoteCommand {
            state_index: StateIndex(entry.state_index),
            new_public_key: self.new_key.coordinates(),
            vote_option_index: VoteOptionIndex(self.vote.option),
            new_vote_weight: VoteWeight(self.vote.weight),
            nonce: Nonce(self.nonce),
            poll_id: PollId(entry.poll_id),
            salt: random_salt(),
        }
        .sign(self.signer)
    }
}

/// Signs and encrypts, each message under a one-time key.
pub(super) fn encrypt(
    drafts: &[Draft<'_>],
    ballot: &Ballot,
    entry: &JoinedPoll,
) -> Result<Vec<Message>, Failure> {
    let refuse = |error: &dyn std::fmt::Display| Failure::usage("bad_vote", error);
    drafts
        .iter()
        .map(|draft| {
            let signed = draft.sign(entry).map_err(|error| refuse(&error))?;
            signed
                .encrypt(&random_key(), &ballot.coordinator.coordinates())
                .map_err(|error| refuse(&error))
        })
        .collect()
}

fn random_key() -> PrivateKey {
    let mut bytes = Zeroizing::new([0u8; 32]);
    rand::rngs::OsRng.fill_bytes(bytes.as_mut());
    PrivateKey::from_be_bytes(bytes.as_ref())
}

fn random_salt() -> Salt {
    let mut bytes = Zeroizing::new([0u8; 64]);
    rand::rngs::OsRng.fill_bytes(bytes.as_mut());
    Salt(field::from_be_bytes_mod(bytes.as_ref()))
}
