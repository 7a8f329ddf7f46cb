//! The transcript of a whole poll: what is derived, and what is refused by name.

use ark_bn254::Fr;
use maci_crypto::field;
use maci_verifier::transcript::{check, empty_ballot_root, initial_sb_commitment};
use maci_verifier::{
    BallotRoot, ChainHash, Error, Mode, PollParams, PollSnapshot, PollTranscript, PublicKeyHash,
    Salt, SbCommitment, StateRoot, TallyCommitment, TranscriptError, VoiceCredits,
};

use crate::support::{FOLDERS, Recorded, recorded};

fn run(poll: &Recorded) -> Result<maci_verifier::VerifiedTally, Error> {
    check(
        &poll.snapshot,
        &poll.transcript,
        &poll.process_key,
        &poll.tally_key,
    )
}

/// Changes a recorded poll and returns the refusal.
fn refused(change: impl FnOnce(&mut PollSnapshot, &mut PollTranscript)) -> Error {
    let mut poll = recorded("maci-v3", Mode::Qv);
    change(&mut poll.snapshot, &mut poll.transcript);
    run(&poll).unwrap_err()
}

fn transcript_error(
    change: impl FnOnce(&mut PollSnapshot, &mut PollTranscript),
) -> TranscriptError {
    match refused(change) {
        Error::Transcript(error) => error,
        other => panic!("{other}"),
    }
}

#[test]
fn recorded_polls_check_from_first_commitment_to_results() {
    let expected: [&[u128]; 3] = [&[5, 3, 4, 10, 7, 0, 2, 6], &[], &[]];
    for ((folder, mode), expected) in FOLDERS.into_iter().zip(expected) {
        let poll = recorded(folder, mode);
        let tally = run(&poll).unwrap();
        assert_eq!(&tally.results()[..expected.len()], expected);
        assert_eq!(tally.results(), poll.transcript.opening.results);
        assert_eq!(tally.total_spent(), poll.transcript.opening.total_spent);
        assert_eq!(tally.process_key(), poll.process_key.id());
        assert_eq!(
            tally.selectable_results().len() as u64,
            poll.params.vote_options
        );
    }
}

/// All three commitments and the tally commitment, against MACI's own result file (V-06, the Rust half).
#[test]
fn v_06_commitments_equal_macis() {
    for (folder, mode) in FOLDERS {
        let poll = recorded(folder, mode);
        let opening = &poll.transcript.opening;
        let hex = |pointer: &str| {
            field::from_hex(poll.tally_json.pointer(pointer).unwrap().as_str().unwrap()).unwrap()
        };
        assert_eq!(
            opening.results_commitment(&poll.params),
            Some(hex("/results/commitment"))
        );
        assert_eq!(
            opening.spent_commitment(),
            hex("/totalSpentVoiceCredits/commitment")
        );
        if mode == Mode::Qv {
            assert_eq!(
                opening.per_option_spent_commitment(&poll.params),
                Some(hex("/perVoteOptionSpentVoiceCredits/commitment"))
            );
        } else {
            assert!(opening.per_option_spent.is_none());
        }
        assert_eq!(
            opening.commitment(&poll.params).unwrap(),
            TallyCommitment(hex("/newTallyCommitment"))
        );
        let last = poll.transcript.tally.last().unwrap();
        assert_eq!(
            last.statement.new_tally_commitment,
            TallyCommitment(hex("/newTallyCommitment"))
        );
    }
}

#[test]
fn v_06_each_salt_binds() {
    let one = Fr::from(1u64);
    let changes: [fn(&mut PollTranscript); 6] = [
        |t| t.opening.results_salt = Salt(t.opening.results_salt.0 + Fr::from(1u64)),
        |t| t.opening.total_spent_salt = Salt(t.opening.total_spent_salt.0 + Fr::from(1u64)),
        |t| {
            if let Some((_, salt)) = &mut t.opening.per_option_spent {
                *salt = Salt(salt.0 + Fr::from(1u64));
            }
        },
        |t| t.opening.results[3] += 1,
        |t| t.opening.total_spent = VoiceCredits(t.opening.total_spent.0 + Fr::from(1u64)),
        |t| {
            if let Some((spent, _)) = &mut t.opening.per_option_spent {
                spent.swap(0, 1);
            }
        },
    ];
    for change in changes {
        assert_eq!(transcript_error(|_, t| change(t)), TranscriptError::Opening);
    }
    assert_eq!(
        transcript_error(|_, t| t.opening.per_option_spent = None),
        TranscriptError::OpeningMode
    );
    assert!(matches!(
        transcript_error(|_, t| t.opening.results.truncate(24)),
        TranscriptError::OpeningLength {
            expected: 25,
            found: 24,
            ..
        }
    ));
    assert_eq!(one, Fr::from(1u64));
}

/// Blank ballot roots for every vote option depth, as MACI's constructor data has them (protocol.md §8).
#[test]
fn v_01_empty_ballot_roots_equal_macis() {
    let table = [
        (
            1,
            "16015576667038038422103932363190100635991292382181099511410843174865570503661",
            "10308863629788455260704114511206948419734522911868369522065170317043305183826",
        ),
        (
            2,
            "166510078825589460025300915201657086611944528317298994959376081297530246971",
            "15638739021185187188102975938431888963456846511635661527443326021687795891950",
        ),
        (
            3,
            "10057734083972610459557695472359628128485394923403014377687504571662791937025",
            "2881453089660950474651054122995901965405144719081991993059633221387893015995",
        ),
        (
            4,
            "4904828619307091008204672239231377290495002626534171783829482835985709082773",
            "12493973375564475576522276362572267105610392684775593820450263906986447069771",
        ),
        (
            5,
            "18694062287284245784028624966421731916526814537891066525886866373016385890569",
            "681764572878032401682084991233323592871239508639381808618717128728252960349",
        ),
    ];
    let params = recorded("maci-v3", Mode::Qv).params;
    for (v, ten, fourteen) in table {
        for (depth, root) in [(10, ten), (14, fourteen)] {
            let params = PollParams {
                state_tree_depth: depth,
                vote_option_tree_depth: v,
                ..params
            };
            assert_eq!(
                empty_ballot_root(&params),
                root.parse::<BallotRoot>().unwrap()
            );
        }
    }
}

#[test]
fn v_01_first_commitment_is_the_verifiers_own() {
    let poll = recorded("maci-v3", Mode::Qv);
    assert_eq!(
        initial_sb_commitment(&poll.params, poll.snapshot.state_root),
        poll.transcript.process[0].statement.current_sb_commitment
    );
    let wrong_start = TranscriptError::ProcessInput {
        position: 0,
        input: "current_sb_commitment",
    };
    // Another start in the proof, and another state root in the snapshot.
    assert_eq!(
        transcript_error(|_, t| {
            t.process[0].statement.current_sb_commitment = SbCommitment(Fr::from(1u64));
        }),
        wrong_start
    );
    assert_eq!(
        transcript_error(|s, _| s.state_root = StateRoot(Fr::from(1u64))),
        wrong_start
    );
    // The tally starts from zero.
    assert_eq!(
        transcript_error(|_, t| {
            t.tally[0].statement.current_tally_commitment = TallyCommitment(Fr::from(1u64));
        }),
        TranscriptError::TallyInput {
            position: 0,
            input: "current_tally_commitment"
        }
    );
}

#[test]
fn v_05_sequence_is_complete_and_in_order() {
    assert!(matches!(
        transcript_error(|_, t| t.process.swap(0, 1)),
        TranscriptError::ProcessInput { position: 0, .. }
    ));
    assert_eq!(
        transcript_error(|_, t| {
            t.process.pop();
        }),
        TranscriptError::ProcessCount {
            expected: 2,
            found: 1
        }
    );
    assert_eq!(
        transcript_error(|_, t| {
            let again = t.process[1];
            t.process.push(again);
        }),
        TranscriptError::ProcessCount {
            expected: 2,
            found: 3
        }
    );
    assert!(matches!(
        transcript_error(|_, t| t.process[1] = t.process[0]),
        TranscriptError::ProcessInput { position: 1, .. }
    ));
    assert!(matches!(
        transcript_error(|_, t| t.tally.swap(1, 2)),
        TranscriptError::TallyInput { position: 1, .. }
    ));
    assert_eq!(
        transcript_error(|_, t| {
            t.tally.remove(0);
        }),
        TranscriptError::TallyCount {
            expected: 3,
            found: 2
        }
    );
    assert_eq!(
        transcript_error(|_, t| {
            let again = t.tally[2];
            t.tally.push(again);
        }),
        TranscriptError::TallyCount {
            expected: 3,
            found: 4
        }
    );
    assert_eq!(
        transcript_error(|_, t| t.tally.clear()),
        TranscriptError::TallyCount {
            expected: 3,
            found: 0
        }
    );
}

#[test]
fn v_05_other_snapshots_are_refused() {
    let process = |input| TranscriptError::ProcessInput { position: 0, input };
    assert_eq!(
        transcript_error(|s, _| {
            s.chain_hash = ChainHash(Fr::from(9u64));
            *s.batch_hashes.last_mut().unwrap() = s.chain_hash;
        }),
        process("output_batch_hash")
    );
    assert_eq!(
        transcript_error(|s, _| s.chain_hash = ChainHash(Fr::from(9u64))),
        TranscriptError::LastBatchHash
    );
    assert_eq!(
        transcript_error(|s, _| s.batch_hashes[0] = ChainHash(Fr::from(9u64))),
        TranscriptError::FirstBatchHash
    );
    assert_eq!(
        transcript_error(|s, _| s.batch_hashes[1] = ChainHash(Fr::from(9u64))),
        TranscriptError::ProcessInput {
            position: 1,
            input: "output_batch_hash"
        }
    );
    assert_eq!(
        transcript_error(|s, _| s.total_signups = 7),
        process("total_signups")
    );
    assert_eq!(
        transcript_error(|s, _| s.actual_state_tree_depth = 4),
        TranscriptError::ActualDepth {
            expected: 3,
            found: 4
        }
    );
    assert_eq!(
        transcript_error(|s, _| s.num_messages = 23),
        process("batch_end_index")
    );
    assert_eq!(
        transcript_error(|s, _| s.num_messages = 41),
        TranscriptError::BatchHashCount {
            expected: 4,
            found: 3
        }
    );
    assert_eq!(
        transcript_error(|s, _| s.num_messages = 0),
        TranscriptError::NoMessages
    );
    assert_eq!(
        transcript_error(|s, _| s.coordinator_public_key_hash = PublicKeyHash(Fr::from(1u64))),
        process("coordinator_public_key_hash")
    );
    assert_eq!(
        transcript_error(|s, _| s.params.vote_options = 24),
        process("vote_options")
    );
    assert!(matches!(
        transcript_error(|s, _| s.total_signups = 0),
        TranscriptError::Signups { .. }
    ));
    assert!(matches!(
        transcript_error(|s, _| s.params.vote_options = 26),
        TranscriptError::Params { .. }
    ));
}

#[test]
fn v_07_keys_of_another_poll_are_named() {
    let error = transcript_error(|s, _| s.params.mode = Mode::NonQv);
    assert_eq!(
        error.to_string(),
        "expected the verifying key of message-processor-nonqv-10-20-2, found that of message-processor-qv-10-20-2"
    );
    assert!(matches!(
        transcript_error(|s, _| s.params.message_batch_size = 12),
        TranscriptError::BatchHashCount { .. } | TranscriptError::WrongKey { .. }
    ));
    let mut poll = recorded("maci-v3", Mode::Qv);
    std::mem::swap(&mut poll.process_key, &mut poll.tally_key);
    assert!(matches!(
        run(&poll).unwrap_err(),
        Error::Transcript(TranscriptError::WrongKey { .. })
    ));
}

/// Proofs of another poll under the same keys: every link is compared before a proof is believed, and each proof binds its
/// own statement.
#[test]
fn v_04_proofs_of_another_statement_are_false() {
    let error = refused(|_, t| t.process[1].proof = t.process[0].proof);
    assert_eq!(error, Error::FalseBatch { count: 5, index: 1 });
    let error = refused(|_, t| t.tally[2].proof = t.tally[0].proof);
    assert_eq!(error, Error::FalseBatch { count: 5, index: 4 });
    let nonqv = recorded("maci-v3-nonqv", Mode::NonQv);
    let error = refused(|_, t| t.tally[0] = nonqv.transcript.tally[0]);
    assert!(matches!(
        error,
        Error::Transcript(TranscriptError::TallyInput { position: 0, .. })
    ));
}

#[test]
fn v_20_transcript_codes_are_distinct() {
    let codes = [
        TranscriptError::NoMessages.code(),
        TranscriptError::FirstBatchHash.code(),
        TranscriptError::LastBatchHash.code(),
        TranscriptError::Opening.code(),
        TranscriptError::OpeningMode.code(),
    ];
    assert_eq!(codes, [508, 510, 511, 514, 513]);
}
