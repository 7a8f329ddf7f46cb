//! Submit: merge, proofs and results onto the chain, each exactly once (N-07 to N-09).
//!
//! The chain's own position counts, not the checkpoint: the checkpoint only says how far the chain was when it was last asked. A
//! finished stage is asked again when it is run again, because a reorganisation may have taken something back.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use maci_chain::Client;
use maci_chain::submit::{
    Account, Addresses, DryCall, Notice, OnChain as Chain, Pending, Planned, Position,
    RegisteredKeys, Store as _, SubmitOptions, Work, close as close_poll, dry_run as dry, submit,
    withdraw as take_back,
};
use maci_verifier::VerifyingKey;

use super::Clock;
use super::transcript::{self, Assembled};
use crate::error::Error;
use crate::job::Job;
use crate::progress::Event;
use crate::stage::{Checkpoint, Control, Stage, StageId, set_checkpoint};
use crate::transactions::{JournalStore, TransactionRow};

/// A chain to submit to, and how.
#[derive(Clone)]
pub struct Target {
    /// The node, with the key that pays.
    pub client: Arc<Client>,
    /// Fees, waits, confirmations.
    pub options: SubmitOptions,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("node", &self.client.endpoint())
            .field("options", &self.options)
            .finish()
    }
}

/// The stage.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Submit;

impl Stage<Job> for Submit {
    fn id(&self) -> StageId {
        StageId::Submit
    }

    fn execute(&self, job: &mut Job, to: u64, control: Control<'_>) -> Result<Checkpoint, Error> {
        let at = job.checkpoint(StageId::Submit)?;
        if to == 0 {
            return Ok(at);
        }
        let target = job.target.clone().ok_or(Error::NoChain)?;
        let assembled = transcript::check(job, control)?;
        let addresses = find(job, &target)?;
        let keys = keys(&target, &addresses, &assembled)?;
        let clock = Clock::start(StageId::Submit, at.done, at.total, control);
        let failure = RefCell::new(None);
        let stop = || control.cancel.is_cancelled() || failure.borrow().is_some();
        let mut observe = |notice: &Notice| {
            if let Err(error) = note(job, &clock, control, notice) {
                failure.borrow_mut().get_or_insert(error);
            }
        };
        let done = submit(
            &Chain::new(&target.client, addresses),
            &mut JournalStore(&job.journal),
            work(&assembled),
            &addresses,
            &target.options,
            &|left: &[Planned]| keys.check(&assembled.transcript, left),
            &stop,
            &mut observe,
        )?;
        if let Some(error) = failure.into_inner() {
            return Err(error);
        }
        if !done.complete {
            return Err(Error::Interrupted);
        }
        clock.finished();
        job.checkpoint(StageId::Submit)
    }

    /// Only the checkpoint goes: what is on the chain stays there, and a transaction that is on its way keeps its row.
    fn unwind(&self, job: &mut Job, _: u64) -> Result<Checkpoint, Error> {
        job.journal
            .write(|w| set_checkpoint(w, StageId::Submit, Checkpoint::default()))?;
        Ok(Checkpoint::default())
    }
}

/// What happens goes into the journal and to whoever watches.
fn note(job: &Job, clock: &Clock<'_>, control: Control<'_>, notice: &Notice) -> Result<(), Error> {
    match notice {
        Notice::Position { done, total } => {
            let at = Checkpoint {
                done: *done,
                total: *total,
            };
            job.journal
                .write(|w| set_checkpoint(w, StageId::Submit, at))?;
            clock.advanced(*done, *total);
        }
        Notice::Settled { settled, .. } => {
            let row = TransactionRow::from(settled);
            control.progress.event(&Event::Transaction(row));
        }
        _ => {}
    }
    Ok(())
}

fn work(assembled: &Assembled) -> Work<'_> {
    Work {
        snapshot: &assembled.snapshot,
        transcript: &assembled.transcript,
    }
}

/// The poll's contracts, which must be those of the journal's poll.
fn find(job: &Job, target: &Target) -> Result<Addresses, Error> {
    let poll = job.poll_row()?.ok_or(Error::StageNeeded {
        stage: StageId::Ingest,
    })?;
    let identity = poll.identity;
    if target.client.chain_id() != identity.chain_id {
        return Err(maci_chain::Error::WrongChain {
            endpoint: target.client.endpoint(),
            expected: identity.chain_id,
            found: target.client.chain_id(),
        }
        .into());
    }
    let found = Addresses::find(
        &target.client,
        poll.maci_address.0.into(),
        identity.poll_id.0,
    )?;
    if found.poll.0 == identity.poll_address.0 {
        Ok(found)
    } else {
        Err(maci_chain::Error::Conflict(format!(
            "the MACI instance at {} has its poll {} at {}, the journal is of {identity}",
            poll.maci_address, identity.poll_id, found.poll
        ))
        .into())
    }
}

/// The registry's keys, which must be those that the proofs were made for.
fn keys(
    target: &Target,
    addresses: &Addresses,
    assembled: &Assembled,
) -> Result<RegisteredKeys, Error> {
    let keys = RegisteredKeys::read(&target.client, addresses, &assembled.snapshot.params)?;
    let same = |registered: &VerifyingKey, ours: &VerifyingKey| {
        if registered.id() == ours.id() {
            return Ok(());
        }
        Err(maci_chain::Error::Conflict(format!(
            "the registry's key of {} is {}, our proofs were made for {}; nothing was sent. A poll with MACI's own keys takes \
             the way of `maci export inputs`",
            ours.circuit(),
            registered.id(),
            ours.id()
        )))
    };
    same(&keys.process, &assembled.process_key)?;
    same(&keys.tally, &assembled.tally_key)?;
    Ok(keys)
}

/// Merges the state tree of a poll of which nothing is read yet: its log is complete only after that.
pub(crate) fn close(
    job: &Job,
    maci: [u8; 20],
    poll_id: u64,
    control: Control<'_>,
) -> Result<(), Error> {
    let target = job.target.clone().ok_or(Error::NoChain)?;
    let addresses = Addresses::find(&target.client, maci.into(), poll_id)?;
    let mut observe = |notice: &Notice| {
        if let Notice::Settled { settled, .. } = notice {
            let row = TransactionRow::from(settled);
            control.progress.event(&Event::Transaction(row));
        }
    };
    let closed = close_poll(
        &Chain::new(&target.client, addresses),
        &mut JournalStore(&job.journal),
        &addresses,
        &target.options,
        &|| control.cancel.is_cancelled(),
        &mut observe,
    )?;
    if closed.complete {
        Ok(())
    } else {
        Err(Error::Interrupted)
    }
}

/// Takes back the transaction that is on its way, whatever it is for; `None` if there is none.
pub(crate) fn withdraw(job: &Job, control: Control<'_>) -> Result<Option<TransactionRow>, Error> {
    let target = job.target.clone().ok_or(Error::NoChain)?;
    let settled = take_back(
        &Account::new(&target.client),
        &mut JournalStore(&job.journal),
        &target.options.send,
        &|| control.cancel.is_cancelled(),
    )?;
    Ok(settled.as_ref().map(TransactionRow::from))
}

/// What is left to be sent.
#[derive(Debug)]
pub struct Submission {
    /// Where the poll stands.
    pub position: Position,
    /// The calls that are left, in order.
    pub calls: Vec<DryCall>,
    /// The transaction that is on its way already, which is waited for before any other is sent.
    pub pending: Option<Pending>,
    /// Wei per gas as the chain asks for it now.
    pub gas_price: u128,
}

/// Where the poll stands, and what would be sent.
pub(crate) fn dry_run(job: &mut Job, control: Control<'_>) -> Result<Submission, Error> {
    let target = job.target.clone().ok_or(Error::NoChain)?;
    let assembled = transcript::check(job, control)?;
    let addresses = find(job, &target)?;
    let keys = keys(&target, &addresses, &assembled)?;
    let chain = Chain::new(&target.client, addresses);
    let (position, calls) = dry(
        &chain,
        work(&assembled),
        &addresses,
        &target.options,
        &|left: &[Planned]| keys.check(&assembled.transcript, left),
    )?;
    let fees = target.client.fees()?;
    Ok(Submission {
        position,
        calls,
        pending: JournalStore(&job.journal).pending()?,
        gas_price: fees.base_fee.saturating_add(fees.priority_fee),
    })
}
