//! Upper bounds on the circuits' sizes: a change that exceeds one fails a test, and so does one that is not pinned.

use maci_verifier::CircuitId;

use crate::CircuitStats;

/// What a gate bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// All rows.
    Rows,
    /// Rows of each message, without those that a batch has once.
    RowsPerMessage,
    /// The evaluation domain.
    Domain,
}

/// An upper bound on one circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The circuit's id.
    pub circuit: &'static str,
    /// What is bounded.
    pub measure: Measure,
    /// The largest size that passes.
    pub at_most: usize,
}

const fn gate(circuit: &'static str, measure: Measure, at_most: usize) -> Gate {
    Gate {
        circuit,
        measure,
        at_most,
    }
}

/// The bounds of `docs/circuits.md`.
pub const GATES: [Gate; 13] = [
    gate(
        "message-processor-qv-10-20-2",
        Measure::RowsPerMessage,
        12_990,
    ),
    gate("message-processor-qv-10-20-2", Measure::Rows, 262_134),
    gate("message-processor-qv-10-20-2", Measure::Domain, 1 << 18),
    gate(
        "message-processor-qv-14-20-3",
        Measure::RowsPerMessage,
        15_500,
    ),
    gate(
        "message-processor-nonqv-10-20-2",
        Measure::RowsPerMessage,
        12_990,
    ),
    gate("message-processor-nonqv-10-20-2", Measure::Rows, 262_134),
    gate(
        "message-processor-full-10-20-2",
        Measure::RowsPerMessage,
        12_990,
    ),
    gate("message-processor-full-10-20-2", Measure::Rows, 262_134),
    gate("vote-tally-qv-14-5-3", Measure::Rows, 325_000),
    gate("vote-tally-qv-10-1-2", Measure::Rows, 16_902),
    gate("vote-tally-nonqv-10-1-2", Measure::Rows, 12_403),
    gate("poll-joining-10", Measure::Rows, 3_750),
    gate("poll-joined-10", Measure::Rows, 3_550),
];

impl Gate {
    /// The bounded size, if the circuit has it.
    pub fn found(&self, stats: &CircuitStats) -> Option<usize> {
        match self.measure {
            Measure::Rows => Some(stats.rows),
            Measure::RowsPerMessage => stats.rows_per_message,
            Measure::Domain => Some(stats.domain()),
        }
    }

    /// Whether the circuit is within the bound.
    pub fn holds(&self, stats: &CircuitStats) -> bool {
        self.found(stats).is_some_and(|found| found <= self.at_most)
    }

    /// The gates of a circuit.
    pub fn of(id: CircuitId) -> impl Iterator<Item = &'static Self> {
        use ark_std::string::ToString as _;
        let name = id.to_string();
        GATES.iter().filter(move |gate| gate.circuit == name)
    }
}
