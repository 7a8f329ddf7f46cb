//! The registry's verifying keys, and every proof checked under them before any gas is spent (N-09).

use alloy::primitives::{Address, U256};
use maci_verifier::transcript::PollTranscript;
use maci_verifier::{PollParams, VerifyingKey, verify};

use super::plan::{Planned, Step};
use super::position::Addresses;
use crate::client::Client;
use crate::contracts::{MACI, MessageProcessor, Tally, VerifyingKeysRegistry, from_key, to_mode};
use crate::error::Error;

/// The keys that the contracts will verify a poll's proofs under.
#[derive(Clone, Debug)]
pub struct RegisteredKeys {
    /// For message batches.
    pub process: VerifyingKey,
    /// For ballot batches.
    pub tally: VerifyingKey,
}

impl RegisteredKeys {
    /// Reads them as the contracts do: by the MACI instance's state depth and the poll's other parameters.
    pub fn read(client: &Client, at: &Addresses, params: &PollParams) -> Result<Self, Error> {
        let depth = client.call(at.maci, &MACI::stateTreeDepthCall {})?;
        if depth != params.state_tree_depth {
            return Err(Error::Conflict(format!(
                "the MACI instance has the state tree depth {depth}, the poll {}; its keys can never be found",
                params.state_tree_depth
            )));
        }
        let registry = |contract: &str, address: Address| {
            if address.is_zero() {
                return Err(Error::NoCode {
                    address,
                    what: format!("the key registry of the {contract}"),
                });
            }
            Ok(address)
        };
        let of_processor = registry(
            "message processor",
            client.call(
                at.message_processor,
                &MessageProcessor::verifyingKeysRegistryCall {},
            )?,
        )?;
        let of_tally = registry(
            "tally",
            client.call(at.tally, &Tally::verifyingKeysRegistryCall {})?,
        )?;
        let process = client.call(
            of_processor,
            &VerifyingKeysRegistry::getProcessVerifyingKeyCall {
                stateTreeDepth: U256::from(depth),
                voteOptionTreeDepth: U256::from(params.vote_option_tree_depth),
                messageBatchSize: params.message_batch_size,
                mode: to_mode(params.mode),
            },
        )?;
        let tally = client.call(
            of_tally,
            &VerifyingKeysRegistry::getTallyVerifyingKeyCall {
                stateTreeDepth: U256::from(depth),
                intStateTreeDepth: U256::from(params.tally_processing_state_tree_depth),
                voteOptionTreeDepth: U256::from(params.vote_option_tree_depth),
                mode: to_mode(params.mode),
            },
        )?;
        Ok(Self {
            process: from_key(params.process_circuit(), &process)?,
            tally: from_key(params.tally_circuit(), &tally)?,
        })
    }

    /// Refuses a plan with a proof that the contracts would refuse.
    pub fn check(&self, transcript: &PollTranscript, left: &[Planned]) -> Result<(), Error> {
        for planned in left {
            let at = |batch: u64| usize::try_from(batch).unwrap_or(usize::MAX);
            let checked = match planned.step {
                Step::Process(batch) => transcript
                    .process
                    .get(at(batch))
                    .map(|proved| verify(&self.process, &proved.statement, &proved.proof)),
                Step::Tally(batch) => transcript
                    .tally
                    .get(at(batch))
                    .map(|proved| verify(&self.tally, &proved.statement, &proved.proof)),
                Step::Merge | Step::Results { .. } => continue,
            };
            match checked {
                Some(Ok(_)) => {}
                Some(Err(error)) => {
                    return Err(Error::Conflict(format!(
                        "the proof {} does not verify under the key in the poll's registry, nothing was sent: {error}",
                        planned.step
                    )));
                }
                None => {
                    return Err(Error::Conflict(format!(
                        "the proof {} is missing",
                        planned.step
                    )));
                }
            }
        }
        Ok(())
    }
}
