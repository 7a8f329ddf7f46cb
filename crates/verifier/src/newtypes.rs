//! Field elements with a meaning: one newtype for each kind of value that crosses a crate boundary.
//!
//! A statement names nine field elements; passed bare they are easy to swap, and a swapped pair still type-checks.
//! Each type here wraps one canonical BN254 scalar, prints as a decimal number and reads back only the canonical
//! decimal number (`V-10`).

use core::fmt;
use core::str::FromStr;

use maci_crypto::Fr;
use maci_crypto::field;

use crate::error::Malformed;

macro_rules! field_newtype {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Fr);

        impl $name {
            /// The 32 big-endian bytes of the value, as Solidity's `uint256`.
            pub fn to_be_bytes(&self) -> [u8; 32] {
                field::to_be_bytes(&self.0)
            }

            /// Reads 32 big-endian bytes and refuses values at or above the field modulus.
            pub fn from_be_bytes(bytes: &[u8; 32]) -> Result<Self, Malformed> {
                field::from_be_bytes(bytes)
                    .map(Self)
                    .ok_or(Malformed::NotCanonical { what: $what })
            }
        }

        impl From<Fr> for $name {
            fn from(value: Fr) -> Self {
                Self(value)
            }
        }

        impl From<$name> for Fr {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl FromStr for $name {
            type Err = Malformed;

            fn from_str(text: &str) -> Result<Self, Malformed> {
                field::from_dec(text)
                    .map(Self)
                    .ok_or(Malformed::NotCanonical { what: $what })
            }
        }

        #[cfg(feature = "std")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&field::to_dec(&self.0))
            }
        }

        #[cfg(feature = "std")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::json::from_str(deserializer)
            }
        }
    };
}

macro_rules! public_field_newtype {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        field_newtype!($(#[$doc])* $name, $what);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&field::to_dec(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), field::to_dec(&self.0))
            }
        }
    };
}

public_field_newtype!(
    /// A value of the poll's running message chain hash, protocol.md §7.
    ChainHash,
    "chain hash"
);
public_field_newtype!(
    /// A commitment to the state root and the ballot root, `H3(state root, ballot root, salt)`, protocol.md §8.
    SbCommitment,
    "state and ballot commitment"
);
public_field_newtype!(
    /// A commitment to results and spent credits, protocol.md §13; zero before the first tally batch.
    TallyCommitment,
    "tally commitment"
);
public_field_newtype!(
    /// A root of the poll state tree or of the MACI state tree, protocol.md §8.
    StateRoot,
    "state root"
);
public_field_newtype!(
    /// A root of the ballot tree, protocol.md §8.
    BallotRoot,
    "ballot root"
);
public_field_newtype!(
    /// `H2(private key, poll id)`: one for each key and poll, protocol.md §9.
    Nullifier,
    "nullifier"
);
public_field_newtype!(
    /// `H2(x, y)` of a public key, protocol.md §4.
    PublicKeyHash,
    "public key hash"
);
field_newtype!(
    /// The blinding value of a commitment. Secret until it is published with the results, so it never prints.
    Salt,
    "salt"
);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}
