//! PollJoining: the owner of a signed-up key joins one poll, once (protocol.md §9.3, §10, D17).
//!
//! Public: [`PollJoining`]. Private: [`PollJoiningInputs`]. The statement: `nullifier = H2(sk, pollId)`,
//! `sk·Base8 = pollPublicKey`, and H2 of that key lies under the sign-up tree's root.
//!
//! Not enforced: the depth of the sign-up tree. Depth and index stay private, as in MACI, so the statement is
//! membership at some depth in 0..=D; replay reports a joined key that never signed up.

use core::fmt;

use ark_relations::gr1cs::{ConstraintSystemRef, SynthesisError};
use ark_std::vec::Vec;
use maci_crypto::{
    Fr,
    babyjubjub::{Scalar, constraints::PointVar, mul_base8, scalar_to_field},
    bits::enforce_equal,
    poseidon::{self, constraints::hash},
    tree::lean_imt::constraints::{Membership, MembershipVar},
};
use maci_verifier::statement::PollJoining;

use crate::{
    ClauseViolation, InputError, clause::clause, ensure, expect_len, gadget::FrVar,
    private_key::PrivateKeyVar,
};

/// The canonical private key and its public key.
pub const PRIVATE_KEY: &str = "private-key";
/// The nullifier of the key and the poll.
pub const NULLIFIER: &str = "nullifier";
/// The key lies under the root.
pub const MEMBERSHIP: &str = "membership";

/// Everything that a joining proof is about.
#[derive(Clone)]
pub struct PollJoiningInputs {
    /// The five public inputs.
    pub statement: PollJoining,
    /// The voter's formatted private key.
    pub private_key: Scalar,
    /// D siblings in the sign-up tree, those that do not exist being 0.
    pub siblings: Vec<Fr>,
    /// The turns at the levels that have a sibling, lowest bit first.
    pub index: u64,
    /// Number of levels that have a sibling.
    pub actual_state_tree_depth: u64,
}

impl fmt::Debug for PollJoiningInputs {
    /// Shows the statement only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PollJoiningInputs")
            .field("statement", &self.statement)
            .finish_non_exhaustive()
    }
}

/// Refuses inputs whose path does not fit the circuit.
pub(crate) fn check_shape(depth: u8, inputs: &PollJoiningInputs) -> Result<(), InputError> {
    expect_len("siblings", inputs.siblings.len(), depth.into())
}

/// The native twin of [`synthesise`].
pub(crate) fn check(inputs: &PollJoiningInputs) -> Result<(), ClauseViolation> {
    let statement = &inputs.statement;
    let key = mul_base8(&inputs.private_key);
    let claimed = (statement.poll_public_key.x, statement.poll_public_key.y);
    ensure((key.x, key.y) == claimed, PRIVATE_KEY, None)?;
    let nullifier = poseidon::hash2(scalar_to_field(&inputs.private_key), statement.poll_id);
    ensure(nullifier == statement.nullifier.0, NULLIFIER, None)?;
    let leaf = poseidon::hash2(key.x, key.y);
    let root = root_of(
        leaf,
        &inputs.siblings,
        inputs.index,
        inputs.actual_state_tree_depth,
    );
    ensure(root == Some(statement.state_root.0), MEMBERSHIP, None)
}

/// The root at `depth` of the path from `leaf`; `None` if there is no such depth.
pub(crate) fn root_of(leaf: Fr, siblings: &[Fr], index: u64, depth: u64) -> Option<Fr> {
    let path = siblings.get(..usize::try_from(depth).ok()?)?;
    Some(
        path.iter()
            .enumerate()
            .fold(leaf, |node, (level, sibling)| {
                if index >> level & 1 == 1 {
                    poseidon::hash2(*sibling, node)
                } else {
                    poseidon::hash2(node, *sibling)
                }
            }),
    )
}

/// The circuit.
pub(crate) fn synthesise(
    cs: &ConstraintSystemRef<Fr>,
    depth: u8,
    publics: &[FrVar],
    inputs: Option<&PollJoiningInputs>,
) -> Result<(), SynthesisError> {
    let [key_x, key_y, nullifier, state_root, poll_id] = publics else {
        return Err(SynthesisError::Unsatisfiable);
    };
    let key = clause(cs, PRIVATE_KEY, None, || {
        let key = PrivateKeyVar::new(cs, inputs.map(|i| i.private_key))?;
        key.enforce_public_key(&PointVar {
            x: key_x.clone(),
            y: key_y.clone(),
        })?;
        Ok(key)
    })?;
    clause(cs, NULLIFIER, None, || {
        enforce_equal(&hash(&[key.scalar().clone(), poll_id.clone()])?, nullifier)
    })?;
    clause(cs, MEMBERSHIP, None, || {
        let values = inputs.map(|i| Membership {
            siblings: &i.siblings,
            index: i.index,
            depth: i.actual_state_tree_depth,
        });
        let path = MembershipVar::new(cs, depth.into(), values)?;
        path.enforce_root(&hash(&[key_x.clone(), key_y.clone()])?, state_root)
    })
}
