//! The state machine of settlement.md §2.1, step by step.

use maci_settlement::spec::{Bond, MarketSpec, ValueCap};
use maci_settlement::{
    Amount, Command, Hold, Ledger, Phase, Refusal, Refuse, Slot, Time, VoidCause, VoidPolicy,
};
use maci_verdict::rule::VoidReason;

use crate::common::*;

#[test]
fn t3_the_whole_way_from_draft_to_redemption() {
    let mut book = Book::judging(spec());
    assert_eq!(book.0.market().phase(), Phase::Judging);
    let verdict = book.verdict(slot_1_wins());
    assert_eq!(verdict.resolution().numerators(), [0, 1_000_000_000, 0]);
    book.run(POLL_END + 1, &Command::Propose { verdict: &verdict });
    assert_eq!(book.0.market().phase(), Phase::Proposed);
    let early = book
        .try_run(POLL_END + FINALITY, &Command::Settle)
        .unwrap_err();
    assert_eq!(
        early,
        Refusal::Hold(Hold::AwaitingFinality {
            at: Time(POLL_END + 1 + FINALITY)
        })
    );
    book.run(POLL_END + 1 + FINALITY, &Command::Settle);
    assert_eq!(book.0.market().phase(), Phase::Settled);
    // ann 250 green, ben 0, cat 50 green.
    for account in ["ann", "ben", "cat"] {
        assert!(book.redeem(4000, account));
    }
    assert_eq!(
        (book.cash("ann"), book.cash("ben"), book.cash("cat")),
        (1000 - 300 + 70 + 250, 960, 970 + 50)
    );
    assert_eq!(book.0.market().locked(), Amount::ZERO);
}

#[test]
fn r4_accurate_accounts_gain_what_inaccurate_ones_lose() {
    let mut book = Book::judging(MarketSpec {
        fee_ppm: 100_000,
        ..spec()
    });
    let verdict = book.verdict(slot_1_wins());
    book.run(3001, &Command::Propose { verdict: &verdict });
    book.run(3101, &Command::Settle);
    for account in ["ann", "ben", "cat"] {
        book.redeem(3200, account);
    }
    let market = book.0.market();
    let profit: i128 = market
        .profit_and_loss()
        .iter()
        .map(|(_, profit)| profit)
        .sum();
    // A tenth of 40 and of 30.
    assert_eq!(market.fees(), Amount(7));
    assert_eq!(profit + 7, 0);
    let of = |name: &str| {
        market
            .profit_and_loss()
            .into_iter()
            .find(|(account, _)| *account == id(name))
            .unwrap()
            .1
    };
    // ben bet on the wrong colour, cat on the right one.
    assert_eq!(
        (of("ann"), of("ben"), of("cat")),
        (-300 + 36 + 27 + 250, -40, 20)
    );
    book.run(3300, &Command::CollectFees);
    assert_eq!(book.cash("executor"), 7);
    assert_eq!(
        book.try_run(3300, &Command::CollectFees),
        Err(Refusal::NoFees)
    );
}

#[test]
fn r3_fresh_accounts_do_everything_and_nobody_is_privileged() {
    let mut book = Book::open(spec());
    // An account that appears in no role and no event before.
    book.deposit(5, "stranger-1", 10);
    book.split(5, "stranger-1", 10);
    book.trade(6, "ann", "stranger-1", 2, 10, 3);
    book.run(CLOSE, &Command::Close);
    book.run(POLL_START, &Command::Judge);
    let verdict = book.verdict(slot_1_wins());
    // Neither propose nor settle nor void names a caller at all.
    book.run(3001, &Command::Propose { verdict: &verdict });
    book.run(3101, &Command::Settle);
    assert!(book.redeem(3102, "stranger-1"));
    book.run(
        3103,
        &Command::Withdraw {
            account: id("stranger-1"),
            amount: Amount(13),
        },
    );
}

#[test]
fn m_05_t6_settling_and_voiding_exclude_each_other_to_the_second() {
    for (time, settles) in [
        (SETTLE_BY - 1, true),
        (SETTLE_BY, true),
        (SETTLE_BY + 1, false),
    ] {
        let mut settling = Book::proposed(spec());
        let mut voiding = Book::proposed(spec());
        assert_eq!(
            settling.try_run(time, &Command::Settle).is_ok(),
            settles,
            "settle at {time}"
        );
        assert_eq!(
            voiding.try_run(time, &Command::Void).is_ok(),
            !settles,
            "void at {time}"
        );
    }
    let mut book = Book::proposed(spec());
    let late = book.try_run(SETTLE_BY + 1, &Command::Settle).unwrap_err();
    assert_eq!(
        late,
        Refusal::NoLonger {
            command: "settle",
            until: Time(SETTLE_BY),
            now: Time(SETTLE_BY + 1)
        }
    );
    let early = book.try_run(SETTLE_BY, &Command::Void).unwrap_err();
    assert_eq!(
        early,
        Refusal::NotYet {
            command: "void",
            from: Time(SETTLE_BY + 1),
            now: Time(SETTLE_BY)
        }
    );
}

#[test]
fn t6_settling_twice_is_refused() {
    let mut book = Book::proposed(spec());
    book.run(3101, &Command::Settle);
    let refused =
        |book: &mut Book, command: &Command<'_>| book.try_run(SETTLE_BY + 1, command).unwrap_err();
    let terminal = |command| Refusal::Phase {
        command,
        phase: Phase::Settled,
    };
    assert_eq!(refused(&mut book, &Command::Settle), terminal("settle"));
    assert_eq!(refused(&mut book, &Command::Void), terminal("void"));
    assert_eq!(refused(&mut book, &Command::Judge), terminal("judge"));
    assert_eq!(
        refused(
            &mut book,
            &Command::Deposit {
                account: id("ann"),
                amount: Amount(1)
            }
        ),
        terminal("deposit")
    );
    assert_eq!(
        refused(
            &mut book,
            &Command::Split {
                account: id("ann"),
                amount: Amount(1)
            }
        ),
        terminal("split")
    );
    assert_eq!(
        refused(
            &mut book,
            &Command::Merge {
                account: id("ann"),
                amount: Amount(1)
            }
        ),
        terminal("merge")
    );
    assert_eq!(
        refused(&mut book, &trade("ann", "ben", 0, 1, 1)),
        terminal("trade")
    );
}

#[test]
fn t10_a_dead_coordinator_ends_in_void_and_everyone_is_paid_back() {
    for (phase, prepare) in [("trading", 0), ("closed", 1), ("judging", 2)] {
        let mut book = Book::open(spec());
        book.split(2, "ann", 300);
        book.trade(3, "ben", "ann", 0, 100, 40);
        if prepare >= 1 {
            book.run(CLOSE, &Command::Close);
        }
        if prepare >= 2 {
            book.run(POLL_START, &Command::Judge);
        }
        assert_eq!(book.0.market().phase().to_string(), phase);
        book.run(SETTLE_BY + 1, &Command::Void);
        assert_eq!(book.0.market().void_cause(), Some(VoidCause::Deadline));
        book.redeem(SETTLE_BY + 2, "ann");
        book.redeem(SETTLE_BY + 2, "ben");
        assert_eq!((book.cash("ann"), book.cash("ben")), (1000, 1000));
    }
}

#[test]
fn a_void_verdict_goes_through_finality_too() {
    let mut book = Book::judging(spec());
    let verdict = book.verdict(invalid());
    book.run(3001, &Command::Propose { verdict: &verdict });
    assert_eq!(book.0.market().phase(), Phase::Proposed);
    book.run(3101, &Command::Settle);
    assert_eq!(book.0.market().phase(), Phase::Void);
    assert_eq!(
        book.0.market().void_cause(),
        Some(VoidCause::Verdict(VoidReason::Invalid))
    );
}

#[test]
fn i10_every_void_policy_conserves() {
    for policy in [
        VoidPolicy::CostBasisRefund,
        VoidPolicy::Uniform,
        VoidPolicy::InvalidSlot(Slot(2)),
    ] {
        let mut book = Book::judging(MarketSpec {
            void_policy: policy,
            fee_ppm: 50_000,
            ..spec()
        });
        book.run(SETTLE_BY + 1, &Command::Void);
        for account in ["ann", "ben", "cat"] {
            book.redeem(SETTLE_BY + 2, account);
        }
        let cash = ["ann", "ben", "cat"].map(|account| book.cash(account));
        let fees = book.0.market().fees().0;
        assert_eq!(cash.iter().sum::<u128>() + fees, 3000, "{policy:?}");
        match policy {
            // Refunds give the fees back as well.
            VoidPolicy::CostBasisRefund => assert_eq!((cash, fees), ([1000; 3], 0)),
            // Blue is ann's alone.
            VoidPolicy::InvalidSlot(_) => assert_eq!(cash, [1000 - 300 + 38 + 29 + 300, 960, 970]),
            VoidPolicy::Uniform => assert_eq!(fees, 3),
        }
    }
}

#[test]
fn too_early_moves_to_the_next_poll_and_ends_void_after_the_last() {
    let two = MarketSpec {
        polls: vec![pins(), second_poll().pins().clone()],
        ..spec()
    };
    let mut book = Book::judging(two.clone());
    let first = book.verdict(too_early());
    book.run(3001, &Command::Propose { verdict: &first });
    assert_eq!(
        (book.0.market().phase(), book.0.market().poll_index()),
        (Phase::Closed, 1)
    );
    assert!(book.0.market().question().is_none());
    let early = book.try_run(3999, &Command::Judge).unwrap_err();
    assert_eq!(
        early,
        Refusal::NotYet {
            command: "judge",
            from: Time(4000),
            now: Time(3999)
        }
    );
    book.run(4000, &Command::Judge);
    // The first poll cannot judge any more, the second can.
    let stale = book.verdict(slot_1_wins());
    assert!(matches!(
        book.try_run(5001, &Command::Propose { verdict: &stale }),
        Err(Refusal::Gate(Refuse::Pin { .. }))
    ));
    let verdict = book.verdict(second_poll());
    book.run(5001, &Command::Propose { verdict: &verdict });
    book.run(5101, &Command::Settle);
    assert_eq!(book.0.market().phase(), Phase::Settled);

    let mut book = Book::judging(spec());
    let only = book.verdict(too_early());
    book.run(3001, &Command::Propose { verdict: &only });
    assert_eq!(book.0.market().void_cause(), Some(VoidCause::NoPollLeft));
}

#[test]
fn nothing_trades_from_the_second_of_closing_on() {
    let mut book = Book::open(spec());
    book.split(CLOSE - 1, "ann", 10);
    let refused = |book: &mut Book, command: &Command<'_>| {
        assert!(matches!(
            book.try_run(CLOSE, command),
            Err(Refusal::NoLonger {
                until: Time(999),
                ..
            })
        ));
    };
    assert!(matches!(
        book.try_run(CLOSE - 1, &Command::Close),
        Err(Refusal::NotYet { .. })
    ));
    // Nobody has closed the market; the clock alone stops it.
    refused(
        &mut book,
        &Command::Split {
            account: id("ann"),
            amount: Amount(1),
        },
    );
    refused(&mut book, &trade("ben", "ann", 0, 1, 1));
    refused(
        &mut book,
        &Command::Transfer {
            from: id("ann"),
            to: id("ben"),
            slot: Slot(0),
            shares: Amount(1),
        },
    );
    // A complete set is worth its collateral whatever happens, so merging stays possible.
    book.run(
        CLOSE,
        &Command::Merge {
            account: id("ann"),
            amount: Amount(10),
        },
    );
    assert_eq!(book.cash("ann"), 1000);
}

#[test]
fn the_poll_is_open_through_its_last_second() {
    let mut book = Book::judging(spec());
    let verdict = book.verdict(slot_1_wins());
    let hold = book
        .try_run(POLL_END, &Command::Propose { verdict: &verdict })
        .unwrap_err();
    assert_eq!(
        hold,
        Refusal::Hold(Hold::PollOpen {
            end: Time(POLL_END)
        })
    );
    book.run(POLL_END + 1, &Command::Propose { verdict: &verdict });
}

#[test]
fn opening_needs_bonds_and_subsidy() {
    let bonded = MarketSpec {
        bonds: vec![Bond {
            account: id("coordinator"),
            amount: Amount(50),
        }],
        ..spec()
    };
    let mut book = Book::new(bonded);
    let missing = book.try_run(1, &Command::Open).unwrap_err();
    assert_eq!(
        missing,
        Refusal::BondMissing {
            account: id("coordinator"),
            amount: Amount(50)
        }
    );
    book.deposit(1, "coordinator", 60);
    book.run(
        1,
        &Command::PostBond {
            account: id("coordinator"),
        },
    );
    assert!(matches!(
        book.try_run(
            1,
            &Command::PostBond {
                account: id("coordinator")
            }
        ),
        Err(Refusal::NoBond { .. })
    ));
    book.run(1, &Command::Open);
    let withdraw = Command::Withdraw {
        account: id("coordinator"),
        amount: Amount(11),
    };
    assert!(matches!(
        book.try_run(2, &withdraw),
        Err(Refusal::Cash { .. })
    ));
    book.run(SETTLE_BY + 1, &Command::Void);
    book.run(
        SETTLE_BY + 1,
        &Command::ReleaseBond {
            account: id("coordinator"),
        },
    );
    assert_eq!(book.cash("coordinator"), 60);

    let mut subsidised = spec();
    subsidised.subsidy = Amount(100);
    subsidised.roles.market_maker = Some(id("maker"));
    let mut book = Book::new(subsidised);
    book.deposit(1, "maker", 100);
    let missing = book.try_run(1, &Command::Open).unwrap_err();
    assert_eq!(
        missing,
        Refusal::SubsidyMissing {
            locked: Amount(0),
            subsidy: Amount(100)
        }
    );
    book.split(1, "maker", 100);
    book.run(1, &Command::Open);
}

#[test]
fn r15_the_value_cap_stops_splits_and_voids_small_juries() {
    let cap = ValueCap {
        per_juror: Amount(10),
        electorate: 40,
        per_credit: Amount(8),
    };
    let mut book = Book::open(MarketSpec {
        value_cap: Some(cap),
        ..spec()
    });
    book.split(2, "ann", 300);
    let over = book
        .try_run(
            2,
            &Command::Split {
                account: id("ben"),
                amount: Amount(101),
            },
        )
        .unwrap_err();
    assert_eq!(
        over,
        Refusal::Cap {
            cap: Amount(400),
            would_be: Amount(401)
        }
    );
    book.run(CLOSE, &Command::Close);
    book.run(POLL_START, &Command::Judge);
    // 35 credits were spent: they may settle 280, and 300 are locked.
    let verdict = book.verdict(slot_1_wins());
    book.run(3001, &Command::Propose { verdict: &verdict });
    assert_eq!(
        book.0.market().void_cause(),
        Some(VoidCause::CapExceeded { cap: Amount(280) })
    );
}

#[test]
fn time_never_goes_back() {
    let mut book = Book::open(spec());
    book.split(5, "ann", 1);
    let back = book
        .try_run(
            4,
            &Command::Split {
                account: id("ann"),
                amount: Amount(1),
            },
        )
        .unwrap_err();
    assert_eq!(
        back,
        Refusal::TimeGoesBack {
            last: Time(5),
            found: Time(4)
        }
    );
}

#[test]
fn a_refused_command_leaves_no_trace() {
    let mut book = Book::judging(spec());
    let before: Ledger = book.0.clone();
    let verdict = book.verdict(slot_1_wins());
    for command in [
        Command::Open,
        Command::Settle,
        Command::Redeem { account: id("ann") },
        Command::Propose { verdict: &verdict },
        Command::Withdraw {
            account: id("nobody"),
            amount: Amount(1),
        },
        Command::Merge {
            account: id("ben"),
            amount: Amount(1),
        },
        Command::Deposit {
            account: id("ann"),
            amount: Amount(0),
        },
        Command::Deposit {
            account: id("ann"),
            amount: Amount(u128::MAX),
        },
    ] {
        assert!(book.try_run(POLL_START, &command).is_err(), "{command:?}");
        assert_eq!(book.0, before, "{command:?}");
    }
}
