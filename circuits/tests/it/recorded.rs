//! MACI's own witness inputs satisfy our circuits, with MACI's own public inputs (three recorded polls).

use maci_circuits::{Inputs, check};
use maci_crypto::field;
use maci_protocol::layout::maci::{ProcessInputs, TallyInputs};
use maci_verifier::{Mode, statement::Statement};

use crate::common::{fixture, honest};

fn recorded_publics(poll: &str, name: &str) -> Vec<String> {
    serde_json::from_str(&fixture(&format!("{poll}/proofs/{name}.public.json"))).unwrap()
}

#[test]
fn recorded_tally_inputs_satisfy_the_tally_circuits() {
    for (poll, batches) in [("maci-v3", 3), ("maci-v3-nonqv", 4), ("maci-v3-full", 4)] {
        for batch in 0..batches {
            let name = format!("tally_{batch}");
            let text = fixture(&format!("{poll}/inputs/{name}.input.json"));
            let inputs = TallyInputs::from_json(&text).unwrap();
            let publics: Vec<String> = inputs
                .statement
                .public_inputs()
                .iter()
                .map(field::to_dec)
                .collect();
            assert_eq!(publics, recorded_publics(poll, &name), "{poll} {name}");
            let id = inputs.circuit;
            let inputs = Inputs::Tally(Box::new(inputs));
            assert_eq!(check(id, &inputs), Ok(()), "{poll} {name}");
            let trial = honest(id, inputs);
            assert!(
                trial.snapshot.is_satisfied(),
                "{poll} {name}: {:?}",
                trial.violations()
            );
            println!("{id}: {} rows", trial.snapshot.rows());
        }
    }
}

#[test]
fn recorded_process_inputs_satisfy_the_processing_circuits() {
    for (poll, mode) in [
        ("maci-v3", Mode::Qv),
        ("maci-v3-nonqv", Mode::NonQv),
        ("maci-v3-full", Mode::Full),
    ] {
        for batch in 0..2 {
            let name = format!("process_{batch}");
            let text = fixture(&format!("{poll}/inputs/{name}.input.json"));
            let inputs = ProcessInputs::from_json(mode, &text).unwrap();
            let publics: Vec<String> = inputs
                .statement
                .public_inputs()
                .iter()
                .map(field::to_dec)
                .collect();
            assert_eq!(publics, recorded_publics(poll, &name), "{poll} {name}");
            let id = inputs.circuit;
            let inputs = Inputs::Process(Box::new(inputs));
            assert_eq!(check(id, &inputs), Ok(()), "{poll} {name}");
            let trial = honest(id, inputs);
            assert!(
                trial.snapshot.is_satisfied(),
                "{poll} {name}: {:?}",
                trial.violations()
            );
        }
    }
}
