//! The compact layout of the tally: T consecutive ballots and the families above their common node.

use super::{
    ballot::pack,
    inputs::{TallyBallot, TallyInputs},
    process::CompactLayout,
};
use crate::layout::{TallyFrame, TallyLayout};

impl TallyLayout for CompactLayout {
    type TallyInputs = TallyInputs;

    fn tally_inputs(&mut self, frame: TallyFrame<'_>) -> TallyInputs {
        let machine = frame.machine;
        let ballot_root = self.ballot_root(machine);
        let batch = frame.ballots();
        let form = self.ballots.form();
        let levels = whole_levels(form, frame.log.params.tally_processing_state_tree_depth);
        let height: u8 = form[..levels].iter().sum();
        TallyInputs {
            circuit: frame.log.params.tally_circuit(),
            statement: frame.statement,
            state_root: self.state_root(),
            ballot_root,
            sb_salt: frame.sb_salt.0,
            ballot_families: self
                .ballots
                .families(levels, form.len(), batch.start >> height),
            ballots: batch
                .map(|index| TallyBallot {
                    head: self.head(machine, index),
                    packed: pack(machine.votes(index)),
                })
                .collect(),
            current: frame.current,
            current_salts: frame.current_salts,
            new_salts: frame.new_salts,
        }
    }
}

/// How many of the lowest levels lie wholly inside a batch of 2^`batch_depth` leaves.
pub fn whole_levels(form: &[u8], batch_depth: u8) -> usize {
    form.iter()
        .scan(0u8, |height, bits| {
            *height += bits;
            Some(*height)
        })
        .take_while(|height| *height <= batch_depth)
        .count()
}
