//! Commands (what somebody wants), events (what happened) and their kinds.

use alloy_primitives::B256;
use maci_verdict::VerifiedVerdict;

use super::Market;
use crate::types::{AccountId, Amount, Slot, Time};

/// Tokens for collateral between two accounts, at an agreed amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade {
    /// Who pays.
    pub buyer: AccountId,
    /// Who delivers.
    pub seller: AccountId,
    /// Which outcome.
    pub slot: Slot,
    /// How many tokens.
    pub shares: Amount,
    /// What the buyer pays; the fee comes out of it.
    pub payment: Amount,
}

/// What somebody wants. The caller has authenticated whoever acts: the engine checks what is possible, not who asks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Command<'a> {
    /// Collateral comes in.
    Deposit {
        /// Whose.
        account: AccountId,
        /// How much.
        amount: Amount,
    },
    /// Free collateral goes out.
    Withdraw {
        /// Whose.
        account: AccountId,
        /// How much.
        amount: Amount,
    },
    /// The bond that the specification asks of an account.
    PostBond {
        /// Whose.
        account: AccountId,
    },
    /// The bond comes back after the end.
    ReleaseBond {
        /// Whose.
        account: AccountId,
    },
    /// The market opens.
    Open,
    /// One token of each outcome for each unit of collateral.
    Split {
        /// Whose.
        account: AccountId,
        /// How many sets.
        amount: Amount,
    },
    /// The reverse of a split.
    Merge {
        /// Whose.
        account: AccountId,
        /// How many sets.
        amount: Amount,
    },
    /// Tokens against collateral.
    Trade(Trade),
    /// Tokens move without payment.
    Transfer {
        /// From whom.
        from: AccountId,
        /// To whom.
        to: AccountId,
        /// Which outcome.
        slot: Slot,
        /// How many tokens.
        shares: Amount,
    },
    /// Trading ends.
    Close,
    /// The poll has started; the book is frozen.
    Judge,
    /// A verdict is brought.
    Propose {
        /// The verdict.
        verdict: &'a VerifiedVerdict,
    },
    /// A second verdict with other results is brought: the market is void.
    Challenge {
        /// The second verdict.
        verdict: &'a VerifiedVerdict,
    },
    /// The block on which the accepted verdict rests is no longer part of the chain.
    AnchorLost {
        /// The hash that the chain has at that height now.
        canonical: B256,
    },
    /// The accepted verdict becomes final.
    Settle,
    /// The deadline has passed.
    Void,
    /// An account's entitlement is paid out.
    Redeem {
        /// Whose.
        account: AccountId,
    },
    /// The fees go to the fee taker.
    CollectFees,
}

/// What happened. Bodies carry what follows from the command too (a fee, a payout), so that a replay compares it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of the command of the same name"
)]
#[non_exhaustive]
pub enum Body {
    /// See [`Command::Deposit`].
    Deposit { account: AccountId, amount: Amount },
    /// See [`Command::Withdraw`].
    Withdraw { account: AccountId, amount: Amount },
    /// See [`Command::PostBond`].
    PostBond { account: AccountId, amount: Amount },
    /// See [`Command::ReleaseBond`].
    ReleaseBond { account: AccountId, amount: Amount },
    /// See [`Command::Open`].
    Open,
    /// See [`Command::Split`].
    Split { account: AccountId, amount: Amount },
    /// See [`Command::Merge`].
    Merge { account: AccountId, amount: Amount },
    /// See [`Command::Trade`].
    Trade { trade: Trade, fee: Amount },
    /// See [`Command::Transfer`].
    Transfer {
        from: AccountId,
        to: AccountId,
        slot: Slot,
        shares: Amount,
    },
    /// See [`Command::Close`].
    Close,
    /// See [`Command::Judge`].
    Judge { poll: usize },
    /// See [`Command::Propose`].
    VerdictAccepted {
        verdict_id: B256,
        resolution: String,
        numerators: Vec<u64>,
        insecure_dev: bool,
    },
    /// See [`Command::Challenge`].
    VerdictConflict { verdict_id: B256 },
    /// See [`Command::AnchorLost`].
    AnchorLost { canonical: B256 },
    /// See [`Command::Settle`]: paid by the verdict.
    Settled { verdict_id: B256, total: Amount },
    /// See [`Command::Settle`] of a verdict that says void, and [`Command::Void`].
    Voided { cause: String, total: Amount },
    /// See [`Command::Redeem`].
    Redeem { account: AccountId, amount: Amount },
    /// See [`Command::CollectFees`].
    CollectFees { amount: Amount },
}

/// The names of all event kinds, in the order of [`Body`].
pub const EVENT_KINDS: [&str; 18] = [
    "deposit",
    "withdraw",
    "post_bond",
    "release_bond",
    "open",
    "split",
    "merge",
    "trade",
    "transfer",
    "close",
    "judge",
    "verdict_accepted",
    "verdict_conflict",
    "anchor_lost",
    "settled",
    "voided",
    "redeem",
    "collect_fees",
];

impl Body {
    /// The name of the kind of event.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Deposit { .. } => "deposit",
            Self::Withdraw { .. } => "withdraw",
            Self::PostBond { .. } => "post_bond",
            Self::ReleaseBond { .. } => "release_bond",
            Self::Open => "open",
            Self::Split { .. } => "split",
            Self::Merge { .. } => "merge",
            Self::Trade { .. } => "trade",
            Self::Transfer { .. } => "transfer",
            Self::Close => "close",
            Self::Judge { .. } => "judge",
            Self::VerdictAccepted { .. } => "verdict_accepted",
            Self::VerdictConflict { .. } => "verdict_conflict",
            Self::AnchorLost { .. } => "anchor_lost",
            Self::Settled { .. } => "settled",
            Self::Voided { .. } => "voided",
            Self::Redeem { .. } => "redeem",
            Self::CollectFees { .. } => "collect_fees",
        }
    }
}

impl Body {
    /// The command that leads to this event, for a replay. `None` if a verdict would be needed and is not given.
    pub(crate) fn command<'a>(
        &self,
        market: &Market,
        time: Time,
        verdict: Option<&'a VerifiedVerdict>,
    ) -> Option<Command<'a>> {
        Some(match self.clone() {
            Self::Deposit { account, amount } => Command::Deposit { account, amount },
            Self::Withdraw { account, amount } => Command::Withdraw { account, amount },
            Self::PostBond { account, .. } => Command::PostBond { account },
            Self::ReleaseBond { account, .. } => Command::ReleaseBond { account },
            Self::Open => Command::Open,
            Self::Split { account, amount } => Command::Split { account, amount },
            Self::Merge { account, amount } => Command::Merge { account, amount },
            Self::Trade { trade, .. } => Command::Trade(trade),
            Self::Transfer {
                from,
                to,
                slot,
                shares,
            } => Command::Transfer {
                from,
                to,
                slot,
                shares,
            },
            Self::Close => Command::Close,
            Self::Judge { .. } => Command::Judge,
            Self::VerdictAccepted { .. } => Command::Propose { verdict: verdict? },
            Self::VerdictConflict { .. } => Command::Challenge { verdict: verdict? },
            Self::AnchorLost { canonical } => Command::AnchorLost { canonical },
            Self::Settled { .. } => Command::Settle,
            // The deadline decides which of the two ways to void was taken: their windows exclude each other.
            Self::Voided { .. } if time <= market.spec().settle_by => Command::Settle,
            Self::Voided { .. } => Command::Void,
            Self::Redeem { account, .. } => Command::Redeem { account },
            Self::CollectFees { .. } => Command::CollectFees,
        })
    }
}

/// One entry of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Position, from 0.
    pub seq: u64,
    /// Hash of the event before; the market id for event 0.
    pub prev: B256,
    /// When it happened.
    pub time: Time,
    /// What happened.
    pub body: Body,
    /// keccak256 of a domain tag and the canonical bytes of all of the above.
    pub hash: B256,
}
