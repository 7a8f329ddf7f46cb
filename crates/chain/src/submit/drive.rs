//! The way from any position on the chain to the last result: read, plan, check, send one call, and again.
//!
//! The position is read anew before every call, so it does not matter who did the steps before: this process, an earlier one
//! that was killed, or somebody else (anyone may call these functions).

use alloy::primitives::Bytes;

use super::plan::{Plan, Planned, RESULTS_PER_CALL, Step, Work, merge, plan};
use super::position::{Addresses, Position};
use super::sender::{Node, SendOptions, Settled, Store, patiently, prepare, resume, send};
use crate::error::Error;

/// How often in a row the chain has to refuse a step before it counts as refused: nobody else did it in between, and no replica that
/// lags gave the answer.
const REFUSALS: u32 = 3;

/// A node that also knows where the poll stands.
pub trait Chain: Node {
    /// The position at the newest block, once the node has seen block `at_least`; `None` before.
    fn position(&self, at_least: u64) -> Result<Option<Position>, Error>;
}

/// How a poll is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmitOptions {
    /// How each transaction is sent.
    pub send: SendOptions,
    /// Blocks on top of the last transaction before the poll counts as done.
    pub confirmations: u64,
    /// Options of one `addTallyResults`.
    pub results_per_call: u64,
}

impl Default for SubmitOptions {
    fn default() -> Self {
        Self {
            send: SendOptions::default(),
            confirmations: 2,
            results_per_call: RESULTS_PER_CALL,
        }
    }
}

/// What happens, for whoever watches.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Steps that the chain has, of all.
    Position {
        /// Done.
        done: u64,
        /// In all.
        total: u64,
    },
    /// A transaction ended.
    Settled {
        /// Which step it was for; `None` for one that an earlier run began.
        step: Option<Step>,
        /// How.
        settled: Settled,
    },
}

/// How far it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Whether everything is on the chain, with its confirmations.
    pub complete: bool,
    /// Steps that the chain has, of all; 0 of 0 if it was not even read.
    pub done: u64,
    /// Steps in all.
    pub total: u64,
}

/// Brings everything onto the chain that is not there yet. Stops between two transactions, or while waiting for one, once `stop`
/// says so; whatever is on its way then is taken up by the next run.
///
/// `check` is asked once, before the first transaction, and refuses proofs that the contracts would refuse (N-09).
#[allow(clippy::too_many_arguments)] // each is a different thing, and there is one caller
pub fn submit<C: Chain, S: Store>(
    chain: &C,
    store: &mut S,
    work: Work<'_>,
    at: &Addresses,
    options: &SubmitOptions,
    check: &dyn Fn(&[Planned]) -> Result<(), Error>,
    stop: &dyn Fn() -> bool,
    observe: &mut dyn FnMut(&Notice),
) -> Result<Submitted, S::Error> {
    let mut checked = false;
    let mut next = |position: &Position| {
        let plan = plan(position, work, at, options.results_per_call)?;
        if !checked {
            check(&plan.left)?;
            checked = true;
        }
        Ok(plan)
    };
    drive(chain, store, &mut next, options, stop, observe)
}

/// Closes a poll: merges its state tree, unless that is done. The log of a poll is complete only then, so this comes before there
/// is anything to prove.
pub fn close<C: Chain, S: Store>(
    chain: &C,
    store: &mut S,
    at: &Addresses,
    options: &SubmitOptions,
    stop: &dyn Fn() -> bool,
    observe: &mut dyn FnMut(&Notice),
) -> Result<Submitted, S::Error> {
    let mut next = |position: &Position| {
        Ok(Plan {
            left: merge(position, at).into_iter().collect(),
            total: 1,
        })
    };
    drive(chain, store, &mut next, options, stop, observe)
}

/// Sends what `next` says is left, one call after the other, until nothing is.
fn drive<C: Chain, S: Store>(
    chain: &C,
    store: &mut S,
    next: &mut dyn FnMut(&Position) -> Result<Plan, Error>,
    options: &SubmitOptions,
    stop: &dyn Fn() -> bool,
    observe: &mut dyn FnMut(&Notice),
) -> Result<Submitted, S::Error> {
    let mut so_far = Submitted {
        complete: false,
        done: 0,
        total: 0,
    };
    let mut at_least = 0;
    let mut confirmed_at = None;
    // A step that the chain refused, and how often: somebody else may have done it a moment before.
    let mut refused: Option<(Step, Error, u32)> = None;
    loop {
        if stop() {
            return Ok(so_far);
        }
        match resume(chain, store, &options.send, stop) {
            Ok(None) => {}
            Ok(Some(settled)) => {
                at_least = at_least.max(block_of(&settled));
                observe(&Notice::Settled {
                    step: None,
                    settled,
                });
                continue;
            }
            Err(_) if stop() => return Ok(so_far),
            Err(error) => return Err(error),
        }
        let Some(position) = read(chain, at_least, options, stop)? else {
            return Ok(so_far);
        };
        if !position.is_closed() {
            return Err(Error::VotingOpen {
                end: position.end_date,
                now: position.time,
            }
            .into());
        }
        let Plan { left, total } = next(&position)?;
        so_far.done = total.saturating_sub(left.len() as u64);
        so_far.total = total;
        observe(&Notice::Position {
            done: so_far.done,
            total,
        });
        let Some(planned) = left.first() else {
            let until = match confirmed_at {
                Some(until) => until,
                None => confirmed(store, at_least, options)?,
            };
            confirmed_at = Some(until);
            if position.block >= until {
                so_far.complete = true;
                return Ok(so_far);
            }
            at_least = until;
            continue;
        };
        confirmed_at = None;
        let mut times = 0;
        if let Some((step, error, before)) = refused.take()
            && step == planned.step
        {
            if before >= REFUSALS {
                return Err(error.into());
            }
            times = before;
        }
        let call = &planned.call;
        let prepared = match prepare(chain, call, position.block, &options.send, stop) {
            Ok(prepared) => prepared,
            Err(error @ Error::Reverted { .. }) => {
                tracing::debug!(%error, step = %planned.step, "refused, looking again");
                refused = Some((planned.step, error, times + 1));
                chain.pause();
                continue;
            }
            Err(_) if stop() => return Ok(so_far),
            Err(error) => return Err(error.into()),
        };
        let settled = match send(chain, store, call, &prepared, &options.send, stop) {
            Ok(settled) => settled,
            Err(_) if stop() => return Ok(so_far),
            Err(error) => return Err(error),
        };
        at_least = at_least.max(block_of(&settled));
        if let Some((hash, receipt)) = &settled.included
            && !receipt.success
        {
            let error = Error::Failed {
                hash: *hash,
                what: settled.what.clone(),
                block: receipt.block,
            };
            // It cost gas: not once more, unless somebody else's step is what came first.
            refused = Some((planned.step, error, REFUSALS));
        }
        observe(&Notice::Settled {
            step: Some(planned.step),
            settled,
        });
    }
}

/// The block at which everything counts as done. An earlier run may have ended between the last transaction and its confirmations.
fn confirmed<S: Store>(
    store: &mut S,
    at_least: u64,
    options: &SubmitOptions,
) -> Result<u64, S::Error> {
    let last = at_least.max(store.last_block()?);
    let needed = if last == 0 { 0 } else { options.confirmations };
    Ok(last.saturating_add(needed))
}

fn block_of(settled: &Settled) -> u64 {
    settled
        .included
        .as_ref()
        .map_or(0, |(_, receipt)| receipt.block)
}

/// The position at `at_least` or later; `None` when stopped.
fn read<C: Chain>(
    chain: &C,
    at_least: u64,
    options: &SubmitOptions,
    stop: &dyn Fn() -> bool,
) -> Result<Option<Position>, Error> {
    let start = chain.clock();
    loop {
        match patiently(chain, &options.send, stop, || chain.position(at_least)) {
            Ok(Some(position)) => return Ok(Some(position)),
            Err(_) if stop() => return Ok(None),
            Err(error) => return Err(error),
            Ok(None) => {}
        }
        if stop() {
            return Ok(None);
        }
        if chain.clock().saturating_sub(start) >= options.send.patience {
            return Err(Error::Behind { block: at_least });
        }
        chain.pause();
    }
}

/// One call of a dry run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryCall {
    /// Which step.
    pub step: Step,
    /// The contract.
    pub to: alloy::primitives::Address,
    /// The encoded call.
    pub data: Bytes,
    /// Gas.
    pub gas: u64,
    /// Whether the node estimated it; otherwise it is what such a call usually takes, because the calls before it are not on the
    /// chain yet.
    pub estimated: bool,
}

/// Everything that would be sent, without sending or signing anything.
pub fn dry_run<C: Chain>(
    chain: &C,
    work: Work<'_>,
    at: &Addresses,
    options: &SubmitOptions,
    check: &dyn Fn(&[Planned]) -> Result<(), Error>,
) -> Result<(Position, Vec<DryCall>), Error> {
    let position = chain
        .position(0)?
        .ok_or_else(|| Error::Conflict("the node has no block yet".to_owned()))?;
    let Plan { left, .. } = plan(&position, work, at, options.results_per_call)?;
    check(&left)?;
    let mut calls = Vec::with_capacity(left.len());
    for (place, planned) in left.into_iter().enumerate() {
        // Before the end even the first call would be refused.
        let estimated = place == 0 && position.is_closed();
        let gas = if estimated {
            chain.simulate(&planned.call, position.block)?;
            chain.estimate(&planned.call, position.block)?
        } else {
            planned.usual_gas
        };
        calls.push(DryCall {
            step: planned.step,
            to: planned.call.to.unwrap_or_default(),
            data: planned.call.data,
            gas,
            estimated,
        });
    }
    Ok((position, calls))
}
