//! Where a poll comes from: the part of its pins that no proof and no log carries.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use maci_protocol::recorded::{Deployment, RecordedError};
use serde::Deserialize;

use crate::pins::Contracts;

/// What of a poll's pins is not in its transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PollSource {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The poll's number in its MACI contract.
    pub poll_id: u64,
    /// Its contracts.
    pub contracts: Contracts,
    /// First second in which votes are accepted; 0 if unknown.
    pub start_date: u64,
    /// Last second in which votes are accepted; 0 if unknown.
    pub end_date: u64,
}

/// A `deployment.json` that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Not of the recorded form.
    #[error(transparent)]
    Recorded(#[from] RecordedError),
    /// A contract's address is none.
    #[error(
        "deployment.json: addresses.{name}: expected 0x and 40 hexadecimal digits, found {found:?}"
    )]
    Address {
        /// The contract.
        name: &'static str,
        /// The text found.
        found: String,
    },
    /// The list of addresses is none.
    #[error("deployment.json: {0}")]
    Json(#[from] serde_json::Error),
}

#[derive(Deserialize)]
struct File {
    addresses: BTreeMap<String, serde_json::Value>,
}

impl PollSource {
    /// Reads the `deployment.json` of a recorded poll. Contracts that the file does not name are pinned as zero, and code
    /// hashes are always zero: a file knows no code.
    pub fn from_deployment(deployment_json: &str) -> Result<Self, SourceError> {
        let deployment = Deployment::from_json(deployment_json)?;
        let File { addresses } = serde_json::from_str(deployment_json)?;
        let address =
            |name: &'static str| match addresses.get(name).and_then(serde_json::Value::as_str) {
                None => Ok(Address::ZERO),
                Some(text) => text
                    .parse::<maci_protocol::Address>()
                    .map(|address| Address::new(address.0))
                    .map_err(|_| SourceError::Address {
                        name,
                        found: text.chars().take(64).collect(),
                    }),
            };
        // One contract verifies both kinds of proof in MACI's own deployments.
        let verifier = address("verifier")?;
        Ok(Self {
            chain_id: deployment.chain_id,
            poll_id: deployment.poll_id.0,
            contracts: Contracts {
                maci: address("maci")?,
                poll: address("poll")?,
                message_processor: address("messageProcessor")?,
                tally: address("tally")?,
                process_verifier: verifier,
                tally_verifier: verifier,
                registry: address("verifyingKeysRegistry")?,
                sign_up_policy: address("signUpPolicy")?,
                poll_policy: address("pollPolicy")?,
                credit_proxy: address("initialVoiceCreditProxy")?,
                ..Contracts::default()
            },
            start_date: deployment.start_time,
            end_date: deployment.end_time,
        })
    }
}
