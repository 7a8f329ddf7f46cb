//! Transactions: simulated first, signed with an explicit nonce and fees, then sent and waited for.
//!
//! The steps are separate, so that a caller that must survive a crash can write the signed transaction down between
//! signing and sending.

use std::time::Instant;

use alloy::consensus::{Transaction as _, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718;
use alloy::eips::{BlockNumberOrTag, eip2930::AccessList};
use alloy::primitives::{Address, B256, Bytes, TxKind, U64, U256, keccak256};
use alloy::rpc::types::{FeeHistory, TransactionInput, TransactionReceipt, TransactionRequest};
use alloy::sol_types::SolCall;

use super::{Client, named};
use crate::error::Error;

/// A call or a deployment, not yet priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What it does, for messages: the function's signature or the contract's name.
    pub what: String,
    /// The contract; `None` deploys one.
    pub to: Option<Address>,
    /// The encoded call, or the code to deploy.
    pub data: Bytes,
}

impl Call {
    /// What is called with which data, without its name: two calls with the same digest do the same.
    pub fn digest(&self) -> B256 {
        let to = self.to.map(|to| to.to_vec()).unwrap_or_default();
        keccak256([to.as_slice(), &self.data].concat())
    }

    /// A function of a contract.
    pub fn function<C: SolCall>(to: Address, call: &C) -> Self {
        let name = C::SIGNATURE.split('(').next().unwrap_or_default();
        Self {
            what: name.to_owned(),
            to: Some(to),
            data: call.abi_encode().into(),
        }
    }

    /// A deployment.
    pub fn deployment(contract: &str, code: Bytes) -> Self {
        Self {
            what: format!("deploy {contract}"),
            to: None,
            data: code,
        }
    }

    fn request(&self, from: Address) -> TransactionRequest {
        TransactionRequest {
            from: Some(from),
            to: Some(self.to.map_or(TxKind::Create, TxKind::Call)),
            input: TransactionInput::both(self.data.clone()),
            ..TransactionRequest::default()
        }
    }
}

/// What a call takes, as the node estimates it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Gas, with a reserve of a quarter.
    pub gas_limit: u64,
    /// The estimate itself.
    pub gas: u64,
    /// The most that is paid per gas, in wei.
    pub max_fee_per_gas: u128,
    /// Of which the block's producer gets this, in wei.
    pub max_priority_fee_per_gas: u128,
}

impl Quote {
    /// The most that it can cost, in wei.
    pub fn cost(&self) -> U256 {
        U256::from(self.gas_limit).saturating_mul(U256::from(self.max_fee_per_gas))
    }
}

/// A signed transaction: it can be sent any number of times and takes effect once.
#[derive(Clone, Debug)]
pub struct SignedCall {
    /// What it does.
    pub what: String,
    /// Its hash, known before it is sent.
    pub hash: B256,
    /// Its place in the account's order.
    pub nonce: u64,
    /// The bytes to send.
    pub raw: Bytes,
}

/// The chain's fees: the base fee of the next block, and what producers were paid on top lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Wei per gas that the next block burns.
    pub base_fee: u128,
    /// The median of what was paid on top.
    pub priority_fee: u128,
}

impl Client {
    /// The base fee of the next block and the usual priority fee.
    pub fn fees(&self) -> Result<Fees, Error> {
        const BLOCKS: u64 = 10;
        const LEAST_PRIORITY: u128 = 1_000_000;
        let history: FeeHistory = self.request(
            "eth_feeHistory",
            (U64::from(BLOCKS), BlockNumberOrTag::Latest, [50.0]),
        )?;
        let mut tips: Vec<u128> = history
            .reward
            .unwrap_or_default()
            .iter()
            .filter_map(|block| block.first().copied())
            .filter(|tip| *tip > 0)
            .collect();
        tips.sort_unstable();
        let median = tips.get(tips.len() / 2).copied().unwrap_or(LEAST_PRIORITY);
        Ok(Fees {
            base_fee: history.base_fee_per_gas.last().copied().unwrap_or_default(),
            priority_fee: median.max(LEAST_PRIORITY),
        })
    }

    /// Runs a call without sending it. A refusal is the contract's own, by name.
    pub fn simulate(&self, from: Address, call: &Call) -> Result<Bytes, Error> {
        self.request("eth_call", (call.request(from), BlockNumberOrTag::Latest))
            .map_err(|error| named(error, &call.what))
    }

    /// The gas that a call takes on the newest state, as the node estimates it.
    pub fn estimate(&self, from: Address, call: &Call) -> Result<u64, Error> {
        let gas: U64 = self
            .request(
                "eth_estimateGas",
                (call.request(from), BlockNumberOrTag::Latest),
            )
            .map_err(|error| named(error, &call.what))?;
        Ok(gas.to())
    }

    /// Simulates and prices a call.
    pub fn quote(&self, from: Address, call: &Call) -> Result<Quote, Error> {
        let gas = self.estimate(from, call)?;
        let fees = self.fees()?;
        Ok(Quote {
            gas,
            gas_limit: gas.saturating_add(gas / 4),
            // Two doublings of the base fee take six full blocks: room enough for what is sent now.
            max_fee_per_gas: fees
                .base_fee
                .saturating_mul(2)
                .saturating_add(fees.priority_fee),
            max_priority_fee_per_gas: fees.priority_fee,
        })
    }

    /// Signs a call with an explicit nonce.
    pub fn sign(&self, call: &Call, quote: &Quote, nonce: u64) -> Result<SignedCall, Error> {
        let envelope: TxEnvelope = self.wallet(&call.what)?.sign(TxEip1559 {
            chain_id: self.chain_id(),
            nonce,
            gas_limit: quote.gas_limit,
            max_fee_per_gas: quote.max_fee_per_gas,
            max_priority_fee_per_gas: quote.max_priority_fee_per_gas,
            to: call.to.map_or(TxKind::Create, TxKind::Call),
            value: U256::ZERO,
            access_list: AccessList::default(),
            input: call.data.clone(),
        })?;
        Ok(SignedCall {
            what: call.what.clone(),
            hash: *envelope.tx_hash(),
            nonce: envelope.nonce(),
            raw: envelope.encoded_2718().into(),
        })
    }

    /// Hands a signed transaction to the node, once.
    pub fn broadcast(&self, signed: &SignedCall) -> Result<(), Error> {
        let hash: B256 = self.request_once("eth_sendRawTransaction", (signed.raw.clone(),))?;
        if hash == signed.hash {
            Ok(())
        } else {
            Err(Error::Garbage {
                endpoint: self.endpoint(),
                method: "eth_sendRawTransaction".to_owned(),
                reason: format!("it names the transaction {hash}, expected {}", signed.hash),
            })
        }
    }

    /// Waits until a transaction is included; one that failed on the chain is an error.
    pub fn wait(&self, signed: &SignedCall) -> Result<TransactionReceipt, Error> {
        let start = Instant::now();
        loop {
            if let Some(receipt) = self.receipt(signed.hash)? {
                if receipt.status() {
                    return Ok(receipt);
                }
                return Err(Error::Failed {
                    hash: signed.hash,
                    what: signed.what.clone(),
                    block: receipt.block_number.unwrap_or_default(),
                });
            }
            let waited = start.elapsed();
            if waited > self.options().inclusion_timeout {
                return Err(Error::Pending {
                    hash: signed.hash,
                    what: signed.what.clone(),
                    waited,
                });
            }
            std::thread::sleep(self.options().poll_interval);
        }
    }

    /// Simulates, prices and signs a call with the account's next nonce, once it is sure that the account can pay.
    pub fn prepare(&self, call: &Call) -> Result<SignedCall, Error> {
        let from = self.wallet(&call.what)?.address();
        let quote = self.quote(from, call)?;
        let balance = self.balance(from)?;
        if balance < quote.cost() {
            return Err(Error::Funds {
                account: from,
                what: call.what.clone(),
                balance,
                needed: quote.cost(),
            });
        }
        let nonce = self.nonce(from, BlockNumberOrTag::Pending)?;
        self.sign(call, &quote, nonce)
    }

    /// Prepares, sends and waits: for callers that need no more than the outcome.
    pub fn send(&self, call: &Call) -> Result<TransactionReceipt, Error> {
        let signed = self.prepare(call)?;
        tracing::info!(what = %signed.what, hash = %signed.hash, nonce = signed.nonce, "sending");
        self.broadcast(&signed)?;
        self.wait(&signed)
    }
}
