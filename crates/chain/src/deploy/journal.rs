//! The deployment file as the sender's journal.

use super::record::{self, Done};
use super::steps::made;
use super::store::Store;
use crate::client::{Call, Client};
use crate::error::Error;
use crate::submit::sender::{self, Attempt, Pending, Settled};

/// The journal of one step.
pub(super) struct Journal<'a> {
    store: &'a mut Store,
    client: &'a Client,
    step: &'a str,
}

impl<'a> Journal<'a> {
    /// What is kept here belongs to this step.
    pub(super) fn of_step(store: &'a mut Store, client: &'a Client, step: &'a str) -> Self {
        Self {
            store,
            client,
            step,
        }
    }
}

impl sender::Store for Journal<'_> {
    type Error = Error;

    fn pending(&mut self) -> Result<Option<Pending>, Error> {
        let record = self.store.record();
        let (account, chain_id) = (record.deployer, record.chain_id);
        Ok(record.pending.clone().map(|kept| Pending {
            account,
            chain_id,
            call: Call {
                what: kept.step,
                to: kept.to,
                data: kept.data,
            },
            // Deployment gives nothing up: its steps are replaced by the same call alone.
            withdrawn: None,
            nonce: kept.nonce,
            gas_limit: kept.gas_limit,
            attempts: kept
                .attempts
                .into_iter()
                .map(|attempt| Attempt {
                    hash: attempt.hash,
                    raw: attempt.raw,
                    max_fee_per_gas: attempt.max_fee_per_gas,
                    max_priority_fee_per_gas: attempt.max_priority_fee_per_gas,
                })
                .collect(),
        }))
    }

    fn keep(&mut self, pending: &Pending) -> Result<(), Error> {
        let attempts = pending.attempts.iter().map(|attempt| record::Attempt {
            hash: attempt.hash,
            raw: attempt.raw.clone(),
            max_fee_per_gas: attempt.max_fee_per_gas,
            max_priority_fee_per_gas: attempt.max_priority_fee_per_gas,
        });
        let kept = record::Pending {
            step: self.step.to_owned(),
            to: pending.call.to,
            data: pending.call.data.clone(),
            nonce: pending.nonce,
            gas_limit: pending.gas_limit,
            attempts: attempts.collect(),
        };
        self.store.change(|record| record.pending = Some(kept))
    }

    fn settle(&mut self, settled: &Settled) -> Result<(), Error> {
        let step = self.step.to_owned();
        let done = match (settled.included, &self.store.record().pending) {
            (Some((hash, receipt)), Some(pending)) if receipt.success => {
                let whole = self.client.receipt(hash)?.ok_or_else(|| {
                    Error::Conflict(format!(
                        "the node knew the receipt of {hash} and does not know it any more; run the same command again"
                    ))
                })?;
                let call = Call {
                    what: step.clone(),
                    to: pending.to,
                    data: pending.data.clone(),
                };
                Some(Done {
                    address: made(&whole, call.to),
                    call: call.digest(),
                    transaction: hash,
                    block: receipt.block,
                    gas: receipt.gas_used,
                })
            }
            _ => None,
        };
        self.store.change(|record| {
            if let Some(done) = done {
                record.steps.insert(step, done);
            }
            record.pending = None;
        })
    }
}
