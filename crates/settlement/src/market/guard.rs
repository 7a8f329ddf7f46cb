//! Guards: may this command happen now, and which event is it?
//!
//! Nothing here changes the market. A guard refuses what the phase, the time or a balance forbids; sums that could
//! overflow are refused where the event is applied.

use alloy_primitives::B256;
use maci_verdict::rule::VoidReason;
use maci_verdict::{Resolution, VerifiedVerdict};

use super::event::{Body, Command, Trade};
use super::refusal::Refusal;
use super::{Account, Market, Phase, VoidCause};
use crate::gate::{Decision, Hold, Refuse, decide};
use crate::spec::VoidPolicy;
use crate::types::{AccountId, Amount, Slot, Time};

impl Market {
    /// The event that `command` would be at `time`, or why it is refused. `None`: nothing is left to do (a second
    /// redeem, I5).
    pub(crate) fn plan(&self, time: Time, command: &Command<'_>) -> Result<Option<Body>, Refusal> {
        if time < self.now {
            return Err(Refusal::TimeGoesBack {
                last: self.now,
                found: time,
            });
        }
        match command {
            Command::Deposit { account, amount } => self.plan_deposit(account, *amount),
            Command::Withdraw { account, amount } => self.plan_withdraw(account, *amount),
            Command::PostBond { account } => self.plan_post_bond(account),
            Command::ReleaseBond { account } => self.plan_release_bond(account),
            Command::Open => self.plan_open(time),
            Command::Split { account, amount } => self.plan_split(time, account, *amount),
            Command::Merge { account, amount } => self.plan_merge(account, *amount),
            Command::Trade(trade) => self.plan_trade(time, trade),
            Command::Transfer {
                from,
                to,
                slot,
                shares,
            } => self.plan_transfer(time, from, to, *slot, *shares),
            Command::Close => {
                self.phase_in("close", &[Phase::Open, Phase::Trading])?;
                self.not_before("close", time, self.spec.close_time)?;
                Ok(Body::Close)
            }
            Command::Judge => self.plan_judge(time),
            Command::Propose { verdict } => self.plan_propose(time, verdict),
            Command::Challenge { verdict } => self.plan_challenge(time, verdict),
            Command::AnchorLost { canonical } => self.plan_anchor_lost(*canonical),
            Command::Settle => self.plan_settle(time),
            Command::Void => self.plan_void(time),
            Command::Redeem { account } => return self.plan_redeem(account),
            Command::CollectFees => self.plan_collect_fees(),
        }
        .map(Some)
    }

    fn phase_in(&self, command: &'static str, phases: &[Phase]) -> Result<(), Refusal> {
        if phases.contains(&self.phase) {
            Ok(())
        } else {
            Err(Refusal::Phase {
                command,
                phase: self.phase,
            })
        }
    }

    fn not_terminal(&self, command: &'static str) -> Result<(), Refusal> {
        if self.phase.is_terminal() {
            Err(Refusal::Phase {
                command,
                phase: self.phase,
            })
        } else {
            Ok(())
        }
    }

    #[allow(
        clippy::unused_self,
        reason = "reads as a guard of the market like the others"
    )]
    fn not_before(&self, command: &'static str, now: Time, from: Time) -> Result<(), Refusal> {
        if now >= from {
            Ok(())
        } else {
            Err(Refusal::NotYet { command, from, now })
        }
    }

    /// Trading stops at the close of trading, whether or not anybody has closed the market.
    fn before_close(&self, command: &'static str, now: Time) -> Result<(), Refusal> {
        let close = self.spec.close_time;
        if now < close {
            Ok(())
        } else {
            Err(Refusal::NoLonger {
                command,
                until: Time(close.0.saturating_sub(1)),
                now,
            })
        }
    }

    fn account(&self, id: &AccountId) -> Result<&Account, Refusal> {
        self.accounts
            .get(id)
            .ok_or_else(|| Refusal::UnknownAccount {
                account: id.clone(),
            })
    }

    fn needs_cash(&self, id: &AccountId, needed: Amount) -> Result<(), Refusal> {
        let available = self.account(id)?.cash;
        if available >= needed {
            Ok(())
        } else {
            Err(Refusal::Cash {
                account: id.clone(),
                available,
                needed,
            })
        }
    }

    fn needs_tokens(&self, id: &AccountId, slot: Slot, needed: Amount) -> Result<(), Refusal> {
        let outcomes = self.spec.outcomes.len();
        if slot.index() >= outcomes {
            return Err(Refusal::Slot { slot, outcomes });
        }
        let available = self.account(id)?.position(slot);
        if available >= needed {
            Ok(())
        } else {
            Err(Refusal::Tokens {
                account: id.clone(),
                slot,
                available,
                needed,
            })
        }
    }

    fn plan_deposit(&self, account: &AccountId, amount: Amount) -> Result<Body, Refusal> {
        self.not_terminal("deposit")?;
        above_zero("deposit", amount)?;
        // The maker's loss is bounded because it never brings more than the subsidy (I7).
        if self.spec.roles.market_maker.as_ref() == Some(account) {
            let deposited = self
                .accounts
                .get(account)
                .map_or(Amount::ZERO, |account| account.deposited);
            let would_be = deposited.plus(amount).ok_or(Refusal::Overflow)?;
            if would_be > self.spec.subsidy {
                return Err(Refusal::Maker {
                    subsidy: self.spec.subsidy,
                    would_be,
                });
            }
        }
        Ok(Body::Deposit {
            account: account.clone(),
            amount,
        })
    }

    fn plan_withdraw(&self, account: &AccountId, amount: Amount) -> Result<Body, Refusal> {
        above_zero("withdraw", amount)?;
        self.needs_cash(account, amount)?;
        Ok(Body::Withdraw {
            account: account.clone(),
            amount,
        })
    }

    fn plan_post_bond(&self, account: &AccountId) -> Result<Body, Refusal> {
        self.phase_in("post bond", &[Phase::Draft])?;
        let bond = self.spec.bonds.iter().find(|bond| bond.account == *account);
        let amount = match (bond, self.account(account)?.bond) {
            (Some(bond), Amount::ZERO) => bond.amount,
            _ => {
                return Err(Refusal::NoBond {
                    account: account.clone(),
                });
            }
        };
        self.needs_cash(account, amount)?;
        Ok(Body::PostBond {
            account: account.clone(),
            amount,
        })
    }

    fn plan_release_bond(&self, account: &AccountId) -> Result<Body, Refusal> {
        self.phase_in("release bond", &[Phase::Settled, Phase::Void])?;
        match self.account(account)?.bond {
            Amount::ZERO => Err(Refusal::NoBond {
                account: account.clone(),
            }),
            amount => Ok(Body::ReleaseBond {
                account: account.clone(),
                amount,
            }),
        }
    }

    fn plan_open(&self, time: Time) -> Result<Body, Refusal> {
        self.phase_in("open", &[Phase::Draft])?;
        self.before_close("open", time)?;
        for bond in &self.spec.bonds {
            if self.accounts.get(&bond.account).map(|account| account.bond) != Some(bond.amount) {
                return Err(Refusal::BondMissing {
                    account: bond.account.clone(),
                    amount: bond.amount,
                });
            }
        }
        // Only the maker can split in draft, so the locked collateral is its subsidy.
        if self.locked < self.spec.subsidy {
            return Err(Refusal::SubsidyMissing {
                locked: self.locked,
                subsidy: self.spec.subsidy,
            });
        }
        Ok(Body::Open)
    }

    fn plan_split(&self, time: Time, account: &AccountId, amount: Amount) -> Result<Body, Refusal> {
        let maker = self.spec.roles.market_maker.as_ref() == Some(account);
        if !(maker && self.phase == Phase::Draft) {
            self.phase_in("split", &[Phase::Open, Phase::Trading])?;
        }
        self.before_close("split", time)?;
        above_zero("split", amount)?;
        self.needs_cash(account, amount)?;
        let would_be = self.locked.plus(amount).ok_or(Refusal::Overflow)?;
        match self.split_cap() {
            Some(cap) if would_be > cap => Err(Refusal::Cap { cap, would_be }),
            _ => Ok(Body::Split {
                account: account.clone(),
                amount,
            }),
        }
    }

    /// Possible until the end: a complete set is worth its collateral whatever the outcome.
    fn plan_merge(&self, account: &AccountId, amount: Amount) -> Result<Body, Refusal> {
        self.not_terminal("merge")?;
        above_zero("merge", amount)?;
        for slot in (0..self.spec.outcomes.len()).map(|slot| Slot(slot as u16)) {
            self.needs_tokens(account, slot, amount)?;
        }
        Ok(Body::Merge {
            account: account.clone(),
            amount,
        })
    }

    fn plan_trade(&self, time: Time, trade: &Trade) -> Result<Body, Refusal> {
        self.phase_in("trade", &[Phase::Open, Phase::Trading])?;
        self.before_close("trade", time)?;
        above_zero("trade", trade.shares)?;
        // Tokens for nothing are a transfer and are named so.
        above_zero("trade", trade.payment)?;
        if trade.buyer == trade.seller {
            return Err(Refusal::SelfTrade {
                account: trade.buyer.clone(),
            });
        }
        self.needs_cash(&trade.buyer, trade.payment)?;
        self.needs_tokens(&trade.seller, trade.slot, trade.shares)?;
        let parts = trade
            .payment
            .0
            .checked_mul(u128::from(self.spec.fee_ppm))
            .ok_or(Refusal::Overflow)?;
        Ok(Body::Trade {
            trade: trade.clone(),
            fee: Amount(parts / 1_000_000),
        })
    }

    fn plan_transfer(
        &self,
        time: Time,
        from: &AccountId,
        to: &AccountId,
        slot: Slot,
        shares: Amount,
    ) -> Result<Body, Refusal> {
        self.phase_in("transfer", &[Phase::Open, Phase::Trading])?;
        self.before_close("transfer", time)?;
        above_zero("transfer", shares)?;
        if from == to {
            return Err(Refusal::SelfTrade {
                account: from.clone(),
            });
        }
        self.needs_tokens(from, slot, shares)?;
        Ok(Body::Transfer {
            from: from.clone(),
            to: to.clone(),
            slot,
            shares,
        })
    }

    fn plan_judge(&self, time: Time) -> Result<Body, Refusal> {
        self.phase_in("judge", &[Phase::Closed])?;
        self.until_deadline("judge", time)?;
        match self.spec.polls.get(self.poll) {
            Some(pins) => {
                self.not_before("judge", time, Time(pins.start_date))?;
                Ok(Body::Judge { poll: self.poll })
            }
            None => Err(Refusal::Phase {
                command: "judge",
                phase: self.phase,
            }),
        }
    }

    fn until_deadline(&self, command: &'static str, now: Time) -> Result<(), Refusal> {
        let until = self.spec.settle_by;
        if now <= until {
            Ok(())
        } else {
            Err(Refusal::NoLonger {
                command,
                until,
                now,
            })
        }
    }

    fn plan_propose(&self, time: Time, verdict: &VerifiedVerdict) -> Result<Body, Refusal> {
        match decide(self, verdict, time) {
            Decision::Refuse(refuse) => Err(refuse.into()),
            Decision::Hold(hold) => Err(hold.into()),
            Decision::Settle(resolution) => {
                self.phase_in("propose", &[Phase::Judging])?;
                Ok(Body::VerdictAccepted {
                    verdict_id: verdict.id(),
                    resolution: resolution.to_string(),
                    numerators: resolution.numerators().to_vec(),
                    insecure_dev: verdict.insecure_dev(),
                })
            }
        }
    }

    fn plan_challenge(&self, time: Time, verdict: &VerifiedVerdict) -> Result<Body, Refusal> {
        self.phase_in("challenge", &[Phase::Proposed])?;
        match decide(self, verdict, time) {
            Decision::Refuse(Refuse::Conflict) => Ok(Body::VerdictConflict {
                verdict_id: verdict.id(),
            }),
            Decision::Refuse(refuse) => Err(refuse.into()),
            Decision::Settle(_) | Decision::Hold(_) => Err(Refusal::NoConflict),
        }
    }

    fn plan_anchor_lost(&self, canonical: B256) -> Result<Body, Refusal> {
        self.phase_in("anchor lost", &[Phase::Proposed])?;
        match self.accepted.as_ref().and_then(|accepted| accepted.anchor) {
            Some(anchor) if anchor.hash != canonical => Ok(Body::AnchorLost { canonical }),
            _ => Err(Refusal::AnchorStands),
        }
    }

    /// Settles, or voids if that is what the accepted verdict says.
    fn plan_settle(&self, time: Time) -> Result<Body, Refusal> {
        self.phase_in("settle", &[Phase::Proposed])?;
        self.until_deadline("settle", time)?;
        let Some(accepted) = &self.accepted else {
            return Err(Refusal::Phase {
                command: "settle",
                phase: self.phase,
            });
        };
        let at = Time(accepted.at.0.saturating_add(self.spec.finality));
        if time < at {
            return Err(Hold::AwaitingFinality { at }.into());
        }
        match &accepted.resolution {
            Resolution::Payout(_) => Ok(Body::Settled {
                verdict_id: accepted.verdict_id,
                total: self.locked,
            }),
            Resolution::Void(reason) => self.voided(VoidCause::Verdict(*reason)),
            // Accepting such a verdict moves the market on, so it is never proposed.
            Resolution::TooEarly => self.voided(VoidCause::Verdict(VoidReason::Invalid)),
        }
    }

    fn plan_void(&self, time: Time) -> Result<Body, Refusal> {
        self.not_terminal("void")?;
        let settle_by = self.spec.settle_by;
        if time <= settle_by {
            return Err(Refusal::NotYet {
                command: "void",
                from: Time(settle_by.0.saturating_add(1)),
                now: time,
            });
        }
        self.voided(VoidCause::Deadline)
    }

    fn voided(&self, cause: VoidCause) -> Result<Body, Refusal> {
        Ok(Body::Voided {
            cause: cause.to_string(),
            total: self.void_pool()?,
        })
    }

    /// What a void market pays out: the locked collateral and, when payments go back, the fees taken from them.
    pub(super) fn void_pool(&self) -> Result<Amount, Refusal> {
        match self.spec.void_policy {
            VoidPolicy::CostBasisRefund => self.locked.plus(self.fees).ok_or(Refusal::Overflow),
            VoidPolicy::InvalidSlot(_) | VoidPolicy::Uniform => Ok(self.locked),
        }
    }

    /// The cause of the next void event, as `apply` records it.
    pub(super) fn due_void_cause(&self, time: Time) -> VoidCause {
        match self.accepted.as_ref().map(|accepted| &accepted.resolution) {
            Some(Resolution::Void(reason)) if time <= self.spec.settle_by => {
                VoidCause::Verdict(*reason)
            }
            _ => VoidCause::Deadline,
        }
    }

    fn plan_redeem(&self, account: &AccountId) -> Result<Option<Body>, Refusal> {
        self.phase_in("redeem", &[Phase::Settled, Phase::Void])?;
        if self.account(account)?.redeemed.is_some() {
            return Ok(None);
        }
        let amount = self.entitlements.get(account).copied().unwrap_or_default();
        Ok(Some(Body::Redeem {
            account: account.clone(),
            amount,
        }))
    }

    fn plan_collect_fees(&self) -> Result<Body, Refusal> {
        self.phase_in("collect fees", &[Phase::Settled, Phase::Void])?;
        match self.fees {
            Amount::ZERO => Err(Refusal::NoFees),
            amount => Ok(Body::CollectFees { amount }),
        }
    }
}

fn above_zero(command: &'static str, amount: Amount) -> Result<(), Refusal> {
    if amount > Amount::ZERO {
        Ok(())
    } else {
        Err(Refusal::Zero { command })
    }
}
