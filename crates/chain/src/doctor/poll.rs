//! A poll's parameters, keys and funds.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, U256};
use maci_crypto::Fr;
use maci_crypto::babyjubjub::RawPoint;
use maci_verifier::{CircuitId, Mode, PollParams, VerifyingKey, VkId};

use super::contracts::{check_code, check_wiring};
use super::report::{Checkup, Outcome};
use crate::client::Client;
use crate::contracts::{
    MACI, MessageProcessor, Mode as ChainMode, Poll, VerifyingKeysRegistry, field_of, from_key,
};
use crate::deploy::ballots::empty_ballot_root;
use crate::error::Error;
use crate::submit::{Addresses, Position, RegisteredKeys};

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
    check_padding(client, &at, &mut checkup);
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
            check_joining_keys(client, &at, &params, key_of, &mut checkup);
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
    let end = dates.pollEndDate;
    if U256::from(now) > end {
        checkup.add("time", Outcome::Pass, format!("voting ended at {end}"));
        return;
    }
    checkup.add(
        "time",
        Outcome::Pass,
        format!("voting is open until {end}, the chain's time is {now}"),
    );
    let Some(times) = checkup.take("end_date", last_times(client)) else {
        return;
    };
    let (outcome, found) = can_be_hit(u64::try_from(end).unwrap_or(u64::MAX), &times);
    checkup.add("end_date", outcome, found);
}

/// The times of the newest blocks, the newest first.
fn last_times(client: &Client) -> Result<Vec<u64>, Error> {
    const BLOCKS: u64 = 6;
    let head = client.head()?;
    let mut times = Vec::new();
    for number in (0..=head).rev().take(BLOCKS as usize) {
        if let Some(block) = client.block(BlockNumberOrTag::Number(number))? {
            times.push(block.header.timestamp);
        }
    }
    Ok(times)
}

/// In a block of exactly the end date MACI both takes messages and lets anybody pad and merge: one transaction that does one after the
/// other makes the poll unprovable for ever (D15). On chains whose blocks lie on a grid, an end beside the grid has no such block.
fn can_be_hit(end: u64, times: &[u64]) -> (Outcome, String) {
    let spacing = times
        .windows(2)
        .filter_map(|pair| pair.first()?.checked_sub(*pair.get(1)?))
        .fold(0, gcd);
    let newest = times.first().copied().unwrap_or_default();
    if spacing > 1 && !end.abs_diff(newest).is_multiple_of(spacing) {
        return (
            Outcome::Pass,
            format!("blocks come every {spacing} s and none at {end}, the end date"),
        );
    }
    let why = if spacing > 1 {
        format!("blocks come every {spacing} s, one of them at {end}, the end date")
    } else {
        format!("a block may come at {end}, the end date")
    };
    (
        Outcome::Warning,
        format!(
            "{why}: in that block anybody can pad or merge before a last message, and no proof of the poll can exist then; on a \
             chain with a fixed block time, end polls between two blocks"
        ),
    )
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Batch hashes that were padded before the last message: no proof of the last batch can exist.
fn check_padding(client: &Client, at: &Addresses, checkup: &mut Checkup) {
    let padded = client.call(at.poll, &Poll::isBatchHashesPaddedCall {});
    let Some(padded) = checkup.take("padding", padded) else {
        return;
    };
    if !padded {
        return;
    }
    let last = client
        .call(at.poll, &Poll::getBatchHashesCall {})
        .map(|hashes| hashes.last().copied().unwrap_or_default());
    let chain_hash = client.call(at.poll, &Poll::chainHashCall {});
    if let (Some(last), Some(chain_hash)) = (
        checkup.take("padding", last),
        checkup.take("padding", chain_hash),
    ) {
        let (outcome, found) = if last == chain_hash {
            (Outcome::Pass, "the last batch ends with the last message")
        } else {
            (
                Outcome::Failure,
                "the last batch was padded before the last message: no proof of it can exist, for anybody",
            )
        };
        checkup.add("padding", outcome, found);
    }
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
    let way = "a poll with MACI's own keys takes the way of `maci export inputs`";
    compare(checkup, "registry_process_key", &keys.process, key_of, way);
    compare(checkup, "registry_tally_key", &keys.tally, key_of, way);
}

/// A key of the registry against ours.
fn compare(
    checkup: &mut Checkup,
    name: &'static str,
    key: &VerifyingKey,
    key_of: &dyn Fn(CircuitId) -> Option<VkId>,
    consequence: &str,
) {
    let circuit = key.circuit();
    let id = key.id();
    match key_of(*circuit) {
        Some(ours) if ours == id => {
            checkup.add(name, Outcome::Pass, format!("{circuit} {ours}"));
        }
        Some(ours) => checkup.add(
            name,
            Outcome::Failure,
            format!("the registry's key of {circuit} is {id}, ours is {ours}; {consequence}"),
        ),
        None => checkup.add(
            name,
            Outcome::Warning,
            format!("there is no key of {circuit} here to compare {id} with"),
        ),
    }
}

/// The keys under which the poll lets voters in: whoever deployed other ones may let in whom they like, and no proof of ours would tell.
fn check_joining_keys(
    client: &Client,
    at: &Addresses,
    params: &PollParams,
    key_of: &dyn Fn(CircuitId) -> Option<VkId>,
    checkup: &mut Checkup,
) {
    let registry = client
        .call(at.poll, &Poll::extContractsCall {})
        .map(|contracts| contracts.verifyingKeysRegistry);
    let Some(registry) = checkup.take("registry_joining_key", registry) else {
        return;
    };
    let depth = U256::from(params.state_tree_depth);
    let joining = client
        .call(
            registry,
            &VerifyingKeysRegistry::getPollJoiningVerifyingKeyCall {
                stateTreeDepth: depth,
            },
        )
        .and_then(|key| from_key(params.joining_circuit(), &key));
    let joined = client
        .call(
            registry,
            &VerifyingKeysRegistry::getPollJoinedVerifyingKeyCall {
                stateTreeDepth: depth,
            },
        )
        .and_then(|key| {
            let circuit = CircuitId::PollJoined {
                state_tree_depth: params.state_tree_depth,
            };
            from_key(circuit, &key)
        });
    let keys = [
        ("registry_joining_key", joining),
        ("registry_joined_key", joined),
    ];
    for (name, key) in keys {
        if let Some(key) = checkup.take(name, key) {
            let why = "who holds its secrets can join without having signed up";
            compare(checkup, name, &key, key_of, why);
        }
    }
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
    let position = Position::read(client, at, 0, &mut None);
    let Some(position) = checkup.take("funds", position).flatten() else {
        return;
    };
    let gas = gas_left(params, &position);
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

/// Gas of everything that is left, from merge to results.
fn gas_left(params: &PollParams, position: &Position) -> u64 {
    use crate::submit::plan::{RESULTS_PER_CALL, Step, usual_gas};
    let levels = params.vote_option_tree_depth;
    let batches = params.message_batches(position.num_messages);
    let of = |step| usual_gas(step, batches, levels);
    let merge = if position.merged { 0 } else { of(Step::Merge) };
    // The first of each kind takes more; none is more than all of them.
    let first = |done: u64, all: u64, step| {
        if done == 0 && all > 0 { of(step) } else { 0 }
    };
    let each = |done: u64, all: u64, step| all.saturating_sub(done.max(1)).saturating_mul(of(step));
    let (processed, tallied) = (position.batches_processed, position.tally_batches);
    let ballots = params.tally_batches(position.total_signups);
    let missing = position.results.iter().filter(|set| !**set).count() as u64;
    let results = match missing.checked_sub(1) {
        Some(last) => of(Step::Results { first: 0, last })
            .saturating_add(missing.div_ceil(RESULTS_PER_CALL).saturating_mul(100_000)),
        None => 0,
    };
    [
        merge,
        first(processed, batches, Step::Process(0)),
        each(processed, batches, Step::Process(1)),
        first(tallied, ballots, Step::Tally(0)),
        each(tallied, ballots, Step::Tally(1)),
        results,
    ]
    .into_iter()
    .fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_02_an_end_date_that_a_block_can_have_is_warned_of() {
        let grid = |newest: u64| [newest, newest - 12, newest - 36, newest - 48];
        let newest = 1_700_000_003;
        let (hit, found) = can_be_hit(newest + 86_400, &grid(newest));
        assert_eq!(hit, Outcome::Warning, "{found}");
        assert!(found.contains("every 12 s"), "{found}");
        assert_eq!(can_be_hit(newest + 86_401, &grid(newest)).0, Outcome::Pass);
        // Without a grid every second may have a block.
        let loose = [newest, newest - 1, newest - 3];
        assert_eq!(can_be_hit(newest + 7, &loose).0, Outcome::Warning);
        assert_eq!(can_be_hit(newest + 7, &[newest]).0, Outcome::Warning);
        assert_eq!(can_be_hit(u64::MAX, &[]).0, Outcome::Warning);
    }

    fn position(messages: u64, signups: u64) -> Position {
        let zero = Fr::from(0u64);
        Position {
            block: 1,
            time: 1,
            end_date: 0,
            merged: false,
            merged_state_root: zero,
            empty_ballot_root: zero,
            coordinator_public_key_hash: zero,
            total_signups: signups,
            num_messages: messages,
            chain_hash: zero,
            first_sb_commitment: zero,
            batches_processed: 0,
            current_batch_index: 0,
            sb_commitment: zero,
            processing_complete: false,
            tally_batches: 0,
            tally_commitment: zero,
            tallied: false,
            results: vec![false; 25],
        }
    }

    #[test]
    fn only_what_is_left_has_to_be_paid_for() {
        let params = PollParams {
            state_tree_depth: 10,
            tally_processing_state_tree_depth: 1,
            vote_option_tree_depth: 2,
            message_batch_size: 20,
            vote_options: 25,
            mode: Mode::Qv,
        };
        let mut at = position(61, 9);
        let mut before = gas_left(&params, &at);
        assert!(before > 8_000_000 && before < 30_000_000, "{before}");
        let mut less = |at: &Position| {
            let now = gas_left(&params, at);
            assert!(now < before, "{now} {before}");
            before = now;
        };
        at.merged = true;
        less(&at);
        for done in 1..=4 {
            at.batches_processed = done;
            less(&at);
        }
        for done in 1..=params.tally_batches(9) {
            at.tally_batches = done;
            less(&at);
        }
        at.results[..20].fill(true);
        less(&at);
        at.results.fill(true);
        assert_eq!(gas_left(&params, &at), 0);
        // A contract may say anything.
        assert_eq!(gas_left(&params, &position(u64::MAX, u64::MAX)), u64::MAX);
    }
}
