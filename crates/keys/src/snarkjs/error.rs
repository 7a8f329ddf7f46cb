//! Why a file of iden3's tools was refused.

use maci_verifier::Malformed;

use crate::error::KeyFileError;

/// What is wrong with a `.zkey` or `.wtns` file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnarkjsFileError {
    /// Another kind of file.
    #[error("magic: expected \"{expected}\", found other bytes")]
    Magic {
        /// What the file must begin with.
        expected: &'static str,
    },
    /// A version of the format that this program does not read.
    #[error("format version: expected {expected}, found {found}")]
    Version {
        /// The version that this program reads.
        expected: u32,
        /// What the file says.
        found: u32,
    },
    /// Bytes are missing.
    #[error("the file ends early, in {place}")]
    Truncated {
        /// Where.
        place: &'static str,
    },
    /// Bytes follow the last section.
    #[error("{bytes} bytes follow the last section")]
    TrailingBytes {
        /// How many.
        bytes: u64,
    },
    /// A section that must be there is not.
    #[error("section {section} ({name}) is missing")]
    MissingSection {
        /// Its number.
        section: u32,
        /// What it holds.
        name: &'static str,
    },
    /// A section is there more than once.
    #[error("section {section} appears twice")]
    DoubleSection {
        /// Its number.
        section: u32,
    },
    /// A section is not as long as the header says.
    #[error("{name}: expected {expected} bytes, found {found}")]
    SectionLength {
        /// What the section holds.
        name: &'static str,
        /// Bytes that the header asks for.
        expected: u64,
        /// Bytes in the file.
        found: u64,
    },
    /// A key of another proof system.
    #[error("proof system: expected 1 (Groth16), found {found}")]
    ProofSystem {
        /// What the file says.
        found: u32,
    },
    /// Another curve.
    #[error("{field}: expected the one of BN254 (bn128)")]
    Field {
        /// Which prime is another one.
        field: &'static str,
    },
    /// The sizes in the header contradict each other.
    #[error("header: {detail}")]
    Header {
        /// How.
        detail: String,
    },
    /// A number is not below its prime.
    #[error("{name}, entry {index}: the number is not below its prime")]
    NotReduced {
        /// What the section holds.
        name: &'static str,
        /// Which entry.
        index: usize,
    },
    /// A point does not satisfy the curve's equation.
    #[error("{name}, entry {index}: the point is not on the curve")]
    NotOnCurve {
        /// What the section holds.
        name: &'static str,
        /// Which entry.
        index: usize,
    },
    /// An entry names a row, a column or a matrix that is not there.
    #[error(
        "coefficients, entry {index}: {what} {found} is out of range, it must be below {bound}"
    )]
    Index {
        /// Which entry.
        index: usize,
        /// What it names.
        what: &'static str,
        /// The number.
        found: u32,
        /// The first number that is too great.
        bound: u32,
    },
    /// A variable has a point for B in one group and none in the other.
    #[error("B of variable {index} is the identity in one group and not in the other")]
    HalfB {
        /// Which variable.
        index: usize,
    },
    /// The witness of another circuit.
    #[error(
        "witness: expected {expected} values, found {found}; it belongs to another circuit than the key"
    )]
    WitnessLength {
        /// Variables of the key.
        expected: usize,
        /// Values of the witness.
        found: usize,
    },
    /// The first value of a witness is the constant 1.
    #[error("witness: the first value must be 1")]
    WitnessOne,
    /// A point of the verifying key is not in its group.
    #[error("verifying key: {0}")]
    Constant(#[from] Malformed),
    /// A prepared key was refused.
    #[error("prepared key: {0}; prepare it anew from its zkey")]
    Prepared(#[from] KeyFileError),
    /// The file cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}
