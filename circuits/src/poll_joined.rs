//! PollJoined: a voter shows, without saying which, a leaf of the poll state tree (protocol.md §9, §10, D17).
//!
//! Public: [`PollJoined`]. Private: [`PollJoinedInputs`]. The statement: H3(sk·Base8, credits) lies under the root.
//! Relayer services ask for it; no contract of a poll does. The root is the node that `pollStateRootsOnJoin` recorded,
//! so depth and index are private here too.

use core::fmt;

use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    babyjubjub::{Scalar, mul_base8},
    poseidon::{self, constraints::hash},
    tree::lean_imt::constraints::{Membership, MembershipVar},
};
use maci_verifier::statement::PollJoined;

use crate::{
    ClauseViolation, InputError,
    clause::{clause, outcome},
    ensure, expect_len,
    gadget::{FrVar, witness},
    poll_joining::root_of,
    private_key::PrivateKeyVar,
};

pub use crate::poll_joining::{MEMBERSHIP, PRIVATE_KEY};

/// Everything that a proof of having joined is about.
#[derive(Clone)]
pub struct PollJoinedInputs {
    /// The public input.
    pub statement: PollJoined,
    /// The voter's formatted private key.
    pub private_key: Scalar,
    /// The leaf's voice credits.
    pub voice_credit_balance: Fr,
    /// D siblings in the poll state tree, those above the recorded node being 0.
    pub siblings: Vec<Fr>,
    /// The turns, lowest bit first.
    pub index: u64,
    /// Levels from the leaf to the recorded node.
    pub actual_state_tree_depth: u64,
}

impl fmt::Debug for PollJoinedInputs {
    /// Shows the statement only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollJoinedInputs")
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

/// Refuses inputs whose path does not fit the circuit.
pub(crate) fn check_shape(depth: u8, inputs: &PollJoinedInputs) -> Result<(), InputError> {
    expect_len("siblings", inputs.siblings.len(), depth.into())
}

/// The native twin of [`synthesise`].
pub(crate) fn check(inputs: &PollJoinedInputs) -> Result<(), ClauseViolation> {
    let key = mul_base8(&inputs.private_key);
    let leaf = poseidon::hash3(key.x, key.y, inputs.voice_credit_balance);
    let root = root_of(
        leaf,
        &inputs.siblings,
        inputs.index,
        inputs.actual_state_tree_depth,
    );
    ensure(
        root == Some(inputs.statement.state_root.0),
        MEMBERSHIP,
        None,
    )
}

/// The circuit.
pub(crate) fn synthesise(
    cs: &ConstraintSystemRef<Fr>,
    depth: u8,
    publics: &[FrVar],
    inputs: Option<&PollJoinedInputs>,
) -> Result<(), SynthesisError> {
    let [state_root] = publics else {
        return Err(SynthesisError::Unsatisfiable);
    };
    let [x, y] = clause(cs, PRIVATE_KEY, None, || {
        let key = PrivateKeyVar::new(cs, inputs.map(|i| i.private_key))?;
        let public = key.public_key()?.into_coordinates();
        Ok([
            outcome(cs, "private-key/x", None, public.x)?,
            outcome(cs, "private-key/y", None, public.y)?,
        ])
    })?;
    clause(cs, MEMBERSHIP, None, || {
        let credits = witness(cs, inputs.map(|i| i.voice_credit_balance))?;
        let values = inputs.map(|i| Membership {
            siblings: &i.siblings,
            index: i.index,
            depth: i.actual_state_tree_depth,
        });
        let path = MembershipVar::new(cs, depth.into(), values)?;
        path.enforce_root(&hash(&[x, y, credits])?, state_root)
    })
}
