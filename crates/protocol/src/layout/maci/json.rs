//! Circuit inputs in MACI's recorded format: one JSON object per batch, every number a decimal string, names and order
//! as MACI's coordinator writes them, one space of indent.

use ark_ff::PrimeField;
use maci_crypto::{
    Fr,
    babyjubjub::{RawPoint, Scalar},
    field,
};
use maci_verifier::{
    ChainHash, CircuitId, Mode, PublicKeyHash, SbCommitment, TallyCommitment,
    statement::{ProcessBatch, TallyBatch},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::inputs::{ProcessInputs, TallyInputs};
use crate::{message::Message, state::StateLeaf};

/// A text that is no circuit input of MACI's form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputsError {
    /// No JSON of that form.
    #[error("circuit inputs cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A list has a length that fits no circuit.
    #[error("{field} has {found} entries, expected {expected}")]
    Length {
        /// Which list.
        field: &'static str,
        /// The length that goes with the other lists.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// A number is out of range.
    #[error("{field} must be a number of at most {bits} bits")]
    Range {
        /// Which number.
        field: &'static str,
        /// How many bits it may have.
        bits: u32,
    },
}

/// A canonical decimal field element.
#[derive(Clone, Copy)]
struct Dec(Fr);

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

fn decs(values: &[Fr]) -> Vec<Dec> {
    values.iter().copied().map(Dec).collect()
}

fn wrapped(values: &[Fr]) -> Vec<[Dec; 1]> {
    values.iter().map(|value| [Dec(*value)]).collect()
}

fn plain(values: Vec<Dec>) -> Vec<Fr> {
    values.into_iter().map(|value| value.0).collect()
}

fn unwrapped(values: Vec<[Dec; 1]>) -> Vec<Fr> {
    values.into_iter().map(|[value]| value.0).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ProcessJson {
    total_signups: Dec,
    batch_end_index: Dec,
    index: Dec,
    input_batch_hash: Dec,
    output_batch_hash: Dec,
    messages: Vec<[Dec; 10]>,
    actual_state_tree_depth: Dec,
    coordinator_private_key: Dec,
    encryption_public_keys: Vec<[Dec; 2]>,
    current_state_root: Dec,
    current_ballot_root: Dec,
    current_sb_commitment: Dec,
    current_sb_salt: Dec,
    vote_options: Dec,
    current_state_leaves: Vec<[Dec; 3]>,
    current_state_leaves_path_elements: Vec<Vec<[Dec; 1]>>,
    current_ballots: Vec<[Dec; 2]>,
    current_ballots_path_elements: Vec<Vec<[Dec; 1]>>,
    current_vote_weights: Vec<Dec>,
    current_vote_weights_path_elements: Vec<Vec<[Dec; 4]>>,
    new_sb_salt: Dec,
    new_sb_commitment: Dec,
    coordinator_public_key_hash: Dec,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct TallyJson {
    state_root: Dec,
    ballot_root: Dec,
    sb_salt: Dec,
    index: Dec,
    total_signups: Dec,
    sb_commitment: Dec,
    current_tally_commitment: Dec,
    new_tally_commitment: Dec,
    ballots: Vec<[Dec; 2]>,
    ballot_path_elements: Vec<[Dec; 1]>,
    votes: Vec<Vec<Dec>>,
    current_results: Vec<Dec>,
    current_results_root_salt: Dec,
    current_spent_voice_credit_subtotal: Dec,
    current_spent_voice_credit_subtotal_salt: Dec,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_per_vote_option_spent_voice_credits: Option<Vec<Dec>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_per_vote_option_spent_voice_credits_root_salt: Option<Dec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_per_vote_option_spent_voice_credits_root_salt: Option<Dec>,
    new_results_root_salt: Dec,
    new_spent_voice_credit_subtotal_salt: Dec,
}

/// JSON with MACI's one-space indent.
fn write(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, formatter);
    // Writing strings and lists of them into memory has no way to fail.
    let written = value.serialize(&mut serializer);
    debug_assert!(written.is_ok());
    String::from_utf8(bytes).unwrap_or_default()
}

fn number(field: &'static str, value: Dec) -> Result<u64, InputsError> {
    field::to_u64(&value.0).ok_or(InputsError::Range { field, bits: 64 })
}

fn length(field: &'static str, expected: usize, found: usize) -> Result<(), InputsError> {
    if expected == found {
        Ok(())
    } else {
        Err(InputsError::Length {
            field,
            expected,
            found,
        })
    }
}

fn depth(field: &'static str, found: usize) -> Result<u8, InputsError> {
    u8::try_from(found).map_err(|_| InputsError::Length {
        field,
        expected: 255,
        found,
    })
}

/// The lengths of all paths, which have to be equal.
fn depths<T>(field: &'static str, paths: &[Vec<T>]) -> Result<u8, InputsError> {
    let expected = paths.first().map_or(0, Vec::len);
    for path in paths {
        length(field, expected, path.len())?;
    }
    depth(field, expected)
}

impl ProcessJson {
    /// The circuit whose inputs have these lengths.
    fn circuit(&self, mode: Mode) -> Result<CircuitId, InputsError> {
        let slots = self.messages.len();
        for (field, found) in [
            ("encryptionPublicKeys", self.encryption_public_keys.len()),
            ("currentStateLeaves", self.current_state_leaves.len()),
            (
                "currentStateLeavesPathElements",
                self.current_state_leaves_path_elements.len(),
            ),
            ("currentBallots", self.current_ballots.len()),
            (
                "currentBallotsPathElements",
                self.current_ballots_path_elements.len(),
            ),
            ("currentVoteWeights", self.current_vote_weights.len()),
            (
                "currentVoteWeightsPathElements",
                self.current_vote_weights_path_elements.len(),
            ),
        ] {
            length(field, slots, found)?;
        }
        let state_tree_depth = depths(
            "currentStateLeavesPathElements",
            &self.current_state_leaves_path_elements,
        )?;
        let ballots = depths(
            "currentBallotsPathElements",
            &self.current_ballots_path_elements,
        )?;
        length(
            "currentBallotsPathElements",
            state_tree_depth.into(),
            ballots.into(),
        )?;
        Ok(CircuitId::MessageProcessor {
            mode,
            state_tree_depth,
            message_batch_size: depth("messages", slots)?,
            vote_option_tree_depth: depths(
                "currentVoteWeightsPathElements",
                &self.current_vote_weights_path_elements,
            )?,
        })
    }
}

impl ProcessInputs {
    /// Reads MACI's recorded form. The mode is the poll's: the inputs do not say it.
    pub fn from_json(mode: Mode, text: &str) -> Result<Self, InputsError> {
        let json: ProcessJson = serde_json::from_str(text)?;
        let circuit = json.circuit(mode)?;
        let scalar = json.coordinator_private_key.0.into_bigint();
        Ok(Self {
            circuit,
            statement: ProcessBatch {
                total_signups: number("totalSignups", json.total_signups)?,
                output_batch_hash: ChainHash(json.output_batch_hash.0),
                actual_state_tree_depth: number(
                    "actualStateTreeDepth",
                    json.actual_state_tree_depth,
                )?,
                coordinator_public_key_hash: PublicKeyHash(json.coordinator_public_key_hash.0),
                vote_options: number("voteOptions", json.vote_options)?,
                current_sb_commitment: SbCommitment(json.current_sb_commitment.0),
                new_sb_commitment: SbCommitment(json.new_sb_commitment.0),
                index: number("index", json.index)?,
                batch_end_index: number("batchEndIndex", json.batch_end_index)?,
            },
            input_batch_hash: json.input_batch_hash.0,
            messages: json
                .messages
                .into_iter()
                .zip(json.encryption_public_keys)
                .map(|(data, [x, y])| Message {
                    data: data.map(|element| element.0),
                    encryption_public_key: RawPoint::new(x.0, y.0),
                })
                .collect(),
            coordinator_private_key: Scalar::from_bigint(scalar).ok_or(InputsError::Range {
                field: "coordinatorPrivateKey",
                bits: 251,
            })?,
            current_state_root: json.current_state_root.0,
            current_ballot_root: json.current_ballot_root.0,
            current_sb_salt: json.current_sb_salt.0,
            current_state_leaves: json
                .current_state_leaves
                .into_iter()
                .map(|[x, y, balance]| StateLeaf {
                    public_key: RawPoint::new(x.0, y.0),
                    voice_credit_balance: balance.0,
                })
                .collect(),
            current_state_leaves_path_elements: json
                .current_state_leaves_path_elements
                .into_iter()
                .map(unwrapped)
                .collect(),
            current_ballots: json
                .current_ballots
                .into_iter()
                .map(|[nonce, root]| (nonce.0, root.0))
                .collect(),
            current_ballots_path_elements: json
                .current_ballots_path_elements
                .into_iter()
                .map(unwrapped)
                .collect(),
            current_vote_weights: plain(json.current_vote_weights),
            current_vote_weights_path_elements: json
                .current_vote_weights_path_elements
                .into_iter()
                .map(|path| {
                    path.into_iter()
                        .map(|level| level.map(|node| node.0))
                        .collect()
                })
                .collect(),
            new_sb_salt: json.new_sb_salt.0,
        })
    }

    /// Writes MACI's recorded form. The text holds the coordinator's private key.
    pub fn to_json(&self) -> String {
        let statement = &self.statement;
        let private =
            Fr::from_bigint(self.coordinator_private_key.into_bigint()).unwrap_or_default();
        write(&ProcessJson {
            total_signups: statement.total_signups.into(),
            batch_end_index: statement.batch_end_index.into(),
            index: statement.index.into(),
            input_batch_hash: self.input_batch_hash.into(),
            output_batch_hash: statement.output_batch_hash.0.into(),
            messages: self
                .messages
                .iter()
                .map(|message| message.data.map(Dec))
                .collect(),
            actual_state_tree_depth: statement.actual_state_tree_depth.into(),
            coordinator_private_key: private.into(),
            encryption_public_keys: self
                .messages
                .iter()
                .map(|message| &message.encryption_public_key)
                .map(|key| [Dec(key.x), Dec(key.y)])
                .collect(),
            current_state_root: self.current_state_root.into(),
            current_ballot_root: self.current_ballot_root.into(),
            current_sb_commitment: statement.current_sb_commitment.0.into(),
            current_sb_salt: self.current_sb_salt.into(),
            vote_options: statement.vote_options.into(),
            current_state_leaves: self
                .current_state_leaves
                .iter()
                .map(|leaf| {
                    [
                        leaf.public_key.x,
                        leaf.public_key.y,
                        leaf.voice_credit_balance,
                    ]
                    .map(Dec)
                })
                .collect(),
            current_state_leaves_path_elements: self
                .current_state_leaves_path_elements
                .iter()
                .map(|path| wrapped(path))
                .collect(),
            current_ballots: self
                .current_ballots
                .iter()
                .map(|(nonce, root)| [Dec(*nonce), Dec(*root)])
                .collect(),
            current_ballots_path_elements: self
                .current_ballots_path_elements
                .iter()
                .map(|path| wrapped(path))
                .collect(),
            current_vote_weights: decs(&self.current_vote_weights),
            current_vote_weights_path_elements: self
                .current_vote_weights_path_elements
                .iter()
                .map(|path| path.iter().map(|level| level.map(Dec)).collect())
                .collect(),
            new_sb_salt: self.new_sb_salt.into(),
            new_sb_commitment: statement.new_sb_commitment.0.into(),
            coordinator_public_key_hash: statement.coordinator_public_key_hash.0.into(),
        })
    }
}

impl TallyJson {
    /// The circuit whose inputs have these lengths.
    fn circuit(&self) -> Result<CircuitId, InputsError> {
        let quadratic = self.current_per_vote_option_spent_voice_credits.is_some();
        for (field, given) in [
            (
                "currentPerVoteOptionSpentVoiceCreditsRootSalt",
                self.current_per_vote_option_spent_voice_credits_root_salt
                    .is_some(),
            ),
            (
                "newPerVoteOptionSpentVoiceCreditsRootSalt",
                self.new_per_vote_option_spent_voice_credits_root_salt
                    .is_some(),
            ),
        ] {
            length(field, quadratic.into(), given.into())?;
        }
        let size = self.ballots.len();
        length("votes", size, self.votes.len())?;
        length("ballots", size.next_power_of_two(), size)?;
        let tally_processing_state_tree_depth = size.trailing_zeros() as u8;
        let options = self.current_results.len();
        let vote_option_tree_depth = options.max(1).ilog(5) as u8;
        length(
            "currentResults",
            crate::vote_tree::leaves(vote_option_tree_depth),
            options,
        )?;
        for votes in &self.votes {
            length("votes", options, votes.len())?;
        }
        if let Some(spent) = &self.current_per_vote_option_spent_voice_credits {
            length(
                "currentPerVoteOptionSpentVoiceCredits",
                options,
                spent.len(),
            )?;
        }
        let upper = depth("ballotPathElements", self.ballot_path_elements.len())?;
        Ok(CircuitId::VoteTally {
            mode: if quadratic { Mode::Qv } else { Mode::NonQv },
            state_tree_depth: upper.saturating_add(tally_processing_state_tree_depth),
            tally_processing_state_tree_depth,
            vote_option_tree_depth,
        })
    }
}

impl TallyInputs {
    /// Reads MACI's recorded form; the per-option fields tell QV from the other modes.
    pub fn from_json(text: &str) -> Result<Self, InputsError> {
        let json: TallyJson = serde_json::from_str(text)?;
        let circuit = json.circuit()?;
        Ok(Self {
            circuit,
            statement: TallyBatch {
                sb_commitment: SbCommitment(json.sb_commitment.0),
                current_tally_commitment: TallyCommitment(json.current_tally_commitment.0),
                new_tally_commitment: TallyCommitment(json.new_tally_commitment.0),
                index: number("index", json.index)?,
                total_signups: number("totalSignups", json.total_signups)?,
            },
            state_root: json.state_root.0,
            ballot_root: json.ballot_root.0,
            sb_salt: json.sb_salt.0,
            ballots: json
                .ballots
                .into_iter()
                .map(|[nonce, root]| (nonce.0, root.0))
                .collect(),
            ballot_path_elements: unwrapped(json.ballot_path_elements),
            votes: json.votes.into_iter().map(plain).collect(),
            current_results: plain(json.current_results),
            current_results_root_salt: json.current_results_root_salt.0,
            current_spent_voice_credit_subtotal: json.current_spent_voice_credit_subtotal.0,
            current_spent_voice_credit_subtotal_salt: json
                .current_spent_voice_credit_subtotal_salt
                .0,
            current_per_vote_option_spent: json
                .current_per_vote_option_spent_voice_credits
                .map(plain)
                .zip(
                    json.current_per_vote_option_spent_voice_credits_root_salt
                        .map(|salt| salt.0),
                ),
            new_results_root_salt: json.new_results_root_salt.0,
            new_spent_voice_credit_subtotal_salt: json.new_spent_voice_credit_subtotal_salt.0,
            new_per_vote_option_spent_root_salt: json
                .new_per_vote_option_spent_voice_credits_root_salt
                .map(|salt| salt.0),
        })
    }

    /// Writes MACI's recorded form.
    pub fn to_json(&self) -> String {
        let statement = &self.statement;
        let per_option = self.current_per_vote_option_spent.as_ref();
        write(&TallyJson {
            state_root: self.state_root.into(),
            ballot_root: self.ballot_root.into(),
            sb_salt: self.sb_salt.into(),
            index: statement.index.into(),
            total_signups: statement.total_signups.into(),
            sb_commitment: statement.sb_commitment.0.into(),
            current_tally_commitment: statement.current_tally_commitment.0.into(),
            new_tally_commitment: statement.new_tally_commitment.0.into(),
            ballots: self
                .ballots
                .iter()
                .map(|(nonce, root)| [Dec(*nonce), Dec(*root)])
                .collect(),
            ballot_path_elements: wrapped(&self.ballot_path_elements),
            votes: self.votes.iter().map(|votes| decs(votes)).collect(),
            current_results: decs(&self.current_results),
            current_results_root_salt: self.current_results_root_salt.into(),
            current_spent_voice_credit_subtotal: self.current_spent_voice_credit_subtotal.into(),
            current_spent_voice_credit_subtotal_salt: self
                .current_spent_voice_credit_subtotal_salt
                .into(),
            current_per_vote_option_spent_voice_credits: per_option.map(|(spent, _)| decs(spent)),
            current_per_vote_option_spent_voice_credits_root_salt: per_option
                .map(|(_, salt)| Dec(*salt)),
            new_per_vote_option_spent_voice_credits_root_salt: self
                .new_per_vote_option_spent_root_salt
                .map(Dec),
            new_results_root_salt: self.new_results_root_salt.into(),
            new_spent_voice_credit_subtotal_salt: self.new_spent_voice_credit_subtotal_salt.into(),
        })
    }
}
