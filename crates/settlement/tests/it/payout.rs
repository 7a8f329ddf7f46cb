//! M-06, T8: payouts never revert, never lose a unit, never create one.

use std::collections::BTreeMap;

use maci_settlement::payout::{entitlements, refunds};
use maci_settlement::{Account, AccountId, Amount, Command, Phase};
use maci_verdict::rule::Numerators;
use proptest::prelude::*;

use crate::common::*;

/// Accounts holding parts of `locked` complete sets: for each outcome the parts sum to `locked`.
fn arb_holdings() -> impl Strategy<Value = (BTreeMap<AccountId, Account>, u128, Vec<u64>)> {
    let amount = prop_oneof![0u128..20, 0u128..1 << 60, (1u128 << 100)..(1 << 110)];
    (2usize..6, 1usize..7).prop_flat_map(move |(slots, holders)| {
        let parts = prop::collection::vec(amount.clone(), holders);
        let weights = prop::collection::vec(prop_oneof![0u64..3, any::<u64>()], slots);
        (prop::collection::vec(parts, slots), weights).prop_map(move |(by_slot, weights)| {
            let locked = by_slot
                .iter()
                .map(|parts| parts.iter().sum::<u128>())
                .max()
                .unwrap();
            let mut accounts: BTreeMap<AccountId, Account> = (0..=holders)
                .map(|holder| {
                    let account = Account {
                        cash: Amount::ZERO,
                        bond: Amount::ZERO,
                        positions: vec![Amount::ZERO; slots],
                        deposited: Amount::ZERO,
                        withdrawn: Amount::ZERO,
                        paid: Amount::ZERO,
                        received: Amount::ZERO,
                        redeemed: None,
                    };
                    (id(&format!("holder-{holder}")), account)
                })
                .collect();
            for (slot, parts) in by_slot.iter().enumerate() {
                // The last account holds what is missing, so that I2 holds.
                let rest = locked - parts.iter().sum::<u128>();
                for (account, part) in accounts.values_mut().zip(parts.iter().chain([&rest])) {
                    account.positions[slot] = Amount(*part);
                }
            }
            (accounts, locked, weights)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn i4_twenty_thousand_random_settlements_pay_exactly_the_locked_collateral((accounts, locked, weights) in arb_holdings()) {
        let weights: Vec<u128> = weights.into_iter().map(u128::from).collect();
        let Some(numerators) = Numerators::from_weights(&weights) else { return Ok(()) };
        let paid = entitlements(&accounts, &numerators, Amount(locked)).unwrap();
        prop_assert_eq!(paid.values().map(|amount| amount.0).sum::<u128>(), locked);
        for (id, account) in &accounts {
            let amount = paid.get(id).copied().unwrap_or_default().0;
            let exact: alloy_primitives::U256 = account
                .positions
                .iter()
                .zip(numerators.as_slice())
                .map(|(position, numerator)| alloy_primitives::U256::from(position.0) * alloy_primitives::U256::from(*numerator))
                .fold(alloy_primitives::U256::ZERO, |sum, part| sum + part);
            let floor = (exact / alloy_primitives::U256::from(1_000_000_000u64)).to::<u128>();
            prop_assert!(amount == floor || amount == floor + 1);
        }
    }
}

proptest! {
    #[test]
    fn i10_refunds_pay_exactly_the_pool(net in prop::collection::vec((0u128..1000, 0u128..1000), 1..8)) {
        let accounts: BTreeMap<AccountId, Account> = net
            .iter()
            .enumerate()
            .map(|(holder, (paid, received))| {
                let account = Account {
                    cash: Amount::ZERO,
                    bond: Amount::ZERO,
                    positions: vec![],
                    deposited: Amount::ZERO,
                    withdrawn: Amount::ZERO,
                    paid: Amount(*paid),
                    received: Amount(*received),
                    redeemed: None,
                };
                (id(&format!("holder-{holder}")), account)
            })
            .collect();
        let paid: u128 = net.iter().map(|(paid, _)| paid).sum();
        let received: u128 = net.iter().map(|(_, received)| received).sum();
        prop_assume!(paid >= received);
        let pool = paid - received;
        let refunds = refunds(&accounts, Amount(pool)).unwrap();
        prop_assert_eq!(refunds.values().map(|amount| amount.0).sum::<u128>(), pool);
    }
}

#[test]
fn m_06_t8_extreme_tallies_always_redeem() {
    let max = u64::MAX / 5;
    for results in [
        [0; 5],
        [max; 5],
        [max, max, max, 0, 0],
        [1, 0, 0, 0, 0],
        [max, max - 1, 0, 0, 0],
    ] {
        let mut book = Book::judging(spec());
        let verdict = book.verdict(&toy(results).verified());
        book.run(3001, &Command::Propose { verdict: &verdict });
        book.run(3101, &Command::Settle);
        for account in ["ann", "ben", "cat"] {
            assert!(book.redeem(3102, account));
        }
        assert!(matches!(
            book.0.market().phase(),
            Phase::Settled | Phase::Void
        ));
        let cash: u128 = ["ann", "ben", "cat"]
            .map(|account| book.cash(account))
            .iter()
            .sum();
        assert_eq!(cash, 3000, "{results:?}");
    }
}

#[test]
fn i4_ties_of_rounding_go_by_account_id() {
    // Three equal slots over one token each: 1/3 + 1/3 + 1/3 of a unit; the first account gets it.
    let mut book = Book::open(spec());
    book.split(2, "cat", 1);
    book.run(
        3,
        &Command::Transfer {
            from: id("cat"),
            to: id("ann"),
            slot: maci_settlement::Slot(1),
            shares: Amount(1),
        },
    );
    book.run(
        3,
        &Command::Transfer {
            from: id("cat"),
            to: id("ben"),
            slot: maci_settlement::Slot(2),
            shares: Amount(1),
        },
    );
    book.run(CLOSE, &Command::Close);
    book.run(POLL_START, &Command::Judge);
    // Red and green and blue tie: 333 333 334, 333 333 333, 333 333 333.
    let verdict = book.verdict(&toy([5, 5, 5, 0, 0]).verified());
    book.run(3001, &Command::Propose { verdict: &verdict });
    book.run(3101, &Command::Settle);
    for account in ["ann", "ben", "cat"] {
        book.redeem(3102, account);
    }
    // cat has the largest remainder by one part in 10^9.
    assert_eq!(
        (book.cash("ann"), book.cash("ben"), book.cash("cat")),
        (1000, 1000, 1000)
    );
}
