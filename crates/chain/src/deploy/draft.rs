//! A poll that is being made: written down before its first step, so that a later run finishes this poll and no other.

use alloy::primitives::Address;
use maci_verifier::PollParams;
use serde::{Deserialize, Serialize};

use super::config::{CreditsConfig, PolicyConfig, PollConfig};
use super::steps::Steps;
use crate::error::Error;

/// Everything that the operator's description says, with the coordinator's key and the dates that were sent last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// The parameters.
    pub params: PollParams,
    /// Who may join.
    pub policy: PolicyConfig,
    /// With how many credits.
    pub credits: CreditsConfig,
    /// Accounts that may relay.
    pub relayers: Vec<Address>,
    /// When voting is to begin, where the description says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u64>,
    /// How long it is to be open, in seconds.
    pub duration: u64,
    /// The coordinator's public key, `macipk.…`.
    pub coordinator_public_key: String,
    /// Start and end as the poll's transaction has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<(u64, u64)>,
}

impl Draft {
    /// A description with the key of its coordinator.
    pub(super) fn new(config: &PollConfig, params: PollParams, coordinator: String) -> Self {
        Self {
            params,
            policy: config.policy.clone(),
            credits: config.credits.clone(),
            relayers: config.relayers.clone(),
            start: config.start,
            duration: config.duration,
            coordinator_public_key: coordinator,
            dates: None,
        }
    }

    /// What of the other's description is not this one's.
    fn differences(&self, other: &Self) -> Vec<&'static str> {
        [
            ("parameters", self.params == other.params),
            ("policy", self.policy == other.policy),
            ("credits", self.credits == other.credits),
            ("relayers", self.relayers == other.relayers),
            (
                "dates",
                (self.start, self.duration) == (other.start, other.duration),
            ),
            (
                "coordinator key",
                self.coordinator_public_key == other.coordinator_public_key,
            ),
        ]
        .into_iter()
        .filter_map(|(what, same)| (!same).then_some(what))
        .collect()
    }
}

/// Begins the next poll, or goes on with the one that an interrupted run left.
///
/// As long as that one is not on the chain, another description simply begins anew: nobody refers to the policy and the credit
/// proxy that were made for it. Once it is there, only its own description finishes it.
pub(super) fn begin(steps: &mut Steps<'_>, draft: Draft) -> Result<(), Error> {
    let step = steps.record().poll_step();
    if let Some(left) = &steps.record().unfinished {
        let differences = left.differences(&draft);
        if differences.is_empty() {
            return Ok(());
        }
        let differences = differences.join(", ");
        if steps.record().steps.contains_key(&step) {
            return Err(Error::Conflict(format!(
                "an interrupted run has put a poll on the chain that is described otherwise ({differences}) and has the coordinator \
                 key {}; finish that one first, with its own description and key file",
                left.coordinator_public_key
            )));
        }
        steps.tell(&format!(
            "another description ({differences}) than the interrupted run's: beginning anew"
        ));
    }
    let prefix = format!("{} ", steps.record().scope());
    steps.change(|record| {
        record.steps.retain(|name, _| !name.starts_with(&prefix));
        record.unfinished = Some(draft);
    })
}
