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

    /// Text with this place's path replaced, so that snapshots do not depend on it.
    pub(crate) fn anonymous(&self, text: &str) -> String {
        text.replace(&self.path().display().to_string(), "[PLACE]")
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
