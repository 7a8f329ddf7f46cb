//! The inputs of `tallyVotes.circom`.

use maci_verifier::{CircuitId, Mode, Salt, SbCommitment, TallyCommitment, statement::TallyBatch};
use serde::{Deserialize, Serialize};

use super::{Dec, InputsError, decs, depth, length, number, plain, unwrapped, wrapped, write};
use crate::{
    layout::maci::TallyInputs,
    tally::{Results, TallySalts},
    vote_tree,
};

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
            vote_tree::leaves(vote_option_tree_depth),
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
            current: Results {
                votes: plain(json.current_results),
                spent: json.current_spent_voice_credit_subtotal.0,
                per_option_spent: json.current_per_vote_option_spent_voice_credits.map(plain),
            },
            current_salts: TallySalts {
                results: Salt(json.current_results_root_salt.0),
                spent: Salt(json.current_spent_voice_credit_subtotal_salt.0),
                per_option_spent: json
                    .current_per_vote_option_spent_voice_credits_root_salt
                    .map(|salt| Salt(salt.0)),
            },
            new_salts: TallySalts {
                results: Salt(json.new_results_root_salt.0),
                spent: Salt(json.new_spent_voice_credit_subtotal_salt.0),
                per_option_spent: json
                    .new_per_vote_option_spent_voice_credits_root_salt
                    .map(|salt| Salt(salt.0)),
            },
        })
    }

    /// Writes MACI's recorded form.
    pub fn to_json(&self) -> String {
        let statement = &self.statement;
        let (current, current_salts, new_salts) =
            (&self.current, &self.current_salts, &self.new_salts);
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
            current_results: decs(&current.votes),
            current_results_root_salt: current_salts.results.0.into(),
            current_spent_voice_credit_subtotal: current.spent.into(),
            current_spent_voice_credit_subtotal_salt: current_salts.spent.0.into(),
            current_per_vote_option_spent_voice_credits: current
                .per_option_spent
                .as_deref()
                .map(decs),
            current_per_vote_option_spent_voice_credits_root_salt: current_salts
                .per_option_spent
                .map(|salt| Dec(salt.0)),
            new_per_vote_option_spent_voice_credits_root_salt: new_salts
                .per_option_spent
                .map(|salt| Dec(salt.0)),
            new_results_root_salt: new_salts.results.0.into(),
            new_spent_voice_credit_subtotal_salt: new_salts.spent.0.into(),
        })
    }
}
