//! What the commands that make proofs have in common: their options, and how they open the job.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use maci_keys::{KeyFileError, snarkjs::SnarkjsFileError};

use crate::audit::DevKeysArgs;
use crate::context::Context;
use crate::coordinator_key::{self, KeyArgs};
use crate::failure::Failure;
use crate::job::{Opening, Session};
use crate::proving_keys::LocalKeys;

/// Options of every command that makes or remakes proofs.
#[derive(Args, Debug)]
pub(crate) struct ProvingArgs {
    #[command(flatten)]
    key: KeyArgs,

    #[command(flatten)]
    dev_keys: DevKeysArgs,

    /// Make damaged proofs and files again instead of stopping at them
    #[arg(long)]
    remake: bool,
}

impl ProvingArgs {
    /// Opens the data directory of the settings with the coordinator's key and the proving keys.
    pub(crate) fn resume<'a>(&self, context: &'a Context<'a>) -> Result<Session<'a>, Failure> {
        self.resume_with(context, &self.keys(context))
    }

    /// The keys that the options allow.
    pub(crate) fn keys(&self, context: &Context<'_>) -> Arc<LocalKeys> {
        LocalKeys::new(context, self.dev_keys.token())
    }

    /// [`Self::resume`] with keys that the caller looks at afterwards.
    pub(crate) fn resume_with<'a>(
        &self,
        context: &'a Context<'a>,
        keys: &Arc<LocalKeys>,
    ) -> Result<Session<'a>, Failure> {
        let key = Some(coordinator_key::load(context, &self.key)?);
        Session::resume(
            context,
            Opening {
                key,
                keys: Some(Arc::clone(keys)),
                remake: self.remake,
                ..Opening::default()
            },
        )
    }
}

/// A key or witness of snarkjs' kind that was refused.
pub(crate) fn unreadable(code: &'static str, path: &Path, error: &SnarkjsFileError) -> Failure {
    let message = format!("{}: {error}", path.display());
    match error {
        SnarkjsFileError::Io(_) | SnarkjsFileError::Prepared(KeyFileError::Io(_)) => {
            Failure::outside(code, message)
        }
        SnarkjsFileError::WitnessLength { .. } => Failure::conflict(code, message),
        _ => Failure::usage(code, message),
    }
}
