//! The machine's rules one by one, each with the branch and the reason it has to reach (security.md §2.1, §2.2).

use ark_ff::{AdditiveGroup, Field, PrimeField};
use maci_crypto::{
    Fr,
    babyjubjub::{RawPoint, base8, mul_base8, scalar_to_field},
    eddsa::Signature,
    keypair::KeyError,
};
use maci_protocol::{
    Message, SignedCommand, StateLeaf, VoteCommand,
    keys::{CoordinatorKey, PrivateKey, PublicKey},
    layout::{Layout, maci::MaciLayout},
    machine::{
        Counts,
        Effect::{self, Apply, Ignore},
        Machine, Reason,
    },
    message::CommandError,
    testing::points,
    types::{Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight},
};
use maci_verifier::{Mode, PollParams, Salt};
use num_bigint::BigUint;

const MAX: u64 = (1 << 50) - 1;

/// Voters 1 to n with keys 101 to 100 + n; commands in publishing order.
struct Scene {
    params: PollParams,
    coordinator: CoordinatorKey,
    leaves: Vec<StateLeaf>,
    messages: Vec<Message>,
}

fn key(raw: u8) -> PrivateKey {
    PrivateKey::from_be_bytes(&[raw])
}

fn public(raw: u8) -> RawPoint {
    key(raw).public_key().coordinates()
}

fn vote(index: u64, option: u64, weight: u64, nonce: u64) -> VoteCommand {
    VoteCommand {
        state_index: StateIndex(index),
        new_public_key: public((index as u8).wrapping_add(100)),
        vote_option_index: VoteOptionIndex(option),
        new_vote_weight: VoteWeight(weight),
        nonce: Nonce(nonce),
        poll_id: PollId(0),
        salt: Salt(Fr::from(5u64)),
    }
}

impl Scene {
    fn new(mode: Mode, balances: &[Fr]) -> Self {
        let params = PollParams {
            state_tree_depth: 4,
            tally_processing_state_tree_depth: 1,
            vote_option_tree_depth: 1,
            message_batch_size: 3,
            vote_options: 4,
            mode,
        };
        let mut leaves = vec![StateLeaf::blank()];
        for (index, balance) in (101..).zip(balances) {
            leaves.push(StateLeaf {
                public_key: public(index),
                voice_credit_balance: *balance,
            });
        }
        let coordinator = CoordinatorKey::new(key(2));
        Self {
            params,
            coordinator,
            leaves,
            messages: vec![Message::placeholder()],
        }
    }

    fn credits(mode: Mode, balances: &[u64]) -> Self {
        let balances: Vec<_> = balances.iter().map(|credits| Fr::from(*credits)).collect();
        Self::new(mode, &balances)
    }

    fn publish(&mut self, signed: &SignedCommand) -> &mut Message {
        let message = signed.encrypt(&key(3), &self.coordinator.public()).unwrap();
        self.messages.push(message);
        self.messages.last_mut().unwrap()
    }

    fn signed(&mut self, command: &VoteCommand, by: u8) -> &mut Message {
        self.publish(&SignedCommand::sign_packed(
            command.pack().unwrap(),
            &key(by),
        ))
    }

    fn vote(&mut self, command: VoteCommand) -> &mut Message {
        self.signed(&command, 100 + command.state_index.0 as u8)
    }

    /// Effects in publishing order, message 0 left out, and the machine afterwards.
    fn run(&self) -> (Vec<Effect>, Machine) {
        let mut machine = Machine::new(self.params, self.leaves.clone());
        let mut effects: Vec<_> = self
            .messages
            .iter()
            .rev()
            .map(|message| {
                machine
                    .apply(message.decrypt(&self.coordinator).as_ref())
                    .effect
            })
            .collect();
        effects.reverse();
        assert!(matches!(effects[0], Ignore(_)));
        effects.remove(0);
        (effects, machine)
    }

    fn effects(&self) -> Vec<Effect> {
        self.run().0
    }
}

#[test]
fn c_02_the_poll_id_is_signed_and_not_judged() {
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    scene.vote(VoteCommand {
        poll_id: PollId(7),
        ..vote(1, 0, 3, 1)
    });
    assert_eq!(scene.effects(), [Apply]);
    // It is counted and reported.
    let mut machine = Machine::new(scene.params, scene.leaves.clone());
    let mut counts = Counts::default();
    for message in scene.messages.iter().rev() {
        let signed = message.decrypt(&scene.coordinator);
        let step = machine.apply(signed.as_ref());
        counts.add(&step, signed.as_ref(), PollId(0));
    }
    assert_eq!(
        (counts.applied, counts.foreign_poll, counts.messages()),
        (1, 1, 2)
    );
    assert_eq!(counts.ignored(Reason::StateIndex), 1);
    // Changed without a new signature, it is another command.
    let signed = vote(1, 0, 3, 1).sign(&key(101)).unwrap();
    let packed = VoteCommand {
        poll_id: PollId(8),
        ..vote(1, 0, 3, 1)
    }
    .pack()
    .unwrap();
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    scene.publish(&SignedCommand { packed, ..signed });
    assert_eq!(scene.effects(), [Ignore(Reason::Signature)]);
}

#[test]
fn every_signed_field_is_covered_by_the_signature() {
    let good = vote(1, 0, 3, 1);
    let signed = good.sign(&key(101)).unwrap();
    let key_moved = RawPoint::new(good.new_public_key.x + Fr::ONE, good.new_public_key.y);
    for changed in [
        VoteCommand {
            new_vote_weight: VoteWeight(4),
            ..good
        },
        VoteCommand {
            vote_option_index: VoteOptionIndex(1),
            ..good
        },
        VoteCommand {
            new_public_key: key_moved,
            ..good
        },
        VoteCommand {
            salt: Salt(Fr::ONE),
            ..good
        },
    ] {
        let mut scene = Scene::credits(Mode::Qv, &[100]);
        scene.publish(&SignedCommand {
            packed: changed.pack().unwrap(),
            ..signed
        });
        assert_eq!(scene.effects(), [Ignore(Reason::Signature)]);
    }
}

#[test]
fn c_04_tag_and_padding_are_no_condition() {
    for element in 7..10 {
        let mut scene = Scene::credits(Mode::Qv, &[100]);
        scene.vote(vote(1, 0, 3, 1)).data[element] += Fr::ONE;
        assert_eq!(scene.effects(), [Apply], "element {element}");
    }
    // The elements before them carry the command.
    for element in 0..7 {
        let mut scene = Scene::credits(Mode::Qv, &[100]);
        scene.vote(vote(1, 0, 3, 1)).data[element] += Fr::ONE;
        assert!(
            matches!(scene.effects()[..], [Ignore(_)]),
            "element {element}"
        );
    }
}

/// A signature that satisfies the bare equation under a key of low order.
fn forged_for_low_order() -> Signature {
    let s = maci_crypto::babyjubjub::Scalar::from(11u64);
    Signature {
        r8: mul_base8(&s).into(),
        s: scalar_to_field(&s),
    }
}

#[test]
fn c_08_an_unusable_new_key_stands_and_authenticates_nobody() {
    let unusable = points::low_order().into_iter().chain(points::off_curve());
    for new_public_key in unusable {
        let mut scene = Scene::credits(Mode::Qv, &[100]);
        // Published last, so processed first; then the old key and a forgery try their luck.
        let forged = SignedCommand {
            packed: vote(1, 1, 2, 2).pack().unwrap(),
            signature: forged_for_low_order(),
        };
        scene.publish(&forged);
        scene.vote(vote(1, 1, 2, 2));
        scene.vote(VoteCommand {
            new_public_key,
            ..vote(1, 0, 3, 1)
        });
        let (effects, machine) = scene.run();
        assert_eq!(
            effects,
            [Ignore(Reason::Signature), Ignore(Reason::Signature), Apply]
        );
        assert_eq!(machine.leaves()[1].public_key, new_public_key);
        assert_eq!(machine.votes(1), [3, 0, 0, 0, 0]);
    }
}

#[test]
fn s_07_an_unusable_key_already_on_chain_has_a_defined_outcome() {
    // A leaf whose key is off the curve or of low order: its messages are no-ops, the rest of the poll goes on.
    for unusable in points::low_order().into_iter().chain(points::off_curve()) {
        let mut scene = Scene::credits(Mode::NonQv, &[10, 10]);
        scene.leaves[1].public_key = unusable;
        scene.vote(vote(1, 0, 1, 1));
        scene.publish(&SignedCommand {
            packed: vote(1, 0, 1, 1).pack().unwrap(),
            signature: forged_for_low_order(),
        });
        scene.vote(vote(2, 0, 1, 1));
        assert_eq!(
            scene.effects(),
            [Ignore(Reason::Signature), Ignore(Reason::Signature), Apply]
        );
    }
    // Encryption keys: off the curve is a no-op, any order is honoured.
    for key in points::off_curve() {
        let mut scene = Scene::credits(Mode::NonQv, &[10]);
        scene.vote(vote(1, 0, 1, 1)).encryption_public_key = key;
        assert_eq!(scene.effects(), [Ignore(Reason::EncryptionKey)]);
    }
}

#[test]
fn s_07_builders_refuse_unusable_keys() {
    let unusable = (points::low_order()
        .into_iter()
        .map(|key| (key, KeyError::LowOrder)))
    .chain(points::off_curve().map(|key| (key, KeyError::OffCurve)));
    let good = vote(1, 0, 3, 1);
    let signed = good.sign(&key(101)).unwrap();
    for (unusable, reason) in unusable {
        // A key handed to a tool, a coordinator to encrypt to, a key to change to.
        assert_eq!(PublicKey::usable(unusable), Err(reason));
        assert_eq!(signed.encrypt(&key(3), &unusable), Err(reason));
        let lockout = VoteCommand {
            new_public_key: unusable,
            ..good
        };
        assert_eq!(lockout.sign(&key(101)), Err(CommandError::NewKey(reason)));
    }
}

#[test]
fn plaintext_votes_have_no_debug_output() {
    // Numbers that stand nowhere else.
    let command = VoteCommand {
        nonce: Nonce(1),
        poll_id: PollId(818_181),
        salt: Salt(Fr::from(919_191u64)),
        ..vote(1, 3, 727_272, 1)
    };
    let mut scene = Scene::credits(Mode::NonQv, &[737_373]);
    scene.vote(command);
    let signed = scene.messages[1].decrypt(&scene.coordinator).unwrap();
    let mut machine = Machine::new(scene.params, scene.leaves.clone());
    let transition = machine.transition(1, Some(signed));
    assert_eq!(transition.step.effect, Apply);
    let mut layout = MaciLayout::new(&machine);
    let opening = layout.open(&machine, &transition.step);
    let secrets = [
        format!("{command:?}"),
        format!("{signed:?}"),
        format!("{:?}", transition.step),
        format!("{:?}", machine.ballot(1)),
        format!("{opening:?}"),
    ];
    for text in secrets {
        assert!(text.ends_with(" { .. }"), "{text}");
        assert!(!text.chars().any(|c| c.is_ascii_digit()), "{text}");
    }
    assert_eq!(
        format!("{transition:?}"),
        "MessageTransition { index: 1, .. }"
    );
    assert!(!format!("{machine:?}").contains("727272"));
    assert!(!format!("{machine:?} {layout:?}").contains("leaves"));
}

#[test]
fn c_14_there_is_one_message_kind() {
    // Whatever the bits past the five numbers say, it is a vote with the same meaning (D4).
    for high in 1..=3u64 {
        let mut scene = Scene::credits(Mode::Qv, &[100]);
        let mut packed = vote(1, 0, 3, 1).pack().unwrap();
        packed[0] += Fr::from(2u64).pow([250]) * Fr::from(high);
        scene.publish(&SignedCommand::sign_packed(packed, &key(101)));
        let (effects, machine) = scene.run();
        assert_eq!(effects, [Apply]);
        assert_eq!(machine.leaves()[1].voice_credit_balance, Fr::from(91u64));
    }
    // A random plaintext conserves everything.
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    scene.messages.push(Message {
        data: core::array::from_fn(|element| Fr::from(element as u64 + 77).pow([9])),
        encryption_public_key: public(3),
    });
    let (effects, machine) = scene.run();
    assert_eq!(effects, [Ignore(Reason::StateIndex)]);
    assert_eq!(machine.leaves()[1].voice_credit_balance, Fr::from(100u64));
}

#[test]
fn c_16_index_bounds_are_exact() {
    // Three leaves with the blank one.
    for (index, expected) in [
        (2, Apply),
        (3, Ignore(Reason::StateIndex)),
        (4, Ignore(Reason::StateIndex)),
        (MAX, Ignore(Reason::StateIndex)),
    ] {
        let mut scene = Scene::credits(Mode::Qv, &[100, 100]);
        let command = VoteCommand {
            state_index: StateIndex(index),
            ..vote(2, 0, 1, 1)
        };
        scene.signed(&command, 102);
        assert_eq!(scene.effects(), [expected], "state index {index}");
        let signed = scene.messages[1].decrypt(&scene.coordinator).unwrap();
        let step = Machine::new(scene.params, scene.leaves.clone()).step(Some(&signed));
        assert_eq!(step.state_index.0, if index == 2 { 2 } else { 0 });
    }
    // Four of the five leaves of the tree are options.
    for (option, expected) in [
        (3, Apply),
        (4, Ignore(Reason::VoteOptionIndex)),
        (5, Ignore(Reason::VoteOptionIndex)),
        (MAX, Ignore(Reason::VoteOptionIndex)),
    ] {
        let mut scene = Scene::credits(Mode::Qv, &[100]);
        scene.vote(vote(1, option, 1, 1));
        assert_eq!(scene.effects(), [expected], "option {option}");
        let signed = scene.messages[1].decrypt(&scene.coordinator).unwrap();
        let step = Machine::new(scene.params, scene.leaves.clone()).step(Some(&signed));
        assert_eq!(step.vote_option_index.0, if option == 3 { 3 } else { 0 });
    }
}

fn big(value: &Fr) -> BigUint {
    value.into_bigint().into()
}

#[test]
fn c_22_weights_and_balances_are_total() {
    let two = Fr::from(2u64);
    let square = Fr::from(MAX) * Fr::from(MAX);
    for balance in [
        Fr::ZERO,
        Fr::from(MAX),
        square - Fr::ONE,
        square,
        two.pow([100]),
        two.pow([126]),
        two.pow([128]),
        two.pow([252]) - Fr::ONE,
        two.pow([252]),
        -two,
        -Fr::ONE,
    ] {
        for mode in [Mode::Qv, Mode::NonQv, Mode::Full] {
            for weight in [0, 1, MAX - 1, MAX] {
                let mut scene = Scene::new(mode, &[balance]);
                // Processed in this order from the last: vote, lower it to 0, vote again.
                scene.vote(vote(1, 0, weight, 3));
                scene.vote(vote(1, 0, 0, 2));
                scene.vote(vote(1, 0, weight, 1));
                let (effects, machine) = scene.run();
                let cost = BigUint::from(weight).pow(if mode == Mode::Qv { 2 } else { 1 });
                let credits = big(&balance);
                let expected = match mode {
                    Mode::Full if credits == cost => Apply,
                    Mode::Full if credits > cost => Ignore(Reason::UnspentCredits),
                    _ if credits < cost => Ignore(Reason::InsufficientCredits),
                    _ => Apply,
                };
                assert_eq!(effects[2], expected, "{mode} {balance} {weight}");
                // In every state Σ cost + balance is what the voter was given.
                let spent: BigUint = machine
                    .votes(1)
                    .iter()
                    .map(|vote| BigUint::from(*vote).pow(if mode == Mode::Qv { 2 } else { 1 }))
                    .sum();
                assert_eq!(
                    spent + big(&machine.leaves()[1].voice_credit_balance),
                    credits
                );
                if mode != Mode::Full && expected == Apply {
                    assert_eq!(effects, [Apply; 3]);
                }
            }
        }
    }
}

#[test]
fn c_22_builders_refuse_numbers_of_more_than_50_bits() {
    let good = vote(1, 0, 3, 1);
    for bad in [
        VoteCommand {
            state_index: StateIndex(MAX + 1),
            ..good
        },
        VoteCommand {
            vote_option_index: VoteOptionIndex(MAX + 1),
            ..good
        },
        VoteCommand {
            new_vote_weight: VoteWeight(MAX + 1),
            ..good
        },
        VoteCommand {
            nonce: Nonce(u64::MAX),
            ..good
        },
        VoteCommand {
            poll_id: PollId(MAX + 1),
            ..good
        },
    ] {
        let error = bad.pack().unwrap_err();
        assert!(error.to_string().contains("must be below 2^50"), "{error}");
    }
    let full = VoteCommand {
        nonce: Nonce(MAX),
        poll_id: PollId(MAX),
        ..vote(MAX, MAX, MAX, 0)
    };
    assert_eq!(VoteCommand::unpack(&full.pack().unwrap()), full);
}

#[test]
fn c_23_state_index_0_is_no_voter() {
    for by in [101, 200] {
        let mut scene = Scene::credits(Mode::NonQv, &[100]);
        // A weight of 0 costs nothing, so that only the signature is in the way.
        let command = VoteCommand {
            new_public_key: public(by),
            ..vote(0, 0, 0, 1)
        };
        scene.signed(&command, by);
        let (effects, machine) = scene.run();
        assert_eq!(effects, [Ignore(Reason::Signature)]);
        assert_eq!(machine.leaves()[0], StateLeaf::blank());
    }
    // Nor does anything that passes for a signature of nobody.
    for signature in [
        Signature::default(),
        forged_for_low_order(),
        Signature {
            r8: base8().into(),
            s: Fr::ONE,
        },
    ] {
        let mut scene = Scene::credits(Mode::NonQv, &[]);
        scene.publish(&SignedCommand {
            packed: vote(0, 0, 0, 1).pack().unwrap(),
            signature,
        });
        assert_eq!(scene.effects(), [Ignore(Reason::Signature)]);
    }
}

#[test]
fn c_24_full_mode_changes_the_addressed_option_only() {
    let mut scene = Scene::credits(Mode::Full, &[100]);
    // After all is spent: a zero weight elsewhere is valid and moves nothing; the same weight again is valid.
    scene.vote(vote(1, 2, 100, 4));
    scene.vote(vote(1, 0, 100, 3));
    scene.vote(vote(1, 1, 0, 2));
    scene.vote(vote(1, 0, 100, 1));
    let (effects, machine) = scene.run();
    assert_eq!(
        effects,
        [Ignore(Reason::InsufficientCredits), Apply, Apply, Apply]
    );
    assert_eq!(machine.votes(1), [100, 0, 0, 0, 0]);
    assert_eq!(machine.nonce(1), 3);
    assert_eq!(machine.leaves()[1].voice_credit_balance, Fr::ZERO);
}

#[test]
fn s_06_the_last_published_command_comes_first() {
    // (key change, vote under the new key): the vote is processed first, under the old key.
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    let change = VoteCommand {
        new_public_key: public(9),
        ..vote(1, 0, 1, 1)
    };
    scene.signed(&change, 101);
    scene.signed(
        &VoteCommand {
            new_public_key: public(9),
            ..vote(1, 1, 2, 2)
        },
        9,
    );
    let (effects, machine) = scene.run();
    assert_eq!(effects, [Apply, Ignore(Reason::Signature)]);
    assert_eq!(machine.votes(1), [1, 0, 0, 0, 0]);

    // (vote under the old key, key change): the change voids the vote.
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    scene.signed(&vote(1, 1, 2, 2), 101);
    scene.signed(&change, 101);
    let (effects, machine) = scene.run();
    assert_eq!(effects, [Ignore(Reason::Signature), Apply]);
    assert_eq!(machine.leaves()[1].public_key, public(9));

    // Nonce 1 after nonce 1: the one published last counts.
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    scene.vote(vote(1, 0, 5, 1));
    scene.vote(vote(1, 1, 6, 1));
    let (effects, machine) = scene.run();
    assert_eq!(effects, [Ignore(Reason::Nonce), Apply]);
    assert_eq!(machine.votes(1), [0, 6, 0, 0, 0]);

    // Descending nonces, as an honest client publishes.
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    for nonce in (1..=3).rev() {
        scene.vote(vote(1, nonce, 1, nonce));
    }
    assert_eq!(scene.effects(), [Apply; 3]);

    // A handed-over key: the buyer's vote under it counts if it was published before the change, with a higher nonce.
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    scene.signed(
        &VoteCommand {
            new_public_key: public(9),
            ..vote(1, 1, 2, 2)
        },
        9,
    );
    scene.signed(&change, 101);
    assert_eq!(scene.effects(), [Apply, Apply]);
}

#[test]
fn conditions_are_reported_in_maci_s_order() {
    let mut scene = Scene::credits(Mode::Qv, &[100]);
    // Everything wrong but the signature, one thing less each time.
    scene.vote(vote(1, 4, MAX, 9));
    scene.vote(vote(1, 4, MAX, 1));
    scene.vote(vote(1, 0, MAX, 1));
    scene.signed(&vote(1, 4, MAX, 9), 200);
    assert_eq!(
        scene.effects(),
        [
            Reason::Nonce,
            Reason::VoteOptionIndex,
            Reason::InsufficientCredits,
            Reason::Signature
        ]
        .map(Ignore)
    );
}
