//! A scripted chain: MACI's rules for our calls, a pool with the rules of real ones, and every fault on demand. The process can die
//! at any moment: before or after each request, each write and each answer.

mod node;
mod rules;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use alloy::primitives::{Address, B256};
use maci_crypto::Fr;

use super::recorded::Poll;
use crate::client::Call;
use crate::error::Error;
use crate::submit::position::{Addresses, Position};
use crate::submit::sender::{Pending, Receipt};
use rules::foreign;

pub(super) fn at() -> Addresses {
    Addresses {
        maci: Address::repeat_byte(1),
        poll_id: 0,
        poll: Address::repeat_byte(2),
        message_processor: Address::repeat_byte(3),
        tally: Address::repeat_byte(4),
    }
}

#[derive(Clone)]
struct Transaction {
    hash: B256,
    nonce: u64,
    max_fee: u128,
    tip: u128,
    /// `None`: somebody else's.
    call: Option<Call>,
}

/// What the script asks for.
#[derive(Default)]
struct Script {
    die_at: Option<u64>,
    dead: bool,
    mine_every: u64,
    raise_after_next: Option<u128>,
    lower_at: Option<(Duration, u128)>,
    drop_every: u64,
    lose_every: u64,
    /// Percent that a replacement must pay of the version before.
    replacement: u128,
    overtake: Option<Call>,
    steal: bool,
    /// After each block so many questions about calls go to a replica that does not have it.
    stale_after_block: u64,
    stale: u64,
    /// Seconds from a block to the moment at which its receipts are served.
    receipts_late: Duration,
    /// Every so many questions none is answered.
    silent_every: u64,
    questions: u64,
}

struct Inner {
    account: Address,
    chain_id: u64,
    position: Position,
    /// As it was a block ago.
    before: Position,
    /// When receipts were written.
    received: BTreeMap<B256, Duration>,
    /// Commitments that each proof leads to, as the contracts would accept them.
    process: Vec<Fr>,
    tally: Vec<Fr>,
    batches: u64,
    accepted: Vec<String>,
    failed: u32,
    nonce: u64,
    balance: u128,
    base_fee: u128,
    pool: Vec<Transaction>,
    signed: BTreeMap<B256, Transaction>,
    receipts: BTreeMap<B256, Receipt>,
    /// Every version that ever reached the node.
    seen: Vec<Transaction>,
    kept: Option<Pending>,
    /// Of the transactions that ended, the highest.
    last_block: u64,
    clock: Duration,
    pauses: u64,
    moments: u64,
    script: Script,
}

pub(super) struct World(RefCell<Inner>);

pub(super) struct Journal<'a>(&'a World);

fn killed() -> Error {
    Error::Start("killed".to_owned())
}

fn refused(message: &str) -> Error {
    Error::Refused {
        endpoint: "script".to_owned(),
        method: "eth_sendRawTransaction".to_owned(),
        code: -32000,
        message: message.to_owned(),
        rate_limited: false,
    }
}

impl World {
    /// A poll that is over and not yet merged.
    pub(super) fn new(poll: &Poll) -> Self {
        let work = poll.work();
        let snapshot = work.snapshot;
        let params = poll.params();
        let empty = maci_protocol::layout::maci::empty_ballot_root(
            params.state_tree_depth,
            params.vote_option_tree_depth,
        );
        let zero = Fr::from(0u64);
        let process = &work.transcript.process;
        let tally = &work.transcript.tally;
        let position = Position {
            block: 10,
            time: poll.end_time + 1,
            end_date: poll.end_time,
            merged: false,
            merged_state_root: zero,
            empty_ballot_root: empty,
            coordinator_public_key_hash: snapshot.coordinator_public_key_hash.0,
            total_signups: snapshot.total_signups,
            num_messages: snapshot.num_messages,
            chain_hash: snapshot.chain_hash.0,
            first_sb_commitment: zero,
            batches_processed: 0,
            current_batch_index: 1,
            sb_commitment: zero,
            processing_complete: false,
            tally_batches: 0,
            tally_commitment: zero,
            tallied: false,
            results: vec![false; usize::try_from(params.vote_options).unwrap()],
        };
        Self(RefCell::new(Inner {
            account: Address::repeat_byte(9),
            chain_id: 31_337,
            before: position.clone(),
            received: BTreeMap::new(),
            position,
            process: process
                .iter()
                .map(|proved| proved.statement.new_sb_commitment.0)
                .collect(),
            tally: tally
                .iter()
                .map(|proved| proved.statement.new_tally_commitment.0)
                .collect(),
            batches: process.len() as u64,
            accepted: Vec::new(),
            failed: 0,
            nonce: 0,
            balance: u128::MAX,
            base_fee: 20,
            pool: Vec::new(),
            signed: BTreeMap::new(),
            receipts: BTreeMap::new(),
            seen: Vec::new(),
            kept: None,
            last_block: 0,
            clock: Duration::ZERO,
            pauses: 0,
            moments: 0,
            script: Script {
                mine_every: 1,
                replacement: 112,
                ..Script::default()
            },
        }))
        .with_root(snapshot.state_root.0)
    }

    fn with_root(self, root: Fr) -> Self {
        // The contract computes it at the merge; here it waits where the merge finds it.
        self.0.borrow_mut().position.merged_state_root = root;
        self.0.borrow_mut().before.merged_state_root = root;
        self
    }

    /// From here on the contracts take no proof of a message batch.
    pub(super) fn forget_proofs(&self) {
        self.0.borrow_mut().process.clear();
    }

    /// Somebody names another key.
    pub(super) fn set_account(&self, account: Address) {
        self.0.borrow_mut().account = account;
    }

    /// The node serves another chain.
    pub(super) fn set_chain(&self, chain_id: u64) {
        self.0.borrow_mut().chain_id = chain_id;
    }

    /// After each block, so many questions about calls go to a replica that does not have it.
    pub(super) fn lag(&self, questions: u64) {
        self.0.borrow_mut().script.stale_after_block = questions;
    }

    /// The nonce is known at once, the receipt so much later.
    pub(super) fn delay_receipts(&self, time: Duration) {
        self.0.borrow_mut().script.receipts_late = time;
    }

    /// One question of so many is not answered.
    pub(super) fn silence_every(&self, every: u64) {
        self.0.borrow_mut().script.silent_every = every;
    }

    pub(super) fn store(&self) -> Journal<'_> {
        Journal(self)
    }

    pub(super) fn position_now(&self) -> Position {
        self.0.borrow().position.clone()
    }

    pub(super) fn accepted(&self) -> Vec<String> {
        self.0.borrow().accepted.clone()
    }

    pub(super) fn failed(&self) -> u32 {
        self.0.borrow().failed
    }

    /// Versions of ours that reached the node.
    pub(super) fn sent(&self) -> usize {
        self.0.borrow().seen.len()
    }

    pub(super) fn kept(&self) -> Option<Pending> {
        self.0.borrow().kept.clone()
    }

    pub(super) fn highest_fee(&self) -> u128 {
        self.0
            .borrow()
            .seen
            .iter()
            .map(|tx| tx.max_fee)
            .max()
            .unwrap_or_default()
    }

    pub(super) fn moments(&self) -> u64 {
        self.0.borrow().moments
    }

    pub(super) fn die_at(&self, moment: u64) {
        let mut inner = self.0.borrow_mut();
        inner.script.die_at = Some(inner.moments + moment);
    }

    pub(super) fn revive(&self) {
        let mut inner = self.0.borrow_mut();
        inner.script.dead = false;
        inner.script.die_at = None;
    }

    /// A block every so many pauses; 0: none.
    pub(super) fn mine_every(&self, pauses: u64) {
        self.0.borrow_mut().script.mine_every = pauses;
    }

    pub(super) fn set_time(&self, time: u64) {
        self.0.borrow_mut().position.time = time;
    }

    pub(super) fn set_balance(&self, balance: u128) {
        self.0.borrow_mut().balance = balance;
    }

    pub(super) fn set_base_fee(&self, fee: u128) {
        let mut inner = self.0.borrow_mut();
        inner.base_fee = fee;
        inner.script.raise_after_next = None;
    }

    pub(super) fn raise_base_fee_after_next(&self, fee: u128) {
        self.0.borrow_mut().script.raise_after_next = Some(fee);
    }

    pub(super) fn lower_base_fee_at(&self, at: Duration, fee: u128) {
        self.0.borrow_mut().script.lower_at = Some((at, fee));
    }

    pub(super) fn drop_every(&self, every: u64) {
        self.0.borrow_mut().script.drop_every = every;
    }

    pub(super) fn lose_answer_every(&self, every: u64) {
        self.0.borrow_mut().script.lose_every = every;
    }

    pub(super) fn want_replacements_above(&self, percent: u128) {
        self.0.borrow_mut().script.replacement = percent;
    }

    /// Somebody else's call comes first in the block that would include ours.
    pub(super) fn overtake_next(&self, call: &Call) {
        self.0.borrow_mut().script.overtake = Some(call.clone());
    }

    /// Another program with the same key uses the nonce of our next transaction.
    pub(super) fn steal_next_nonce(&self) {
        self.0.borrow_mut().script.steal = true;
    }

    /// Transactions of the same account by another program, in the pool; stuck ones are never included.
    pub(super) fn add_foreign(&self, count: u64, stuck: bool) {
        let mut inner = self.0.borrow_mut();
        for nonce in inner.nonce..inner.nonce + count {
            let fee = if stuck { 0 } else { u128::MAX };
            inner.pool.push(foreign(nonce, fee));
        }
    }

    pub(super) fn include_foreign(&self) {
        for tx in &mut self.0.borrow_mut().pool {
            tx.max_fee = u128::MAX;
        }
        self.0.borrow_mut().mine();
    }

    /// Applies a call as if somebody had sent it.
    pub(super) fn apply(&self, call: &Call) -> Result<(), Error> {
        self.0.borrow_mut().apply(call).map(drop)
    }

    pub(super) fn assert_nonces_have_one_payload(&self, what: &str) {
        let inner = self.0.borrow();
        let mut payloads: BTreeMap<u64, Call> = BTreeMap::new();
        for tx in &inner.seen {
            let call = tx.call.clone().unwrap();
            let first = payloads.entry(tx.nonce).or_insert_with(|| call.clone());
            assert_eq!(
                *first, call,
                "{what}: nonce {} stood for two calls",
                tx.nonce
            );
        }
        for pair in inner.seen.windows(2) {
            let [before, after] = pair else { continue };
            if before.nonce == after.nonce && before.hash != after.hash {
                assert!(
                    after.max_fee * 8 >= before.max_fee * 9,
                    "{what}: bumped by too little"
                );
                assert!(
                    after.tip * 8 >= before.tip * 9,
                    "{what}: bumped by too little"
                );
            }
        }
    }

    /// One question to the node.
    fn question(&self) -> Result<(), Error> {
        self.moment()?;
        let mut inner = self.0.borrow_mut();
        inner.script.questions += 1;
        let every = inner.script.silent_every;
        if every > 0 && inner.script.questions.is_multiple_of(every) {
            return Err(Error::Timeout {
                endpoint: "script".to_owned(),
                method: "any".to_owned(),
            });
        }
        Ok(())
    }

    /// The state that a question about a call is answered from: not always the newest.
    fn replica(&self, at_least: u64) -> Result<Position, Error> {
        let mut inner = self.0.borrow_mut();
        if inner.script.stale == 0 {
            return Ok(inner.position.clone());
        }
        inner.script.stale -= 1;
        if inner.before.block < at_least {
            return Err(refused("header not found"));
        }
        Ok(inner.before.clone())
    }

    /// One more moment at which the process can die.
    fn moment(&self) -> Result<(), Error> {
        let mut inner = self.0.borrow_mut();
        if inner.script.dead {
            return Err(killed());
        }
        let now = inner.moments;
        inner.moments += 1;
        if inner.script.die_at == Some(now) {
            inner.script.dead = true;
            return Err(killed());
        }
        Ok(())
    }
}
