//! The deployment file on disk: rewritten after every change, and one process's at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use alloy::primitives::Address;

use super::record::Record;
use crate::error::Error;

/// A deployment file that is rewritten after every change.
#[derive(Debug)]
pub struct Store {
    /// `None` keeps it in memory only: a dry run.
    path: Option<PathBuf>,
    record: Record,
    /// Held from the first change on, so that no two processes send for one file.
    lock: Option<File>,
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
            lock: None,
        })
    }

    /// Goes on with a file that must be there.
    pub fn existing(path: &Path) -> Result<Self, Error> {
        Ok(Self {
            path: Some(path.to_owned()),
            record: Record::read(path)?,
            lock: None,
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

    /// Locks the file against other processes and reads it again, unless it is kept in memory only.
    pub(super) fn lock(&mut self) -> Result<(), Error> {
        let Some(path) = &self.path else {
            return Ok(());
        };
        let beside = beside(path, ".lock");
        let failed = |source| Error::Io {
            action: "lock",
            path: beside.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(&beside).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Conflict(format!(
                    "another process works on {}; wait for it, or end it",
                    path.display()
                )));
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        if path.exists() {
            self.record = Record::read(path)?;
        }
        self.lock = Some(file);
        Ok(())
    }

    /// Refuses a node or an account that the file is not of: what it holds as pending belongs to exactly one.
    pub(super) fn check(&self, chain_id: u64, account: Address) -> Result<(), Error> {
        let record = &self.record;
        if record.chain_id != chain_id {
            return Err(Error::Conflict(format!(
                "the deployment file is of the chain {}, and the node serves {chain_id}; name another node or another file",
                record.chain_id
            )));
        }
        if record.deployer != account {
            return Err(Error::Conflict(format!(
                "the deployment file is of the account {}, and the Ethereum key is that of {account}; give the first one's key",
                record.deployer
            )));
        }
        Ok(())
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

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Writes beside the file and renames, so that a crash leaves the old file or the new one; the folder is synced too, so that
/// a power cut does not bring the old one back.
fn write_whole(path: &Path, record: &Record) -> std::io::Result<()> {
    let fresh = beside(path, ".new");
    let mut file = File::create(&fresh)?;
    serde_json::to_writer_pretty(&mut file, record)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Some file systems do not sync folders; what could be done is done.
    File::open(folder)?.sync_all().or(Ok(()))
}

#[cfg(test)]
mod tests {
    use alloy::primitives::B256;

    use super::super::PolicyConfig;
    use super::super::record::Done;
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
                        call: B256::repeat_byte(1),
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

    #[test]
    fn one_process_at_a_time_and_only_on_its_own_chain_with_its_own_account() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deployment.json");
        let mut first = Store::open(&path, &fresh()).unwrap();
        first.lock().unwrap();
        first.change(|record| record.state_tree_depth = 9).unwrap();
        let mut second = Store::existing(&path).unwrap();
        assert!(matches!(second.lock(), Err(Error::Conflict(_))));
        // What was read before the lock was held is read again.
        first.change(|record| record.state_tree_depth = 10).unwrap();
        drop(first);
        second.lock().unwrap();
        assert_eq!(second.record().state_tree_depth, 10);

        assert!(second.check(31337, Address::repeat_byte(1)).is_ok());
        assert!(second.check(1, Address::repeat_byte(1)).is_err());
        assert!(second.check(31337, Address::repeat_byte(2)).is_err());
    }
}
