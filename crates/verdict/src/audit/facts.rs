//! What an auditor brings along to reach a higher grade: a read of the chain (V2), a replay of the log (V3).

use maci_crypto::tree::binary::LazyTree;
use maci_protocol::{PollLog, StateIndex, StateLeaf};
use maci_verifier::transcript::VerifiedTally;
use maci_verifier::{
    ChainHash, PollParams, PublicKeyHash, SbCommitment, StateRoot, TallyCommitment,
};

use crate::bundle::AuditBundle;

/// Values that the auditor read from contracts on a chain that it trusts, at one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFacts {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// `poll.mergedStateRoot()`.
    pub merged_state_root: StateRoot,
    /// `poll.chainHash()`.
    pub chain_hash: ChainHash,
    /// `poll.getBatchHashes()`.
    pub batch_hashes: Vec<ChainHash>,
    /// Sign-ups of `poll.totalSignupsAndMessages()`.
    pub total_signups: u64,
    /// Messages of `poll.totalSignupsAndMessages()`.
    pub num_messages: u64,
    /// `messageProcessor.sbCommitment()`, once processing is complete there.
    pub sb_commitment: Option<SbCommitment>,
    /// `tally.tallyCommitment()`, once tallying is complete there.
    pub tally_commitment: Option<TallyCommitment>,
}

/// Compares one value after the other and names the first that differs.
fn first_difference(pairs: &[(&str, bool)], against: &str) -> Result<(), String> {
    match pairs.iter().find(|(_, equal)| !equal) {
        Some((what, _)) => Err(format!("{what} differs from {against}")),
        None => Ok(()),
    }
}

impl ChainFacts {
    pub(super) fn compare(
        &self,
        bundle: &AuditBundle,
        verified: &VerifiedTally,
    ) -> Result<(), String> {
        let snapshot = verified.snapshot();
        first_difference(
            &[
                ("chain id", self.chain_id == bundle.pins.chain_id),
                (
                    "merged state root",
                    self.merged_state_root == snapshot.state_root,
                ),
                ("chain hash", self.chain_hash == snapshot.chain_hash),
                ("batch hashes", self.batch_hashes == snapshot.batch_hashes),
                (
                    "total signups",
                    self.total_signups == snapshot.total_signups,
                ),
                (
                    "number of messages",
                    self.num_messages == snapshot.num_messages,
                ),
                (
                    "sb commitment",
                    self.sb_commitment
                        .is_none_or(|value| value == verified.sb_commitment()),
                ),
                (
                    "tally commitment",
                    self.tally_commitment
                        .is_none_or(|value| value == verified.tally_commitment()),
                ),
            ],
            "the chain",
        )
    }
}

/// What the poll's own events give, recomputed leaf by leaf and message by message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayedLog {
    chain_id: u64,
    poll_id: u64,
    maci: [u8; 20],
    poll: [u8; 20],
    params: PollParams,
    coordinator_public_key_hash: PublicKeyHash,
    state_root: StateRoot,
    total_signups: u64,
    num_messages: u64,
    batch_hashes: Vec<ChainHash>,
    dates: (u64, u64),
    joined_without_signup: Vec<StateIndex>,
}

impl ReplayedLog {
    /// Recomputes state root and batch hashes from a log; what the log says about them is not read.
    ///
    /// `None` if the log holds more leaves than its tree.
    pub fn new(log: &PollLog) -> Option<Self> {
        let joined_without_signup = log.joined_without_signup();
        let mut log = log.clone();
        log.recompute_batch_hashes();
        let leaves = log.leaves.iter().map(StateLeaf::hash).collect::<Vec<_>>();
        let tree = LazyTree::from_leaves(
            log.actual_state_tree_depth(),
            StateLeaf::blank().hash(),
            leaves,
        )
        .ok()?;
        let key = log.coordinator_public_key;
        Some(Self {
            chain_id: log.chain_id,
            poll_id: log.poll_id.0,
            maci: log.maci_address.0,
            poll: log.poll_address.0,
            params: log.params,
            coordinator_public_key_hash: PublicKeyHash(maci_crypto::poseidon::hash2(key.x, key.y)),
            state_root: StateRoot(tree.root()),
            total_signups: log.total_signups(),
            num_messages: log.num_messages(),
            batch_hashes: log.batch_hashes,
            dates: (log.start_time, log.end_time),
            joined_without_signup,
        })
    }

    /// Leaves whose keys are not among the log's sign-ups; empty where the log carries no sign-ups.
    pub fn joined_without_signup(&self) -> &[StateIndex] {
        &self.joined_without_signup
    }

    pub(super) fn compare(&self, bundle: &AuditBundle) -> Result<(), String> {
        let pins = &bundle.pins;
        first_difference(
            &[
                ("chain id", self.chain_id == pins.chain_id),
                (
                    "poll id",
                    alloy_primitives::U256::from(self.poll_id) == pins.poll_id,
                ),
                ("maci address", self.maci == pins.contracts.maci.0.0),
                ("poll address", self.poll == pins.contracts.poll.0.0),
                ("poll parameters", self.params == pins.params),
                (
                    "coordinator public key hash",
                    self.coordinator_public_key_hash == pins.coordinator_public_key_hash,
                ),
                ("merged state root", self.state_root == bundle.state_root),
                ("total signups", self.total_signups == bundle.total_signups),
                (
                    "number of messages",
                    self.num_messages == bundle.num_messages,
                ),
                ("batch hashes", self.batch_hashes == bundle.batch_hashes),
                ("poll dates", self.dates == (pins.start_date, pins.end_date)),
            ],
            "the log",
        )
    }
}
