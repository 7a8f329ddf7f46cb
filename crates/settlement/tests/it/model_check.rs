//! R2: no path to `Settled` without an accepted verdict, over every sequence of up to eight events.
//!
//! Breadth first over the real engine. Two histories that lead to one state continue alike, so each state is expanded
//! once; states are compared without the history's hashes and with the verdict reduced to whether there is one.

use std::collections::BTreeSet;

use maci_settlement::{Amount, Body, Command, Ledger, Phase, Slot, Time};
use maci_verdict::VerifiedVerdict;

use crate::common::*;

const DEPTH: usize = 8;

/// What of a market decides its future.
fn key(book: &Book) -> String {
    let market = book.0.market();
    let accepted = market
        .accepted()
        .map(|accepted| (accepted.results_hash, accepted.at));
    format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        market.phase(),
        market.now(),
        market.poll_index(),
        market.accounts(),
        accepted,
        market.entitlements(),
        market.book_head().is_some(),
    )
}

/// Every kind of command, at every time that matters.
fn successors(book: &Book, verdicts: &[&maci_verdict::VerifiedPoll]) -> Vec<Book> {
    let judged: Vec<VerifiedVerdict> = match book.0.market().question() {
        Some(_) => verdicts.iter().map(|poll| book.verdict(poll)).collect(),
        None => vec![],
    };
    let ann = || id("ann");
    let mut commands = vec![
        Command::Deposit {
            account: ann(),
            amount: Amount(10),
        },
        Command::Open,
        Command::Split {
            account: ann(),
            amount: Amount(10),
        },
        Command::Merge {
            account: ann(),
            amount: Amount(10),
        },
        Command::Transfer {
            from: ann(),
            to: id("ben"),
            slot: Slot(0),
            shares: Amount(10),
        },
        trade("ann", "ben", 0, 10, 10),
        Command::Close,
        Command::Judge,
        Command::Settle,
        Command::Void,
        Command::AnchorLost {
            canonical: alloy_primitives::B256::ZERO,
        },
        Command::Redeem { account: ann() },
        Command::Redeem { account: id("ben") },
        Command::Withdraw {
            account: ann(),
            amount: Amount(10),
        },
        Command::CollectFees,
    ];
    for verdict in &judged {
        commands.push(Command::Propose { verdict });
        commands.push(Command::Challenge { verdict });
    }
    let times = [
        1,
        CLOSE,
        POLL_START,
        POLL_END + 1,
        POLL_END + 1 + FINALITY,
        SETTLE_BY + 1,
    ];
    let mut next = Vec::new();
    for command in &commands {
        for time in times {
            let mut book = Book(book.0.clone());
            if matches!(book.0.execute(Time(time), command), Ok(Some(_))) {
                next.push(book);
            }
        }
    }
    next
}

#[test]
fn r2_no_sequence_of_eight_events_settles_without_a_verdict() {
    let verdicts = [slot_1_wins(), invalid(), too_early()];
    let mut seen = BTreeSet::new();
    let mut frontier = vec![Book(Ledger::new(spec()).unwrap())];
    let (mut transitions, mut settled, mut void) = (0, 0, 0);
    for _ in 0..DEPTH {
        let mut next = Vec::new();
        for book in &frontier {
            for successor in successors(book, &verdicts) {
                transitions += 1;
                check(&successor);
                match successor.0.market().phase() {
                    Phase::Settled => settled += 1,
                    Phase::Void => void += 1,
                    _ => {}
                }
                if seen.insert(key(&successor)) {
                    next.push(successor);
                }
            }
        }
        frontier = next;
    }
    // The search reaches both ends, or it would prove nothing.
    assert!(settled > 0 && void > 0, "{settled} settled, {void} void");
    assert!(transitions > 1000, "{transitions}");
}

fn check(book: &Book) {
    let phase = book.0.market().phase();
    let position =
        |kind: fn(&Body) -> bool| book.0.events().iter().position(|event| kind(&event.body));
    if phase == Phase::Settled {
        let accepted = position(|body| matches!(body, Body::VerdictAccepted { .. }));
        let settled = position(|body| matches!(body, Body::Settled { .. }));
        assert!(accepted.is_some() && accepted < settled);
        assert!(book.0.market().accepted().is_some());
    }
    // Tokens are paid out at the end only.
    if position(|body| matches!(body, Body::Redeem { .. })).is_some() {
        assert!(phase.is_terminal());
    }
    assert_eq!(book.0.market().check_invariants(), Ok(()));
}
