//! A scripted chain: MACI's rules for our calls, a pool with the rules of real ones, and every fault on demand. The process can die
//! at any moment: before or after each request, each write and each answer.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol_types::SolCall;
use maci_crypto::{Fr, poseidon};

use super::recorded::Poll;
use crate::client::transact::Fees;
use crate::client::{Call, Quote, SignedCall};
use crate::contracts::{MessageProcessor, Poll as PollContract, Revert, Tally, field_of};
use crate::error::Error;
use crate::submit::drive::Chain;
use crate::submit::position::{Addresses, Position};
use crate::submit::sender::{Node, Pending, Receipt, Settled, Store};

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

fn foreign(nonce: u64, max_fee: u128) -> Transaction {
    Transaction {
        hash: keccak256(nonce.to_be_bytes()),
        nonce,
        max_fee,
        tip: max_fee,
        call: None,
    }
}

impl Inner {
    /// MACI's contracts, as far as our calls go. A refusal changes nothing.
    fn apply(&mut self, call: &Call) -> Result<String, Error> {
        let revert = |name: &str| {
            Err(Error::Reverted {
                what: call.what.clone(),
                revert: Revert::Text(name.to_owned()),
            })
        };
        if call.to == Some(self.account) {
            return Ok("transfer".to_owned());
        }
        let p = &mut self.position;
        let data = call.data.as_ref();
        if PollContract::mergeStateCall::abi_decode(data).is_ok() {
            if p.merged {
                return revert("StateAlreadyMerged");
            }
            p.merged = true;
            p.first_sb_commitment =
                poseidon::hash3(p.merged_state_root, p.empty_ballot_root, Fr::from(0u64));
            return Ok("merge".to_owned());
        }
        if let Ok(process) = MessageProcessor::processMessagesCall::abi_decode(data) {
            let done = usize::try_from(p.batches_processed).unwrap();
            if !p.merged || self.process.get(done) != Some(&field_of(&process.newSbCommitment)) {
                return revert("InvalidProcessMessageProof");
            }
            p.sb_commitment = field_of(&process.newSbCommitment);
            p.batches_processed += 1;
            p.current_batch_index = self.batches - p.batches_processed;
            p.processing_complete = p.batches_processed == self.batches;
            return Ok(format!("process_{done}"));
        }
        if let Ok(tally) = Tally::tallyVotesCall::abi_decode(data) {
            let done = usize::try_from(p.tally_batches).unwrap();
            if !p.processing_complete
                || self.tally.get(done) != Some(&field_of(&tally.newTallyCommitment))
            {
                return revert("InvalidTallyVotesProof");
            }
            p.tally_commitment = field_of(&tally.newTallyCommitment);
            p.tally_batches += 1;
            p.tallied = p.tally_batches == self.tally.len() as u64;
            return Ok(format!("tally_{done}"));
        }
        let args = Tally::addTallyResultsCall::abi_decode(data).unwrap().args;
        if !p.tallied {
            return revert("VotesNotTallied");
        }
        for option in &args.voteOptionIndices {
            p.results[usize::try_from(*option).unwrap()] = true;
        }
        Ok(format!("results from {}", args.voteOptionIndices[0]))
    }

    fn mine(&mut self) {
        self.before = self.position.clone();
        self.script.stale = self.script.stale_after_block;
        self.position.block += 1;
        self.position.time += 12;
        if let Some((at, fee)) = self.script.lower_at
            && self.clock >= at
        {
            self.base_fee = fee;
        }
        loop {
            let payable = |tx: &&Transaction| tx.nonce == self.nonce && tx.max_fee >= self.base_fee;
            let Some(tx) = self.pool.iter().find(payable).cloned() else {
                break;
            };
            let tx = if self.script.steal && tx.call.is_some() {
                self.script.steal = false;
                foreign(tx.nonce, u128::MAX)
            } else {
                tx
            };
            self.nonce += 1;
            self.pool.retain(|other| other.nonce > tx.nonce);
            let Some(call) = &tx.call else { continue };
            if let Some(first) = self.script.overtake.take() {
                let _ = self.apply(&first);
            }
            let done = self.apply(call);
            let success = done.is_ok();
            self.received.insert(tx.hash, self.clock);
            self.receipts.insert(
                tx.hash,
                Receipt {
                    block: self.position.block,
                    gas_used: 100,
                    gas_price: self.base_fee,
                    success,
                },
            );
            match done {
                Ok(step) => self.accepted.push(step),
                Err(_) => self.failed += 1,
            }
        }
    }

    fn take(&mut self, raw: &Bytes) -> Result<(), Error> {
        let tx = self.signed.get(&keccak256(raw)).cloned().unwrap();
        self.seen.push(tx.clone());
        let count = self.seen.len() as u64;
        if let Some(fee) = self.script.raise_after_next.take() {
            self.base_fee = fee;
        }
        if tx.nonce < self.nonce {
            return Err(refused("nonce too low"));
        }
        if self.script.drop_every > 0 && count.is_multiple_of(self.script.drop_every) {
            return Ok(());
        }
        if let Some(old) = self.pool.iter().position(|old| old.nonce == tx.nonce) {
            if self.pool[old].hash == tx.hash {
                return Err(refused("already known"));
            }
            if tx.max_fee * 100 < self.pool[old].max_fee * self.script.replacement {
                return Err(refused("replacement transaction underpriced"));
            }
            self.pool.remove(old);
        }
        self.pool.push(tx);
        if self.script.lose_every > 0 && count.is_multiple_of(self.script.lose_every) {
            return Err(Error::Timeout {
                endpoint: "script".to_owned(),
                method: "eth_sendRawTransaction".to_owned(),
            });
        }
        Ok(())
    }
}

impl Node for World {
    fn account(&self) -> Result<Address, Error> {
        Ok(self.0.borrow().account)
    }

    fn chain_id(&self) -> u64 {
        self.0.borrow().chain_id
    }

    fn head(&self) -> Result<u64, Error> {
        self.question()?;
        Ok(self.0.borrow().position.block)
    }

    fn simulate(&self, call: &Call, at_least: u64) -> Result<(), Error> {
        self.question()?;
        let state = self.replica(at_least)?;
        let mut inner = self.0.borrow_mut();
        let truth = std::mem::replace(&mut inner.position, state);
        let result = inner.apply(call).map(drop);
        inner.position = truth;
        result
    }

    fn estimate(&self, _: &Call, at_least: u64) -> Result<u64, Error> {
        self.question()?;
        self.replica(at_least)?;
        Ok(100)
    }

    fn fees(&self) -> Result<Fees, Error> {
        self.question()?;
        Ok(Fees {
            base_fee: self.0.borrow().base_fee,
            priority_fee: 2,
        })
    }

    fn balance(&self) -> Result<U256, Error> {
        Ok(U256::from(self.0.borrow().balance))
    }

    fn nonces(&self) -> Result<(u64, u64), Error> {
        self.question()?;
        let inner = self.0.borrow();
        Ok((inner.nonce, inner.nonce + inner.pool.len() as u64))
    }

    fn sign(&self, call: &Call, quote: &Quote, nonce: u64) -> Result<SignedCall, Error> {
        self.moment()?;
        let raw: Bytes = [
            nonce.to_be_bytes().as_slice(),
            &quote.max_fee_per_gas.to_be_bytes(),
            &quote.max_priority_fee_per_gas.to_be_bytes(),
            &call.data,
        ]
        .concat()
        .into();
        let hash = keccak256(&raw);
        self.0.borrow_mut().signed.insert(
            hash,
            Transaction {
                hash,
                nonce,
                max_fee: quote.max_fee_per_gas,
                tip: quote.max_priority_fee_per_gas,
                call: Some(call.clone()),
            },
        );
        Ok(SignedCall {
            what: call.what.clone(),
            hash,
            nonce,
            raw,
        })
    }

    fn broadcast(&self, raw: &Bytes) -> Result<(), Error> {
        self.moment()?;
        let answer = self.0.borrow_mut().take(raw);
        self.moment()?;
        answer
    }

    fn receipt(&self, hash: B256) -> Result<Option<Receipt>, Error> {
        self.question()?;
        let inner = self.0.borrow();
        let late = inner.script.receipts_late;
        let served = |at: &Duration| inner.clock >= *at + late;
        let served = inner.received.get(&hash).is_some_and(served);
        Ok(inner.receipts.get(&hash).copied().filter(|_| served))
    }

    fn knows(&self, hash: B256) -> Result<bool, Error> {
        self.question()?;
        let inner = self.0.borrow();
        let in_pool = inner.pool.iter().any(|tx| tx.hash == hash);
        Ok(in_pool || inner.receipts.contains_key(&hash))
    }

    fn clock(&self) -> Duration {
        self.0.borrow().clock
    }

    fn pause(&self) {
        let mut inner = self.0.borrow_mut();
        inner.clock += Duration::from_secs(1);
        inner.pauses += 1;
        let every = inner.script.mine_every;
        if every > 0 && inner.pauses.is_multiple_of(every) {
            inner.mine();
        }
    }
}

impl Chain for World {
    fn position(&self, at_least: u64) -> Result<Option<Position>, Error> {
        self.question()?;
        let inner = self.0.borrow();
        Ok((inner.position.block >= at_least).then(|| inner.position.clone()))
    }
}

impl Store for Journal<'_> {
    type Error = Error;

    fn pending(&mut self) -> Result<Option<Pending>, Error> {
        self.0.moment()?;
        Ok(self.0.kept())
    }

    fn keep(&mut self, pending: &Pending) -> Result<(), Error> {
        self.0.moment()?;
        self.0.0.borrow_mut().kept = Some(pending.clone());
        self.0.moment()
    }

    fn settle(&mut self, settled: &Settled) -> Result<(), Error> {
        self.0.moment()?;
        let mut inner = self.0.0.borrow_mut();
        inner.kept = None;
        let block = settled.included.map_or(0, |(_, receipt)| receipt.block);
        inner.last_block = inner.last_block.max(block);
        drop(inner);
        self.0.moment()
    }

    fn last_block(&mut self) -> Result<u64, Error> {
        Ok(self.0.0.borrow().last_block)
    }
}
