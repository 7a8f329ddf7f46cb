//! The opening of the last tally commitment: what the coordinator publishes, and the hash that it must have.

use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use maci_crypto::Fr;
use maci_crypto::{field, poseidon};

use crate::error::Malformed;
use crate::newtypes::{Salt, TallyCommitment};
use crate::params::PollParams;
use crate::transcript::error::TranscriptError;

/// An amount of voice credits. Balances may be any field element, so sums of them are field elements too (D9).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VoiceCredits(pub Fr);

impl fmt::Display for VoiceCredits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&field::to_dec(&self.0))
    }
}

impl fmt::Debug for VoiceCredits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VoiceCredits({self})")
    }
}

impl From<u64> for VoiceCredits {
    fn from(value: u64) -> Self {
        Self(Fr::from(value))
    }
}

impl FromStr for VoiceCredits {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        field::from_dec(text)
            .map(Self)
            .ok_or(Malformed::NotCanonical {
                what: "voice credits",
            })
    }
}

#[cfg(feature = "std")]
impl serde::Serialize for VoiceCredits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "std")]
impl<'de> serde::Deserialize<'de> for VoiceCredits {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::json::from_str(deserializer)
    }
}

/// Results, sums and salts as published. Until publication the salts hide the results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TallyOpening {
    /// Votes for each of the 5^v options. A vote is below 2^50 and there are at most 2^32 ballots, so sums fit.
    pub results: Vec<u128>,
    /// Salt of the results.
    pub results_salt: Salt,
    /// Credits spent in the whole poll.
    pub total_spent: VoiceCredits,
    /// Salt of the spent credits.
    pub total_spent_salt: Salt,
    /// Quadratic voting only: credits spent for each option, and the salt.
    pub per_option_spent: Option<(Vec<VoiceCredits>, Salt)>,
}

/// Root of a quinary tree over 5^depth leaves, or `None` when the number of leaves is another.
fn quinary_root(mut level: Vec<Fr>, depth: u8) -> Option<Fr> {
    for _ in 0..depth {
        let (nodes, rest) = level.as_chunks::<5>();
        if !rest.is_empty() {
            return None;
        }
        level = nodes.iter().map(poseidon::hash5).collect();
    }
    match level.as_slice() {
        [root] => Some(*root),
        _ => None,
    }
}

impl TallyOpening {
    /// H2(root of the results, salt): MACI's `resultsCommitment`.
    pub fn results_commitment(&self, params: &PollParams) -> Option<Fr> {
        let leaves = self.results.iter().map(|votes| Fr::from(*votes)).collect();
        let root = quinary_root(leaves, params.vote_option_tree_depth)?;
        Some(poseidon::hash2(root, self.results_salt.0))
    }

    /// H2(total spent, salt): MACI's `spentVoiceCreditsCommitment`.
    pub fn spent_commitment(&self) -> Fr {
        poseidon::hash2(self.total_spent.0, self.total_spent_salt.0)
    }

    /// H2(root of the spent credits per option, salt), in quadratic voting.
    pub fn per_option_spent_commitment(&self, params: &PollParams) -> Option<Fr> {
        let (spent, salt) = self.per_option_spent.as_ref()?;
        let leaves = spent.iter().map(|credits| credits.0).collect();
        let root = quinary_root(leaves, params.vote_option_tree_depth)?;
        Some(poseidon::hash2(root, salt.0))
    }

    /// The tally commitment that these values open (protocol.md §13), after checking the lengths.
    pub fn commitment(&self, params: &PollParams) -> Result<TallyCommitment, TranscriptError> {
        let expected = params.max_vote_options();
        let length = |list, found: usize| {
            let found = found as u64;
            if found == expected {
                Ok(())
            } else {
                Err(TranscriptError::OpeningLength {
                    list,
                    expected,
                    found,
                })
            }
        };
        length("results", self.results.len())?;
        if let Some((spent, _)) = &self.per_option_spent {
            length("spent credits per option", spent.len())?;
        }
        if self.per_option_spent.is_some() != params.mode.has_per_option_spent() {
            return Err(TranscriptError::OpeningMode);
        }
        let results = self
            .results_commitment(params)
            .ok_or(TranscriptError::Opening)?;
        let spent = self.spent_commitment();
        Ok(TallyCommitment(if params.mode.has_per_option_spent() {
            let per_option = self
                .per_option_spent_commitment(params)
                .ok_or(TranscriptError::Opening)?;
            poseidon::hash3(results, spent, per_option)
        } else {
            poseidon::hash2(results, spent)
        }))
    }

    /// Checks that these values open the commitment, and that no option beyond the poll's has votes.
    pub(crate) fn check(
        &self,
        params: &PollParams,
        commitment: TallyCommitment,
    ) -> Result<(), TranscriptError> {
        if self.commitment(params)? != commitment {
            return Err(TranscriptError::Opening);
        }
        let beyond = (0u64..)
            .zip(&self.results)
            .find(|(option, votes)| *option >= params.vote_options && **votes != 0);
        match beyond {
            Some((option, _)) => Err(TranscriptError::UnselectableOption { option }),
            None => Ok(()),
        }
    }
}
