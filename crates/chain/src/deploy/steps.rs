//! One step: made to happen once, whatever interrupts it.
//!
//! A step's signed transaction is written down before it is sent. A run that finds one asks the chain for its receipt, sends
//! the same bytes again if there is none, and begins anew only when another transaction took its nonce. A dry run sends
//! nothing: it tells what every step would send, and where the contracts would come to lie.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes};
use alloy::rpc::types::TransactionReceipt;
use alloy::sol_types::{SolCall, SolEvent};

use super::record::{Done, Pending, Record, Store};
use crate::client::{Call, Client, SignedCall};
use crate::contracts::{Factory, RELEASE, artifact};
use crate::error::Error;

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
    /// Where the contract would come to lie.
    pub address: Option<Address>,
}

struct DryRun {
    nonce: u64,
    plan: Vec<Planned>,
}

/// Runs steps over a deployment file.
pub struct Steps<'a> {
    client: &'a Client,
    store: Store,
    dry: Option<DryRun>,
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
    /// Steps that are sent. `report` hears the name of each before it is.
    pub fn new(
        client: &'a Client,
        store: Store,
        report: &'a mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        let mut steps = Self {
            client,
            store,
            dry: None,
            report,
        };
        steps.settle_pending()?;
        Ok(steps)
    }

    /// Steps that are told and not sent.
    pub fn dry(
        client: &'a Client,
        store: Store,
        report: &'a mut dyn FnMut(&str),
    ) -> Result<Self, Error> {
        let from = store.record().deployer;
        let nonce = client.nonce(from, BlockNumberOrTag::Pending)?;
        Ok(Self {
            client,
            store: store.in_memory(),
            dry: Some(DryRun {
                nonce,
                plan: Vec::new(),
            }),
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
        let artifact = artifact(contract)?;
        if self.record().address(step).is_none() {
            let code = artifact.creation_code(&self.record().libraries(), arguments)?;
            let call = Call::deployment(contract, code);
            self.run(step, &call, |receipt| receipt.contract_address)?;
        }
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
        if self.record().address(step).is_none() {
            let call = Call::function(factory, call);
            self.run(step, &call, |receipt| {
                let logs = receipt.logs().iter();
                logs.filter(|log| log.address() == factory)
                    .find_map(|log| Factory::CloneDeployed::decode_log(&log.inner).ok())
                    .map(|event| event.data.clone)
            })?;
        }
        self.record().require(step)
    }

    /// Calls a contract, unless that is done.
    pub(super) fn act<C: SolCall>(
        &mut self,
        step: &str,
        to: Address,
        call: &C,
    ) -> Result<(), Error> {
        if self.record().steps.contains_key(step) {
            return Ok(());
        }
        self.run(step, &Call::function(to, call), |_| None)
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

    fn run(
        &mut self,
        step: &str,
        call: &Call,
        made: impl FnOnce(&TransactionReceipt) -> Option<Address>,
    ) -> Result<(), Error> {
        (self.report)(step);
        if self.dry.is_some() {
            return self.plan(step, call);
        }
        let client = self.client;
        let signed = client.prepare(call)?;
        self.change(|record| {
            record.pending = Some(Pending {
                step: step.to_owned(),
                transaction: signed.hash,
                nonce: signed.nonce,
                raw: signed.raw.clone(),
            });
        })?;
        client.broadcast(&signed)?;
        let receipt = client.wait(&signed)?;
        let address = made(&receipt);
        self.finish(step, &receipt, address)
    }

    fn finish(
        &mut self,
        step: &str,
        receipt: &TransactionReceipt,
        address: Option<Address>,
    ) -> Result<(), Error> {
        let done = Done {
            address,
            transaction: receipt.transaction_hash,
            block: receipt.block_number.unwrap_or_default(),
            gas: receipt.gas_used,
        };
        self.change(|record| {
            record.steps.insert(step.to_owned(), done);
            record.pending = None;
        })
    }

    /// Finds out what became of the step that an interrupted run left.
    fn settle_pending(&mut self) -> Result<(), Error> {
        let Some(pending) = self.record().pending.clone() else {
            return Ok(());
        };
        (self.report)(&pending.step);
        let signed = SignedCall {
            what: pending.step.clone(),
            hash: pending.transaction,
            nonce: pending.nonce,
            raw: pending.raw.clone(),
        };
        let client = self.client;
        if client.receipt(signed.hash)?.is_none() {
            let used = client.nonce(self.record().deployer, BlockNumberOrTag::Latest)?;
            if used > signed.nonce {
                // Another transaction took the nonce: this one can never be included.
                return self.change(|record| record.pending = None);
            }
            // The node may have it already, and says so as an error: the receipt decides.
            if let Err(error) = client.broadcast(&signed) {
                tracing::debug!(%error, "sent again");
            }
        }
        match client.wait(&signed) {
            Ok(receipt) => {
                let clone = receipt
                    .logs()
                    .iter()
                    .find_map(|log| Factory::CloneDeployed::decode_log(&log.inner).ok())
                    .map(|event| event.data.clone);
                let address = receipt.contract_address.or(clone);
                self.finish(&pending.step, &receipt, address)
            }
            Err(Error::Failed { .. }) => self.change(|record| record.pending = None),
            Err(error) => Err(error),
        }
    }

    fn plan(&mut self, step: &str, call: &Call) -> Result<(), Error> {
        let from = self.record().deployer;
        let Some(dry) = &mut self.dry else {
            return Ok(());
        };
        let gas = self.client.quote(from, call).ok().map(|quote| quote.gas);
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
            gas,
            address: call.to.is_none().then_some(address).flatten(),
        });
        self.change(|record| {
            record.steps.insert(
                step.to_owned(),
                Done {
                    address,
                    transaction: B256::ZERO,
                    block: 0,
                    gas: gas.unwrap_or_default(),
                },
            );
        })
    }
}
