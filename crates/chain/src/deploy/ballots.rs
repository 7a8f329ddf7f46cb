//! The roots of empty ballot trees: constructor data of MACI that no contract checks (protocol.md §8). With a wrong one, no
//! message of a poll can ever be proved.

use maci_crypto::{Fr, poseidon};
use maci_protocol::Ballot;

/// The root of a ballot tree of depth `state_tree_depth` in which every ballot is blank.
pub fn empty_ballot_root(state_tree_depth: u8, vote_option_tree_depth: u8) -> Fr {
    let blank = Ballot::blank(vote_option_tree_depth).hash(vote_option_tree_depth);
    (0..state_tree_depth).fold(blank, |node, _| poseidon::hash2(node, node))
}

/// The five roots that MACI's constructor takes, for vote option trees of depth 1 to 5.
pub fn empty_ballot_roots(state_tree_depth: u8) -> [Fr; 5] {
    [1, 2, 3, 4, 5].map(|depth| empty_ballot_root(state_tree_depth, depth))
}

#[cfg(test)]
mod tests {
    use maci_crypto::field;

    use super::*;

    #[test]
    fn the_roots_are_those_of_the_recorded_contracts() {
        let expected = [
            (
                10,
                1,
                "16015576667038038422103932363190100635991292382181099511410843174865570503661",
            ),
            (
                10,
                2,
                "166510078825589460025300915201657086611944528317298994959376081297530246971",
            ),
            (
                14,
                1,
                "10308863629788455260704114511206948419734522911868369522065170317043305183826",
            ),
            (
                14,
                5,
                "681764572878032401682084991233323592871239508639381808618717128728252960349",
            ),
        ];
        for (depth, vote_depth, root) in expected {
            assert_eq!(field::to_dec(&empty_ballot_root(depth, vote_depth)), root);
        }
        assert_eq!(empty_ballot_roots(10)[1], empty_ballot_root(10, 2));
    }
}
