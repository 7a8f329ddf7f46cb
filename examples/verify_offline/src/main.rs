//! An auditor's whole job: one bundle, the verifying keys that the auditor trusts, every check by name.
//!
//! `cargo run -p example-verify-offline -- BUNDLE KEY.vk KEY.vk`. Opens no connection. Exit code 1 means that the answer
//! is no. The keys that ship with the repository lie under `keys/`; they are development keys, and this example accepts
//! them and says so.

#![allow(clippy::print_stdout)]

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use maci_keys::{AllowInsecureDevKeys, manifest};
use maci_verdict::{AuditOptions, Provenance, TrustedKeys, audit};

fn main() -> Result<ExitCode> {
    let mut args = std::env::args().skip(1);
    let Some(bundle) = args.next() else {
        bail!("usage: example-verify-offline BUNDLE KEY.vk ...");
    };
    let bytes = std::fs::read(&bundle).with_context(|| format!("cannot read {bundle}"))?;
    let mut trusted = TrustedKeys::new();
    for path in args {
        let (_, key) =
            manifest::read_vk(Path::new(&path)).with_context(|| format!("key {path}"))?;
        let key = key.accept(Some(AllowInsecureDevKeys::because_the_user_said_so()))?;
        trusted = trusted.with_key(&key, Provenance::InsecureDev);
    }

    let options = AuditOptions {
        allow_insecure_dev: true,
        small_electorate: 5,
        ..AuditOptions::default()
    };
    let audit = audit(&bytes, &trusted, &options);
    for check in audit.report().checks() {
        println!("{check}");
    }
    match audit.poll() {
        Ok(poll) => {
            for warning in poll.warnings() {
                println!("warning: {warning}");
            }
            let results: Vec<String> = poll
                .tally()
                .results
                .iter()
                .map(ToString::to_string)
                .collect();
            let grade = audit
                .report()
                .grade()
                .map_or_else(String::new, |grade| grade.to_string());
            println!("yes, {grade}: {}", results.join(" "));
            Ok(ExitCode::SUCCESS)
        }
        Err(check) => {
            println!("no: {check}");
            Ok(ExitCode::FAILURE)
        }
    }
}
