//! The gate fails closed, with one named reason for each refusal (M-01 to M-04).

use alloy_primitives::{Address, B256};
use maci_settlement::gate::{Decision, Hold, Refuse, decide};
use maci_settlement::spec::MarketSpec;
use maci_settlement::{Amount, Command, Phase, Refusal, Time, VoidCause};
use maci_verdict::rule::{Terms, Tie};
use maci_verdict::testing::{ToyKeys, ToyPoll};
use maci_verdict::{
    AuditOptions, Grade, Provenance, Question, VerifiedPoll, VerifiedVerdict, audit, judge,
};

use crate::common::*;

fn refusal(book: &Book, verdict: &VerifiedVerdict) -> Refuse {
    match decide(book.0.market(), verdict, Time(POLL_END + 1)) {
        Decision::Refuse(refuse) => refuse,
        other => panic!("expected a refusal, found {other:?}"),
    }
}

fn asked(book: &Book, change: impl FnOnce(&mut Question)) -> VerifiedVerdict {
    let mut question = book.0.market().question().unwrap();
    change(&mut question);
    judge(slot_1_wins(), &question).unwrap()
}

#[test]
fn m_02_a_verdict_of_another_market_rule_or_book_is_refused_by_name() {
    let book = Book::judging(spec());
    let other = |change: &dyn Fn(&mut Question)| refusal(&book, &asked(&book, change));
    assert!(matches!(
        other(&|question| question.market_id = B256::ZERO),
        Refuse::Market { .. }
    ));
    assert!(matches!(
        other(&|question| question.gate = Address::repeat_byte(7)),
        Refuse::Gate
    ));
    assert!(matches!(
        other(&|question| question.condition_id = B256::ZERO),
        Refuse::Question
    ));
    assert!(matches!(
        other(&|question| question.question_id = B256::ZERO),
        Refuse::Question
    ));
    assert!(matches!(
        other(&|question| question.ledger_head = B256::ZERO),
        Refuse::Book { .. }
    ));
    let rule = |question: &mut Question| {
        let mut rule = *question.terms.rule();
        rule.method = maci_verdict::rule::Method::Plurality { tie: Tie::Void };
        question.terms = Terms::new(rule, 3, question.terms.map().to_vec()).unwrap();
    };
    assert!(matches!(other(&rule), Refuse::Rule { .. }));
    // The same verdict, unchanged, fits.
    let good = asked(&book, |_| {});
    assert!(matches!(
        decide(book.0.market(), &good, Time(POLL_END + 1)),
        Decision::Settle(_)
    ));
}

#[test]
fn m_02_a_verdict_of_another_chain_is_refused_by_name() {
    let book = Book::judging(spec());
    let mut poll = toy([10, 20, 5, 0, 0]);
    poll.source.chain_id = 1;
    let verdict = book.verdict(&poll.verified());
    assert_eq!(
        refusal(&book, &verdict),
        Refuse::Chain {
            expected: 31337,
            found: 1
        }
    );
}

#[test]
fn m_02_a_verdict_under_other_keys_is_refused_by_name() {
    let book = Book::judging(spec());
    let poll = toy([10, 20, 5, 0, 0]);
    let keys = ToyKeys::new(&poll.params, 99);
    let audit = audit(
        &poll.bundle_with(&keys).to_bytes(),
        &keys.trusted(Provenance::Ceremony),
        &AuditOptions::default(),
    );
    let verdict = book.verdict(audit.poll().unwrap());
    assert!(matches!(
        refusal(&book, &verdict),
        Refuse::VerifyingKeys { .. }
    ));
}

/// Changes one pin of the poll alone and expects the gate to name it.
fn pin(name: &'static str, change: impl FnOnce(&mut ToyPoll)) {
    let book = Book::judging(spec());
    let mut poll = toy([10, 20, 5, 0, 0]);
    change(&mut poll);
    let verdict = book.verdict(&poll.verified());
    assert_eq!(refusal(&book, &verdict), Refuse::Pin { pin: name });
}

#[test]
fn m_04_t4_each_pin_changed_alone_is_refused_by_name() {
    let other = Address::repeat_byte(0xee);
    let hash = B256::repeat_byte(0xee);
    pin("maci", |poll| poll.source.contracts.maci = other);
    pin("maci code hash", |poll| {
        poll.source.contracts.maci_code_hash = hash;
    });
    pin("poll id", |poll| poll.source.poll_id = 5);
    pin("poll", |poll| poll.source.contracts.poll = other);
    pin("message processor", |poll| {
        poll.source.contracts.message_processor = other;
    });
    pin("tally", |poll| poll.source.contracts.tally = other);
    pin("process verifier", |poll| {
        poll.source.contracts.process_verifier = other;
    });
    pin("process verifier code hash", |poll| {
        poll.source.contracts.process_verifier_code_hash = hash;
    });
    pin("tally verifier", |poll| {
        poll.source.contracts.tally_verifier = other;
    });
    pin("tally verifier code hash", |poll| {
        poll.source.contracts.tally_verifier_code_hash = hash;
    });
    pin("registry", |poll| poll.source.contracts.registry = other);
    pin("sign-up policy", |poll| {
        poll.source.contracts.sign_up_policy = other;
    });
    pin("poll policy", |poll| {
        poll.source.contracts.poll_policy = other;
    });
    pin("credit proxy", |poll| {
        poll.source.contracts.credit_proxy = other;
    });
    pin("relayers", |poll| {
        poll.source.contracts.relayers.push(other);
    });
    pin("start date", |poll| poll.source.start_date += 1);
    pin("end date", |poll| poll.source.end_date -= 1);
}

#[test]
fn m_04_the_coordinator_key_and_the_parameters_are_pinned() {
    // These are bound by the proofs as well, so the market's pins are changed in place of the poll.
    let with = |change: &dyn Fn(&mut maci_verdict::PollPins)| {
        let mut pinned = pins();
        change(&mut pinned);
        let book = Book::judging(MarketSpec {
            polls: vec![pinned],
            ..spec()
        });
        let verdict = book.verdict(slot_1_wins());
        refusal(&book, &verdict)
    };
    let pin = |pin| Refuse::Pin { pin };
    assert_eq!(
        with(&|pins| pins.coordinator_public_key_hash.0 += maci_field(1)),
        pin("coordinator public key hash")
    );
    assert_eq!(
        with(&|pins| pins.params.message_batch_size = 6),
        pin("message batch size")
    );
    assert_eq!(
        with(&|pins| pins.params.mode = maci_verifier::Mode::Full),
        pin("mode")
    );
    assert_eq!(
        with(&|pins| pins.params.state_tree_depth = 5),
        pin("state tree depth")
    );
    assert_eq!(
        with(&|pins| pins.params.tally_processing_state_tree_depth = 2),
        pin("tally processing state tree depth")
    );
    assert_eq!(
        with(&|pins| pins.params.vote_option_tree_depth = 2),
        pin("vote option tree depth")
    );
    assert_eq!(
        with(&|pins| pins.empty_ballot_root.0 += maci_field(1)),
        pin("empty ballot root")
    );
}

fn maci_field(value: u64) -> ark_bn254::Fr {
    value.into()
}

#[test]
fn m_02_development_keys_are_refused_unless_the_market_accepts_them() {
    let dev = dev_poll();
    let book = Book::judging(spec());
    assert_eq!(refusal(&book, &book.verdict(&dev)), Refuse::DevKeys);
    let mut demo = Book::judging(MarketSpec {
        allow_insecure_dev: true,
        ..spec()
    });
    let verdict = demo.verdict(&dev);
    demo.run(3001, &Command::Propose { verdict: &verdict });
    assert!(demo.0.market().accepted().unwrap().insecure_dev);
}

#[test]
fn m_02_too_low_a_grade_is_refused_by_name() {
    let book = Book::judging(MarketSpec {
        min_grade: Grade::V2,
        ..spec()
    });
    let verdict = book.verdict(slot_1_wins());
    assert_eq!(
        refusal(&book, &verdict),
        Refuse::Grade {
            expected: Grade::V2,
            found: Grade::V1
        }
    );
}

#[test]
fn m_02_stale_and_replayed_verdicts_are_refused_by_name() {
    let mut book = Book::judging(spec());
    let verdict = book.verdict(slot_1_wins());
    let at = |book: &Book, time| decide(book.0.market(), &verdict, Time(time));
    assert_eq!(
        at(&book, SETTLE_BY + 1),
        Decision::Refuse(Refuse::Stale {
            settle_by: Time(SETTLE_BY)
        })
    );
    book.run(3001, &Command::Propose { verdict: &verdict });
    book.run(3101, &Command::Settle);
    assert_eq!(
        at(&book, 3102),
        Decision::Refuse(Refuse::Over {
            phase: Phase::Settled
        })
    );
    let again = book
        .try_run(3102, &Command::Propose { verdict: &verdict })
        .unwrap_err();
    assert_eq!(
        again,
        Refusal::Gate(Refuse::Over {
            phase: Phase::Settled
        })
    );
}

#[test]
fn a_verdict_that_comes_before_its_time_is_held() {
    let frozen = Book::judging(spec());
    let verdict = frozen.verdict(slot_1_wins());
    let mut closed = Book::open(spec());
    closed.run(CLOSE, &Command::Close);
    let held = decide(closed.0.market(), &verdict, Time(CLOSE));
    assert_eq!(
        held,
        Decision::Hold(Hold::NotJudging {
            phase: Phase::Closed
        })
    );
}

#[test]
fn m_01_a_verdict_with_another_commitment_is_refused() {
    let mut book = Book::proposed(spec());
    // The same votes, tallied again with other salts.
    let resalted = ToyPoll {
        salt: 1,
        ..toy([10, 20, 5, 0, 0])
    }
    .verified();
    let verdict = book.verdict(&resalted);
    assert!(matches!(
        refusal(&book, &verdict),
        Refuse::Commitment { .. }
    ));
    let challenge = book
        .try_run(3002, &Command::Challenge { verdict: &verdict })
        .unwrap_err();
    assert!(matches!(
        challenge,
        Refusal::Gate(Refuse::Commitment { .. })
    ));
    assert_eq!(book.0.market().phase(), Phase::Proposed);
}

#[test]
fn two_verdicts_that_both_verify_and_contradict_each_other_void_the_market() {
    let mut book = Book::proposed(spec());
    let accepted = book.verdict(slot_1_wins());
    let no_conflict = book
        .try_run(3002, &Command::Challenge { verdict: &accepted })
        .unwrap_err();
    assert_eq!(no_conflict, Refusal::NoConflict);
    let other = book.verdict(&toy([21, 20, 5, 0, 0]).verified());
    assert_eq!(refusal(&book, &other), Refuse::Conflict);
    book.run(3002, &Command::Challenge { verdict: &other });
    assert_eq!(
        book.0.market().void_cause(),
        Some(VoidCause::ConflictingProofs)
    );
}

#[test]
fn a_lost_anchor_reopens_judging_and_needs_evidence() {
    let mut book = Book::proposed(spec());
    // The toy bundle names no block.
    let none = book
        .try_run(
            3002,
            &Command::AnchorLost {
                canonical: B256::ZERO,
            },
        )
        .unwrap_err();
    assert_eq!(none, Refusal::AnchorStands);

    let mut bundle = toy([10, 20, 5, 0, 0]).bundle();
    bundle.anchor = Some(maci_verdict::Anchor {
        number: 7,
        hash: B256::repeat_byte(7),
    });
    let audit = audit(
        &bundle.to_bytes(),
        &ToyKeys::shared().trusted(Provenance::Ceremony),
        &AuditOptions::default(),
    );
    let anchored: &VerifiedPoll = audit.poll().unwrap();
    let mut book = Book::judging(spec());
    let verdict = book.verdict(anchored);
    book.run(3001, &Command::Propose { verdict: &verdict });
    let stands = book
        .try_run(
            3002,
            &Command::AnchorLost {
                canonical: B256::repeat_byte(7),
            },
        )
        .unwrap_err();
    assert_eq!(stands, Refusal::AnchorStands);
    book.run(
        3002,
        &Command::AnchorLost {
            canonical: B256::repeat_byte(8),
        },
    );
    assert_eq!(book.0.market().phase(), Phase::Judging);
    assert!(book.0.market().accepted().is_none());
    // The book is the same, so the same verdict can come back, and finality starts anew.
    book.run(3003, &Command::Propose { verdict: &verdict });
    assert!(matches!(
        book.try_run(3102, &Command::Settle),
        Err(Refusal::Hold(Hold::AwaitingFinality { .. }))
    ));
    book.run(3103, &Command::Settle);
    assert_eq!(book.0.market().locked(), Amount(300));
}
