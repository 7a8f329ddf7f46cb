//! A second implementation of processing and tally, written from protocol.md §12 and §13 with big integers, whole
//! trees and no regard for speed. It shares the primitives with the crate and nothing of its logic.

use ark_ff::PrimeField;
use maci_crypto::{Fr, cipher, ecdh, eddsa, poseidon};
use maci_protocol::{
    PollLog,
    keys::CoordinatorKey,
    secrets::{SaltRole, SaltSource},
};
use maci_verifier::Mode;
use num_bigint::BigUint;

pub(crate) struct Outcome {
    /// Whether each message counted, in log order.
    pub(crate) applied: Vec<bool>,
    /// Every state and ballot commitment, the initial one first.
    pub(crate) sb_commitments: Vec<Fr>,
    /// Every tally commitment.
    pub(crate) tally_commitments: Vec<Fr>,
    pub(crate) votes: Vec<BigUint>,
    pub(crate) spent: BigUint,
}

struct Voter {
    x: Fr,
    y: Fr,
    balance: BigUint,
    nonce: BigUint,
    votes: Vec<BigUint>,
}

fn int(value: &Fr) -> BigUint {
    value.into_bigint().into()
}

/// Root of a full tree of any arity.
fn root(mut nodes: Vec<Fr>, arity: usize) -> Fr {
    while nodes.len() > 1 {
        nodes = nodes.chunks(arity).map(poseidon::hash).collect();
    }
    nodes[0]
}

fn frs(values: &[BigUint]) -> Vec<Fr> {
    values.iter().map(|value| Fr::from(value.clone())).collect()
}

fn padded_root(mut leaves: Vec<Fr>, depth: u8, zero: Fr) -> Fr {
    leaves.resize(1 << depth, zero);
    root(leaves, 2)
}

fn ballot_hash(nonce: &BigUint, votes: &[BigUint]) -> Fr {
    poseidon::hash2(nonce.clone().into(), root(frs(votes), 5))
}

fn commitment(log: &PollLog, voters: &[Voter], salt: Fr) -> Fr {
    let mut depth = 1;
    while 1usize << depth < voters.len() {
        depth += 1;
    }
    let pad = maci_crypto::babyjubjub::pad_key();
    let blank = poseidon::hash3(pad.x, pad.y, Fr::from(0u64));
    let leaf = |voter: &Voter| poseidon::hash3(voter.x, voter.y, voter.balance.clone().into());
    let state = padded_root(voters.iter().map(leaf).collect(), depth, blank);
    let blank_ballot = ballot_hash(
        &BigUint::ZERO,
        &vec![BigUint::ZERO; log.params.max_vote_options() as usize],
    );
    let ballots = voters
        .iter()
        .map(|voter| ballot_hash(&voter.nonce, &voter.votes))
        .collect();
    let ballots = padded_root(ballots, log.params.state_tree_depth, blank_ballot);
    poseidon::hash3(state, ballots, salt)
}

/// One message (protocol.md §12): every condition evaluated on its own, then all required.
fn message(
    log: &PollLog,
    key: &CoordinatorKey,
    voters: &mut [Voter],
    message: &maci_protocol::Message,
) -> bool {
    let Some(shared) = ecdh::shared_key(key.scalar(), &message.encryption_public_key) else {
        return false;
    };
    let plain = cipher::decrypt(&message.data, &shared);
    let bits = |from: u32| {
        let mask = (BigUint::from(1u8) << 50) - 1u8;
        (int(&plain[0]) >> from) & mask
    };
    let (index, option, weight, nonce) = (bits(0), bits(50), bits(100), bits(150));
    let index_valid = index < BigUint::from(voters.len());
    let option_valid = option < BigUint::from(log.params.vote_options);
    let at = |valid: bool, value: &BigUint| {
        if valid {
            usize::try_from(value).unwrap()
        } else {
            0
        }
    };
    let voter = &mut voters[at(index_valid, &index)];
    let option = at(option_valid, &option);
    let hash = poseidon::hash(&plain[..4]);
    let signature = eddsa::Signature {
        r8: maci_crypto::babyjubjub::RawPoint::new(plain[4], plain[5]),
        s: plain[6],
    };
    let key = maci_crypto::babyjubjub::RawPoint::new(voter.x, voter.y);
    let signature_valid = eddsa::verify(key, &signature, hash);
    let nonce_valid = nonce == &voter.nonce + 1u8;
    let cost = |weight: &BigUint| match log.params.mode {
        Mode::Qv => weight * weight,
        Mode::NonQv | Mode::Full => weight.clone(),
    };
    let credits = &voter.balance + cost(&voter.votes[option]);
    let credits_valid = match log.params.mode {
        Mode::Full => credits == cost(&weight),
        Mode::Qv | Mode::NonQv => credits >= cost(&weight),
    };
    let valid = index_valid && option_valid && signature_valid && nonce_valid && credits_valid;
    if valid {
        voter.x = plain[1];
        voter.y = plain[2];
        voter.balance = credits - cost(&weight);
        voter.nonce = nonce;
        voter.votes[option] = weight;
    }
    valid
}

pub(crate) fn run(log: &PollLog, key: &CoordinatorKey, salts: &mut dyn SaltSource) -> Outcome {
    let options = log.params.max_vote_options() as usize;
    let mut voters: Vec<Voter> = log
        .leaves
        .iter()
        .map(|leaf| Voter {
            x: leaf.public_key.x,
            y: leaf.public_key.y,
            balance: int(&leaf.voice_credit_balance),
            nonce: BigUint::ZERO,
            votes: vec![BigUint::ZERO; options],
        })
        .collect();
    let mut applied = vec![false; log.messages.len()];
    let mut sb_commitments = vec![commitment(log, &voters, Fr::from(0u64))];
    let size = usize::from(log.params.message_batch_size);
    let starts: Vec<usize> = (0..log.messages.len()).step_by(size).collect();
    for (batch, start) in (0u64..).zip(starts.into_iter().rev()) {
        let end = (start + size).min(log.messages.len());
        for place in (start..end).rev() {
            applied[place] = message(log, key, &mut voters, &log.messages[place]);
        }
        let circuit = log.params.process_circuit();
        let current = *sb_commitments.last().unwrap();
        let chain = log.messages[..end]
            .iter()
            .fold(maci_crypto::NUMS, |chain, message| {
                poseidon::hash2(chain, message.hash())
            });
        let input = poseidon::hash2(current, chain);
        let salt = salts.salt(&circuit, SaltRole::StateAndBallots, batch, input);
        sb_commitments.push(commitment(log, &voters, salt.0));
    }
    tally(
        log,
        &voters,
        Outcome {
            applied,
            sb_commitments,
            tally_commitments: Vec::new(),
            votes: vec![BigUint::ZERO; options],
            spent: BigUint::ZERO,
        },
        salts,
    )
}

fn tally(
    log: &PollLog,
    voters: &[Voter],
    mut outcome: Outcome,
    salts: &mut dyn SaltSource,
) -> Outcome {
    let quadratic = log.params.mode == Mode::Qv;
    let mut per_option = vec![BigUint::ZERO; outcome.votes.len()];
    let circuit = log.params.tally_circuit();
    let sb = *outcome.sb_commitments.last().unwrap();
    for (batch, voters) in
        (0u64..).zip(voters.chunks(1 << log.params.tally_processing_state_tree_depth))
    {
        for voter in voters {
            for (option, vote) in voter.votes.iter().enumerate() {
                outcome.votes[option] += vote;
                per_option[option] += vote * vote;
                outcome.spent += if quadratic { vote * vote } else { vote.clone() };
            }
        }
        let current = outcome
            .tally_commitments
            .last()
            .copied()
            .unwrap_or(Fr::from(0u64));
        let input = poseidon::hash2(sb, current);
        let mut salt = |role| salts.salt(&circuit, role, batch, input).0;
        let votes = poseidon::hash2(root(frs(&outcome.votes), 5), salt(SaltRole::Results));
        let spent = poseidon::hash2(outcome.spent.clone().into(), salt(SaltRole::Spent));
        outcome.tally_commitments.push(if quadratic {
            let root = root(frs(&per_option), 5);
            poseidon::hash3(
                votes,
                spent,
                poseidon::hash2(root, salt(SaltRole::PerOptionSpent)),
            )
        } else {
            poseidon::hash2(votes, spent)
        });
    }
    outcome
}
