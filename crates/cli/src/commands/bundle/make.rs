//! `maci bundle make`.

use std::path::PathBuf;

use clap::Args;
use maci_coordinator::StageId;
use maci_verdict::AuditBundle;
use serde_json::json;

use crate::audit;
use crate::context::Context;
use crate::failure::Failure;
use crate::files;
use crate::proving::ProvingArgs;
use crate::report::Report;

/// Arguments of `bundle make`.
#[derive(Args, Debug)]
pub(crate) struct MakeArgs {
    #[command(flatten)]
    proving: ProvingArgs,

    /// Write a copy here too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Checks the transcript and writes `bundle.json` into the data directory.
pub(super) fn run(context: &Context<'_>, args: &MakeArgs) -> Result<Report, Failure> {
    let mut session = args.proving.resume(context)?;
    session.run(&[StageId::Transcript, StageId::Bundle])?;
    let path = session.job.bundle_path();
    let bytes = audit::read(&path)?;
    if let Some(out) = &args.out {
        files::write_whole(out, "audit bundle", &bytes)?;
    }
    let shown = args.out.as_ref().unwrap_or(&path).display().to_string();
    let digest = AuditBundle::digest(&bytes).to_string();
    Ok(
        Report::new(json!({ "bundle": shown, "bytes": bytes.len(), "sha256": digest })).text(
            format!(
                "audit bundle written to {shown} ({} bytes, SHA-256 {digest})",
                bytes.len()
            ),
        ),
    )
}
