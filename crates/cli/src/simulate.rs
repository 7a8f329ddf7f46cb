//! `--simulate PARAMS`: what a simulated poll looks like, as a list of `name=value`.

use std::str::FromStr;

use maci_protocol::testing::{Balances, Spec};
use maci_verifier::{Mode, PollParams};

/// A poll to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SimulateSpec {
    /// Depths, batch sizes, options and mode.
    pub(crate) params: PollParams,
    /// Voters that join the poll.
    pub(crate) voters: u64,
    /// Messages that they publish, the contract's placeholder not counted.
    pub(crate) messages: u64,
    /// Voice credits of each voter; `None`: extreme ones, up to the field's edge.
    pub(crate) credits: Option<u64>,
    /// How many of a hundred messages are something other than a plain vote.
    pub(crate) hostile: u64,
}

impl Default for SimulateSpec {
    /// A poll that proves in seconds.
    fn default() -> Self {
        Self {
            params: PollParams {
                state_tree_depth: 4,
                tally_processing_state_tree_depth: 1,
                vote_option_tree_depth: 1,
                message_batch_size: 2,
                vote_options: 5,
                mode: Mode::Qv,
            },
            voters: 5,
            messages: 7,
            credits: Some(100),
            hostile: 20,
        }
    }
}

/// The names of the list, as help and errors show them.
const NAMES: &str =
    "mode, depth, tally-depth, vote-depth, batch, options, voters, messages, credits, hostile";

impl FromStr for SimulateSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut spec = Self::default();
        for entry in text.split(',').filter(|entry| !entry.is_empty()) {
            let (name, value) = entry
                .split_once('=')
                .ok_or_else(|| format!("expected name=value, found {entry}"))?;
            spec.set(name, value)?;
        }
        spec.params.validate().map_err(|error| error.to_string())?;
        // Leaf 0 is blank, so one leaf fewer than the tree holds is left for voters.
        let room = spec.params.max_state_leaves().saturating_sub(1);
        if spec.voters > room {
            let depth = spec.params.state_tree_depth;
            return Err(format!(
                "expected at most {room} voters in a state tree of depth {depth}, found {}",
                spec.voters
            ));
        }
        Ok(spec)
    }
}

impl SimulateSpec {
    /// What the simulator takes.
    pub(crate) fn with_seed(&self, seed: u64) -> Spec {
        Spec {
            params: self.params,
            voters: self.voters,
            messages: self.messages,
            hostile_percent: self.hostile,
            balances: self.credits.map_or(Balances::Extreme, Balances::Equal),
            seed,
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "mode" => {
                self.params.mode = value
                    .parse()
                    .map_err(|error: maci_verifier::ParamsError| error.to_string())?;
            }
            "depth" => self.params.state_tree_depth = number(name, value)?,
            "tally-depth" => self.params.tally_processing_state_tree_depth = number(name, value)?,
            "vote-depth" => self.params.vote_option_tree_depth = number(name, value)?,
            "batch" => self.params.message_batch_size = number(name, value)?,
            "options" => self.params.vote_options = number(name, value)?,
            "voters" => self.voters = number(name, value)?,
            "messages" => self.messages = number(name, value)?,
            "credits" if value == "extreme" => self.credits = None,
            "credits" => self.credits = Some(number(name, value)?),
            "hostile" => self.hostile = number(name, value)?,
            _ => return Err(format!("expected one of {NAMES}, found {name}")),
        }
        Ok(())
    }
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name}: expected a number in range, found {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_change_the_default_and_the_rest_stays() {
        let spec: SimulateSpec = "mode=full,depth=3,voters=7".parse().expect("a spec");
        assert_eq!(
            (spec.params.mode, spec.params.state_tree_depth, spec.voters),
            (Mode::Full, 3, 7)
        );
        assert_eq!(
            spec.params.message_batch_size,
            SimulateSpec::default().params.message_batch_size
        );
        assert_eq!("".parse(), Ok(SimulateSpec::default()));
    }

    #[test]
    fn impossible_polls_are_refused_by_what_is_wrong() {
        let refused = |text: &str| text.parse::<SimulateSpec>().expect_err(text);
        assert!(refused("depth=3,voters=8").contains("at most 7 voters"));
        assert!(refused("batch=0").contains("batch"));
        assert!(refused("options=6").contains("vote options must be 1 to 5"));
        assert!(refused("size=3").contains("found size"));
        assert!(refused("mode").contains("name=value"));
        assert!(refused("depth=300").contains("depth"));
    }
}
