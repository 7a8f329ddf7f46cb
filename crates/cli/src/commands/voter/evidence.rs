//! What a voter shows to a policy.

use std::path::PathBuf;

use clap::Args;
use maci_chain::deploy::PolicyConfig;
use maci_chain::primitives::{Address, B256, Bytes};

use crate::chain;
use crate::failure::Failure;
use crate::files;

/// Where the policy's data comes from. A deployment file says which policy there is, and then nothing is needed for most.
#[derive(Args, Debug)]
pub(crate) struct EvidenceArgs {
    /// Data for the policy as hexadecimal digits, for policies that this program does not know
    #[arg(long, value_name = "HEX", conflicts_with_all = ["policy_list", "attestation"])]
    policy_data: Option<Bytes>,

    /// File with the accounts of a list policy, one a line
    #[arg(long, value_name = "FILE", conflicts_with = "attestation")]
    policy_list: Option<PathBuf>,

    /// Attestation of the Ethereum Attestation Service, for its policy
    #[arg(long, value_name = "ID")]
    attestation: Option<B256>,
}

impl EvidenceArgs {
    /// The data that `account` shows; `policy` is what a deployment file says.
    pub(super) fn resolve(
        &self,
        account: Address,
        policy: Option<&PolicyConfig>,
    ) -> Result<Bytes, Failure> {
        if let Some(data) = &self.policy_data {
            return Ok(data.clone());
        }
        let named;
        let policy = match (&self.policy_list, self.attestation, policy) {
            (Some(path), _, _) => {
                named = PolicyConfig::List {
                    addresses: read_list(path)?,
                };
                &named
            }
            (None, Some(_), _) => {
                // Of an attestation's policy only its id matters here.
                named = PolicyConfig::Eas {
                    eas: Address::ZERO,
                    attester: Address::ZERO,
                    schema: B256::ZERO,
                };
                &named
            }
            (None, None, Some(policy)) => policy,
            (None, None, None) => return Ok(Bytes::new()),
        };
        policy
            .evidence(account, self.attestation)
            .map_err(|error| chain::failure(&error))
    }
}

fn read_list(path: &std::path::Path) -> Result<Vec<Address>, Failure> {
    let text = files::read_text(path, "list of accounts", 64 << 20)?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| {
            line.parse().map_err(|_| {
                Failure::usage(
                    "bad_list",
                    format!("`{line}` in {} is no address", path.display()),
                )
            })
        })
        .collect()
}
