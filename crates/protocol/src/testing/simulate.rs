//! The simulator: makes messages in the order in which they are processed, newest first, keeping its own books.
//!
//! The books use big integers and none of the machine's code, so that [`Outlook`] is a second opinion.

use ark_ff::{BigInt, Field, PrimeField};
use maci_crypto::{
    Fr,
    babyjubjub::{RawPoint, Scalar},
    cipher, ecdh,
};
use maci_verifier::{Mode, Salt};

use super::{
    books::{MAX_NUMBER, Signer, Voter, balance, left, most, moved, packed, unaffordable},
    draw::Draw,
    kind::Kind,
    points,
    poll::{Outlook, SimulatedPoll, Wrap},
    spec::Spec,
};
use crate::{
    keys::CoordinatorKey,
    log::{OnChain, PollLog},
    machine::{Effect, Reason},
    message::{Message, SignedCommand, VoteCommand},
    state::StateLeaf,
    types::{Address, Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight},
};

/// A one-time key with the key it shares with the coordinator: reused, because it costs two multiplications.
struct OneTime {
    public: RawPoint,
    shared: RawPoint,
}

struct Simulator {
    spec: Spec,
    draw: Draw,
    coordinator: CoordinatorKey,
    other_coordinator: RawPoint,
    one_time: Vec<OneTime>,
    voters: Vec<Voter>,
    /// Newest first.
    messages: Vec<Message>,
    outlook: Vec<Outlook>,
}

/// Makes a poll.
pub fn simulate(spec: &Spec) -> SimulatedPoll {
    let mut draw = Draw::new(spec.seed);
    let coordinator = CoordinatorKey::new(draw.key());
    let other_coordinator = draw.key().public_key().coordinates();
    let options = crate::vote_tree::leaves(spec.params.vote_option_tree_depth);
    let capacity = spec.params.max_state_leaves() - 1;
    let mut leaves = vec![StateLeaf::blank()];
    let mut voters = Vec::new();
    for _ in 0..spec.voters.min(capacity) {
        let key = draw.key();
        let balance = balance(&mut draw, spec.balances);
        leaves.push(StateLeaf {
            public_key: key.public_key().coordinates(),
            voice_credit_balance: Fr::from(balance.clone()),
        });
        voters.push(Voter {
            key: Signer::Key(key),
            balance,
            nonce: 0,
            votes: vec![0; options],
        });
    }
    let one_time = (0..32)
        .map(|_| {
            let key = draw.key();
            let shared = ecdh::shared_key(&key.formatted(), &coordinator.public());
            OneTime {
                public: key.public_key().coordinates(),
                shared: shared.unwrap_or(RawPoint::IDENTITY),
            }
        })
        .collect();
    let mut simulator = Simulator {
        spec: *spec,
        draw,
        coordinator,
        other_coordinator,
        one_time,
        voters,
        messages: Vec::new(),
        outlook: Vec::new(),
    };
    for _ in 0..spec.messages {
        simulator.message();
    }
    simulator.finish(leaves)
}

impl Simulator {
    fn message(&mut self) {
        let hostile = self.draw.chance(self.spec.hostile_percent);
        let kind = if hostile {
            *self.draw.pick(&Kind::ALL)
        } else {
            Kind::Vote
        };
        let (message, effect) = self.make(kind);
        self.messages.push(message);
        self.outlook.push(Outlook { kind, effect });
    }

    fn make(&mut self, kind: Kind) -> (Message, Effect) {
        let garbage = Effect::Ignore(Reason::StateIndex);
        match kind {
            Kind::Garbage => (self.garbage_under(self.one_time[0].public), garbage),
            Kind::LowOrderGarbage => {
                let key = *self.draw.pick(&points::low_order());
                (self.garbage_under(key), garbage)
            }
            Kind::Replay => match self.messages.last().copied() {
                // A message that counted has used up its nonce; one that did not still does not.
                Some(message) => {
                    let before = self.outlook[self.outlook.len() - 1];
                    let effect = match before.effect {
                        Effect::Apply => Effect::Ignore(self.replay_reason()),
                        ignored @ Effect::Ignore(_) => ignored,
                    };
                    (message, effect)
                }
                None => (self.garbage_under(self.one_time[0].public), garbage),
            },
            _ => self.command_message(kind),
        }
    }

    fn garbage_under(&mut self, encryption_public_key: RawPoint) -> Message {
        let data = [(); 10].map(|()| self.draw.fr());
        Message {
            data,
            encryption_public_key,
        }
    }

    /// After a vote the leaf's key may be another one, which is noticed before the nonce.
    fn replay_reason(&self) -> Reason {
        match self.outlook.last().map(|outlook| outlook.kind) {
            Some(Kind::KeyChange | Kind::UnusableKey) => Reason::Signature,
            _ => Reason::Nonce,
        }
    }

    /// A message that decrypts to a command.
    fn command_message(&mut self, kind: Kind) -> (Message, Effect) {
        let Some(who) = self.who() else {
            return self.voterless(kind);
        };
        let (mut command, possible) = self.vote(who);
        let mut effect = if possible {
            Effect::Apply
        } else {
            Effect::Ignore(unaffordable(self.spec.params.mode))
        };
        let mut new_key = None;
        let ignore = Effect::Ignore;
        match kind {
            Kind::KeyChange => {
                let key = self.draw.key();
                command.new_public_key = key.public_key().coordinates();
                new_key = Some(Signer::Key(key));
            }
            Kind::UnusableKey => {
                let mut unusable = points::low_order().to_vec();
                unusable.extend(points::off_curve());
                command.new_public_key = *self.draw.pick(&unusable);
                new_key = Some(Signer::Nobody(self.draw.key()));
            }
            Kind::IndexZero => {
                command.state_index = StateIndex(0);
                effect = ignore(Reason::Signature);
            }
            Kind::IndexOutOfRange => {
                let leaves = self.voters.len() as u64 + 1;
                command.state_index =
                    StateIndex(*self.draw.pick(&[leaves, leaves + 1, MAX_NUMBER]));
                effect = ignore(Reason::StateIndex);
            }
            Kind::OptionOutOfRange => {
                let options = self.spec.params.vote_options;
                let past = [
                    options,
                    options + 1,
                    self.spec.params.max_vote_options(),
                    MAX_NUMBER,
                ];
                command.vote_option_index = VoteOptionIndex(*self.draw.pick(&past));
                effect = ignore(Reason::VoteOptionIndex);
            }
            Kind::WrongNonce => {
                let next = command.nonce.0;
                command.nonce = Nonce(*self.draw.pick(&[0, next - 1, next + 1, MAX_NUMBER]));
                effect = ignore(Reason::Nonce);
            }
            Kind::WrongWeight => {
                (command.new_vote_weight, effect) = self.wrong_weight(who, &command);
            }
            Kind::ForeignPoll => command.poll_id = PollId(self.draw.below(MAX_NUMBER)),
            _ => {}
        }
        let (signed, usable) = self.sign(who, kind, &command);
        if !usable && effect != ignore(Reason::StateIndex) {
            effect = ignore(Reason::Signature);
        }
        let (message, readable) = self.encrypt(kind, &signed);
        effect = readable.unwrap_or(effect);
        if effect == Effect::Apply {
            self.book(who, &command, new_key);
        }
        (message, effect)
    }

    /// With no voters at all, commands address nobody.
    fn voterless(&mut self, kind: Kind) -> (Message, Effect) {
        let key = self.draw.key();
        let index = StateIndex(self.draw.below(2));
        let command = self.command(index, key.public_key().coordinates());
        let signed = SignedCommand::sign_packed(packed(&command), &key);
        let (message, readable) = self.encrypt(kind, &signed);
        let reason = if command.state_index.0 == 0 {
            Reason::Signature
        } else {
            Reason::StateIndex
        };
        (message, readable.unwrap_or(Effect::Ignore(reason)))
    }

    fn who(&mut self) -> Option<usize> {
        (!self.voters.is_empty()).then(|| self.draw.below(self.voters.len() as u64) as usize)
    }

    fn command(&mut self, state_index: StateIndex, new_public_key: RawPoint) -> VoteCommand {
        VoteCommand {
            state_index,
            new_public_key,
            vote_option_index: VoteOptionIndex(self.draw.below(self.spec.params.vote_options)),
            new_vote_weight: VoteWeight(0),
            nonce: Nonce(1),
            poll_id: PollId(0),
            salt: Salt(self.draw.fr()),
        }
    }

    /// A vote that the voter's books allow, if there is one (FULL mode may have none).
    fn vote(&mut self, who: usize) -> (VoteCommand, bool) {
        let (Signer::Key(key) | Signer::Nobody(key)) = &self.voters[who].key;
        let new_public_key = key.public_key().coordinates();
        let mut command = self.command(StateIndex(who as u64 + 1), new_public_key);
        let voter = &self.voters[who];
        command.nonce = Nonce(voter.nonce + 1);
        let current = voter.votes[command.vote_option_index.0 as usize];
        let most = most(self.spec.params.mode, &voter.balance, current);
        let weight = match self.spec.params.mode {
            Mode::Full => most,
            Mode::Qv | Mode::NonQv => match self.draw.below(8) {
                0 => 0,
                1 => most,
                2 => most / 2,
                _ => self.draw.below(most.min(11) + 1),
            },
        };
        command.new_vote_weight = VoteWeight(weight);
        let voter = &self.voters[who];
        let possible = left(self.spec.params.mode, &voter.balance, current, weight).is_ok();
        (command, possible)
    }

    /// A weight that the books do not allow, if there is one.
    fn wrong_weight(&mut self, who: usize, command: &VoteCommand) -> (VoteWeight, Effect) {
        let mode = self.spec.params.mode;
        let voter = &self.voters[who];
        let current = voter.votes[command.vote_option_index.0 as usize];
        let most = most(mode, &voter.balance, current);
        let weight = match self.draw.below(4) {
            0 => MAX_NUMBER,
            1 if mode == Mode::Full => most.saturating_sub(1),
            _ => (most + 1).min(MAX_NUMBER),
        };
        let effect = match left(mode, &self.voters[who].balance, current, weight) {
            Ok(_) => Effect::Apply,
            Err(reason) => Effect::Ignore(reason),
        };
        (VoteWeight(weight), effect)
    }

    /// Signs, badly if the kind says so. False if the signature cannot be valid.
    fn sign(&mut self, who: usize, kind: Kind, command: &VoteCommand) -> (SignedCommand, bool) {
        let mut packed = packed(command);
        if kind == Kind::HighBits {
            // 3 · 2^250 at most keeps the sum below p.
            packed[0] += Fr::from(2u64).pow([250]) * Fr::from(1 + self.draw.below(3));
        }
        let (key, mut usable) = match &self.voters[who].key {
            Signer::Key(key) => (key, true),
            Signer::Nobody(key) => (key, false),
        };
        let mut signed = SignedCommand::sign_packed(packed, key);
        match kind {
            Kind::Stranger | Kind::IndexZero => {
                signed = SignedCommand::sign_packed(packed, &self.draw.key());
                usable = false;
            }
            Kind::SignatureAlias => {
                signed.signature.s += Fr::from(BigInt(Scalar::MODULUS.0));
                usable = false;
            }
            Kind::TorsionSignature => {
                signed.signature.r8 = moved(&signed.signature.r8);
                usable = false;
            }
            Kind::OffCurveSignature => {
                signed.signature.r8 = *self.draw.pick(&points::off_curve());
                usable = false;
            }
            _ => {}
        }
        (signed, usable)
    }

    /// Encrypts, badly if the kind says so; then with the effect of that.
    fn encrypt(&mut self, kind: Kind, signed: &SignedCommand) -> (Message, Option<Effect>) {
        let plaintext = signed.plaintext();
        let place = self.draw.below(self.one_time.len() as u64) as usize;
        let OneTime { public, shared } = self.one_time[place];
        let under = |shared: &RawPoint, encryption_public_key| Message {
            data: cipher::encrypt(&plaintext, shared),
            encryption_public_key,
        };
        match kind {
            Kind::OffCurveEncryption => {
                let key = *self.draw.pick(&points::off_curve());
                (
                    under(&shared, key),
                    Some(Effect::Ignore(Reason::EncryptionKey)),
                )
            }
            Kind::IdentityEncryption => (under(&RawPoint::IDENTITY, RawPoint::IDENTITY), None),
            Kind::TorsionEncryption => {
                let key = moved(&public);
                let shared = ecdh::shared_key(self.coordinator.scalar(), &key).unwrap_or(shared);
                (under(&shared, key), None)
            }
            Kind::WrongTag => {
                let mut message = under(&shared, public);
                for element in &mut message.data[7..] {
                    *element += self.draw.fr();
                }
                (message, None)
            }
            Kind::WrongCoordinator => {
                let key = self.draw.key();
                let shared = ecdh::shared_key(&key.formatted(), &self.other_coordinator);
                let message = under(&shared.unwrap_or(public), key.public_key().coordinates());
                (message, Some(Effect::Ignore(Reason::StateIndex)))
            }
            _ => (under(&shared, public), None),
        }
    }

    /// Enters a vote that counts.
    fn book(&mut self, who: usize, command: &VoteCommand, new_key: Option<Signer>) {
        let mode = self.spec.params.mode;
        let voter = &mut self.voters[who];
        let vote = &mut voter.votes[command.vote_option_index.0 as usize];
        if let Ok(left) = left(mode, &voter.balance, *vote, command.new_vote_weight.0) {
            voter.balance = left;
        }
        *vote = command.new_vote_weight.0;
        voter.nonce = command.nonce.0;
        if let Some(key) = new_key {
            voter.key = key;
        }
    }

    fn finish(mut self, leaves: Vec<StateLeaf>) -> SimulatedPoll {
        self.messages.push(Message::placeholder());
        self.messages.reverse();
        self.outlook.push(Outlook {
            kind: Kind::Garbage,
            effect: Effect::Ignore(Reason::StateIndex),
        });
        self.outlook.reverse();
        let wraps = self.wraps();
        // Everybody who joined signed up first; without joins the recording carries no sign-up.
        let keys: Vec<_> = leaves.iter().skip(1).map(|leaf| leaf.public_key).collect();
        let signups = (!keys.is_empty()).then_some(keys);
        let mut log = PollLog {
            params: self.spec.params,
            chain_id: 31_337,
            maci_address: Address(self.draw.bytes()),
            poll_address: Address(self.draw.bytes()),
            poll_id: PollId(0),
            coordinator_public_key: self.coordinator.public(),
            signups,
            leaves,
            messages: self.messages,
            batch_hashes: Vec::new(),
            onchain: OnChain::default(),
            start_time: 1_700_000_000,
            end_time: 1_700_086_400,
        };
        log.recompute_batch_hashes();
        log.onchain = OnChain {
            chain_hash: Some(log.chain_hash()),
            merged_state_root: Some(maci_verifier::StateRoot(crate::layout::maci::state_root(
                &log.leaves,
            ))),
            total_signups: Some(log.total_signups()),
        };
        SimulatedPoll {
            spec: self.spec,
            log,
            coordinator: self.coordinator,
            outlook: self.outlook,
            wraps,
        }
    }

    /// In hostile polls every tenth message or so has an element at or above p. Message 0 is the contract's own.
    fn wraps(&mut self) -> Vec<Wrap> {
        let mut wraps = Vec::new();
        if self.spec.hostile_percent == 0 {
            return wraps;
        }
        for message in 1..self.messages.len() as u64 {
            if self.draw.chance(10) {
                let element = self.draw.below(12) as u8;
                wraps.push(Wrap {
                    message,
                    element,
                    multiple: 1 + self.draw.below(4) as u8,
                });
            }
        }
        wraps
    }
}
