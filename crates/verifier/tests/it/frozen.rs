//! V-26: the order and encoding of public inputs is frozen. A change here is a new version of the statements.

use ark_bn254::Fr;
use maci_crypto::babyjubjub::RawPoint;
use maci_verifier::{
    AnyStatement, CircuitId, Nullifier, PollJoined, PollJoining, ProcessBatch, StateRoot,
    Statement, TallyBatch,
};

fn numbers(count: u64) -> Vec<Fr> {
    (1..=count).map(Fr::from).collect()
}

#[test]
fn v_26_names_and_order_are_frozen() {
    let names = |id: &str| id.parse::<CircuitId>().unwrap().public_input_names();
    assert_eq!(
        names("message-processor-full-10-20-2"),
        [
            "total_signups",
            "output_batch_hash",
            "actual_state_tree_depth",
            "coordinator_public_key_hash",
            "vote_options",
            "current_sb_commitment",
            "new_sb_commitment",
            "index",
            "batch_end_index"
        ]
    );
    assert_eq!(
        names("vote-tally-qv-10-1-2"),
        [
            "sb_commitment",
            "current_tally_commitment",
            "new_tally_commitment",
            "index",
            "total_signups"
        ]
    );
    assert_eq!(
        names("poll-joining-10"),
        [
            "poll_public_key_x",
            "poll_public_key_y",
            "nullifier",
            "state_root",
            "poll_id"
        ]
    );
    assert_eq!(names("poll-joined-10"), ["state_root"]);
}

#[test]
fn v_26_fields_sit_where_the_names_say() {
    let process = ProcessBatch::from_public_inputs(&numbers(9)).unwrap();
    assert_eq!(process.total_signups, 1);
    assert_eq!(process.output_batch_hash.0, Fr::from(2u64));
    assert_eq!(process.actual_state_tree_depth, 3);
    assert_eq!(process.coordinator_public_key_hash.0, Fr::from(4u64));
    assert_eq!(process.vote_options, 5);
    assert_eq!(process.current_sb_commitment.0, Fr::from(6u64));
    assert_eq!(process.new_sb_commitment.0, Fr::from(7u64));
    assert_eq!(process.index, 8);
    assert_eq!(process.batch_end_index, 9);
    assert_eq!(process.public_inputs(), numbers(9));

    let tally = TallyBatch::from_public_inputs(&numbers(5)).unwrap();
    assert_eq!(tally.sb_commitment.0, Fr::from(1u64));
    assert_eq!(tally.current_tally_commitment.0, Fr::from(2u64));
    assert_eq!(tally.new_tally_commitment.0, Fr::from(3u64));
    assert_eq!((tally.index, tally.total_signups), (4, 5));
    assert_eq!(tally.public_inputs(), numbers(5));

    let joining = PollJoining::from_public_inputs(&numbers(5)).unwrap();
    assert_eq!(
        joining,
        PollJoining {
            poll_public_key: RawPoint::new(Fr::from(1u64), Fr::from(2u64)),
            nullifier: Nullifier(Fr::from(3u64)),
            state_root: StateRoot(Fr::from(4u64)),
            poll_id: Fr::from(5u64),
        }
    );
    assert_eq!(joining.public_inputs(), numbers(5));

    let joined = PollJoined::from_public_inputs(&numbers(1)).unwrap();
    assert_eq!(joined.public_inputs(), numbers(1));

    for id in [
        "message-processor-qv-10-20-2",
        "vote-tally-qv-10-1-2",
        "poll-joining-10",
        "poll-joined-10",
    ] {
        let circuit: CircuitId = id.parse().unwrap();
        let inputs = numbers(circuit.public_inputs() as u64);
        let statement = AnyStatement::read(&circuit, &inputs).unwrap();
        assert_eq!(statement.public_inputs(), inputs);
        assert_eq!(statement.kind(), circuit.statement_kind());
    }
}
