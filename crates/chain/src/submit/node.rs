//! A [`Client`] as what the sender and the driver need.

use std::time::{Duration, Instant};

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::rpc::types::{TransactionInput, TransactionRequest};

use super::drive::Chain;
use super::position::{Addresses, Position};
use super::sender::{Node, Receipt};
use crate::client::transact::Fees;
use crate::client::{Call, Client, Quote, SignedCall};
use crate::error::Error;

/// A poll behind a client.
#[derive(Debug)]
pub struct OnChain<'a> {
    client: &'a Client,
    at: Addresses,
    start: Instant,
}

impl<'a> OnChain<'a> {
    /// The poll at these addresses.
    pub fn new(client: &'a Client, at: Addresses) -> Self {
        Self {
            client,
            at,
            start: Instant::now(),
        }
    }
}

impl Node for OnChain<'_> {
    fn account(&self) -> Result<Address, Error> {
        Ok(self.client.wallet("submit")?.address())
    }

    fn simulate(&self, call: &Call) -> Result<(), Error> {
        // A dry run has no key: these calls are open to everybody.
        let from = self.account().unwrap_or_default();
        self.client.simulate(from, call).map(drop)
    }

    fn estimate(&self, call: &Call) -> Result<u64, Error> {
        let request = TransactionRequest {
            from: Some(self.account().unwrap_or_default()),
            to: call.to.map(Into::into),
            input: TransactionInput::both(call.data.clone()),
            ..TransactionRequest::default()
        };
        let gas: U64 = self
            .client
            .request("eth_estimateGas", (request, BlockNumberOrTag::Latest))?;
        Ok(gas.to())
    }

    fn fees(&self) -> Result<Fees, Error> {
        self.client.fees()
    }

    fn balance(&self) -> Result<U256, Error> {
        self.client.balance(self.account()?)
    }

    fn nonces(&self) -> Result<(u64, u64), Error> {
        let account = self.account()?;
        let included = self.client.nonce(account, BlockNumberOrTag::Latest)?;
        let with_pending = self.client.nonce(account, BlockNumberOrTag::Pending)?;
        Ok((included, with_pending))
    }

    fn sign(&self, call: &Call, quote: &Quote, nonce: u64) -> Result<SignedCall, Error> {
        self.client.sign(call, quote, nonce)
    }

    fn broadcast(&self, raw: &Bytes) -> Result<(), Error> {
        self.client
            .request_once::<_, B256>("eth_sendRawTransaction", (raw.clone(),))
            .map(drop)
    }

    fn receipt(&self, hash: B256) -> Result<Option<Receipt>, Error> {
        let Some(receipt) = self.client.receipt(hash)? else {
            return Ok(None);
        };
        Ok(receipt.block_number.map(|block| Receipt {
            block,
            gas_used: receipt.gas_used,
            gas_price: receipt.effective_gas_price,
            success: receipt.status(),
        }))
    }

    fn clock(&self) -> Duration {
        self.start.elapsed()
    }

    fn pause(&self) {
        std::thread::sleep(self.client.options().poll_interval);
    }
}

impl Chain for OnChain<'_> {
    fn position(&self, at_least: u64) -> Result<Option<Position>, Error> {
        Position::read(self.client, &self.at, at_least)
    }
}
