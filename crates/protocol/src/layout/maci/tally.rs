//! MACI's layout of the tally: batches of T ballots opened by one path from their common node (protocol.md §13).

use maci_crypto::Fr;

use super::{inputs::TallyInputs, process::MaciLayout};
use crate::layout::{TallyFrame, TallyLayout};

impl TallyLayout for MaciLayout {
    type TallyInputs = TallyInputs;

    fn tally_inputs(&mut self, frame: TallyFrame<'_>) -> TallyInputs {
        let roots = self.roots(frame.machine);
        let height = frame.log.params.tally_processing_state_tree_depth;
        let batch = frame.ballots();
        let machine = frame.machine;
        TallyInputs {
            circuit: frame.log.params.tally_circuit(),
            statement: frame.statement,
            state_root: roots.state,
            ballot_root: roots.ballots,
            sb_salt: frame.sb_salt.0,
            ballots: batch
                .clone()
                .map(|index| (Fr::from(machine.nonce(index)), self.vo_root(index)))
                .collect(),
            ballot_path_elements: self.ballots.path_above(height, batch.start >> height),
            votes: batch
                .map(|index| {
                    let weights = machine.votes(index).iter();
                    weights.map(|weight| Fr::from(*weight)).collect()
                })
                .collect(),
            current: frame.current,
            current_salts: frame.current_salts,
            new_salts: frame.new_salts,
        }
    }
}
