//! PollJoining and PollJoined, which run in the voter's client, at depths 10 and 14.
//!
//! `cargo bench -p maci-benches --bench poll_joining`

use std::error::Error;

use maci_benches::circuit;
use maci_circuits::sample_inputs;
use maci_verifier::CircuitId;

fn main() -> Result<(), Box<dyn Error>> {
    for (state_tree_depth, joining_rows, joined_rows) in [(10, 3_970, 3_751), (14, 4_954, 4_735)] {
        let joining = CircuitId::PollJoining { state_tree_depth };
        let joined = CircuitId::PollJoined { state_tree_depth };
        for (id, rows) in [(joining, joining_rows), (joined, joined_rows)] {
            circuit::measure(circuit::Case {
                id,
                maci_rows: Some(rows),
                inputs: Some(sample_inputs(id)?),
            })?;
        }
    }
    Ok(())
}
