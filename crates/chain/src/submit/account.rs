//! An account behind a client: all that the sender needs of a node, for every command that sends.

use std::cell::Cell;
use std::time::{Duration, Instant};

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::rpc::json_rpc::RpcRecv;
use alloy::rpc::types::{Transaction, TransactionInput, TransactionReceipt, TransactionRequest};

use super::sender::{self, Node, Pending, Receipt, SendOptions, Settled, Store};
use crate::client::transact::Fees;
use crate::client::{Call, Client, Quote, SignedCall};
use crate::error::Error;

/// The first pause after a transaction was handed over; each further one is twice as long, up to the client's.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// After so many the pause is the client's.
const SLOW: u32 = 10;

/// The account of a client's wallet.
#[derive(Debug)]
pub struct Account<'a> {
    client: &'a Client,
    start: Instant,
    /// The newest block that was seen: whatever comes later is asked of a block that is no older.
    seen: Cell<u64>,
    pauses: Cell<u32>,
}

impl<'a> Account<'a> {
    /// The account that signs for this client.
    pub fn new(client: &'a Client) -> Self {
        Self {
            client,
            start: Instant::now(),
            seen: Cell::new(0),
            // Only after something was sent is a quick answer likely.
            pauses: Cell::new(SLOW),
        }
    }

    /// The newest block that was seen.
    pub(super) fn seen(&self) -> u64 {
        self.seen.get()
    }

    /// Notes a block that was seen.
    pub(super) fn see(&self, block: u64) {
        self.seen.set(self.seen.get().max(block));
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

impl Node for Account<'_> {
    fn account(&self) -> Result<Address, Error> {
        Ok(self.client.wallet("a transaction")?.address())
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
        self.pauses.set(0);
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
        let pauses = self.pauses.get();
        self.pauses.set(pauses.saturating_add(1));
        let pause = FIRST_PAUSE.saturating_mul(1 << pauses.min(SLOW));
        std::thread::sleep(pause.min(self.client.options().poll_interval));
    }
}

/// Sends one call that no later run has to know of, and waits for its receipt. A call that failed on the chain is an error.
///
/// Should this process die in between, the next one sees the account's pending transaction and waits for it.
pub fn deliver(
    client: &Client,
    call: &Call,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
) -> Result<TransactionReceipt, Error> {
    let node = Account::new(client);
    let prepared = sender::prepare(&node, call, 0, options, stop)?;
    let settled = sender::send(&node, &mut Unkept, call, &prepared, options, stop)?;
    let (hash, _) = included(&settled)?;
    client.receipt(hash)?.ok_or_else(|| {
        Error::Conflict(format!(
            "the node knew the receipt of {hash} and does not know it any more: was it reorganised away?"
        ))
    })
}

/// The version that was included and did what it was to do.
pub fn included(settled: &Settled) -> Result<(B256, Receipt), Error> {
    match settled.included {
        Some((hash, receipt)) if receipt.success => Ok((hash, receipt)),
        Some((hash, receipt)) => Err(Error::Failed {
            hash,
            what: settled.what.clone(),
            block: receipt.block,
        }),
        None => Err(Error::Conflict(format!(
            "another transaction of the account took the nonce {} of `{}`; run the same command again, and use an account of its own",
            settled.nonce, settled.what
        ))),
    }
}

/// Keeps nothing.
struct Unkept;

impl Store for Unkept {
    type Error = Error;

    fn pending(&mut self) -> Result<Option<Pending>, Error> {
        Ok(None)
    }

    fn keep(&mut self, _: &Pending) -> Result<(), Error> {
        Ok(())
    }

    fn settle(&mut self, _: &Settled) -> Result<(), Error> {
        Ok(())
    }
}
