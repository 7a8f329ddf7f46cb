//! A poll's parameters, keys and funds.

use alloy::primitives::{Address, U256};
use maci_crypto::Fr;
use maci_crypto::babyjubjub::RawPoint;
use maci_verifier::{CircuitId, Mode, PollParams, VerifyingKey, VkId};

use super::contracts::{check_code, check_wiring};
use super::report::{Checkup, Outcome};
use crate::client::Client;
use crate::contracts::{MACI, MessageProcessor, Mode as ChainMode, Poll, field_of};
use crate::deploy::ballots::empty_ballot_root;
use crate::error::Error;
use crate::submit::{Addresses, RegisteredKeys};

/// What the caller has, to be compared with the chain. Whatever is left out is not compared.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The chain.
    pub chain_id: Option<u64>,
    /// The coordinator's public key.
    pub coordinator: Option<RawPoint>,
    /// Who pays for the transactions.
    pub account: Option<Address>,
    /// The most that is paid per gas.
    pub fee_cap: Option<u128>,
}

/// Looks at everything; `key_of` knows our key of a circuit. Returns the parameters where they could be read, for checks of this machine.
pub fn examine(
    client: &Client,
    maci: Address,
    poll_id: u64,
    expected: &Expected,
    key_of: &dyn Fn(CircuitId) -> Option<VkId>,
) -> (Checkup, Option<PollParams>) {
    let mut checkup = Checkup::default();
    match expected.chain_id {
        Some(chain) => checkup.equal("chain_id", &chain, &client.chain_id()),
        None => checkup.add("chain_id", Outcome::Pass, client.chain_id().to_string()),
    }
    let found = Addresses::find(client, maci, poll_id);
    let Some(at) = checkup.take("poll", found) else {
        return (checkup, None);
    };
    checkup.add(
        "poll",
        Outcome::Pass,
        format!("poll {poll_id} at {}", at.poll),
    );
    check_code(client, &at, &mut checkup);
    check_wiring(client, &at, &mut checkup);
    check_coordinator(client, &at, expected, &mut checkup);
    check_time(client, &at, &mut checkup);
    let params = read_params(client, &at);
    let Some(params) = checkup.take("parameters", params) else {
        return (checkup, None);
    };
    match params.validate() {
        Ok(params) => {
            checkup.add(
                "parameters",
                Outcome::Pass,
                format!("{}, {}", params.process_circuit(), params.tally_circuit()),
            );
            check_ballots(client, &at, &params, &mut checkup);
            check_keys(client, &at, &params, key_of, &mut checkup);
            check_funds(client, &at, &params, expected, &mut checkup);
            (checkup, Some(params))
        }
        Err(error) => {
            checkup.add("parameters", Outcome::Failure, error.to_string());
            (checkup, None)
        }
    }
}

/// A poll's parameters as the contracts hold them.
fn read_params(client: &Client, at: &Addresses) -> Result<PollParams, Error> {
    let depths = client.call(at.poll, &Poll::treeDepthsCall {})?;
    let maci = client.call(at.maci, &MACI::stateTreeDepthCall {})?;
    if maci != depths.stateTreeDepth {
        return Err(Error::Conflict(format!(
            "the MACI instance has the state tree depth {maci} and the poll {}: its keys can never be found",
            depths.stateTreeDepth
        )));
    }
    let options = client.call(at.poll, &Poll::voteOptionsCall {})?;
    Ok(PollParams {
        state_tree_depth: depths.stateTreeDepth,
        tally_processing_state_tree_depth: depths.tallyProcessingStateTreeDepth,
        vote_option_tree_depth: depths.voteOptionTreeDepth,
        message_batch_size: client.call(at.poll, &Poll::messageBatchSizeCall {})?,
        vote_options: u64::try_from(options).unwrap_or(u64::MAX),
        mode: match client.call(at.message_processor, &MessageProcessor::modeCall {})? {
            ChainMode::QV => Mode::Qv,
            ChainMode::NON_QV => Mode::NonQv,
            ChainMode::FULL => Mode::Full,
            other @ ChainMode::__Invalid => {
                return Err(Error::Conflict(format!(
                    "the poll has the unknown mode {other:?}"
                )));
            }
        },
    })
}

fn check_coordinator(client: &Client, at: &Addresses, expected: &Expected, checkup: &mut Checkup) {
    let Some(ours) = expected.coordinator else {
        return;
    };
    let theirs = client.call(at.poll, &Poll::coordinatorPublicKeyCall {});
    let Some(theirs) = checkup.take("coordinator_key", theirs) else {
        return;
    };
    if (field_of(&theirs.x), field_of(&theirs.y)) == (ours.x, ours.y) {
        checkup.add("coordinator_key", Outcome::Pass, "the key is the poll's");
    } else {
        checkup.add(
            "coordinator_key",
            Outcome::Failure,
            "the key is not the one that the poll was deployed with; no message can be decrypted",
        );
    }
}

fn check_time(client: &Client, at: &Addresses, checkup: &mut Checkup) {
    let dates = client.call(at.poll, &Poll::getStartAndEndDateCall {});
    let now = client.now();
    let (Some(dates), Some(now)) = (checkup.take("time", dates), checkup.take("time", now)) else {
        return;
    };
    let now = U256::from(now);
    let found = if now > dates.pollEndDate {
        format!("voting ended at {}", dates.pollEndDate)
    } else {
        format!(
            "voting is open until {}, the chain's time is {now}",
            dates.pollEndDate
        )
    };
    checkup.add("time", Outcome::Pass, found);
}

/// Constructor data of MACI that no contract checks: with a wrong root of blank ballots no message can ever be proved.
fn check_ballots(client: &Client, at: &Addresses, params: &PollParams, checkup: &mut Checkup) {
    let ours = empty_ballot_root(params.state_tree_depth, params.vote_option_tree_depth);
    let found = client.call(at.poll, &Poll::emptyBallotRootCall {});
    if let Some(found) = checkup.take("empty_ballot_root", found) {
        let found: Fr = field_of(&found);
        checkup.equal("empty_ballot_root", &ours, &found);
    }
}

fn check_keys(
    client: &Client,
    at: &Addresses,
    params: &PollParams,
    key_of: &dyn Fn(CircuitId) -> Option<VkId>,
    checkup: &mut Checkup,
) {
    let keys = RegisteredKeys::read(client, at, params);
    let Some(keys) = checkup.take("registry_keys", keys) else {
        return;
    };
    let mut one = |name: &'static str, key: &VerifyingKey| {
        match key_of(*key.circuit()) {
        Some(ours) if ours == key.id() => {
            checkup.add(name, Outcome::Pass, format!("{} {ours}", key.circuit()));
        }
        Some(ours) => checkup.add(
            name,
            Outcome::Failure,
            format!(
                "the registry's key of {} is {}, ours is {ours}; a poll with MACI's own keys takes the way of `maci export inputs`",
                key.circuit(),
                key.id()
            ),
        ),
        None => checkup.add(
            name,
            Outcome::Warning,
            format!("there is no key of {} here to compare {} with", key.circuit(), key.id()),
        ),
    }
    };
    one("registry_process_key", &keys.process);
    one("registry_tally_key", &keys.tally);
}

/// What everything that is left to be sent may cost, against what the account holds.
fn check_funds(
    client: &Client,
    at: &Addresses,
    params: &PollParams,
    expected: &Expected,
    checkup: &mut Checkup,
) {
    let Some(account) = expected.account else {
        return;
    };
    let counts = client.call(at.poll, &Poll::totalSignupsAndMessagesCall {});
    let Some(counts) = checkup.take("funds", counts) else {
        return;
    };
    let small = |word: U256| u64::try_from(word).unwrap_or(u64::MAX);
    let gas = usual_gas(params, small(counts.numMsgs), small(counts.numSUps));
    let Some(fees) = checkup.take("funds", client.fees()) else {
        return;
    };
    let Some(balance) = checkup.take("funds", client.balance(account)) else {
        return;
    };
    let asked = fees.base_fee.saturating_add(fees.priority_fee);
    let needed = U256::from(gas).saturating_mul(U256::from(asked));
    let found = format!(
        "{account} holds {balance} wei; about {gas} gas are to be paid, {needed} wei at the fees of now"
    );
    if balance < needed {
        checkup.add("funds", Outcome::Failure, found);
    } else if balance < needed.saturating_mul(U256::from(3)) {
        checkup.add(
            "funds",
            Outcome::Warning,
            format!("{found}: little room for rising fees"),
        );
    } else {
        checkup.add("funds", Outcome::Pass, found);
    }
    if let Some(cap) = expected.fee_cap
        && asked > cap
    {
        checkup.add(
            "fee_cap",
            Outcome::Warning,
            format!("the chain asks for {asked} wei per gas, the cap is {cap}: nothing would be sent now"),
        );
    }
}

/// Gas of a whole poll, from merge to results.
fn usual_gas(params: &PollParams, messages: u64, signups: u64) -> u64 {
    use crate::submit::plan::{RESULTS_PER_CALL, Step, usual_gas};
    let levels = params.vote_option_tree_depth;
    let batches = params.message_batches(messages);
    let of = |step| usual_gas(step, batches, levels);
    let options = params.vote_options;
    let whole = Step::Results {
        first: 0,
        last: options.saturating_sub(1),
    };
    of(Step::Merge)
        .saturating_add(batches.saturating_mul(of(Step::Process(1))))
        .saturating_add(of(Step::Process(0)))
        .saturating_add(
            params
                .tally_batches(signups)
                .saturating_mul(of(Step::Tally(1))),
        )
        .saturating_add(of(whole))
        .saturating_add(options.div_ceil(RESULTS_PER_CALL).saturating_mul(100_000))
}
