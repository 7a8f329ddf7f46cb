//! Giving up a transaction that never comes onto the chain (N-08): one that the node refuses for good, or whose fees nobody takes.
//!
//! Its nonce stays taken, so nothing else of the account could follow it. An empty transfer of the account to itself takes its
//! place: the same nonce, fees at least 12.5 % higher. Which of the two is included is up to the chain; either way the nonce is
//! free afterwards, and the next submission reads from the poll's position what is left. Like every transaction, it is written
//! down before it is sent, and a process that dies is followed by one that goes on.

use alloy::primitives::Bytes;

use super::sender::{
    Attempt, Node, Pending, SendOptions, Settled, Store, Withdrawn, replacement_fees, same_account,
    see_through,
};
use crate::client::{Call, Quote};
use crate::error::Error;

/// Takes back the transaction that is on its way; `None` if there is none.
pub fn withdraw<N: Node, S: Store>(
    node: &N,
    store: &mut S,
    options: &SendOptions,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Settled>, S::Error> {
    let Some(mut pending) = store.pending()? else {
        return Ok(None);
    };
    same_account(node, &pending)?;
    let (nonce, _) = node.nonces()?;
    if pending.withdrawn.is_none() && nonce <= pending.nonce {
        replace(node, &mut pending, options)?;
        store.keep(&pending)?;
    }
    see_through(node, store, pending, options, stop).map(Some)
}

/// Signs the empty transfer as the next version.
fn replace<N: Node>(node: &N, pending: &mut Pending, options: &SendOptions) -> Result<(), Error> {
    let account = node.account()?;
    let call = Call {
        what: format!("withdrawal of {}", pending.call.what),
        to: Some(account),
        data: Bytes::new(),
    };
    let fees = node.fees()?;
    let last = pending
        .attempts
        .last()
        .ok_or_else(|| Error::Conflict("a transaction that was never signed is kept".to_owned()))?;
    let (max_fee_per_gas, max_priority_fee_per_gas) =
        replacement_fees(last, &fees, options.fee_cap).ok_or_else(|| Error::FeeCap {
            what: call.what.clone(),
            needed: last
                .max_fee_per_gas
                .saturating_add(last.max_fee_per_gas / 8),
            cap: options.fee_cap,
        })?;
    let gas = node.estimate(&call, 0)?;
    let quote = Quote {
        gas,
        gas_limit: gas.saturating_add(gas / 4),
        max_fee_per_gas,
        max_priority_fee_per_gas,
    };
    let signed = node.sign(&call, &quote, pending.nonce)?;
    pending.withdrawn = Some(Withdrawn {
        what: std::mem::replace(&mut pending.call, call).what,
        attempts: pending.attempts.len() as u64,
    });
    pending.gas_limit = quote.gas_limit;
    pending.attempts.push(Attempt {
        hash: signed.hash,
        raw: signed.raw,
        max_fee_per_gas,
        max_priority_fee_per_gas,
    });
    Ok(())
}
