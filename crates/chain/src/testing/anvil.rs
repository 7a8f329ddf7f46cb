//! A test chain: the npm package's anvil, on a port of its own, ended by its process id.

use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Where `npm ci` in `tools/chain` puts the binary, below that folder.
const PACKAGED: &str = "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";

/// The packaged binary below `tools` (the folder `tools/chain`); the one of the PATH on systems that have no package.
pub fn binary(tools: &Path) -> PathBuf {
    let packaged = tools.join(PACKAGED);
    if packaged.is_file() {
        packaged
    } else {
        PathBuf::from("anvil")
    }
}

/// The keys of anvil's funded accounts: public, made from the phrase "test test … junk".
pub const KEYS: [&str; 3] = [
    "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
];

/// A running anvil.
#[derive(Debug)]
pub struct Anvil {
    child: Child,
    url: String,
}

impl Anvil {
    /// Starts the binary on a free port of the loopback interface and waits until it listens.
    pub fn spawn(binary: &Path, arguments: &[&str]) -> io::Result<Self> {
        let mut child = Command::new(binary)
            .args(["--host", "127.0.0.1", "--port", "0"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let stdout = child.stdout.take();
        let (tell, told) = mpsc::channel();
        if let Some(stdout) = stdout {
            // Reads to the end, so that a full pipe never stops the chain.
            std::thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if let Some(address) = line.strip_prefix("Listening on ") {
                        let _ = tell.send(format!("http://{}", address.trim()));
                    }
                }
            });
        }
        let mut anvil = Self {
            child,
            url: String::new(),
        };
        match told.recv_timeout(Duration::from_mins(1)) {
            Ok(url) => {
                anvil.url = url;
                Ok(anvil)
            }
            Err(_) => Err(io::Error::other("anvil did not say where it listens")),
        }
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // By process id, and waited for, so that nothing is left behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
