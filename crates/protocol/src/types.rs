//! Numbers with a meaning. Nothing here checks a range: what a message decrypts to is any value of its width, and
//! judging it is the machine's task.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<u64> for $name {
            fn from(value: u64) -> Self {
                Self(value)
            }
        }
    };
}

number!(
    /// Position of a voter's leaf in the poll state tree; 0 is the blank leaf (D11).
    StateIndex
);
number!(
    /// Position of an option in a ballot.
    VoteOptionIndex
);
number!(
    /// Votes for one option; 50 bits in a command.
    VoteWeight
);
number!(
    /// Number of a voter's command: the one published last carries 1, the one before it 2 (protocol.md §12).
    Nonce
);
number!(
    /// Number of a poll within its MACI contract. No statement binds it (D12).
    PollId
);

/// A 20-byte account address. Written in lower case hexadecimal; checksums are not judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(pub [u8; 20]);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

/// A text that is not `0x` and forty hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address of 0x and 40 hexadecimal digits, found {found:?}")]
pub struct AddressError {
    found: String,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut bytes = [0; 20];
        text.strip_prefix("0x")
            .and_then(|digits| hex::decode_to_slice(digits, &mut bytes).ok())
            .ok_or_else(|| AddressError {
                found: text.chars().take(64).collect(),
            })?;
        Ok(Self(bytes))
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
