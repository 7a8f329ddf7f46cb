//! A poll behind a [`Client`]: what the driver needs.

use std::cell::RefCell;
use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};

use super::account::Account;
use super::drive::Chain;
use super::position::{Addresses, Known, Position};
use super::sender::{Node, Receipt};
use crate::client::transact::Fees;
use crate::client::{Call, Client, Quote, SignedCall};
use crate::error::Error;

/// A poll behind a client.
#[derive(Debug)]
pub struct OnChain<'a> {
    client: &'a Client,
    at: Addresses,
    account: Account<'a>,
    /// The results that the last look found.
    known: RefCell<Option<Known>>,
}

impl<'a> OnChain<'a> {
    /// The poll at these addresses.
    pub fn new(client: &'a Client, at: Addresses) -> Self {
        Self {
            client,
            at,
            account: Account::new(client),
            known: RefCell::new(None),
        }
    }
}

impl Node for OnChain<'_> {
    fn account(&self) -> Result<Address, Error> {
        self.account.account()
    }

    fn chain_id(&self) -> u64 {
        self.account.chain_id()
    }

    fn head(&self) -> Result<u64, Error> {
        self.account.head()
    }

    fn simulate(&self, call: &Call, at_least: u64) -> Result<(), Error> {
        self.account.simulate(call, at_least)
    }

    fn estimate(&self, call: &Call, at_least: u64) -> Result<u64, Error> {
        self.account.estimate(call, at_least)
    }

    fn fees(&self) -> Result<Fees, Error> {
        self.account.fees()
    }

    fn balance(&self) -> Result<U256, Error> {
        self.account.balance()
    }

    fn nonces(&self) -> Result<(u64, u64), Error> {
        self.account.nonces()
    }

    fn sign(&self, call: &Call, quote: &Quote, nonce: u64) -> Result<SignedCall, Error> {
        self.account.sign(call, quote, nonce)
    }

    fn broadcast(&self, raw: &Bytes) -> Result<(), Error> {
        self.account.broadcast(raw)
    }

    fn receipt(&self, hash: B256) -> Result<Option<Receipt>, Error> {
        self.account.receipt(hash)
    }

    fn knows(&self, hash: B256) -> Result<bool, Error> {
        self.account.knows(hash)
    }

    fn clock(&self) -> Duration {
        self.account.clock()
    }

    fn pause(&self) {
        self.account.pause();
    }
}

impl Chain for OnChain<'_> {
    fn position(&self, at_least: u64) -> Result<Option<Position>, Error> {
        let at_least = at_least.max(self.account.seen());
        let mut known = self.known.borrow_mut();
        let position = Position::read(self.client, &self.at, at_least, &mut known)?;
        if let Some(position) = &position {
            self.account.see(position.block);
        }
        Ok(position)
    }
}
