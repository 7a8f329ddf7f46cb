//! Messages and the commands inside them (protocol.md §6).
//!
//! Step 3 of the way of a vote: ECDH with the coordinator key, decrypt, unpack. Any ten field elements decrypt to
//! some command; whether it counts is the machine's question.

use core::fmt;

use ark_ff::{AdditiveGroup, PrimeField};
use maci_crypto::{
    Fr,
    babyjubjub::{self, RawPoint},
    cipher, ecdh,
    eddsa::{self, Signature},
    keypair::KeyError,
    poseidon,
};
use maci_verifier::Salt;

use crate::{
    chain::NUMS,
    keys::{CoordinatorKey, PrivateKey, PublicKey},
    types::{Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight},
};

/// Bits of each packed number.
pub const FIELD_BITS: u32 = 50;
const FIELD_MASK: u64 = (1 << FIELD_BITS) - 1;

/// An encrypted command as it stands in the log: ten ciphertext elements and the key to decrypt them with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Ciphertext of the seven-element plaintext; the tenth element is the tag, which nobody checks (D3).
    pub data: [Fr; 10],
    /// E: the sender's one-time public key, possibly off the curve or of low order (D5).
    pub encryption_public_key: RawPoint,
}

impl Message {
    /// Message 0, which the Poll contract inserts at initialisation (protocol.md §7).
    pub fn placeholder() -> Self {
        let mut data = [Fr::ZERO; 10];
        data[0] = NUMS;
        Self {
            data,
            encryption_public_key: babyjubjub::pad_key().into(),
        }
    }

    /// `hash12(data, E.x, E.y)`: what enters the chain hash.
    pub fn hash(&self) -> Fr {
        let mut inputs = [Fr::ZERO; 12];
        inputs[..10].copy_from_slice(&self.data);
        inputs[10] = self.encryption_public_key.x;
        inputs[11] = self.encryption_public_key.y;
        poseidon::hash12(&inputs)
    }

    /// Decrypts without any check (D3). `None` only if the encryption key is off the curve (D5).
    ///
    /// Messages are independent of each other here: callers may decrypt in parallel and hand the results to
    /// [`crate::machine::Machine::apply`] in order.
    pub fn decrypt(&self, key: &CoordinatorKey) -> Option<SignedCommand> {
        let shared = ecdh::shared_key(key.scalar(), &self.encryption_public_key)?;
        Some(SignedCommand::from_plaintext(&cipher::decrypt(
            &self.data, &shared,
        )))
    }

    /// [`Self::decrypt`] of each, in order.
    pub fn decrypt_many(messages: &[Self], key: &CoordinatorKey) -> Vec<Option<SignedCommand>> {
        let shared =
            |message: &Self| ecdh::shared_key(key.scalar(), &message.encryption_public_key);
        let keys: Vec<_> = messages.iter().map(shared).collect();
        let on_curve = messages.iter().zip(&keys);
        let encrypted: Vec<_> = on_curve
            .filter_map(|(message, key)| key.map(|key| (&message.data, key)))
            .collect();
        let mut plaintexts = cipher::decrypt_many(&encrypted).into_iter();
        keys.iter()
            .map(|key| key.and_then(|_| plaintexts.next()))
            .map(|plaintext| plaintext.as_ref().map(SignedCommand::from_plaintext))
            .collect()
    }
}

/// Decrypts a message; see [`Message::decrypt`].
pub fn decrypt(message: &Message, key: &CoordinatorKey) -> Option<SignedCommand> {
    message.decrypt(key)
}

/// What a voter asks for: a weight for an option, and the key of the voter's next command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct VoteCommand {
    /// The voter's leaf.
    pub state_index: StateIndex,
    /// The leaf's key from now on; a different one is a key change, and any coordinates are accepted (D7).
    pub new_public_key: RawPoint,
    /// The option voted for.
    pub vote_option_index: VoteOptionIndex,
    /// The option's new weight.
    pub new_vote_weight: VoteWeight,
    /// One more than the ballot's nonce.
    pub nonce: Nonce,
    /// Not checked by any statement (D12).
    pub poll_id: PollId,
    /// Blinds the command hash.
    pub salt: Salt,
}

/// A command that cannot be packed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// A number of more than 50 bits.
    #[error("{field} must be below 2^50, found {found}")]
    OutOfRange {
        /// Which number.
        field: &'static str,
        /// Its value.
        found: u64,
    },
    /// A new key that would authenticate nobody, so that the voter could never vote again (D7).
    #[error("the new public key cannot be used: {0}")]
    NewKey(KeyError),
}

impl fmt::Debug for VoteCommand {
    /// Shows nothing: this is a plaintext vote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoteCommand").finish_non_exhaustive()
    }
}

impl VoteCommand {
    /// The four signed field elements. Refuses numbers of more than 50 bits.
    pub fn pack(&self) -> Result<[Fr; 4], CommandError> {
        let numbers = [
            ("state index", self.state_index.0),
            ("vote option index", self.vote_option_index.0),
            ("new vote weight", self.new_vote_weight.0),
            ("nonce", self.nonce.0),
            ("poll id", self.poll_id.0),
        ];
        let shift = Fr::from(1u64 << FIELD_BITS);
        let mut packed = Fr::ZERO;
        for (field, value) in numbers.into_iter().rev() {
            if value > FIELD_MASK {
                return Err(CommandError::OutOfRange {
                    field,
                    found: value,
                });
            }
            packed = packed * shift + Fr::from(value);
        }
        Ok([
            packed,
            self.new_public_key.x,
            self.new_public_key.y,
            self.salt.0,
        ])
    }

    /// Reads bits [0, 50), [50, 100) … [200, 250) of the canonical first element and ignores the rest (D4).
    pub fn unpack(packed: &[Fr; 4]) -> Self {
        let limbs = packed[0].into_bigint();
        let number = |place: u32| {
            let mut shifted = limbs;
            shifted >>= place * FIELD_BITS;
            shifted.0[0] & FIELD_MASK
        };
        Self {
            state_index: StateIndex(number(0)),
            new_public_key: RawPoint::new(packed[1], packed[2]),
            vote_option_index: VoteOptionIndex(number(1)),
            new_vote_weight: VoteWeight(number(2)),
            nonce: Nonce(number(3)),
            poll_id: PollId(number(4)),
            salt: Salt(packed[3]),
        }
    }

    /// Packs and signs with the key of the voter's current leaf. Refuses a new key that is off the curve or of low
    /// order: the protocol would take it (D7), and the voter would be locked out (security.md S-07).
    pub fn sign(&self, key: &PrivateKey) -> Result<SignedCommand, CommandError> {
        key_of_high_order(self.new_public_key).map_err(CommandError::NewKey)?;
        Ok(SignedCommand::sign_packed(self.pack()?, key))
    }
}

/// A command with its signature: the plaintext of a message.
///
/// The packed elements are kept as they were signed: their bits past 250 are no part of [`VoteCommand`] but part of
/// what the signature covers (D4).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SignedCommand {
    /// The four signed elements.
    pub packed: [Fr; 4],
    /// The signature, not yet verified.
    pub signature: Signature,
}

impl fmt::Debug for SignedCommand {
    /// Shows nothing: this is a plaintext vote.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedCommand").finish_non_exhaustive()
    }
}

impl SignedCommand {
    /// Signs four packed elements as they are.
    pub fn sign_packed(packed: [Fr; 4], key: &PrivateKey) -> Self {
        Self {
            packed,
            signature: eddsa::sign(key, poseidon::hash4(&packed)),
        }
    }

    /// The command that the packed elements mean.
    pub fn command(&self) -> VoteCommand {
        VoteCommand::unpack(&self.packed)
    }

    /// `H4(packed)`: the signed hash.
    pub fn hash(&self) -> Fr {
        poseidon::hash4(&self.packed)
    }

    /// Whether the signature is one of this key over the packed elements, by D6.
    pub fn is_signed_by(&self, public_key: RawPoint) -> bool {
        eddsa::verify(public_key, &self.signature, self.hash())
    }

    /// packed, R8.x, R8.y, S.
    pub fn plaintext(&self) -> [Fr; 7] {
        let [a, b, c, d] = self.packed;
        [
            a,
            b,
            c,
            d,
            self.signature.r8.x,
            self.signature.r8.y,
            self.signature.s,
        ]
    }

    /// Reads a plaintext; every seven elements are one.
    pub fn from_plaintext(plaintext: &[Fr; 7]) -> Self {
        let [a, b, c, d, x, y, s] = *plaintext;
        Self {
            packed: [a, b, c, d],
            signature: Signature {
                r8: RawPoint::new(x, y),
                s,
            },
        }
    }

    /// Encrypts to the coordinator with a one-time key. Refuses a coordinator key off the curve or of low order, to
    /// which every message would be readable by anyone (security.md S-07).
    pub fn encrypt(
        &self,
        ephemeral: &PrivateKey,
        coordinator: &RawPoint,
    ) -> Result<Message, KeyError> {
        key_of_high_order(*coordinator)?;
        let shared =
            ecdh::shared_key(&ephemeral.formatted(), coordinator).ok_or(KeyError::OffCurve)?;
        Ok(Message {
            data: cipher::encrypt(&self.plaintext(), &shared),
            encryption_public_key: ephemeral.public_key().coordinates(),
        })
    }
}

/// The part of [`PublicKey::require_usable`] that is cheap enough for every message.
fn key_of_high_order(coordinates: RawPoint) -> Result<(), KeyError> {
    let key = PublicKey::new(coordinates)?;
    if babyjubjub::has_low_order(&key.point()) {
        return Err(KeyError::LowOrder);
    }
    Ok(())
}
