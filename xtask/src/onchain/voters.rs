//! Voters of the test poll: an Ethereum account each, and what they publish past our commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use maci_chain::client::Call;
use maci_chain::contracts::{Message, Poll, PublicKey};
use maci_chain::primitives::{Address, U256, keccak256};
use maci_chain::{Client, ClientOptions, Wallet};
use serde_json::{Value, json};

use super::maci::Maci;

/// An account with test ether, and the file of its key.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) file: String,
    pub(crate) address: Address,
}

impl Account {
    /// Makes an account from a name and funds it.
    pub(crate) fn funded(maci: &Maci, name: &str) -> Result<Self> {
        let file = maci.path(&format!("{name}.eth"));
        write_secret(&file, &keccak256(name).to_string())?;
        let address = Wallet::from_key_file(Path::new(&file))?.address();
        let wei = U256::from(10u64).pow(U256::from(20));
        let _: Value = maci
            .client()
            .request_once("anvil_setBalance", (address, wei))?;
        Ok(Self { file, address })
    }

    /// A client that pays with this account.
    pub(crate) fn client(&self, maci: &Maci) -> Result<Client> {
        let options = ClientOptions {
            poll_interval: std::time::Duration::from_millis(50),
            ..ClientOptions::default()
        };
        let wallet = Wallet::from_key_file(Path::new(&self.file))?;
        Ok(Client::connect(maci.url(), options)?.with_wallet(wallet))
    }
}

/// Writes a file that only its owner may read.
pub(crate) fn write_secret(file: &str, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?;
    Ok(file.write_all(text.as_bytes())?)
}

/// A vote of MACI's own packages.
pub(crate) struct ForeignVote {
    pub(crate) option: u64,
    pub(crate) weight: u64,
    pub(crate) nonce: u64,
    /// A cipher tag that does not fit: nobody checks it (D3).
    pub(crate) bad_tag: bool,
    /// A new key off the curve: a valid command may set it (D7).
    pub(crate) bad_key: bool,
}

/// Runs `tools/chain/voter.mjs`.
fn script(root: &Path, command: &str, input: &Value) -> Result<Value> {
    use std::io::Write as _;
    let dir: PathBuf = root.join("tools/chain");
    let mut child = Command::new("node")
        .args(["voter.mjs", command])
        .current_dir(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("node does not start")?;
    let mut stdin = child.stdin.take().context("no pipe to node")?;
    // keygen reads nothing and may be gone already.
    let _ = stdin.write_all(input.to_string().as_bytes());
    drop(stdin);
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "voter.mjs {command} failed");
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A private key drawn by MACI's packages.
pub(crate) fn foreign_key(root: &Path) -> Result<String> {
    let made = script(root, "keygen", &Value::Null)?;
    let key = made["privateKey"]
        .as_str()
        .context("voter.mjs drew no key")?;
    Ok(key.to_owned())
}

/// Votes made by MACI's packages, published in one batch.
pub(crate) fn publish_foreign(
    root: &Path,
    client: &Client,
    poll: Address,
    key: &str,
    (state_index, poll_id): (u64, u64),
    votes: &[ForeignVote],
) -> Result<u64> {
    let coordinator = client.call(poll, &Poll::coordinatorPublicKeyCall {})?;
    let votes: Vec<Value> = votes
        .iter()
        .map(|vote| {
            json!({
                "option": vote.option,
                "weight": vote.weight,
                "nonce": vote.nonce,
                "badTag": vote.bad_tag,
                "badKey": vote.bad_key,
            })
        })
        .collect();
    let input = json!({
        "privateKey": key,
        "coordinator": [coordinator.x.to_string(), coordinator.y.to_string()],
        "stateIndex": state_index,
        "pollId": poll_id,
        "votes": votes,
    });
    let made = script(root, "messages", &input)?;
    let made = made.as_array().context("voter.mjs made no messages")?;
    let number =
        |value: &Value| -> Result<U256> { Ok(value.as_str().context("no number")?.parse()?) };
    let mut call = Poll::publishMessageBatchCall {
        messages: Vec::new(),
        encryptionPublicKeys: Vec::new(),
    };
    for message in made {
        let mut data = [U256::ZERO; 10];
        for (index, word) in data.iter_mut().enumerate() {
            *word = number(&message["data"][index])?;
        }
        call.messages.push(Message { data });
        call.encryptionPublicKeys.push(PublicKey {
            x: number(&message["key"][0])?,
            y: number(&message["key"][1])?,
        });
    }
    Ok(client.send(&Call::function(poll, &call))?.gas_used)
}

/// Messages that MACI takes and that decrypt to nothing: garbage, an encryption key of low order, numbers past the field.
pub(crate) fn publish_hostile(client: &Client, poll: Address) -> Result<usize> {
    let field = U256::from_str_radix(
        "21888242871839275222246405745257275088548364400416034343698204186575808495617",
        10,
    )?;
    // (0, -1) has order 2.
    let low_order = PublicKey {
        x: U256::ZERO,
        y: field - U256::from(1),
    };
    let generator = PublicKey {
        x: "5299619240641551281634865583518297030282874472190772894086521144482721001553"
            .parse()?,
        y: "16950150798460657717958625567821834550301663161624707787222815936182638968203"
            .parse()?,
    };
    let filled = |word: U256| Message { data: [word; 10] };
    let messages = [
        (filled(U256::from(7)), generator.clone()),
        (filled(U256::from(8)), low_order),
        (filled(U256::MAX), generator),
    ];
    for (message, key) in &messages {
        let call = Poll::publishMessageCall {
            message: message.clone(),
            encryptionPublicKey: key.clone(),
        };
        client.send(&Call::function(poll, &call))?;
    }
    Ok(messages.len())
}
