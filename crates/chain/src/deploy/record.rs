//! The deployment file: what lies where, and the one transaction that may be under way.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use alloy::primitives::{Address, B256, Bytes};
use maci_verifier::PollParams;
use serde::{Deserialize, Serialize};

use super::config::PolicyConfig;
use crate::contracts::{Libraries, RELEASE};
use crate::error::Error;

/// Raised when a field changes its meaning.
const FORMAT: u32 = 1;

/// A step that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// The contract that the step made, where it made one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
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
    /// The transaction.
    pub transaction: B256,
    /// Its nonce.
    pub nonce: u64,
    /// Its bytes, to be sent again after a crash. A signed transaction is no secret.
    pub raw: Bytes,
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

/// A deployment file that is rewritten after every change.
#[derive(Debug)]
pub struct Store {
    /// `None` keeps it in memory only: a dry run.
    path: Option<PathBuf>,
    record: Record,
}

impl Store {
    /// Goes on with the file if it is there, else begins with `fresh`. A file of another chain, account or instance is
    /// refused.
    pub fn open(path: &Path, fresh: &Record) -> Result<Self, Error> {
        let record = if path.exists() {
            Record::read(path)?
        } else {
            fresh.clone()
        };
        let differs = |what: &str, found: &dyn std::fmt::Debug, wanted: &dyn std::fmt::Debug| {
            Err(Error::Conflict(format!(
                "{} is a deployment with {what} {found:?}, expected {wanted:?}; name another file",
                path.display()
            )))
        };
        if record.chain_id != fresh.chain_id {
            return differs("chain", &record.chain_id, &fresh.chain_id);
        }
        if record.deployer != fresh.deployer {
            return differs("deployer", &record.deployer, &fresh.deployer);
        }
        if record.state_tree_depth != fresh.state_tree_depth {
            return differs(
                "state tree depth",
                &record.state_tree_depth,
                &fresh.state_tree_depth,
            );
        }
        if record.policy != fresh.policy {
            return differs("sign-up policy", &record.policy, &fresh.policy);
        }
        Ok(Self {
            path: Some(path.to_owned()),
            record,
        })
    }

    /// Goes on with a file that must be there.
    pub fn existing(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: Some(path.to_owned()),
            record: Record::read(path)?,
        })
    }

    /// The same, kept in memory only.
    #[must_use]
    pub fn in_memory(mut self) -> Self {
        self.path = None;
        self
    }

    /// What it holds.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Changes it and writes it to disk before anything else happens.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), Error> {
        change(&mut self.record);
        let Some(path) = &self.path else {
            return Ok(());
        };
        write_whole(path, &self.record).map_err(|source| Error::Io {
            action: "write",
            path: path.clone(),
            source,
        })
    }
}

/// Writes beside the file and renames, so that a crash leaves the old file or the new one.
fn write_whole(path: &Path, record: &Record) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut file = std::fs::File::create(&beside)?;
    serde_json::to_writer_pretty(&mut file, record)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> Record {
        Record::new(31337, Address::repeat_byte(1), 10, PolicyConfig::Free)
    }

    #[test]
    fn a_file_is_read_as_it_was_written_and_only_for_the_same_deployment() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deployment.json");
        let mut store = Store::open(&path, &fresh()).unwrap();
        store
            .change(|record| {
                record.steps.insert(
                    "PoseidonT3".to_owned(),
                    Done {
                        address: Some(Address::repeat_byte(9)),
                        transaction: B256::repeat_byte(3),
                        block: 7,
                        gas: 8,
                    },
                );
            })
            .unwrap();
        let again = Store::open(&path, &fresh()).unwrap();
        assert_eq!(again.record(), store.record());
        assert_eq!(again.record().libraries().len(), 1);
        for other in [
            Record::new(1, Address::repeat_byte(1), 10, PolicyConfig::Free),
            Record::new(31337, Address::repeat_byte(2), 10, PolicyConfig::Free),
            Record::new(31337, Address::repeat_byte(1), 11, PolicyConfig::Free),
        ] {
            assert!(Store::open(&path, &other).is_err());
        }
        std::fs::write(&path, "{}").unwrap();
        assert!(Store::existing(&path).is_err());
    }
}
