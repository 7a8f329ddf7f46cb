//! The verdict: what a proven tally means for one market, with an identity that a Solidity gate can recompute.

mod file;
mod judge;

use std::fmt;

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolStruct;
use maci_crypto::Fr;
use maci_crypto::field;
use maci_verifier::{ChainHash, SbCommitment, StateRoot, TallyCommitment};

use crate::eip712;
use crate::rule::{DENOMINATOR, Terms};

pub use file::{VerdictError, VerdictFile};
pub use judge::{JudgeError, VerifiedVerdict, judge};

/// The version that [`Verdict::id`] hashes; another layout of the struct is another version.
pub const VERDICT_VERSION: u16 = 1;

/// How much was established about the poll behind a verdict (settlement.md §3.1). Nothing prints "valid" without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// Proofs chain, the opening matches, the rule gives the payout. Says nothing about the chain.
    V1,
    /// Roots, counts and chain hash also equal a read of the chain.
    V2,
    /// Chain hash and state root were also recomputed from the events.
    V3,
}

impl Grade {
    /// All grades, weakest first.
    pub const ALL: [Self; 3] = [Self::V1, Self::V2, Self::V3];

    /// `V1`, `V2` or `V3`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1 => "V1",
            Self::V2 => "V2",
            Self::V3 => "V3",
        }
    }

    /// What the grade means, in one phrase.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::V1 => "internally valid: the proofs chain and open to these results",
            Self::V2 => "anchored: roots, counts and chain hash equal a read of the chain",
            Self::V3 => "replayed: chain hash and state root recomputed from the log",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a market asks of a poll: the market's side of a verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Hash of the whole market specification.
    pub market_id: B256,
    /// Condition id of Conditional Tokens (settlement.md §4.6).
    pub condition_id: B256,
    /// Hash of everything used to resolve.
    pub question_id: B256,
    /// Hash of the ledger event that froze the book.
    pub ledger_head: B256,
    /// The gate contract; zero for a ledger-only market.
    pub gate: Address,
    /// Rule, outcome count and question map.
    pub terms: Terms,
}

/// The fields of a verdict that make its identity (settlement.md §3.3). Plain data: only a [`VerifiedVerdict`] settles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Domain: EIP-155 chain id.
    pub chain_id: u64,
    /// Domain: the gate contract, zero for a ledger-only market.
    pub gate: Address,
    /// The market.
    pub market_id: B256,
    /// Its condition id.
    pub condition_id: B256,
    /// Its question id.
    pub question_id: B256,
    /// The book that is settled.
    pub ledger_head: B256,
    /// The MACI contract.
    pub maci: Address,
    /// The poll's number.
    pub poll_id: U256,
    /// Hash of the poll's pins.
    pub poll_pins: B256,
    /// Hash of the verifying keys.
    pub verifying_keys: B256,
    /// Root of the merged poll state tree.
    pub merged_state_root: StateRoot,
    /// Chain hash after the last message.
    pub chain_hash: ChainHash,
    /// State leaves, the blank leaf included.
    pub total_signups: u64,
    /// Messages, the placeholder included.
    pub num_messages: u64,
    /// Commitment after the last message batch.
    pub sb_commitment: SbCommitment,
    /// Commitment after the last tally batch.
    pub tally_commitment: TallyCommitment,
    /// Votes by option.
    pub results: Vec<u128>,
    /// Credits by option; empty outside quadratic voting, where they equal the votes.
    pub spent_per_option: Vec<U256>,
    /// Credits spent in all.
    pub total_spent: U256,
    /// Hash of the rule and the question map.
    pub rule_hash: B256,
    /// Payout by slot, summing to [`DENOMINATOR`]; empty for void and too early.
    pub numerators: Vec<u64>,
}

fn word(value: &Fr) -> U256 {
    U256::from_be_bytes(field::to_be_bytes(value))
}

fn words(values: impl Iterator<Item = u128>) -> Vec<U256> {
    values.map(U256::from).collect()
}

impl Verdict {
    /// `kind` of a verdict that pays a market's slots; limits, rulebooks and performance get numbers of their own.
    pub const KIND: u8 = 0;

    /// `verdictId`: the EIP-712 signing hash under the domain of chain and gate.
    pub fn id(&self) -> B256 {
        eip712::Verdict {
            version: VERDICT_VERSION,
            kind: Self::KIND,
            marketId: self.market_id,
            conditionId: self.condition_id,
            questionId: self.question_id,
            ledgerHead: self.ledger_head,
            maci: self.maci,
            pollId: self.poll_id,
            pollPins: self.poll_pins,
            verifyingKeys: self.verifying_keys,
            mergedStateRoot: word(&self.merged_state_root.0),
            chainHash: word(&self.chain_hash.0),
            totalSignups: U256::from(self.total_signups),
            numMessages: U256::from(self.num_messages),
            sbCommitment: word(&self.sb_commitment.0),
            tallyCommitment: word(&self.tally_commitment.0),
            results: words(self.results.iter().copied()),
            spentPerOption: self.spent_per_option.clone(),
            totalSpent: self.total_spent,
            ruleHash: self.rule_hash,
            numerators: words(self.numerators.iter().copied().map(u128::from)),
            denominator: U256::from(DENOMINATOR),
        }
        .eip712_signing_hash(&eip712::domain(self.chain_id, self.gate))
    }

    /// The name of the first field in which the two differ.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        let fields = [
            ("chain id", self.chain_id == other.chain_id),
            ("gate", self.gate == other.gate),
            ("market id", self.market_id == other.market_id),
            ("condition id", self.condition_id == other.condition_id),
            ("question id", self.question_id == other.question_id),
            ("ledger head", self.ledger_head == other.ledger_head),
            ("maci", self.maci == other.maci),
            ("poll id", self.poll_id == other.poll_id),
            ("poll pins", self.poll_pins == other.poll_pins),
            (
                "verifying keys",
                self.verifying_keys == other.verifying_keys,
            ),
            (
                "merged state root",
                self.merged_state_root == other.merged_state_root,
            ),
            ("chain hash", self.chain_hash == other.chain_hash),
            ("total signups", self.total_signups == other.total_signups),
            ("num messages", self.num_messages == other.num_messages),
            ("sb commitment", self.sb_commitment == other.sb_commitment),
            (
                "tally commitment",
                self.tally_commitment == other.tally_commitment,
            ),
            ("results", self.results == other.results),
            (
                "spent per option",
                self.spent_per_option == other.spent_per_option,
            ),
            ("total spent", self.total_spent == other.total_spent),
            ("rule hash", self.rule_hash == other.rule_hash),
            ("numerators", self.numerators == other.numerators),
        ];
        fields
            .into_iter()
            .find(|(_, equal)| !equal)
            .map(|(name, _)| name)
    }
}
