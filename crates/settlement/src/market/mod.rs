//! The market: vault, accounts and phase, folded from events.
//!
//! `Draft -> Open -> Trading -> Closed -> Judging -> Proposed -> Settled | Void` (settlement.md §2.1). The vault comes
//! first: outcome tokens are minted only by splitting collateral, so for each outcome supply equals the locked collateral
//! and the market is solvent by construction. There is no privileged caller: every step is a guard on phase, time and
//! balances, and anyone may bring it about (R3).

mod apply;
mod codec;
mod event;
mod guard;
mod invariant;
mod refusal;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use alloy_primitives::B256;
use maci_verdict::rule::VoidReason;
use maci_verdict::{Anchor, Question, Resolution, VerifiedVerdict};

use crate::spec::{MarketSpec, SpecError, VoidPolicy};
use crate::types::{AccountId, Amount, Slot, Time};

pub use event::{Body, Command, EVENT_KINDS, Event, Trade};
pub use invariant::InvariantViolation;
pub use refusal::Refusal;

/// Most collateral that a market accepts in all: keeps every sum of the engine far from its type's limit.
pub const MAX_DEPOSITS: Amount = Amount(1 << 120);

/// Where a market stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Bonds and the maker's subsidy are being locked.
    Draft,
    /// Sets can be split; nobody has traded.
    Open,
    /// Somebody has traded.
    Trading,
    /// Trading is over.
    Closed,
    /// The poll has started.
    Judging,
    /// A verdict is accepted; finality runs.
    Proposed,
    /// Paid by the verdict.
    Settled,
    /// Paid by the void policy.
    Void,
}

impl Phase {
    /// Whether only redeeming and withdrawing is left.
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Settled | Self::Void)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Draft => "draft",
            Self::Open => "open",
            Self::Trading => "trading",
            Self::Closed => "closed",
            Self::Judging => "judging",
            Self::Proposed => "proposed",
            Self::Settled => "settled",
            Self::Void => "void",
        })
    }
}

/// Why a market is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum VoidCause {
    /// The deadline passed without settlement.
    #[error("the deadline passed without settlement")]
    Deadline,
    /// The verdict itself says so.
    #[error("the verdict says void: {0}")]
    Verdict(VoidReason),
    /// Every pinned poll said "too early".
    #[error("every pinned poll said too early")]
    NoPollLeft,
    /// The collateral exceeds what the proven jury may settle (R15).
    #[error("the locked collateral exceeds the cap of {cap} for the proven spent credits")]
    CapExceeded {
        /// The cap.
        cap: Amount,
    },
    /// Two verdicts that both verify give different results.
    #[error("two verdicts that both verify give different results")]
    ConflictingProofs,
}

/// What one account holds and has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Free collateral.
    pub cash: Amount,
    /// Collateral bonded.
    pub bond: Amount,
    /// Tokens by outcome slot.
    pub positions: Vec<Amount>,
    /// Deposits so far.
    pub deposited: Amount,
    /// Withdrawals so far.
    pub withdrawn: Amount,
    /// Paid for sets and tokens so far.
    pub paid: Amount,
    /// Received for sets and tokens so far, redemption and collected fees excluded.
    pub received: Amount,
    /// Received by redeeming, once it has redeemed (I5).
    pub redeemed: Option<Amount>,
}

impl Account {
    fn new(slots: usize) -> Self {
        Self {
            cash: Amount::ZERO,
            bond: Amount::ZERO,
            positions: vec![Amount::ZERO; slots],
            deposited: Amount::ZERO,
            withdrawn: Amount::ZERO,
            paid: Amount::ZERO,
            received: Amount::ZERO,
            redeemed: None,
        }
    }

    /// Tokens of one outcome.
    pub fn position(&self, slot: Slot) -> Amount {
        self.positions
            .get(slot.index())
            .copied()
            .unwrap_or_default()
    }
}

/// The verdict that a market has accepted, as far as it needs it (I6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// `verdictId`.
    pub verdict_id: B256,
    /// The market that the verdict names.
    pub market_id: B256,
    /// Hash of the rule that it was judged under.
    pub rule_hash: B256,
    /// Hash of the pins of the poll that it judges by.
    pub poll_pins: B256,
    /// Commitment after the last tally batch (M-01).
    pub tally_commitment: B256,
    /// Hash over results and spent credits, to tell two salts from two results.
    pub results_hash: B256,
    /// What it means for the market.
    pub resolution: Resolution,
    /// Whether it rests on development keys.
    pub insecure_dev: bool,
    /// The block that its bundle names.
    pub anchor: Option<Anchor>,
    /// When it was accepted.
    pub at: Time,
}

/// A market: a specification and everything that its events have made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Market {
    /// Shared by every copy, since an event is applied to a copy.
    spec: Arc<MarketSpec>,
    id: B256,
    phase: Phase,
    now: Time,
    /// Which of the pinned polls judges.
    poll: usize,
    /// Hash of the event that froze the book for the current poll.
    book_head: Option<B256>,
    accounts: BTreeMap<AccountId, Account>,
    locked: Amount,
    supply: Vec<Amount>,
    fees: Amount,
    accepted: Option<Accepted>,
    void_cause: Option<VoidCause>,
    /// What each account can still redeem, from settlement on.
    entitlements: BTreeMap<AccountId, Amount>,
    /// What the entitlements summed to when they were made (I4).
    settled_total: Amount,
}

impl Market {
    /// A market in draft, from a valid specification.
    pub fn new(spec: MarketSpec) -> Result<Self, SpecError> {
        spec.validate()?;
        let slots = spec.outcomes.len();
        Ok(Self {
            id: spec.market_id(),
            spec: Arc::new(spec),
            phase: Phase::Draft,
            now: Time(0),
            poll: 0,
            book_head: None,
            accounts: BTreeMap::new(),
            locked: Amount::ZERO,
            supply: vec![Amount::ZERO; slots],
            fees: Amount::ZERO,
            accepted: None,
            void_cause: None,
            entitlements: BTreeMap::new(),
            settled_total: Amount::ZERO,
        })
    }

    /// The specification.
    pub fn spec(&self) -> &MarketSpec {
        &self.spec
    }

    /// The market id.
    pub const fn market_id(&self) -> B256 {
        self.id
    }

    /// Where the market stands.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// Time of the last event.
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Position of the poll that judges in the specification's list.
    pub const fn poll_index(&self) -> usize {
        self.poll
    }

    /// All accounts in order.
    pub const fn accounts(&self) -> &BTreeMap<AccountId, Account> {
        &self.accounts
    }

    /// Collateral behind outcome tokens.
    pub const fn locked(&self) -> Amount {
        self.locked
    }

    /// Tokens of each outcome.
    pub fn supply(&self) -> &[Amount] {
        &self.supply
    }

    /// Fees not yet collected.
    pub const fn fees(&self) -> Amount {
        self.fees
    }

    /// The accepted verdict.
    pub const fn accepted(&self) -> Option<&Accepted> {
        self.accepted.as_ref()
    }

    /// Why the market is void.
    pub const fn void_cause(&self) -> Option<VoidCause> {
        self.void_cause
    }

    /// Hash of the event that froze the book, while a poll judges.
    pub const fn book_head(&self) -> Option<B256> {
        self.book_head
    }

    /// What each account can still redeem.
    pub const fn entitlements(&self) -> &BTreeMap<AccountId, Amount> {
        &self.entitlements
    }

    /// What the market asks of its poll; there is no question before the book is frozen.
    pub fn question(&self) -> Option<Question> {
        self.book_head.map(|ledger_head| Question {
            market_id: self.id,
            condition_id: self.spec.condition_id(),
            question_id: self.spec.question_id(),
            ledger_head,
            gate: self.spec.gate,
            terms: self.spec.terms.clone(),
        })
    }

    /// The policy that applies if the market is void.
    pub fn void_policy(&self) -> VoidPolicy {
        self.spec.void_policy
    }

    /// Profit and loss of every account in base units: what it received minus what it paid (R4).
    ///
    /// Once everyone has redeemed, profits, losses and fees sum to zero.
    pub fn profit_and_loss(&self) -> Vec<(AccountId, i128)> {
        // All sums are below MAX_DEPOSITS times the number of events; saturation is for form only.
        let signed = |amount: Amount| i128::try_from(amount.0).unwrap_or(i128::MAX);
        let of = |account: &Account| {
            let redeemed = account.redeemed.unwrap_or_default();
            signed(account.received)
                .saturating_add(signed(redeemed))
                .saturating_sub(signed(account.paid))
        };
        self.accounts
            .iter()
            .map(|(id, account)| (id.clone(), of(account)))
            .collect()
    }

    /// The highest collateral that the declared electorate may settle (R15, I9).
    fn split_cap(&self) -> Option<Amount> {
        self.spec
            .value_cap
            .map(|cap| Amount(cap.per_juror.0.saturating_mul(u128::from(cap.electorate))))
    }

    fn verdict_cap(&self, verdict: &VerifiedVerdict) -> Option<Amount> {
        // Credits beyond 2^128 - 1 raise no cap further: no amount is larger.
        let spent = verdict.verdict().total_spent.saturating_to::<u128>();
        self.spec
            .value_cap
            .map(|cap| Amount(cap.per_credit.0.saturating_mul(spent)))
    }
}
