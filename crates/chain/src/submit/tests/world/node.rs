//! The scripted chain as the sender sees it: a node, the contracts' state and the journal.

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};

use super::{Journal, Transaction, World};
use crate::client::transact::Fees;
use crate::client::{Call, Quote, SignedCall};
use crate::error::Error;
use crate::submit::drive::Chain;
use crate::submit::position::Position;
use crate::submit::sender::{Node, Pending, Receipt, Settled, Store};

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
