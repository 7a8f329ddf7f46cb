//! Which calls are left, in order, with their calldata: from the position on the chain and the proofs of the poll.
//!
//! Pure. The plan is refused where the chain and the proofs are not about the same poll, or where somebody else's proofs
//! brought the chain to a commitment that ours do not start from.

use std::fmt;

use alloy::primitives::U256;
use maci_crypto::{Fr, poseidon};
use maci_protocol::vote_tree;
use maci_verifier::transcript::{PollSnapshot, PollTranscript};

use super::position::{Addresses, Position};
use crate::client::Call;
use crate::contracts::{AddTallyResultsArgs, MessageProcessor, Poll, Tally, to_proof, word};
use crate::error::Error;

/// What is to be brought on the chain.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// The poll as it was closed.
    pub snapshot: &'a PollSnapshot,
    /// Its proofs and results.
    pub transcript: &'a PollTranscript,
}

/// One call of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Fix the state tree.
    Merge,
    /// The proof of a message batch, counted in submission order.
    Process(u64),
    /// The proof of a ballot batch.
    Tally(u64),
    /// The results of these options, the last one included.
    Results {
        /// The first option.
        first: u64,
        /// The last option.
        last: u64,
    },
}

/// The same words as the proof files.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Merge => f.write_str("merge"),
            Self::Process(batch) => write!(f, "process_{batch}"),
            Self::Tally(batch) => write!(f, "tally_{batch}"),
            Self::Results { first, last } => write!(f, "results_{first}..{last}"),
        }
    }
}

/// A step with its call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Which step.
    pub step: Step,
    /// What is sent for it.
    pub call: Call,
    /// Gas that it takes as measured on MACI's contracts, for estimates of steps that cannot be simulated yet.
    pub usual_gas: u64,
}

/// The calls that are left, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In order; each can be sent once the one before it is included.
    pub left: Vec<Planned>,
    /// Steps of the whole poll.
    pub total: u64,
}

impl Plan {
    /// Steps that the chain has.
    pub fn done(&self) -> u64 {
        self.total.saturating_sub(self.left.len() as u64)
    }

    /// Gas that the calls that are left usually take.
    pub fn usual_gas(&self) -> u64 {
        self.left.iter().map(|planned| planned.usual_gas).sum()
    }
}

/// Options of one `addTallyResults`: with 25 it takes 8 million gas at depth 2, and a transaction may not take more than
/// 16 million (EIP-7825).
pub const RESULTS_PER_CALL: u64 = 20;

/// Makes the plan. `results_per_call` is at least 1.
pub fn plan(
    position: &Position,
    work: Work<'_>,
    at: &Addresses,
    results_per_call: u64,
) -> Result<Plan, Error> {
    check_poll(position, work.snapshot)?;
    let mut left = Vec::new();
    left.extend(merge(position, at).map(|planned| (planned.step, planned.call)));
    let (processed, tallied) = (processed(position, work)?, tallied(position, work)?);
    for (batch, proved) in (0..).zip(&work.transcript.process).skip(processed) {
        let call = MessageProcessor::processMessagesCall {
            newSbCommitment: word(&proved.statement.new_sb_commitment.0),
            proof: to_proof(&proved.proof),
        };
        left.push((
            Step::Process(batch),
            Call::function(at.message_processor, &call),
        ));
    }
    for (batch, proved) in (0..).zip(&work.transcript.tally).skip(tallied) {
        let call = Tally::tallyVotesCall {
            newTallyCommitment: word(&proved.statement.new_tally_commitment.0),
            proof: to_proof(&proved.proof),
        };
        left.push((Step::Tally(batch), Call::function(at.tally, &call)));
    }
    let options = work.snapshot.params.vote_options;
    let chunk = results_per_call.max(1);
    for first in (0..options).step_by(usize::try_from(chunk).unwrap_or(usize::MAX)) {
        let last = first.saturating_add(chunk).min(options) - 1;
        let missing: Vec<u64> = (first..=last)
            .filter(|option| !is_added(position, *option))
            .collect();
        if !missing.is_empty() {
            let args = results(work, &missing);
            let call = Call::function(at.tally, &Tally::addTallyResultsCall { args });
            left.push((Step::Results { first, last }, call));
        }
    }
    let counts = &work.transcript;
    let batches = counts.process.len() as u64;
    let depth = work.snapshot.params.vote_option_tree_depth;
    let total = 1 + counts.process.len() as u64 + counts.tally.len() as u64;
    Ok(Plan {
        left: left
            .into_iter()
            .map(|(step, call)| Planned {
                usual_gas: usual_gas(step, batches, depth),
                step,
                call,
            })
            .collect(),
        total: total + options.div_ceil(chunk),
    })
}

/// The call that closes the poll, unless it is closed.
pub(crate) fn merge(position: &Position, at: &Addresses) -> Option<Planned> {
    (!position.merged).then(|| Planned {
        step: Step::Merge,
        call: Call::function(at.poll, &Poll::mergeStateCall {}),
        usual_gas: usual_gas(Step::Merge, 0, 0),
    })
}

fn is_added(position: &Position, option: u64) -> bool {
    let index = usize::try_from(option).unwrap_or(usize::MAX);
    position.results.get(index).copied().unwrap_or_default()
}

/// The proofs must be about the poll that is on the chain (D15).
fn check_poll(position: &Position, snapshot: &PollSnapshot) -> Result<(), Error> {
    let differs = |what: &str, ours: &dyn fmt::Display, theirs: &dyn fmt::Display| {
        Err(Error::Conflict(format!(
            "the proofs are about a poll with {what} {ours}, the chain has {theirs}; read the poll in again"
        )))
    };
    if snapshot.num_messages != position.num_messages {
        return differs(
            "numMessages",
            &snapshot.num_messages,
            &position.num_messages,
        );
    }
    if snapshot.total_signups != position.total_signups {
        return differs(
            "totalSignups",
            &snapshot.total_signups,
            &position.total_signups,
        );
    }
    if snapshot.chain_hash.0 != position.chain_hash {
        return differs("chainHash", &snapshot.chain_hash.0, &position.chain_hash);
    }
    let ours = snapshot.coordinator_public_key_hash.0;
    if ours != position.coordinator_public_key_hash {
        let theirs = &position.coordinator_public_key_hash;
        return differs("coordinatorPublicKeyHash", &ours, theirs);
    }
    if position.merged && snapshot.state_root.0 != position.merged_state_root {
        let theirs = &position.merged_state_root;
        return differs("mergedStateRoot", &snapshot.state_root.0, theirs);
    }
    Ok(())
}

/// How many message batches the chain has, if it got there with our commitments.
fn processed(position: &Position, work: Work<'_>) -> Result<usize, Error> {
    let batches = &work.transcript.process;
    let done = usize::try_from(position.batches_processed).unwrap_or(usize::MAX);
    if done > batches.len() || position.processing_complete != (done == batches.len()) {
        return Err(Error::Conflict(format!(
            "the chain has {done} processed message batches, expected at most {} and all of them once processing is \
             complete",
            batches.len()
        )));
    }
    let index = (batches.len() - done) as u64;
    if done > 0 && position.current_batch_index != index {
        return Err(Error::Conflict(format!(
            "the chain expects message batch {}, {index} batches are left",
            position.current_batch_index
        )));
    }
    let expected = match (done, position.merged) {
        // What the merge will fix. With a wrong root of blank ballots no proof could ever follow it.
        (0, false) => poseidon::hash3(
            work.snapshot.state_root.0,
            position.empty_ballot_root,
            Fr::from(0u64),
        ),
        (0, true) => position.first_sb_commitment,
        _ => position.sb_commitment,
    };
    let ours = match batches.get(done) {
        Some(next) => next.statement.current_sb_commitment.0,
        None => batches
            .last()
            .map_or(expected, |last| last.statement.new_sb_commitment.0),
    };
    if ours == expected {
        Ok(done)
    } else {
        Err(foreign("message", done, &expected, &ours))
    }
}

/// How many ballot batches the chain has, if it got there with our commitments.
fn tallied(position: &Position, work: Work<'_>) -> Result<usize, Error> {
    let batches = &work.transcript.tally;
    let done = usize::try_from(position.tally_batches).unwrap_or(usize::MAX);
    if done > batches.len() {
        return Err(Error::Conflict(format!(
            "the chain has {done} tallied ballot batches, expected at most {}",
            batches.len()
        )));
    }
    let expected = position.tally_commitment;
    let ours = match batches.get(done) {
        Some(next) => next.statement.current_tally_commitment.0,
        None => batches
            .last()
            .map_or(expected, |last| last.statement.new_tally_commitment.0),
    };
    if ours == expected {
        Ok(done)
    } else {
        Err(foreign("ballot", done, &expected, &ours))
    }
}

fn foreign(kind: &str, done: usize, chain: &Fr, ours: &Fr) -> Error {
    Error::Conflict(format!(
        "after {done} {kind} batches the chain is at the commitment {chain}, our next proof starts from {ours}: the poll was \
         deployed with other roots of blank ballots, or another program proved the first batches with salts of its own"
    ))
}

/// The arguments of `addTallyResults` for some options (protocol.md §9.8).
fn results(work: Work<'_>, options: &[u64]) -> AddTallyResultsArgs {
    let depth = work.snapshot.params.vote_option_tree_depth;
    let params = &work.snapshot.params;
    let opening = &work.transcript.opening;
    let votes: Vec<Fr> = opening.results.iter().copied().map(Fr::from).collect();
    let path = |option: u64| {
        let option = usize::try_from(option).unwrap_or(usize::MAX);
        vote_tree::path_of(&votes, depth, option)
            .iter()
            .map(|level| level.iter().map(word).collect())
            .collect()
    };
    let result = |option: u64| {
        let index = usize::try_from(option).unwrap_or(usize::MAX);
        U256::from(opening.results.get(index).copied().unwrap_or_default())
    };
    AddTallyResultsArgs {
        voteOptionIndices: options.iter().copied().map(U256::from).collect(),
        tallyResults: options.iter().copied().map(result).collect(),
        tallyResultProofs: options.iter().copied().map(path).collect(),
        totalSpent: word(&opening.total_spent.0),
        totalSpentSalt: word(&opening.total_spent_salt.0),
        tallyResultSalt: word(&opening.results_salt.0),
        newResultsCommitment: opening
            .results_commitment(params)
            .as_ref()
            .map_or(U256::ZERO, word),
        spentVoiceCreditsHash: word(&opening.spent_commitment()),
        // The contract ignores it in the other modes.
        perVOSpentVoiceCreditsHash: opening
            .per_option_spent_commitment(params)
            .as_ref()
            .map_or(U256::ZERO, word),
    }
}

/// Gas as measured on the recorded polls, rounded up: of a poll with so many message batches and such a vote option tree.
pub(crate) fn usual_gas(step: Step, batches: u64, vote_option_tree_depth: u8) -> u64 {
    match step {
        Step::Merge => 300_000,
        // Each call copies the whole list of batch hashes; the first one also pads it.
        Step::Process(batch) => {
            batches
                .saturating_mul(3_000)
                .saturating_add(if batch == 0 { 580_000 } else { 480_000 })
        }
        Step::Tally(batch) => 410_000 + if batch == 0 { 100_000 } else { 0 },
        Step::Results { first, last } => {
            let levels = u64::from(vote_option_tree_depth);
            let options = last.saturating_sub(first).saturating_add(1);
            options
                .saturating_mul(80_000 + 125_000 * levels)
                .saturating_add(100_000)
        }
    }
}
