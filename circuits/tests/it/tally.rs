//! Lies about a tally (C-09, S12).

use std::collections::BTreeSet;

use maci_circuits::{Circuit, testing::Trial, vote_tally::*};
use maci_crypto::{Fr, poseidon, tree::quinary};
use maci_protocol::layout::maci::TallyInputs;
use maci_verifier::{Mode, TallyCommitment};

use crate::common::{Poll, only, tally};

const ONE: Fr = ark_ff::MontFp!("1");
const ZERO: Fr = ark_ff::MontFp!("0");

/// Two tally batches: leaves 0 and 1, leaves 2 and 3.
fn batches(mode: Mode) -> Vec<TallyInputs> {
    let mut poll = Poll::new(
        mode,
        3,
        &[Fr::from(100u64), Fr::from(50u64), Fr::from(70u64)],
    );
    poll.vote(0, 2, 3, 1).vote(1, 0, 5, 1).tallies()
}

fn refused_by(inputs: &TallyInputs) -> BTreeSet<&'static str> {
    lie(inputs, "nothing", |_| ZERO)
}

fn lie(inputs: &TallyInputs, name: &'static str, value: fn(Fr) -> Fr) -> BTreeSet<&'static str> {
    let circuit = Circuit::new(inputs.circuit, tally(inputs)).unwrap();
    let once = std::cell::Cell::new(false);
    let tamper = move |found: &'static str, _: Option<usize>, honest: Fr| {
        (found == name && !once.replace(true)).then(|| value(honest))
    };
    Trial::tampered(circuit, Box::new(tamper))
        .unwrap()
        .unsatisfied()
}

/// Commits to these totals in place of the honest ones.
fn commit(inputs: &mut TallyInputs, results: &[Fr], spent: Fr, per_option: Option<&[Fr]>) {
    let root = |values: &[Fr]| quinary::root_of(values, 1).unwrap();
    let results = poseidon::hash2(root(results), inputs.new_results_root_salt);
    let spent = poseidon::hash2(spent, inputs.new_spent_voice_credit_subtotal_salt);
    let commitment = match (per_option, inputs.new_per_vote_option_spent_root_salt) {
        (Some(per_option), Some(salt)) => {
            poseidon::hash3(results, spent, poseidon::hash2(root(per_option), salt))
        }
        _ => poseidon::hash2(results, spent),
    };
    inputs.statement.new_tally_commitment = TallyCommitment(commitment);
}

fn numbers(values: [u64; 5]) -> Vec<Fr> {
    values.map(Fr::from).to_vec()
}

#[test]
fn c_09_the_first_tally_batch_starts_at_zero() {
    for mode in [Mode::Qv, Mode::NonQv] {
        let honest = batches(mode).remove(0);
        assert_eq!(refused_by(&honest), BTreeSet::new());
        // Current values count as 0 whatever they claim …
        let mut claimed = honest.clone();
        claimed.current_results[0] = Fr::from(1000u64);
        claimed.current_spent_voice_credit_subtotal = Fr::from(1000u64);
        claimed.current_results_root_salt = ONE;
        assert_eq!(refused_by(&claimed), BTreeSet::new());
        // … so that a result with them in it is refused,
        let spent = if mode == Mode::Qv { 9u64 } else { 3 };
        let per_option = (mode == Mode::Qv).then(|| numbers([0, 0, 9, 0, 0]));
        let results = numbers([1000, 0, 3, 0, 0]);
        commit(
            &mut claimed,
            &results,
            Fr::from(1000 + spent),
            per_option.as_deref(),
        );
        assert_eq!(refused_by(&claimed), only(NEW_TALLY));
        // and so is a commitment other than 0 to start from.
        let mut continued = honest.clone();
        continued.statement.current_tally_commitment = TallyCommitment(ONE);
        assert_eq!(refused_by(&continued), only(CURRENT_TALLY));
    }
}

#[test]
fn every_tally_clause_refuses_something_that_no_other_clause_refuses() {
    for mode in [Mode::Qv, Mode::NonQv] {
        let mut refused = BTreeSet::new();
        let mut case = |found: BTreeSet<&'static str>| {
            assert_eq!(found.len(), 1, "{found:?}");
            refused.extend(found);
        };
        let [first, second] = <[TallyInputs; 2]>::try_from(batches(mode)).unwrap();
        let changed = |change: fn(&mut TallyInputs)| {
            let mut inputs = second.clone();
            change(&mut inputs);
            refused_by(&inputs)
        };
        case(changed(|i| i.sb_salt += ONE));
        case(changed(|i| i.statement.total_signups = 1));
        case(changed(|i| i.ballot_path_elements[0] += ONE));
        case(changed(|i| i.current_results_root_salt += ONE));
        case(changed(|i| i.new_results_root_salt += ONE));
        // The ballot of the second batch with another vote: its option root stays, so only the opening can tell.
        let mut forged = second.clone();
        forged.votes[0][1] = ONE;
        let (spent, per_option) = if mode == Mode::Qv {
            (35u64, Some(numbers([25, 1, 9, 0, 0])))
        } else {
            (9, None)
        };
        commit(
            &mut forged,
            &numbers([5, 1, 3, 0, 0]),
            Fr::from(spent),
            per_option.as_deref(),
        );
        case(refused_by(&forged));
        // The second batch's ballots, opened in their own place, as those of index 0.
        let mut elsewhere = second_as_first(&second, mode);
        elsewhere.statement.index = 0;
        case(lie(&elsewhere, POSITION, |_| ONE));
        // A later batch told as if it were the first.
        case(lie(&second_as_first(&second, mode), FIRST, |_| ONE));
        if mode == Mode::Qv {
            let mut dearer = second.clone();
            commit(
                &mut dearer,
                &numbers([5, 0, 3, 0, 0]),
                Fr::from(35u64),
                Some(&numbers([26, 0, 9, 0, 0])),
            );
            case(lie(&dearer, SQUARES, |square| square + ONE));
        }
        let mut more = first.clone();
        let (spent, per_option) = if mode == Mode::Qv {
            (9u64, Some(numbers([0, 0, 9, 0, 0])))
        } else {
            (3, None)
        };
        commit(
            &mut more,
            &numbers([1, 0, 3, 0, 0]),
            Fr::from(spent),
            per_option.as_deref(),
        );
        case(lie(&more, TOTALS, |_| ONE));

        let stats = maci_circuits::stats(first.circuit).unwrap();
        let all: BTreeSet<_> = stats.clauses.iter().map(|(name, _)| *name).collect();
        assert_eq!(refused, all, "{mode:?}");
    }
}

/// The second batch told as if it were the first: commitment 0 and only its own votes.
fn second_as_first(second: &TallyInputs, mode: Mode) -> TallyInputs {
    let mut inputs = second.clone();
    inputs.statement.current_tally_commitment = TallyCommitment(ZERO);
    let (spent, per_option) = if mode == Mode::Qv {
        (25u64, Some(numbers([25, 0, 0, 0, 0])))
    } else {
        (5, None)
    };
    commit(
        &mut inputs,
        &numbers([5, 0, 0, 0, 0]),
        Fr::from(spent),
        per_option.as_deref(),
    );
    inputs
}
