//! Polls, directories and engines for the tests.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maci_circuits::Inputs;
use maci_coordinator::{Cancel, Control, Engine, Error, Job, Options, Recorded, Silent};
use maci_protocol::keys::{CoordinatorKey, PrivateKey};
use maci_protocol::recorded;
use maci_protocol::secrets::RunSeed;
use maci_protocol::testing::{self, Spec};
use maci_verifier::{CircuitId, Mode, PollParams, Proof, VerifyingKey};
use tempfile::TempDir;

/// The recorded poll of a mode: `maci-v3`, `maci-v3-nonqv`, `maci-v3-full`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

/// The coordinator key of a recorded directory.
pub(crate) fn key_of(dir: &Path) -> CoordinatorKey {
    recorded::coordinator_key(&fs::read_to_string(dir.join("keys.json")).unwrap()).unwrap()
}

/// Somebody else's key.
pub(crate) fn other_key() -> CoordinatorKey {
    CoordinatorKey::new(PrivateKey::from_be_bytes(&[77]))
}

/// Copies the two files that are read.
pub(crate) fn copy_recorded(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for name in ["deployment.json", "logs.json"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

/// A small poll whose proofs take well under a second each.
pub(crate) fn small_spec(mode: Mode, messages: u64) -> Spec {
    let params = PollParams {
        state_tree_depth: 2,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 1,
        message_batch_size: 1,
        vote_options: 3,
        mode,
    };
    Spec { hostile_percent: 30, ..Spec::honest(params, 3, messages, 11) }
}

/// Writes a simulated poll as a recorded directory, its key included.
pub(crate) fn write_poll(spec: &Spec, dir: &Path) {
    let poll = testing::simulate(spec);
    let (deployment, logs, keys) = testing::fixture::write(&poll);
    fs::create_dir_all(dir).unwrap();
    fs::write(dir.join("deployment.json"), deployment).unwrap();
    fs::write(dir.join("logs.json"), logs).unwrap();
    fs::write(dir.join("keys.json"), keys).unwrap();
}

/// An engine for stages that prove nothing.
#[derive(Debug)]
pub(crate) struct Idle;

impl Engine for Idle {
    fn verifying_key(&self, _: &CircuitId) -> Result<Arc<VerifyingKey>, Error> {
        panic!("this stage needs no key")
    }

    fn prove(&self, _: &CircuitId, _: Inputs, _: &RunSeed) -> Result<Proof, Error> {
        panic!("this stage proves nothing")
    }

    fn workers(&self) -> NonZeroUsize {
        NonZeroUsize::MIN
    }
}

/// A control that says nothing and never stops.
pub(crate) struct Quiet(Cancel);

impl Quiet {
    pub(crate) fn new() -> Self {
        Self(Cancel::new())
    }

    pub(crate) fn control(&self) -> Control<'_> {
        Control { progress: &Silent, cancel: &self.0 }
    }
}

/// A job without proofs.
pub(crate) fn native_job(data: &Path, recorded: &Path, key: Option<CoordinatorKey>) -> Result<Job, Error> {
    Job::open(data, Some(Recorded::directory(recorded)), key, Arc::new(Idle), Options::default())
}

/// A fresh folder.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}
