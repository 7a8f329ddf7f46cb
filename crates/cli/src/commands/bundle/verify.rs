//! `maci bundle verify`.

use std::path::PathBuf;

use clap::Args;
use maci_verdict::audit::Outcome;
use serde_json::{Value, json};

use crate::audit::{self, DevKeysArgs};
use crate::context::Context;
use crate::failure::Failure;
use crate::recording::Recording;
use crate::report::Report;

/// Arguments of `bundle verify`.
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The bundle
    bundle: PathBuf,

    /// Recompute root and chain hashes from this recorded poll too (grade V3)
    #[arg(long, value_name = "DIR")]
    recorded: Option<PathBuf>,

    /// A verifying key file (.vk) that you trust; may be given again
    #[arg(long, value_name = "FILE")]
    trusted_key: Vec<PathBuf>,

    #[command(flatten)]
    dev_keys: DevKeysArgs,
}

/// Audits a bundle; a failed check is the answer no, not an error.
pub(super) fn run(context: &Context<'_>, args: &VerifyArgs) -> Result<Report, Failure> {
    let bytes = audit::read(&args.bundle)?;
    let log = match &args.recorded {
        Some(directory) => Some(Recording::read(directory)?.parse()?),
        None => None,
    };
    let trust = audit::Trust {
        keys: args.trusted_key.clone(),
        ..args.dev_keys.trust()
    };
    let audit = audit::run(context, &bytes, &trust, log.as_ref())?;
    let checks = audit.report().checks();
    let word = |outcome: &Outcome| match outcome {
        Outcome::Pass(detail) => ("pass", detail.clone()),
        Outcome::Fail(reason) => ("FAIL", reason.clone()),
        Outcome::NotRun => ("-", String::new()),
    };
    let rows = checks
        .iter()
        .map(|check| {
            let (outcome, detail) = word(&check.outcome);
            vec![check.name.to_string(), outcome.to_owned(), detail]
        })
        .collect();
    let list: Vec<Value> = checks
        .iter()
        .map(|check| {
            let (outcome, detail) = word(&check.outcome);
            let outcome = outcome.to_lowercase().replace('-', "not-run");
            json!({ "check": check.name.to_string(), "outcome": outcome, "detail": detail })
        })
        .collect();
    let grade = audit.report().grade();
    let poll = audit.poll();
    let data = json!({
        "bundle": args.bundle.display().to_string(),
        "grade": grade.map(|grade| grade.to_string()),
        "insecure_dev": poll.as_ref().is_ok_and(|poll| poll.insecure_dev()),
        "results": poll.as_ref().ok().map(|poll| {
            poll.tally().results.iter().map(ToString::to_string).collect::<Vec<_>>()
        }),
        "checks": list,
    });
    let report = Report::new(data).table(&["check", "", ""], &[], rows);
    Ok(match (poll, grade) {
        (Ok(poll), Some(grade)) => {
            for warning in poll.warnings() {
                context.warn("audit", warning.to_string());
            }
            report.text(format!("grade {grade}: {}", grade.meaning()))
        }
        (Err(check), _) => report.refuse(audit::refused(&args.bundle, &check.to_string())),
        (Ok(_), None) => report.refuse(audit::refused(&args.bundle, "no grade was reached")),
    })
}
