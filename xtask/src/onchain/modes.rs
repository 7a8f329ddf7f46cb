//! The other two modes on the same instance: two small polls, held side by side, each tallied by one `maci run`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::finish;
use super::gas::Gas;
use super::maci::Maci;
use super::scenario::Held;
use super::voters::Account;

/// How long voting is open, in seconds.
const DURATION: u64 = 3600;

/// What every voter may spend.
const CREDITS: u64 = 100;

/// Options and weights that one call publishes.
type Ballot = &'static [(usize, u64)];

/// A poll, and its outcome as counted by hand.
struct Small {
    number: u64,
    mode: &'static str,
    /// Voter and ballot, in the order of publishing.
    ballots: &'static [(usize, Ballot)],
    /// Votes of the options that got any.
    votes: &'static [(usize, u64)],
    spent: u64,
}

/// In both modes a vote costs its weight, out of 100 credits.
const POLLS: [Small; 2] = [
    Small {
        number: 1,
        mode: "non-qv",
        ballots: &[
            (1, &[(0, 60), (1, 40)]),
            (2, &[(2, 99)]),
            // Replaces the ballot before.
            (2, &[(3, 25), (4, 75)]),
            (3, &[(0, 10)]),
        ],
        votes: &[(0, 70), (1, 40), (3, 25), (4, 75)],
        spent: 210,
    },
    Small {
        number: 2,
        mode: "full",
        ballots: &[
            (1, &[(7, 100)]),
            (2, &[(8, 100)]),
            // Replaces the ballot before.
            (2, &[(9, 100)]),
            // Leaves credits, so it does not count.
            (3, &[(7, 99)]),
        ],
        votes: &[(7, 100), (9, 100)],
        spent: 200,
    },
];

/// Holds both polls and takes them to their results on the chain.
pub(crate) fn hold(maci: &Maci, root: &Path, held: &Held, gas: &mut Gas) -> Result<Value> {
    let mut tallies = Vec::new();
    for poll in &POLLS {
        tallies.push(create_and_vote(maci, root, &held.operator, poll)?);
    }
    maci.travel(DURATION)?;
    let mut done = Vec::new();
    for (poll, tally) in POLLS.iter().zip(&tallies) {
        done.push(tally_it(maci, root, held, poll, tally, gas)?);
    }
    Ok(json!(done))
}

/// Returns the address of the poll's tally.
fn create_and_vote(maci: &Maci, root: &Path, operator: &Account, poll: &Small) -> Result<String> {
    let number = poll.number.to_string();
    let description = format!("poll-{number}.toml");
    let text = format!(
        "[maci]\nstate_tree_depth = 10\npolicy = {{ kind = \"free\" }}\n\n\
         [poll]\nmode = \"{}\"\nmessage_batch_size = 20\ntally_processing_state_tree_depth = 1\n\
         vote_option_tree_depth = 2\nvote_options = 25\nduration = {DURATION}\n\
         policy = {{ kind = \"free\" }}\ncredits = {{ kind = \"constant\", amount = 100 }}\n",
        poll.mode
    );
    std::fs::write(maci.path(&description), text)?;
    let key = format!("coordinator-{number}.key");
    let keys = root.join("keys").display().to_string();
    let created = maci.ok(&[
        "poll",
        "create",
        &description,
        "--coordinator-key-file",
        &key,
        "--keys",
        &keys,
        "--eth-key-file",
        &operator.file,
    ])?;
    let mut joined = Vec::new();
    for &(voter, ballot) in poll.ballots {
        let account = Account::funded(maci, &format!("voter-{voter}"))?;
        let file = format!("voter-{voter}.json");
        let mut who = vec!["--poll", &number, "--deployment", "deployment.json"];
        who.extend(["--voter", &file, "--eth-key-file", &account.file]);
        if voter == 1 {
            who.extend(["--password-file", "password"]);
        }
        if !joined.contains(&voter) {
            maci.ok(&[&["voter", "join"], &who[..]].concat())?;
            joined.push(voter);
        }
        let mut line = vec!["voter".to_owned(), "vote".to_owned()];
        for (option, weight) in ballot {
            line.extend(["--vote".to_owned(), format!("{option}:{weight}")]);
        }
        let mut line: Vec<&str> = line.iter().map(String::as_str).collect();
        line.extend(&who);
        let spent: u64 = ballot.iter().map(|(_, weight)| weight).sum();
        if poll.mode == "full" && spent != CREDITS {
            // An honest client refuses a ballot that leaves credits: it is published against its advice.
            maci.refused(&line, 2, "bad_vote")?;
            line.push("--unchecked");
        }
        maci.ok(&line)?;
    }
    let tally = created["tally"].as_str().context("no tally")?;
    Ok(tally.to_owned())
}

fn tally_it(
    maci: &Maci,
    root: &Path,
    held: &Held,
    poll: &Small,
    tally: &str,
    gas: &mut Gas,
) -> Result<Value> {
    let number = poll.number.to_string();
    let (key, data) = (
        format!("coordinator-{number}.key"),
        format!("data-{number}"),
    );
    let instance = held.maci.to_string();
    let done = maci.ok(&[
        "run",
        "--maci",
        &instance,
        "--poll",
        &number,
        "--key-file",
        &key,
        "--datadir",
        &data,
        "--eth-key-file",
        &held.operator.file,
        "--confirmations",
        "0",
        "--finality",
        "0",
    ])?;
    let mut votes = [0u64; 25];
    for (option, weight) in poll.votes {
        votes[*option] = *weight;
    }
    let results = json!(votes.map(|count| count.to_string()));
    ensure!(
        done["results"]["results"] == results,
        "the {} poll ended with {}, {results} were counted by hand",
        poll.mode,
        done["results"]
    );
    ensure!(done["results"]["total_spent"] == json!(poll.spent.to_string()));
    finish::check_on_chain(maci, tally.parse()?, &votes, poll.spent)?;
    finish::macis_checks(maci, root, tally, &data)?;
    for transaction in done["transactions"].as_array().context("no transactions")? {
        let call = transaction["call"].as_str().context("no call")?;
        gas.note(&format!("{} {call}", poll.mode), &transaction["gas"])?;
    }
    Ok(json!({ "mode": poll.mode, "results": done["results"] }))
}
