//! What kind of poll to simulate.

use maci_verifier::{Mode, PollParams};

use super::draw::Draw;

/// How voters are endowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balances {
    /// Everyone has this many credits.
    Equal(u64),
    /// 0, 1, small ones, 2^50 - 1, 2^100, 2^126, 2^252, p - 1 and the like (C-22).
    Extreme,
}

/// A poll to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Depths, batch sizes, options and mode.
    pub params: PollParams,
    /// Voters, the blank leaf not counted. At most 2^D - 1 are made.
    pub voters: u64,
    /// Messages, the placeholder not counted.
    pub messages: u64,
    /// How many of a hundred messages are something other than a plain vote.
    pub hostile_percent: u64,
    /// How voters are endowed.
    pub balances: Balances,
    /// Everything else follows from this.
    pub seed: u64,
}

impl Spec {
    /// An honest poll in which everyone has 100 credits.
    pub const fn honest(params: PollParams, voters: u64, messages: u64, seed: u64) -> Self {
        Self {
            params,
            voters,
            messages,
            hostile_percent: 0,
            balances: Balances::Equal(100),
            seed,
        }
    }

    /// A poll with every kind of message and balance.
    pub const fn hostile(params: PollParams, voters: u64, messages: u64, seed: u64) -> Self {
        Self {
            params,
            voters,
            messages,
            hostile_percent: 70,
            balances: Balances::Extreme,
            seed,
        }
    }

    /// A small poll of any mode and parameters.
    pub fn arbitrary(seed: u64) -> Self {
        let mut draw = Draw::new(seed ^ 0x5bec_5bec_5bec_5bec);
        let mode = *draw.pick(&[Mode::Qv, Mode::NonQv, Mode::Full]);
        let state_tree_depth = 1 + draw.below(5) as u8;
        let vote_option_tree_depth = 1 + draw.below(2) as u8;
        let options = 5u64.pow(vote_option_tree_depth.into());
        let message_batch_size = 1 + draw.below(6) as u8;
        let batches = draw.below(4);
        Self {
            params: PollParams {
                state_tree_depth,
                tally_processing_state_tree_depth: draw.below(state_tree_depth.into()) as u8,
                vote_option_tree_depth,
                message_batch_size,
                vote_options: 1 + draw.below(options),
                mode,
            },
            voters: draw.below(1 << state_tree_depth),
            // All remainders modulo the batch size, 0 messages included.
            messages: batches * u64::from(message_batch_size)
                + draw.below(message_batch_size.into()),
            hostile_percent: *draw.pick(&[0, 30, 70, 100]),
            balances: *draw.pick(&[Balances::Equal(100), Balances::Extreme]),
            seed,
        }
    }
}
