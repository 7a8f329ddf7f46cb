//! The words in which a contract refuses a call.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use alloy::primitives::{Bytes, U256, keccak256};

use super::artifact::all;

/// Why a contract refused a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revert {
    /// A named error of one of MACI's contracts, with its arguments as 32-byte words.
    Named {
        /// The name, as the Solidity says it.
        name: String,
        /// The arguments.
        arguments: Vec<U256>,
    },
    /// `require` with a text.
    Text(String),
    /// A failed assertion of the compiler: overflow, index out of range and the like.
    Panic(U256),
    /// No reason given.
    Silent,
    /// An error that none of the committed contracts declares.
    Unknown(Bytes),
}

/// `Error(string)`.
const TEXT: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// `Panic(uint256)`.
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];

/// selector -> name, of every error that a committed contract declares.
static NAMES: LazyLock<BTreeMap<[u8; 4], String>> = LazyLock::new(|| {
    all()
        .flat_map(super::artifact::Artifact::errors)
        .filter_map(|signature| {
            let selector = keccak256(signature.as_bytes())
                .first_chunk::<4>()
                .copied()?;
            let name = signature.split('(').next()?.to_owned();
            Some((selector, name))
        })
        .collect()
});

impl Revert {
    /// Reads the data that a refused call returns. Any data has a reading.
    pub fn decode(data: &Bytes) -> Self {
        let Some((selector, rest)) = data.split_first_chunk::<4>() else {
            return Self::Silent;
        };
        let words: Vec<U256> = rest
            .as_chunks::<32>()
            .0
            .iter()
            .map(|word| U256::from_be_bytes(*word))
            .collect();
        match (*selector, words.as_slice()) {
            (TEXT, [_, length, ..]) => {
                let length = usize::try_from(*length).unwrap_or(usize::MAX);
                let text = rest.get(64..).unwrap_or_default();
                let text = text.get(..length.min(text.len())).unwrap_or_default();
                Self::Text(String::from_utf8_lossy(text).into_owned())
            }
            (PANIC, [code, ..]) => Self::Panic(*code),
            _ => NAMES.get(selector).map_or_else(
                || Self::Unknown(data.clone()),
                |name| Self::Named {
                    name: name.clone(),
                    arguments: words,
                },
            ),
        }
    }

    /// Whether it is the named error.
    pub fn is(&self, wanted: &str) -> bool {
        matches!(self, Self::Named { name, .. } if name == wanted)
    }

    /// What the reason means for a user, where the name alone does not say it.
    fn hint(&self) -> Option<&'static str> {
        let Self::Named { name, .. } = self else {
            return None;
        };
        Some(match name.as_str() {
            "VotingPeriodOver" => "the poll has ended",
            "VotingPeriodNotOver" => "the poll has not ended yet",
            "VotingPeriodNotStarted" => "the poll has not begun yet",
            "UserAlreadyJoined" => "this key has joined this poll before",
            "InvalidPollProof" => "the registry's key does not accept the joining proof",
            "AlreadyEnforced" => "the policy has let this account in before",
            "UnsuccessfulCheck" | "InvalidProof" => "the policy does not let this account in",
            "BalanceTooLow" => "the account holds too few tokens for the policy",
            "TooManySignups" => "the state tree is full",
            "InvalidPublicKey" => "the point is not on Baby Jubjub",
            "LeafAlreadyExists" => "this key has signed up before",
            "StateAlreadyMerged" => "the state is merged already",
            "NoMoreMessages" => "every batch of messages is processed already",
            "AllBallotsTallied" => "every batch of ballots is tallied already",
            "InvalidProcessMessageProof" | "InvalidTallyVotesProof" => {
                "the registry's key does not accept the proof for the poll's public inputs"
            }
            "TargetOnly" => "the policy guards another contract; was setTarget called?",
            "TargetAlreadySet" => "the policy guards a contract already; every poll needs its own",
            "VerifyingKeyNotSet" => "the registry holds no key for these parameters",
            "VerifyingKeyAlreadySet" => "the registry holds a key for these parameters already",
            "NotRelayer" => "the account is not on the poll's list of relayers",
            _ => return None,
        })
    }
}

impl fmt::Display for Revert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named { name, arguments } => {
                write!(f, "{name}")?;
                if !arguments.is_empty() {
                    let list: Vec<String> = arguments.iter().map(U256::to_string).collect();
                    write!(f, "({})", list.join(", "))?;
                }
                match self.hint() {
                    Some(hint) => write!(f, " ({hint})"),
                    None => Ok(()),
                }
            }
            Self::Text(text) => write!(f, "{text}"),
            Self::Panic(code) => write!(f, "panic {code:#x}"),
            Self::Silent => write!(f, "no reason given"),
            Self::Unknown(data) => write!(f, "an unknown error {data}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_errors_are_read_with_their_arguments() {
        let data: Bytes = keccak256("PollDoesNotExist(uint256)")
            .into_iter()
            .take(4)
            .chain(U256::from(7).to_be_bytes::<32>())
            .collect();
        let named = Revert::decode(&data);
        assert!(named.is("PollDoesNotExist"));
        assert_eq!(named.to_string(), "PollDoesNotExist(7)");
        let plain = Revert::decode(&Bytes::copy_from_slice(
            keccak256("VotingPeriodOver()").get(..4).unwrap_or_default(),
        ));
        assert_eq!(plain.to_string(), "VotingPeriodOver (the poll has ended)");
    }

    #[test]
    fn any_data_has_a_reading() {
        assert_eq!(Revert::decode(&Bytes::new()), Revert::Silent);
        assert_eq!(Revert::decode(&Bytes::from_static(&[1, 2])), Revert::Silent);
        let mut cut = TEXT.to_vec();
        cut.extend([0xff; 40]);
        assert!(matches!(
            Revert::decode(&cut.clone().into()),
            Revert::Unknown(_)
        ));
        cut.extend([0xff; 40]);
        assert!(matches!(Revert::decode(&cut.into()), Revert::Text(_)));
    }
}
