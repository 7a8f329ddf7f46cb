//! What is to be deployed, as an operator writes it down.

use std::fmt;

use alloy::primitives::{Address, B256, U256};
use maci_verifier::{Mode, PollParams};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::Error;

/// A number of tokens or credits: an integer, or a decimal or hexadecimal text where it is large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Amount(pub U256);

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(number) => Ok(Self(U256::from(number))),
            Form::Text(text) => text.parse().map(Self).map_err(|_| {
                serde::de::Error::custom(format!("expected a number below 2^256, found `{text}`"))
            }),
        }
    }
}

/// Who may sign up to an instance, or join a poll. Every instance and every poll has a policy contract of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PolicyConfig {
    /// Anyone, any number of times. For tests: it keeps no one from voting twice.
    Free,
    /// The accounts on a list, once each (MACI's Merkle proof policy).
    List {
        /// The accounts.
        addresses: Vec<Address>,
    },
    /// Accounts that hold tokens, once each (MACI's ERC-20 policy).
    Erc20 {
        /// The token.
        token: Address,
        /// The account must hold more than this.
        threshold: Amount,
    },
    /// Accounts with an attestation of the Ethereum Attestation Service, each attestation once (MACI's EAS policy).
    Eas {
        /// The attestation service.
        eas: Address,
        /// Who must have attested.
        attester: Address,
        /// What must have been attested.
        schema: B256,
    },
}

/// How many voice credits a voter gets in a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CreditsConfig {
    /// The same for everyone.
    Constant {
        /// How many.
        amount: Amount,
    },
    /// The past votes of a token, divided by a factor.
    Erc20Votes {
        /// The token.
        token: Address,
        /// The block at which votes count.
        snapshot_block: u64,
        /// What they are divided by.
        factor: Amount,
    },
}

/// One instance of MACI.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaciConfig {
    /// D: 2^D sign-ups fit, the blank one included.
    pub state_tree_depth: u8,
    /// Who may sign up.
    pub policy: PolicyConfig,
}

/// One poll.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PollConfig {
    /// How votes are paid for.
    #[serde(deserialize_with = "mode")]
    pub mode: Mode,
    /// B.
    pub message_batch_size: u8,
    /// A tally batch holds 2^this ballots.
    pub tally_processing_state_tree_depth: u8,
    /// v: 5^v options fit.
    pub vote_option_tree_depth: u8,
    /// How many options there are.
    pub vote_options: u64,
    /// When voting begins, in seconds of Unix time; the time of the newest block where it is not given.
    #[serde(default)]
    pub start: Option<u64>,
    /// How long voting is open, in seconds.
    pub duration: u64,
    /// Who may join.
    pub policy: PolicyConfig,
    /// With how much.
    pub credits: CreditsConfig,
    /// Accounts that may relay batches of messages.
    #[serde(default)]
    pub relayers: Vec<Address>,
}

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentConfig {
    /// The instance.
    pub maci: MaciConfig,
    /// The polls' parameters, where the file holds them.
    #[serde(default)]
    pub poll: Option<PollConfig>,
}

fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

impl PollConfig {
    /// The parameters of the poll on an instance, with every limit checked.
    pub fn params(&self, state_tree_depth: u8) -> Result<PollParams, Error> {
        PollParams {
            state_tree_depth,
            tally_processing_state_tree_depth: self.tally_processing_state_tree_depth,
            vote_option_tree_depth: self.vote_option_tree_depth,
            message_batch_size: self.message_batch_size,
            vote_options: self.vote_options,
            mode: self.mode,
        }
        .validate()
        .map_err(|error| Error::Parameter(error.to_string()))
    }
}
