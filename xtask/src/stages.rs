//! Runs child commands as named stages and prints the time of each.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

/// The stages of one run, with the time that each took.
#[derive(Debug, Default)]
pub(crate) struct Stages {
    done: Vec<(String, Duration)>,
    failed: usize,
}

impl Stages {
    /// Runs `work` as the stage `name`.
    pub(crate) fn run(&mut self, name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
        eprintln!("\n=== {name}");
        let start = Instant::now();
        let result = work();
        self.done.push((name.to_owned(), start.elapsed()));
        self.failed += usize::from(result.is_err());
        result.with_context(|| format!("stage `{name}` failed"))
    }

    /// Prints the time of each stage that ran, the failed one included.
    pub(crate) fn report(&self) {
        eprintln!("\n=== stages");
        for (name, time) in &self.done {
            eprintln!("{:>8.1} s  {name}", time.as_secs_f64());
        }
        let total: Duration = self.done.iter().map(|(_, time)| *time).sum();
        eprintln!("{:>8.1} s  in all", total.as_secs_f64());
        eprintln!(
            "stages: {} passed, {} failed",
            self.done.len() - self.failed,
            self.failed
        );
    }
}

/// Runs a program in `dir` with inherited output; a non-zero exit is an error that shows the command line.
pub(crate) fn run(dir: &Path, program: &str, args: &[&str], env: &[(&str, &str)]) -> Result<()> {
    let line = format!("{program} {}", args.join(" "));
    eprintln!("$ {line}");
    let status = Command::new(program)
        .args(args)
        .envs(env.iter().copied())
        .current_dir(dir)
        .status()
        .with_context(|| format!("cannot start `{line}`"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}

/// Builds the binary `maci` and returns its path. The whole workspace is named, as in the test run, so that nothing is built a
/// second time with other features.
pub(crate) fn maci_binary(root: &Path) -> Result<PathBuf> {
    let build = [
        "build",
        "--quiet",
        "--profile",
        "ci",
        "--workspace",
        "--bin",
        "maci",
    ];
    run(root, "cargo", &build, &[])?;
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()?;
    Ok(metadata.target_directory.join("ci/maci").into())
}

/// Whether `program --version` can be run.
pub(crate) fn available(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
