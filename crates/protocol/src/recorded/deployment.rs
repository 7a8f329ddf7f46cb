//! `deployment.json`: where a poll lives and what it was deployed with.

use maci_crypto::{Fr, babyjubjub::RawPoint, field, keypair::PublicKey};
use maci_verifier::{Mode, PollParams};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::RecordedError;
use crate::types::{Address, PollId};

/// The parts of `deployment.json` that matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The MACI contract.
    pub maci_address: Address,
    /// The Poll contract.
    pub poll_address: Address,
    /// The Tally contract, if the file names it.
    pub tally_address: Option<Address>,
    /// The MACI contract as the file spells it, for `tally.json`.
    pub maci_text: String,
    /// The Tally contract as the file spells it, for `tally.json`.
    pub tally_text: Option<String>,
    /// The poll's number.
    pub poll_id: PollId,
    /// Depths, batch sizes, options and mode.
    pub params: PollParams,
    /// Whom the messages are encrypted to.
    pub coordinator_public_key: RawPoint,
    /// First second of the poll; 0 if the file does not say.
    pub start_time: u64,
    /// Last second of the poll; 0 if the file does not say.
    pub end_time: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeploymentFile {
    chain_id: Value,
    addresses: Addresses,
    params: Params,
}

#[derive(Deserialize)]
struct Addresses {
    maci: String,
    poll: String,
    tally: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Params {
    state_tree_depth: Value,
    poll_state_tree_depth: Option<Value>,
    tally_processing_state_tree_depth: Value,
    vote_option_tree_depth: Value,
    message_batch_size: Value,
    vote_options: Value,
    mode: Value,
    poll_id: Value,
    poll_start_timestamp: Option<Value>,
    poll_end_timestamp: Option<Value>,
    coordinator_public_key: (String, String),
}

/// Addresses of a deployment that no log carries and no check needs; they go into the audit bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Contracts {
    /// The MessageProcessor contract of the poll.
    pub message_processor: Option<Address>,
    /// The contract that verifies both kinds of proof.
    pub verifier: Option<Address>,
    /// The registry of verifying keys.
    pub registry: Option<Address>,
    /// Who may sign up with MACI.
    pub sign_up_policy: Option<Address>,
    /// Who may join the poll.
    pub poll_policy: Option<Address>,
    /// How many credits a voter gets.
    pub credit_proxy: Option<Address>,
}

impl Contracts {
    /// Reads them from a `deployment.json`; what the file does not name stays `None`.
    pub fn from_json(text: &str) -> Result<Self, RecordedError> {
        #[derive(Deserialize)]
        struct File {
            addresses: Map<String, Value>,
        }
        let File { addresses } =
            serde_json::from_str(text).map_err(|source| RecordedError::Json {
                file: "deployment.json",
                source,
            })?;
        let address = |field: &'static str| {
            let text = addresses.get(field).and_then(Value::as_str);
            text.map(|text| {
                text.parse::<Address>()
                    .map_err(|source| RecordedError::Address { field, source })
            })
            .transpose()
        };
        Ok(Self {
            message_processor: address("messageProcessor")?,
            verifier: address("verifier")?,
            registry: address("verifyingKeysRegistry")?,
            sign_up_policy: address("signUpPolicy")?,
            poll_policy: address("pollPolicy")?,
            credit_proxy: address("initialVoiceCreditProxy")?,
        })
    }
}

impl Deployment {
    /// The text of a `deployment.json` that [`Self::from_json`] reads back, a function of its arguments alone.
    pub fn to_json(&self, contracts: &Contracts) -> String {
        let params = &self.params;
        let mut addresses = Map::new();
        let mut name = |name: &str, address: Option<String>| {
            if let Some(address) = address {
                addresses.insert(name.to_owned(), address.into());
            }
        };
        let text = |address: Option<Address>| address.map(|address| address.to_string());
        name("maci", Some(self.maci_text.clone()));
        name("poll", Some(self.poll_address.to_string()));
        name("tally", self.tally_text.clone());
        name("messageProcessor", text(contracts.message_processor));
        name("verifier", text(contracts.verifier));
        name("verifyingKeysRegistry", text(contracts.registry));
        name("signUpPolicy", text(contracts.sign_up_policy));
        name("pollPolicy", text(contracts.poll_policy));
        name("initialVoiceCreditProxy", text(contracts.credit_proxy));
        let key = &self.coordinator_public_key;
        let file = json!({
            "chainId": self.chain_id,
            "addresses": addresses,
            "params": {
                "stateTreeDepth": params.state_tree_depth,
                "pollStateTreeDepth": params.state_tree_depth,
                "tallyProcessingStateTreeDepth": params.tally_processing_state_tree_depth,
                "voteOptionTreeDepth": params.vote_option_tree_depth,
                "messageBatchSize": params.message_batch_size,
                "voteOptions": params.vote_options,
                "mode": params.mode.as_u8(),
                "modeName": crate::tally::mode_name(params.mode),
                "pollId": self.poll_id.to_string(),
                "pollStartTimestamp": self.start_time,
                "pollEndTimestamp": self.end_time,
                "coordinatorPublicKey": [field::to_dec(&key.x), field::to_dec(&key.y)],
            },
        });
        format!("{file:#}\n")
    }

    /// Reads the file's text. Numbers may be JSON numbers or decimal strings.
    pub fn from_json(text: &str) -> Result<Self, RecordedError> {
        let file: DeploymentFile =
            serde_json::from_str(text).map_err(|source| RecordedError::Json {
                file: "deployment.json",
                source,
            })?;
        let DeploymentFile {
            chain_id,
            addresses,
            params,
        } = file;
        let address = |field, text: &str| {
            text.parse::<Address>()
                .map_err(|source| RecordedError::Address { field, source })
        };
        let state_tree_depth = small("params.stateTreeDepth", &params.state_tree_depth)?;
        if let Some(poll) = &params.poll_state_tree_depth {
            let poll = small("params.pollStateTreeDepth", poll)?;
            if poll != state_tree_depth {
                return Err(RecordedError::Depths {
                    maci: state_tree_depth,
                    poll,
                });
            }
        }
        let time = |field, value: &Option<Value>| {
            value.as_ref().map_or(Ok(0), |value| number(field, value))
        };
        let poll_params = PollParams {
            state_tree_depth,
            tally_processing_state_tree_depth: small(
                "params.tallyProcessingStateTreeDepth",
                &params.tally_processing_state_tree_depth,
            )?,
            vote_option_tree_depth: small(
                "params.voteOptionTreeDepth",
                &params.vote_option_tree_depth,
            )?,
            message_batch_size: small("params.messageBatchSize", &params.message_batch_size)?,
            vote_options: number("params.voteOptions", &params.vote_options)?,
            mode: mode(&params.mode)?,
        };
        let coordinate = |text: &str| coordinate("params.coordinatorPublicKey", text);
        let (x, y) = &params.coordinator_public_key;
        Ok(Self {
            chain_id: number("chainId", &chain_id)?,
            maci_address: address("addresses.maci", &addresses.maci)?,
            poll_address: address("addresses.poll", &addresses.poll)?,
            tally_address: addresses
                .tally
                .as_deref()
                .map(|text| address("addresses.tally", text))
                .transpose()?,
            maci_text: addresses.maci,
            tally_text: addresses.tally,
            poll_id: PollId(number("params.pollId", &params.poll_id)?),
            params: poll_params.validate()?,
            coordinator_public_key: usable(RawPoint::new(coordinate(x)?, coordinate(y)?))?,
            start_time: time("params.pollStartTimestamp", &params.poll_start_timestamp)?,
            end_time: time("params.pollEndTimestamp", &params.poll_end_timestamp)?,
        })
    }
}

fn number(field: &'static str, value: &Value) -> Result<u64, RecordedError> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
    .ok_or_else(|| RecordedError::Field {
        field,
        expected: "a non-negative 64-bit number",
        found: value.to_string(),
    })
}

fn small(field: &'static str, value: &Value) -> Result<u8, RecordedError> {
    number(field, value)?
        .try_into()
        .map_err(|_| RecordedError::Field {
            field,
            expected: "a number of at most 255",
            found: value.to_string(),
        })
}

fn mode(value: &Value) -> Result<Mode, RecordedError> {
    let wrong = || RecordedError::Field {
        field: "params.mode",
        expected: "0 (QV), 1 (NON_QV) or 2 (FULL)",
        found: value.to_string(),
    };
    Mode::from_u8(small("params.mode", value)?).ok_or_else(wrong)
}

/// S-07: no coordinator can read a poll under a key that is no private key's.
fn usable(key: RawPoint) -> Result<RawPoint, RecordedError> {
    PublicKey::usable(key)
        .map(|key| key.coordinates())
        .map_err(|source| RecordedError::CoordinatorKey { source })
}

/// S-07: the contract refuses a coordinator key off the curve or at or above p, so a file with one is wrong.
fn coordinate(field: &'static str, text: &str) -> Result<Fr, RecordedError> {
    field::from_dec(text).ok_or_else(|| RecordedError::Field {
        field,
        expected: "two decimal field elements",
        found: text.to_owned(),
    })
}
