//! Which poll it is: addresses and parameters as the contracts say them.

use alloy::primitives::U256;
use alloy::sol_types::SolCall;
use maci_crypto::babyjubjub::RawPoint;
use maci_protocol::recorded::{Contracts, Deployment, RecordedError};
use maci_protocol::{Address, PollId};
use maci_verifier::{Mode, PollParams};

use super::error::{Fault, IngestError};
use super::finality::{self, Finality};
use super::panel::Panel;
use super::rpc::Header;
use super::run::Target;
use crate::contracts::{MACI, Mode as OnChainMode, Poll, Tally, field_of};
use crate::error::Error;

/// A poll as its contracts describe it. Everything in it is fixed when the poll is deployed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollInfo {
    /// What a `deployment.json` says.
    pub deployment: Deployment,
    /// The contracts around it.
    pub contracts: Contracts,
}

impl PollInfo {
    /// Reads what [`Self::to_json`] wrote.
    pub fn from_json(text: &str) -> Result<Self, RecordedError> {
        Ok(Self {
            deployment: Deployment::from_json(text)?,
            contracts: Contracts::from_json(text)?,
        })
    }

    /// The text of its `deployment.json`.
    pub fn to_json(&self) -> String {
        self.deployment.to_json(&self.contracts)
    }

    /// For messages.
    pub fn name(&self) -> String {
        let deployment = &self.deployment;
        format!(
            "poll {} at {} of MACI {} on chain {}",
            deployment.poll_id,
            deployment.poll_address,
            deployment.maci_address,
            deployment.chain_id
        )
    }
}

/// A poll at a glance, as its contracts describe it at a block.
#[derive(Clone, Debug)]
pub struct Glance {
    /// The poll.
    pub poll: PollInfo,
    /// The block that was asked about.
    pub block: Header,
    /// Messages, the placeholder included.
    pub messages: u64,
    /// State leaves, the blank one included.
    pub leaves: u64,
    /// Whether the state is merged.
    pub merged: bool,
}

/// Looks at a poll without reading its logs.
pub fn glance(
    panel: &Panel,
    target: Target,
    chain_id: Option<u64>,
    finality: Finality,
) -> Result<Glance, IngestError> {
    let chain_id = panel.chain_id(chain_id)?;
    let block = finality::limit(panel, finality)?;
    let info = read(panel, target, chain_id, block.number)?;
    let poll = info.deployment.poll_address;
    let counts = ask(
        panel,
        poll,
        &Poll::totalSignupsAndMessagesCall {},
        block.number,
    )?;
    let merged = ask(panel, poll, &Poll::mergedStateRootCall {}, block.number)?;
    Ok(Glance {
        poll: info,
        block,
        messages: small(counts.numMsgs),
        leaves: small(counts.numSUps),
        merged: !merged.is_zero(),
    })
}

/// Asks a contract at a block; the answer is `None` where the contract does not exist yet.
pub(super) fn try_ask<C: SolCall>(
    panel: &Panel,
    to: Address,
    call: &C,
    block: u64,
) -> Result<Option<C::Return>, Fault> {
    let answer = panel.call(to, &call.abi_encode(), block)?;
    let answer = answer.ok_or(Fault::NoState(block))?;
    if answer.is_empty() {
        return Ok(None);
    }
    C::abi_decode_returns(&answer).map(Some).map_err(|error| {
        Fault::Node(Error::NotTheContract {
            address: to.0.into(),
            what: C::SIGNATURE.to_owned(),
            reason: error.to_string(),
        })
    })
}

/// Asks a contract that has to exist.
pub(super) fn ask<C: SolCall>(
    panel: &Panel,
    to: Address,
    call: &C,
    block: u64,
) -> Result<C::Return, Fault> {
    try_ask(panel, to, call, block)?.ok_or_else(|| {
        Fault::Node(Error::NoCode {
            address: to.0.into(),
            what: format!("a contract with `{}`", C::SIGNATURE),
        })
    })
}

/// A counter of a contract, which no chain can bring past 64 bits.
pub(super) fn small(value: U256) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}

/// Reads a poll as it stands at a block.
pub(super) fn read(
    panel: &Panel,
    target: Target,
    chain_id: u64,
    block: u64,
) -> Result<PollInfo, IngestError> {
    let maci = target.maci;
    let poll_id = U256::from(target.poll.0);
    let deployed = ask(panel, maci, &MACI::getPollCall { pollId: poll_id }, block);
    let deployed = deployed.map_err(|fault| match fault {
        Fault::Node(Error::Reverted { revert, .. }) => IngestError::NoPoll {
            maci,
            poll: target.poll,
            reason: revert.to_string(),
        },
        fault => fault.into(),
    })?;
    let address = |address: alloy::primitives::Address| Address(address.into());
    let (poll, tally) = (address(deployed.poll), address(deployed.tally));
    let maci_depth = ask(panel, maci, &MACI::stateTreeDepthCall {}, block)?;
    let sign_up = ask(panel, maci, &MACI::signUpPolicyCall {}, block)?;
    let depths = ask(panel, poll, &Poll::treeDepthsCall {}, block)?;
    let batch = ask(panel, poll, &Poll::messageBatchSizeCall {}, block)?;
    let options = ask(panel, poll, &Poll::voteOptionsCall {}, block)?;
    let key = ask(panel, poll, &Poll::coordinatorPublicKeyCall {}, block)?;
    let dates = ask(panel, poll, &Poll::getStartAndEndDateCall {}, block)?;
    let around = ask(panel, poll, &Poll::extContractsCall {}, block)?;
    let mode = match ask(panel, tally, &Tally::modeCall {}, block)? {
        OnChainMode::QV => Mode::Qv,
        OnChainMode::NON_QV => Mode::NonQv,
        OnChainMode::FULL => Mode::Full,
        other @ OnChainMode::__Invalid => {
            let error = Error::Conflict(format!("the poll has the unknown mode {other:?}"));
            return Err(Fault::Node(error).into());
        }
    };

    let unusable = |source| IngestError::Parameters(Box::new(source));
    if maci_depth != depths.stateTreeDepth {
        return Err(unusable(RecordedError::Depths {
            maci: maci_depth,
            poll: depths.stateTreeDepth,
        }));
    }
    let info = PollInfo {
        deployment: Deployment {
            chain_id,
            maci_address: maci,
            poll_address: poll,
            tally_address: Some(tally),
            maci_text: maci.to_string(),
            tally_text: Some(tally.to_string()),
            poll_id: PollId(target.poll.0),
            params: PollParams {
                state_tree_depth: depths.stateTreeDepth,
                tally_processing_state_tree_depth: depths.tallyProcessingStateTreeDepth,
                vote_option_tree_depth: depths.voteOptionTreeDepth,
                message_batch_size: batch,
                vote_options: small(options),
                mode,
            },
            coordinator_public_key: RawPoint::new(field_of(&key.x), field_of(&key.y)),
            start_time: small(dates.pollStartDate),
            end_time: small(dates.pollEndDate),
        },
        contracts: Contracts {
            message_processor: Some(address(deployed.messageProcessor)),
            verifier: Some(address(around.verifier)),
            registry: Some(address(around.verifyingKeysRegistry)),
            sign_up_policy: Some(address(sign_up)),
            poll_policy: Some(address(around.policy)),
            credit_proxy: Some(address(around.initialVoiceCreditProxy)),
        },
    };
    // The same judgement as for a recorded poll, and proof that what is written can be read back.
    PollInfo::from_json(&info.to_json()).map_err(unusable)
}
