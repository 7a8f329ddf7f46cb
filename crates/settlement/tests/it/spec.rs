//! The specification: refused by name when it contradicts itself, and hashed as a whole into the market id.

use alloy_primitives::Address;
use maci_settlement::spec::{Bond, Lint, MarketSpec, QuestionKind, SpecError};
use maci_settlement::{Amount, Slot, Time, VoidPolicy};
use maci_verdict::rule::{Target, Terms};

use crate::common::*;

fn refused(change: impl FnOnce(&mut MarketSpec)) -> SpecError {
    let mut spec = spec();
    change(&mut spec);
    spec.validate().unwrap_err()
}

#[test]
fn r7_a_fact_needs_criterion_evidence_and_too_early() {
    assert_eq!(
        refused(|spec| spec.question.criterion.clear()),
        SpecError::Fact {
            missing: "a criterion"
        }
    );
    assert_eq!(
        refused(|spec| spec.question.evidence.clear()),
        SpecError::Fact {
            missing: "a source of evidence"
        }
    );
    let never = |spec: &mut MarketSpec| {
        let map = vec![
            Target::Slot(0),
            Target::Slot(1),
            Target::Slot(2),
            Target::Invalid,
            Target::Invalid,
        ];
        spec.terms = Terms::new(*spec.terms.rule(), 3, map).unwrap();
    };
    assert!(matches!(refused(never), SpecError::Fact { .. }));
    let mut value = spec();
    never(&mut value);
    value.question.kind = QuestionKind::Value;
    assert_eq!(value.validate(), Ok(()));
    assert_eq!(refused(|spec| spec.polls.clear()), SpecError::NoPoll);
}

#[test]
fn r15_the_poll_starts_at_or_after_the_close() {
    assert_eq!(
        refused(|spec| spec.close_time = Time(POLL_START + 1)),
        SpecError::PollBeforeClose {
            poll: 0,
            close_time: Time(POLL_START + 1),
            start: POLL_START
        }
    );
    let mut at = spec();
    at.close_time = Time(POLL_START);
    assert_eq!(at.validate(), Ok(()));
}

#[test]
fn deadlines_leave_room_for_finality() {
    assert!(matches!(
        refused(|spec| spec.settle_by = Time(POLL_END + FINALITY)),
        SpecError::Deadline { poll: 0, .. }
    ));
    assert!(matches!(
        refused(|spec| spec.finality = u64::MAX),
        SpecError::Deadline { .. }
    ));
    let mut tight = spec();
    tight.settle_by = Time(POLL_END + FINALITY + 1);
    assert_eq!(tight.validate(), Ok(()));
}

#[test]
fn polls_are_distinct_in_order_and_on_one_chain() {
    let second = second_poll().pins().clone();
    let with = |change: &dyn Fn(&mut maci_verdict::PollPins)| {
        refused(|spec| {
            let mut second = second.clone();
            change(&mut second);
            spec.polls.push(second);
        })
    };
    assert!(matches!(
        with(&|pins| pins.chain_id = 1),
        SpecError::Chain { poll: 1, .. }
    ));
    assert!(matches!(
        with(&|pins| pins.start_date = POLL_END),
        SpecError::PollOrder { poll: 1, .. }
    ));
    assert!(matches!(
        with(&|pins| pins.contracts.poll = Address::repeat_byte(0x22)),
        SpecError::RepeatedPoll { poll: 1 }
    ));
    assert!(matches!(
        with(&|pins| pins.params.vote_options = 4),
        SpecError::VoteOptions { poll: 1, .. }
    ));
    let backwards = |spec: &mut MarketSpec| spec.polls[0].end_date = spec.polls[0].start_date;
    assert!(matches!(
        refused(backwards),
        SpecError::PollOrder { poll: 0, .. }
    ));
}

#[test]
fn r9_r18_roles_and_capture_are_declared() {
    assert!(matches!(
        refused(|spec| spec.roles.coordinator = id("executor")),
        SpecError::RolesCoincide { .. }
    ));
    let mut declared = spec();
    declared.roles.coordinator = id("executor");
    declared.roles.executor_is_coordinator = true;
    assert_eq!(declared.validate(), Ok(()));
    assert!(declared.lint().contains(&Lint::ExecutorIsCoordinator));
    assert_eq!(
        refused(|spec| spec.capture_profile.token_weighted = true),
        SpecError::TokenWeighted
    );
    assert!(matches!(
        refused(|spec| spec.subsidy = Amount(1)),
        SpecError::SubsidyWithoutMaker { .. }
    ));
    let bond = Bond {
        account: id("x"),
        amount: Amount(0),
    };
    assert!(matches!(
        refused(|spec| spec.bonds.push(bond)),
        SpecError::Bond { .. }
    ));
    assert!(matches!(
        refused(|spec| spec.fee_ppm = 100_001),
        SpecError::Fee { found: 100_001 }
    ));
}

#[test]
fn outcomes_labels_and_slots_fit() {
    assert!(matches!(
        refused(|spec| drop(spec.outcomes.pop())),
        SpecError::Outcomes {
            expected: 3,
            found: 2
        }
    ));
    assert!(matches!(
        refused(|spec| spec.outcomes[0] = "blue".to_owned()),
        SpecError::Label { .. }
    ));
    let slot = |spec: &mut MarketSpec| spec.void_policy = VoidPolicy::InvalidSlot(Slot(3));
    assert!(matches!(
        refused(slot),
        SpecError::InvalidSlot { outcomes: 3, .. }
    ));
    assert!(matches!(
        refused(|spec| spec.question.text.clear()),
        SpecError::Text {
            field: "question",
            ..
        }
    ));
    assert!(spec().lint().contains(&Lint::NoQuorum));
}

#[test]
fn the_market_id_binds_every_field() {
    let changes: [&dyn Fn(&mut MarketSpec); 21] = [
        &|_| {},
        &|spec| spec.question.text.push('!'),
        &|spec| spec.question.criterion.push('!'),
        &|spec| spec.question.evidence.push('!'),
        &|spec| spec.question.kind = QuestionKind::Value,
        &|spec| spec.outcomes[0].push('!'),
        &|spec| spec.polls[0].end_date += 1,
        &|spec| spec.collateral.decimals = 7,
        &|spec| spec.close_time.0 += 1,
        &|spec| spec.settle_by.0 += 1,
        &|spec| spec.finality += 1,
        &|spec| spec.void_policy = VoidPolicy::Uniform,
        &|spec| spec.roles.fee_taker = id("other"),
        &|spec| spec.roles.market_maker = Some(id("other")),
        &|spec| spec.capture_profile.policy.push('!'),
        &|spec| {
            spec.bonds.push(Bond {
                account: id("x"),
                amount: Amount(1),
            });
        },
        &|spec| spec.fee_ppm = 1,
        &|spec| spec.min_grade = maci_verdict::Grade::V2,
        &|spec| spec.allow_insecure_dev = true,
        &|spec| spec.gate = Address::repeat_byte(1),
        &|spec| {
            spec.value_cap = Some(maci_settlement::spec::ValueCap {
                per_juror: Amount(1),
                electorate: 1,
                per_credit: Amount(1),
            });
        },
    ];
    let mut ids = Vec::new();
    for change in changes {
        let mut changed = spec();
        change(&mut changed);
        ids.push(changed.market_id());
        let bytes = changed.to_bytes();
        assert_eq!(MarketSpec::parse(&bytes).unwrap(), changed);
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
