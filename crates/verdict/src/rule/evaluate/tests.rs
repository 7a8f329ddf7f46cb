#![allow(clippy::unwrap_used)]
use super::super::{DENOMINATOR, Rule, TermsError};
use super::*;
use proptest::prelude::*;

const D: u64 = DENOMINATOR;

fn terms(method: Method, map: &[Target]) -> Terms {
    Terms::new(
        Rule {
            measure: Measure::Votes,
            method,
            min_spent: None,
        },
        3,
        map.to_vec(),
    )
    .unwrap()
}

fn slots(count: u16) -> Vec<Target> {
    (0..count).map(Target::Slot).collect()
}

fn tally(results: &[u128]) -> TallyView {
    TallyView {
        results: results.to_vec(),
        spent_per_option: None,
        total_spent: results.iter().copied().map(U256::from).sum(),
    }
}

fn resolution(terms: &Terms, results: &[u128]) -> Resolution {
    terms.evaluate(&tally(results)).unwrap().resolution
}

fn paid(numerators: [u64; 3]) -> Resolution {
    Resolution::Payout(Numerators::from_vec(numerators.to_vec()).unwrap())
}

#[test]
fn plurality_pays_the_leader() {
    let terms = terms(Method::Plurality { tie: Tie::Void }, &slots(3));
    assert_eq!(resolution(&terms, &[1, 5, 3]), paid([0, D, 0]));
    assert_eq!(
        resolution(&terms, &[0, 0, 0]),
        Resolution::Void(VoidReason::NoVotes)
    );
    assert_eq!(
        resolution(&terms, &[u128::MAX, u128::MAX - 1, 0]),
        paid([D, 0, 0])
    );
}

#[test]
fn t11_a_tie_means_what_was_declared() {
    let results = [5, 5, 1];
    let with = |tie| resolution(&terms(Method::Plurality { tie }, &slots(3)), &results);
    assert_eq!(with(Tie::Void), Resolution::Void(VoidReason::Tie));
    assert_eq!(with(Tie::Split), paid([D / 2, D / 2, 0]));
    assert_eq!(with(Tie::StatusQuo(2)), paid([0, 0, D]));
    let three = terms(Method::Plurality { tie: Tie::Split }, &slots(3));
    assert_eq!(
        resolution(&three, &[7, 7, 7]),
        paid([333_333_334, 333_333_333, 333_333_333])
    );
}

#[test]
fn t11_options_of_one_answer_do_not_tie() {
    let map = [
        Target::Slot(1),
        Target::Slot(1),
        Target::Slot(0),
        Target::Invalid,
        Target::TooEarly,
    ];
    let void = terms(Method::Plurality { tie: Tie::Void }, &map);
    assert_eq!(resolution(&void, &[4, 4, 3, 0, 0]), paid([0, D, 0]));
    assert_eq!(
        resolution(&void, &[4, 4, 4, 0, 0]),
        Resolution::Void(VoidReason::Tie)
    );
    assert_eq!(
        resolution(&void, &[0, 0, 0, 9, 0]),
        Resolution::Void(VoidReason::Invalid)
    );
    assert_eq!(resolution(&void, &[0, 0, 0, 0, 9]), Resolution::TooEarly);
    let split = terms(Method::Plurality { tie: Tie::Split }, &map);
    // Two of three tied options lead to slot 1.
    assert_eq!(
        resolution(&split, &[4, 4, 4, 0, 0]),
        paid([333_333_333, 666_666_667, 0])
    );
    assert_eq!(
        resolution(&split, &[4, 0, 0, 4, 0]),
        Resolution::Void(VoidReason::Tie)
    );
}

#[test]
fn threshold_compares_exactly() {
    let threshold = |numerator, denominator, fallback| {
        terms(
            Method::Threshold {
                option: 1,
                numerator,
                denominator,
                fallback,
            },
            &slots(3),
        )
    };
    let two_thirds = threshold(2, 3, Target::Slot(0));
    assert_eq!(resolution(&two_thirds, &[100, 200, 0]), paid([0, D, 0]));
    assert_eq!(resolution(&two_thirds, &[101, 200, 0]), paid([D, 0, 0]));
    assert_eq!(
        resolution(&threshold(1, 1, Target::Invalid), &[1, 9, 0]),
        Resolution::Void(VoidReason::Invalid)
    );
    assert_eq!(
        resolution(&threshold(1, 2, Target::TooEarly), &[9, 1, 0]),
        Resolution::TooEarly
    );
    assert_eq!(
        resolution(&two_thirds, &[0, 0, 0]),
        Resolution::Void(VoidReason::NoVotes)
    );
    // Rounding in floating point would let this one pass.
    let huge = threshold(u64::MAX - 1, u64::MAX, Target::Slot(0));
    assert_eq!(
        resolution(&huge, &[2, u128::from(u64::MAX) - 3, 0]),
        paid([D, 0, 0])
    );
}

#[test]
fn t11_quorum_at_plus_and_minus_one() {
    let rule = Rule {
        measure: Measure::Votes,
        method: Method::Plurality { tie: Tie::Void },
        min_spent: Some(10),
    };
    let terms = Terms::new(rule, 2, slots(2)).unwrap();
    assert_eq!(
        resolution(&terms, &[9, 0]),
        Resolution::Void(VoidReason::QuorumMissed {
            min_spent: 10,
            spent: U256::from(9)
        })
    );
    assert!(matches!(
        resolution(&terms, &[10, 0]),
        Resolution::Payout(_)
    ));
    assert!(matches!(
        resolution(&terms, &[11, 0]),
        Resolution::Payout(_)
    ));
}

#[test]
fn votes_and_credits_may_disagree() {
    let view = TallyView {
        results: vec![6, 5],
        spent_per_option: Some(vec![U256::from(12), U256::from(25)]),
        total_spent: U256::from(37),
    };
    let rule = |measure| Rule {
        measure,
        method: Method::Plurality { tie: Tie::Void },
        min_spent: None,
    };
    let under = |measure| {
        Terms::new(rule(measure), 2, slots(2))
            .unwrap()
            .evaluate(&view)
            .unwrap()
            .resolution
    };
    assert_eq!(under(Measure::Votes).numerators(), [D, 0]);
    assert_eq!(under(Measure::Credits).numerators(), [0, D]);
}

#[test]
fn credits_of_any_size_are_judged_and_only_a_threshold_bounds_them() {
    let view = |first: U256, second: U256| TallyView {
        results: vec![1 << 64, 1],
        spent_per_option: Some(vec![first, second]),
        total_spent: first.saturating_add(second),
    };
    let under = |method, view: &TallyView| {
        let rule = Rule {
            measure: Measure::Credits,
            method,
            min_spent: Some(u128::MAX),
        };
        Terms::new(rule, 2, slots(2)).unwrap().evaluate(view)
    };
    let plurality = Method::Plurality { tie: Tie::Void };
    let three_quarters = Method::Threshold {
        option: 0,
        numerator: 3,
        denominator: 4,
        fallback: Target::Invalid,
    };
    let (three, one) = (U256::from(3) << 150, U256::from(1) << 150);
    for method in [plurality, three_quarters] {
        let evaluation = under(method, &view(three, one)).unwrap();
        assert_eq!(evaluation.resolution.numerators(), [D, 0]);
    }
    let missed = under(three_quarters, &view(three, one + U256::from(1))).unwrap();
    assert_eq!(missed.resolution, Resolution::Void(VoidReason::Invalid));
    let edge = U256::from(1) << 192;
    let below = view(edge - U256::from(1), U256::ZERO);
    assert!(under(three_quarters, &below).is_ok());
    for (first, second) in [
        (edge - U256::from(1), U256::from(1)),
        (U256::MAX, U256::MAX),
    ] {
        let beyond = view(first, second);
        assert_eq!(
            under(three_quarters, &beyond),
            Err(EvaluationError::TotalOverflow)
        );
        assert!(under(plurality, &beyond).is_ok());
    }
}

#[test]
fn terms_refuse_contradictions_by_name() {
    let rule = Rule {
        measure: Measure::Votes,
        method: Method::Plurality {
            tie: Tie::StatusQuo(3),
        },
        min_spent: None,
    };
    assert_eq!(
        Terms::new(rule, 3, slots(3)),
        Err(TermsError::Option {
            option: 3,
            options: 3
        })
    );
    let fine = Rule {
        method: Method::Plurality { tie: Tie::Split },
        ..rule
    };
    assert_eq!(
        Terms::new(fine, 1, slots(1)),
        Err(TermsError::Outcomes { found: 1 })
    );
    assert_eq!(
        Terms::new(fine, 2, slots(3)),
        Err(TermsError::Slot {
            slot: 2,
            outcomes: 2
        })
    );
    assert_eq!(
        Terms::new(fine, 2, vec![]),
        Err(TermsError::Map { found: 0 })
    );
    assert_eq!(
        Terms::new(fine, 2, vec![Target::Invalid]),
        Err(TermsError::NoSlot)
    );
    let share = Rule {
        method: Method::Threshold {
            option: 0,
            numerator: 3,
            denominator: 2,
            fallback: Target::Invalid,
        },
        ..rule
    };
    assert_eq!(
        Terms::new(share, 2, slots(2)),
        Err(TermsError::Share {
            numerator: 3,
            denominator: 2
        })
    );
    let short = Terms::new(fine, 2, slots(2))
        .unwrap()
        .evaluate(&tally(&[1, 2, 3]))
        .unwrap_err();
    assert_eq!(
        short.to_string(),
        "results: expected 2 options, as in the question map, found 3"
    );
}

fn arb_terms() -> impl Strategy<Value = Terms> {
    let target = prop_oneof![
        (0u16..4).prop_map(Target::Slot),
        Just(Target::Invalid),
        Just(Target::TooEarly)
    ];
    let method = prop_oneof![
        Just(Method::Plurality { tie: Tie::Split }),
        Just(Method::Plurality { tie: Tie::Void }),
        (0u16..3).prop_map(|option| Method::Plurality {
            tie: Tie::StatusQuo(option)
        }),
        (0u16..3, 1u64..9, target.clone()).prop_map(|(option, numerator, fallback)| {
            Method::Threshold {
                option,
                numerator,
                denominator: 9,
                fallback,
            }
        }),
    ];
    let measure = prop_oneof![Just(Measure::Votes), Just(Measure::Credits)];
    (
        measure,
        method,
        prop::option::of(0u128..50),
        prop::collection::vec(target, 3..8),
    )
        .prop_filter_map("at least one slot", |(measure, method, min_spent, map)| {
            Terms::new(
                Rule {
                    measure,
                    method,
                    min_spent,
                },
                4,
                map,
            )
            .ok()
        })
}

proptest! {
    #[test]
    fn t8_every_tally_resolves_and_payouts_sum_to_the_denominator(
        terms in arb_terms(), results in prop::collection::vec(prop_oneof![0u128..4, any::<u128>()], 8)
    ) {
        let results = &results[..terms.map().len()];
        let evaluation = terms.evaluate(&tally(results)).unwrap();
        if let Resolution::Payout(numerators) = &evaluation.resolution {
            prop_assert_eq!(numerators.as_slice().len(), terms.outcomes());
            prop_assert_eq!(numerators.as_slice().iter().sum::<u64>(), D);
        }
        prop_assert!(!evaluation.reasons.is_empty());
    }

    #[test]
    fn terms_round_trip_and_hash_apart(left in arb_terms(), right in arb_terms()) {
        prop_assert_eq!(&Terms::from_value("terms", left.to_value()).unwrap(), &left);
        prop_assert_eq!(left.hash() == right.hash(), left == right);
    }
}
