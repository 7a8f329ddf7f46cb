//! The tally: sums over all ballots and the commitments to them (protocol.md §13).
//!
//! Step 6 of the way of a vote. Sums are field elements: a weight has 50 bits, a ballot at most 3,125 options and a
//! poll at most 2^32 ballots, so no sum of votes or of squares reaches p.

use ark_ff::AdditiveGroup;
use maci_crypto::{Fr, poseidon};
use maci_verifier::{Mode, PollParams, Salt, TallyCommitment};

use crate::{machine::Machine, vote_tree};

/// Votes and spent credits, running or final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// Votes per option, 5^v of them.
    pub votes: Vec<Fr>,
    /// All credits spent.
    pub spent: Fr,
    /// QV only: credits spent per option.
    pub per_option_spent: Option<Vec<Fr>>,
}

/// The salts of one tally commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TallySalts {
    /// Salt of the results commitment.
    pub results: Salt,
    /// Salt of the spent commitment.
    pub spent: Salt,
    /// QV only: salt of the per-option commitment.
    pub per_option_spent: Option<Salt>,
}

/// A tally commitment with its parts, as `tally.json` publishes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TallyCommitments {
    /// `H2(root of the votes, salt)`.
    pub results: Fr,
    /// `H2(spent, salt)`.
    pub spent: Fr,
    /// QV only: `H2(root of the credits per option, salt)`.
    pub per_option_spent: Option<Fr>,
    /// `H3` of the three, or `H2` of the first two.
    pub tally: TallyCommitment,
}

impl Results {
    /// All zero.
    pub fn zero(params: &PollParams) -> Self {
        let options = vec![Fr::ZERO; vote_tree::leaves(params.vote_option_tree_depth)];
        let per_option_spent = params.mode.has_per_option_spent().then(|| options.clone());
        Self {
            votes: options,
            spent: Fr::ZERO,
            per_option_spent,
        }
    }

    /// Adds a ballot: a weight w costs w² credits in QV and w otherwise.
    pub fn add(&mut self, weights: &[u64]) {
        for (option, weight) in weights
            .iter()
            .enumerate()
            .filter(|(_, weight)| **weight != 0)
        {
            let weight = Fr::from(*weight);
            self.votes[option] += weight;
            if let Some(per_option) = &mut self.per_option_spent {
                let square = weight * weight;
                per_option[option] += square;
                self.spent += square;
            } else {
                self.spent += weight;
            }
        }
    }

    /// The commitment under these salts. `vote_option_tree_depth` is v.
    pub fn commit(&self, vote_option_tree_depth: u8, salts: &TallySalts) -> TallyCommitments {
        let root = |values: &[Fr]| vote_tree::root_of(values, vote_option_tree_depth);
        let results = poseidon::hash2(root(&self.votes), salts.results.0);
        let spent = poseidon::hash2(self.spent, salts.spent.0);
        let per_option_spent = self.per_option_spent.as_ref().map(|values| {
            poseidon::hash2(
                root(values),
                salts.per_option_spent.map_or(Fr::ZERO, |salt| salt.0),
            )
        });
        let tally = TallyCommitment(match per_option_spent {
            Some(per_option) => poseidon::hash3(results, spent, per_option),
            None => poseidon::hash2(results, spent),
        });
        TallyCommitments {
            results,
            spent,
            per_option_spent,
            tally,
        }
    }
}

/// Sums a machine's ballots without commitments.
pub fn results(machine: &Machine) -> Results {
    let mut results = Results::zero(machine.params());
    for index in 0..machine.total_signups() {
        results.add(machine.votes(index));
    }
    results
}

/// The mode's name in MACI's words, for people.
pub const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Qv => "QV",
        Mode::NonQv => "NON_QV",
        Mode::Full => "FULL",
    }
}
