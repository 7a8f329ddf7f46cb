//! A [`Client`] as what the sender and the driver need.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::rpc::json_rpc::RpcRecv;
use alloy::rpc::types::Transaction;
use alloy::rpc::types::{TransactionInput, TransactionRequest};

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
    at: Option<Addresses>,
    start: Instant,
    /// The newest block that was seen: whatever comes later is asked of a block that is no older.
    seen: Cell<u64>,
    /// The results that the last look found.
    known: RefCell<Option<Known>>,
}

impl<'a> OnChain<'a> {
    /// The poll at these addresses.
    pub fn new(client: &'a Client, at: Addresses) -> Self {
        Self {
            client,
            at: Some(at),
            ..Self::account_of(client)
        }
    }

    /// The account alone, for what concerns no poll.
    pub fn account_of(client: &'a Client) -> Self {
        Self {
            client,
            at: None,
            start: Instant::now(),
            seen: Cell::new(0),
            known: RefCell::new(None),
        }
    }

    /// The newest block, or one that was seen before if the replica that answers lags behind it.
    fn newest(&self, at_least: u64) -> Result<u64, Error> {
        let newest = self.client.head()?.max(self.seen.get()).max(at_least);
        self.seen.set(newest);
        Ok(newest)
    }

    /// Runs a call, or estimates its gas, on a block that is no older than any that was seen.
    fn try_out<R: RpcRecv>(
        &self,
        method: &'static str,
        call: &Call,
        at_least: u64,
    ) -> Result<R, Error> {
        let request = TransactionRequest {
            // A dry run has no key: these calls are open to everybody.
            from: Some(self.account().unwrap_or_default()),
            to: call.to.map(Into::into),
            input: TransactionInput::both(call.data.clone()),
            ..TransactionRequest::default()
        };
        let block = BlockNumberOrTag::Number(self.newest(at_least)?);
        self.client
            .request(method, (request, block))
            .map_err(|error| match error {
                Error::Reverted { revert, .. } => Error::Reverted {
                    what: call.what.clone(),
                    revert,
                },
                other => other,
            })
    }
}

impl Node for OnChain<'_> {
    fn account(&self) -> Result<Address, Error> {
        Ok(self.client.wallet("submit")?.address())
    }

    fn chain_id(&self) -> u64 {
        self.client.chain_id()
    }

    fn head(&self) -> Result<u64, Error> {
        self.newest(0)
    }

    fn simulate(&self, call: &Call, at_least: u64) -> Result<(), Error> {
        self.try_out::<Bytes>("eth_call", call, at_least).map(drop)
    }

    fn estimate(&self, call: &Call, at_least: u64) -> Result<u64, Error> {
        let gas: U64 = self.try_out("eth_estimateGas", call, at_least)?;
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
        let Some(block) = receipt.block_number else {
            return Ok(None);
        };
        self.seen.set(self.seen.get().max(block));
        Ok(Some(Receipt {
            block,
            gas_used: receipt.gas_used,
            gas_price: receipt.effective_gas_price,
            success: receipt.status(),
        }))
    }

    fn knows(&self, hash: B256) -> Result<bool, Error> {
        let found: Option<Transaction> =
            self.client.request("eth_getTransactionByHash", (hash,))?;
        Ok(found.is_some())
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
        let at = self
            .at
            .as_ref()
            .ok_or_else(|| Error::Parameter("no poll is named".to_owned()))?;
        let at_least = at_least.max(self.seen.get());
        let mut known = self.known.borrow_mut();
        let position = Position::read(self.client, at, at_least, &mut known)?;
        if let Some(position) = &position {
            self.seen.set(position.block);
        }
        Ok(position)
    }
}
