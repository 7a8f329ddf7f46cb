//! Where the fixtures lie, polls made by hand, and the shortest ways from inputs to a verdict.

use std::{collections::BTreeSet, path::PathBuf};

use maci_circuits::{Circuit, Inputs, clause::Tamper, testing::Trial};
use maci_crypto::{Fr, babyjubjub::RawPoint, cipher, ecdh, keypair::PrivateKey};
use maci_protocol::{
    keys::CoordinatorKey,
    layout::{
        compact::{ProcessInputs, TallyInputs, process_batches, tally_batches},
        maci,
    },
    log::{OnChain, PollLog},
    message::{Message, SignedCommand, VoteCommand},
    recorded,
    secrets::{RunSeed, SaltRole, SaltSource},
    state::StateLeaf,
    types::{Address, Nonce, PollId, StateIndex, VoteOptionIndex, VoteWeight},
};
use maci_verifier::{CircuitId, Mode, PollParams, Salt};

/// A file of the recorded polls.
pub(crate) fn fixture(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures")
        .join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Processing and tally inputs of a recorded poll in our layout, with MACI's tally salts (nothing else of MACI's run fits
/// another layout), and the public inputs that MACI's own proofs had.
pub(crate) struct Recorded {
    pub(crate) process: Vec<ProcessInputs>,
    pub(crate) tally: Vec<TallyInputs>,
    pub(crate) publics: Vec<Vec<String>>,
}

/// The salts of MACI's run.
struct RecordedSalts {
    process: Vec<Fr>,
    tally: Vec<maci::TallyInputs>,
}

impl SaltSource for RecordedSalts {
    fn salt(&mut self, _: &CircuitId, role: SaltRole, batch: u64, _: Fr) -> Salt {
        let tally = self.tally.get(batch as usize);
        match role {
            SaltRole::StateAndBallots => Salt(self.process[batch as usize]),
            SaltRole::Results => tally.unwrap().new_salts.results,
            SaltRole::Spent => tally.unwrap().new_salts.spent,
            SaltRole::PerOptionSpent => tally.unwrap().new_salts.per_option_spent.unwrap(),
        }
    }
}

pub(crate) fn recorded(poll: &str) -> Recorded {
    let text = |path: &str| fixture(&format!("{poll}/{path}"));
    let log = recorded::parse(&text("deployment.json"), &text("logs.json")).unwrap();
    let key = recorded::coordinator_key(&text("keys.json")).unwrap();
    let names = |kind: &'static str, count: u64| (0..count).map(move |i| format!("{kind}_{i}"));
    let tallies = log.params.tally_batches(log.total_signups());
    let input = |name: String| text(&format!("inputs/{name}.input.json"));
    let mut salts = RecordedSalts {
        process: names("process", log.message_batches())
            .map(|name| maci::ProcessInputs::from_json(log.params.mode, &input(name)).unwrap())
            .map(|inputs| inputs.new_sb_salt)
            .collect(),
        tally: names("tally", tallies)
            .map(|name| maci::TallyInputs::from_json(&input(name)).unwrap())
            .collect(),
    };
    let processed = process_batches(&log, &key, &mut salts).unwrap();
    let tallied = tally_batches(&log, processed.last, &mut salts);
    Recorded {
        process: processed.batches,
        tally: tallied.batches,
        publics: names("process", log.message_batches())
            .chain(names("tally", tallies))
            .map(|name| serde_json::from_str(&text(&format!("proofs/{name}.public.json"))).unwrap())
            .collect(),
    }
}

/// The honest witness of inputs.
pub(crate) fn honest(id: CircuitId, inputs: Inputs) -> Trial {
    Trial::honest(Circuit::new(id, inputs).unwrap()).unwrap()
}

/// The clauses that refuse an honestly synthesised witness of these inputs.
pub(crate) fn refused_by(inputs: &ProcessInputs) -> BTreeSet<&'static str> {
    honest(inputs.circuit, process(inputs)).unsatisfied()
}

/// The clauses that refuse a witness with one lie, everything after which follows from it.
pub(crate) fn lie(
    inputs: &ProcessInputs,
    name: &'static str,
    slot: Option<usize>,
    value: impl Fn(Fr) -> Fr + 'static,
) -> BTreeSet<&'static str> {
    let circuit = Circuit::new(inputs.circuit, process(inputs)).unwrap();
    let tamper: Tamper =
        Box::new(move |found, at, honest| (found == name && at == slot).then(|| value(honest)));
    Trial::tampered(circuit, tamper).unwrap().unsatisfied()
}

pub(crate) fn process(inputs: &ProcessInputs) -> Inputs {
    Inputs::Process(Box::new(inputs.clone()))
}

pub(crate) fn tally(inputs: &TallyInputs) -> Inputs {
    Inputs::Tally(Box::new(inputs.clone()))
}

/// The one clause of a set.
pub(crate) fn only(name: &'static str) -> BTreeSet<&'static str> {
    BTreeSet::from([name])
}

/// A poll whose messages a test writes one by one; messages are processed from the last to the first.
pub(crate) struct Poll {
    pub(crate) coordinator: CoordinatorKey,
    pub(crate) voters: Vec<PrivateKey>,
    pub(crate) log: PollLog,
}

pub(crate) fn key(number: u8) -> PrivateKey {
    PrivateKey::from_be_bytes(&[number])
}

pub(crate) const fn params(mode: Mode, depth: u8, batch: u8) -> PollParams {
    PollParams {
        state_tree_depth: depth,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 1,
        message_batch_size: batch,
        vote_options: 4,
        mode,
    }
}

/// Parameters at which both trees have levels below their cells and a ballot has five elements. With nine to sixteen leaves
/// the merged state tree ends where its cells are, below the root of a full one.
pub(crate) const fn deep(mode: Mode, batch: u8) -> PollParams {
    PollParams {
        vote_option_tree_depth: 2,
        vote_options: 20,
        ..params(mode, 5, batch)
    }
}

impl Poll {
    /// A poll at D = 2, v = 1 with these balances; voter i has state index i + 1.
    pub(crate) fn new(mode: Mode, batch: u8, balances: &[Fr]) -> Self {
        Self::with(params(mode, 2, batch), balances)
    }

    pub(crate) fn with(params: PollParams, balances: &[Fr]) -> Self {
        let coordinator = CoordinatorKey::new(key(200));
        let voters: Vec<PrivateKey> = (1..=balances.len() as u8).map(key).collect();
        let mut leaves = vec![StateLeaf::blank()];
        for (voter, balance) in voters.iter().zip(balances) {
            leaves.push(StateLeaf {
                public_key: voter.public_key().coordinates(),
                voice_credit_balance: *balance,
            });
        }
        let mut log = PollLog {
            params,
            chain_id: 1,
            maci_address: Address([1; 20]),
            poll_address: Address([2; 20]),
            poll_id: PollId(0),
            coordinator_public_key: coordinator.public(),
            signups: None,
            leaves,
            messages: vec![Message::placeholder()],
            batch_hashes: Vec::new(),
            onchain: OnChain::default(),
            start_time: 0,
            end_time: 1,
        };
        log.recompute_batch_hashes();
        Self {
            coordinator,
            voters,
            log,
        }
    }

    /// The command of a voter that keeps its key.
    pub(crate) fn command(
        &self,
        voter: usize,
        option: u64,
        weight: u64,
        nonce: u64,
    ) -> VoteCommand {
        VoteCommand {
            state_index: StateIndex(voter as u64 + 1),
            new_public_key: self.voters[voter].public_key().coordinates(),
            vote_option_index: VoteOptionIndex(option),
            new_vote_weight: VoteWeight(weight),
            nonce: Nonce(nonce),
            poll_id: PollId(0),
            salt: Salt(Fr::from(77u64)),
        }
    }

    pub(crate) fn signed(&self, voter: usize, command: &VoteCommand) -> SignedCommand {
        SignedCommand::sign_packed(command.pack().unwrap(), &self.voters[voter])
    }

    /// Encrypts with a fixed one-time key.
    pub(crate) fn encrypt(&self, signed: &SignedCommand) -> Message {
        signed
            .encrypt(&key(100), &self.coordinator.public())
            .unwrap()
    }

    /// Encrypts so that the coordinator finds the command under any encryption key on the curve.
    pub(crate) fn encrypt_under(&self, signed: &SignedCommand, point: RawPoint) -> Message {
        let shared =
            ecdh::shared_key(self.coordinator.scalar(), &point).unwrap_or(RawPoint::IDENTITY);
        Message {
            data: cipher::encrypt(&signed.plaintext(), &shared),
            encryption_public_key: point,
        }
    }

    pub(crate) fn publish(&mut self, message: &Message) -> &mut Self {
        self.log.messages.push(*message);
        self.log.recompute_batch_hashes();
        self
    }

    /// Publishes the vote of a voter.
    pub(crate) fn vote(&mut self, voter: usize, option: u64, weight: u64, nonce: u64) -> &mut Self {
        let command = self.command(voter, option, weight, nonce);
        let message = self.encrypt(&self.signed(voter, &command));
        self.publish(&message)
    }

    fn seed(&self) -> RunSeed {
        RunSeed::derive(
            self.coordinator.private(),
            self.log.chain_id,
            self.log.poll_address,
        )
    }

    /// The batches in submission order: newest messages first.
    pub(crate) fn batches(&self) -> Vec<ProcessInputs> {
        process_batches(&self.log, &self.coordinator, &mut self.seed())
            .unwrap()
            .batches
    }

    /// The poll's only batch.
    pub(crate) fn batch(&self) -> ProcessInputs {
        let mut batches = self.batches();
        assert_eq!(batches.len(), 1);
        batches.remove(0)
    }

    /// All circuits' inputs of the poll.
    pub(crate) fn everything(&self) -> Vec<(CircuitId, Inputs)> {
        everything(&self.log, &self.coordinator)
    }

    pub(crate) fn tallies(&self) -> Vec<TallyInputs> {
        let seed = &mut self.seed();
        let processed = process_batches(&self.log, &self.coordinator, seed).unwrap();
        tally_batches(&self.log, processed.last, seed).batches
    }

    /// The leaf and the ballot at an index after all messages.
    pub(crate) fn after(&self, index: u64) -> (StateLeaf, maci_protocol::state::Ballot) {
        let last = process_batches(&self.log, &self.coordinator, &mut self.seed())
            .unwrap()
            .last;
        (
            last.machine.leaves()[index as usize],
            last.machine.ballot(index),
        )
    }
}

/// Inputs of every processing and tally batch of a log.
pub(crate) fn everything(log: &PollLog, coordinator: &CoordinatorKey) -> Vec<(CircuitId, Inputs)> {
    let mut seed = RunSeed::derive(coordinator.private(), log.chain_id, log.poll_address);
    let processed = process_batches(log, coordinator, &mut seed).unwrap();
    let tallied = tally_batches(log, processed.last, &mut seed);
    let process = processed
        .batches
        .into_iter()
        .map(|i| (i.circuit, Inputs::Process(Box::new(i))));
    let tally = tallied
        .batches
        .into_iter()
        .map(|i| (i.circuit, Inputs::Tally(Box::new(i))));
    process.chain(tally).collect()
}
