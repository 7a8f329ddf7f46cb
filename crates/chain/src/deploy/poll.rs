//! One poll: a policy and a credit proxy of its own, MACI's `deployPoll`, and the checks that it can be proved.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, U256};
use alloy::rpc::types::Filter;
use alloy::sol_types::SolEvent;
use maci_crypto::keypair::PublicKey;
use maci_verifier::{PollParams, VerifyingKey};

use super::ballots::empty_ballot_root;
use super::config::PollConfig;
use super::record::PollRecord;
use super::steps::Steps;
use super::{credits, maci, policy};
use crate::contracts::{DeployPollArgs, MACI, PollContracts, TreeDepths, to_mode, word};
use crate::error::Error;

/// Creates a poll. `keys` are the verifying keys of its four circuits: the registry must hold exactly these, and those that
/// it lacks are registered. `coordinator` must be a key that no other poll has (D12).
pub fn create(
    steps: &mut Steps<'_>,
    config: &PollConfig,
    coordinator: &PublicKey,
    keys: &[VerifyingKey],
) -> Result<Option<PollRecord>, Error> {
    let params = config.params(steps.record().state_tree_depth)?;
    let serialised = coordinator.serialise();
    let used = |poll: &&PollRecord| poll.coordinator_public_key == serialised;
    if let Some(other) = steps.record().polls.iter().find(used) {
        return Err(Error::Conflict(format!(
            "poll {} has this coordinator key already; every poll needs its own (D12)",
            other.id
        )));
    }
    let instance = steps.record().maci()?;
    let registry = steps.record().require("VerifyingKeysRegistry")?;
    let verifier = steps.record().require("Verifier")?;
    let scope = format!("poll {}", steps.record().polls.len());
    let step = format!("{scope} deployPoll");
    if !steps.record().steps.contains_key(&step) {
        check_unused(steps, instance, coordinator)?;
    }
    check_instance(steps, instance, &params)?;
    check_keys(&params, keys)?;
    for key in keys {
        maci::register(steps, registry, key)?;
    }

    let policy_address = policy::deploy(steps, &scope, &config.policy)?;
    let credit_proxy = credits::deploy(steps, &scope, &config.credits)?;
    let now = steps.client().now()?;
    let start = config.start.unwrap_or(now);
    let end = start.saturating_add(config.duration);
    if config.duration == 0 || end <= now {
        return Err(Error::Parameter(format!(
            "the poll would end at {end}, and the chain's time is {now}; give a longer duration or a later start"
        )));
    }
    let args = DeployPollArgs {
        startDate: U256::from(start),
        endDate: U256::from(end),
        treeDepths: TreeDepths {
            tallyProcessingStateTreeDepth: params.tally_processing_state_tree_depth,
            voteOptionTreeDepth: params.vote_option_tree_depth,
            stateTreeDepth: params.state_tree_depth,
        },
        messageBatchSize: params.message_batch_size,
        coordinatorPublicKey: coordinator.coordinates().into(),
        verifier,
        verifyingKeysRegistry: registry,
        mode: to_mode(params.mode),
        policy: policy_address,
        initialVoiceCreditProxy: credit_proxy,
        relayers: config.relayers.clone(),
        voteOptions: U256::from(params.vote_options),
    };
    steps.act(&step, instance, &MACI::deployPollCall { args })?;
    if steps.is_dry() {
        return Ok(None);
    }
    let mut record = read_created(steps, &step, instance, params)?;
    record.coordinator_public_key = serialised;
    record.policy = config.policy.clone();
    record.policy_address = policy_address;
    record.credit_proxy = credit_proxy;
    policy::guard(steps, &scope, policy_address, record.poll)?;
    steps.change(|whole| whole.polls.push(record.clone()))?;
    Ok(Some(record))
}

/// No poll of the instance may have the key, whoever made the poll.
fn check_unused(
    steps: &Steps<'_>,
    instance: Address,
    coordinator: &PublicKey,
) -> Result<(), Error> {
    let key = crate::contracts::PublicKey::from(coordinator.coordinates());
    let from = steps
        .record()
        .steps
        .get("MACI")
        .map_or(0, |done| done.block);
    let filter = Filter::new()
        .address(instance)
        .event_signature(MACI::DeployPoll::SIGNATURE_HASH)
        .topic1(B256::from(key.x))
        .topic2(B256::from(key.y))
        .from_block(BlockNumberOrTag::Number(from))
        .to_block(BlockNumberOrTag::Latest);
    if steps.client().logs(&filter)?.is_empty() {
        Ok(())
    } else {
        Err(Error::Conflict(format!(
            "a poll on {instance} has this coordinator key already; every poll needs its own (D12)"
        )))
    }
}

/// The instance must be what its deployment file says, and provable.
fn check_instance(steps: &Steps<'_>, instance: Address, params: &PollParams) -> Result<(), Error> {
    let client = steps.client();
    let depth = client.call(instance, &MACI::stateTreeDepthCall {})?;
    if depth != params.state_tree_depth {
        return Err(Error::Conflict(format!(
            "the instance {instance} has the state tree depth {depth}, expected {}",
            params.state_tree_depth
        )));
    }
    let index = U256::from(params.vote_option_tree_depth.saturating_sub(1));
    let found = client.call(instance, &MACI::emptyBallotRootsCall { index })?;
    let wanted = word(&empty_ballot_root(depth, params.vote_option_tree_depth));
    if found == wanted {
        Ok(())
    } else {
        Err(Error::Conflict(format!(
            "the instance {instance} has the empty ballot root {found}, expected {wanted}: no poll on it can be proved"
        )))
    }
}

fn check_keys(params: &PollParams, keys: &[VerifyingKey]) -> Result<(), Error> {
    let needed = [
        params.joining_circuit(),
        params.joined_circuit(),
        params.process_circuit(),
        params.tally_circuit(),
    ];
    for circuit in needed {
        if !keys.iter().any(|key| *key.circuit() == circuit) {
            return Err(Error::Parameter(format!(
                "the poll needs a key for {circuit} and none is given; `maci keys list` shows which there are"
            )));
        }
    }
    Ok(())
}

/// The addresses and dates of the poll that a step made.
fn read_created(
    steps: &Steps<'_>,
    step: &str,
    instance: Address,
    params: PollParams,
) -> Result<PollRecord, Error> {
    let receipt = steps.receipt(step)?;
    let event = receipt
        .logs()
        .iter()
        .filter(|log| log.address() == instance)
        .find_map(|log| MACI::DeployPoll::decode_log(&log.inner).ok())
        .ok_or_else(|| Error::Conflict(format!("the transaction of `{step}` made no poll")))?;
    let client = steps.client();
    let id = event.data._pollId;
    let PollContracts {
        poll,
        messageProcessor,
        tally,
    } = client.call(instance, &MACI::getPollCall { pollId: id })?;
    let dates = client.call(poll, &crate::contracts::Poll::getStartAndEndDateCall {})?;
    Ok(PollRecord {
        id: id.saturating_to(),
        poll,
        message_processor: messageProcessor,
        tally,
        params,
        start: dates.pollStartDate.saturating_to(),
        end: dates.pollEndDate.saturating_to(),
        coordinator_public_key: String::new(),
        policy: super::PolicyConfig::Free,
        policy_address: Address::ZERO,
        credit_proxy: Address::ZERO,
        block: receipt.block_number.unwrap_or_default(),
    })
}
