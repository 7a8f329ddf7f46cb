//! The results of a poll as tables and data.

use maci_crypto::{Fr, field};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::job::Session;
use crate::report::Report;

/// Results with the counts that go with them.
#[derive(Debug)]
pub(crate) struct PollResults {
    /// Votes of all 5^v options, as in MACI's `tally.json`.
    pub(crate) votes: Vec<String>,
    /// Credits per option, in QV.
    pub(crate) spent: Option<Vec<String>>,
    /// Credits spent in all.
    pub(crate) total_spent: String,
    /// Options that can be voted for.
    pub(crate) options: usize,
    /// The voting mode.
    pub(crate) mode: String,
    /// Message batches of the poll.
    pub(crate) message_batches: u64,
    /// Ballot batches of the poll.
    pub(crate) tally_batches: u64,
    /// The last tally commitment.
    pub(crate) commitment: String,
}

impl PollResults {
    /// Reads them from a job whose tally is complete.
    pub(crate) fn of(session: &mut Session<'_>) -> Result<Self, Failure> {
        let outcome = session.outcome()?;
        let log = session.log()?;
        let decimals = |values: &[Fr]| values.iter().map(field::to_dec).collect::<Vec<_>>();
        Ok(Self {
            votes: decimals(&outcome.results.votes),
            spent: outcome.results.per_option_spent.as_deref().map(decimals),
            total_spent: field::to_dec(&outcome.results.spent),
            options: usize::try_from(log.params.vote_options).unwrap_or(usize::MAX),
            mode: log.params.mode.to_string(),
            message_batches: log.message_batches(),
            tally_batches: log.params.tally_batches(log.total_signups()),
            commitment: field::to_dec(&outcome.commitments.tally.0),
        })
    }

    /// The machine-readable half.
    pub(crate) fn data(&self) -> Value {
        json!({
            "mode": self.mode,
            "results": self.votes,
            "spent_per_option": self.spent,
            "total_spent": self.total_spent,
            "message_batches": self.message_batches,
            "tally_batches": self.tally_batches,
            "tally_commitment": self.commitment,
        })
    }

    /// Adds the table: every option that got votes, most first.
    pub(crate) fn table(&self, report: Report) -> Report {
        // Decimals without leading zeros: the longer one is the larger one.
        let size = |text: &str| (text.len(), text.to_owned());
        let mut voted: Vec<usize> = (0..self.votes.len())
            .filter(|&option| self.votes.get(option).is_some_and(|votes| votes != "0"))
            .collect();
        voted.sort_by_key(|&option| {
            (
                std::cmp::Reverse(self.votes.get(option).map(|votes| size(votes))),
                option,
            )
        });
        let rows: Vec<Vec<String>> = voted
            .iter()
            .map(|&option| {
                let votes = self.votes.get(option).cloned().unwrap_or_default();
                let spent = match &self.spent {
                    Some(spent) => spent.get(option).cloned().unwrap_or_default(),
                    // Outside quadratic voting a vote costs one credit.
                    None => votes.clone(),
                };
                vec![option.to_string(), votes, spent]
            })
            .collect();
        let silent = self.options.saturating_sub(rows.len());
        report
            .table(&["option", "votes", "credits"], &[0, 1, 2], rows)
            .text(format!(
                "{} credits spent; {silent} of {} options got no votes",
                self.total_spent, self.options
            ))
    }
}
