//! How far the chain is read: no block that may still be reorganised, unless the operator says so.

use core::fmt;
use core::str::FromStr;

use super::error::IngestError;
use super::panel::Panel;
use super::rpc::{Block, Header};

/// Which blocks count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Finality {
    /// Blocks that the chain's consensus made final. The default.
    #[default]
    Finalized,
    /// Blocks that the chain's consensus calls safe.
    Safe,
    /// Blocks with this many blocks after them; 0 counts the newest.
    Depth(u64),
}

impl fmt::Display for Finality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finalized => f.write_str("finalized"),
            Self::Safe => f.write_str("safe"),
            Self::Depth(depth) => write!(f, "{depth} blocks deep"),
        }
    }
}

/// Not a finality rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected finalized, safe or a number of blocks, found {0:?}")]
pub struct FinalityError(String);

impl FromStr for Finality {
    type Err = FinalityError;

    fn from_str(text: &str) -> Result<Self, FinalityError> {
        match text {
            "finalized" => Ok(Self::Finalized),
            "safe" => Ok(Self::Safe),
            _ => text
                .parse()
                .map(Self::Depth)
                .map_err(|_| FinalityError(text.chars().take(40).collect())),
        }
    }
}

/// The last block that counts, as all nodes agree on it: the lowest of theirs.
pub(super) fn limit(panel: &Panel, finality: Finality) -> Result<Header, IngestError> {
    let number = match finality {
        Finality::Finalized => panel.lowest(Block::Finalized)?,
        Finality::Safe => panel.lowest(Block::Safe)?,
        Finality::Depth(depth) => panel.lowest(Block::Latest)?.saturating_sub(depth),
    };
    panel.header(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read() {
        assert_eq!("finalized".parse(), Ok(Finality::Finalized));
        assert_eq!("safe".parse(), Ok(Finality::Safe));
        assert_eq!("0".parse(), Ok(Finality::Depth(0)));
        assert!("-1".parse::<Finality>().is_err());
        assert!("latest".parse::<Finality>().is_err());
    }
}
