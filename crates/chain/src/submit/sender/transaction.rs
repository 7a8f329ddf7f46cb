//! A transaction on its way and at its end, and where it is kept meanwhile.

use alloy::primitives::{Address, B256, Bytes};

use crate::client::Call;
use crate::error::Error;

/// What a sender reads from a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The block.
    pub block: u64,
    /// Gas that was paid for.
    pub gas_used: u64,
    /// Wei paid per gas.
    pub gas_price: u128,
    /// Whether the call did what it was to do.
    pub success: bool,
}

/// A transaction that may be on its way: written down before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The account that signed it: its nonce is meant.
    pub account: Address,
    /// The chain that it was signed for.
    pub chain_id: u64,
    /// What is called; an empty transfer once it is withdrawn.
    pub call: Call,
    /// What was to be called, if that is withdrawn.
    pub withdrawn: Option<Withdrawn>,
    /// The nonce that belongs to it.
    pub nonce: u64,
    /// Its gas limit.
    pub gas_limit: u64,
    /// Every version that was signed, with growing fees; at least one.
    pub attempts: Vec<Attempt>,
}

/// A call that was given up while it was on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Withdrawn {
    /// What was called.
    pub what: String,
    /// How many versions of it were signed, before those that withdraw it.
    pub attempts: u64,
}

/// One signed version of a pending transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its hash.
    pub hash: B256,
    /// The bytes.
    pub raw: Bytes,
    /// The most that it pays per gas.
    pub max_fee_per_gas: u128,
    /// Of which the block's producer gets at most this.
    pub max_priority_fee_per_gas: u128,
}

/// How a pending transaction ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What was called.
    pub what: String,
    /// The nonce.
    pub nonce: u64,
    /// The version that was included, with its receipt; `None` if the nonce went to a transaction that is not ours.
    pub included: Option<(B256, Receipt)>,
    /// How many versions were signed.
    pub attempts: u64,
}

/// Where pending transactions are kept. What [`Store::keep`] wrote must survive a crash as soon as it returns.
pub trait Store {
    /// What writing and reading fails with.
    type Error: From<Error>;
    /// The transaction that is on its way, if there is one.
    fn pending(&mut self) -> Result<Option<Pending>, Self::Error>;
    /// Writes it down, in place of the version before.
    fn keep(&mut self, pending: &Pending) -> Result<(), Self::Error>;
    /// It is over.
    fn settle(&mut self, settled: &Settled) -> Result<(), Self::Error>;
    /// The block of the last transaction of ours that was included; 0 if none was, or none is remembered.
    fn last_block(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }
}
