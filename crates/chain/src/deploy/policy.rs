//! Policies: who may sign up and who may join, with the contracts that MACI ships, and what a voter shows them.

use alloy::primitives::{Address, B256, Bytes};
use alloy::sol_types::SolValue;

use super::config::PolicyConfig;
use super::list::AccountTree;
use super::steps::Steps;
use crate::contracts::{
    EASCheckerFactory, ERC20CheckerFactory, FreeForAllCheckerFactory, MerkleProofCheckerFactory,
    Policy, PolicyFactory,
};
use crate::error::Error;

impl PolicyConfig {
    /// How MACI's policy calls itself.
    pub fn trait_name(&self) -> &'static str {
        match self {
            Self::Free => "FreeForAll",
            Self::List { .. } => "MerkleProof",
            Self::Erc20 { .. } => "ERC20",
            Self::Eas { .. } => "EAS",
        }
    }

    /// Whether one person can take part any number of times.
    pub fn lets_everyone_in(&self) -> bool {
        matches!(self, Self::Free)
    }

    /// The names of the checker's and the policy's factory.
    fn factories(&self) -> (&'static str, &'static str) {
        match self {
            Self::Free => ("FreeForAllCheckerFactory", "FreeForAllPolicyFactory"),
            Self::List { .. } => ("MerkleProofCheckerFactory", "MerkleProofPolicyFactory"),
            Self::Erc20 { .. } => ("ERC20CheckerFactory", "ERC20PolicyFactory"),
            Self::Eas { .. } => ("EASCheckerFactory", "EASPolicyFactory"),
        }
    }

    /// What an account shows to this policy. `attestation` is the account's, where the policy asks for one.
    pub fn evidence(&self, account: Address, attestation: Option<B256>) -> Result<Bytes, Error> {
        match self {
            Self::Free | Self::Erc20 { .. } => Ok(Bytes::new()),
            Self::List { addresses } => {
                let proof = AccountTree::new(addresses)?.proof(account).ok_or_else(|| {
                    Error::Conflict(format!("the account {account} does not stand on the policy's list"))
                })?;
                Ok(proof.abi_encode().into())
            }
            Self::Eas { .. } => attestation.map(|id| id.abi_encode().into()).ok_or_else(|| {
                Error::Parameter(
                    "this policy asks for an attestation of the Ethereum Attestation Service; give its id".to_owned(),
                )
            }),
        }
    }
}

/// Makes a policy of its own for one instance or poll. `scope` begins the names of its steps.
pub(super) fn deploy(
    steps: &mut Steps<'_>,
    scope: &str,
    policy: &PolicyConfig,
) -> Result<Address, Error> {
    let (checkers, policies) = policy.factories();
    let checker_step = format!("{scope} checker");
    let policy_step = format!("{scope} policy");
    let checkers = steps.deploy(checkers, &[])?;
    let checker = match policy {
        PolicyConfig::Free => steps.clone_of(
            &checker_step,
            checkers,
            &FreeForAllCheckerFactory::deployCall {},
        )?,
        PolicyConfig::List { addresses } => {
            let root = AccountTree::new(addresses)?.root();
            steps.clone_of(
                &checker_step,
                checkers,
                &MerkleProofCheckerFactory::deployCall { root },
            )?
        }
        PolicyConfig::Erc20 { token, threshold } => {
            let call = ERC20CheckerFactory::deployCall {
                token: *token,
                threshold: threshold.0,
            };
            steps.clone_of(&checker_step, checkers, &call)?
        }
        PolicyConfig::Eas {
            eas,
            attester,
            schema,
        } => {
            let call = EASCheckerFactory::deployCall {
                eas: *eas,
                attester: *attester,
                schema: *schema,
            };
            steps.clone_of(&checker_step, checkers, &call)?
        }
    };
    let policies = steps.deploy(policies, &[])?;
    let call = PolicyFactory::deployCall {
        checkerAddress: checker,
    };
    steps.clone_of(&policy_step, policies, &call)
}

/// Binds a policy to the one contract that may ask it. Only then does it let anyone in.
pub(super) fn guard(
    steps: &mut Steps<'_>,
    scope: &str,
    policy: Address,
    guarded: Address,
) -> Result<(), Error> {
    let step = format!("{scope} policy target");
    steps.act(&step, policy, &Policy::setTargetCall { guarded })?;
    if steps.is_dry() {
        return Ok(());
    }
    let found = steps.client().call(policy, &Policy::guardedCall {})?;
    if found == guarded {
        Ok(())
    } else {
        Err(Error::Conflict(format!(
            "the policy at {policy} guards {found}, expected {guarded}"
        )))
    }
}
