//! The specification of a market: everything that is decided before the first deposit, hashed into the market id.
//!
//! Nothing in it can change later; there is no administrator (R5). The market id is keccak256 of a domain tag and the
//! canonical JSON of the whole specification, so a verdict that names the id names the roles, the rule, the question map,
//! the polls and their verifying keys, the deadlines and the collateral.

mod codec;
mod validate;

use alloy_primitives::{Address, B256, U256, keccak256};
use maci_verdict::{Grade, PollPins, Terms};

use crate::types::{AccountId, Amount, Slot, Time};

pub use validate::{Lint, SpecError};

/// Highest fee on a trade, in millionths of the payment: one tenth.
pub const MAX_FEE_PPM: u32 = 100_000;

/// What kind of thing the market asks (R7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QuestionKind {
    /// Something that will be the case or not; needs a criterion, a source of evidence and a "too early" answer.
    Fact,
    /// What is wanted.
    Value,
    /// How well somebody did.
    Performance,
    /// A bound on later markets.
    Limit,
}

/// The question in words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct QuestionText {
    /// What kind of question it is.
    pub kind: QuestionKind,
    /// The question.
    pub text: String,
    /// By what it is judged.
    pub criterion: String,
    /// Where evidence is found.
    pub evidence: String,
}

/// What backs the outcome tokens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Collateral {
    /// Name or token address.
    pub name: String,
    /// Decimals of one whole unit, for display only.
    pub decimals: u8,
}

/// Who answers for what (R18).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Roles {
    /// Who runs the market.
    pub executor: AccountId,
    /// Who runs the poll.
    pub coordinator: AccountId,
    /// States openly that the two above are one; otherwise they must differ.
    pub executor_is_coordinator: bool,
    /// Who verifies.
    pub verifier: String,
    /// Who earns the trade fees.
    pub fee_taker: AccountId,
    /// Who provides the first inventory, if anyone.
    pub market_maker: Option<AccountId>,
}

/// Who votes, and with how much (R9).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CaptureProfile {
    /// Type of the sign-up policy.
    pub policy: String,
    /// Where voice credits come from.
    pub credit_source: String,
    /// Credits are proportional to holdings of a token, so capital would be control.
    pub token_weighted: bool,
    /// The market opted into token weighting openly.
    pub accepts_token_weighted: bool,
}

/// A bond that must be posted before the market opens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bond {
    /// Who posts it.
    pub account: AccountId,
    /// How much.
    pub amount: Amount,
}

/// How much may be settled by how large a jury (R15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueCap {
    /// Collateral per member of the declared electorate; stops new splits.
    pub per_juror: Amount,
    /// Size of the declared electorate.
    pub electorate: u64,
    /// Collateral per proven spent credit; checked when a verdict arrives, voids when exceeded.
    pub per_credit: Amount,
}

/// What holders get when the market has no answer (settlement.md §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoidPolicy {
    /// This slot is paid; Invalid is an outcome that can be traded.
    InvalidSlot(Slot),
    /// Each account gets its net payments back.
    CostBasisRefund,
    /// All slots are paid alike.
    Uniform,
}

/// The whole specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarketSpec {
    /// The question in words.
    pub question: QuestionText,
    /// One label per outcome slot.
    pub outcomes: Vec<String>,
    /// Rule and question map.
    pub terms: Terms,
    /// The poll that judges and, after each "too early", the next.
    pub polls: Vec<PollPins>,
    /// What backs the tokens.
    pub collateral: Collateral,
    /// From this second on nothing is traded.
    pub close_time: Time,
    /// Last second in which the market can settle.
    pub settle_by: Time,
    /// Seconds between an accepted verdict and settlement.
    pub finality: u64,
    /// What happens without an answer.
    pub void_policy: VoidPolicy,
    /// Who answers for what.
    pub roles: Roles,
    /// Who votes.
    pub capture_profile: CaptureProfile,
    /// Bonds to be posted.
    pub bonds: Vec<Bond>,
    /// Complete sets that the market maker locks before the market opens; also the most it can lose (I7).
    pub subsidy: Amount,
    /// Fee on the payment of a trade, in millionths.
    pub fee_ppm: u32,
    /// Cap by jury size.
    pub value_cap: Option<ValueCap>,
    /// The least that must be established about the poll.
    pub min_grade: Grade,
    /// Accept verdicts under development keys, whose secrets are public. Only for tests and demonstrations.
    pub allow_insecure_dev: bool,
    /// The gate contract; zero for a ledger-only market.
    pub gate: Address,
}

impl MarketSpec {
    /// The market id.
    pub fn market_id(&self) -> B256 {
        tagged_hash(b"maci-rs/market/v1", &self.to_value().to_bytes())
    }

    /// Hash of everything used to resolve: question, outcomes, rule, polls and deadlines.
    pub fn question_id(&self) -> B256 {
        tagged_hash(b"maci-rs/question/v1", &self.resolution_value().to_bytes())
    }

    /// The condition id of Conditional Tokens: keccak256(oracle, question id, slots), with the gate as oracle
    /// (settlement.md §4.6).
    pub fn condition_id(&self) -> B256 {
        condition_id(self.gate, self.question_id(), self.outcomes.len())
    }

    /// EIP-155 id of the chain of all polls; zero if there is no poll, which [`MarketSpec::validate`] refuses.
    pub fn chain_id(&self) -> u64 {
        self.polls.first().map_or(0, |poll| poll.chain_id)
    }
}

pub(crate) fn tagged_hash(tag: &[u8], bytes: &[u8]) -> B256 {
    keccak256([tag, bytes].concat())
}

fn condition_id(oracle: Address, question_id: B256, slots: usize) -> B256 {
    let slots = U256::from(slots).to_be_bytes::<32>();
    keccak256([oracle.as_slice(), question_id.as_slice(), slots.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn t1_condition_ids_equal_the_published_vectors() {
        // docs/developer-guide.rst of gnosis/conditional-tokens-contracts.
        for (oracle, question, slots, id) in [
            (
                "0x1337aBcdef1337abCdEf1337ABcDeF1337AbcDeF",
                "0xabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc1234",
                3,
                "0x67eb23e8932765c1d7a094838c928476df8c50d1d3898f278ef1fb2a62afab63",
            ),
            (
                "0xCafEBAbECAFEbAbEcaFEbabECAfebAbEcAFEBaBe",
                "0x777def777def777def777def777def777def777def777def777def777def7890",
                2,
                "0x3bdb7de3d0860745c0cac9c1dcc8e0d9cb7d33e6a899c2c298343ccedf1d66cf",
            ),
        ] {
            let computed = condition_id(oracle.parse().unwrap(), question.parse().unwrap(), slots);
            assert_eq!(computed.to_string(), id);
        }
    }
}
