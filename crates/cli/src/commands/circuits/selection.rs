//! Which circuit is meant: by its id, or by its kind and parameters.

use clap::{Args, ValueEnum};
use maci_verifier::{CircuitId, Mode};

use crate::failure::Failure;

/// What a circuit proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// One batch of messages
    MessageProcessor,
    /// One batch of ballots
    VoteTally,
    /// A voter joins a poll
    PollJoining,
    /// A voter shows a leaf of a poll
    PollJoined,
}

/// A circuit by kind and parameters; what is left out is MACI's own choice.
#[derive(Args, Debug)]
pub(crate) struct KindArgs {
    /// Kind of the circuit, with its parameters below
    #[arg(long, value_name = "KIND")]
    circuit: Option<Kind>,

    /// qv, non-qv or full
    #[arg(long, default_value = "qv", requires = "circuit")]
    mode: Mode,

    /// Depth of the state tree
    #[arg(long, value_name = "D", default_value_t = 10, requires = "circuit")]
    state_depth: u8,

    /// Messages in a batch
    #[arg(long, value_name = "B", default_value_t = 20, requires = "circuit")]
    batch: u8,

    /// Depth of the vote option tree
    #[arg(long, value_name = "V", default_value_t = 2, requires = "circuit")]
    vote_option_depth: u8,

    /// Depth of a tally batch: it has 2^T ballots
    #[arg(long, value_name = "T", default_value_t = 1, requires = "circuit")]
    tally_depth: u8,
}

impl KindArgs {
    /// The circuit, if one is named.
    pub(crate) fn circuit(&self) -> Result<Option<CircuitId>, Failure> {
        let state_tree_depth = self.state_depth;
        let vote_option_tree_depth = self.vote_option_depth;
        let Some(kind) = self.circuit else {
            return Ok(None);
        };
        let id = match kind {
            Kind::MessageProcessor => CircuitId::MessageProcessor {
                mode: self.mode,
                state_tree_depth,
                message_batch_size: self.batch,
                vote_option_tree_depth,
            },
            Kind::VoteTally => CircuitId::VoteTally {
                mode: self.mode,
                state_tree_depth,
                tally_processing_state_tree_depth: self.tally_depth,
                vote_option_tree_depth,
            },
            Kind::PollJoining => CircuitId::PollJoining { state_tree_depth },
            Kind::PollJoined => CircuitId::PollJoined { state_tree_depth },
        };
        match id.validate() {
            Ok(id) => Ok(Some(id)),
            Err(error) => Err(Failure::usage(
                "bad_parameters",
                format!("there is no circuit {id}: {error}"),
            )),
        }
    }
}
