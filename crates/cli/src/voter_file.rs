//! A voter's file: the MACI key, and where it has signed up and joined. Nothing of what was voted for is kept.
//!
//! Only its owner may read it. With a password the key is sealed inside (K-15); without one the file says so by holding it
//! in the open.

use std::path::{Path, PathBuf};

use clap::Args;
use maci_chain::primitives::{Address, keccak256};
use maci_chain::{keystore, wallet};
use maci_protocol::keys::PrivateKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chain;
use crate::failure::Failure;
use crate::files;

const FORMAT: u32 = 1;

/// Which voter.
#[derive(Args, Debug)]
pub(crate) struct VoterArgs {
    /// The voter's file, as `maci voter keygen` wrote it
    #[arg(long, value_name = "FILE", env = "MACI_VOTER", hide_env_values = true)]
    pub(crate) voter: PathBuf,

    /// File with the password of the voter's file, where it has one
    #[arg(long, value_name = "FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

impl VoterArgs {
    /// Reads the file.
    pub(crate) fn open(&self) -> Result<Voter, Failure> {
        Voter::open(&self.voter, self.password_file.as_deref())
    }
}

/// An instance that the voter has signed up to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignedUp {
    pub(crate) chain_id: u64,
    pub(crate) maci: Address,
    /// Leaf in MACI's state tree.
    pub(crate) state_index: u64,
}

/// A poll that the voter has joined.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JoinedPoll {
    pub(crate) chain_id: u64,
    pub(crate) maci: Address,
    pub(crate) poll_id: u64,
    pub(crate) poll: Address,
    /// The voter's place in the poll.
    pub(crate) state_index: u64,
    /// Credits, as a decimal number.
    pub(crate) voice_credits: String,
    /// The greatest nonce of any message that this file's key has, or may have, published. Written before anything is sent.
    #[serde(default)]
    pub(crate) greatest_nonce: u64,
    /// Whether messages may be published that this file knows nothing of: it found itself joined.
    #[serde(default)]
    pub(crate) nonces_unknown: bool,
    /// Whether a key change of this file's key was sent: the key's later messages are processed before it.
    #[serde(default)]
    pub(crate) key_changed: bool,
    /// Whether this file's key came by a key change: what it publishes after the change is processed before it, and is void.
    #[serde(default)]
    pub(crate) came_by_change: bool,
    /// The coordinator's key as it was at the joining, `macipk.…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) coordinator_public_key: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    public_key: String,
    /// A keystore, or `macisk.…`.
    key: Value,
    /// Of a sealed key: a damaged file is told from a wrong password by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_digest: Option<String>,
    #[serde(default)]
    signed_up: Vec<SignedUp>,
    #[serde(default)]
    polls: Vec<JoinedPoll>,
}

/// A voter.
pub(crate) struct Voter {
    path: PathBuf,
    content: Content,
    key: PrivateKey,
}

impl std::fmt::Debug for Voter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voter")
            .field("path", &self.path)
            .field("public_key", &self.content.public_key)
            .finish_non_exhaustive()
    }
}

impl Voter {
    /// Writes a new voter's file; one that is there is never overwritten.
    pub(crate) fn create(
        path: &Path,
        key: PrivateKey,
        password_file: Option<&Path>,
    ) -> Result<Self, Failure> {
        let serialised = key.serialise();
        let (stored, key_digest) = match password_file {
            None => (Value::from(serialised.as_str()), None),
            Some(file) => {
                let password = read_password(file)?;
                let sealed = keystore::seal(
                    serialised.as_bytes(),
                    password.trim_end_matches(['\r', '\n']),
                )
                .map_err(|error| Failure::outside("keystore", error))?;
                let digest = digest(&sealed);
                (sealed, Some(digest))
            }
        };
        let voter = Self {
            path: path.to_owned(),
            content: Content {
                format: FORMAT,
                public_key: key.public_key().serialise(),
                key: stored,
                key_digest,
                signed_up: Vec::new(),
                polls: Vec::new(),
            },
            key,
        };
        files::create_secret(path, "voter file", &voter.text()?)?;
        Ok(voter)
    }

    /// Reads a voter's file.
    pub(crate) fn open(path: &Path, password_file: Option<&Path>) -> Result<Self, Failure> {
        let text = wallet::read_secret(path).map_err(|error| chain::failure(&error))?;
        let bad = |what: &str| {
            Failure::usage(
                "bad_voter_file",
                format!("voter file {}: {what}", path.display()),
            )
            .hint("maci voter keygen makes one")
        };
        // serde's errors may quote what they found, and the wrong file may hold another secret.
        let content: Content =
            serde_json::from_str(&text).map_err(|_| bad("it is no voter file"))?;
        if content.format != FORMAT {
            return Err(bad("it has another format"));
        }
        let serialised = if let Some(open) = content.key.as_str() {
            zeroize::Zeroizing::new(open.to_owned())
        } else {
            if content.key_digest.as_deref() != Some(digest(&content.key).as_str()) {
                return Err(bad(
                    "its sealed key is damaged; restore the file from a copy",
                ));
            }
            let file = password_file.ok_or_else(|| {
                Failure::usage(
                    "no_password",
                    format!("voter file {} is sealed", path.display()),
                )
                .hint("name the file of its password with --password-file")
            })?;
            let password = read_password(file)?;
            let opened = keystore::open(&content.key, password.trim_end_matches(['\r', '\n']));
            let opened = opened.map_err(|error| match error {
                keystore::KeystoreError::Password => Failure::usage(
                    "wrong_password",
                    format!("the password of {} is wrong", path.display()),
                ),
                other => bad(&other.to_string()),
            })?;
            let text = std::str::from_utf8(&opened).map_err(|_| bad("it seals no MACI key"))?;
            zeroize::Zeroizing::new(text.to_owned())
        };
        let key = PrivateKey::deserialise(&serialised).map_err(|_| bad("it holds no MACI key"))?;
        if key.public_key().serialise() != content.public_key {
            return Err(bad("its key is not that of its public key"));
        }
        Ok(Self {
            path: path.to_owned(),
            content,
            key,
        })
    }

    /// The private key.
    pub(crate) fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// `macipk.…`
    pub(crate) fn public_key(&self) -> &str {
        &self.content.public_key
    }

    /// Whether the key is sealed.
    pub(crate) fn is_sealed(&self) -> bool {
        self.content.key.is_object()
    }

    /// Where it has signed up.
    pub(crate) fn sign_ups(&self) -> &[SignedUp] {
        &self.content.signed_up
    }

    /// What it has joined.
    pub(crate) fn polls(&self) -> &[JoinedPoll] {
        &self.content.polls
    }

    /// The entry of a poll.
    pub(crate) fn poll(&self, chain_id: u64, maci: Address, poll_id: u64) -> Option<&JoinedPoll> {
        let is = |poll: &&JoinedPoll| {
            (poll.chain_id, poll.maci, poll.poll_id) == (chain_id, maci, poll_id)
        };
        self.content.polls.iter().find(is)
    }

    /// Notes a sign-up.
    pub(crate) fn note_sign_up(&mut self, entry: SignedUp) -> Result<(), Failure> {
        let other = |known: &SignedUp| (known.chain_id, known.maci) != (entry.chain_id, entry.maci);
        self.content.signed_up.retain(other);
        self.content.signed_up.push(entry);
        self.save()
    }

    /// Notes a poll.
    pub(crate) fn note_poll(&mut self, entry: JoinedPoll) -> Result<(), Failure> {
        let other = |known: &JoinedPoll| {
            (known.chain_id, known.maci, known.poll_id)
                != (entry.chain_id, entry.maci, entry.poll_id)
        };
        self.content.polls.retain(other);
        self.content.polls.push(entry);
        self.save()
    }

    fn text(&self) -> Result<zeroize::Zeroizing<String>, Failure> {
        serde_json::to_string_pretty(&self.content)
            .map(|text| zeroize::Zeroizing::new(text + "\n"))
            .map_err(|error| Failure::outside("voter_file", error))
    }

    /// The replacement is made with the rights of its owner alone, as temporary files are.
    fn save(&self) -> Result<(), Failure> {
        files::write_whole(&self.path, "voter file", self.text()?.as_bytes())
    }
}

fn digest(sealed: &Value) -> String {
    keccak256(sealed.to_string()).to_string()
}

fn read_password(path: &Path) -> Result<zeroize::Zeroizing<String>, Failure> {
    wallet::read_secret(path).map_err(|error| chain::failure(&error))
}
