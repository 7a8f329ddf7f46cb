//! Contents of relayed batches: from folders and gateways, believed only if their digest is the chain's (N-01).

use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alloy::transports::http::reqwest::{self, Url};
use maci_protocol::recorded::relay::{cid, digest_of};
use tokio::runtime::{Builder, Runtime};

use crate::client::Backoff;
use crate::error::Error;
use crate::tls::{self, Roots};

/// An IPFS block of a batch is at most a few MiB; more is no batch.
const LARGEST: usize = 64 << 20;

/// Where relayed batches are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RelaySource {
    /// A folder of files named after the chain's bytes32 or the CID, with or without `.json`.
    Folder(PathBuf),
    /// An HTTP gateway; the CID is appended to its address, or takes the place of `{cid}` in it.
    Gateway(String),
}

/// All places, asked in order.
pub struct Relays {
    folders: Vec<PathBuf>,
    gateways: Vec<Url>,
    http: Option<(Runtime, reqwest::Client)>,
    backoff: Backoff,
}

/// Shows no address: it may hold an access key.
impl fmt::Debug for Relays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relays")
            .field("folders", &self.folders)
            .field("gateways", &self.gateways.len())
            .finish_non_exhaustive()
    }
}

impl Relays {
    /// No place to look.
    pub fn none() -> Self {
        Self {
            folders: Vec::new(),
            gateways: Vec::new(),
            http: None,
            backoff: Backoff::ONCE,
        }
    }

    /// Folders are asked first, whatever the order.
    pub fn new(
        sources: Vec<RelaySource>,
        timeout: Duration,
        backoff: Backoff,
        roots: &Roots,
    ) -> Result<Self, Error> {
        let mut relays = Self {
            backoff,
            ..Self::none()
        };
        for source in sources {
            match source {
                RelaySource::Folder(folder) => relays.folders.push(folder),
                RelaySource::Gateway(url) => relays.gateways.push(gateway(&url)?),
            }
        }
        if !relays.gateways.is_empty() {
            let start = |error: &dyn fmt::Display| Error::Start(error.to_string());
            let runtime = Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .map_err(|error| start(&error))?;
            let encrypted = relays.gateways.iter().any(|url| url.scheme() == "https");
            let http = tls::http(encrypted, roots)?
                .timeout(timeout)
                .redirect(reqwest::redirect::Policy::limited(3))
                .build()
                .map_err(|error| start(&error))?;
            relays.http = Some((runtime, http));
        }
        Ok(relays)
    }

    /// The contents of a batch, or what was tried.
    pub(crate) fn fetch(&self, digest: &[u8; 32]) -> Result<Vec<u8>, Vec<String>> {
        let mut tried = Vec::new();
        for folder in &self.folders {
            match look_in(folder, digest) {
                Ok(content) => return Ok(content),
                Err(why) => tried.push(why),
            }
        }
        for gateway in &self.gateways {
            match self.ask_gateway(gateway, digest) {
                Ok(content) => return Ok(content),
                Err(why) => tried.push(why),
            }
        }
        Err(tried)
    }

    fn ask_gateway(&self, gateway: &Url, digest: &[u8; 32]) -> Result<Vec<u8>, String> {
        let name = gateway.host_str().unwrap_or("gateway").to_owned();
        let Some((runtime, http)) = &self.http else {
            return Err(name);
        };
        let cid = cid(digest);
        // `{` and `}` are escaped in a parsed address.
        let text = gateway.as_str();
        let address = if text.contains("%7Bcid%7D") {
            text.replace("%7Bcid%7D", &cid)
        } else {
            format!("{}/{cid}", text.trim_end_matches('/'))
        };
        let mut failures = 0;
        loop {
            let why = match runtime.block_on(get(http, &address)) {
                Ok(content) if digest_of(&content) == *digest => return Ok(content),
                Ok(content) => format!(
                    "{} bytes with SHA-256 {}",
                    content.len(),
                    alloy::primitives::hex::encode(digest_of(&content))
                ),
                Err(why) => why,
            };
            failures += 1;
            if failures >= self.backoff.attempts {
                return Err(format!("{name} gave {why}, {failures} times"));
            }
            std::thread::sleep(self.backoff.pause(failures, None));
        }
    }
}

fn gateway(text: &str) -> Result<Url, Error> {
    let wrong = |reason: &str| Error::Url {
        // The rest may hold an access key.
        url: "the gateway".to_owned(),
        reason: reason.to_owned(),
    };
    let url: Url = text.parse().map_err(|_| wrong("it is no address"))?;
    match url.scheme() {
        "http" | "https" if url.host().is_some() => Ok(url),
        _ => Err(wrong("expected http:// or https://")),
    }
}

async fn get(http: &reqwest::Client, address: &str) -> Result<Vec<u8>, String> {
    // The library's errors quote the address, which may hold an access key.
    let plain = |error: reqwest::Error| error.without_url().to_string();
    let mut answer = http.get(address).send().await.map_err(plain)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(format!("HTTP status {}", status.as_u16()));
    }
    let mut content = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(plain)? {
        if content.len() + piece.len() > LARGEST {
            return Err(format!("more than {LARGEST} bytes"));
        }
        content.extend_from_slice(&piece);
    }
    Ok(content)
}

fn look_in(folder: &Path, digest: &[u8; 32]) -> Result<Vec<u8>, String> {
    let digits = alloy::primitives::hex::encode(digest);
    let names = [format!("0x{digits}"), digits, cid(digest)];
    let mut why = format!("{} has no file of that name", folder.display());
    for name in names
        .iter()
        .flat_map(|name| [format!("{name}.json"), name.clone()])
    {
        match fs::read(folder.join(&name)) {
            Ok(content) if digest_of(&content) == *digest => return Ok(content),
            Ok(_) => why = format!("{} has {name} with other bytes", folder.display()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => why = format!("{}: {error}", folder.join(&name).display()),
        }
    }
    Err(why)
}
