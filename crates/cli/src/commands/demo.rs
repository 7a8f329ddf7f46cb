//! `maci demo`: one recorded poll the whole way of a vote, from its logs to a settled market, with real proofs.
//!
//! By default the poll is one that was really held on MACI's own contracts and that the binary carries inside, so the
//! demo runs from anywhere. It is the one command that accepts development keys by itself, and it says so.

mod market;
mod source;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use maci_coordinator::{ProvingKeys as _, StageId};
use maci_keys::AllowInsecureDevKeys;
use serde_json::{Value, json};

use super::circuits;
use crate::audit::{self, Trust};
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::job::{Opening, Session, failure};
use crate::proving_keys::LocalKeys;
use crate::report::Report;
use crate::results::PollResults;
use crate::rusage;
use crate::settings::Source;
use crate::simulate::SimulateSpec;

/// Arguments of `demo`.
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// A recorded poll instead of the built-in one: deployment.json, logs.json and the coordinator's key in keys.json
    #[arg(long, value_name = "DIR")]
    recorded: Option<PathBuf>,

    /// A simulated poll instead, for example mode=full,depth=4,voters=5,messages=7; an empty list for the default one
    ///
    /// Names: mode (qv, non-qv, full), depth, tally-depth, vote-depth, batch, options, voters, messages, credits (a
    /// number or extreme), hostile (percent of messages that are no plain vote). Its files are written into the data
    /// directory in the recorded layout.
    #[arg(long, value_name = "PARAMS", conflicts_with = "recorded")]
    simulate: Option<SimulateSpec>,

    /// Seed of the simulated poll
    #[arg(long, value_name = "N", default_value_t = 1, requires = "simulate")]
    seed: u64,

    /// Stop after the native tally: no keys, no proofs
    #[arg(long)]
    tally_only: bool,
}

/// Runs everything. Without `--datadir` all files are gone at the end.
pub(crate) fn run(context: &Context<'_>, args: &DemoArgs) -> Result<Report, Failure> {
    let start = Instant::now();
    let temporary = match context.settings.datadir.source {
        Source::Default => Some(tempfile::tempdir().map_err(|error| {
            Failure::outside(
                "io",
                format!("no temporary directory could be made: {error}"),
            )
            .hint("name a --datadir")
        })?),
        _ => None,
    };
    let directory = temporary.as_ref().map_or(
        context.settings.datadir.value.as_path(),
        tempfile::TempDir::path,
    );
    let (source, key) = source::open(context, args, directory)?;
    let keys = LocalKeys::new(
        context,
        Some(AllowInsecureDevKeys::because_the_user_said_so()),
    );
    let opening = Opening {
        source: Some(source.into()),
        key: Some(key),
        keys: Some(std::sync::Arc::clone(&keys)),
        ..Opening::default()
    };
    let mut session = Session::open(context, directory, opening)?;
    session.run(&[StageId::Ingest, StageId::Process, StageId::Tally])?;
    let results = PollResults::of(&mut session)?;
    let tallied = start.elapsed().as_secs_f64();
    if args.tally_only {
        return Ok(finish(
            results.table(Report::new(results.data())),
            None,
            start,
        ));
    }
    context.warn(
        "insecure_dev_keys",
        "the demo uses development keys from a public seed: its proofs convince nobody who did not run it",
    );
    let params = session.log()?.params;
    session.run(&[StageId::Prove, StageId::Transcript, StageId::Bundle])?;
    let proved = start.elapsed().as_secs_f64();
    let path = session.job.bundle_path();
    let bytes = audit::read(&path)?;
    let log = session.log()?;
    let mut made = Vec::new();
    for circuit in [params.process_circuit(), params.tally_circuit()] {
        let key = keys
            .proving_key(&circuit)
            .map_err(|error| failure(&error))?;
        made.push(key.verifying_key().clone());
    }
    context
        .progress
        .note("auditing the bundle as a stranger would ...");
    let trust = Trust {
        dev: true,
        made,
        ..Trust::default()
    };
    let poll = audit::poll(context, &path, &bytes, &trust, Some(&log))?;
    let deployment = session
        .job
        .deployment_text()
        .map_err(|error| failure(&error))?;
    let [process, tally] = trust.made.as_slice() else {
        return Err(Failure::conflict("keys", "a poll has two keys"));
    };
    let pins = crate::pins::of_deployment(&deployment, process, tally)?;
    let settled = market::run(pins, &poll)?;
    settled.write(directory, &poll, &bytes)?;
    let rows_per_message = circuits::measure(params.process_circuit())?.rows_per_message;

    let report = Report::new(results.data())
        .with("proving_seconds", json!(proved - tallied))
        .with("bundle_bytes", json!(bytes.len()))
        .with("datadir", kept(temporary.is_none(), directory))
        .with(
            "process_circuit",
            json!(params.process_circuit().to_string()),
        )
        .with("tally_circuit", json!(params.tally_circuit().to_string()));
    let report = results.table(
        report
            .text(format!(
                "{} message batches and {} ballot batches proved and verified as one transcript",
                results.message_batches, results.tally_batches
            ))
            .text(""),
    );
    let report = settled.describe(report.text(""));
    let report = match temporary {
        Some(_) => report,
        None => report.text(format!("\nall files are in {}", directory.display())),
    };
    Ok(finish(report, rows_per_message, start))
}

/// The members that every demo has, and the closing line.
fn finish(report: Report, rows_per_message: Option<usize>, start: Instant) -> Report {
    let seconds = start.elapsed().as_secs_f64();
    let peak = rusage::peak_rss_mb();
    let memory = peak.map_or_else(String::new, |mb| format!(", {mb} MiB of memory at most"));
    let missing = |report: Report, name: &str| match report.data().get(name) {
        Some(_) => report,
        None => report.with(name, Value::Null),
    };
    missing(missing(report, "verdict_id"), "market_state")
        .with("constraints_per_message", json!(rows_per_message))
        .with("seconds", json!((seconds * 1000.0).round() / 1000.0))
        .with("peak_rss_mb", json!(peak))
        .text(format!("{seconds:.1} s{memory}"))
}

fn kept(kept: bool, directory: &Path) -> Value {
    if kept { json!(directory) } else { Value::Null }
}

impl market::Settled {
    /// Leaves ledger, bundle and verdict where the market commands look for them: `maci market show demo`.
    fn write(
        &self,
        directory: &Path,
        poll: &maci_verdict::VerifiedPoll,
        bundle: &[u8],
    ) -> Result<(), Failure> {
        let markets = directory.join("markets");
        let kept = markets
            .join("demo.bundles")
            .join(format!("{:x}.json", poll.bundle_digest()));
        files::write_whole(&kept, "audit bundle", bundle)?;
        files::write_whole(
            &markets.join("demo.ledger"),
            "ledger",
            &self.ledger.to_bytes(),
        )?;
        files::write_whole(
            &directory.join("verdict.json"),
            "verdict file",
            &self.verdict.to_bytes(),
        )
    }
}
