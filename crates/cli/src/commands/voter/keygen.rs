//! `maci voter keygen`.

use std::path::{Path, PathBuf};

use clap::Args;
use maci_chain::wallet;
use maci_protocol::keys::PrivateKey;
use rand::RngCore as _;
use serde_json::json;
use zeroize::Zeroizing;

use crate::chain;
use crate::context::Context;
use crate::failure::Failure;
use crate::report::Report;
use crate::voter_file::{Voter, VoterArgs};

/// Arguments of `voter keygen`.
#[derive(Args, Debug)]
pub(crate) struct KeygenArgs {
    #[command(flatten)]
    voter: VoterArgs,

    /// Take over the key in a file, macisk.… alone, instead of drawing one
    #[arg(long, value_name = "FILE")]
    from_key_file: Option<PathBuf>,
}

/// Makes a key.
pub(super) fn run(context: &Context<'_>, args: &KeygenArgs) -> Result<Report, Failure> {
    let key = match &args.from_key_file {
        Some(path) => take_over(path)?,
        None => draw(),
    };
    let path = &args.voter.voter;
    let voter = Voter::create(path, key, args.voter.password_file.as_deref())?;
    if !voter.is_sealed() {
        context.warn(
            "key_in_the_open",
            format!(
                "the key lies in the open in {}, readable by its owner alone; --password-file seals it",
                path.display()
            ),
        );
    }
    let data =
        json!({ "voter": path, "public_key": voter.public_key(), "sealed": voter.is_sealed() });
    Ok(Report::new(data).text(format!("{} is in {}", voter.public_key(), path.display())))
}

fn draw() -> PrivateKey {
    let mut bytes = Zeroizing::new([0u8; 32]);
    rand::rngs::OsRng.fill_bytes(bytes.as_mut());
    PrivateKey::from_be_bytes(bytes.as_ref())
}

fn take_over(path: &Path) -> Result<PrivateKey, Failure> {
    let text = wallet::read_secret(path).map_err(|error| chain::failure(&error))?;
    PrivateKey::deserialise(text.trim()).map_err(|_| {
        Failure::usage(
            "bad_key_file",
            format!(
                "key file {}: expected macisk. and hexadecimal digits",
                path.display()
            ),
        )
    })
}
