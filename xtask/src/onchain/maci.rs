//! The binary `maci` in a working directory of its own, asked with `--json`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use maci_chain::{Client, ClientOptions};
use serde_json::Value;

use crate::stages;

/// The program under test, and the chain it talks to.
#[derive(Debug)]
pub(crate) struct Maci {
    binary: PathBuf,
    work: PathBuf,
    url: String,
    client: Client,
}

impl Maci {
    /// Builds the binary.
    pub(crate) fn build(root: &Path, work: &Path, url: &str) -> Result<Self> {
        let binary = stages::maci_binary(root)?;
        let options = ClientOptions {
            poll_interval: std::time::Duration::from_millis(50),
            ..ClientOptions::default()
        };
        Ok(Self {
            binary,
            work: work.to_owned(),
            url: url.to_owned(),
            client: Client::connect(url, options)?,
        })
    }

    /// The same program in a working directory below this one, with another chain.
    pub(crate) fn beside(&self, name: &str, url: &str) -> Result<Self> {
        let work = self.work.join(name);
        std::fs::create_dir_all(&work)?;
        Ok(Self {
            binary: self.binary.clone(),
            work,
            url: url.to_owned(),
            client: Client::connect(url, self.client.options().clone())?,
        })
    }

    /// A file or directory of the run.
    pub(crate) fn path(&self, name: &str) -> String {
        self.work.join(name).display().to_string()
    }

    /// Where the chain answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The chain.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Runs a command that must succeed and returns its data.
    pub(crate) fn ok(&self, args: &[&str]) -> Result<Value> {
        let (code, mut envelope) = self.run(args)?;
        ensure!(
            code == Some(0),
            "`maci {}` ended with {code:?}: {}",
            args.join(" "),
            envelope["errors"]
        );
        Ok(envelope["data"].take())
    }

    /// Runs a command that must fail with this exit code and this error.
    pub(crate) fn refused(&self, args: &[&str], code: i32, error: &str) -> Result<()> {
        let (found, envelope) = self.run(args)?;
        let errors = envelope["errors"].to_string();
        ensure!(
            found == Some(code) && errors.contains(error),
            "`maci {}` ended with {found:?} and {errors}, expected {code} and {error}",
            args.join(" ")
        );
        Ok(())
    }

    /// Starts a command and lets it run; whatever it says is lost.
    pub(crate) fn spawn(&self, args: &[&str]) -> Result<Child> {
        self.command(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", self.binary.display()))
    }

    /// Runs a command with these variables, wherever it ends. Returns its envelope, if it lived to print one.
    pub(crate) fn with(
        &self,
        args: &[String],
        variables: &[(&str, &str)],
    ) -> Result<(ExitStatus, Value)> {
        let output = self.output(args, variables)?;
        let envelope = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Ok((output.status, envelope))
    }

    /// Runs a command with these variables and returns all that it printed.
    pub(crate) fn output(&self, args: &[String], variables: &[(&str, &str)]) -> Result<Output> {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.command(&args)
            .envs(variables.iter().copied())
            .output()
            .with_context(|| format!("cannot start {}", self.binary.display()))
    }

    fn command(&self, args: &[&str]) -> Command {
        eprintln!("$ maci {}", args.join(" "));
        let mut command = Command::new(&self.binary);
        command
            .args(args)
            .args(["--json", "--no-progress"])
            .current_dir(&self.work)
            .env("MACI_RPC", &self.url)
            .env("MACI_INSECURE_DEV_KEYS", "1");
        command
    }

    fn run(&self, args: &[&str]) -> Result<(Option<i32>, Value)> {
        let output = self
            .command(args)
            .output()
            .with_context(|| format!("cannot start {}", self.binary.display()))?;
        let Ok(envelope) = serde_json::from_slice(&output.stdout) else {
            bail!(
                "`maci {}` printed no envelope: {}{}",
                args.join(" "),
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
        };
        Ok((output.status.code(), envelope))
    }

    /// Moves the chain's clock.
    pub(crate) fn travel(&self, seconds: u64) -> Result<()> {
        let _: Value = self.client.request_once("evm_increaseTime", (seconds,))?;
        let _: Value = self.client.request_once("evm_mine", ())?;
        Ok(())
    }
}

/// Prints the figures of a run.
pub(crate) fn print(value: &Value) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{value:#}");
}
