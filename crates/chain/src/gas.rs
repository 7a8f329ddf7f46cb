//! What MACI's transactions cost, as measured on a test chain: `gas.json`, which `cargo xtask e2e onchain` keeps.

use std::collections::BTreeMap;

/// Options of the poll in which `addTallyResults` was measured.
const MEASURED_OPTIONS: u64 = 25;

/// Gas of each kind of transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gas {
    /// `processMessages`, a batch.
    pub process_messages: u64,
    /// `tallyVotes`, a batch.
    pub tally_votes: u64,
    /// `mergeState`, once.
    pub merge_state: u64,
    /// `addTallyResults`, for each option.
    pub add_result: u64,
    /// `signUp`, a voter.
    pub sign_up: u64,
    /// `joinPoll`, a voter.
    pub join_poll: u64,
    /// `publishMessage`, a message on its own.
    pub publish: u64,
}

impl Gas {
    /// The measured figures; `None` if the file lacks one.
    pub fn measured() -> Option<Self> {
        let rows: BTreeMap<String, u64> = serde_json::from_str(include_str!("../gas.json")).ok()?;
        let gas = |name: &str| rows.get(name).copied();
        Some(Self {
            process_messages: gas("processMessages")?,
            tally_votes: gas("tallyVotes")?,
            merge_state: gas("mergeState")?,
            add_result: gas("addTallyResults")?.div_ceil(MEASURED_OPTIONS),
            sign_up: gas("signUp")?,
            join_poll: gas("joinPoll")?,
            publish: gas("publish 1")?,
        })
    }

    /// What the coordinator pays for a poll: merging, every batch, and every option's result.
    pub const fn coordinator(&self, process: u64, tally: u64, options: u64) -> u64 {
        self.merge_state
            .saturating_add(process.saturating_mul(self.process_messages))
            .saturating_add(tally.saturating_mul(self.tally_votes))
            .saturating_add(options.saturating_mul(self.add_result))
    }

    /// What voters pay together: signing up, joining, and each message on its own.
    pub const fn voters(&self, signups: u64, messages: u64) -> u64 {
        signups
            .saturating_mul(self.sign_up + self.join_poll)
            .saturating_add(messages.saturating_mul(self.publish))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measured_figures_are_there() {
        let gas = Gas::measured().expect("every figure");
        assert!(gas.coordinator(2, 1, 25) > gas.coordinator(1, 1, 25));
        assert!(gas.voters(1, 1) > 100_000);
    }
}
