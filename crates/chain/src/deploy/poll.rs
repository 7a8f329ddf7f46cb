//! One poll: a policy and a credit proxy of its own, MACI's `deployPoll`, and the checks that it can be proved.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolEvent;
use maci_crypto::keypair::PublicKey;
use maci_verifier::{PollParams, VerifyingKey};

use super::ballots::empty_ballot_root;
use super::config::PollConfig;
use super::draft::{self, Draft};
use super::grid::Grid;
use super::record::PollRecord;
use super::steps::Steps;
use super::{credits, maci, policy};
use crate::contracts::{
    DeployPollArgs, MACI, MessageProcessor, Poll, PollContracts, Tally, TreeDepths, to_mode, word,
};
use crate::error::Error;

/// Creates a poll. `keys` are the verifying keys of its four circuits: the registry must hold exactly these, and those that
/// it lacks are registered. `coordinator` must be a key that no other poll has (D12). Where the chain has a fixed block time, the
/// poll ends in a second in which there is no block, at most one later than described (see [`Grid`]).
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
    draft::begin(steps, Draft::new(config, params, serialised.clone()))?;
    let scope = steps.record().scope();
    let step = steps.record().poll_step();
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
    let (start, end) = dates(steps, config, &step)?;
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
    let call = MACI::deployPollCall { args };
    steps.act(&step, instance, &call)?;
    if steps.is_dry() {
        return Ok(None);
    }
    let mut record = read_created(steps, &step, &call.args, params)?;
    record.coordinator_public_key = serialised;
    record.policy = config.policy.clone();
    policy::guard(steps, &scope, policy_address, record.poll)?;
    steps.change(|whole| {
        whole.polls.push(record.clone());
        whole.unfinished = None;
    })?;
    Ok(Some(record))
}

/// When voting begins and ends: as the poll's transaction has it once it is included, else from now on.
fn dates(steps: &mut Steps<'_>, config: &PollConfig, step: &str) -> Result<(u64, u64), Error> {
    let sent = steps.record().unfinished.as_ref();
    if let Some(dates) = sent.and_then(|draft| draft.dates)
        && steps.record().steps.contains_key(step)
    {
        return Ok(dates);
    }
    let now = steps.client().now()?;
    let start = config.start.unwrap_or(now);
    let end = start.saturating_add(config.duration);
    if config.duration == 0 || end <= now {
        return Err(Error::Parameter(format!(
            "the poll would end at {end}, and the chain's time is {now}; give a longer duration or a later start"
        )));
    }
    let end = Grid::read(steps.client())?.beside(end);
    steps.change(|record| {
        if let Some(draft) = &mut record.unfinished {
            draft.dates = Some((start, end));
        }
    })?;
    Ok((start, end))
}

/// No poll of the instance may have the key, whoever made the poll.
fn check_unused(
    steps: &Steps<'_>,
    instance: Address,
    coordinator: &PublicKey,
) -> Result<(), Error> {
    let client = steps.client();
    let key = crate::contracts::PublicKey::from(coordinator.coordinates());
    let polls = client.call(instance, &MACI::nextPollIdCall {})?;
    // The contracts themselves: their events would take an unbounded range of blocks.
    for id in 0..polls.saturating_to::<u64>() {
        let id = U256::from(id);
        let poll = client.call(instance, &MACI::getPollCall { pollId: id })?;
        let other = client.call(poll.poll, &Poll::coordinatorPublicKeyCall {})?;
        if (other.x, other.y) == (key.x, key.y) {
            return Err(Error::Conflict(format!(
                "poll {id} of {instance} has this coordinator key already; every poll needs its own (D12)"
            )));
        }
    }
    Ok(())
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

/// The poll that a step made, which must be the one that `args` describes: what is written down is read from the chain.
fn read_created(
    steps: &Steps<'_>,
    step: &str,
    args: &DeployPollArgs,
    params: PollParams,
) -> Result<PollRecord, Error> {
    let instance = steps.record().maci()?;
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
    let dates = client.call(poll, &Poll::getStartAndEndDateCall {})?;
    let key = client.call(poll, &Poll::coordinatorPublicKeyCall {})?;
    let depths = client.call(poll, &Poll::treeDepthsCall {})?;
    let around = client.call(poll, &Poll::extContractsCall {})?;
    let wanted = &args.treeDepths;
    let same = [
        (
            "dates",
            (dates.pollStartDate, dates.pollEndDate) == (args.startDate, args.endDate),
        ),
        (
            "coordinator key",
            (key.x, key.y) == (args.coordinatorPublicKey.x, args.coordinatorPublicKey.y),
        ),
        (
            "tree depths",
            (
                depths.stateTreeDepth,
                depths.tallyProcessingStateTreeDepth,
                depths.voteOptionTreeDepth,
            ) == (
                wanted.stateTreeDepth,
                wanted.tallyProcessingStateTreeDepth,
                wanted.voteOptionTreeDepth,
            ),
        ),
        (
            "message batch size",
            client.call(poll, &Poll::messageBatchSizeCall {})? == args.messageBatchSize,
        ),
        (
            "number of vote options",
            client.call(poll, &Poll::voteOptionsCall {})? == args.voteOptions,
        ),
        (
            "mode",
            client.call(messageProcessor, &MessageProcessor::modeCall {})? as u8 == args.mode as u8
                && client.call(tally, &Tally::modeCall {})? as u8 == args.mode as u8,
        ),
        (
            "contracts",
            (
                around.maci,
                around.verifier,
                around.verifyingKeysRegistry,
                around.policy,
                around.initialVoiceCreditProxy,
            ) == (
                instance,
                args.verifier,
                args.verifyingKeysRegistry,
                args.policy,
                args.initialVoiceCreditProxy,
            ),
        ),
    ];
    if let Some((what, _)) = same.iter().find(|(_, same)| !same) {
        return Err(Error::Conflict(format!(
            "the poll at {poll} has another {what} than was sent: is the node one of this chain?"
        )));
    }
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
        policy_address: args.policy,
        credit_proxy: args.initialVoiceCreditProxy,
        block: receipt.block_number.unwrap_or_default(),
    })
}
