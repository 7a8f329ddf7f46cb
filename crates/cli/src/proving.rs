//! What the commands that make proofs have in common: their options, and how they open the job.

use clap::Args;

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
        let key = Some(coordinator_key::load(context, &self.key)?);
        let keys = Some(LocalKeys::new(context, self.dev_keys.token()));
        Session::resume(
            context,
            Opening {
                key,
                keys,
                remake: self.remake,
                ..Opening::default()
            },
        )
    }
}
