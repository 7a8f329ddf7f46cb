//! Where a poll stands on the chain: read before anything is sent, so that no step is paid for twice (N-07).

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, U256};
use maci_crypto::Fr;

use crate::client::Client;
use crate::contracts::{MACI, MessageProcessor, Poll, Tally, field_of};
use crate::error::Error;

/// The contracts of one poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The MACI instance.
    pub maci: Address,
    /// The poll's number there.
    pub poll_id: u64,
    /// The Poll contract.
    pub poll: Address,
    /// The MessageProcessor contract.
    pub message_processor: Address,
    /// The Tally contract.
    pub tally: Address,
}

impl Addresses {
    /// Asks a MACI instance for the contracts of one of its polls.
    pub fn find(client: &Client, maci: Address, poll_id: u64) -> Result<Self, Error> {
        let found = client.call(
            maci,
            &MACI::getPollCall {
                pollId: U256::from(poll_id),
            },
        )?;
        Ok(Self {
            maci,
            poll_id,
            poll: found.poll,
            message_processor: found.messageProcessor,
            tally: found.tally,
        })
    }
}

impl Addresses {
    /// Seconds of the chain's time until the poll can be closed; 0 once it can.
    pub fn seconds_left(&self, client: &Client) -> Result<u64, Error> {
        let end = small(&client.call(self.poll, &Poll::endDateCall {})?, "endDate")?;
        let now = client.now()?;
        Ok(end.saturating_add(1).saturating_sub(now))
    }
}

/// Everything on the chain that decides which calls are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The block that all of this was read at.
    pub block: u64,
    /// Its time, the only clock that counts (O-10).
    pub time: u64,
    /// The last second in which messages are accepted.
    pub end_date: u64,
    /// Whether the state tree is merged.
    pub merged: bool,
    /// The merged root; 0 before.
    pub merged_state_root: Fr,
    /// The root of blank ballots that the poll starts from.
    pub empty_ballot_root: Fr,
    /// H2 of the coordinator's key.
    pub coordinator_public_key_hash: Fr,
    /// Leaves, the blank leaf 0 included.
    pub total_signups: u64,
    /// Messages, message 0 included.
    pub num_messages: u64,
    /// The chain hash after the last message.
    pub chain_hash: Fr,
    /// The commitment that processing starts from; 0 before the merge.
    pub first_sb_commitment: Fr,
    /// Message batches whose proofs were accepted.
    pub batches_processed: u64,
    /// The batch that the next proof must be about, counted from 1 in log order.
    pub current_batch_index: u64,
    /// The commitment after the last accepted batch.
    pub sb_commitment: Fr,
    /// Whether every message batch is proved.
    pub processing_complete: bool,
    /// Ballot batches whose proofs were accepted.
    pub tally_batches: u64,
    /// The commitment after the last accepted ballot batch; 0 before the first.
    pub tally_commitment: Fr,
    /// Whether every ballot batch is proved.
    pub tallied: bool,
    /// For every option that can be voted for, whether its result is on the chain.
    pub results: Vec<bool>,
}

/// Which results an earlier look found: they hold as long as its block is on the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    block: u64,
    hash: B256,
    results: Vec<bool>,
}

/// For every option whether its result is there, of which the contract counts `added`. Asks for one option after the other only until
/// as many are found: results are added in order, and a poll may have thousands of options.
fn find_results(
    options: u64,
    added: u64,
    before: &[bool],
    mut is_set: impl FnMut(u64) -> Result<bool, Error>,
) -> Result<Vec<bool>, Error> {
    let mut found = before.iter().filter(|set| **set).count() as u64;
    let mut results = Vec::new();
    for (option, before) in (0..options).zip(before.iter().copied().chain(std::iter::repeat(false)))
    {
        let set = before || (found < added && is_set(option)?);
        found += u64::from(set && !before);
        results.push(set);
    }
    Ok(results)
}

impl Position {
    /// Reads it at the newest block, all at one block. `Ok(None)` while the node has not seen block `at_least`. What `known` holds
    /// of an earlier look is not asked for again; what this look finds takes its place.
    pub fn read(
        client: &Client,
        at: &Addresses,
        at_least: u64,
        known: &mut Option<Known>,
    ) -> Result<Option<Self>, Error> {
        let Some(block) = client.block(BlockNumberOrTag::Latest)? else {
            return Ok(None);
        };
        if block.header.number < at_least {
            return Ok(None);
        }
        let id = BlockId::number(block.header.number);
        let Addresses {
            poll,
            message_processor,
            tally,
            ..
        } = *at;
        let counts = client.call_at(poll, &Poll::totalSignupsAndMessagesCall {}, id)?;
        let options = client.call_at(poll, &Poll::voteOptionsCall {}, id)?;
        let tallied = client.call_at(tally, &Tally::isTalliedCall {}, id)?;
        let added = client.call_at(tally, &Tally::totalTallyResultsCall {}, id)?;
        let options = small(&options, "voteOptions")?;
        let before = match known.take() {
            Some(known) => {
                let still = client.block(BlockNumberOrTag::Number(known.block))?;
                let stands = still.is_some_and(|still| still.header.hash == known.hash);
                if stands { known.results } else { Vec::new() }
            }
            None => Vec::new(),
        };
        let added = small(&added, "totalTallyResults")?;
        let results = find_results(options, added, &before, |option| {
            let index = U256::from(option);
            let call = Tally::getTallyResultsCall { index };
            Ok(client.call_at(tally, &call, id)?.isSet)
        })?;
        *known = Some(Known {
            block: block.header.number,
            hash: block.header.hash,
            results: results.clone(),
        });
        let field = |word: U256| field_of(&word);
        let processor = message_processor;
        Ok(Some(Self {
            block: block.header.number,
            time: block.header.timestamp,
            end_date: small(&client.call_at(poll, &Poll::endDateCall {}, id)?, "endDate")?,
            merged: client.call_at(poll, &Poll::stateMergedCall {}, id)?,
            merged_state_root: field(client.call_at(poll, &Poll::mergedStateRootCall {}, id)?),
            empty_ballot_root: field(client.call_at(poll, &Poll::emptyBallotRootCall {}, id)?),
            coordinator_public_key_hash: field(client.call_at(
                poll,
                &Poll::coordinatorPublicKeyHashCall {},
                id,
            )?),
            total_signups: small(&counts.numSUps, "totalSignups")?,
            num_messages: small(&counts.numMsgs, "numMessages")?,
            chain_hash: field(client.call_at(poll, &Poll::chainHashCall {}, id)?),
            first_sb_commitment: field(client.call_at(
                poll,
                &Poll::currentSbCommitmentCall {},
                id,
            )?),
            batches_processed: small(
                &client.call_at(
                    processor,
                    &MessageProcessor::totalBatchesProcessedCall {},
                    id,
                )?,
                "totalBatchesProcessed",
            )?,
            current_batch_index: small(
                &client.call_at(processor, &MessageProcessor::currentBatchIndexCall {}, id)?,
                "currentBatchIndex",
            )?,
            sb_commitment: field(client.call_at(
                processor,
                &MessageProcessor::sbCommitmentCall {},
                id,
            )?),
            processing_complete: client.call_at(
                processor,
                &MessageProcessor::processingCompleteCall {},
                id,
            )?,
            tally_batches: small(
                &client.call_at(tally, &Tally::tallyBatchNumCall {}, id)?,
                "tallyBatchNum",
            )?,
            tally_commitment: field(client.call_at(tally, &Tally::tallyCommitmentCall {}, id)?),
            tallied,
            results,
        }))
    }

    /// Whether voting is over: publishing and merging are both open at the end date itself (D15).
    pub fn is_closed(&self) -> bool {
        self.time > self.end_date
    }
}

/// A count or a time as a 64-bit number.
fn small(word: &U256, what: &str) -> Result<u64, Error> {
    u64::try_from(*word).map_err(|_| {
        Error::Conflict(format!(
            "the chain says that `{what}` is {word}, expected a number below 2^64; check the addresses"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n_07_thousands_of_options_are_not_asked_for_before_every_transaction() {
        const OPTIONS: u64 = 3_125;
        let mut asked = 0;
        let mut known: Vec<bool> = Vec::new();
        for added in (0..=OPTIONS).step_by(20) {
            known = find_results(OPTIONS, added, &known, |option| {
                asked += 1;
                Ok(option < added)
            })
            .unwrap();
            assert_eq!(known.iter().filter(|set| **set).count() as u64, added);
        }
        assert!(asked <= OPTIONS, "{asked}");
        // Whoever adds them in another order is found all the same.
        let odd = |option: u64| Ok(option % 2 == 1 && option < 41);
        let found = find_results(50, 20, &[], odd).unwrap();
        assert_eq!(found.iter().filter(|set| **set).count(), 20);
        assert!(found[39] && !found[40]);
        // After a reorganisation nothing is known, and nothing is taken for granted.
        let none = find_results(50, 0, &[], |_| panic!("nothing was added")).unwrap();
        assert!(none.iter().all(|set| !set));
    }
}
