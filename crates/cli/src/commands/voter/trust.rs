//! What a voter knows of a poll without the node, and whether the node says the same.
//!
//! A vote is secret from everybody but the holder of the key that it is encrypted to. A node that names a key of its own would
//! read every vote of whoever believes it, and the votes would count for nothing.

use clap::Args;
use maci_chain::deploy::PollRecord;
use maci_chain::primitives::Address;
use maci_protocol::keys::PublicKey;

use super::messages::Ballot;
use crate::context::Context;
use crate::failure::Failure;
use crate::voter_file::JoinedPoll;

/// The coordinator's key from a source that the voter trusts.
#[derive(Args, Debug)]
pub(super) struct TrustArgs {
    /// The poll's coordinator key as its operator published it; the node must name the same
    #[arg(long, value_name = "MACIPK")]
    coordinator: Option<String>,
}

impl TrustArgs {
    /// Compares the node's word with the command line, the deployment file and the voter's own file. Returns the key.
    pub(super) fn confirm(
        &self,
        context: &Context<'_>,
        poll: Address,
        ballot: &Ballot,
        record: Option<&PollRecord>,
        entry: Option<&JoinedPoll>,
    ) -> Result<String, Failure> {
        let named = self.coordinator.as_deref();
        let named = named.map(PublicKey::deserialise).transpose();
        let named = named.map_err(|error| {
            Failure::usage("bad_coordinator_key", error).hint("it begins with macipk.")
        })?;
        let named = named.map(|key| key.serialise());
        confirm(poll, ballot, named.as_deref(), record, entry)?;
        let key = ballot.coordinator.serialise();
        let noted = entry.is_some_and(|entry| entry.coordinator_public_key.is_some());
        if named.is_none() && record.is_none() && !noted {
            context.warn(
                "coordinator_key_unconfirmed",
                format!(
                    "only the node says that the coordinator's key is {key}, and whoever holds it reads the votes: compare it with \
                     what the poll's operator published, or name that one with --coordinator"
                ),
            );
        }
        Ok(key)
    }
}

/// Every source that there is must say what the node says.
fn confirm(
    poll: Address,
    ballot: &Ballot,
    named: Option<&str>,
    record: Option<&PollRecord>,
    entry: Option<&JoinedPoll>,
) -> Result<(), Failure> {
    let key = ballot.coordinator.serialise();
    let keys = [
        ("--coordinator", named),
        (
            "the deployment file",
            record.map(|record| record.coordinator_public_key.as_str()),
        ),
        (
            "the voter file",
            entry.and_then(|entry| entry.coordinator_public_key.as_deref()),
        ),
    ];
    for (source, known) in keys {
        if let Some(known) = known.filter(|known| *known != key) {
            return Err(lies(
                "other_coordinator_key",
                &format!("the coordinator's key {key}, and {source} has {known}"),
            ));
        }
    }
    let places = [
        ("the deployment file", record.map(|record| record.poll)),
        ("the voter file", entry.map(|entry| entry.poll)),
    ];
    for (source, known) in places {
        if let Some(known) = known.filter(|known| *known != poll) {
            return Err(lies(
                "other_poll",
                &format!("a poll at {poll}, and {source} has it at {known}"),
            ));
        }
    }
    let Some(record) = record else { return Ok(()) };
    let found = (ballot.mode, ballot.vote_options, ballot.start, ballot.end);
    let params = &record.params;
    if found == (params.mode, params.vote_options, record.start, record.end) {
        Ok(())
    } else {
        Err(lies(
            "other_poll",
            "another mode, number of options or time of voting than the deployment file",
        ))
    }
}

fn lies(code: &'static str, what: &str) -> Failure {
    Failure::conflict(code, format!("the node names {what}; nothing was sent")).hint(
        "one of the two is wrong: ask another node, and the poll's operator; do not vote through this node",
    )
}

#[cfg(test)]
mod tests {
    use maci_chain::deploy::PolicyConfig;
    use maci_protocol::keys::PrivateKey;
    use maci_verifier::{Mode, PollParams};

    use super::*;

    fn ballot(key: u8) -> Ballot {
        Ballot {
            coordinator: PrivateKey::from_be_bytes(&[key]).public_key(),
            mode: Mode::Qv,
            vote_options: 25,
            start: 100,
            end: 200,
            now: 150,
        }
    }

    fn record(key: u8) -> PollRecord {
        PollRecord {
            id: 0,
            poll: Address::repeat_byte(1),
            message_processor: Address::repeat_byte(2),
            tally: Address::repeat_byte(3),
            params: PollParams {
                state_tree_depth: 10,
                tally_processing_state_tree_depth: 1,
                vote_option_tree_depth: 2,
                message_batch_size: 20,
                vote_options: 25,
                mode: Mode::Qv,
            },
            start: 100,
            end: 200,
            coordinator_public_key: ballot(key).coordinator.serialise(),
            policy: PolicyConfig::Free,
            policy_address: Address::repeat_byte(4),
            credit_proxy: Address::repeat_byte(5),
            block: 1,
        }
    }

    fn entry(key: u8) -> JoinedPoll {
        JoinedPoll {
            poll: Address::repeat_byte(1),
            coordinator_public_key: Some(ballot(key).coordinator.serialise()),
            ..JoinedPoll::default()
        }
    }

    #[test]
    fn a_node_that_names_its_own_key_is_caught_by_every_source() {
        let poll = Address::repeat_byte(1);
        let key = ballot(7).coordinator.serialise();
        let code = |ballot: &Ballot,
                    poll,
                    named: Option<&str>,
                    record: Option<&PollRecord>,
                    entry: Option<&JoinedPoll>| {
            confirm(poll, ballot, named, record, entry).map_err(|failure| failure.code())
        };
        let (honest, liar) = (ballot(7), ballot(8));
        assert_eq!(
            code(&honest, poll, Some(&key), Some(&record(7)), Some(&entry(7))),
            Ok(())
        );
        for (named, record, entry) in [
            (Some(key.as_str()), None, None),
            (None, Some(record(7)), None),
            (None, None, Some(entry(7))),
        ] {
            assert_eq!(
                code(&liar, poll, named, record.as_ref(), entry.as_ref()),
                Err("other_coordinator_key")
            );
        }
        let elsewhere = Address::repeat_byte(9);
        assert_eq!(
            code(&honest, elsewhere, None, Some(&record(7)), None),
            Err("other_poll")
        );
        assert_eq!(
            code(&honest, elsewhere, None, None, Some(&entry(7))),
            Err("other_poll")
        );
        let mut shorter = record(7);
        shorter.end = 150;
        assert_eq!(
            code(&honest, poll, None, Some(&shorter), None),
            Err("other_poll")
        );
    }
}
