//! One step: made to happen once, whatever interrupts it.
//!
//! A step is sent by the one journalling sender ([`crate::submit::sender`]), whose journal is the deployment file: what is signed
//! is written down before the node hears of it, and the next run takes it up. A step that is done counts only for the same
//! call: another description never goes on with its contracts. A dry run sends nothing: it tells what every step would send,
//! and where the contracts would come to lie.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::{SolCall, SolEvent};

use super::journal::Journal;
use super::record::{Done, Record};
use super::store::Store;
use crate::client::{Call, Client, Quote};
use crate::contracts::{Factory, RELEASE, artifact};
use crate::error::Error;
use crate::submit::account::{self, Account};
use crate::submit::sender::{self, SendOptions};

/// What a dry run tells about a step.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Planned {
    /// The step.
    pub step: String,
    /// The contract that is called; `None` for a deployment.
    pub to: Option<Address>,
    /// Bytes of calldata or code.
    pub bytes: usize,
    /// The calldata; of deployments only the size is told.
    pub data: Option<Bytes>,
    /// Gas, as the node estimates it now; `None` where that takes a contract that is not there yet.
    pub gas: Option<u64>,
    /// The most that it can cost, in wei as a decimal number; `None` like the gas.
    pub max_cost_wei: Option<U256>,
    /// Where the contract would come to lie.
    pub address: Option<Address>,
}

struct DryRun {
    nonce: u64,
    plan: Vec<Planned>,
}

/// How steps are paid for and waited for, and when waiting ends.
#[derive(Clone, Copy)]
pub struct Sending<'a> {
    /// Fee cap, replacement, patience.
    pub options: SendOptions,
    /// Whether to stop waiting.
    pub stop: &'a dyn Fn() -> bool,
}

impl Default for Sending<'_> {
    fn default() -> Self {
        Self {
            options: SendOptions::default(),
            stop: &|| false,
        }
    }
}

impl std::fmt::Debug for Sending<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.options.fmt(f)
    }
}

/// Runs steps over a deployment file.
pub struct Steps<'a> {
    client: &'a Client,
    store: Store,
    dry: Option<DryRun>,
    sending: Sending<'a>,
    report: &'a mut dyn FnMut(&str),
}

impl std::fmt::Debug for Steps<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steps")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

impl<'a> Steps<'a> {
    /// Steps that are sent as is usual. `report` hears the name of each before it is.
    pub fn new(
        client: &'a Client,
        store: Store,
        report: &'a mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        Self::paid(client, store, Sending::default(), report)
    }

    /// Steps that are paid for and waited for as `sending` says.
    pub fn paid(
        client: &'a Client,
        mut store: Store,
        sending: Sending<'a>,
        report: &'a mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        store.check(client.chain_id(), client.wallet("deploy")?.address())?;
        store.lock()?;
        let mut steps = Self {
            client,
            store,
            dry: None,
            sending,
            report,
        };
        steps.take_up()?;
        Ok(steps)
    }

    /// Steps that are told and not sent.
    pub fn dry(
        client: &'a Client,
        store: Store,
        report: &'a mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        let from = store.record().deployer;
        store.check(client.chain_id(), from)?;
        let nonce = client.nonce(from, BlockNumberOrTag::Pending)?;
        Ok(Self {
            client,
            store: store.in_memory(),
            dry: Some(DryRun {
                nonce,
                plan: Vec::new(),
            }),
            sending: Sending::default(),
            report,
        })
    }

    /// Whether nothing is sent.
    pub fn is_dry(&self) -> bool {
        self.dry.is_some()
    }

    /// The chain.
    pub fn client(&self) -> &'a Client {
        self.client
    }

    /// What is done.
    pub fn record(&self) -> &Record {
        self.store.record()
    }

    /// What a dry run found out; empty after a real one.
    pub fn into_plan(self) -> (Record, Vec<Planned>) {
        let plan = self.dry.map(|dry| dry.plan).unwrap_or_default();
        (self.store.record().clone(), plan)
    }

    /// Says something beside the names of steps.
    pub(super) fn tell(&mut self, what: &str) {
        (self.report)(what);
    }

    /// Changes the deployment file.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), Error> {
        self.store.change(change)
    }

    /// Deploys a committed contract, unless that is done, and compares the code on the chain with the committed one.
    pub(super) fn deploy(
        &mut self,
        contract: &'static str,
        arguments: &[u8],
    ) -> Result<Address, Error> {
        self.deploy_as(contract, contract, arguments)
    }

    /// As [`Self::deploy`], under another name.
    pub(super) fn deploy_as(
        &mut self,
        step: &str,
        contract: &'static str,
        arguments: &[u8],
    ) -> Result<Address, Error> {
        let code = artifact(contract)?.creation_code(&self.record().libraries(), arguments)?;
        self.once(step, &Call::deployment(contract, code))?;
        let address = self.record().require(step)?;
        if !self.is_dry() {
            self.check_code(address, contract)?;
        }
        Ok(address)
    }

    fn check_code(&self, address: Address, contract: &'static str) -> Result<(), Error> {
        let code = self.client.code(address)?;
        if code.is_empty() {
            return Err(Error::NoCode {
                address,
                what: contract.to_owned(),
            });
        }
        if artifact(contract)?.runtime().matches(&code) {
            Ok(())
        } else {
            Err(Error::OtherCode {
                address,
                what: contract.to_owned(),
                release: RELEASE,
            })
        }
    }

    /// Has a factory make a clone, unless that is done.
    pub(super) fn clone_of<C: SolCall>(
        &mut self,
        step: &str,
        factory: Address,
        call: &C,
    ) -> Result<Address, Error> {
        self.once(step, &Call::function(factory, call))?;
        self.record().require(step)
    }

    /// Calls a contract, unless that is done.
    pub(super) fn act<C: SolCall>(
        &mut self,
        step: &str,
        to: Address,
        call: &C,
    ) -> Result<(), Error> {
        self.once(step, &Call::function(to, call))
    }

    /// The receipt of a step that is done.
    pub(super) fn receipt(&self, step: &str) -> Result<TransactionReceipt, Error> {
        let done = self.record().steps.get(step);
        let hash = done.map(|done| done.transaction).unwrap_or_default();
        self.client.receipt(hash)?.ok_or_else(|| {
            Error::Conflict(format!(
                "the chain does not know the transaction {hash} of the step `{step}`: was it reorganised away?"
            ))
        })
    }

    /// Sends a step, unless the same call is done.
    fn once(&mut self, step: &str, call: &Call) -> Result<(), Error> {
        match self.record().steps.get(step) {
            Some(done) if done.call == call.digest() => return Ok(()),
            Some(done) => {
                return Err(Error::Conflict(format!(
                    "the step `{step}` was done with other data (transaction {}): go on with the description that it was done \
                     for, or name another deployment file",
                    done.transaction
                )));
            }
            None => {}
        }
        (self.report)(step);
        if self.dry.is_some() {
            return self.plan(step, call);
        }
        let Sending { options, stop } = self.sending;
        let node = Account::new(self.client);
        // Whatever the step builds on: a replica that lags behind it would refuse the call.
        let done = self.record().steps.values().map(|done| done.block).max();
        let at_least = done.unwrap_or_default();
        let prepared = sender::prepare(&node, call, at_least, &options, stop)?;
        let mut journal = Journal::of_step(&mut self.store, self.client, step);
        let settled = sender::send(&node, &mut journal, call, &prepared, &options, stop)?;
        account::included(&settled).map(drop)
    }

    /// Finds out what became of the step that an interrupted run left. One that failed, or whose nonce went to another
    /// transaction, is no longer pending: it is sent anew when its turn comes.
    fn take_up(&mut self) -> Result<(), Error> {
        let Some(pending) = &self.store.record().pending else {
            return Ok(());
        };
        let step = pending.step.clone();
        (self.report)(&step);
        let Sending { options, stop } = self.sending;
        let node = Account::new(self.client);
        let mut journal = Journal::of_step(&mut self.store, self.client, &step);
        sender::resume(&node, &mut journal, &options, stop).map(drop)
    }

    fn plan(&mut self, step: &str, call: &Call) -> Result<(), Error> {
        let from = self.record().deployer;
        let Some(dry) = &mut self.dry else {
            return Ok(());
        };
        let quote = quote(self.client, from, call)?;
        let address = match call.to {
            None => Some(from.create(dry.nonce)),
            Some(factory) => {
                // A factory's first creation is its implementation; clones follow in order.
                let planned = dry
                    .plan
                    .iter()
                    .filter(|planned| planned.to == Some(factory));
                let count = self.client.nonce(factory, BlockNumberOrTag::Latest)?.max(2);
                Some(factory.create(count + planned.count() as u64))
            }
        };
        dry.nonce += 1;
        dry.plan.push(Planned {
            step: step.to_owned(),
            to: call.to,
            bytes: call.data.len(),
            data: call.to.map(|_| call.data.clone()),
            gas: quote.map(|quote| quote.gas),
            max_cost_wei: quote.map(|quote| quote.cost()),
            address: call.to.is_none().then_some(address).flatten(),
        });
        self.change(|record| {
            record.steps.insert(
                step.to_owned(),
                Done {
                    address,
                    call: call.digest(),
                    transaction: B256::ZERO,
                    block: 0,
                    gas: quote.map(|quote| quote.gas).unwrap_or_default(),
                },
            );
        })
    }
}

/// What a call takes; `None` where the contract is not there yet, or not ready for the call. At an empty address every call
/// succeeds, so that the node's estimate would be far too low.
fn quote(client: &Client, from: Address, call: &Call) -> Result<Option<Quote>, Error> {
    if let Some(to) = call.to
        && client.code(to)?.is_empty()
    {
        return Ok(None);
    }
    Ok(client.quote(from, call).ok())
}

/// The contract that a step's transaction made, itself or through the factory that it called.
pub(super) fn made(receipt: &TransactionReceipt, to: Option<Address>) -> Option<Address> {
    let Some(factory) = to else {
        return receipt.contract_address;
    };
    let logs = receipt.logs().iter();
    logs.filter(|log| log.address() == factory)
        .find_map(|log| Factory::CloneDeployed::decode_log(&log.inner).ok())
        .map(|event| event.data.clone)
}
