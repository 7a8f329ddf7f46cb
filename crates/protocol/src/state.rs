//! State leaves and ballots: what a poll knows about each voter (protocol.md §8).
//!
//! Step 5 of the way of a vote: the machine changes them, a layout commits to them.

use maci_crypto::{Fr, babyjubjub::{self, RawPoint}, poseidon, tree::quinary};

/// One leaf of the poll state tree: `H3(publicKey.x, publicKey.y, voiceCreditBalance)`.
///
/// The key is kept as raw coordinates: a valid command may set any key, usable or not (D7). The balance is a field
/// element: credit proxies may grant any uint256, which the log reduces mod p (D9, D10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateLeaf {
    /// The key that signs this voter's commands.
    pub public_key: RawPoint,
    /// Credits left.
    pub voice_credit_balance: Fr,
}

/// One ballot: the nonce of the last applied command and a weight per option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// Nonce of the last applied command; 0 when blank.
    pub nonce: u64,
    /// 5^v vote weights, each below 2^50.
    pub votes: Vec<u64>,
}
