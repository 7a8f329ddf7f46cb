//! The rows of the journal: what each stage keeps, and its bytes.
//!
//! No row holds a secret. Salts and proof randomness derive from the coordinator key again (D16); the witness of a batch,
//! which holds decrypted votes, is made anew from the log whenever it is needed.

use maci_crypto::babyjubjub::RawPoint;
use maci_crypto::{Fr, poseidon};
use maci_protocol::keys::CoordinatorKey;
use maci_protocol::log::{OnChain, WrongCoordinatorKey};
use maci_protocol::tally::Results;
use maci_protocol::{Address, Message, PollId, PollLog, StateIndex, StateLeaf};
use maci_verifier::{
    ChainHash, Mode, PollParams, ProcessBatch, PublicKeyHash, StateRoot, Statement, TallyBatch,
    TallyCommitment,
};

use crate::codec::{In, Out};
use crate::journal::{Row, Table};

/// Which poll a journal belongs to, in the order in which people recognise polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollIdentity {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The Poll contract.
    pub poll_address: Address,
    /// The poll's number in its MACI contract.
    pub poll_id: PollId,
}

impl PollIdentity {
    /// The identity of a log.
    pub fn of(log: &PollLog) -> Self {
        Self {
            chain_id: log.chain_id,
            poll_address: log.poll_address,
            poll_id: log.poll_id,
        }
    }
}

impl core::fmt::Display for PollIdentity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "poll {} at {} on chain {}",
            self.poll_id, self.poll_address, self.chain_id
        )
    }
}

/// Everything of a [`PollLog`] but its long lists, and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollRow {
    /// SHA-256 of `deployment.json`.
    pub deployment_digest: [u8; 32],
    /// SHA-256 of `logs.json`.
    pub logs_digest: [u8; 32],
    /// Which poll.
    pub identity: PollIdentity,
    /// The MACI contract.
    pub maci_address: Address,
    /// Depths, batch sizes, options, mode.
    pub params: PollParams,
    /// Whom the messages are encrypted to.
    pub coordinator_public_key: RawPoint,
    /// What the chain confirms.
    pub onchain: OnChain,
    /// First second in which messages are accepted.
    pub start_time: u64,
    /// Last second in which messages are accepted.
    pub end_time: u64,
    /// Rows of [`Table::Leaves`] once ingest is complete.
    pub leaves: u64,
    /// Rows of [`Table::Messages`] once ingest is complete.
    pub messages: u64,
    /// Leaves whose keys are not among the recorded sign-ups (C-07).
    pub joined_without_signup: Vec<StateIndex>,
}

impl PollRow {
    pub(crate) fn new(log: &PollLog, deployment_digest: [u8; 32], logs_digest: [u8; 32]) -> Self {
        Self {
            deployment_digest,
            logs_digest,
            identity: PollIdentity::of(log),
            maci_address: log.maci_address,
            params: log.params,
            coordinator_public_key: log.coordinator_public_key,
            onchain: log.onchain,
            start_time: log.start_time,
            end_time: log.end_time,
            leaves: log.leaves.len() as u64,
            messages: log.messages.len() as u64,
            joined_without_signup: log.joined_without_signup(),
        }
    }

    /// Refuses a key that is not the poll's.
    pub(crate) fn check_coordinator(
        &self,
        key: &CoordinatorKey,
    ) -> Result<(), WrongCoordinatorKey> {
        let hash = |key: RawPoint| PublicKeyHash(poseidon::hash2(key.x, key.y));
        let (expected, found) = (hash(self.coordinator_public_key), hash(key.public()));
        if expected == found {
            Ok(())
        } else {
            Err(WrongCoordinatorKey { expected, found })
        }
    }

    /// The log that the rows describe.
    pub(crate) fn into_log(
        self,
        leaves: Vec<StateLeaf>,
        messages: Vec<Message>,
        batch_hashes: Vec<ChainHash>,
    ) -> PollLog {
        PollLog {
            params: self.params,
            chain_id: self.identity.chain_id,
            maci_address: self.maci_address,
            poll_address: self.identity.poll_address,
            poll_id: self.identity.poll_id,
            coordinator_public_key: self.coordinator_public_key,
            leaves,
            signups: None,
            messages,
            batch_hashes,
            onchain: self.onchain,
            start_time: self.start_time,
            end_time: self.end_time,
        }
    }
}

impl Row for PollRow {
    const TABLE: Table = Table::Poll;
    const VERSION: u8 = 2;

    fn encode(&self) -> Vec<u8> {
        let p = &self.params;
        Out::default()
            .bytes(&self.deployment_digest)
            .bytes(&self.logs_digest)
            .u64(self.identity.chain_id)
            .bytes(&self.identity.poll_address.0)
            .u64(self.identity.poll_id.0)
            .bytes(&self.maci_address.0)
            .u8(p.state_tree_depth)
            .u8(p.tally_processing_state_tree_depth)
            .u8(p.vote_option_tree_depth)
            .u8(p.message_batch_size)
            .u64(p.vote_options)
            .u8(p.mode.as_u8())
            .point(&self.coordinator_public_key)
            .option(self.onchain.chain_hash.as_ref(), |out, hash| {
                out.fr(&hash.0)
            })
            .option(self.onchain.merged_state_root.as_ref(), |out, root| {
                out.fr(&root.0)
            })
            .option(self.onchain.total_signups.as_ref(), |out, count| {
                out.u64(*count)
            })
            .u64(self.start_time)
            .u64(self.end_time)
            .u64(self.leaves)
            .u64(self.messages)
            .list(&self.joined_without_signup, |out, index| out.u64(index.0))
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            Some(Self {
                deployment_digest: i.array()?,
                logs_digest: i.array()?,
                identity: PollIdentity {
                    chain_id: i.u64()?,
                    poll_address: Address(i.array()?),
                    poll_id: PollId(i.u64()?),
                },
                maci_address: Address(i.array()?),
                params: PollParams {
                    state_tree_depth: i.u8()?,
                    tally_processing_state_tree_depth: i.u8()?,
                    vote_option_tree_depth: i.u8()?,
                    message_batch_size: i.u8()?,
                    vote_options: i.u64()?,
                    mode: Mode::from_u8(i.u8()?)?,
                }
                .validate()
                .ok()?,
                coordinator_public_key: i.point()?,
                onchain: OnChain {
                    chain_hash: i.option(|i| i.fr().map(ChainHash))?,
                    merged_state_root: i.option(|i| i.fr().map(StateRoot))?,
                    total_signups: i.option(In::u64)?,
                },
                start_time: i.u64()?,
                end_time: i.u64()?,
                leaves: i.u64()?,
                messages: i.u64()?,
                joined_without_signup: i.list(|i| i.u64().map(StateIndex))?,
            })
        })
    }
}

impl Row for StateLeaf {
    const TABLE: Table = Table::Leaves;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        Out::default()
            .point(&self.public_key)
            .fr(&self.voice_credit_balance)
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            Some(Self {
                public_key: i.point()?,
                voice_credit_balance: i.fr()?,
            })
        })
    }
}

impl Row for Message {
    const TABLE: Table = Table::Messages;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        self.data
            .iter()
            .fold(Out::default(), Out::fr)
            .point(&self.encryption_public_key)
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            let mut data = [Fr::from(0u64); 10];
            for element in &mut data {
                *element = i.fr()?;
            }
            Some(Self {
                data,
                encryption_public_key: i.point()?,
            })
        })
    }
}

/// The text of `deployment.json`: addresses that no log carries, for `tally.json` and the audit bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeploymentRow(pub(crate) String);

impl Row for DeploymentRow {
    const TABLE: Table = Table::Deployment;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn decode(content: &[u8]) -> Option<Self> {
        String::from_utf8(content.to_vec()).ok().map(Self)
    }
}

/// The chain hash at a batch border; row 0 is the start, row k the hash after batch k (protocol.md §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BatchHashRow(pub(crate) ChainHash);

impl Row for BatchHashRow {
    const TABLE: Table = Table::BatchHashes;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        Out::default().fr(&self.0.0).0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| i.fr().map(|hash| Self(ChainHash(hash))))
    }
}

impl Row for ProcessBatch {
    const TABLE: Table = Table::ProcessBatches;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        statement_bytes(self)
    }

    fn decode(content: &[u8]) -> Option<Self> {
        Self::from_public_inputs(&statement_inputs(content)?).ok()
    }
}

impl Row for TallyBatch {
    const TABLE: Table = Table::TallyBatches;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        statement_bytes(self)
    }

    fn decode(content: &[u8]) -> Option<Self> {
        Self::from_public_inputs(&statement_inputs(content)?).ok()
    }
}

fn statement_bytes(statement: &impl Statement) -> Vec<u8> {
    statement
        .public_inputs()
        .iter()
        .fold(Out::default(), Out::fr)
        .0
}

fn statement_inputs(content: &[u8]) -> Option<Vec<Fr>> {
    In::all(content, |i| {
        (0..content.len() / 32).map(|_| i.fr()).collect()
    })
}

/// The results, without the salts that open their commitment: those derive from the key again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsRow {
    /// Votes and spent credits.
    pub results: Results,
    /// The last tally commitment.
    pub commitment: TallyCommitment,
    /// Ballots that have votes.
    pub voters: u64,
    /// Messages that counted and were signed for another poll (D12).
    pub foreign_poll: u64,
    /// SHA-256 of `tally.json`.
    pub file: [u8; 32],
}

impl Row for ResultsRow {
    const TABLE: Table = Table::Results;
    const VERSION: u8 = 2;

    fn encode(&self) -> Vec<u8> {
        Out::default()
            .list(&self.results.votes, Out::fr)
            .fr(&self.results.spent)
            .option(self.results.per_option_spent.as_ref(), |out, spent| {
                out.list(spent, Out::fr)
            })
            .fr(&self.commitment.0)
            .u64(self.voters)
            .u64(self.foreign_poll)
            .bytes(&self.file)
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            Some(Self {
                results: Results {
                    votes: i.list(In::fr)?,
                    spent: i.fr()?,
                    per_option_spent: i.option(|i| i.list(In::fr))?,
                },
                commitment: TallyCommitment(i.fr()?),
                voters: i.u64()?,
                foreign_poll: i.u64()?,
                file: i.array()?,
            })
        })
    }
}

/// A finished proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofRow {
    /// The digest of the verifying key under which it verifies.
    pub verifying_key: [u8; 32],
    /// The proof, compressed arkworks bytes.
    pub proof: Vec<u8>,
    /// How often this proof was finished; more than once only if it was remade on request.
    pub made: u32,
}

impl Row for ProofRow {
    const TABLE: Table = Table::Proofs;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        Out::default()
            .bytes(&self.verifying_key)
            .u32(self.made)
            .list(&self.proof, |out, byte| out.u8(*byte))
            .0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| {
            Some(Self {
                verifying_key: i.array()?,
                made: i.u32()?,
                proof: i.list(In::u8)?,
            })
        })
    }
}

/// How often a proof was begun. A crash loses the proof in hand, so this may exceed [`ProofRow::made`] by the number of
/// crashes, never by more (O-02).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct AttemptsRow(pub(crate) u32);

impl Row for AttemptsRow {
    const TABLE: Table = Table::Attempts;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        Out::default().u32(self.0).0
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, |i| i.u32().map(Self))
    }
}

/// The SHA-256 of the audit bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BundleRow(pub(crate) [u8; 32]);

impl Row for BundleRow {
    const TABLE: Table = Table::Bundle;
    const VERSION: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    fn decode(content: &[u8]) -> Option<Self> {
        In::all(content, In::array).map(Self)
    }
}
