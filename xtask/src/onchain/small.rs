//! A poll at the smallest depths, for what takes many runs, on a chain of its own.
//!
//! Signing up asks for an attestation, and credits are a token's past votes: the policy and the credit proxy that the large poll
//! does not use, with the service and the token that MACI tests them with.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use maci_chain::BlockNumberOrTag;
use maci_chain::client::Call;
use maci_chain::contracts::{Libraries, MockEAS, MockERC20Votes, artifact};
use maci_chain::primitives::{Address, B256, U256};
use maci_chain::sol_types::SolConstructor as _;
use maci_chain::testing::Anvil;
use serde_json::{Value, json};

use super::finish;
use super::maci::Maci;
use super::voters::Account;

/// How long voting is open, in seconds.
const DURATION: u64 = 3600;

/// Empty blocks after each voter: their votes lie in different windows of ingest, which are small near the head.
const EMPTY_BLOCKS: u64 = 20;

/// Proofs of the poll: three message batches, two ballot batches.
pub(crate) const PROOFS: usize = 5;

/// Everybody's past votes, how many of them make a credit, and the credits.
const PAST_VOTES: u64 = 250;
const FACTOR: u64 = 2;
const CREDITS: &str = "125";

/// Option and weight of what each voter votes.
const BALLOTS: [&[&str]; 3] = [&["0:3", "1:2"], &["2:5"], &["4:9"]];

/// Votes for each option, and credits spent, as counted by hand.
const VOTES: [u64; 5] = [3, 2, 5, 0, 9];
const SPENT: u64 = 9 + 4 + 25 + 81;

/// The poll after its end, and who tallies it.
#[derive(Debug)]
pub(crate) struct SmallPoll {
    pub(crate) operator: Account,
    instance: String,
    tally: Address,
    // Ends the chain when it is dropped.
    _chain: Anvil,
}

/// Holds the poll beside another one.
pub(crate) fn hold(whole: &Maci, anvil: &Path) -> Result<(Maci, SmallPoll)> {
    let chain = Anvil::spawn(anvil, &[]).context("anvil does not start")?;
    let maci = whole.beside("small", chain.url())?;
    let operator = Account::funded(&maci, "operator")?;
    let created = create(&maci, &operator)?;
    vote(&maci, &operator)?;
    let text = |name: &str| {
        let text = created[name].as_str();
        text.map(str::to_owned)
            .with_context(|| format!("no {name}"))
    };
    let poll = SmallPoll {
        instance: text("maci")?,
        tally: text("tally")?.parse()?,
        operator,
        _chain: chain,
    };
    Ok((maci, poll))
}

fn create(maci: &Maci, operator: &Account) -> Result<Value> {
    maci.ok(&[
        "keys",
        "setup",
        "message-processor-qv-2-2-1",
        "vote-tally-qv-2-1-1",
        "poll-joining-2",
        "poll-joined-2",
        "--write",
        "keys",
    ])?;
    let (attester, schema) = (Address::repeat_byte(0xa7), B256::repeat_byte(0x5c));
    let constructor = MockEAS::constructorCall {
        attester,
        schema,
        recipient: operator.address,
    };
    let eas = deploy(maci, operator, "MockEAS", &constructor.abi_encode())?;
    let constructor = MockERC20Votes::constructorCall {
        name: "Votes".to_owned(),
        symbol: "VTS".to_owned(),
    };
    let token = deploy(maci, operator, "MockERC20Votes", &constructor.abi_encode())?;
    let votes = MockERC20Votes::changeVotesCall {
        votes: U256::from(PAST_VOTES),
    };
    let sent = operator
        .client(maci)?
        .send(&Call::function(token, &votes))?;
    let description = format!(
        "[maci]\nstate_tree_depth = 2\n\
         policy = {{ kind = \"eas\", eas = \"{eas}\", attester = \"{attester}\", schema = \"{schema}\" }}\n\n\
         [poll]\nmode = \"qv\"\nmessage_batch_size = 2\ntally_processing_state_tree_depth = 1\n\
         vote_option_tree_depth = 1\nvote_options = 5\nduration = {DURATION}\n\
         policy = {{ kind = \"free\" }}\n\
         credits = {{ kind = \"erc20-votes\", token = \"{token}\", snapshot_block = {}, factor = {FACTOR} }}\n",
        sent.block_number.unwrap_or_default()
    );
    std::fs::write(maci.path("poll.toml"), description)?;
    let pays = ["--eth-key-file", &operator.file];
    maci.ok(&[&["deploy", "poll.toml", "--keys", "keys"], &pays[..]].concat())?;
    let create = [
        "poll",
        "create",
        "poll.toml",
        "--keys",
        "keys",
        "--coordinator-key-file",
    ];
    maci.ok(&[&create[..], &["coordinator.key"], &pays].concat())
}

fn deploy(
    maci: &Maci,
    operator: &Account,
    name: &'static str,
    constructor: &[u8],
) -> Result<Address> {
    let code = artifact(name)?.creation_code(&Libraries::new(), constructor)?;
    let receipt = operator.client(maci)?.send(&Call::deployment(name, code))?;
    receipt.contract_address.context("no contract")
}

/// Three voters sign up, join and vote; then the poll ends.
fn vote(maci: &Maci, operator: &Account) -> Result<()> {
    let pays = ["--eth-key-file", &operator.file];
    let files = ["voter-1.json", "voter-2.json", "voter-3.json"];
    for (number, file) in (7u8..).zip(files) {
        let attested = B256::with_last_byte(number).to_string();
        maci.ok(&["voter", "keygen", "--voter", file])?;
        let who = ["--voter", file, "--deployment", "deployment.json"];
        let line = [&["voter", "signup"], &who[..], &pays].concat();
        if number == 7 {
            refused_without_attestation(maci, &line)?;
        }
        let line = [&line[..], &["--attestation", &attested]].concat();
        maci.ok(&line)?;
        if number == 7 {
            maci.ok(&["voter", "keygen", "--voter", "again.json"])?;
            let words = line.iter().copied();
            let again = words.map(|word| if word == file { "again.json" } else { word });
            let again: Vec<&str> = again.collect();
            maci.refused(&again, 4, "AlreadyEnforced")?;
        }
    }
    for (file, ballot) in files.into_iter().zip(BALLOTS) {
        let who = ["--voter", file, "--deployment", "deployment.json"];
        let who = [&who[..], &pays, &["--poll", "0"]].concat();
        let joined = maci.ok(&[&["voter", "join"], &who[..]].concat())?;
        ensure!(
            joined["voice_credits"] == json!(CREDITS),
            "{PAST_VOTES} past votes over {FACTOR} gave {}",
            joined["voice_credits"]
        );
        let votes = ballot.iter().flat_map(|vote| ["--vote", vote]);
        let line = ["voter", "vote"].into_iter().chain(votes).chain(who);
        maci.ok(&line.collect::<Vec<_>>())?;
        let _: Value = maci.client().request_once("anvil_mine", (EMPTY_BLOCKS,))?;
    }
    maci.travel(DURATION)
}

/// Without an attestation; with one that is revoked, of another schema, of somebody else, of another attester.
fn refused_without_attestation(maci: &Maci, line: &[&str]) -> Result<()> {
    maci.refused(line, 2, "bad_parameter")?;
    for (id, reason) in [
        (1, "AttestationRevoked"),
        (2, "InvalidSchema"),
        (3, "NotYourAttestation"),
        (4, "AttesterNotTrusted"),
    ] {
        let id = B256::with_last_byte(id).to_string();
        maci.refused(&[line, &["--attestation", &id]].concat(), 4, reason)?;
    }
    Ok(())
}

impl SmallPoll {
    /// `maci run` in a data directory, as the operator.
    pub(crate) fn run(&self, data: &str) -> Vec<String> {
        let run = ["run", "--maci", &self.instance, "--poll", "0"];
        let more = ["--finality", "0", "--confirmations", "0", "--threads", "1"];
        self.line(&[&run[..], &more].concat(), data)
    }

    /// `maci ingest` that saves what a data directory has read.
    pub(crate) fn reading<'a>(&'a self, data: &'a str, save: &'a str) -> Vec<&'a str> {
        let read = ["ingest", "--maci", &self.instance, "--poll", "0"];
        let more = ["--finality", "0", "--datadir", data, "--save", save];
        [&read[..], &more].concat()
    }

    /// A command of the operator in a data directory.
    pub(crate) fn line(&self, words: &[&str], data: &str) -> Vec<String> {
        let key = ["--key-file", "coordinator.key", "--datadir", data];
        let pays = ["--eth-key-file", &self.operator.file];
        let line = [words, &key, &pays].concat();
        line.into_iter().map(str::to_owned).collect()
    }

    /// Transactions of the operator that are included.
    pub(crate) fn nonce(&self, maci: &Maci) -> Result<u64> {
        let account = self.operator.address;
        Ok(maci.client().nonce(account, BlockNumberOrTag::Latest)?)
    }

    /// The chain's results against the count by hand.
    pub(crate) fn check_results(&self, maci: &Maci) -> Result<()> {
        finish::check_on_chain(maci, self.tally, &VOTES, SPENT)
    }
}

/// Puts the chain on record.
pub(crate) fn record(maci: &Maci) -> Result<Value> {
    Ok(maci.client().request_once("evm_snapshot", ())?)
}

/// Sets the chain back to a record, which is used up.
pub(crate) fn set_back(maci: &Maci, record: &Value) -> Result<()> {
    let reverted: bool = maci.client().request_once("evm_revert", (record,))?;
    ensure!(reverted, "the chain was not set back");
    Ok(())
}
