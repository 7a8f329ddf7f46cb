//! Where a key comes from, as a label that the key cannot lose on its way to a proof.

use core::fmt;
use core::str::FromStr;

/// Where a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Provenance {
    /// Secrets derived from a public seed: reproducible by anyone, forgeable by anyone.
    InsecureDev,
}

impl Provenance {
    /// The label's number in key files.
    pub(crate) const fn tag(self) -> u8 {
        match self {
            Self::InsecureDev => 1,
        }
    }

    pub(crate) const fn from_tag(tag: u8) -> Option<Self> {
        match tag {
            1 => Some(Self::InsecureDev),
            _ => None,
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InsecureDev => "insecure-dev",
        })
    }
}

impl FromStr for Provenance {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "insecure-dev" => Ok(Self::InsecureDev),
            other => Err(format!("expected provenance insecure-dev, found {other}")),
        }
    }
}

impl serde::Serialize for Provenance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Provenance {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// Says that the user asked for keys whose proofs anyone can forge, by `--insecure-dev-keys` or its like.
#[derive(Clone, Copy, Debug)]
pub struct AllowInsecureDevKeys(());

impl AllowInsecureDevKeys {
    /// To be called where the user's own words are read, and nowhere else.
    pub const fn because_the_user_said_so() -> Self {
        Self(())
    }
}

/// A dev key was about to be used without permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key is marked {provenance}: anyone can forge proofs for it; pass --insecure-dev-keys to use it"
)]
pub struct InsecureKey {
    /// The key's label.
    pub provenance: Provenance,
}

/// A key with its label. The key is out of reach until the label is accepted.
#[derive(Clone)]
pub struct Labelled<T> {
    value: T,
    provenance: Provenance,
}

impl<T> Labelled<T> {
    pub(crate) const fn new(value: T, provenance: Provenance) -> Self {
        Self { value, provenance }
    }

    /// Where the key comes from.
    pub const fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Hands out the key if its label permits, or if the user permitted dev keys.
    pub fn accept(self, allow: Option<AllowInsecureDevKeys>) -> Result<T, InsecureKey> {
        match (self.provenance, allow) {
            (Provenance::InsecureDev, None) => Err(InsecureKey {
                provenance: self.provenance,
            }),
            (Provenance::InsecureDev, Some(_)) => Ok(self.value),
        }
    }

    pub(crate) fn peek(&self) -> &T {
        &self.value
    }
}

impl<T> fmt::Debug for Labelled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labelled")
            .field("provenance", &self.provenance)
            .finish_non_exhaustive()
    }
}
