//! `tally.json`, the result file that MACI publishes (protocol.md §13): read and written without loss.

use maci_crypto::{Fr, field};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    layout::TallyOutcome,
    tally::{Results, TallyCommitments, TallySalts},
};
use maci_verifier::{Salt, TallyCommitment};

/// The file. Addresses, network and chain id are kept as spelled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TallyFile {
    /// The MACI contract.
    pub maci: String,
    /// The poll's number, decimal.
    pub poll_id: String,
    /// Name of the network.
    pub network: String,
    /// EIP-155 chain id, decimal.
    pub chain_id: String,
    /// MACI's number of the mode.
    pub mode: u8,
    /// The Tally contract.
    pub tally_address: String,
    /// The last tally commitment.
    pub new_tally_commitment: Hex,
    /// Votes per option.
    pub results: OptionsPart,
    /// All credits spent.
    pub total_spent_voice_credits: SpentPart,
    /// QV only: credits spent per option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_vote_option_spent_voice_credits: Option<OptionsPart>,
}

/// Values per option with the opening of their commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptionsPart {
    /// One value per leaf of the vote option tree.
    pub tally: Vec<Dec>,
    /// The commitment's salt.
    pub salt: Hex,
    /// `H2(root of the values, salt)`.
    pub commitment: Hex,
}

/// One value with the opening of its commitment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpentPart {
    /// The value.
    pub spent: Dec,
    /// The commitment's salt.
    pub salt: Hex,
    /// `H2(value, salt)`.
    pub commitment: Hex,
}

/// A field element as canonical decimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dec(pub Fr);

/// A field element as unpadded lower-case hexadecimal digits after `0x`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hex(pub Fr);

impl From<Fr> for Dec {
    fn from(value: Fr) -> Self {
        Self(value)
    }
}

impl From<u64> for Dec {
    fn from(value: u64) -> Self {
        Self(value.into())
    }
}

impl Serialize for Dec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&field::to_dec(&self.0))
    }
}

impl<'de> Deserialize<'de> for Dec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        field::from_dec(&text)
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("expected a canonical decimal field element"))
    }
}

impl Serialize for Hex {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&field::to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // One spelling per value, so that reading and writing lose nothing.
        field::from_hex(&text)
            .filter(|value| field::to_hex(value) == text)
            .map(Self)
            .ok_or_else(|| {
                serde::de::Error::custom("expected 0x and unpadded lower-case hexadecimal digits")
            })
    }
}

/// Who and where the results are of; the rest of the file is a [`TallyOutcome`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TallyHeader {
    /// The MACI contract.
    pub maci: String,
    /// The Tally contract.
    pub tally_address: String,
    /// Name of the network.
    pub network: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The poll's number.
    pub poll_id: u64,
    /// How votes were paid for.
    pub mode: maci_verifier::Mode,
}

impl TallyFile {
    /// The file of a tallied poll.
    pub fn new(header: TallyHeader, outcome: &TallyOutcome) -> Self {
        let TallyOutcome {
            results,
            salts,
            commitments,
        } = outcome;
        let options = |values: &[Fr], salt: Salt, commitment: Fr| OptionsPart {
            tally: values.iter().copied().map(Dec).collect(),
            salt: Hex(salt.0),
            commitment: Hex(commitment),
        };
        let per_option = results
            .per_option_spent
            .as_ref()
            .zip(salts.per_option_spent)
            .zip(commitments.per_option_spent)
            .map(|((values, salt), commitment)| options(values, salt, commitment));
        Self {
            maci: header.maci,
            poll_id: header.poll_id.to_string(),
            network: header.network,
            chain_id: header.chain_id.to_string(),
            mode: header.mode.as_u8(),
            tally_address: header.tally_address,
            new_tally_commitment: Hex(commitments.tally.0),
            results: options(&results.votes, salts.results, commitments.results),
            total_spent_voice_credits: SpentPart {
                spent: Dec(results.spent),
                salt: Hex(salts.spent.0),
                commitment: Hex(commitments.spent),
            },
            per_vote_option_spent_voice_credits: per_option,
        }
    }

    /// The results, salts and commitments. Whether they fit together is [`Results::commit`]'s to say.
    pub fn outcome(&self) -> TallyOutcome {
        let per_option = self.per_vote_option_spent_voice_credits.as_ref();
        let values = |part: &OptionsPart| part.tally.iter().map(|value| value.0).collect();
        TallyOutcome {
            results: Results {
                votes: values(&self.results),
                spent: self.total_spent_voice_credits.spent.0,
                per_option_spent: per_option.map(values),
            },
            salts: TallySalts {
                results: Salt(self.results.salt.0),
                spent: Salt(self.total_spent_voice_credits.salt.0),
                per_option_spent: per_option.map(|part| Salt(part.salt.0)),
            },
            commitments: TallyCommitments {
                results: self.results.commitment.0,
                spent: self.total_spent_voice_credits.commitment.0,
                per_option_spent: per_option.map(|part| part.commitment.0),
                tally: TallyCommitment(self.new_tally_commitment.0),
            },
        }
    }

    /// Reads the file's text.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Writes the file's text with MACI's indent of four spaces and no newline at the end.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(b"    ");
        let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
        // Writing strings and lists of them into memory has no way to fail.
        let written = self.serialize(&mut serializer);
        debug_assert!(written.is_ok());
        String::from_utf8(bytes).unwrap_or_default()
    }
}
