//! Why a command is refused: one variant for each reason, with what was expected and what was found.

use super::Phase;
use super::invariant::InvariantViolation;
use crate::gate::{Hold, Refuse};
use crate::types::{AccountId, Amount, Slot, Time};

/// Why a command is refused. The market is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Not in this phase.
    #[error("{command} is not possible while the market is {phase}")]
    Phase {
        /// What was wanted.
        command: &'static str,
        /// Where the market stands.
        phase: Phase,
    },
    /// Events are in order of time.
    #[error("expected a time at or after the last event at {last}, found {found}")]
    TimeGoesBack {
        /// Time of the last event.
        last: Time,
        /// The command's time.
        found: Time,
    },
    /// Not yet.
    #[error("{command} is possible from {from} on, now is {now}")]
    NotYet {
        /// What was wanted.
        command: &'static str,
        /// First second.
        from: Time,
        /// The command's time.
        now: Time,
    },
    /// No longer.
    #[error("{command} was possible until {until}, now is {now}")]
    NoLonger {
        /// What was wanted.
        command: &'static str,
        /// Last second.
        until: Time,
        /// The command's time.
        now: Time,
    },
    /// An amount of nothing.
    #[error("{command} needs an amount above zero")]
    Zero {
        /// What was wanted.
        command: &'static str,
    },
    /// The account has never deposited or received anything.
    #[error("unknown account {account}")]
    UnknownAccount {
        /// The account.
        account: AccountId,
    },
    /// Not enough free collateral.
    #[error("{account} has {available} of free collateral, {needed} are needed")]
    Cash {
        /// The account.
        account: AccountId,
        /// What it has.
        available: Amount,
        /// What is needed.
        needed: Amount,
    },
    /// Not enough tokens.
    #[error("{account} has {available} tokens of outcome {slot}, {needed} are needed")]
    Tokens {
        /// The account.
        account: AccountId,
        /// The outcome.
        slot: Slot,
        /// What it has.
        available: Amount,
        /// What is needed.
        needed: Amount,
    },
    /// No such outcome.
    #[error("expected an outcome below {outcomes}, found {slot}")]
    Slot {
        /// The slot given.
        slot: Slot,
        /// Outcomes of the market.
        outcomes: usize,
    },
    /// Both sides of a trade or transfer are one account.
    #[error("{account} cannot trade with itself")]
    SelfTrade {
        /// The account.
        account: AccountId,
    },
    /// A sum exceeds what the engine calculates with.
    #[error("amounts exceed what a market can hold")]
    Overflow,
    /// R15, I9: the declared electorate may not settle more.
    #[error("locked collateral would be {would_be}, the declared electorate may settle {cap}")]
    Cap {
        /// The cap.
        cap: Amount,
        /// Locked collateral after the split.
        would_be: Amount,
    },
    /// I7: the maker brings no more than its subsidy.
    #[error("the market maker may deposit {subsidy} in all, this would be {would_be}")]
    Maker {
        /// The subsidy.
        subsidy: Amount,
        /// Its deposits after this one.
        would_be: Amount,
    },
    /// The specification asks no bond of this account, or it is posted already.
    #[error("no bond to post or release for {account}")]
    NoBond {
        /// The account.
        account: AccountId,
    },
    /// A bond is missing.
    #[error("cannot open: {account} has not posted its bond of {amount}")]
    BondMissing {
        /// The account.
        account: AccountId,
        /// Its bond.
        amount: Amount,
    },
    /// The maker's subsidy is not locked.
    #[error("cannot open: the market maker has locked {locked} of a subsidy of {subsidy}")]
    SubsidyMissing {
        /// Complete sets split so far.
        locked: Amount,
        /// The subsidy.
        subsidy: Amount,
    },
    /// The verdict fits but has to wait.
    #[error("hold: {0}")]
    Hold(#[from] Hold),
    /// The gate refuses the verdict.
    #[error("refused: {0}")]
    Gate(#[from] Refuse),
    /// A challenge needs a verdict that contradicts the accepted one.
    #[error("the verdict does not contradict the accepted one")]
    NoConflict,
    /// The accepted verdict names no block, or the chain still has it.
    #[error("the accepted verdict's block is not shown to be lost")]
    AnchorStands,
    /// There are no fees to collect.
    #[error("no fees to collect")]
    NoFees,
    /// The engine itself is wrong: an event would break an invariant. It is not applied.
    #[error(transparent)]
    Invariant(#[from] InvariantViolation),
}
