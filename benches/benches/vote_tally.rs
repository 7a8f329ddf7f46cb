//! VoteTally at (10, 1, 2), QV and non-QV; rows alone at (14, 5, 3).
//!
//! `cargo bench -p maci-benches --bench vote_tally`

use std::error::Error;

use maci_benches::circuit;
use maci_circuits::sample_inputs;
use maci_verifier::{CircuitId, Mode};

fn main() -> Result<(), Box<dyn Error>> {
    for (mode, maci_rows) in [(Mode::Qv, 16_903), (Mode::NonQv, 12_404)] {
        let id = CircuitId::VoteTally {
            mode,
            state_tree_depth: 10,
            tally_processing_state_tree_depth: 1,
            vote_option_tree_depth: 2,
        };
        circuit::measure(circuit::Case {
            id,
            maci_rows: Some(maci_rows),
            inputs: Some(sample_inputs(id)?),
        })?;
    }
    for (mode, maci_rows) in [(Mode::Qv, Some(386_083)), (Mode::NonQv, None)] {
        let id = CircuitId::VoteTally {
            mode,
            state_tree_depth: 14,
            tally_processing_state_tree_depth: 5,
            vote_option_tree_depth: 3,
        };
        circuit::measure(circuit::Case {
            id,
            maci_rows,
            inputs: None,
        })?;
    }
    Ok(())
}
