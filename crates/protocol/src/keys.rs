//! Keys: MACI's key pairs (re-exported from [`maci_crypto::keypair`]) and the coordinator's key ready for use.

use core::fmt;

use maci_crypto::babyjubjub::{RawPoint, Scalar};
pub use maci_crypto::keypair::{PrivateKey, PublicKey};
use maci_verifier::PublicKeyHash;
use zeroize::Zeroize;

/// The coordinator's key with its scalar and public point computed once: every message needs the scalar.
pub struct CoordinatorKey {
    private: PrivateKey,
    scalar: Scalar,
    public: RawPoint,
    public_hash: PublicKeyHash,
}

impl CoordinatorKey {
    /// Derives scalar and public point.
    pub fn new(private: PrivateKey) -> Self {
        let scalar = private.formatted();
        let public_key = private.public_key();
        let public = public_key.coordinates();
        let public_hash = PublicKeyHash(public_key.hash());
        Self {
            private,
            scalar,
            public,
            public_hash,
        }
    }

    /// The raw private key.
    pub const fn private(&self) -> &PrivateKey {
        &self.private
    }

    /// The formatted private key: the circuits' input.
    pub const fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    /// The public key.
    pub const fn public(&self) -> RawPoint {
        self.public
    }

    /// Hash of the public key: a public input of processing.
    pub const fn public_hash(&self) -> PublicKeyHash {
        self.public_hash
    }
}

impl Drop for CoordinatorKey {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl fmt::Debug for CoordinatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoordinatorKey")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}
