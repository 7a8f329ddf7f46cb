//! Recorded polls: the `deployment.json` and `logs.json` of one MACI v3 poll to a checked [`PollLog`] (protocol.md §14).
//!
//! Step 1 of the way of a vote for polls that were recorded to files. Pure: text in, log out. Every value the chain
//! confirmed is recomputed and compared (D14): the chain hash after each message, message 0, the merged root and the
//! number of leaves. An edit of a log is found by the value it no longer matches and named by block and log index.
//!
//! `deployment.json`: `chainId`, `addresses.maci`, `addresses.poll`, `addresses.tally` and `params`. `logs.json`: raw
//! `eth_getLogs` results under the names `poll` and `maci`; other names are ignored. Log order in the file is free.
//!
//! What files alone cannot show: messages cut off at the end together with their chain hashes, and parameters that no
//! event carries (depths, batch size, options). On chain these are compared with the contract (D15).

mod deployment;
mod error;
mod events;
mod keys;

use std::collections::BTreeSet;

use maci_crypto::babyjubjub::RawPoint;
use maci_verifier::StateRoot;

pub use deployment::Deployment;
pub use error::{At, RecordedError};
pub(crate) use events::topic;
use events::{Entry, MaciEvent, PollEvent};
pub use keys::coordinator_key;

use crate::{
    chain::BatchHashes,
    layout::maci::state_root,
    log::{OnChain, PollLog},
    message::Message,
    state::StateLeaf,
};

/// Reads and checks a recorded poll.
pub fn parse(deployment_json: &str, logs_json: &str) -> Result<PollLog, RecordedError> {
    let deployment = Deployment::from_json(deployment_json)?;
    let events = events::read(&deployment, logs_json)?;
    check_deploy_event(&deployment, &events.maci)?;
    let signups = signups(&events.maci);
    let log = Reader::new(&deployment).read(events.poll)?;
    Ok(PollLog { signups, ..log })
}

/// The keys of the `SignUp` events; `None` if the recording carries no such event.
fn signups(maci: &[Entry<MaciEvent>]) -> Option<Vec<RawPoint>> {
    let keys: Vec<_> = maci
        .iter()
        .filter_map(|entry| match &entry.event {
            MaciEvent::SignUp { public_key } => Some(*public_key),
            _ => None,
        })
        .collect();
    (!keys.is_empty()).then_some(keys)
}

/// MACI's `DeployPoll` event says whose poll it is and how it is counted; the deployment file has to agree.
fn check_deploy_event(
    deployment: &Deployment,
    maci: &[Entry<MaciEvent>],
) -> Result<(), RecordedError> {
    let mut other = None;
    for entry in maci {
        let MaciEvent::DeployPoll {
            poll_id,
            coordinator,
            mode,
        } = &entry.event
        else {
            continue;
        };
        let differs = |what: &'static str, expected: String, found: String| {
            Err(RecordedError::Deployment {
                at: entry.at,
                what,
                expected,
                found,
            })
        };
        if *poll_id != deployment.poll_id.0 {
            other = Some((*poll_id, entry.at));
            continue;
        }
        if *coordinator != deployment.coordinator_public_key {
            let show = |key: &RawPoint| format!("({}, {})", key.x, key.y);
            return differs(
                "coordinator public key",
                show(coordinator),
                show(&deployment.coordinator_public_key),
            );
        }
        if *mode != deployment.params.mode.as_u8() {
            return differs(
                "mode",
                mode.to_string(),
                deployment.params.mode.as_u8().to_string(),
            );
        }
        return Ok(());
    }
    other.map_or(Ok(()), |(poll_id, at)| {
        Err(RecordedError::Deployment {
            at,
            what: "poll id",
            expected: poll_id.to_string(),
            found: deployment.poll_id.to_string(),
        })
    })
}

/// The poll's events taken in one by one.
struct Reader<'a> {
    deployment: &'a Deployment,
    leaves: Vec<StateLeaf>,
    /// Blocks of the first and the last join.
    joins: Option<(u64, u64)>,
    nullifiers: BTreeSet<[u8; 32]>,
    messages: Vec<Message>,
    hashes: BatchHashes,
    /// A chain hash whose message has not come yet.
    announced: Option<(At, maci_verifier::ChainHash)>,
    merged: Option<(At, StateRoot, u64)>,
}

impl<'a> Reader<'a> {
    fn new(deployment: &'a Deployment) -> Self {
        Self {
            deployment,
            leaves: vec![StateLeaf::blank()],
            joins: None,
            nullifiers: BTreeSet::new(),
            messages: Vec::new(),
            hashes: BatchHashes::new(deployment.params.message_batch_size),
            announced: None,
            merged: None,
        }
    }

    fn read(mut self, poll: Vec<Entry<PollEvent>>) -> Result<PollLog, RecordedError> {
        for Entry { at, event } in poll {
            match event {
                PollEvent::ChainHashUpdated(hash) => {
                    if let Some((earlier, _)) = self.announced.replace((at, hash)) {
                        return Err(RecordedError::MissingMessage { at: earlier });
                    }
                }
                PollEvent::PublishMessage(message) => self.message(at, &message)?,
                PollEvent::PollJoined {
                    leaf,
                    nullifier,
                    index,
                } => {
                    self.join(at, leaf, nullifier, index)?;
                }
                PollEvent::MergeState {
                    root,
                    total_signups,
                } => self.merge(at, root, total_signups)?,
                PollEvent::IpfsHashAdded => return Err(RecordedError::Relayed { at }),
                PollEvent::Other => {}
            }
        }
        self.finish()
    }

    fn message(&mut self, at: At, message: &Message) -> Result<(), RecordedError> {
        let Some((hash_at, announced)) = self.announced.take() else {
            return Err(RecordedError::MissingChainHash { at });
        };
        // S-03: the first message is the contract's own, whatever the chain hash beside it says.
        if self.messages.is_empty() && *message != Message::placeholder() {
            return Err(RecordedError::Genesis { at });
        }
        let computed = self.hashes.push(message);
        if computed != announced {
            return Err(RecordedError::ChainHash {
                at,
                hash_at,
                message: self.messages.len() as u64,
                expected: announced,
                found: computed,
            });
        }
        self.messages.push(*message);
        Ok(())
    }

    fn join(
        &mut self,
        at: At,
        leaf: StateLeaf,
        nullifier: [u8; 32],
        index: u64,
    ) -> Result<(), RecordedError> {
        let expected = self.leaves.len() as u64;
        if index != expected {
            return Err(RecordedError::StateIndex {
                at,
                expected,
                found: index,
            });
        }
        if expected >= self.deployment.params.max_state_leaves() {
            return Err(RecordedError::TooManyLeaves {
                at,
                max: self.deployment.params.max_state_leaves(),
            });
        }
        if !self.nullifiers.insert(nullifier) {
            return Err(RecordedError::Nullifier { at });
        }
        if let Some((merge, ..)) = self.merged {
            return Err(RecordedError::JoinAfterMerge { at, merge });
        }
        self.joins = Some((self.joins.map_or(at.block, |(first, _)| first), at.block));
        self.leaves.push(leaf);
        Ok(())
    }

    fn merge(&mut self, at: At, root: StateRoot, total_signups: u64) -> Result<(), RecordedError> {
        if let Some((first, ..)) = self.merged {
            return Err(RecordedError::SecondMerge { at, first });
        }
        let found = self.leaves.len() as u64;
        if total_signups != found {
            return Err(RecordedError::TotalSignups {
                at,
                expected: total_signups,
                found,
            });
        }
        let computed = StateRoot(state_root(&self.leaves));
        if computed != root {
            let (first, last) = self.joins.unwrap_or((at.block, at.block));
            return Err(RecordedError::StateRoot {
                at,
                first,
                last,
                expected: root,
                found: computed,
            });
        }
        self.merged = Some((at, root, total_signups));
        Ok(())
    }

    fn finish(self) -> Result<PollLog, RecordedError> {
        if let Some((at, _)) = self.announced {
            return Err(RecordedError::MissingMessage { at });
        }
        if self.messages.is_empty() {
            return Err(RecordedError::NoMessages);
        }
        let Some((_, root, total_signups)) = self.merged else {
            return Err(RecordedError::NotMerged);
        };
        let onchain = OnChain {
            chain_hash: Some(self.hashes.current()),
            merged_state_root: Some(root),
            total_signups: Some(total_signups),
        };
        let deployment = self.deployment;
        Ok(PollLog {
            params: deployment.params,
            chain_id: deployment.chain_id,
            maci_address: deployment.maci_address,
            poll_address: deployment.poll_address,
            poll_id: deployment.poll_id,
            coordinator_public_key: deployment.coordinator_public_key,
            leaves: self.leaves,
            signups: None,
            messages: self.messages,
            batch_hashes: self.hashes.padded(),
            onchain,
            start_time: deployment.start_time,
            end_time: deployment.end_time,
        })
    }
}
