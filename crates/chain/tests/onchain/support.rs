//! A test chain for one test, and the shipped keys.

use std::path::{Path, PathBuf};
use std::time::Duration;

use maci_chain::deploy::{
    Amount, CreditsConfig, PolicyConfig, PollConfig, Record, Steps, Store, maci,
};
use maci_chain::primitives::{Address, U256};
use maci_chain::testing::{Anvil, anvil};
use maci_chain::{Client, ClientOptions, Wallet};
use maci_crypto::keypair::PrivateKey;
use maci_keys::{AllowInsecureDevKeys, Manifest};
use maci_verifier::{Mode, VerifyingKey};

pub(crate) struct Chain {
    pub(crate) anvil: Anvil,
    dir: tempfile::TempDir,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Chain {
    pub(crate) fn start() -> Self {
        let binary = anvil::binary(&root().join("tools/chain"));
        Self {
            anvil: Anvil::spawn(&binary, &[])
                .expect("anvil is installed by cargo xtask e2e onchain"),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A client whose wallet is anvil's funded account `index`.
    pub(crate) fn client(&self, index: usize) -> Client {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.path(&format!("key-{index}"));
        std::fs::write(&file, anvil::KEYS[index]).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let options = ClientOptions {
            poll_interval: Duration::from_millis(20),
            ..ClientOptions::default()
        };
        Client::connect(self.anvil.url(), options)
            .unwrap()
            .with_wallet(Wallet::from_key_file(&file).unwrap())
    }

    pub(crate) fn fresh(&self, client: &Client, policy: PolicyConfig) -> Store {
        let deployer = client.wallet("test").unwrap().address();
        let record = Record::new(client.chain_id(), deployer, 10, policy);
        Store::open(&self.path("deployment.json"), &record).unwrap()
    }

    /// Deploys an instance with the shipped keys.
    pub(crate) fn deploy(&self, client: &Client, policy: PolicyConfig) -> Record {
        let mut quiet = |_: &str| {};
        let mut steps = Steps::new(client, self.fresh(client, policy), &mut quiet).unwrap();
        maci::deploy(&mut steps, &shipped_keys()).unwrap();
        steps.record().clone()
    }
}

pub(crate) fn shipped_keys() -> Vec<VerifyingKey> {
    let directory = root().join("keys");
    let manifest = Manifest::load(&directory).unwrap();
    let allow = Some(AllowInsecureDevKeys::because_the_user_said_so());
    let entries = manifest.entries().iter();
    entries
        .map(|entry| {
            let key = manifest.verifying_key(&directory, entry.circuit).unwrap();
            key.accept(allow).unwrap()
        })
        .collect()
}

pub(crate) fn key(number: u8) -> PrivateKey {
    PrivateKey::from_be_bytes(&[number])
}

pub(crate) fn poll_config(mode: Mode, policy: PolicyConfig) -> PollConfig {
    PollConfig {
        mode,
        message_batch_size: 20,
        tally_processing_state_tree_depth: 1,
        vote_option_tree_depth: 2,
        vote_options: 25,
        start: None,
        duration: 3600,
        policy,
        credits: CreditsConfig::Constant {
            amount: Amount(U256::from(100)),
        },
        relayers: Vec::new(),
    }
}

/// Asks anvil to do something.
pub(crate) fn ask(client: &Client, method: &'static str, params: serde_json::Value) {
    let _: serde_json::Value = client.request_once(method, params).unwrap();
}

/// The address of anvil's funded account `index`.
pub(crate) fn account(chain: &Chain, index: usize) -> Address {
    chain.client(index).wallet("test").unwrap().address()
}
