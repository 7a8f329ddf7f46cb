//! One instance of MACI: libraries, factories, verifier, a registry of its own with our keys, the sign-up policy.

use alloy::primitives::{Address, U256};
use alloy::sol_types::SolConstructor;
use maci_verifier::{CircuitId, Mode, VerifyingKey};

use super::ballots::empty_ballot_roots;
use super::policy;
use super::steps::Steps;
use crate::contracts::{self, MACI, VerifyingKeysRegistry, to_key, to_mode, word};
use crate::error::Error;

/// The libraries that MACI's contracts call.
const LIBRARIES: [&str; 4] = ["PoseidonT3", "PoseidonT4", "PoseidonT5", "PoseidonT6"];

/// Deploys the instance and registers `keys`.
pub fn deploy(steps: &mut Steps<'_>, keys: &[VerifyingKey]) -> Result<Address, Error> {
    let depth = steps.record().state_tree_depth;
    for library in LIBRARIES {
        steps.deploy(library, &[])?;
    }
    steps.deploy("Verifier", &[])?;
    let owner = steps.record().deployer;
    let constructor = VerifyingKeysRegistry::constructorCall {
        initialOwner: owner,
    };
    let registry = steps.deploy("VerifyingKeysRegistry", &constructor.abi_encode())?;
    let poll_factory = steps.deploy("PollFactory", &[])?;
    let processor_factory = steps.deploy("MessageProcessorFactory", &[])?;
    let tally_factory = steps.deploy("TallyFactory", &[])?;
    let sign_up = steps.record().policy.clone();
    let policy = policy::deploy(steps, "MACI", &sign_up)?;
    let constructor = MACI::constructorCall {
        pollFactory: poll_factory,
        messageProcessorFactory: processor_factory,
        tallyFactory: tally_factory,
        signUpPolicy: policy,
        stateTreeDepth: depth,
        emptyBallotRoots: empty_ballot_roots(depth).map(|root| word(&root)),
    };
    let maci = steps.deploy("MACI", &constructor.abi_encode())?;
    policy::guard(steps, "MACI", policy, maci)?;
    for key in keys {
        register(steps, registry, key)?;
    }
    Ok(maci)
}

/// Puts a key into the registry, or checks that it is the one that is there.
pub fn register(steps: &mut Steps<'_>, registry: Address, key: &VerifyingKey) -> Result<(), Error> {
    let circuit = *key.circuit();
    for mode in modes_of(circuit) {
        let step = mode.map_or_else(
            || format!("key {circuit}"),
            |mode| format!("key {circuit} for {mode}"),
        );
        let there = if steps.is_dry() && steps.client().code(registry)?.is_empty() {
            None
        } else {
            registered(steps, registry, circuit, mode)?
        };
        match there {
            Some(found) if found == to_key(key) => {}
            Some(_) => {
                return Err(Error::Conflict(format!(
                    "the registry {registry} holds another key for {circuit}: a registry has one batch size per state and \
                     vote option tree depth, and its keys cannot be replaced; deploy another instance"
                )));
            }
            None => set(steps, &step, registry, key, mode)?,
        }
    }
    Ok(())
}

/// Under which modes a circuit's key is registered: FULL polls use the non-quadratic tally under a mode of their own.
fn modes_of(circuit: CircuitId) -> Vec<Option<Mode>> {
    match circuit {
        CircuitId::PollJoining { .. } | CircuitId::PollJoined { .. } => vec![None],
        CircuitId::MessageProcessor { mode, .. } => vec![Some(mode)],
        CircuitId::VoteTally { mode: Mode::Qv, .. } => vec![Some(Mode::Qv)],
        CircuitId::VoteTally { .. } => vec![Some(Mode::NonQv), Some(Mode::Full)],
    }
}

/// The key that the registry holds for a circuit; `None` if it holds none. `mode` is that of the poll.
fn registered(
    steps: &Steps<'_>,
    registry: Address,
    circuit: CircuitId,
    mode: Option<Mode>,
) -> Result<Option<contracts::VerifyingKey>, Error> {
    let client = steps.client();
    let mode = to_mode(mode.unwrap_or(Mode::Qv));
    let answer = match circuit {
        CircuitId::PollJoining { state_tree_depth } => {
            let call = VerifyingKeysRegistry::getPollJoiningVerifyingKeyCall {
                stateTreeDepth: U256::from(state_tree_depth),
            };
            client.call(registry, &call)
        }
        CircuitId::PollJoined { state_tree_depth } => {
            let call = VerifyingKeysRegistry::getPollJoinedVerifyingKeyCall {
                stateTreeDepth: U256::from(state_tree_depth),
            };
            client.call(registry, &call)
        }
        CircuitId::MessageProcessor {
            state_tree_depth,
            message_batch_size,
            vote_option_tree_depth,
            ..
        } => {
            let call = VerifyingKeysRegistry::getProcessVerifyingKeyCall {
                stateTreeDepth: U256::from(state_tree_depth),
                voteOptionTreeDepth: U256::from(vote_option_tree_depth),
                messageBatchSize: message_batch_size,
                mode,
            };
            client.call(registry, &call)
        }
        CircuitId::VoteTally {
            state_tree_depth,
            tally_processing_state_tree_depth,
            vote_option_tree_depth,
            ..
        } => {
            let call = VerifyingKeysRegistry::getTallyVerifyingKeyCall {
                stateTreeDepth: U256::from(state_tree_depth),
                intStateTreeDepth: U256::from(tally_processing_state_tree_depth),
                voteOptionTreeDepth: U256::from(vote_option_tree_depth),
                mode,
            };
            client.call(registry, &call)
        }
    };
    match answer {
        Ok(key) => Ok(Some(key)),
        Err(Error::Reverted { revert, .. }) if revert.is("VerifyingKeyNotSet") => Ok(None),
        Err(error) => Err(error),
    }
}

fn set(
    steps: &mut Steps<'_>,
    step: &str,
    registry: Address,
    key: &VerifyingKey,
    mode: Option<Mode>,
) -> Result<(), Error> {
    let words = to_key(key);
    let mode = to_mode(mode.unwrap_or(Mode::Qv));
    match *key.circuit() {
        CircuitId::PollJoining { state_tree_depth } => {
            let call = VerifyingKeysRegistry::setPollJoiningVerifyingKeyCall {
                stateTreeDepth: U256::from(state_tree_depth),
                key: words,
            };
            steps.act(step, registry, &call)
        }
        CircuitId::PollJoined { state_tree_depth } => {
            let call = VerifyingKeysRegistry::setPollJoinedVerifyingKeyCall {
                stateTreeDepth: U256::from(state_tree_depth),
                key: words,
            };
            steps.act(step, registry, &call)
        }
        CircuitId::MessageProcessor {
            state_tree_depth,
            message_batch_size,
            vote_option_tree_depth,
            ..
        } => {
            let call = VerifyingKeysRegistry::setProcessVerifyingKeyCall {
                stateTreeDepth: U256::from(state_tree_depth),
                voteOptionTreeDepth: U256::from(vote_option_tree_depth),
                messageBatchSize: message_batch_size,
                mode,
                key: words,
            };
            steps.act(step, registry, &call)
        }
        CircuitId::VoteTally {
            state_tree_depth,
            tally_processing_state_tree_depth,
            vote_option_tree_depth,
            ..
        } => {
            let call = VerifyingKeysRegistry::setTallyVerifyingKeyCall {
                stateTreeDepth: U256::from(state_tree_depth),
                intStateTreeDepth: U256::from(tally_processing_state_tree_depth),
                voteOptionTreeDepth: U256::from(vote_option_tree_depth),
                mode,
                key: words,
            };
            steps.act(step, registry, &call)
        }
    }
}
