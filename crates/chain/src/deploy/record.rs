//! The deployment file: what lies where, and the one transaction that may be under way.

use std::collections::BTreeMap;
use std::path::Path;

use alloy::primitives::{Address, B256, Bytes};
use maci_verifier::PollParams;
use serde::{Deserialize, Serialize};

use super::config::PolicyConfig;
use super::draft::Draft;
use crate::contracts::{Libraries, RELEASE};
use crate::error::Error;

/// Raised when a field changes its meaning.
const FORMAT: u32 = 2;

/// A step that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// The contract that the step made, where it made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The digest of what was called with which data: a step is done only for the same call.
    pub call: B256,
    /// The transaction.
    pub transaction: B256,
    /// Where it was included.
    pub block: u64,
    /// What it took.
    pub gas: u64,
}

/// A step whose transaction is signed and perhaps sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// The step.
    pub step: String,
    /// The contract that is called; none for a deployment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
    /// The calldata or the code.
    pub data: Bytes,
    /// The nonce that belongs to the step.
    pub nonce: u64,
    /// The gas limit.
    pub gas_limit: u64,
    /// Every version that was signed, with growing fees.
    pub attempts: Vec<Attempt>,
}

/// One signed version of a pending transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Its hash.
    pub hash: B256,
    /// Its bytes, to be sent again after a crash. A signed transaction is no secret.
    pub raw: Bytes,
    /// The most that it pays per gas.
    pub max_fee_per_gas: u128,
    /// Of which the block's producer gets at most this.
    pub max_priority_fee_per_gas: u128,
}

/// A poll on the instance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollRecord {
    /// MACI's number of the poll.
    pub id: u64,
    /// The poll's contract.
    pub poll: Address,
    /// Its message processor.
    pub message_processor: Address,
    /// Its tally.
    pub tally: Address,
    /// Its parameters.
    pub params: PollParams,
    /// When voting begins, in seconds of Unix time.
    pub start: u64,
    /// When it ends.
    pub end: u64,
    /// The coordinator's public key, `macipk.…`.
    pub coordinator_public_key: String,
    /// Who may join.
    pub policy: PolicyConfig,
    /// The policy's contract.
    pub policy_address: Address,
    /// The credit proxy's contract.
    pub credit_proxy: Address,
    /// The block that the poll was made in.
    pub block: u64,
}

/// Everything that a deployment file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    format: u32,
    /// The release of MACI's contracts.
    pub release: String,
    /// The chain.
    pub chain_id: u64,
    /// Who deployed.
    pub deployer: Address,
    /// The instance's state tree depth.
    pub state_tree_depth: u8,
    /// Who may sign up.
    pub policy: PolicyConfig,
    /// The steps that are done, by name.
    pub steps: BTreeMap<String, Done>,
    /// The polls that are ready, in the order in which they were made.
    #[serde(default)]
    pub polls: Vec<PollRecord>,
    /// The poll that is being made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Draft>,
    /// The step that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Pending>,
}

impl Record {
    /// A deployment of which nothing is done.
    pub fn new(
        chain_id: u64,
        deployer: Address,
        state_tree_depth: u8,
        policy: PolicyConfig,
    ) -> Self {
        Self {
            format: FORMAT,
            release: RELEASE.to_owned(),
            chain_id,
            deployer,
            state_tree_depth,
            policy,
            steps: BTreeMap::new(),
            polls: Vec::new(),
            unfinished: None,
            pending: None,
        }
    }

    /// The contract that a step made.
    pub fn address(&self, step: &str) -> Option<Address> {
        self.steps.get(step).and_then(|done| done.address)
    }

    /// The contract that a step made; an error that names the step if it is not done.
    pub fn require(&self, step: &str) -> Result<Address, Error> {
        self.address(step).ok_or_else(|| {
            Error::Conflict(format!(
                "the deployment file has no {step}: the deployment is not finished; run `maci deploy` again"
            ))
        })
    }

    /// The MACI contract.
    pub fn maci(&self) -> Result<Address, Error> {
        self.require("MACI")
    }

    /// The libraries that are deployed.
    pub fn libraries(&self) -> Libraries {
        self.steps
            .iter()
            .filter(|(name, _)| name.starts_with("PoseidonT"))
            .filter_map(|(name, done)| Some((name.clone(), done.address?)))
            .collect()
    }

    /// The first part of the names of the next poll's steps.
    pub(super) fn scope(&self) -> String {
        format!("poll {}", self.polls.len())
    }

    /// The name of the step that makes the next poll.
    pub(super) fn poll_step(&self) -> String {
        format!("{} deployPoll", self.scope())
    }

    /// The poll that an interrupted run has, or may have, made on the chain without finishing it.
    pub fn poll_under_way(&self) -> Option<&Draft> {
        let step = self.poll_step();
        let sent = self
            .pending
            .as_ref()
            .is_some_and(|pending| pending.step == step);
        self.unfinished
            .as_ref()
            .filter(|_| sent || self.steps.contains_key(&step))
    }

    /// The poll with MACI's number `id`.
    pub fn poll(&self, id: u64) -> Option<&PollRecord> {
        self.polls.iter().find(|poll| poll.id == id)
    }

    /// Reads a deployment file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let record: Self = serde_json::from_str(&text).map_err(|error| {
            Error::Parameter(format!("{} is no deployment file: {error}", path.display()))
        })?;
        if record.format != FORMAT {
            return Err(Error::Parameter(format!(
                "{} has the format {}, expected {FORMAT}",
                path.display(),
                record.format
            )));
        }
        if record.release != RELEASE {
            return Err(Error::Parameter(format!(
                "{} is of MACI {}, expected {RELEASE}",
                path.display(),
                record.release
            )));
        }
        Ok(record)
    }
}
