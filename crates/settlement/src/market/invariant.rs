//! The invariants I1 to I10 of settlement.md §2.2, asserted after every event, in release builds too.
//!
//! I1 (nothing negative) is the type: amounts are unsigned and every operation is checked. I8 (sequence and previous hash)
//! belongs to the ledger. The others are here.

use super::{Market, Phase};
use crate::types::Amount;

/// An invariant that an event would break. It means an error in the engine, never one of a user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invariant {id} would break: {detail}")]
pub struct InvariantViolation {
    /// I1 to I10.
    pub id: &'static str,
    /// What does not hold.
    pub detail: String,
}

fn broken(id: &'static str, detail: impl Into<String>) -> InvariantViolation {
    InvariantViolation {
        id,
        detail: detail.into(),
    }
}

fn equal(
    id: &'static str,
    what: &str,
    left: Option<Amount>,
    right: Option<Amount>,
) -> Result<(), InvariantViolation> {
    match (left, right) {
        (Some(left), Some(right)) if left == right => Ok(()),
        (Some(left), Some(right)) => Err(broken(id, format!("{what}: {left} is not {right}"))),
        _ => Err(broken(
            "I1",
            format!("{what}: a sum is negative or overflows"),
        )),
    }
}

impl Market {
    /// Checks every invariant.
    pub fn check_invariants(&self) -> Result<(), InvariantViolation> {
        self.check_supply()?;
        self.check_conservation()?;
        self.check_entitlements()?;
        self.check_verdict()?;
        self.check_maker()?;
        self.check_cap()
    }

    /// I2: for each outcome the supply is the sum of all positions and, before settlement, the locked collateral.
    fn check_supply(&self) -> Result<(), InvariantViolation> {
        for (slot, supply) in self.supply.iter().enumerate() {
            let held = Amount::sum(
                self.accounts
                    .values()
                    .filter_map(|account| account.positions.get(slot))
                    .copied(),
            );
            equal(
                "I2",
                &format!("supply of outcome {slot} and tokens held"),
                Some(*supply),
                held,
            )?;
            if !self.phase.is_terminal() {
                equal(
                    "I2",
                    &format!("supply of outcome {slot} and locked"),
                    Some(*supply),
                    Some(self.locked),
                )?;
            }
        }
        Ok(())
    }

    /// I3: cash + locked + bonds + fees == deposits - withdrawals.
    fn check_conservation(&self) -> Result<(), InvariantViolation> {
        let accounts = || self.accounts.values();
        let inside = Amount::sum(
            accounts()
                .flat_map(|account| [account.cash, account.bond])
                .chain([self.locked, self.fees]),
        );
        let deposits = Amount::sum(accounts().map(|account| account.deposited));
        let withdrawals = Amount::sum(accounts().map(|account| account.withdrawn));
        let net = deposits
            .zip(withdrawals)
            .and_then(|(deposits, withdrawals)| deposits.minus(withdrawals));
        equal(
            "I3",
            "cash, locked, bonds and fees against net deposits",
            inside,
            net,
        )
    }

    /// I4, I5, I10: entitlements and what was redeemed sum to the collateral at the end, and what is locked is what can
    /// still be redeemed.
    fn check_entitlements(&self) -> Result<(), InvariantViolation> {
        let open = Amount::sum(self.entitlements.values().copied());
        let redeemed = Amount::sum(
            self.accounts
                .values()
                .filter_map(|account| account.redeemed),
        );
        if !self.phase.is_terminal() {
            let none = self.entitlements.is_empty() && redeemed == Some(Amount::ZERO);
            return if none {
                Ok(())
            } else {
                Err(broken("I5", "something is redeemed before the end"))
            };
        }
        let id = if self.phase == Phase::Void {
            "I10"
        } else {
            "I4"
        };
        equal(id, "open entitlements and locked", open, Some(self.locked))?;
        let total = open
            .zip(redeemed)
            .and_then(|(open, redeemed)| open.plus(redeemed));
        equal(
            id,
            "all entitlements and the settled total",
            total,
            Some(self.settled_total),
        )?;
        let twice = self.accounts.iter().find(|(id, account)| {
            account.redeemed.is_some()
                && (self.entitlements.contains_key(*id)
                    || account.positions.iter().any(|held| *held > Amount::ZERO))
        });
        match twice {
            Some((id, _)) => Err(broken("I5", format!("{id} could redeem twice"))),
            None => Ok(()),
        }
    }

    /// I6: settled means an accepted verdict of this market, rule and poll; void never pays by one.
    fn check_verdict(&self) -> Result<(), InvariantViolation> {
        let bound = self.accepted.as_ref().is_none_or(|accepted| {
            let pins = self
                .spec
                .polls
                .get(self.poll)
                .map(maci_verdict::PollPins::hash);
            accepted.market_id == self.market_id()
                && accepted.rule_hash == self.spec.terms.hash()
                && Some(accepted.poll_pins) == pins
        });
        if !bound {
            return Err(broken(
                "I6",
                "the accepted verdict is of another market, rule or poll",
            ));
        }
        let demanded = matches!(self.phase, Phase::Proposed | Phase::Settled);
        if demanded && self.accepted.is_none() {
            return Err(broken(
                "I6",
                format!("the market is {} without a verdict", self.phase),
            ));
        }
        if (self.phase == Phase::Void) != self.void_cause.is_some() {
            return Err(broken("I6", "void and its cause disagree"));
        }
        Ok(())
    }

    /// I7: the market maker never loses more than its subsidy. Its inventory is unsigned.
    fn check_maker(&self) -> Result<(), InvariantViolation> {
        let Some(maker) = self
            .spec
            .roles
            .market_maker
            .as_ref()
            .and_then(|maker| self.accounts.get(maker))
        else {
            return Ok(());
        };
        let income = Amount::sum([
            maker.received,
            maker.redeemed.unwrap_or_default(),
            self.spec.subsidy,
        ]);
        if maker.deposited <= self.spec.subsidy && income.is_some_and(|income| maker.paid <= income)
        {
            Ok(())
        } else {
            Err(broken(
                "I7",
                "the market maker can lose more than its subsidy",
            ))
        }
    }

    /// I9: before the end, no more is locked than the declared electorate may settle.
    fn check_cap(&self) -> Result<(), InvariantViolation> {
        match self.split_cap() {
            Some(cap) if self.locked > cap && !self.phase.is_terminal() => Err(broken(
                "I9",
                format!("{} is locked, the cap is {cap}", self.locked),
            )),
            _ => Ok(()),
        }
    }
}
