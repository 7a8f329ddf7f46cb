//! The quadratic poll: ten voters, overrides, a key change, messages that cannot count, and its result, counted by hand.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use maci_chain::client::Call;
use maci_chain::contracts::{Libraries, MockERC20, artifact};
use maci_chain::primitives::{Address, U256};
use maci_chain::sol_types::SolConstructor as _;
use serde_json::{Value, json};

use super::gas::Gas;
use super::maci::Maci;
use super::voters::{self, Account, ForeignVote};

/// Voters, each with 100 credits. The ninth is MACI's own packages'; the tenth joins and never votes.
const VOTERS: usize = 10;
const FOREIGN: usize = 9;

/// How long voting is open, in seconds.
const DURATION: u64 = 7200;

/// What counts in the end: (option, weight) of each voter from the first.
const FINAL: [&[(usize, u64)]; VOTERS] = [
    &[(0, 3), (1, 2), (2, 1), (3, 4), (4, 5)],
    // Its first vote was replaced.
    &[(5, 4), (6, 3), (7, 2)],
    // Five votes, of which no answer came, were replaced by one.
    &[(13, 10)],
    // Two votes under the old key are void, and so are four that came with a first change to the new key.
    &[(14, 6), (15, 6)],
    // What it published later overspends and does not count, so the earlier votes do.
    &[(16, 7), (17, 5), (18, 5)],
    // What it published later names an option that is not there.
    &[(19, 8), (20, 4)],
    &[(21, 2), (22, 2), (23, 2), (24, 2), (0, 2)],
    // Published just before the end.
    &[(1, 9)],
    &[(2, 6), (3, 7), (4, 1)],
    &[],
];

/// The sums that the chain must say in the end: votes for each option, and voice credits spent.
pub(crate) fn expected() -> ([u64; 25], u64) {
    let mut votes = [0; 25];
    let mut spent = 0;
    for (option, weight) in FINAL.iter().copied().flatten() {
        votes[*option] += weight;
        spent += weight * weight;
    }
    (votes, spent)
}

/// What the steps after voting need.
#[derive(Debug)]
pub(crate) struct Held {
    /// The operator's account.
    pub(crate) operator: Account,
    /// The instance.
    pub(crate) maci: Address,
    /// The poll's contract.
    pub(crate) poll: Address,
    /// Its message processor.
    pub(crate) message_processor: Address,
    /// Its tally.
    pub(crate) tally: Address,
    /// Messages, message 0 included.
    pub(crate) messages: u64,
    /// Leaves, the blank one included.
    pub(crate) leaves: u64,
}

struct Actors {
    operator: Account,
    accounts: Vec<Account>,
    foreign_key: String,
}

/// Deploys, creates the poll, and has everyone sign up, join and vote; then the poll is closed.
pub(crate) fn hold(maci: &Maci, root: &Path, gas: &mut Gas) -> Result<Held> {
    let actors = Actors {
        operator: Account::funded(maci, "operator")?,
        accounts: (1..=VOTERS)
            .map(|number| Account::funded(maci, &format!("voter-{number}")))
            .collect::<Result<_>>()?,
        foreign_key: voters::foreign_key(root)?,
    };
    let token = deploy_token(maci, &actors)?;
    let created = deploy(maci, root, &actors, token)?;
    let address = |name: &str| -> Result<Address> {
        Ok(created[name].as_str().context("no address")?.parse()?)
    };
    let poll = address("poll")?;
    sign_up_and_join(maci, &actors, gas)?;
    let published = vote(maci, root, &actors, poll, gas)?;
    let operator = actors.operator;
    let close = [
        "poll",
        "close",
        "--poll",
        "0",
        "--deployment",
        "deployment.json",
    ];
    let close = [&close[..], &["--eth-key-file", &operator.file]].concat();
    maci.refused(&close, 3, "voting_open")?;
    maci.travel(DURATION)?;
    let closed = maci.ok(&close)?;
    gas.note("mergeState", &closed["receipt"]["gas"])?;
    let again = maci.ok(&close)?;
    ensure!(again["receipt"].is_null(), "closing twice sends twice");
    deployment_gas(maci, gas)?;
    Ok(Held {
        operator,
        maci: address("maci")?,
        poll,
        message_processor: address("message_processor")?,
        tally: address("tally")?,
        messages: published + 1,
        leaves: VOTERS as u64 + 1,
    })
}

/// A token of which every voter holds some: the joining policy asks for it.
fn deploy_token(maci: &Maci, actors: &Actors) -> Result<Address> {
    let client = actors.operator.client(maci)?;
    let constructor = MockERC20::constructorCall {
        name: "Test".to_owned(),
        symbol: "TST".to_owned(),
    };
    let code =
        artifact("MockERC20")?.creation_code(&Libraries::new(), &constructor.abi_encode())?;
    let receipt = client.send(&Call::deployment("MockERC20", code))?;
    let token = receipt.contract_address.context("no token")?;
    for account in &actors.accounts {
        let give = MockERC20::transferCall {
            to: account.address,
            value: U256::from(10),
        };
        client.send(&Call::function(token, &give))?;
    }
    Ok(token)
}

fn deploy(maci: &Maci, root: &Path, actors: &Actors, token: Address) -> Result<Value> {
    let accounts: Vec<String> = actors
        .accounts
        .iter()
        .map(|account| format!("{:?}", account.address.to_string()))
        .collect();
    let description = format!(
        "[maci]\nstate_tree_depth = 10\npolicy = {{ kind = \"list\", addresses = [{}] }}\n\n\
         [poll]\nmode = \"qv\"\nmessage_batch_size = 20\ntally_processing_state_tree_depth = 1\n\
         vote_option_tree_depth = 2\nvote_options = 25\nduration = {DURATION}\n\
         policy = {{ kind = \"erc20\", token = \"{token}\", threshold = 1 }}\n\
         credits = {{ kind = \"constant\", amount = 100 }}\n",
        accounts.join(", ")
    );
    std::fs::write(maci.path("poll.toml"), description)?;
    let keys = root.join("keys").display().to_string();
    let common = ["--keys", &keys, "--eth-key-file", &actors.operator.file];
    let deploy = [&["deploy", "poll.toml"], &common[..]].concat();
    let planned = maci.ok(&[&deploy[..], &["--dry-run"]].concat())?;
    ensure!(planned["dry_run"] == json!(true));
    let deployed = maci.ok(&deploy)?;
    let steps = planned["steps"].as_array().map_or(0, Vec::len);
    ensure!(
        deployed["steps"] == json!(steps),
        "the dry run told other steps"
    );
    let again = maci.ok(&deploy)?;
    ensure!(
        again["steps_sent"] == json!(0),
        "deploying twice sends twice"
    );
    let create = [
        "poll",
        "create",
        "poll.toml",
        "--coordinator-key-file",
        "coordinator.key",
    ];
    let created = maci.ok(&[&create[..], &common[..]].concat())?;
    // The same coordinator key again (D12).
    maci.refused(&[&create[..], &common[..]].concat(), 4, "chain_conflict")?;
    Ok(created)
}

fn sign_up_and_join(maci: &Maci, actors: &Actors, gas: &mut Gas) -> Result<()> {
    voters::write_secret(&maci.path("password"), "correct horse\n")?;
    voters::write_secret(&maci.path("foreign.key"), &actors.foreign_key)?;
    for (number, account) in (1..).zip(&actors.accounts) {
        let file = format!("voter-{number}.json");
        let mut keygen = vec!["voter", "keygen", "--voter", &file];
        let mut who = vec!["--voter", &file, "--eth-key-file", &account.file];
        who.extend(["--deployment", "deployment.json"]);
        if number == FOREIGN {
            keygen.extend(["--from-key-file", "foreign.key"]);
        }
        if number == 1 {
            keygen.extend(["--password-file", "password"]);
            who.extend(["--password-file", "password"]);
        }
        maci.ok(&keygen)?;
        let signed_up = maci.ok(&[&["voter", "signup"], &who[..]].concat())?;
        ensure!(signed_up["state_index"] == json!(number));
        gas.note("signUp", &signed_up["receipt"]["gas"])?;
    }
    for (number, account) in (1..).zip(&actors.accounts) {
        let file = format!("voter-{number}.json");
        let mut join = vec!["voter", "join", "--poll", "0", "--voter", &file];
        join.extend([
            "--eth-key-file",
            &account.file,
            "--deployment",
            "deployment.json",
        ]);
        if number == 1 {
            join.extend(["--password-file", "password"]);
        }
        let joined = maci.ok(&join)?;
        ensure!(joined["state_index"] == json!(number));
        ensure!(joined["voice_credits"] == json!("100"));
        gas.note("joinPoll", &joined["receipt"]["gas"])?;
        if number == 2 {
            let again = maci.ok(&join)?;
            ensure!(again["receipt"].is_null(), "joining twice sends twice");
        }
    }
    Ok(())
}

/// Everyone votes. Returns the number of published messages.
fn vote(maci: &Maci, root: &Path, actors: &Actors, poll: Address, gas: &mut Gas) -> Result<u64> {
    let mut published = 0;
    let mut publish = |number: usize, rest: &[&str]| -> Result<()> {
        let file = format!("voter-{number}.json");
        let account = actors.accounts.get(number - 1).context("no such voter")?;
        let mut line = vec!["voter"];
        line.extend(rest);
        line.extend([
            "--poll",
            "0",
            "--deployment",
            "deployment.json",
            "--voter",
            &file,
        ]);
        line.extend(["--eth-key-file", &account.file]);
        if number == 1 {
            line.extend(["--password-file", "password"]);
        }
        let made = maci.ok(&line)?;
        let messages = made["messages"].as_u64().context("no messages")?;
        gas.note(&format!("publish {messages}"), &made["receipt"]["gas"])?;
        published += messages;
        Ok(())
    };
    let ballot = |votes: &[(usize, u64)]| -> Vec<String> {
        votes
            .iter()
            .flat_map(|(option, weight)| ["--vote".to_owned(), format!("{option}:{weight}")])
            .collect()
    };
    let mut cast = |number: usize, votes: &[(usize, u64)], more: &[&str]| -> Result<()> {
        let votes = ballot(votes);
        let mut rest = vec!["vote"];
        rest.extend(votes.iter().map(String::as_str));
        rest.extend(more);
        publish(number, &rest)
    };
    cast(1, FINAL[0], &[])?;
    cast(2, &[(0, 9)], &[])?;
    cast(2, FINAL[1], &[])?;
    let unanswered = unanswered(maci, actors, 3)?;
    cast(3, FINAL[2], &[])?;
    cast(4, &[(0, 5), (1, 5)], &[])?;
    cast(5, FINAL[4], &[])?;
    cast(5, &[(24, 99)], &["--unchecked"])?;
    cast(6, FINAL[5], &[])?;
    cast(6, &[(25, 1)], &["--unchecked"])?;
    cast(7, FINAL[6], &[])?;
    maci.ok(&["voter", "keygen", "--voter", "voter-4-new.json"])?;
    for votes in [&[(14, 1), (15, 1), (16, 1), (17, 1)][..], FINAL[3]] {
        let votes = ballot(votes);
        let mut change = vec!["change-key", "--new-voter", "voter-4-new.json"];
        change.extend(votes.iter().map(String::as_str));
        publish(4, &change)?;
    }

    let foreign = actors.accounts.get(FOREIGN - 1).context("no such voter")?;
    let client = foreign.client(maci)?;
    // Numbered from the end; the one that sets a key off the curve is processed last.
    let votes = [
        (4, 1, 3, false, true),
        (3, 7, 2, true, false),
        (2, 6, 1, false, false),
    ]
    .map(|(option, weight, nonce, bad_tag, bad_key)| ForeignVote {
        option,
        weight,
        nonce,
        bad_tag,
        bad_key,
    });
    let place = (FOREIGN as u64, 0);
    voters::publish_foreign(root, &client, poll, &actors.foreign_key, place, &votes)?;
    let hostile = voters::publish_hostile(&client, poll)?;

    // The chain's clock stands just before the end when the last vote comes.
    let end: u64 = client
        .call(poll, &maci_chain::contracts::Poll::endDateCall {})?
        .saturating_to();
    let now = client.now()?;
    maci.travel(end - now - 60)?;
    let account = actors.accounts.get(7).context("no such voter")?;
    let last = ballot(FINAL[7]);
    let mut line = vec![
        "voter",
        "vote",
        "--poll",
        "0",
        "--deployment",
        "deployment.json",
    ];
    line.extend(["--voter", "voter-8.json", "--eth-key-file", &account.file]);
    line.extend(last.iter().map(String::as_str));
    let made = maci.ok(&line)?;
    published += made["messages"].as_u64().context("no messages")?;
    Ok(published + unanswered + votes.len() as u64 + hostile as u64)
}

/// Five votes that are sent while nobody makes blocks: the command gives up, and they count all the same. Returns their number.
fn unanswered(maci: &Maci, actors: &Actors, number: usize) -> Result<u64> {
    const VOTES: [&str; 5] = ["8:1", "9:1", "10:1", "11:1", "12:1"];
    let account = actors.accounts.get(number - 1).context("no such voter")?;
    let file = format!("voter-{number}.json");
    let mut line = vec![
        "voter",
        "vote",
        "--poll",
        "0",
        "--deployment",
        "deployment.json",
    ];
    line.extend([
        "--voter",
        &file,
        "--eth-key-file",
        &account.file,
        "--patience",
        "1",
    ]);
    line.extend(VOTES.iter().flat_map(|vote| ["--vote", *vote]));
    let _: Value = maci.client().request_once("evm_setAutomine", (false,))?;
    maci.refused(&line, 3, "transaction_pending")?;
    let _: Value = maci.client().request_once("evm_setAutomine", (true,))?;
    let _: Value = maci.client().request_once("evm_mine", ())?;
    Ok(VOTES.len() as u64)
}

/// The gas of every step of the deployment, from its file.
fn deployment_gas(maci: &Maci, gas: &mut Gas) -> Result<()> {
    let text = std::fs::read_to_string(maci.path("deployment.json"))?;
    let file: Value = serde_json::from_str(&text)?;
    for (step, done) in file["steps"].as_object().context("no steps")? {
        gas.note(&format!("step: {step}"), &done["gas"])?;
    }
    Ok(())
}
