//! The sizes of MACI's own circuits, so that ours stand beside them wherever they are shown.
//!
//! Compiled from MACI at commit 0ac9933 (before the 2026 audit fixes) with circomlib 2.0.5 and `@zk-kit/circuits` 0.4.0
//! under circom 2.2.3 with `--O2`, which removes linear constraints. Processing circuits grow by the same number of rows
//! with each message, which the compiled circuits of one, two and twenty messages show; other batch sizes follow from that.

use maci_verifier::{CircuitId, Mode};

/// Rows of one of MACI's circuits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaciSize {
    /// R1CS rows under `--O2`.
    pub rows: usize,
    /// Rows of each further message, for processing circuits.
    pub rows_per_message: Option<usize>,
    /// Variables with the constant 1, where the circuit itself was compiled.
    pub wires: Option<usize>,
    /// Whether the circuit itself was compiled, not only its smaller siblings.
    pub compiled: bool,
}

impl MaciSize {
    /// Size of the proof's evaluation domain: a row for each public input and the constant 1 besides the circuit's own.
    pub const fn domain(&self, public_inputs: usize) -> usize {
        (self.rows + public_inputs + 1).next_power_of_two()
    }
}

/// Rows of a processing batch that do not depend on its length.
const FIXED: usize = 1_853;

/// (mode, D, v, rows per message).
const PER_MESSAGE: [(Mode, u8, u8, usize); 4] = [
    (Mode::Qv, 10, 2, 26_032),
    (Mode::NonQv, 10, 2, 25_271),
    (Mode::Full, 10, 2, 24_516),
    (Mode::Qv, 14, 3, 30_959),
];

/// Compiled processing circuits: (mode, D, B, v, wires).
const PROCESS_WIRES: [(Mode, u8, u8, u8, usize); 9] = [
    (Mode::Qv, 10, 20, 2, 519_941),
    (Mode::Qv, 10, 1, 2, 27_765),
    (Mode::Qv, 10, 2, 2, 53_669),
    (Mode::NonQv, 10, 1, 2, 27_007),
    (Mode::NonQv, 10, 2, 2, 52_153),
    (Mode::Full, 10, 1, 2, 26_255),
    (Mode::Full, 10, 2, 2, 50_649),
    (Mode::Qv, 14, 1, 3, 32_634),
    (Mode::Qv, 14, 2, 3, 63_407),
];

/// Compiled tally circuits: (mode, D, tally depth, v, rows, wires).
const TALLY: [(Mode, u8, u8, u8, usize, usize); 3] = [
    (Mode::Qv, 10, 1, 2, 16_903, 17_015),
    (Mode::NonQv, 10, 1, 2, 12_404, 12_489),
    (Mode::Qv, 14, 5, 3, 386_083, 390_375),
];

/// Compiled joining circuits: (D, rows and wires of PollJoining, of PollJoined).
const JOINING: [(u8, [usize; 2], [usize; 2]); 2] = [
    (10, [3_970, 3_982], [3_751, 3_763]),
    (14, [4_954, 4_970], [4_735, 4_751]),
];

/// Rows per message of those components of MACI's processing circuit that one of our clauses replaces.
pub const MACI_COMPONENTS: [(&str, usize); 5] = [
    (crate::message_processor::MESSAGE_CHAIN, 1_277),
    (crate::message_processor::SHARED_KEY, 2_554),
    (crate::message_processor::DECRYPTION, 1_302),
    (crate::message_processor::UNPACKING, 515),
    (crate::message_processor::SIGNATURE, 4_520),
];

/// The size of MACI's circuit with these parameters, where known.
pub fn maci_size(id: CircuitId) -> Option<MaciSize> {
    let compiled = |[rows, wires]: [usize; 2]| MaciSize {
        rows,
        rows_per_message: None,
        wires: Some(wires),
        compiled: true,
    };
    let joining = |depth: u8| JOINING.iter().find(|(d, _, _)| *d == depth);
    match id {
        CircuitId::PollJoining { state_tree_depth } => {
            joining(state_tree_depth).map(|(_, size, _)| compiled(*size))
        }
        CircuitId::PollJoined { state_tree_depth } => {
            joining(state_tree_depth).map(|(_, _, size)| compiled(*size))
        }
        CircuitId::VoteTally {
            mode,
            state_tree_depth,
            tally_processing_state_tree_depth,
            vote_option_tree_depth,
        } => {
            let wanted = (
                mode,
                state_tree_depth,
                tally_processing_state_tree_depth,
                vote_option_tree_depth,
            );
            let found = TALLY
                .iter()
                .find(|(m, d, t, v, _, _)| (*m, *d, *t, *v) == wanted);
            found.map(|(_, _, _, _, rows, wires)| compiled([*rows, *wires]))
        }
        CircuitId::MessageProcessor {
            mode,
            state_tree_depth,
            message_batch_size,
            vote_option_tree_depth,
        } => {
            let (d, b, v) = (state_tree_depth, message_batch_size, vote_option_tree_depth);
            let per_message = PER_MESSAGE
                .iter()
                .find(|entry| (entry.0, entry.1, entry.2) == (mode, d, v))?
                .3;
            let wires = PROCESS_WIRES
                .iter()
                .find(|entry| (entry.0, entry.1, entry.2, entry.3) == (mode, d, b, v))
                .map(|entry| entry.4);
            Some(MaciSize {
                rows: FIXED + usize::from(b) * per_message,
                rows_per_message: Some(per_message),
                wires,
                compiled: wires.is_some(),
            })
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The linear law against every compiled row count.
    #[test]
    fn processing_circuits_grow_by_message() {
        for (circuit, rows) in [
            ("message-processor-qv-10-20-2", 522_493),
            ("message-processor-qv-10-1-2", 27_885),
            ("message-processor-qv-10-2-2", 53_917),
            ("message-processor-nonqv-10-1-2", 27_124),
            ("message-processor-nonqv-10-2-2", 52_395),
            ("message-processor-full-10-1-2", 26_369),
            ("message-processor-full-10-2-2", 50_885),
            ("message-processor-qv-14-1-3", 32_812),
            ("message-processor-qv-14-2-3", 63_771),
        ] {
            let id: CircuitId = circuit.parse().unwrap();
            let size = maci_size(id).unwrap();
            assert_eq!((size.rows, size.compiled), (rows, true), "{circuit}");
        }
        assert_eq!(maci_size("vote-tally-nonqv-14-5-3".parse().unwrap()), None);
    }
}
