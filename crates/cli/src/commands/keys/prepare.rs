//! `maci keys prepare ZKEY`: checks a key of snarkjs once, for proving many times.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use maci_keys::snarkjs::Zkey;
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::proving::unreadable;
use crate::report::Report;

/// Arguments of `keys prepare`.
#[derive(Args, Debug)]
pub(crate) struct PrepareArgs {
    /// The key, as snarkjs writes it (Groth16 over BN254)
    #[arg(value_name = "ZKEY")]
    zkey: PathBuf,

    /// Where the prepared key goes [default: beside the zkey, ending in .prepared]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Reads, checks, writes, and reads what was written.
pub(super) fn run(context: &Context<'_>, args: &PrepareArgs) -> Result<Report, Failure> {
    let (zkey, start) = (&args.zkey, Instant::now());
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| zkey.with_extension("prepared"));
    // A zkey cannot be made again from what is prepared of it.
    if is_zkey(&out) {
        return Err(Failure::usage(
            "zkey",
            format!("{} is a zkey, and stays as it is", out.display()),
        )
        .hint("name another file with --out"));
    }
    let stage = context.progress.stage("prepare", 0, 2);
    Zkey::prepare(zkey, &out).map_err(|error| unreadable("zkey", zkey, &error))?;
    let seconds = start.elapsed().as_secs_f64();
    stage.set(1);
    context.interrupt.check()?;
    let again = Instant::now();
    let prepared = Zkey::open(&out).map_err(|error| unreadable("prepared", &out, &error))?;
    let load = again.elapsed().as_secs_f64();
    stage.set(2);
    let bytes = std::fs::metadata(&out).map_or(0, |metadata| metadata.len());
    let report = Report::new(json!({
        "zkey": zkey,
        "zkey_sha256": prepared.prepared_from.map(hex::encode),
        "prepared": out,
        "bytes": bytes.to_string(),
        "variables": prepared.variables,
        "public_inputs": prepared.instance_variables - 1,
        "domain": prepared.domain_size,
        "seconds": { "prepare": seconds, "load": load },
    }));
    Ok(report.text(format!(
        "{}: {} MiB, loads in {load:.2} s; give it to maci prove --zkey in place of {}",
        out.display(),
        bytes >> 20,
        zkey.display()
    )))
}

fn is_zkey(path: &Path) -> bool {
    let mut magic = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"zkey"
}
