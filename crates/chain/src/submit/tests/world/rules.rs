//! MACI's rules for our calls, and a pool with the rules of real ones.

use alloy::primitives::{Bytes, keccak256};
use alloy::sol_types::SolCall;
use maci_crypto::{Fr, poseidon};

use super::{Inner, Transaction, refused};
use crate::client::Call;
use crate::contracts::{MessageProcessor, Poll as PollContract, Revert, Tally, field_of};
use crate::error::Error;
use crate::submit::sender::Receipt;

pub(super) fn foreign(nonce: u64, max_fee: u128) -> Transaction {
    Transaction {
        hash: keccak256(nonce.to_be_bytes()),
        nonce,
        max_fee,
        tip: max_fee,
        call: None,
    }
}

impl Inner {
    /// MACI's contracts, as far as our calls go. A refusal changes nothing.
    pub(super) fn apply(&mut self, call: &Call) -> Result<String, Error> {
        let revert = |name: &str| {
            Err(Error::Reverted {
                what: call.what.clone(),
                revert: Revert::Text(name.to_owned()),
            })
        };
        if call.to == Some(self.account) {
            return Ok("transfer".to_owned());
        }
        let p = &mut self.position;
        let data = call.data.as_ref();
        if PollContract::mergeStateCall::abi_decode(data).is_ok() {
            if p.merged {
                return revert("StateAlreadyMerged");
            }
            p.merged = true;
            p.first_sb_commitment =
                poseidon::hash3(p.merged_state_root, p.empty_ballot_root, Fr::from(0u64));
            return Ok("merge".to_owned());
        }
        if let Ok(process) = MessageProcessor::processMessagesCall::abi_decode(data) {
            let done = usize::try_from(p.batches_processed).unwrap();
            if !p.merged || self.process.get(done) != Some(&field_of(&process.newSbCommitment)) {
                return revert("InvalidProcessMessageProof");
            }
            p.sb_commitment = field_of(&process.newSbCommitment);
            p.batches_processed += 1;
            p.current_batch_index = self.batches - p.batches_processed;
            p.processing_complete = p.batches_processed == self.batches;
            return Ok(format!("process_{done}"));
        }
        if let Ok(tally) = Tally::tallyVotesCall::abi_decode(data) {
            let done = usize::try_from(p.tally_batches).unwrap();
            if !p.processing_complete
                || self.tally.get(done) != Some(&field_of(&tally.newTallyCommitment))
            {
                return revert("InvalidTallyVotesProof");
            }
            p.tally_commitment = field_of(&tally.newTallyCommitment);
            p.tally_batches += 1;
            p.tallied = p.tally_batches == self.tally.len() as u64;
            return Ok(format!("tally_{done}"));
        }
        let args = Tally::addTallyResultsCall::abi_decode(data).unwrap().args;
        if !p.tallied {
            return revert("VotesNotTallied");
        }
        for option in &args.voteOptionIndices {
            p.results[usize::try_from(*option).unwrap()] = true;
        }
        Ok(format!("results from {}", args.voteOptionIndices[0]))
    }

    pub(super) fn mine(&mut self) {
        self.before = self.position.clone();
        self.script.stale = self.script.stale_after_block;
        self.position.block += 1;
        self.position.time += 12;
        if let Some((at, fee)) = self.script.lower_at
            && self.clock >= at
        {
            self.base_fee = fee;
        }
        loop {
            let payable = |tx: &&Transaction| tx.nonce == self.nonce && tx.max_fee >= self.base_fee;
            let Some(tx) = self.pool.iter().find(payable).cloned() else {
                break;
            };
            let tx = if self.script.steal && tx.call.is_some() {
                self.script.steal = false;
                foreign(tx.nonce, u128::MAX)
            } else {
                tx
            };
            self.nonce += 1;
            self.pool.retain(|other| other.nonce > tx.nonce);
            let Some(call) = &tx.call else { continue };
            if let Some(first) = self.script.overtake.take() {
                let _ = self.apply(&first);
            }
            let done = self.apply(call);
            let success = done.is_ok();
            self.received.insert(tx.hash, self.clock);
            self.receipts.insert(
                tx.hash,
                Receipt {
                    block: self.position.block,
                    gas_used: 100,
                    gas_price: self.base_fee,
                    success,
                },
            );
            match done {
                Ok(step) => self.accepted.push(step),
                Err(_) => self.failed += 1,
            }
        }
    }

    pub(super) fn take(&mut self, raw: &Bytes) -> Result<(), Error> {
        let tx = self.signed.get(&keccak256(raw)).cloned().unwrap();
        self.seen.push(tx.clone());
        let count = self.seen.len() as u64;
        if let Some(fee) = self.script.raise_after_next.take() {
            self.base_fee = fee;
        }
        if tx.nonce < self.nonce {
            return Err(refused("nonce too low"));
        }
        if self.script.drop_every > 0 && count.is_multiple_of(self.script.drop_every) {
            return Ok(());
        }
        if let Some(old) = self.pool.iter().position(|old| old.nonce == tx.nonce) {
            if self.pool[old].hash == tx.hash {
                return Err(refused("already known"));
            }
            if tx.max_fee * 100 < self.pool[old].max_fee * self.script.replacement {
                return Err(refused("replacement transaction underpriced"));
            }
            self.pool.remove(old);
        }
        self.pool.push(tx);
        if self.script.lose_every > 0 && count.is_multiple_of(self.script.lose_every) {
            return Err(Error::Timeout {
                endpoint: "script".to_owned(),
                method: "eth_sendRawTransaction".to_owned(),
            });
        }
        Ok(())
    }
}
