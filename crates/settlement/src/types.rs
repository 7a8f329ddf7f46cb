//! Numbers and names of a market.

use std::fmt;

use maci_verdict::canonical::{FormatError, Value, text, uint, uint_value};

/// Collateral or outcome tokens in base units. Never negative (I1); arithmetic is checked at every use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub u128);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, unless it overflows.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it would be negative.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum of many, unless it overflows.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    pub(crate) fn to_value(self) -> Value {
        uint_value(self.0)
    }

    pub(crate) fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        uint(path, value).map(Self)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Seconds since the Unix epoch. The engine has no clock: every command brings its time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    pub(crate) fn to_value(self) -> Value {
        uint_value(self.0)
    }

    pub(crate) fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        uint(path, value).map(Self)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An outcome slot of a market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

impl Slot {
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    pub(crate) fn to_value(self) -> Value {
        uint_value(self.0)
    }

    pub(crate) fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        uint(path, value).map(Self)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An account of the ledger: 1 to 64 of `a-z 0-9 . _ -`, so a name or a lower-case address. Ordered by bytes, which
/// settles ties of payout rounding (I4).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

/// A text that cannot name an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an account of 1 to 64 characters out of a-z, 0-9, dot, underscore and hyphen, found {found:?}"
)]
pub struct AccountError {
    found: String,
}

impl AccountId {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn to_value(&self) -> Value {
        Value::text(self.as_str())
    }

    pub(crate) fn from_value(path: &str, value: Value) -> Result<Self, FormatError> {
        let name = text(path, value)?;
        name.parse()
            .map_err(|_| FormatError::bad_value(path, "an account name of a-z 0-9 . _ -", name))
    }
}

impl std::str::FromStr for AccountId {
    type Err = AccountError;

    fn from_str(name: &str) -> Result<Self, AccountError> {
        let allowed = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'_' | b'-')
        };
        if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
            Ok(Self(name.to_owned()))
        } else {
            Err(AccountError {
                found: name.chars().take(80).collect(),
            })
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
