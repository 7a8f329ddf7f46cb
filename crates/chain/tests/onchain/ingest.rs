//! Reading a poll of MACI's own contracts from a real node, relayed messages and reorganisations included.

use std::collections::BTreeMap;

use maci_chain::client::Call;
use maci_chain::contracts::{Poll, word};
use maci_chain::deploy::{PolicyConfig, Steps, Store as Records, poll};
use maci_chain::ingest::{
    Finality, MemoryStore, Options, Outcome, Panel, RelaySource, Relays, Standing, Store, Target,
    ingest,
};
use maci_chain::primitives::{B256, Bytes};
use maci_chain::{Roots, voter};
use maci_crypto::field;
use maci_protocol::recorded::relay::{cid, digest_of};
use maci_protocol::testing::{Spec, simulate};
use maci_protocol::{Address, Message, PollId};
use maci_verifier::{Mode, PollParams};
use serde_json::json;

use crate::support::{Chain, account, ask, key, poll_config, shipped_keys};

/// Messages as voters would send them.
fn messages(count: u64) -> Vec<Message> {
    let params = PollParams {
        state_tree_depth: 10,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 2,
        message_batch_size: 20,
        vote_options: 25,
        mode: Mode::Qv,
    };
    simulate(&Spec::honest(params, 3, count, 5)).log.messages[1..].to_vec()
}

struct Reader {
    panel: Panel,
    relays: Relays,
    target: Target,
    store: MemoryStore,
}

impl Reader {
    fn read(&mut self) -> Outcome {
        let mut options = Options::default();
        options.finality = Finality::Depth(0);
        options.window = 9;
        let (panel, relays) = (&self.panel, &self.relays);
        ingest(panel, relays, self.target, &options, &mut self.store, &()).unwrap()
    }
}

#[test]
#[ignore = "needs anvil: cargo xtask e2e onchain"]
#[allow(clippy::too_many_lines, reason = "one story, told in order")]
fn n_03_a_poll_is_read_from_a_real_node_and_survives_its_reorganisations() {
    let chain = Chain::start();
    let client = chain.client(0);
    let record = chain.deploy(&client, PolicyConfig::Free);
    let maci = record.maci().unwrap();
    let mut quiet = |_: &str| {};
    let records = Records::existing(&chain.path("deployment.json")).unwrap();
    let mut steps = Steps::new(&client, records, &mut quiet).unwrap();
    let mut config = poll_config(Mode::Qv, PolicyConfig::Free);
    config.relayers = vec![account(&chain, 0)];
    let made = poll::create(&mut steps, &config, &key(2).public_key(), &shipped_keys());
    let made = made.unwrap().unwrap();
    let at = made.poll;
    for number in [11, 12, 13] {
        client
            .send(&voter::sign_up(
                maci,
                &key(number).public_key(),
                Bytes::new(),
            ))
            .unwrap();
    }
    ask(&client, "evm_increaseTime", json!([60]));
    ask(&client, "evm_mine", json!([]));

    // Published in one call, alone, and relayed.
    let sent = messages(44);
    client
        .send(&voter::publish(at, &sent[..40]).unwrap())
        .unwrap();
    client
        .send(&voter::publish(at, &sent[40..41]).unwrap())
        .unwrap();
    let words =
        |message: &Message| -> Vec<String> { message.data.iter().map(field::to_dec).collect() };
    let mut batches = BTreeMap::new();
    for message in &sent[41..43] {
        let key = &message.encryption_public_key;
        let batch = json!([{
            "poll": 0,
            "data": words(message),
            "hash": field::to_dec(&message.hash()),
            "maciAddress": maci.to_string(),
            "publicKey": [field::to_dec(&key.x), field::to_dec(&key.y)],
        }]);
        let content = batch.to_string().into_bytes();
        let digest = digest_of(&content);
        let call = Poll::relayMessagesBatchCall {
            messageHashes: vec![word(&message.hash())],
            ipfsHash: B256::from(digest),
        };
        client.send(&Call::function(at, &call)).unwrap();
        batches.insert(cid(&digest), content);
    }
    client
        .send(&voter::publish(at, &sent[43..]).unwrap())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (cid, content) in &batches {
        std::fs::write(folder.path().join(cid), content).unwrap();
    }

    let source = RelaySource::Folder(folder.path().to_path_buf());
    let backoff = client.options().backoff;
    let mut reader = Reader {
        panel: Panel::new(vec![Box::new(chain.client(0))]),
        relays: Relays::new(
            vec![source],
            client.options().timeout,
            backoff,
            &Roots::System,
        )
        .unwrap(),
        target: Target {
            maci: Address(maci.into_array()),
            poll: PollId(0),
        },
        store: MemoryStore::default(),
    };
    let open = reader.read();
    assert_eq!(open.standing, Standing::Open);
    assert_eq!((open.messages, open.leaves), (45, 1));

    // The last message and the relays go away, and only the message comes back.
    ask(&client, "anvil_reorg", json!([3, []]));
    let fewer = reader.read();
    assert_eq!(fewer.messages, 42);
    client
        .send(&voter::publish(at, &sent[43..]).unwrap())
        .unwrap();

    ask(&client, "evm_increaseTime", json!([4000]));
    ask(&client, "evm_mine", json!([]));
    assert_eq!(reader.read().standing, Standing::Unmerged);
    client
        .send(&Call::function(at, &Poll::mergeStateCall {}))
        .unwrap();
    client
        .send(&Call::function(at, &Poll::padLastBatchCall {}))
        .unwrap();
    let whole = reader.read();
    assert_eq!(whole.standing, Standing::Complete);
    let log = whole.log.unwrap();
    let expected: Vec<Message> = core::iter::once(Message::placeholder())
        .chain(sent[..41].iter().copied())
        .chain([sent[43]])
        .collect();
    assert!(log.messages == expected);
    assert_eq!(log.signups.as_ref().map(Vec::len), Some(3));
    assert_eq!(log.batch_hashes.len(), 4);

    // The merge goes away too.
    ask(&client, "anvil_reorg", json!([2, []]));
    assert_eq!(reader.read().standing, Standing::Unmerged);
    client
        .send(&Call::function(at, &Poll::mergeStateCall {}))
        .unwrap();
    let again = reader.read();
    assert!(again.log.unwrap() == log);
    // A fresh reader sees the same.
    let kept = count(&reader.store);
    reader.store = MemoryStore::default();
    assert!(reader.read().log.unwrap() == log);
    assert_eq!(count(&reader.store), kept);
}

fn count(store: &MemoryStore) -> u64 {
    let mut count = 0;
    let Ok(()) = store.logs(&mut |_| {
        count += 1;
        Ok(())
    });
    count
}
