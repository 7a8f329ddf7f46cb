//! MessageProcessor at MACI's parameters (10, 20, 2), all modes; rows alone at (14, 20, 3).
//!
//! `cargo bench -p maci-benches --bench message_processor [-- qv | non-qv | full]`

use std::error::Error;

use maci_benches::{args, circuit};
use maci_circuits::sample_inputs;
use maci_verifier::{CircuitId, Mode};

fn main() -> Result<(), Box<dyn Error>> {
    let wanted = args();
    for (mode, name, maci_rows) in [
        (Mode::Qv, "qv", 522_493),
        (Mode::NonQv, "non-qv", 507_273),
        (Mode::Full, "full", 492_173),
    ] {
        if !wanted.is_empty() && !wanted.iter().any(|arg| arg == name) {
            continue;
        }
        let id = CircuitId::MessageProcessor {
            mode,
            state_tree_depth: 10,
            message_batch_size: 20,
            vote_option_tree_depth: 2,
        };
        circuit::measure(circuit::Case {
            id,
            maci_rows: Some(maci_rows),
            inputs: Some(sample_inputs(id)?),
        })?;
    }
    if wanted.is_empty() {
        let id = CircuitId::MessageProcessor {
            mode: Mode::Qv,
            state_tree_depth: 14,
            message_batch_size: 20,
            vote_option_tree_depth: 3,
        };
        circuit::measure(circuit::Case {
            id,
            maci_rows: Some(621_033),
            inputs: None,
        })?;
    }
    Ok(())
}
