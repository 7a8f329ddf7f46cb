//! Polls, directories and engines for the tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use maci_coordinator::{
    Cancel, Control, Error, Job, Options, ProvingKeys, Recorded, Silent, Status, StoredKeys,
};
use maci_keys::{AllowInsecureDevKeys, KeyStore, ProvingKey};
use maci_protocol::keys::{CoordinatorKey, PrivateKey};
use maci_protocol::recorded;
use maci_protocol::testing::{self, Spec};
use maci_verifier::{CircuitId, Mode, PollParams};
use tempfile::TempDir;

/// The recorded poll of a mode: `maci-v3`, `maci-v3-nonqv`, `maci-v3-full`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
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
    Spec {
        hostile_percent: 30,
        ..Spec::honest(params, 3, messages, 11)
    }
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

/// Keys for stages that prove nothing.
#[derive(Debug)]
pub(crate) struct NoKeys;

impl ProvingKeys for NoKeys {
    fn proving_key(&self, _: &CircuitId) -> Result<Arc<ProvingKey>, Error> {
        panic!("this stage needs no key")
    }
}

/// The proving keys of the small polls: made once on this machine, loaded once a process.
pub(crate) fn keys() -> Arc<dyn ProvingKeys> {
    static KEYS: OnceLock<Arc<StoredKeys>> = OnceLock::new();
    let open = || {
        let store = KeyStore::open(Path::new(env!("CARGO_TARGET_TMPDIR")).join("keys")).unwrap();
        Arc::new(StoredKeys::new(
            store,
            Some(AllowInsecureDevKeys::because_the_user_said_so()),
        ))
    };
    KEYS.get_or_init(open).clone()
}

/// A control that says nothing and never stops.
pub(crate) struct Quiet(Cancel);

impl Quiet {
    pub(crate) fn new() -> Self {
        Self(Cancel::new())
    }

    pub(crate) fn control(&self) -> Control<'_> {
        Control {
            progress: &Silent,
            cancel: &self.0,
        }
    }
}

/// A job without proofs.
pub(crate) fn native_job(
    data: &Path,
    recorded: &Path,
    key: Option<CoordinatorKey>,
) -> Result<Job, Error> {
    Job::open(
        data,
        Some(Recorded::directory(recorded).into()),
        key,
        Arc::new(NoKeys),
        Options::default(),
    )
}

/// A job with proofs.
pub(crate) fn job(data: &Path, recorded: &Path, options: Options) -> Result<Job, Error> {
    Job::open(
        data,
        Some(Recorded::directory(recorded).into()),
        Some(key_of(recorded)),
        keys(),
        options,
    )
}

/// A fresh folder.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Every artefact of a finished job, by its path in the data directory.
pub(crate) fn artefacts(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for name in ["tally.json", "bundle.json"] {
        files.insert(name.to_owned(), fs::read(data.join(name)).unwrap());
    }
    for entry in fs::read_dir(data.join("proofs")).unwrap() {
        let entry = entry.unwrap();
        files.insert(
            format!("proofs/{}", entry.file_name().to_str().unwrap()),
            fs::read(entry.path()).unwrap(),
        );
    }
    files
}

/// A small poll and the artefacts of a run that nothing disturbed.
pub(crate) struct Reference {
    pub(crate) poll: TempDir,
    pub(crate) artefacts: BTreeMap<String, Vec<u8>>,
    pub(crate) status: Status,
}

impl Reference {
    pub(crate) fn of(spec: &Spec) -> Self {
        let poll = folder();
        write_poll(spec, poll.path());
        let data = folder();
        let status = job(data.path(), poll.path(), Options::default())
            .unwrap()
            .run_all(Quiet::new().control())
            .unwrap();
        Self {
            artefacts: artefacts(data.path()),
            status,
            poll,
        }
    }

    /// The artefacts must be those of the undisturbed run, byte for byte.
    pub(crate) fn assert_same(&self, data: &Path, what: &str) {
        let found = artefacts(data);
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&self.artefacts), "{what}");
        for (name, bytes) in &self.artefacts {
            assert!(found[name] == *bytes, "{what}: {name} differs");
        }
    }
}

/// Runs one test of this binary as another process, with these variables.
pub(crate) fn child(test: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        test,
        "--exact",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// A variable that a parent test set.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Numbers that look random and are the same every time.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit.max(1)
    }
}
