//! One proof.

use ark_bn254::Fr;
use ark_ec::CurveGroup;
use ark_ff::{AdditiveGroup, Field};
use maci_circuits::{Circuit, Inputs, sample_inputs};
use maci_prover::cancel::Cancel;
use maci_prover::groth16::{self, Work};
use maci_prover::witness::Assignment;
use maci_prover::{Backend, ProveError, prove, prove_timed};
use maci_verifier::{PollJoined, Proof, verify};

use crate::support::{joined, key, randomness};

/// maci-benches holds the proof with r = 1 against ark-groth16.
#[test]
fn blinding_multiplies_the_plain_proof() {
    let key = key();
    let inputs = joined(5, 100);
    let s = Fr::from(13u64);
    let assignment = Assignment::of(Circuit::new(key.circuit(), inputs.clone()).unwrap()).unwrap();
    let of = |r_s| groth16::create(&key, &assignment, r_s, &mut Work::new(&Cancel::new()));
    let plain = of((Fr::ONE, s)).unwrap();
    let r = Fr::from(11u64);
    let blinded = of((r, s)).unwrap();
    assert_eq!(blinded.a, (plain.a * r).into_affine());
    assert_eq!((blinded.b * r).into_affine(), plain.b);
    assert_eq!(blinded.c, plain.c);
    let proof = prove(&key, inputs, |_, _| (r, s)).unwrap();
    assert_eq!(proof, Proof::new(blinded.a, blinded.b, blinded.c).unwrap());
    assert!(matches!(of((Fr::ZERO, s)), Err(ProveError::Randomness)));
}

#[test]
fn both_backends_and_any_number_of_threads_give_the_same_proof() {
    let key = key();
    let circuit = Circuit::new(key.circuit(), joined(5, 100)).unwrap();
    let assignment = Assignment::of(circuit).unwrap();
    let r_s = (Fr::from(11u64), Fr::from(13u64));
    let mut seen = None;
    for threads in [1, 2, 3, 64] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        for backend in [Backend::Vectors, Backend::Scalar] {
            let mut steps = Vec::new();
            let mut report = |step| steps.push(step);
            let cancel = Cancel::new();
            let mut work = Work::new(&cancel)
                .with_backend(backend)
                .reporting(&mut report);
            let points = pool
                .install(|| groth16::create(&key, &assignment, r_s, &mut work))
                .unwrap();
            assert_eq!(*seen.get_or_insert(points), points, "{threads} {backend:?}");
            assert_eq!(steps.len(), 6);
        }
    }
}

#[test]
fn the_proof_verifies_and_is_the_same_again() {
    let key = key();
    let inputs = joined(7, 100);
    let Inputs::Joined(joined_inputs) = &inputs else {
        unreachable!()
    };
    let statement: PollJoined = joined_inputs.statement;
    let mut seen = None;
    let proof = prove(&key, inputs.clone(), |public, digest| {
        seen = Some((public.to_vec(), digest));
        randomness(public, digest)
    })
    .unwrap();
    let _verified = verify(key.verifying_key(), &statement, &proof).unwrap();
    let (public, digest) = seen.unwrap();
    assert_eq!(public, [statement.state_root.0]);
    let again = prove(&key, inputs, |public, other| {
        assert_eq!(other, digest);
        randomness(public, other)
    })
    .unwrap();
    assert_eq!(again.to_bytes(), proof.to_bytes());
    // Another witness has another digest, hence other randomness.
    prove(&key, joined(7, 101), |public, other| {
        assert_ne!(other, digest);
        randomness(public, other)
    })
    .unwrap();
}

#[test]
fn false_inputs_are_refused_by_clause() {
    let key = key();
    let mut inputs = joined(5, 100);
    if let Inputs::Joined(inputs) = &mut inputs {
        inputs.voice_credit_balance += Fr::from(1u64);
    }
    let error = prove(&key, inputs.clone(), randomness).unwrap_err();
    let native = maci_circuits::check(key.circuit(), &inputs).unwrap_err();
    let ProveError::Unsatisfied { clause, .. } = &error else {
        panic!("{error}");
    };
    assert!(
        native.to_string().contains(clause),
        "circuit: {error}; native: {native}"
    );
}

#[test]
fn the_assignment_of_another_circuit_is_refused() {
    let key = key();
    let other = "poll-joined-2".parse().unwrap();
    let circuit = Circuit::new(other, sample_inputs(other).unwrap()).unwrap();
    let assignment = Assignment::of(circuit).unwrap();
    let r_s = (Fr::ONE, Fr::ONE);
    let error = groth16::create(&key, &assignment, r_s, &mut Work::new(&Cancel::new()));
    assert!(matches!(error, Err(ProveError::Variables { .. })));
}

#[test]
fn inputs_of_another_shape_are_refused() {
    let key = key();
    let mut inputs = joined(5, 100);
    if let Inputs::Joined(inputs) = &mut inputs {
        inputs.siblings.push(Fr::from(0u64));
    }
    let error = prove(&key, inputs, randomness).unwrap_err();
    assert!(matches!(error, ProveError::Input(_)), "{error}");
}

#[test]
fn a_cancelled_proof_is_not_made() {
    let cancel = Cancel::new();
    cancel.cancel();
    let error = prove_timed(&key(), joined(5, 100), randomness, &cancel).unwrap_err();
    assert_eq!(error, ProveError::Cancelled);
    // Cancelled on the way, when randomness is asked for.
    let cancel = Cancel::new();
    let stop = cancel.clone();
    let error = prove_timed(
        &key(),
        joined(5, 100),
        |public, digest| {
            stop.cancel();
            randomness(public, digest)
        },
        &cancel,
    )
    .unwrap_err();
    assert_eq!(error, ProveError::Cancelled);
}
