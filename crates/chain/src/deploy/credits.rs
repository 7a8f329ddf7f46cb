//! Credit proxies: how many voice credits a voter gets.

use alloy::primitives::{Address, U256};

use super::config::CreditsConfig;
use super::steps::Steps;
use crate::contracts::{
    ConstantInitialVoiceCreditProxyFactory, ERC20VotesInitialVoiceCreditProxyFactory,
};
use crate::error::Error;

/// Makes a credit proxy for one poll.
pub(super) fn deploy(
    steps: &mut Steps<'_>,
    scope: &str,
    credits: &CreditsConfig,
) -> Result<Address, Error> {
    let step = format!("{scope} credits");
    match credits {
        CreditsConfig::Constant { amount } => {
            let factory = steps.deploy("ConstantInitialVoiceCreditProxyFactory", &[])?;
            let call = ConstantInitialVoiceCreditProxyFactory::deployCall { balance: amount.0 };
            steps.clone_of(&step, factory, &call)
        }
        CreditsConfig::Erc20Votes {
            token,
            snapshot_block,
            factor,
        } => {
            if factor.0.is_zero() {
                return Err(Error::Parameter(
                    "the credits' factor is 0; every joining would divide by it and fail"
                        .to_owned(),
                ));
            }
            let factory = steps.deploy("ERC20VotesInitialVoiceCreditProxyFactory", &[])?;
            let call = ERC20VotesInitialVoiceCreditProxyFactory::deployCall {
                snapshotBlock: U256::from(*snapshot_block),
                token: *token,
                factor: factor.0,
            };
            steps.clone_of(&step, factory, &call)
        }
    }
}
