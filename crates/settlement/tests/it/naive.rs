//! The engine against a naive model: plain signed integers, no guards but the obvious, exact fractions at the end.

use std::collections::BTreeSet;

use maci_settlement::spec::MarketSpec;
use maci_settlement::{Amount, Command, Phase, Slot, Trade, VoidPolicy};
use proptest::prelude::*;

use crate::common::*;

const NAMES: [&str; 4] = ["ann", "ben", "cat", "dan"];
const D: i128 = 1_000_000_000;

#[derive(Clone, Debug)]
enum Step {
    Deposit(usize, i128),
    Withdraw(usize, i128),
    Split(usize, i128),
    Merge(usize, i128),
    Trade {
        buyer: usize,
        seller: usize,
        slot: usize,
        shares: i128,
        payment: i128,
    },
    Transfer {
        from: usize,
        to: usize,
        slot: usize,
        shares: i128,
    },
}

fn arb_step() -> impl Strategy<Value = Step> {
    let (who, amount, slot) = (0..NAMES.len(), 0i128..60, 0usize..3);
    prop_oneof![
        (who.clone(), amount.clone()).prop_map(|(who, amount)| Step::Deposit(who, amount)),
        (who.clone(), amount.clone()).prop_map(|(who, amount)| Step::Withdraw(who, amount)),
        (who.clone(), amount.clone()).prop_map(|(who, amount)| Step::Split(who, amount)),
        (who.clone(), amount.clone()).prop_map(|(who, amount)| Step::Merge(who, amount)),
        (
            who.clone(),
            who.clone(),
            slot.clone(),
            amount.clone(),
            amount.clone()
        )
            .prop_map(|(buyer, seller, slot, shares, payment)| Step::Trade {
                buyer,
                seller,
                slot,
                shares,
                payment
            }),
        (who.clone(), who, slot, amount).prop_map(|(from, to, slot, shares)| Step::Transfer {
            from,
            to,
            slot,
            shares
        }),
    ]
}

/// Cash, positions and net payments by account index.
#[derive(Clone, Debug, Default)]
struct Naive {
    known: BTreeSet<usize>,
    cash: [i128; 4],
    held: [[i128; 3]; 4],
    net: [i128; 4],
    fees: i128,
    fee_ppm: i128,
}

impl Naive {
    /// Carries out the step if it is possible.
    fn step(&mut self, step: &Step) -> bool {
        let before = self.clone();
        let amount = match *step {
            Step::Deposit(who, amount) => {
                self.cash[who] += amount;
                self.known.insert(who);
                amount
            }
            Step::Withdraw(who, amount) => {
                self.cash[who] -= amount;
                amount
            }
            Step::Split(who, amount) => {
                self.cash[who] -= amount;
                self.net[who] += amount;
                self.held[who].iter_mut().for_each(|held| *held += amount);
                amount
            }
            Step::Merge(who, amount) => {
                self.cash[who] += amount;
                self.net[who] -= amount;
                self.held[who].iter_mut().for_each(|held| *held -= amount);
                amount
            }
            Step::Trade {
                buyer,
                seller,
                slot,
                shares,
                payment,
            } => {
                let fee = payment * self.fee_ppm / 1_000_000;
                self.cash[buyer] -= payment;
                self.cash[seller] += payment - fee;
                self.net[buyer] += payment;
                self.net[seller] -= payment - fee;
                self.fees += fee;
                self.held[buyer][slot] += shares;
                self.held[seller][slot] -= shares;
                if buyer == seller {
                    0
                } else {
                    shares.min(payment)
                }
            }
            Step::Transfer {
                from,
                to,
                slot,
                shares,
            } => {
                self.held[from][slot] -= shares;
                self.held[to][slot] += shares;
                self.known.insert(to);
                if from == to { 0 } else { shares }
            }
        };
        let negative = self
            .cash
            .iter()
            .chain(self.held.iter().flatten())
            .any(|value| *value < 0);
        // An account that was never seen cannot act; it has nothing, so only amounts of zero would pass otherwise.
        if negative || amount == 0 {
            *self = before;
            return false;
        }
        true
    }

    fn locked(&self) -> i128 {
        self.held.iter().map(|held| held[0]).sum()
    }
}

fn command(step: &Step) -> Command<'static> {
    let account = |index: usize| id(NAMES[index]);
    let amount = |value: i128| Amount(value.unsigned_abs());
    match *step {
        Step::Deposit(who, value) => Command::Deposit {
            account: account(who),
            amount: amount(value),
        },
        Step::Withdraw(who, value) => Command::Withdraw {
            account: account(who),
            amount: amount(value),
        },
        Step::Split(who, value) => Command::Split {
            account: account(who),
            amount: amount(value),
        },
        Step::Merge(who, value) => Command::Merge {
            account: account(who),
            amount: amount(value),
        },
        Step::Trade {
            buyer,
            seller,
            slot,
            shares,
            payment,
        } => Command::Trade(Trade {
            buyer: account(buyer),
            seller: account(seller),
            slot: Slot(slot as u16),
            shares: amount(shares),
            payment: amount(payment),
        }),
        Step::Transfer {
            from,
            to,
            slot,
            shares,
        } => Command::Transfer {
            from: account(from),
            to: account(to),
            slot: Slot(slot as u16),
            shares: amount(shares),
        },
    }
}

fn compare(book: &Book, naive: &Naive) -> Result<(), TestCaseError> {
    for (id, account) in book.0.market().accounts() {
        let who = NAMES.iter().position(|name| *name == id.as_str()).unwrap();
        prop_assert_eq!(account.cash.0.cast_signed(), naive.cash[who]);
        for slot in 0..3usize {
            prop_assert_eq!(
                account.positions[slot].0.cast_signed(),
                naive.held[who][slot]
            );
        }
    }
    prop_assert_eq!(book.0.market().locked().0.cast_signed(), naive.locked());
    prop_assert_eq!(book.0.market().fees().0.cast_signed(), naive.fees);
    Ok(())
}

/// How the market ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Settled,
    Void(VoidPolicy),
}

fn arb_end() -> impl Strategy<Value = End> {
    prop_oneof![
        2 => Just(End::Settled),
        1 => Just(End::Void(VoidPolicy::CostBasisRefund)),
        1 => Just(End::Void(VoidPolicy::Uniform)),
        1 => (0u16..3).prop_map(|slot| End::Void(VoidPolicy::InvalidSlot(Slot(slot)))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_engine_equals_the_naive_model(
        steps in prop::collection::vec(arb_step(), 1..40), fee_ppm in prop_oneof![Just(0u32), 0u32..100_000], end in arb_end()
    ) {
        let void_policy = match end {
            End::Void(policy) => policy,
            End::Settled => VoidPolicy::CostBasisRefund,
        };
        let mut book = Book::new(MarketSpec { fee_ppm, void_policy, ..spec() });
        book.run(1, &Command::Open);
        let mut naive = Naive { fee_ppm: i128::from(fee_ppm), ..Naive::default() };
        // Enough to begin with that most steps are possible.
        let funds = NAMES.iter().enumerate().take(3).map(|(who, _)| Step::Deposit(who, 100));
        let steps: Vec<Step> = funds.chain(steps).collect();
        for step in &steps {
            let expected = naive.step(step);
            prop_assert_eq!(book.try_run(2, &command(step)).is_ok(), expected, "{:?}", step);
            compare(&book, &naive)?;
        }
        book.run(CLOSE, &Command::Close);
        let locked = naive.locked();
        let numerators = match end {
            End::Settled => {
                book.run(POLL_START, &Command::Judge);
                let verdict = book.verdict(slot_1_wins());
                book.run(3001, &Command::Propose { verdict: &verdict });
                book.run(3101, &Command::Settle);
                Some([0, D, 0])
            }
            End::Void(policy) => {
                book.run(SETTLE_BY + 1, &Command::Void);
                match policy {
                    VoidPolicy::CostBasisRefund => None,
                    VoidPolicy::Uniform => Some([333_333_334, 333_333_333, 333_333_333]),
                    VoidPolicy::InvalidSlot(slot) => {
                        let mut numerators = [0; 3];
                        numerators[usize::from(slot.0)] = D;
                        Some(numerators)
                    }
                }
            }
        };
        let phase = if matches!(end, End::Settled) { Phase::Settled } else { Phase::Void };
        prop_assert_eq!(book.0.market().phase(), phase);

        let mut paid = 0;
        for (who, name) in NAMES.iter().enumerate() {
            if !naive.known.contains(&who) {
                continue;
            }
            let before = book.cash(name);
            book.redeem(SETTLE_BY + 2, name);
            let amount = (book.cash(name) - before).cast_signed();
            paid += amount;
            if let Some(numerators) = numerators {
                // The exact entitlement is a fraction over D; the payment is less than one unit away from it.
                let exact: i128 = (0..3usize).map(|slot| naive.held[who][slot] * numerators[slot]).sum();
                prop_assert!((amount * D - exact).abs() < D);
            } else {
                let positive: i128 = naive.net.iter().filter(|net| **net > 0).sum();
                let pool = locked + naive.fees;
                let exact = naive.net[who].max(0) * pool;
                prop_assert!((amount * positive - exact).abs() < positive.max(1));
                // Nobody is refunded more than it paid, and all of it if nobody took anything out.
                prop_assert!(amount <= naive.net[who].max(0));
                if naive.net.iter().all(|net| *net >= 0) {
                    prop_assert_eq!(amount, naive.net[who]);
                }
            }
        }
        let pool = if numerators.is_some() { locked } else { locked + naive.fees };
        prop_assert_eq!(paid, pool);
        prop_assert_eq!(book.0.market().locked(), Amount::ZERO);
        let profit: i128 = book.0.market().profit_and_loss().iter().map(|(_, profit)| profit).sum();
        prop_assert_eq!(profit + book.0.market().fees().0.cast_signed(), 0);
    }
}
