//! The invariants by id. The engine asserts them after every event; here each is provoked.

use maci_settlement::spec::MarketSpec;
use maci_settlement::{Amount, Command, Phase, Refusal, VoidPolicy};

use crate::common::*;

#[test]
fn i1_nothing_is_ever_negative() {
    let mut book = Book::open(spec());
    book.split(2, "ann", 100);
    let cash = book
        .try_run(
            3,
            &Command::Split {
                account: id("ann"),
                amount: Amount(901),
            },
        )
        .unwrap_err();
    assert_eq!(
        cash,
        Refusal::Cash {
            account: id("ann"),
            available: Amount(900),
            needed: Amount(901)
        }
    );
    let tokens = book
        .try_run(3, &trade("ben", "ann", 0, 101, 1))
        .unwrap_err();
    assert!(matches!(
        tokens,
        Refusal::Tokens {
            available: Amount(100),
            needed: Amount(101),
            ..
        }
    ));
    let merge = book
        .try_run(
            3,
            &Command::Merge {
                account: id("ann"),
                amount: Amount(101),
            },
        )
        .unwrap_err();
    assert!(matches!(merge, Refusal::Tokens { .. }));
    let withdraw = book
        .try_run(
            3,
            &Command::Withdraw {
                account: id("ann"),
                amount: Amount(901),
            },
        )
        .unwrap_err();
    assert!(matches!(withdraw, Refusal::Cash { .. }));
    let unknown = book
        .try_run(
            3,
            &Command::Merge {
                account: id("nobody"),
                amount: Amount(1),
            },
        )
        .unwrap_err();
    assert_eq!(
        unknown,
        Refusal::UnknownAccount {
            account: id("nobody")
        }
    );
    let overflow = Command::Deposit {
        account: id("ann"),
        amount: Amount(1 << 120),
    };
    assert_eq!(book.try_run(3, &overflow), Err(Refusal::Overflow));
}

#[test]
fn i2_supply_equals_locked_for_every_outcome() {
    let mut book = Book::open(spec());
    let holds = |book: &Book| {
        let market = book.0.market();
        assert!(
            market
                .supply()
                .iter()
                .all(|supply| *supply == market.locked())
        );
        market.locked().0
    };
    book.split(2, "ann", 300);
    assert_eq!(holds(&book), 300);
    book.trade(3, "ben", "ann", 0, 100, 40);
    assert_eq!(holds(&book), 300);
    book.run(
        4,
        &Command::Merge {
            account: id("ann"),
            amount: Amount(200),
        },
    );
    assert_eq!(holds(&book), 100);
}

#[test]
fn i3_collateral_is_conserved_over_the_whole_life() {
    let mut book = Book::proposed(MarketSpec {
        fee_ppm: 25_000,
        ..spec()
    });
    book.run(3101, &Command::Settle);
    let inside = |book: &Book| {
        let market = book.0.market();
        let accounts: u128 = market
            .accounts()
            .values()
            .map(|account| account.cash.0 + account.bond.0)
            .sum();
        accounts + market.locked().0 + market.fees().0
    };
    assert_eq!(inside(&book), 3000);
    book.redeem(3102, "ann");
    assert_eq!(inside(&book), 3000);
    book.run(
        3102,
        &Command::Withdraw {
            account: id("ann"),
            amount: Amount(500),
        },
    );
    assert_eq!(inside(&book), 2500);
    book.run(3102, &Command::CollectFees);
    assert_eq!(inside(&book), 2500);
}

#[test]
fn i4_entitlements_sum_to_the_locked_collateral() {
    let mut book = Book::proposed(spec());
    book.run(3101, &Command::Settle);
    let market = book.0.market();
    let sum: u128 = market.entitlements().values().map(|amount| amount.0).sum();
    assert_eq!(sum, market.locked().0);
}

#[test]
fn i5_redeeming_twice_pays_once() {
    let mut book = Book::proposed(spec());
    book.run(3101, &Command::Settle);
    assert!(book.redeem(3102, "cat"));
    let (cash, head) = (book.cash("cat"), book.0.head());
    for time in 3103..3106 {
        assert!(!book.redeem(time, "cat"));
    }
    assert_eq!((book.cash("cat"), book.0.head()), (cash, head));
    // An account without any claim can redeem nothing, once.
    assert!(book.redeem(3106, "ben"));
    assert!(!book.redeem(3106, "ben"));
}

#[test]
fn i6_a_settled_market_names_its_verdict() {
    let mut book = Book::judging(spec());
    let verdict = book.verdict(slot_1_wins());
    assert!(book.0.market().accepted().is_none());
    book.run(3001, &Command::Propose { verdict: &verdict });
    book.run(3101, &Command::Settle);
    let market = book.0.market();
    let accepted = market.accepted().unwrap();
    assert_eq!(market.phase(), Phase::Settled);
    assert_eq!(accepted.verdict_id, verdict.id());
    assert_eq!(accepted.market_id, market.market_id());
    assert_eq!(accepted.rule_hash, market.spec().terms.hash());
    assert_eq!(accepted.poll_pins, market.spec().polls[0].hash());
}

#[test]
fn i7_the_maker_loses_its_subsidy_at_most() {
    let mut subsidised = spec();
    subsidised.subsidy = Amount(100);
    subsidised.roles.market_maker = Some(id("maker"));
    let mut book = Book::new(subsidised);
    book.deposit(1, "maker", 100);
    let more = book
        .try_run(
            1,
            &Command::Deposit {
                account: id("maker"),
                amount: Amount(1),
            },
        )
        .unwrap_err();
    assert_eq!(
        more,
        Refusal::Maker {
            subsidy: Amount(100),
            would_be: Amount(101)
        }
    );
    book.split(1, "maker", 100);
    book.deposit(1, "ann", 10);
    book.run(1, &Command::Open);
    // The maker sells every winning token for next to nothing and buys nothing back.
    book.trade(2, "ann", "maker", 1, 100, 1);
    book.run(CLOSE, &Command::Close);
    book.run(POLL_START, &Command::Judge);
    let verdict = book.verdict(slot_1_wins());
    book.run(3001, &Command::Propose { verdict: &verdict });
    book.run(3101, &Command::Settle);
    book.redeem(3102, "maker");
    book.redeem(3102, "ann");
    let losses: Vec<i128> = book
        .0
        .market()
        .profit_and_loss()
        .into_iter()
        .map(|(_, profit)| profit)
        .collect();
    assert_eq!(losses, [99, -99]);
    assert!(-losses[1] <= 100);
}

#[test]
fn i8_events_are_numbered_and_chained() {
    let book = Book::proposed(spec());
    let mut prev = book.0.market().market_id();
    for (seq, event) in (0..).zip(book.0.events()) {
        assert_eq!((event.seq, event.prev), (seq, prev));
        prev = event.hash;
    }
    assert_eq!(book.0.head(), prev);
}

#[test]
fn i9_the_cap_in_force_is_never_exceeded() {
    let cap = maci_settlement::spec::ValueCap {
        per_juror: Amount(1),
        electorate: 120,
        per_credit: Amount(1000),
    };
    let mut book = Book::open(MarketSpec {
        value_cap: Some(cap),
        ..spec()
    });
    book.split(2, "ann", 120);
    assert!(matches!(
        book.try_run(
            2,
            &Command::Split {
                account: id("ben"),
                amount: Amount(1)
            }
        ),
        Err(Refusal::Cap { .. })
    ));
    book.run(
        3,
        &Command::Merge {
            account: id("ann"),
            amount: Amount(1),
        },
    );
    book.split(3, "ben", 1);
}

#[test]
fn i10_a_refund_bears_what_others_took_out_in_proportion() {
    // ann sells both sides of her sets for more than they cost and withdraws: her net payments are negative.
    let mut book = Book::open(MarketSpec {
        void_policy: VoidPolicy::CostBasisRefund,
        ..spec()
    });
    book.split(2, "ann", 100);
    book.trade(3, "ben", "ann", 0, 100, 90);
    book.trade(4, "cat", "ann", 1, 100, 30);
    book.run(
        5,
        &Command::Withdraw {
            account: id("ann"),
            amount: Amount(1020),
        },
    );
    book.run(SETTLE_BY + 1, &Command::Void);
    assert!(book.redeem(SETTLE_BY + 1, "ann"));
    book.redeem(SETTLE_BY + 1, "ben");
    book.redeem(SETTLE_BY + 1, "cat");
    // 100 are left of 120 paid: ben gets 75, cat 25.
    assert_eq!(
        (book.cash("ann"), book.cash("ben"), book.cash("cat")),
        (0, 910 + 75, 970 + 25)
    );
}
