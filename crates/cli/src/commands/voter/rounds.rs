//! Which messages a vote and a key change publish, and with which nonces.
//!
//! Messages are processed from the last published to the first, and a voter's message counts only with the next nonce: the one
//! published last carries 1, the one before it 2 (protocol.md §12). A round is therefore numbered from its end, and it is filled
//! up by repeating its first vote until it reaches every nonce that its key has used: then nothing that was published before
//! can follow on it and count.
//!
//! What counts as used is noted in the voter's file before a round is sent. A round that never reaches the chain then only makes
//! later ones longer than they need be.

use maci_protocol::keys::{PrivateKey, PublicKey};

use super::messages::{Draft, Vote};
use crate::failure::Failure;
use crate::voter_file::JoinedPoll;

/// Votes under a key, numbered from `last` upwards from their end, filled up to the nonce `used`.
fn number<'a>(
    votes: &[Vote],
    filler: Vote,
    (last, used): (u64, u64),
    signer: &'a PrivateKey,
    key: &'a PublicKey,
) -> Vec<Draft<'a>> {
    let known = used.saturating_sub(last - 1);
    let fill = known.saturating_sub(votes.len() as u64);
    // The repeated vote goes first, and so is processed last: it sets again what is set already.
    let votes: Vec<Vote> = (0..fill)
        .map(|_| filler)
        .chain(votes.iter().copied())
        .collect();
    let nonces = (last..last + votes.len() as u64).rev();
    votes
        .iter()
        .zip(nonces)
        .map(|(vote, nonce)| Draft {
            vote: *vote,
            nonce,
            signer,
            new_key: key,
        })
        .collect()
}

/// A round of votes. They replace everything that the key has published before.
pub(super) fn votes<'a>(
    votes: &[Vote],
    entry: &JoinedPoll,
    signer: &'a PrivateKey,
    key: &'a PublicKey,
) -> Vec<Draft<'a>> {
    match votes.first() {
        Some(first) => number(votes, *first, (1, entry.greatest_nonce), signer, key),
        None => Vec::new(),
    }
}

/// A key change: votes under the new key and then, last, the change under the old one, which carries the vote `change`.
///
/// The change is processed first. Everything else under the old key is void then, and the votes under the new key count; with
/// `moved`, what the new key has published before is replaced too.
pub(super) fn change<'a>(
    change: Vote,
    votes: &[Vote],
    moved: &JoinedPoll,
    old: &'a PrivateKey,
    (new, new_key): (&'a PrivateKey, &'a PublicKey),
) -> Vec<Draft<'a>> {
    let filler = votes.first().copied().unwrap_or(change);
    let mut drafts = number(votes, filler, (2, moved.greatest_nonce), new, new_key);
    drafts.push(Draft {
        vote: change,
        nonce: 1,
        signer: old,
        new_key,
    });
    drafts
}

impl JoinedPoll {
    /// Takes in what the caller knows and this file does not.
    pub(super) fn replace(&mut self, named: Option<u64>) -> Result<(), Failure> {
        match named {
            Some(count) => {
                self.greatest_nonce = self.greatest_nonce.max(count);
                self.nonces_unknown = false;
            }
            None if self.nonces_unknown => {
                return Err(Failure::usage(
                    "nonces_unknown",
                    "the voter file found its key joined already, and does not know what else was published with it; votes that it \
                     does not replace may count",
                )
                .hint("--replace N replaces up to N messages: at least as many as one command ever published; 0 if there were none"));
            }
            None => {}
        }
        Ok(())
    }

    /// Notes the nonces of a round that is about to be sent.
    pub(super) fn note(&mut self, round: &[Draft<'_>]) {
        let greatest = round.iter().map(|draft| draft.nonce).max();
        self.greatest_nonce = self.greatest_nonce.max(greatest.unwrap_or_default());
    }

    /// The entry of the file that the place moves to by a key change. `known` is what that file has of this poll.
    pub(super) fn moved(&self, known: Option<&Self>) -> Result<Self, Failure> {
        if known.is_some_and(|known| known.state_index != self.state_index) {
            return Err(Failure::conflict(
                "new_key_has_joined",
                "the new voter file has joined this poll itself, or has taken over another voter's place in it",
            )
            .hint("maci voter keygen makes a fresh key"));
        }
        Ok(Self {
            greatest_nonce: known.map_or(0, |known| known.greatest_nonce),
            nonces_unknown: known.is_some_and(|known| known.nonces_unknown),
            key_changed: false,
            came_by_change: true,
            ..self.clone()
        })
    }

    /// Refuses a file whose key the place has only since a key change: whatever it signs is published after the change, processed
    /// before it, and void.
    pub(super) fn refuse_if_moved_here(&self) -> Result<(), Failure> {
        if self.came_by_change {
            return Err(Failure::conflict(
                "came_by_change",
                "this voter file took over its place in the poll by a key change: messages that it publishes after the change are \
                 processed before it, and do not count",
            )
            .hint("vote again by maci voter change-key, from the old voter file (--voter) to this one (--new-voter), with all votes"));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use maci_crypto::Fr;
    use maci_protocol::machine::Machine;
    use maci_protocol::message::SignedCommand;
    use maci_protocol::state::StateLeaf;
    use maci_verifier::{Mode, PollParams};

    use super::*;

    const OPTIONS: u64 = 8;

    /// A voter with a file for each key, on the machine that tallies.
    struct Voter {
        keys: Vec<PrivateKey>,
        files: Vec<Option<JoinedPoll>>,
        published: Vec<SignedCommand>,
    }

    fn signed(round: &[Draft<'_>], entry: &JoinedPoll, arrives: bool) -> Vec<SignedCommand> {
        let signed = round.iter().map(|draft| draft.sign(entry).unwrap());
        if arrives {
            signed.collect()
        } else {
            Vec::new()
        }
    }

    impl Voter {
        fn joined() -> Self {
            let keys = [3u8, 4, 5].map(|number| PrivateKey::from_be_bytes(&[number]));
            Self {
                keys: keys.into(),
                files: vec![
                    Some(JoinedPoll {
                        state_index: 1,
                        ..JoinedPoll::default()
                    }),
                    None,
                    None,
                ],
                published: Vec::new(),
            }
        }

        /// `arrives`: whether the round reaches the chain; the file is written before.
        fn vote(&mut self, file: usize, votes: &[Vote], arrives: bool) -> Result<(), Failure> {
            let mut entry = self.files[file].clone().unwrap();
            entry.refuse_if_moved_here()?;
            let key = self.keys[file].public_key();
            let round = super::votes(votes, &entry, &self.keys[file], &key);
            entry.note(&round);
            self.published.extend(signed(&round, &entry, arrives));
            self.files[file] = Some(entry);
            Ok(())
        }

        fn change(&mut self, to: usize, votes: &[Vote], arrives: bool) {
            let mut old = self.files[0].clone().unwrap();
            let mut new = old.moved(self.files[to].as_ref()).unwrap();
            let key = self.keys[to].public_key();
            let nothing = Vote {
                option: 0,
                weight: 0,
            };
            let round = super::change(nothing, votes, &new, &self.keys[0], (&self.keys[to], &key));
            old.note(&round[round.len() - 1..]);
            new.note(&round);
            old.key_changed = true;
            self.published.extend(signed(&round, &old, arrives));
            self.files[0] = Some(old);
            self.files[to] = Some(new);
        }

        /// What the poll's coordinator counts.
        fn counted(&self) -> Vec<u64> {
            let params = PollParams {
                state_tree_depth: 10,
                tally_processing_state_tree_depth: 1,
                vote_option_tree_depth: 2,
                message_batch_size: 20,
                vote_options: OPTIONS,
                mode: Mode::Qv,
            };
            let leaf = StateLeaf {
                public_key: self.keys[0].public_key().coordinates(),
                voice_credit_balance: Fr::from(100u64),
            };
            let mut machine = Machine::new(params, vec![StateLeaf::blank(), leaf]);
            for message in self.published.iter().rev() {
                machine.apply(Some(message));
            }
            machine.votes(1)[..OPTIONS as usize].to_vec()
        }
    }

    fn ballot(votes: &[(u64, u64)]) -> Vec<Vote> {
        let vote = |&(option, weight)| Vote { option, weight };
        votes.iter().map(vote).collect()
    }

    #[test]
    fn a_round_that_arrived_unnoticed_is_replaced_by_the_next_one() {
        // The file was written before the answer was lost: the second round knows the nonces of the first.
        let mut voter = Voter::joined();
        voter
            .vote(0, &ballot(&[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]), true)
            .unwrap();
        voter.vote(0, &ballot(&[(3, 5)]), true).unwrap();
        assert_eq!(voter.counted(), [0, 0, 0, 5, 0, 0, 0, 0]);
    }

    #[test]
    fn a_second_key_change_to_the_same_key_lets_no_old_vote_through() {
        let mut voter = Voter::joined();
        voter.change(1, &ballot(&[(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]), true);
        voter.change(1, &ballot(&[(5, 2)]), true);
        assert_eq!(voter.counted(), [0, 0, 0, 0, 0, 2, 0, 0]);
        // And one that carries no vote at all leaves none.
        voter.change(1, &[], true);
        assert_eq!(voter.counted(), [0; 8]);
    }

    #[test]
    fn after_a_change_the_new_file_does_not_vote_without_it() {
        let mut voter = Voter::joined();
        voter.change(1, &ballot(&[(0, 1)]), true);
        let refused = voter.vote(1, &ballot(&[(1, 1)]), true).unwrap_err();
        assert_eq!(refused.code(), "came_by_change");
    }

    #[test]
    fn a_file_that_knows_nothing_asks_what_it_replaces() {
        let mut entry = JoinedPoll {
            nonces_unknown: true,
            ..JoinedPoll::default()
        };
        assert_eq!(entry.replace(None).unwrap_err().code(), "nonces_unknown");
        entry.replace(Some(5)).unwrap();
        entry.replace(None).unwrap();
        assert_eq!(entry.greatest_nonce, 5);
    }

    #[test]
    fn a_place_moves_to_a_file_without_one() {
        let here = JoinedPoll {
            state_index: 1,
            ..JoinedPoll::default()
        };
        let other = JoinedPoll {
            state_index: 2,
            ..JoinedPoll::default()
        };
        assert!(here.moved(None).is_ok() && here.moved(Some(&here)).is_ok());
        assert_eq!(
            here.moved(Some(&other)).unwrap_err().code(),
            "new_key_has_joined"
        );
    }

    #[test]
    fn after_any_rounds_exactly_the_last_ballot_counts() {
        for seed in 0..60u64 {
            let mut state = seed;
            let mut below = |bound: u64| {
                // SplitMix64: equal seeds, equal rounds.
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                ((mixed ^ (mixed >> 27)) >> 11) % bound
            };
            let mut voter = Voter::joined();
            let mut last = vec![0; OPTIONS as usize];
            for _ in 0..=below(7) {
                let mut votes = Vec::new();
                let mut outcome = vec![0; OPTIONS as usize];
                for option in 0..OPTIONS {
                    if below(5) < 2 {
                        let weight = 1 + below(3);
                        votes.push(Vote { option, weight });
                        outcome[option as usize] = weight;
                    }
                }
                let arrives = below(5) < 4;
                if below(2) == 0 && !votes.is_empty() {
                    voter.vote(0, &votes, arrives).unwrap();
                } else {
                    voter.change(1 + below(2) as usize, &votes, arrives);
                }
                if arrives {
                    last = outcome;
                }
            }
            assert_eq!(voter.counted(), last, "seed {seed}");
        }
    }
}
