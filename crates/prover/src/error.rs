//! Why there is no proof.

use ark_relations::gr1cs::SynthesisError;
use maci_circuits::InputError;
use maci_verifier::CircuitId;

/// Why there is no proof.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The inputs do not have the circuit's shape.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The witness cannot be computed.
    #[error("witness of {circuit} cannot be computed: {source}")]
    Synthesis {
        /// Which circuit.
        circuit: CircuitId,
        /// What the constraint system said.
        source: SynthesisError,
    },
    /// The inputs contradict the statement.
    #[error("inputs do not satisfy {circuit}: clause {clause}{} fails in row {row}", Slot(*.slot))]
    Unsatisfied {
        /// Which circuit.
        circuit: CircuitId,
        /// The clause of the first failing row.
        clause: &'static str,
        /// Message slot or ballot, for clauses that repeat.
        slot: Option<usize>,
        /// The first failing row.
        row: usize,
    },
    /// The circuit computes with other variables than the key was made for.
    #[error("witness of {circuit} has {found} variables, its key was made for {expected}")]
    Variables {
        /// Which circuit.
        circuit: CircuitId,
        /// Variables of the key.
        expected: usize,
        /// Variables of the witness.
        found: usize,
    },
    /// The finished proof does not verify. This is a defect of prover, key or machine, never of the inputs.
    #[error("the finished proof of {circuit} does not verify: {source}")]
    Rejected {
        /// Which circuit.
        circuit: CircuitId,
        /// What the verifier said.
        source: maci_verifier::Error,
    },
    /// Groth16's r is 0, or so is A: drawn by chance, one in 2^253.
    #[error("the randomness of the proof is 0, so it would hide nothing: draw it anew")]
    Randomness,
    /// Someone asked to stop.
    #[error("proving was cancelled")]
    Cancelled,
    /// A thread of the pool ended in a panic.
    #[error("a proving thread stopped unexpectedly")]
    Thread,
}

struct Slot(Option<usize>);

impl core::fmt::Display for Slot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.map_or(Ok(()), |slot| write!(f, " in slot {slot}"))
    }
}
