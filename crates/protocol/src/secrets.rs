//! Every secret of a run, from the coordinator key and the poll's identity alone (D16).
//!
//! seed = HKDF-SHA256(serialised coordinator key, chain id ‖ poll address); every salt and both of Groth16's blinding values
//! are HMAC-SHA256 of the seed over their purpose. Running again, on another machine too, gives the same commitments
//! and proofs, so a crash loses nothing; who does not know the coordinator key learns nothing (S-10). Each circuit,
//! role, batch and input commitment has its own salt: a repeated one would show that a batch changed nothing.
//!
//! Inputs of the PRF are length-prefixed, so two purposes never share an encoding.

use core::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use maci_crypto::{Fr, field};
use maci_verifier::{CircuitId, Salt, VkId};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::{keys::PrivateKey, types::Address};

const SEED_SALT: &[u8] = b"maci-rs/run-seed/v1";

/// What a salt blinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SaltRole {
    /// The state and ballot commitment after a message batch.
    StateAndBallots,
    /// The results commitment after a tally batch.
    Results,
    /// The commitment to all spent credits.
    Spent,
    /// The commitment to the credits spent per option (QV).
    PerOptionSpent,
}

impl SaltRole {
    /// The role's name in the derivation.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StateAndBallots => "state-and-ballots",
            Self::Results => "results",
            Self::Spent => "spent",
            Self::PerOptionSpent => "per-option-spent",
        }
    }
}

/// Where salts come from: [`RunSeed`] for real runs, recorded values to reproduce a recorded run.
pub trait SaltSource {
    /// The salt of the commitment that this batch of this circuit makes.
    ///
    /// `batch` counts in submission order; `input` binds what the batch starts from.
    fn salt(&mut self, circuit: &CircuitId, role: SaltRole, batch: u64, input: Fr) -> Salt;
}

/// The secret from which one poll's run is derived.
#[derive(Clone)]
pub struct RunSeed(Zeroizing<[u8; 32]>);

impl fmt::Debug for RunSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunSeed(..)")
    }
}

impl RunSeed {
    /// HKDF-SHA256 with the raw coordinator key as input and the poll's identity as context.
    pub fn derive(coordinator: &PrivateKey, chain_id: u64, poll_address: Address) -> Self {
        // The serialised form is one fixed text for each raw key, without a limit on its size.
        let raw = coordinator.serialise();
        let mut context = [0; 28];
        context[..8].copy_from_slice(&chain_id.to_be_bytes());
        context[8..].copy_from_slice(&poll_address.0);
        let mut seed = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(Some(SEED_SALT), raw.as_bytes())
            .expand(&context, &mut *seed)
            .unwrap_or_else(|_| unreachable!("32 bytes are within HKDF-SHA256's 8160"));
        Self(seed)
    }

    /// The salt of one commitment.
    pub fn salt(&self, circuit: &CircuitId, role: &str, batch: u64, input: Fr) -> Salt {
        let circuit = circuit.to_string();
        Salt(self.field_element(&[
            b"salt",
            circuit.as_bytes(),
            role.as_bytes(),
            &batch.to_be_bytes(),
            &field::to_be_bytes(&input),
        ]))
    }

    /// Groth16's blinding values r and s for one proof under one key.
    ///
    /// The key is part of it because two proofs of one witness under two keys would otherwise share r and s.
    pub fn proof_randomness(
        &self,
        circuit: &CircuitId,
        key: VkId,
        public_inputs: &[Fr],
        witness_digest: [u8; 32],
    ) -> (Fr, Fr) {
        let circuit = circuit.to_string();
        let inputs: Vec<u8> = public_inputs.iter().flat_map(field::to_be_bytes).collect();
        let of = |name: &[u8]| {
            self.field_element(&[
                b"groth16",
                name,
                circuit.as_bytes(),
                &key.0,
                &inputs,
                &witness_digest,
            ])
        };
        (of(b"r"), of(b"s"))
    }

    /// 64 PRF bytes reduced mod p: the bias is below 2^-256.
    fn field_element(&self, parts: &[&[u8]]) -> Fr {
        let mut bytes = Zeroizing::new([0; 64]);
        for (counter, half) in (0u8..).zip(bytes.chunks_exact_mut(32)) {
            let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&*self.0)
                .unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
            mac.update(&[counter]);
            for part in parts {
                mac.update(&(part.len() as u64).to_be_bytes());
                mac.update(part);
            }
            half.copy_from_slice(&mac.finalize().into_bytes());
        }
        field::from_be_bytes_mod(&*bytes)
    }
}

impl SaltSource for RunSeed {
    fn salt(&mut self, circuit: &CircuitId, role: SaltRole, batch: u64, input: Fr) -> Salt {
        Self::salt(self, circuit, role.name(), batch, input)
    }
}
