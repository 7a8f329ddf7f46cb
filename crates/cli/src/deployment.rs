//! Which instance and which poll a command means, and the operator's description of what to deploy.

use std::path::{Path, PathBuf};

use clap::Args;
use maci_chain::Client;
use maci_chain::contracts::{MACI, PollContracts};
use maci_chain::deploy::{DeploymentConfig, PollRecord, Record};
use maci_chain::primitives::{Address, U256};
use maci_keys::{AllowInsecureDevKeys, Manifest, shipped};
use maci_verifier::{CircuitId, VerifyingKey};

use crate::chain;
use crate::failure::Failure;
use crate::files;
use crate::job::with_causes;

/// The deployment file of operators.
#[derive(Args, Debug)]
pub(crate) struct RecordArgs {
    /// Deployment file: what lies where; an interrupted run goes on with it
    #[arg(
        long,
        value_name = "FILE",
        default_value = "deployment.json",
        env = "MACI_DEPLOYMENT",
        hide_env_values = true
    )]
    pub(crate) deployment: PathBuf,
}

/// An instance, by address or by deployment file.
#[derive(Args, Debug)]
pub(crate) struct InstanceArgs {
    /// Address of the MACI contract
    #[arg(long, value_name = "ADDRESS", required_unless_present = "deployment")]
    pub(crate) maci: Option<Address>,

    /// Deployment file of the instance, instead of its address
    #[arg(
        long,
        value_name = "FILE",
        env = "MACI_DEPLOYMENT",
        hide_env_values = true
    )]
    pub(crate) deployment: Option<PathBuf>,
}

/// What is known of an instance.
#[derive(Debug)]
pub(crate) struct Instance {
    /// The MACI contract.
    pub(crate) maci: Address,
    /// The block to begin reading at.
    pub(crate) from_block: u64,
    /// The operator's file, where it was named.
    pub(crate) record: Option<Record>,
}

impl InstanceArgs {
    /// Reads the deployment file if it is named. An address beside it must be the file's own.
    pub(crate) fn resolve(&self, client: &Client) -> Result<Instance, Failure> {
        let Some(path) = &self.deployment else {
            let maci = self.maci.unwrap_or_default();
            return Ok(Instance {
                maci,
                from_block: 0,
                record: None,
            });
        };
        let record = Record::read(path).map_err(|error| chain::failure(&error))?;
        let maci = record.maci().map_err(|error| chain::failure(&error))?;
        if record.chain_id != client.chain_id() {
            return Err(Failure::conflict(
                "wrong_chain",
                format!(
                    "the node serves the chain {}, and {} is of the chain {}",
                    client.chain_id(),
                    path.display(),
                    record.chain_id
                ),
            ));
        }
        if self.maci.is_some_and(|named| named != maci) {
            return Err(Failure::usage(
                "two_instances",
                format!(
                    "--maci names another contract than {}, which has {maci}",
                    path.display()
                ),
            ));
        }
        let from_block = record.steps.get("MACI").map_or(0, |done| done.block);
        Ok(Instance {
            maci,
            from_block,
            record: Some(record),
        })
    }
}

impl Instance {
    /// What the operator's file says of a poll.
    pub(crate) fn poll_record(&self, id: u64) -> Option<&PollRecord> {
        self.record.as_ref().and_then(|record| record.poll(id))
    }

    /// The contracts of a poll, asked from the chain.
    pub(crate) fn poll(&self, client: &Client, id: u64) -> Result<PollContracts, Failure> {
        let call = MACI::getPollCall {
            pollId: U256::from(id),
        };
        client.call(self.maci, &call).map_err(|error| {
            chain::failure(&error)
                .hint("the operator's deployment file lists the polls of an instance")
        })
    }
}

/// Reads the operator's description.
pub(crate) fn read_config(path: &Path) -> Result<DeploymentConfig, Failure> {
    let text = files::read_text(path, "deployment description", 1 << 20)?;
    toml::from_str(&text).map_err(|error| {
        Failure::usage("bad_deployment", format!("{}: {error}", path.display()))
            .hint("docs/operations.md shows one")
    })
}

/// Which verifying keys are registered.
#[derive(Args, Debug)]
pub(crate) struct VerifyingKeysArgs {
    /// Directory of manifest.toml and the verifying keys to register [default: the keys compiled in]
    #[arg(long, value_name = "DIR")]
    pub(crate) keys: Option<PathBuf>,
}

/// The verifying keys that `wanted` selects, of a directory or of those that are compiled in.
pub(crate) fn verifying_keys(
    args: &VerifyingKeysArgs,
    allow: Option<AllowInsecureDevKeys>,
    wanted: impl Fn(CircuitId) -> bool,
) -> Result<Vec<VerifyingKey>, Failure> {
    let directory = args.keys.as_deref();
    let manifest = directory.map_or_else(shipped::manifest, Manifest::load);
    let manifest = manifest.map_err(|error| Failure::usage("keys", with_causes(&error)))?;
    let entries = manifest.entries().iter();
    entries
        .filter(|entry| wanted(entry.circuit))
        .map(|entry| {
            let key = match directory {
                Some(directory) => manifest.verifying_key(directory, entry.circuit).map(Some),
                None => shipped::verifying_key(entry.circuit),
            };
            let key = key.map_err(|error| Failure::conflict("keys", with_causes(&error)))?;
            let key = key.ok_or_else(|| {
                Failure::conflict("keys", format!("the manifest lists no key for {}", entry.circuit))
            })?;
            key.accept(allow).map_err(|error| {
                Failure::usage("insecure_dev_keys", error)
                    .hint("add --insecure-dev-keys, for tests and demonstrations only; no ceremony keys exist yet")
            })
        })
        .collect()
}

/// The state tree depth that a circuit is made for.
pub(crate) fn depth_of(circuit: CircuitId) -> u8 {
    match circuit {
        CircuitId::PollJoining { state_tree_depth }
        | CircuitId::PollJoined { state_tree_depth }
        | CircuitId::MessageProcessor {
            state_tree_depth, ..
        }
        | CircuitId::VoteTally {
            state_tree_depth, ..
        } => state_tree_depth,
    }
}
