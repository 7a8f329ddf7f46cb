//! Effects: what an event makes of the market.
//!
//! An event is applied to a copy, the invariants are asserted on it (in release builds too), and only then it replaces
//! the market: a refused event leaves no trace.

use alloy_primitives::B256;
use maci_verdict::rule::{DENOMINATOR, Numerators};
use maci_verdict::{Resolution, VerifiedVerdict};

use super::event::{Body, Event, Trade};
use super::refusal::Refusal;
use super::{Accepted, Account, MAX_DEPOSITS, Market, Phase, VoidCause};
use crate::gate::results_hash;
use crate::payout;
use crate::spec::VoidPolicy;
use crate::types::{AccountId, Amount, Time};

/// Adds to an amount in place.
fn add(to: &mut Amount, amount: Amount) -> Result<(), Refusal> {
    *to = to.plus(amount).ok_or(Refusal::Overflow)?;
    Ok(())
}

/// Takes from an amount in place; guards have checked that it suffices.
fn take(from: &mut Amount, amount: Amount) -> Result<(), Refusal> {
    *from = from.minus(amount).ok_or(Refusal::Overflow)?;
    Ok(())
}

impl Market {
    /// The market after `event`. A verdict must be given for events that accept or confront one: without it there is no
    /// such transition (R2).
    pub(crate) fn applied(
        &self,
        event: &Event,
        verdict: Option<&VerifiedVerdict>,
    ) -> Result<Self, Refusal> {
        let mut next = self.clone();
        next.now = event.time;
        next.apply(event, verdict)?;
        next.check_invariants()?;
        Ok(next)
    }

    fn apply(&mut self, event: &Event, verdict: Option<&VerifiedVerdict>) -> Result<(), Refusal> {
        match &event.body {
            Body::Deposit { account, amount } => {
                let total = Amount::sum(self.accounts.values().map(|account| account.deposited));
                if total
                    .and_then(|total| total.plus(*amount))
                    .is_none_or(|total| total > MAX_DEPOSITS)
                {
                    return Err(Refusal::Overflow);
                }
                let account = self.account_mut(account);
                add(&mut account.deposited, *amount)?;
                add(&mut account.cash, *amount)
            }
            Body::Withdraw { account, amount } => {
                let account = self.account_mut(account);
                add(&mut account.withdrawn, *amount)?;
                take(&mut account.cash, *amount)
            }
            Body::PostBond { account, amount } => {
                let account = self.account_mut(account);
                take(&mut account.cash, *amount)?;
                add(&mut account.bond, *amount)
            }
            Body::ReleaseBond { account, amount } => {
                let account = self.account_mut(account);
                take(&mut account.bond, *amount)?;
                add(&mut account.cash, *amount)
            }
            Body::Open => {
                self.phase = Phase::Open;
                Ok(())
            }
            Body::Split { account, amount } => self.split(account, *amount),
            Body::Merge { account, amount } => self.merge(account, *amount),
            Body::Trade { trade, fee } => self.trade(trade, *fee),
            Body::Transfer {
                from,
                to,
                slot,
                shares,
            } => {
                self.move_tokens(from, to, slot.index(), *shares)?;
                self.phase = Phase::Trading;
                Ok(())
            }
            Body::Close => {
                self.phase = Phase::Closed;
                Ok(())
            }
            Body::Judge { .. } => {
                self.phase = Phase::Judging;
                self.book_head = Some(event.hash);
                Ok(())
            }
            Body::VerdictAccepted { .. } => match verdict {
                Some(verdict) => self.accept(verdict, event.time),
                None => Err(Refusal::NoConflict),
            },
            Body::VerdictConflict { .. } => match verdict {
                Some(_) => self.make_void(VoidCause::ConflictingProofs),
                None => Err(Refusal::NoConflict),
            },
            Body::AnchorLost { .. } => {
                self.accepted = None;
                self.phase = Phase::Judging;
                Ok(())
            }
            Body::Settled { .. } => self.settle(),
            Body::Voided { .. } => self.make_void(self.due_void_cause(event.time)),
            Body::Redeem { account, amount } => self.redeem(account, *amount),
            Body::CollectFees { amount } => {
                take(&mut self.fees, *amount)?;
                let taker = self.spec.roles.fee_taker.clone();
                add(&mut self.account_mut(&taker).cash, *amount)
            }
        }
    }

    fn account_mut(&mut self, id: &AccountId) -> &mut Account {
        let slots = self.spec.outcomes.len();
        self.accounts
            .entry(id.clone())
            .or_insert_with(|| Account::new(slots))
    }

    fn split(&mut self, id: &AccountId, amount: Amount) -> Result<(), Refusal> {
        let account = self.account_mut(id);
        take(&mut account.cash, amount)?;
        add(&mut account.paid, amount)?;
        account
            .positions
            .iter_mut()
            .try_for_each(|position| add(position, amount))?;
        self.supply
            .iter_mut()
            .try_for_each(|supply| add(supply, amount))?;
        add(&mut self.locked, amount)
    }

    fn merge(&mut self, id: &AccountId, amount: Amount) -> Result<(), Refusal> {
        let account = self.account_mut(id);
        account
            .positions
            .iter_mut()
            .try_for_each(|position| take(position, amount))?;
        add(&mut account.cash, amount)?;
        add(&mut account.received, amount)?;
        self.supply
            .iter_mut()
            .try_for_each(|supply| take(supply, amount))?;
        take(&mut self.locked, amount)
    }

    fn trade(&mut self, trade: &Trade, fee: Amount) -> Result<(), Refusal> {
        self.move_tokens(
            &trade.seller,
            &trade.buyer,
            trade.slot.index(),
            trade.shares,
        )?;
        let buyer = self.account_mut(&trade.buyer);
        take(&mut buyer.cash, trade.payment)?;
        add(&mut buyer.paid, trade.payment)?;
        let net = trade.payment.minus(fee).ok_or(Refusal::Overflow)?;
        let seller = self.account_mut(&trade.seller);
        add(&mut seller.cash, net)?;
        add(&mut seller.received, net)?;
        add(&mut self.fees, fee)?;
        self.phase = Phase::Trading;
        Ok(())
    }

    fn move_tokens(
        &mut self,
        from: &AccountId,
        to: &AccountId,
        slot: usize,
        shares: Amount,
    ) -> Result<(), Refusal> {
        for (id, receives) in [(from, false), (to, true)] {
            let position = self
                .account_mut(id)
                .positions
                .get_mut(slot)
                .ok_or(Refusal::Overflow)?;
            if receives {
                add(position, shares)?;
            } else {
                take(position, shares)?;
            }
        }
        Ok(())
    }

    /// What a verdict does when the gate lets it in. Past a cap, or with no poll left after "too early", it voids.
    fn accept(&mut self, verified: &VerifiedVerdict, at: Time) -> Result<(), Refusal> {
        let verdict = verified.verdict();
        match self.verdict_cap(verified) {
            Some(cap) if self.locked > cap => {
                return self.make_void(VoidCause::CapExceeded { cap });
            }
            _ => {}
        }
        if *verified.resolution() == Resolution::TooEarly {
            self.poll += 1;
            self.book_head = None;
            if self.poll >= self.spec.polls.len() {
                return self.make_void(VoidCause::NoPollLeft);
            }
            self.phase = Phase::Closed;
            return Ok(());
        }
        self.accepted = Some(Accepted {
            verdict_id: verified.id(),
            market_id: verdict.market_id,
            rule_hash: verdict.rule_hash,
            poll_pins: verdict.poll_pins,
            tally_commitment: B256::new(verdict.tally_commitment.to_be_bytes()),
            results_hash: results_hash(verified),
            resolution: verified.resolution().clone(),
            insecure_dev: verified.insecure_dev(),
            anchor: verified.anchor(),
            at,
        });
        self.phase = Phase::Proposed;
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Refusal> {
        let Some(Resolution::Payout(numerators)) = self
            .accepted
            .as_ref()
            .map(|accepted| accepted.resolution.clone())
        else {
            return Err(Refusal::Phase {
                command: "settle",
                phase: self.phase,
            });
        };
        self.entitle(&numerators)?;
        self.phase = Phase::Settled;
        Ok(())
    }

    fn entitle(&mut self, numerators: &Numerators) -> Result<(), Refusal> {
        self.entitlements = payout::entitlements(&self.accounts, numerators, self.locked)
            .ok_or(Refusal::Overflow)?;
        self.settled_total = self.locked;
        Ok(())
    }

    fn make_void(&mut self, cause: VoidCause) -> Result<(), Refusal> {
        let slots = self.spec.outcomes.len();
        let pool = self.void_pool()?;
        match self.spec.void_policy {
            VoidPolicy::InvalidSlot(slot) => {
                let mut numerators = vec![0; slots];
                if let Some(paid) = numerators.get_mut(slot.index()) {
                    *paid = DENOMINATOR;
                }
                self.entitle(&Numerators::from_vec(numerators).ok_or(Refusal::Overflow)?)?;
            }
            VoidPolicy::Uniform => {
                self.entitle(&Numerators::from_weights(&vec![1; slots]).ok_or(Refusal::Overflow)?)?;
            }
            VoidPolicy::CostBasisRefund => {
                self.fees = Amount::ZERO;
                self.locked = pool;
                self.entitlements =
                    payout::refunds(&self.accounts, pool).ok_or(Refusal::Overflow)?;
                self.settled_total = pool;
            }
        }
        self.void_cause = Some(cause);
        self.phase = Phase::Void;
        Ok(())
    }

    /// Tokens are burnt, the entitlement is paid. A second time never comes here (I5).
    fn redeem(&mut self, id: &AccountId, amount: Amount) -> Result<(), Refusal> {
        self.entitlements.remove(id);
        take(&mut self.locked, amount)?;
        let account = self.account_mut(id);
        add(&mut account.cash, amount)?;
        account.redeemed = Some(amount);
        let burnt = std::mem::take(&mut account.positions);
        account.positions = vec![Amount::ZERO; burnt.len()];
        self.supply
            .iter_mut()
            .zip(burnt)
            .try_for_each(|(supply, burnt)| take(supply, burnt))
    }
}
