//! One transaction, brought onto the chain exactly once (N-07, N-08).
//!
//! 1. The call is simulated: a refusal costs nothing.
//! 2. Fees come from the chain and never exceed the cap; above it the sender waits.
//! 3. The signed bytes go into the store before they go to the node. From then on the nonce belongs to this call: only the same
//!    call with higher fees may take its place, in this process or in any later one.
//! 4. Whoever finds a stored transaction looks for its receipt, hands the same bytes to the node again, and raises the fees by at
//!    least 12.5 % when it stays out too long.
//!
//! Nodes answer a repeated transaction with an error whose words differ from client to client; what a node says is therefore
//! never believed. Receipts and the account's nonce decide. An address often stands for several replicas, and the next question
//! may go to one that is some blocks behind: calls are simulated on a block that was seen, and a transaction counts as displaced
//! only once the chain has gone on without it and no replica knows it.

mod fees;
mod transaction;

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, U256};

use crate::client::transact::Fees;
use crate::client::{Call, Quote, SignedCall};
use crate::error::Error;
use crate::ingest::rpc::is_behind;
pub use fees::{bumped, first_fees, replacement_fees};
pub use transaction::{Attempt, Pending, Receipt, Settled, Store, Withdrawn};

/// Blocks after the one that showed a used nonce until it counts as used by somebody else: a replica may know the nonce before
/// another knows the receipt.
const DISPLACED_AFTER: u64 = 3;

/// What a sender needs of a node. A trait, so that tests can script every way in which a node misbehaves.
pub trait Node {
    /// The account that signs.
    fn account(&self) -> Result<Address, Error>;
    /// The chain that transactions are signed for.
    fn chain_id(&self) -> u64;
    /// The number of the newest block.
    fn head(&self) -> Result<u64, Error>;
    /// Runs the call without sending it, on the state of a block that is no older than `at_least`.
    fn simulate(&self, call: &Call, at_least: u64) -> Result<(), Error>;
    /// Gas that the call takes, on the state of a block that is no older than `at_least`.
    fn estimate(&self, call: &Call, at_least: u64) -> Result<u64, Error>;
    /// The fees of the next block.
    fn fees(&self) -> Result<Fees, Error>;
    /// What the account holds.
    fn balance(&self) -> Result<U256, Error>;
    /// Transactions of the account that are included, and those with the ones that the node still holds.
    fn nonces(&self) -> Result<(u64, u64), Error>;
    /// Signs a call.
    fn sign(&self, call: &Call, quote: &Quote, nonce: u64) -> Result<SignedCall, Error>;
    /// Hands bytes to the node, once.
    fn broadcast(&self, raw: &Bytes) -> Result<(), Error>;
    /// The receipt, once the transaction is included.
    fn receipt(&self, hash: B256) -> Result<Option<Receipt>, Error>;
    /// Whether the node knows the transaction, included or not.
    fn knows(&self, hash: B256) -> Result<bool, Error>;
    /// Time since some moment, for waiting only.
    fn clock(&self) -> Duration;
    /// Waits a little.
    fn pause(&self);
}

/// How transactions are paid for and waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendOptions {
    /// The most that is ever paid per gas, in wei.
    pub fee_cap: u128,
    /// How long a transaction may stay out before its fees are raised.
    pub bump_after: Duration,
    /// How long is waited in all, for fees below the cap and for inclusion, each.
    pub patience: Duration,
}

impl Default for SendOptions {
    fn default() -> Self {
        Self {
            fee_cap: 100_000_000_000,
            bump_after: Duration::from_mins(1),
            patience: Duration::from_mins(30),
        }
    }
}

/// A call that may be sent: the chain takes it, the account can pay for it, and the nonce is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// Gas and fees.
    pub quote: Quote,
    /// The nonce.
    pub nonce: u64,
}

/// Asks until the node answers: what may pass is waited for as long as the patience lasts.
pub(super) fn patiently<N: Node, T>(
    node: &N,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
    ask: impl Fn() -> Result<T, Error>,
) -> Result<T, Error> {
    let start = node.clock();
    loop {
        let error = match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let may_pass = error.is_transient() || is_behind(&error);
        if !may_pass || stop() || node.clock().saturating_sub(start) >= options.patience {
            return Err(error);
        }
        tracing::warn!(%error, "the node does not answer, waiting");
        node.pause();
    }
}

/// Simulates and prices a call on the state of a block that is no older than `at_least`, without sending anything. A refusal is
/// the contract's own.
pub fn prepare<N: Node>(
    node: &N,
    call: &Call,
    at_least: u64,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
) -> Result<Prepared, Error> {
    // First of all, because whatever else the account has on its way may change what the call does.
    let nonce = free_nonce(node, options, stop)?;
    patiently(node, options, stop, || node.simulate(call, at_least))?;
    let gas = patiently(node, options, stop, || node.estimate(call, at_least))?;
    let (max_fee, tip) = affordable_fees(node, call, options, stop)?;
    let quote = Quote {
        gas,
        gas_limit: gas.saturating_add(gas / 4),
        max_fee_per_gas: max_fee,
        max_priority_fee_per_gas: tip,
    };
    let balance = patiently(node, options, stop, || node.balance())?;
    if balance < quote.cost() {
        return Err(Error::Funds {
            account: node.account()?,
            what: call.what.clone(),
            balance,
            needed: quote.cost(),
        });
    }
    Ok(Prepared { quote, nonce })
}

/// Brings a prepared call onto the chain. There must be no other pending transaction: call [`resume`] first.
pub fn send<N: Node, S: Store>(
    node: &N,
    store: &mut S,
    call: &Call,
    prepared: &Prepared,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
) -> Result<Settled, S::Error> {
    let Prepared { quote, nonce } = *prepared;
    let signed = node.sign(call, &quote, nonce)?;
    let pending = Pending {
        account: node.account()?,
        chain_id: node.chain_id(),
        call: call.clone(),
        withdrawn: None,
        nonce,
        gas_limit: quote.gas_limit,
        attempts: vec![Attempt {
            hash: signed.hash,
            raw: signed.raw,
            max_fee_per_gas: quote.max_fee_per_gas,
            max_priority_fee_per_gas: quote.max_priority_fee_per_gas,
        }],
    };
    store.keep(&pending)?;
    see_through(node, store, pending, options, stop)
}

/// With another account or chain, neither nonces nor receipts would say anything about a transaction.
pub(super) fn same_account<N: Node>(node: &N, pending: &Pending) -> Result<(), Error> {
    let (account, chain_id) = (node.account()?, node.chain_id());
    if (pending.account, pending.chain_id) != (account, chain_id) {
        return Err(Error::OtherAccount {
            what: pending.call.what.clone(),
            nonce: pending.nonce,
            account: pending.account,
            chain_id: pending.chain_id,
            found: account,
            found_chain: chain_id,
        });
    }
    Ok(())
}

/// Ends a transaction that an earlier run began; `None` if there is none.
pub fn resume<N: Node, S: Store>(
    node: &N,
    store: &mut S,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Settled>, S::Error> {
    match store.pending()? {
        Some(pending) => {
            same_account(node, &pending)?;
            tracing::info!(what = %pending.call.what, nonce = pending.nonce, "taking up a pending transaction");
            see_through(node, store, pending, options, stop).map(Some)
        }
        None => Ok(None),
    }
}

/// Waits until the chain's fees are below the cap.
fn affordable_fees<N: Node>(
    node: &N,
    call: &Call,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
) -> Result<(u128, u128), Error> {
    let start = node.clock();
    loop {
        let fees = patiently(node, options, stop, || node.fees())?;
        if let Some(found) = first_fees(&fees, options.fee_cap) {
            return Ok(found);
        }
        tracing::warn!(
            base_fee = fees.base_fee,
            cap = options.fee_cap,
            "fees are above the cap, waiting"
        );
        if stop() || node.clock().saturating_sub(start) >= options.patience {
            return Err(Error::FeeCap {
                what: call.what.clone(),
                needed: fees.base_fee.saturating_add(fees.priority_fee),
                cap: options.fee_cap,
            });
        }
        node.pause();
    }
}

/// The account's next nonce, once nothing of the account is on its way: behind a transaction that is not ours, ours would
/// hang if that one is dropped.
fn free_nonce<N: Node>(
    node: &N,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
) -> Result<u64, Error> {
    let start = node.clock();
    loop {
        let (included, with_pending) = patiently(node, options, stop, || node.nonces())?;
        if with_pending <= included {
            return Ok(included);
        }
        if stop() || node.clock().saturating_sub(start) >= options.patience {
            return Err(Error::ForeignPending {
                account: node.account()?,
                count: with_pending.saturating_sub(included),
            });
        }
        tracing::warn!(
            count = with_pending - included,
            "the account has pending transactions of another program, waiting"
        );
        node.pause();
    }
}

/// Sends, waits, and replaces until the nonce is used.
pub(super) fn see_through<N: Node, S: Store>(
    node: &N,
    store: &mut S,
    mut pending: Pending,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
) -> Result<Settled, S::Error> {
    let start = node.clock();
    let mut acted = None;
    // The block and the time at which the nonce was first seen to be used.
    let mut used = None;
    loop {
        let find = || find(node, &pending);
        if let Some(included) = patiently(node, options, stop, find)? {
            return settle(store, &pending, Some(included));
        }
        let (nonce, _) = patiently(node, options, stop, || node.nonces())?;
        if nonce > pending.nonce {
            let head = patiently(node, options, stop, || node.head())?;
            let (block, since) = *used.get_or_insert((head, node.clock()));
            let gone_on = head >= block.saturating_add(DISPLACED_AFTER)
                || node.clock().saturating_sub(since) >= options.bump_after;
            if gone_on && !patiently(node, options, stop, || is_known(node, &pending))? {
                // The receipt may have come between the two questions.
                let included = patiently(node, options, stop, find)?;
                if included.is_none() {
                    tracing::warn!(
                        nonce = pending.nonce,
                        "the nonce went to another transaction"
                    );
                }
                return settle(store, &pending, included);
            }
        } else {
            let now = node.clock();
            match acted {
                None => offer(node, &pending)?,
                Some(at) if now.saturating_sub(at) >= options.bump_after => {
                    replace(node, store, &mut pending, options)?;
                    offer(node, &pending)?;
                }
                Some(_) => {}
            }
            if acted.is_none_or(|at| now.saturating_sub(at) >= options.bump_after) {
                acted = Some(now);
            }
        }
        let waited = node.clock().saturating_sub(start);
        if stop() || waited >= options.patience {
            return Err(Error::Pending {
                hash: pending
                    .attempts
                    .last()
                    .map(|attempt| attempt.hash)
                    .unwrap_or_default(),
                what: pending.call.what,
                waited,
            }
            .into());
        }
        node.pause();
    }
}

/// Hands the newest version to the node. Whatever it answers, receipts decide; only an answer that says that nothing will ever
/// come of it ends the wait.
fn offer<N: Node>(node: &N, pending: &Pending) -> Result<(), Error> {
    let Some(attempt) = pending.attempts.last() else {
        return Ok(());
    };
    tracing::info!(
        what = %pending.call.what,
        hash = %attempt.hash,
        nonce = pending.nonce,
        max_fee_per_gas = attempt.max_fee_per_gas,
        "sending"
    );
    match node.broadcast(&attempt.raw) {
        Ok(()) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, hash = %attempt.hash, "the node did not take the transaction");
            match &error {
                Error::Refused { message, .. }
                    if message.to_lowercase().contains("insufficient funds") =>
                {
                    Err(error)
                }
                _ => Ok(()),
            }
        }
    }
}

/// Signs the same call with higher fees, if the cap allows.
fn replace<N: Node, S: Store>(
    node: &N,
    store: &mut S,
    pending: &mut Pending,
    options: &SendOptions,
) -> Result<(), S::Error> {
    let Some(last) = pending.attempts.last() else {
        return Ok(());
    };
    let fees = match node.fees() {
        Ok(fees) => fees,
        // The version that is out is still good.
        Err(error) if error.is_transient() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let Some((max_fee, tip)) = replacement_fees(last, &fees, options.fee_cap) else {
        tracing::warn!(
            cap = options.fee_cap,
            "higher fees would exceed the cap, waiting"
        );
        return Ok(());
    };
    let quote = Quote {
        gas: pending.gas_limit,
        gas_limit: pending.gas_limit,
        max_fee_per_gas: max_fee,
        max_priority_fee_per_gas: tip,
    };
    let signed = node.sign(&pending.call, &quote, pending.nonce)?;
    pending.attempts.push(Attempt {
        hash: signed.hash,
        raw: signed.raw,
        max_fee_per_gas: max_fee,
        max_priority_fee_per_gas: tip,
    });
    store.keep(pending)
}

/// The version that is included.
fn find<N: Node>(node: &N, pending: &Pending) -> Result<Option<(B256, Receipt)>, Error> {
    for attempt in pending.attempts.iter().rev() {
        if let Some(receipt) = node.receipt(attempt.hash)? {
            return Ok(Some((attempt.hash, receipt)));
        }
    }
    Ok(None)
}

/// Whether any version is known to the node.
fn is_known<N: Node>(node: &N, pending: &Pending) -> Result<bool, Error> {
    for attempt in &pending.attempts {
        if node.knows(attempt.hash)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The name of the call whose version was included.
fn what_came_of(pending: &Pending, included: Option<B256>) -> String {
    let Some(withdrawn) = &pending.withdrawn else {
        return pending.call.what.clone();
    };
    let versions = (0u64..).zip(&pending.attempts);
    let first = versions
        .filter(|(_, attempt)| Some(attempt.hash) == included)
        .map(|(index, _)| index)
        .next();
    if first.is_some_and(|index| index < withdrawn.attempts) {
        withdrawn.what.clone()
    } else {
        pending.call.what.clone()
    }
}

fn settle<S: Store>(
    store: &mut S,
    pending: &Pending,
    included: Option<(B256, Receipt)>,
) -> Result<Settled, S::Error> {
    let settled = Settled {
        what: what_came_of(pending, included.as_ref().map(|(hash, _)| *hash)),
        nonce: pending.nonce,
        included,
        attempts: pending.attempts.len() as u64,
    };
    store.settle(&settled)?;
    if let Some((hash, receipt)) = &settled.included {
        tracing::info!(
            what = %settled.what, %hash, block = receipt.block, gas = receipt.gas_used, success = receipt.success,
            "included"
        );
    }
    Ok(settled)
}
