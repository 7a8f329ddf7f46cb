//! Lies about a tally (C-09, S12).

use std::collections::BTreeSet;

use maci_circuits::{Circuit, check, testing::Trial, vote_tally::*};
use maci_crypto::{Fr, poseidon, tree::quinary};
use maci_protocol::layout::compact::{TallyInputs, pack};
use maci_verifier::{Mode, PollParams, SbCommitment, TallyCommitment};

use crate::common::{Poll, only, params, tally};

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
    let results = poseidon::hash2(root(results), inputs.new_salts.results.0);
    let spent = poseidon::hash2(spent, inputs.new_salts.spent.0);
    let commitment = match (per_option, inputs.new_salts.per_option_spent) {
        (Some(per_option), Some(salt)) => {
            poseidon::hash3(results, spent, poseidon::hash2(root(per_option), salt.0))
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
        claimed.current.votes[0] = Fr::from(1000u64);
        claimed.current.spent = Fr::from(1000u64);
        claimed.current_salts.results.0 = ONE;
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
        case(changed(|i| i.ballot_families[0][0] += ONE));
        case(changed(|i| i.current_salts.results.0 += ONE));
        case(changed(|i| i.new_salts.results.0 += ONE));
        // The ballot of the second batch with another vote, which only the opening can tell.
        let mut forged = second.clone();
        forged.ballots[0].packed[0] += pack(&[0, 1])[0];
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
        // No five weights: what the lanes leave of the element is in none of them.
        case(refused_by(&overfull(&first, mode)));
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

/// Blank ballots but for one element that five weights cannot make, in a tree and with totals to match: the lanes as a prover
/// finds them are those of its low 250 bits, the fifth takes the rest.
fn overfull(first: &TallyInputs, mode: Mode) -> TallyInputs {
    let mut inputs = first.clone();
    let lane = Fr::from(1u64 << 50);
    inputs.ballots[1].packed[0] = ark_ff::Field::pow(&lane, [5]);
    let ballots = &inputs.ballots;
    let leaves: Vec<_> = ballots.iter().map(|b| b.head.leaf(&b.packed)).collect();
    inputs.ballot_families[0][..2].copy_from_slice(&leaves);
    inputs.ballot_root = poseidon::hash(&inputs.ballot_families[0]);
    let commitment = poseidon::hash3(inputs.state_root, inputs.ballot_root, inputs.sb_salt);
    inputs.statement.sb_commitment = SbCommitment(commitment);
    // The fifth lane is 2^50.
    let results = [ZERO, ZERO, ZERO, ZERO, lane];
    let (spent, per_option) = if mode == Mode::Qv {
        (lane * lane, Some([ZERO, ZERO, ZERO, ZERO, lane * lane]))
    } else {
        (lane, None)
    };
    commit(
        &mut inputs,
        &results,
        spent,
        per_option.as_ref().map(<[Fr; 5]>::as_slice),
    );
    inputs
}

/// T consecutive ballots for every power of two: whole levels, runs within a level, single leaves.
#[test]
fn every_power_of_two_of_ballots_is_tallied() {
    for (mode, depth) in [(Mode::Qv, 5), (Mode::NonQv, 7)] {
        for batch_depth in 0..depth {
            let params = PollParams {
                tally_processing_state_tree_depth: batch_depth,
                ..params(mode, depth, 3)
            };
            let mut poll = Poll::with(params, &[Fr::from(100u64); 17]);
            let tallies = poll.vote(0, 2, 3, 1).vote(16, 1, 4, 1).tallies();
            assert_eq!(tallies.len(), 18usize.div_ceil(1 << batch_depth));
            // The first and the last hold votes.
            for batch in BTreeSet::from([0, tallies.len() - 1]) {
                let inputs = &tallies[batch];
                let id = inputs.circuit;
                assert_eq!(check(id, &tally(inputs)), Ok(()), "{id} {batch}");
                assert_eq!(refused_by(inputs), BTreeSet::new(), "{id} {batch}");
                // Told as another batch, the same ballots lie elsewhere.
                let mut moved = inputs.clone();
                moved.statement.index ^= 1 << batch_depth;
                moved.statement.total_signups = 64;
                assert!(refused_by(&moved).contains(BALLOTS), "{id} {batch}");
                for family in 0..inputs.ballot_families.len() {
                    for place in [0, inputs.ballot_families[family].len() - 1] {
                        let mut other = inputs.clone();
                        other.ballot_families[family][place] += ONE;
                        assert_eq!(refused_by(&other), only(BALLOTS), "{id} {batch}");
                    }
                }
            }
        }
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
