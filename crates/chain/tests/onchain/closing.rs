//! The second in which a poll ends: MACI is open and closed in it (D15).

use maci_chain::client::{Call, Quote};
use maci_chain::contracts::Poll;
use maci_chain::deploy::{Grid, PolicyConfig, PollRecord, Steps, Store as Records, poll};
use maci_chain::ingest::{Finality, MemoryStore, Options, Panel, Relays, Standing, Target, ingest};
use maci_chain::primitives::B256;
use maci_chain::submit::{Addresses, OnChain, Pending, Settled, Store, SubmitOptions, close};
use maci_chain::{BlockNumberOrTag, Client, Error, Roots, voter};
use maci_protocol::testing::{Spec, simulate};
use maci_protocol::{Address, Message, PollId};
use maci_verifier::Mode;
use serde_json::json;

use crate::support::{Chain, account, ask, key, poll_config, shipped_keys};

/// Keeps nothing: nothing is to be sent.
struct Nothing;

impl Store for Nothing {
    type Error = Error;

    fn pending(&mut self) -> Result<Option<Pending>, Error> {
        Ok(None)
    }

    fn keep(&mut self, pending: &Pending) -> Result<(), Error> {
        panic!("{} is sent", pending.call.what)
    }

    fn settle(&mut self, _: &Settled) -> Result<(), Error> {
        Ok(())
    }
}

/// Sends without asking whether it would succeed now, and without waiting.
fn send(client: &Client, nonce: u64, call: &Call) -> B256 {
    let quote = Quote {
        gas: 3_000_000,
        gas_limit: 3_000_000,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
    };
    let signed = client.sign(call, &quote, nonce).unwrap();
    client.broadcast(&signed).unwrap();
    signed.hash
}

fn read(chain: &Chain, maci: maci_chain::primitives::Address, id: u64) -> Result<Standing, String> {
    let panel = Panel::new(vec![Box::new(chain.client(0))]);
    let client = chain.client(0);
    let backoff = client.options().backoff;
    let relays = Relays::new(
        Vec::new(),
        client.options().timeout,
        backoff,
        &Roots::System,
    )
    .unwrap();
    let target = Target {
        maci: Address(maci.into_array()),
        poll: PollId(id),
    };
    let mut options = Options::default();
    options.finality = Finality::Depth(0);
    let mut store = MemoryStore::default();
    ingest(&panel, &relays, target, &options, &mut store, &())
        .map(|outcome| outcome.standing)
        .map_err(|error| error.to_string())
}

fn messages() -> Vec<Message> {
    let params = poll_config(Mode::Qv, PolicyConfig::Free)
        .params(10)
        .unwrap();
    simulate(&Spec::honest(params, 3, 8, 5)).log.messages[1..].to_vec()
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn n_02_in_the_second_of_the_end_maci_is_open_and_closed_and_we_send_nothing() {
    let chain = Chain::start();
    let client = chain.client(0);
    let record = chain.deploy(&client, PolicyConfig::Free);
    let maci = record.maci().unwrap();
    let start = client.now().unwrap();
    let made: Vec<PollRecord> = (0..4u8)
        .map(|number| {
            let mut quiet = |_: &str| {};
            let store = Records::existing(&chain.path("deployment.json")).unwrap();
            let mut steps = Steps::new(&client, store, &mut quiet).unwrap();
            let mut config = poll_config(Mode::Qv, PolicyConfig::Free);
            config.start = Some(start);
            let coordinator = key(20 + number).public_key();
            let made = poll::create(&mut steps, &config, &coordinator, &shipped_keys());
            made.unwrap().unwrap()
        })
        .collect();
    let end = made[0].end;
    assert!(made.iter().all(|poll| poll.end == end));

    // All of it in one block, and the block in that very second.
    let sent = messages();
    let at = |number: usize| made[number].poll;
    let pad = |number| Call::function(at(number), &Poll::padLastBatchCall {});
    let merge = |number| Call::function(at(number), &Poll::mergeStateCall {});
    let publish = |number, message: usize| voter::publish(at(number), &sent[message..=message]);
    let calls = [
        // Nothing speaks against closing last.
        publish(0, 0).unwrap(),
        merge(0),
        pad(0),
        // What is published after the padding belongs to no batch.
        pad(1),
        publish(1, 1).unwrap(),
        // What is published after the merge still counts.
        merge(2),
        publish(2, 2).unwrap(),
        pad(2),
        // Only this one is left alone.
        publish(3, 3).unwrap(),
    ];
    ask(&client, "evm_setAutomine", json!([false]));
    let nonce = client.nonce(account(&chain, 0), BlockNumberOrTag::Latest);
    let hashes: Vec<B256> = (nonce.unwrap()..)
        .zip(&calls)
        .map(|(nonce, call)| send(&client, nonce, call))
        .collect();
    ask(&client, "evm_setNextBlockTimestamp", json!([end]));
    ask(&client, "evm_mine", json!([]));
    assert_eq!(client.now().unwrap(), end);
    for (hash, call) in hashes.iter().zip(&calls) {
        let receipt = client.receipt(*hash).unwrap().unwrap();
        assert!(receipt.status(), "{} is refused at the end", call.what);
    }

    // Ours waits for the next second, whatever the contracts allow.
    let addresses = Addresses {
        maci,
        poll_id: 3,
        poll: made[3].poll,
        message_processor: made[3].message_processor,
        tally: made[3].tally,
    };
    let on_chain = OnChain::new(&client, addresses);
    let options = SubmitOptions::default();
    let refused = close(
        &on_chain,
        &mut Nothing,
        &addresses,
        &options,
        &|| false,
        &mut |_| {},
    );
    assert!(
        matches!(refused, Err(Error::VotingOpen { end: told, now }) if told == end && now == end),
        "{refused:?}"
    );

    // A second later it is over for everyone.
    ask(&client, "evm_setAutomine", json!([true]));
    ask(&client, "evm_setNextBlockTimestamp", json!([end + 1]));
    for number in [1, 3] {
        client.send(&merge(number)).unwrap();
    }
    let late = client.send(&publish(3, 4).unwrap());
    match late {
        Err(Error::Reverted { revert, .. }) => assert!(revert.is("VotingPeriodOver"), "{revert}"),
        other => panic!("published after the end: {other:?}"),
    }
    assert_eq!(read(&chain, maci, 0), Ok(Standing::Complete));
    assert_eq!(read(&chain, maci, 2), Ok(Standing::Complete));
    assert_eq!(read(&chain, maci, 3), Ok(Standing::Complete));
    // No proof of this one exists: it is never taken for a poll that can be proved.
    let stopped = read(&chain, maci, 1);
    assert!(stopped.is_err(), "{stopped:?}");
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
fn n_02_on_a_chain_with_a_fixed_block_time_no_block_can_have_the_end() {
    let chain = Chain::start();
    let client = chain.client(0);
    ask(&client, "anvil_setBlockTimestampInterval", json!([12]));
    ask(&client, "anvil_mine", json!(["0x20"]));
    chain.deploy(&client, PolicyConfig::Free);
    for (number, start) in [(30u8, None), (31, Some(client.now().unwrap() + 1200))] {
        let mut quiet = |_: &str| {};
        let store = Records::existing(&chain.path("deployment.json")).unwrap();
        let mut steps = Steps::new(&client, store, &mut quiet).unwrap();
        let mut config = poll_config(Mode::Qv, PolicyConfig::Free);
        config.start = start;
        config.duration = 86_400;
        let coordinator = key(number).public_key();
        let made = poll::create(&mut steps, &config, &coordinator, &shipped_keys());
        let made = made.unwrap().unwrap();
        assert_eq!(made.end, made.start + 86_401);
        assert!(!Grid::read(&client).unwrap().can_have(made.end));
        assert_ne!((made.end - client.now().unwrap()) % 12, 0);
    }
}
