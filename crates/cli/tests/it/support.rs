//! A place to run `maci` in, apart from the machine's own settings.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// An empty working directory with no `maci.toml` and no `MACI_*` variable around it.
pub(crate) struct Place {
    dir: TempDir,
}

/// What a run left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            dir: TempDir::new().expect("a temporary directory"),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("maci"));
        command.current_dir(self.path()).env("HOME", self.path());
        for (name, _) in std::env::vars_os() {
            let ours = name.to_string_lossy().starts_with("MACI_");
            // Keys made once serve every test; nothing else of the surroundings counts.
            if ours && name != "MACI_CACHE" {
                command.env_remove(name);
            }
        }
        for name in ["RUST_LOG", "XDG_CACHE_HOME", "NO_COLOR"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        run(self.command().args(args))
    }

    /// Runs with `--json` and reads the envelope, which must be the whole of standard output.
    pub(crate) fn json(&self, args: &[&str]) -> (i32, Value) {
        let ran = self.run(&[args, &["--json"]].concat());
        let envelope: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| {
            panic!(
                "{error} in {:?}; standard error: {}",
                ran.stdout, ran.stderr
            )
        });
        assert_eq!(envelope["schema_version"], 1);
        assert_eq!(
            envelope["ok"],
            ran.code == 0,
            "ok and the exit code agree: {envelope}"
        );
        assert_eq!(
            envelope["errors"].as_array().map(Vec::is_empty),
            Some(ran.code == 0)
        );
        assert!(envelope["warnings"].is_array());
        (ran.code, envelope)
    }

    /// [`Place::json`] of what has to succeed.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> Value {
        let (code, envelope) = self.json(args);
        assert_eq!(code, 0, "{envelope}");
        envelope
    }

    /// [`Place::run`] of what has to end with this code.
    #[track_caller]
    pub(crate) fn ends(&self, code: i32, args: &[&str]) -> Ran {
        let ran = self.run(args);
        assert_eq!(ran.code, code, "{}", ran.stderr);
        ran
    }
}

pub(crate) fn run(command: &mut Command) -> Ran {
    let output = command.output().expect("maci starts");
    Ran {
        code: output.status.code().expect("maci ends by itself"),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
    }
}

/// The recorded polls of the repository.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures")
        .join(name)
}

/// Copies what the commands may read of a recorded poll into a directory of its own, and nothing else: of the keys only
/// the coordinator's private one.
pub(crate) fn bare_copy(name: &str, to: &Path) {
    std::fs::create_dir_all(to).expect("a directory");
    for file in ["deployment.json", "logs.json"] {
        std::fs::copy(fixture(name).join(file), to.join(file)).expect("copied");
    }
    let keys = read_json(&fixture(name).join("keys.json"));
    let key =
        serde_json::json!({ "coordinator": { "privateKey": keys["coordinator"]["privateKey"] } });
    std::fs::write(to.join("keys.json"), key.to_string()).expect("written");
}

pub(crate) fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON")
}

pub(crate) fn write_json(path: &Path, value: &Value) {
    std::fs::write(path, value.to_string()).expect("written");
}

/// Every file below a directory.
pub(crate) fn files_below(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(directory) = pending.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
