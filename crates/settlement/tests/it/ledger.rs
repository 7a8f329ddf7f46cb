//! R6: the file replays elsewhere to the same head, and any flipped byte names the failing event.

use maci_settlement::spec::MarketSpec;
use maci_settlement::{Amount, Command, Ledger, LedgerError, Phase};
use maci_verdict::VerifiedPoll;

use crate::common::*;

/// A whole life: deposits, trades, a verdict, settlement, redemption.
fn settled() -> Book {
    let mut book = Book::proposed(MarketSpec {
        fee_ppm: 100_000,
        ..spec()
    });
    book.run(3101, &Command::Settle);
    for account in ["ann", "ben", "cat"] {
        book.redeem(3102, account);
    }
    book.run(3103, &Command::CollectFees);
    book.run(
        3104,
        &Command::Withdraw {
            account: id("cat"),
            amount: Amount(5),
        },
    );
    book
}

fn polls() -> [VerifiedPoll; 1] {
    [slot_1_wins().clone()]
}

#[test]
fn r6_a_replay_gives_the_same_market_and_head() {
    let book = settled();
    let bytes = book.0.to_bytes();
    let replayed = Ledger::parse(&bytes, &polls()).unwrap();
    assert_eq!(replayed, book.0);
    assert_eq!(replayed.head(), book.0.head());
    assert_eq!(replayed.to_bytes(), bytes);
    // Appending line by line writes the same file.
    let mut appended = book.0.header_line();
    for event in book.0.events() {
        appended.extend(Ledger::event_line(event));
    }
    assert_eq!(appended, bytes);
}

#[test]
fn r6_any_flipped_byte_is_refused_and_its_event_named() {
    let book = settled();
    let bytes = book.0.to_bytes();
    let header = book.0.header_line().len();
    let lines: Vec<usize> = book
        .0
        .events()
        .iter()
        .map(|event| Ledger::event_line(event).len())
        .collect();
    // Every byte of the events once, and every seventh of the header, each with another bit.
    let positions = (0..header).step_by(7).chain(header..bytes.len());
    for position in positions {
        let mut changed = bytes.clone();
        changed[position] ^= 1 << (position % 7);
        let error = Ledger::parse(&changed, &polls()).unwrap_err().to_string();
        if position + 1 < header {
            assert!(error.starts_with("header: "), "byte {position}: {error}");
            continue;
        }
        if position + 1 == header {
            // Without its line feed the header runs into event 0.
            continue;
        }
        let mut start = header;
        let seq = lines.iter().position(|length| {
            start += length;
            position < start
        });
        let (seq, last_byte) = (seq.unwrap(), position + 1 == start);
        let named =
            error.starts_with(&format!("event {seq}")) || (last_byte && error.starts_with("line "));
        assert!(named, "byte {position} of event {seq}: {error}");
    }
}

#[test]
fn i8_missing_repeated_and_moved_events_are_refused() {
    let book = settled();
    let text = String::from_utf8(book.0.to_bytes()).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let joined = |lines: &[&str]| lines.join("\n") + "\n";
    let parse = |text: &str| Ledger::parse(text.as_bytes(), &polls());
    let without: Vec<&str> = lines
        .iter()
        .enumerate()
        .filter(|(at, _)| *at != 3)
        .map(|(_, line)| *line)
        .collect();
    assert_eq!(
        parse(&joined(&without)).unwrap_err(),
        LedgerError::Sequence {
            expected: 2,
            found: 3
        }
    );
    let mut twice = lines.clone();
    twice.insert(3, lines[2]);
    assert_eq!(
        parse(&joined(&twice)).unwrap_err(),
        LedgerError::Sequence {
            expected: 2,
            found: 1
        }
    );
    let mut swapped = lines.clone();
    swapped.swap(2, 3);
    assert!(matches!(
        parse(&joined(&swapped)),
        Err(LedgerError::Sequence {
            expected: 1,
            found: 2
        })
    ));
    // A ledger cut at a line is a shorter ledger: whoever knows the head sees it.
    let cut = parse(&joined(&lines[..lines.len() - 1])).unwrap();
    assert_ne!(cut.head(), book.0.head());
    // Cut within a line, it is refused.
    assert!(matches!(
        parse(&text[..text.len() - 10]),
        Err(LedgerError::Unfinished { .. })
    ));
    assert!(matches!(parse(""), Err(LedgerError::Header(_))));
}

#[test]
fn r2_a_ledger_with_a_verdict_is_refused_without_the_audited_poll() {
    let bytes = settled().0.to_bytes();
    let missing = Ledger::parse(&bytes, &[]).unwrap_err();
    assert!(
        matches!(missing, LedgerError::VerdictMissing { given: 0, .. }),
        "{missing}"
    );
    // Another poll with the same results is not the one.
    let other = maci_verdict::testing::ToyPoll {
        salt: 5,
        ..toy([10, 20, 5, 0, 0])
    }
    .verified();
    assert!(matches!(
        Ledger::parse(&bytes, &[other]),
        Err(LedgerError::VerdictMissing { given: 1, .. })
    ));
}

/// Rewrites an event's body, with fresh hashes from there on, as a forger would.
fn forge(book: &Book, from: &str, to: &str) -> LedgerError {
    let text = String::from_utf8(book.0.to_bytes()).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines.iter().position(|line| line.contains(from)).unwrap();
    lines[at] = lines[at].replace(from, to);
    let mut prev: Option<String> = None;
    for line in lines.iter_mut().skip(at) {
        if let Some(prev) = &prev {
            let start = line.find("\"prev\":\"").unwrap() + 8;
            line.replace_range(start..start + 66, prev);
        }
        let start = line.find("\"hash\":\"").unwrap();
        let mut hashed = line.clone();
        // The hashed form is the line without its member `hash`.
        hashed.replace_range(start..start + 8 + 66 + 2, "");
        let hash = alloy_primitives::keccak256(
            [b"maci-rs/ledger-event/v1".as_slice(), hashed.as_bytes()].concat(),
        );
        line.replace_range(start + 8..start + 8 + 66, &hash.to_string());
        prev = Some(hash.to_string());
    }
    let bytes = lines.join("\n") + "\n";
    Ledger::parse(bytes.as_bytes(), &polls()).unwrap_err()
}

#[test]
fn r6_rewritten_history_with_fresh_hashes_is_refused_by_the_replay() {
    let book = settled();
    // A payout that does not follow.
    let payout = forge(
        &book,
        "{\"account\":\"cat\",\"amount\":\"50\"}",
        "{\"account\":\"cat\",\"amount\":\"51\"}",
    );
    assert!(
        matches!(payout, LedgerError::Differs { kind: "redeem", .. }),
        "{payout}"
    );
    // A settlement by a verdict that does not say so.
    let numerators = forge(
        &book,
        "\"numerators\":[\"0\",\"1000000000\",\"0\"]",
        "\"numerators\":[\"1000000000\",\"0\",\"0\"]",
    );
    assert!(
        matches!(
            numerators,
            LedgerError::Differs {
                kind: "verdict_accepted",
                ..
            }
        ),
        "{numerators}"
    );
    // An earlier trade changes the book, so the verdict settles another one.
    let trade = forge(&book, "\"payment\":\"40\"", "\"payment\":\"41\"");
    assert!(
        matches!(
            trade,
            LedgerError::VerdictMissing { .. } | LedgerError::Differs { kind: "trade", .. }
        ),
        "{trade}"
    );
    // A deposit that nobody can cover later.
    let deposit = forge(
        &book,
        "{\"account\":\"ann\",\"amount\":\"1000\"}",
        "{\"account\":\"ann\",\"amount\":\"100\"}",
    );
    assert!(
        matches!(deposit, LedgerError::Refused { kind: "split", .. }),
        "{deposit}"
    );
}

#[test]
fn a_ledger_in_the_middle_of_its_life_goes_on_after_a_replay() {
    let book = Book::judging(spec());
    let mut replayed = Book(Ledger::parse(&book.0.to_bytes(), &[]).unwrap());
    let verdict = replayed.verdict(slot_1_wins());
    replayed.run(3001, &Command::Propose { verdict: &verdict });
    replayed.run(3101, &Command::Settle);
    assert_eq!(replayed.0.market().phase(), Phase::Settled);
    assert_eq!(
        Ledger::parse(&replayed.0.to_bytes(), &polls()).unwrap(),
        replayed.0
    );
}

#[test]
fn void_ledgers_replay_by_either_way() {
    let mut deadline = Book::judging(spec());
    deadline.run(SETTLE_BY + 1, &Command::Void);
    assert_eq!(
        Ledger::parse(&deadline.0.to_bytes(), &[]).unwrap(),
        deadline.0
    );
    let mut verdict = Book::judging(spec());
    let judged = verdict.verdict(invalid());
    verdict.run(3001, &Command::Propose { verdict: &judged });
    verdict.run(3101, &Command::Settle);
    assert_eq!(
        Ledger::parse(&verdict.0.to_bytes(), &[invalid().clone()]).unwrap(),
        verdict.0
    );
}
