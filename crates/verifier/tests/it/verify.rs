//! One proof under one key.

use ark_bn254::Fr;
use maci_verifier::{
    CircuitId, Error, KeyPoints, PollJoined, ProcessBatch, Statement, TallyBatch, VerifyingKey,
    verify,
};

use crate::support::{FOLDERS, recorded, toy_key, toy_proof, toy_statement};

#[test]
fn v_28_verifies_snarkjs_proofs_of_every_recorded_poll() {
    for (folder, mode) in FOLDERS {
        let poll = recorded(folder, mode);
        for record in &poll.transcript.process {
            let verified = verify(&poll.process_key, &record.statement, &record.proof).unwrap();
            assert_eq!(verified.key(), poll.process_key.id());
        }
        for record in &poll.transcript.tally {
            let verified = verify(&poll.tally_key, &record.statement, &record.proof).unwrap();
            assert_eq!(
                verified.kind(),
                poll.params.tally_circuit().statement_kind()
            );
        }
    }
}

#[test]
fn v_02_input_count_is_exact() {
    let inputs = vec![Fr::from(1u64); 12];
    for count in (0..12).filter(|count| *count != 9) {
        assert_eq!(
            ProcessBatch::from_public_inputs(&inputs[..count]),
            Err(Error::InputCount {
                expected: 9,
                found: count
            })
        );
    }
    for count in (0..12).filter(|count| *count != 5) {
        assert!(matches!(
            TallyBatch::from_public_inputs(&inputs[..count]),
            Err(Error::InputCount { expected: 5, .. })
        ));
    }
    assert!(matches!(
        PollJoined::from_public_inputs(&inputs[..2]),
        Err(Error::InputCount {
            expected: 1,
            found: 2
        })
    ));
    // A key with a point too many or too few is refused as a key.
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let words = poll.process_key.points().to_evm();
    for length in [words.len() - 2, words.len() - 4] {
        let points = KeyPoints::from_evm(&words[..length]).unwrap();
        let error = VerifyingKey::insecure(*poll.process_key.circuit(), points).unwrap_err();
        assert_eq!(error.code(), 203, "{error}");
    }
}

#[test]
fn v_03_every_public_input_binds() {
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let record = &poll.transcript.process[0];
    let inputs = record.statement.public_inputs();
    for position in 0..inputs.len() {
        // Down, so that counts stay within the circuit's limits and the proof itself has to fail.
        let mut changed = inputs.clone();
        changed[position] -= Fr::from(1u64);
        let statement = ProcessBatch::from_public_inputs(&changed).unwrap();
        let error = verify(&poll.process_key, &statement, &record.proof).unwrap_err();
        assert!(
            matches!(error, Error::FalseProof { .. }),
            "{position}: {error}"
        );
    }
    let record = &poll.transcript.tally[1];
    let inputs = record.statement.public_inputs();
    for position in 0..inputs.len() {
        let mut changed = inputs.clone();
        changed[position] -= Fr::from(1u64);
        let statement = TallyBatch::from_public_inputs(&changed).unwrap();
        let error = verify(&poll.tally_key, &statement, &record.proof).unwrap_err();
        assert!(
            matches!(error, Error::FalseProof { .. }),
            "{position}: {error}"
        );
    }
}

#[test]
fn v_03_swapped_inputs_are_false() {
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let record = &poll.transcript.process[0];
    let inputs = record.statement.public_inputs();
    for (first, second) in [(5, 6), (1, 3)] {
        let mut changed = inputs.clone();
        changed.swap(first, second);
        let statement = ProcessBatch::from_public_inputs(&changed).unwrap();
        assert!(verify(&poll.process_key, &statement, &record.proof).is_err());
    }
}

#[test]
fn v_07_statement_of_another_circuit_is_refused_by_name() {
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let process = &poll.transcript.process[0];
    let tally = &poll.transcript.tally[0];
    let error = verify(&poll.tally_key, &process.statement, &process.proof).unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected a statement for vote-tally-qv-10-1-2, found one of kind message-processor"
    );
    let error = verify(&poll.process_key, &tally.statement, &tally.proof).unwrap_err();
    assert!(matches!(error, Error::WrongKey { .. }));
}

#[test]
fn v_07_key_of_another_mode_or_poll_makes_the_proof_false() {
    let qv = recorded("maci-v3", maci_verifier::Mode::Qv);
    let nonqv = recorded("maci-v3-nonqv", maci_verifier::Mode::NonQv);
    let record = &qv.transcript.process[0];
    let error = verify(&nonqv.process_key, &record.statement, &record.proof).unwrap_err();
    assert!(matches!(error, Error::FalseProof { .. }));
    let record = &qv.transcript.tally[0];
    let error = verify(&nonqv.tally_key, &record.statement, &record.proof).unwrap_err();
    assert!(matches!(error, Error::FalseProof { .. }));
}

#[test]
fn statements_beyond_the_circuit_are_refused() {
    let circuit: CircuitId = "message-processor-qv-10-20-2".parse().unwrap();
    let (pk, key) = toy_key(circuit, 1);
    let good = toy_statement(0);
    let proof = toy_proof(&pk, &good, 2);
    let _verified = verify(&key, &good, &proof).unwrap();
    let bad = [
        (
            "total_signups",
            ProcessBatch {
                total_signups: 1025,
                ..good
            },
        ),
        (
            "actual_state_tree_depth",
            ProcessBatch {
                actual_state_tree_depth: 11,
                ..good
            },
        ),
        (
            "vote_options",
            ProcessBatch {
                vote_options: 26,
                ..good
            },
        ),
        ("index", ProcessBatch { index: 25, ..good }),
        (
            "batch_end_index",
            ProcessBatch {
                batch_end_index: 41,
                ..good
            },
        ),
    ];
    for (name, statement) in bad {
        // Even a true proof of such a statement is refused: the circuit relies on the limit.
        let proof = toy_proof(&pk, &statement, 3);
        match verify(&key, &statement, &proof).unwrap_err() {
            Error::OutOfRange { input, .. } => assert_eq!(input, name),
            other => panic!("{name}: {other}"),
        }
    }
}

#[test]
fn v_20_malformed_and_false_stay_apart() {
    let poll = recorded("maci-v3", maci_verifier::Mode::Qv);
    let record = &poll.transcript.process[0];
    let other = &poll.transcript.process[1];
    let error = verify(&poll.process_key, &record.statement, &other.proof).unwrap_err();
    assert!(!error.is_malformed());
    assert_eq!(error.code(), 400);
    let huge = vec![Fr::from(0u64) - Fr::from(1u64); 9];
    let error = ProcessBatch::from_public_inputs(&huge).unwrap_err();
    assert!(error.is_malformed());
    assert_eq!(error.code(), 107);
}
