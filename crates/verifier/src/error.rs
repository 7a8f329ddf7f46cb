//! Why something was refused, with a stable number for each reason.
//!
//! Three families stay apart (V-20): input that cannot be read ([`Malformed`], 1xx), a verifying key that must not be
//! used ([`KeyError`], 2xx), and well-formed input whose claim is wrong ([`Error`], 3xx and 4xx). The transcript of a poll
//! has its own numbers (5xx). There is no `Ok(false)`: a proof that does not verify is an error.

use alloc::string::String;

use crate::circuit_id::CircuitId;
use crate::statement::StatementKind;
use crate::transcript::TranscriptError;

/// Input that has no meaning: wrong length, not canonical, not a group element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Too few or too many bytes, words or list entries.
    #[error("{what}: expected {expected} entries, found {found}")]
    Length {
        /// What was being read.
        what: &'static str,
        /// How many there must be.
        expected: usize,
        /// How many there were.
        found: usize,
    },
    /// A complete value followed by something else.
    #[error("{what}: {found} bytes left over after the end")]
    TrailingBytes {
        /// What was being read.
        what: &'static str,
        /// How many bytes were left.
        found: usize,
    },
    /// A number at or above its field's modulus, or a number not in its only spelling.
    #[error("{what}: not a canonical field element")]
    NotCanonical {
        /// What was being read.
        what: &'static str,
    },
    /// Coordinates that do not satisfy the curve equation.
    #[error("{what}: point is not on the curve")]
    NotOnCurve {
        /// What was being read.
        what: &'static str,
    },
    /// A point of the curve outside the group of prime order.
    #[error("{what}: point is not in the prime-order subgroup")]
    NotInSubgroup {
        /// What was being read.
        what: &'static str,
    },
    /// The point at infinity, which no key and no proof may hold.
    #[error("{what}: point is the identity")]
    Identity {
        /// What was being read.
        what: &'static str,
    },
    /// Flag bits of a compressed point in a combination that no encoder writes.
    #[error("{what}: flag bits are not those of a point")]
    Flags {
        /// What was being read.
        what: &'static str,
    },
    /// A public input that is a count or an index and does not fit 64 bits.
    #[error("{what}: expected a number below 2^64")]
    Range {
        /// Name of the public input.
        what: &'static str,
    },
    /// Not the JSON object that snarkjs writes.
    #[error("{what}: {detail}")]
    Json {
        /// What was being read.
        what: &'static str,
        /// What the JSON reader said.
        detail: String,
    },
}

impl Malformed {
    /// The stable number of the reason.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Length { .. } => 100,
            Self::TrailingBytes { .. } => 101,
            Self::NotCanonical { .. } => 102,
            Self::NotOnCurve { .. } => 103,
            Self::NotInSubgroup { .. } => 104,
            Self::Identity { .. } => 105,
            Self::Flags { .. } => 106,
            Self::Range { .. } => 107,
            Self::Json { .. } => 108,
        }
    }
}

/// A verifying key whose bytes are well formed and that must still not be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// gamma == delta: anyone can forge proofs for such a key.
    #[error("verifying key of {circuit}: gamma equals delta, so its proofs can be forged")]
    GammaEqualsDelta {
        /// The key's circuit.
        circuit: CircuitId,
    },
    /// gamma or delta is the group's generator, the value of an unfinished setup.
    #[error(
        "verifying key of {circuit}: {point} is the generator, so the setup was never finished"
    )]
    Generator {
        /// The key's circuit.
        circuit: CircuitId,
        /// Which point.
        point: &'static str,
    },
    /// Two public inputs share a point, so that they can be exchanged.
    #[error("verifying key of {circuit}: IC points {first} and {second} are equal or opposite")]
    RepeatedIc {
        /// The key's circuit.
        circuit: CircuitId,
        /// Position of the first of the two.
        first: usize,
        /// Position of the second.
        second: usize,
    },
    /// The number of IC points is not one more than the circuit's public inputs.
    #[error("verifying key of {circuit}: expected {expected} IC points, found {found}")]
    IcCount {
        /// The key's circuit.
        circuit: CircuitId,
        /// One more than the public inputs.
        expected: usize,
        /// What the key holds.
        found: usize,
    },
}

impl KeyError {
    /// The stable number of the reason.
    pub const fn code(&self) -> u16 {
        match self {
            Self::GammaEqualsDelta { .. } => 200,
            Self::Generator { .. } => 201,
            Self::RepeatedIc { .. } => 202,
            Self::IcCount { .. } => 203,
        }
    }
}

/// Why a verification did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The verifying key must not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The statement belongs to another kind of circuit than the key.
    #[error("expected a statement for {expected}, found one of kind {found}")]
    WrongKey {
        /// The key's circuit.
        expected: CircuitId,
        /// The statement's kind.
        found: StatementKind,
    },
    /// A list of public inputs of the wrong length; it is never cut or filled up.
    #[error("expected {expected} public inputs, found {found}")]
    InputCount {
        /// How many the statement has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A count or index that the key's circuit cannot hold.
    #[error("public input {input} does not fit {circuit}: at most {max}, found {found}")]
    OutOfRange {
        /// The key's circuit.
        circuit: CircuitId,
        /// Name of the public input.
        input: &'static str,
        /// The greatest value.
        max: u64,
        /// What was given.
        found: u64,
    },
    /// The proof is well formed and does not prove the statement.
    #[error("false proof: it does not prove this statement under the key of {circuit}")]
    FalseProof {
        /// The key's circuit.
        circuit: CircuitId,
    },
    /// A batch without claims proves nothing.
    #[error("expected at least one proof to verify, found none")]
    EmptyBatch,
    /// At least one proof of a batch is false.
    #[error(
        "false proof in a batch of {count}: number {index} (from 0) does not prove its statement"
    )]
    FalseBatch {
        /// How many proofs were checked together.
        count: usize,
        /// Position of the first false one.
        index: usize,
    },
    /// The proofs of a poll do not add up to its tally.
    #[error(transparent)]
    Transcript(#[from] TranscriptError),
}

impl Error {
    /// The stable number of the reason: 1xx malformed, 2xx key, 3xx wrong statement, 4xx false proof, 5xx transcript.
    pub const fn code(&self) -> u16 {
        match self {
            Self::Malformed(inner) => inner.code(),
            Self::Key(inner) => inner.code(),
            Self::WrongKey { .. } => 300,
            Self::InputCount { .. } => 301,
            Self::OutOfRange { .. } => 302,
            Self::EmptyBatch => 303,
            Self::FalseProof { .. } => 400,
            Self::FalseBatch { .. } => 401,
            Self::Transcript(inner) => inner.code(),
        }
    }

    /// Whether the input could not be read at all, as opposed to being read and found wrong.
    pub const fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }
}
