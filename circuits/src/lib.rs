//! Every statement that is proved, and nothing else.
//!
//! One file (or folder) per circuit, each in the same order: the public side ([`maci_verifier::statement`]), the
//! private side ([`Inputs`]), the native [`check`], the circuit. A circuit is a list of named [`clause`]s, and the
//! native check goes through the same names, so that a refused statement is refused for a reason that can be compared.
//!
//! The statements are those of `docs/protocol.md` §10, §12 and §13 with decisions D1 to D17: MACI's own public inputs
//! in MACI's order, MACI's commitments, and a witness for every log that the contracts accept.
//!
//! | circuit | file |
//! |---|---|
//! | MessageProcessor (QV, non-QV, FULL) | [`message_processor`] |
//! | VoteTally (QV, non-QV) | [`vote_tally`] |
//! | PollJoining | [`poll_joining`] |
//! | PollJoined | [`poll_joined`] |

use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem, ConstraintSystemRef, OptimizationGoal, SynthesisError,
    SynthesisMode,
};
use ark_std::{boxed::Box, vec::Vec};
use maci_crypto::Fr;
use maci_protocol::layout::compact::{ProcessInputs, TallyInputs};
use maci_verifier::{CircuitId, statement::Statement as _};

pub mod clause;
mod components;
mod gadget;
pub mod gates;
pub mod message_processor;
mod pinned;
pub mod poll_joined;
pub mod poll_joining;
mod private_key;
pub mod reference;
mod sample;
mod stats;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod vote_tally;

pub use components::{Component, INPUTS};
pub use pinned::{PINNED, SHIPPED, pinned_json, size_table};
pub use poll_joined::PollJoinedInputs;
pub use poll_joining::PollJoiningInputs;
pub use sample::sample_inputs;
pub use stats::{CircuitDigest, CircuitStats, Matrices, circuit_digest, matrices, stats};

/// Everything that one proof is about, public and private.
#[derive(Clone, Debug)]
pub enum Inputs {
    /// One batch of messages.
    Process(Box<ProcessInputs>),
    /// One batch of ballots.
    Tally(Box<TallyInputs>),
    /// A voter joins a poll.
    Joining(Box<PollJoiningInputs>),
    /// A voter shows a poll leaf.
    Joined(Box<PollJoinedInputs>),
}

impl Inputs {
    /// The public inputs in the order of the contracts.
    pub fn public_inputs(&self) -> Vec<Fr> {
        match self {
            Self::Process(inputs) => inputs.statement.public_inputs(),
            Self::Tally(inputs) => inputs.statement.public_inputs(),
            Self::Joining(inputs) => inputs.statement.public_inputs(),
            Self::Joined(inputs) => inputs.statement.public_inputs(),
        }
    }
}

/// Inputs that do not have the shape of the circuit they were given to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The inputs belong to another kind of circuit.
    #[error("circuit {circuit} was given inputs of another kind")]
    Kind {
        /// The circuit.
        circuit: CircuitId,
    },
    /// The inputs were made for other parameters.
    #[error("circuit {circuit} was given inputs made for {found}")]
    Circuit {
        /// The circuit.
        circuit: CircuitId,
        /// What the inputs say they are for.
        found: CircuitId,
    },
    /// A list has the wrong length.
    #[error("{what} has {found} entries, the circuit takes {expected}")]
    Length {
        /// The list.
        what: &'static str,
        /// Entries that the circuit takes.
        expected: usize,
        /// Entries found.
        found: usize,
    },
    /// A value is present that the mode does not have, or missing where it has one.
    #[error("{what} must be {} in this mode", if *.expected { "present" } else { "absent" })]
    Presence {
        /// The value.
        what: &'static str,
        /// Whether the mode has it.
        expected: bool,
    },
    /// The coordinator's key has no provable shared keys.
    #[error(transparent)]
    CoordinatorKey(#[from] maci_crypto::ecdh::DegenerateScalar),
    /// The circuit's parameters are outside what any poll can have.
    #[error("circuit {circuit} has parameters outside the supported range")]
    Parameters {
        /// The circuit.
        circuit: CircuitId,
    },
}

/// A clause that a statement violates, found natively or among the rows of a witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("clause {clause} does not hold{}", Slot(*.slot))]
pub struct ClauseViolation {
    /// Name of the clause.
    pub clause: &'static str,
    /// Message slot or ballot, for clauses that repeat.
    pub slot: Option<usize>,
}

struct Slot(Option<usize>);

impl core::fmt::Display for Slot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.map_or(Ok(()), |slot| write!(f, " in slot {slot}"))
    }
}

/// Holds or names the clause that does not.
pub(crate) fn ensure(
    holds: bool,
    clause: &'static str,
    slot: Option<usize>,
) -> Result<(), ClauseViolation> {
    if holds {
        Ok(())
    } else {
        Err(ClauseViolation { clause, slot })
    }
}

pub(crate) fn expect_len(
    what: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), InputError> {
    if found == expected {
        Ok(())
    } else {
        Err(InputError::Length {
            what,
            expected,
            found,
        })
    }
}

/// Why the native check refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The inputs do not fit the circuit.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The statement is false.
    #[error(transparent)]
    Clause(#[from] ClauseViolation),
}

/// Checks natively what the circuit proves, clause by clause under the circuit's own clause names.
///
/// `Ok` means that the circuit is satisfied by these inputs. The prover itself holds the assignment against every row.
pub fn check(id: CircuitId, inputs: &Inputs) -> Result<(), CheckError> {
    check_shape(id, inputs)?;
    match inputs {
        Inputs::Process(inputs) => message_processor::check(id, inputs)?,
        Inputs::Tally(inputs) => vote_tally::check(id, inputs)?,
        Inputs::Joining(inputs) => poll_joining::check(inputs)?,
        Inputs::Joined(inputs) => poll_joined::check(inputs)?,
    }
    Ok(())
}

fn check_shape(id: CircuitId, inputs: &Inputs) -> Result<(), InputError> {
    if id.validate().is_err() {
        return Err(InputError::Parameters { circuit: id });
    }
    match (id, inputs) {
        (CircuitId::MessageProcessor { .. }, Inputs::Process(inputs)) => {
            message_processor::check_shape(id, inputs)
        }
        (CircuitId::VoteTally { .. }, Inputs::Tally(inputs)) => vote_tally::check_shape(id, inputs),
        (CircuitId::PollJoining { state_tree_depth }, Inputs::Joining(inputs)) => {
            poll_joining::check_shape(state_tree_depth, inputs)
        }
        (CircuitId::PollJoined { state_tree_depth }, Inputs::Joined(inputs)) => {
            poll_joined::check_shape(state_tree_depth, inputs)
        }
        _ => Err(InputError::Kind { circuit: id }),
    }
}

/// A circuit with or without its inputs, ready for synthesis.
#[derive(Clone, Debug)]
pub struct Circuit {
    id: CircuitId,
    inputs: Option<Inputs>,
}

impl Circuit {
    /// The circuit alone, for key generation and digests. Parameters that no poll can have fail at synthesis.
    pub const fn blank(id: CircuitId) -> Self {
        Self { id, inputs: None }
    }

    /// The circuit with inputs of its shape. Whether they satisfy it is [`check`]'s question.
    pub fn new(id: CircuitId, inputs: Inputs) -> Result<Self, InputError> {
        check_shape(id, &inputs)?;
        Ok(Self {
            id,
            inputs: Some(inputs),
        })
    }

    /// Which circuit this is.
    pub const fn id(&self) -> CircuitId {
        self.id
    }
}

impl ConstraintSynthesizer<Fr> for Circuit {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        if self.id.validate().is_err() {
            return Err(SynthesisError::Unsatisfiable);
        }
        let values = self.inputs.as_ref().map(Inputs::public_inputs);
        let publics = (0..self.id.public_inputs())
            .map(|i| {
                gadget::public(
                    &cs,
                    values.as_ref().and_then(|values| values.get(i).copied()),
                )
            })
            .collect::<Result<Vec<_>, _>>()?;
        match (self.id, &self.inputs) {
            (CircuitId::MessageProcessor { .. }, None) => {
                message_processor::synthesise(&cs, self.id, &publics, None)
            }
            (CircuitId::MessageProcessor { .. }, Some(Inputs::Process(inputs))) => {
                message_processor::synthesise(&cs, self.id, &publics, Some(inputs))
            }
            (CircuitId::VoteTally { .. }, None) => {
                vote_tally::synthesise(&cs, self.id, &publics, None)
            }
            (CircuitId::VoteTally { .. }, Some(Inputs::Tally(inputs))) => {
                vote_tally::synthesise(&cs, self.id, &publics, Some(inputs))
            }
            (CircuitId::PollJoining { state_tree_depth }, None) => {
                poll_joining::synthesise(&cs, state_tree_depth, &publics, None)
            }
            (CircuitId::PollJoining { state_tree_depth }, Some(Inputs::Joining(inputs))) => {
                poll_joining::synthesise(&cs, state_tree_depth, &publics, Some(inputs))
            }
            (CircuitId::PollJoined { state_tree_depth }, None) => {
                poll_joined::synthesise(&cs, state_tree_depth, &publics, None)
            }
            (CircuitId::PollJoined { state_tree_depth }, Some(Inputs::Joined(inputs))) => {
                poll_joined::synthesise(&cs, state_tree_depth, &publics, Some(inputs))
            }
            _ => Err(SynthesisError::Unsatisfiable),
        }
    }
}

/// Runs a circuit for its values alone: no matrix, no linear combination is kept.
pub fn assign(
    circuit: impl ConstraintSynthesizer<Fr>,
) -> Result<ConstraintSystemRef<Fr>, SynthesisError> {
    let cs = ConstraintSystem::new_ref();
    cs.set_optimization_goal(OptimizationGoal::Constraints);
    cs.set_mode(SynthesisMode::Prove {
        construct_matrices: false,
        generate_lc_assignments: false,
    });
    circuit.generate_constraints(cs.clone())?;
    Ok(cs)
}
