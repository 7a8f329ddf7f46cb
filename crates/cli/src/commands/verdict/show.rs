//! `maci verdict show`.

use std::path::{Path, PathBuf};

use clap::Args;
use maci_verdict::VerdictFile;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;
use crate::verdict_file;

/// Arguments of `verdict show`.
#[derive(Args, Debug)]
pub(crate) struct ShowArgs {
    /// The verdict file
    verdict: PathBuf,
}

/// Shows what the file says.
pub(super) fn run(_context: &Context<'_>, args: &ShowArgs) -> Result<Report, Failure> {
    let file = verdict_file::read(&args.verdict)?;
    Ok(describe(&file, &args.verdict).text(
        "this is what the file says; maci verdict verify tells whether it follows from a bundle",
    ))
}

/// A verdict for people and programs.
pub(super) fn describe(file: &VerdictFile, path: &Path) -> Report {
    let verdict = &file.verdict;
    let id = verdict.id().to_string();
    Report::new(json!({
        "verdict": path.display().to_string(),
        "verdict_id": id,
        "market_id": verdict.market_id.to_string(),
        "poll_id": verdict.poll_id.to_string(),
        "maci": verdict.maci.to_string(),
        "chain_id": verdict.chain_id.to_string(),
        "resolution": file.resolution,
        "reasons": file.reasons,
        "numerators": decimals(&verdict.numerators),
        "results": decimals(&verdict.results),
        "total_spent": verdict.total_spent.to_string(),
        "grade": file.grade.to_string(),
        "insecure_dev": file.insecure_dev,
        "bundle_digest": file.bundle_digest.to_string(),
    }))
    .facts(&[
        ("verdict", id),
        ("file", path.display().to_string()),
        ("market", verdict.market_id.to_string()),
        (
            "poll",
            format!(
                "{} of {} on chain {}",
                verdict.poll_id, verdict.maci, verdict.chain_id
            ),
        ),
        ("resolution", file.resolution.clone()),
        ("because", file.reasons.join("; ")),
        ("bundle", file.bundle_digest.to_string()),
    ])
}

fn decimals<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
