//! TLS for nodes and gateways on other machines: rustls with the ring provider, in whichever of our HTTP clients.
//!
//! The roots that count are those of the operating system (or of the files that `SSL_CERT_FILE` and `SSL_CERT_DIR` name), unless
//! the caller names a file of its own: then only that one counts, so that a node in a private network is trusted without trusting
//! everybody else. A client of a plain address gets no roots at all and can open no TLS connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy::transports::http::reqwest;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::error::Error;

/// Whose certificates are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Roots {
    /// Those that the operating system believes.
    #[default]
    System,
    /// Those that the roots in this PEM file signed, and no others.
    File(PathBuf),
}

impl Roots {
    /// The file, if one is named.
    pub fn named(file: Option<&Path>) -> Self {
        file.map_or(Self::System, |file| Self::File(file.to_owned()))
    }

    fn load(&self) -> Result<RootCertStore, Error> {
        match self {
            Self::System => system(),
            Self::File(path) => from_file(path),
        }
    }
}

/// A builder of HTTP clients that opens TLS connections if `encrypted` says that one is needed.
pub(crate) fn http(encrypted: bool, roots: &Roots) -> Result<reqwest::ClientBuilder, Error> {
    let roots = if encrypted {
        roots.load()?
    } else {
        RootCertStore::empty()
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Start(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(reqwest::Client::builder().tls_backend_preconfigured(config))
}

fn system() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    // Old or odd certificates among many are passed over, as every TLS program does.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(Error::Start(
            "this machine has no root certificates to check a TLS connection with; install its package of them \
             (ca-certificates) or name a file of roots (--rpc-ca)"
                .to_owned(),
        ));
    }
    Ok(roots)
}

fn from_file(path: &Path) -> Result<RootCertStore, Error> {
    let unusable = |reason: String| Error::Roots {
        path: path.to_owned(),
        reason,
    };
    let mut roots = RootCertStore::empty();
    let found = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
    for certificate in found {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable(
            "it holds no certificate, expected PEM blocks `BEGIN CERTIFICATE`".to_owned(),
        ));
    }
    Ok(roots)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;
    use crate::client::{Backoff, Client, ClientOptions};
    use crate::error::Kind;
    use crate::ingest::{RelaySource, Relays};

    /// A root that nobody knows.
    fn root(name: &str) -> CertifiedIssuer<'static, KeyPair> {
        let mut root = CertificateParams::new(Vec::new()).unwrap();
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.distinguished_name
            .push(rcgen::DnType::CommonName, name);
        CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap()
    }

    /// A node on the loopback interface that serves the chain 7 to whoever believes `root`. Returns its port.
    fn node(root: &CertifiedIssuer<'static, KeyPair>, names: &[&str]) -> u16 {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = CertificateParams::new(names)
            .unwrap()
            .signed_by(&key, root)
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                // A client that does not believe us goes away.
                let _ = answer(StreamOwned::new(connection, stream));
            }
        });
        port
    }

    fn answer(stream: StreamOwned<ServerConnection, std::net::TcpStream>) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let line = line.trim().to_ascii_lowercase();
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let id = serde_json::from_slice::<serde_json::Value>(&body)
            .map_or(serde_json::Value::Null, |request| request["id"].clone());
        let body = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":\"0x7\"}}");
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        let stream = stream.get_mut();
        stream.write_all((head + &body).as_bytes())?;
        stream.conn.send_close_notify();
        stream.flush()
    }

    fn options(roots: &Path) -> ClientOptions {
        ClientOptions {
            roots: Roots::File(roots.to_owned()),
            backoff: Backoff::ONCE,
            ..ClientOptions::default()
        }
    }

    #[test]
    fn a_node_is_believed_under_its_root_and_under_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (ours, other) = (root("ours"), root("other"));
        let files = [("ours.pem", &ours), ("other.pem", &other)].map(|(name, root)| {
            let path = dir.path().join(name);
            std::fs::write(&path, root.pem()).unwrap();
            path
        });
        let port = node(&ours, &["localhost", "127.0.0.1"]);
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("https://{host}:{port}/canary");
            assert_eq!(
                Client::connect(&url, options(&files[0]))
                    .unwrap()
                    .chain_id(),
                7
            );
            let refused = [
                options(&files[1]),
                ClientOptions {
                    backoff: Backoff::default(),
                    roots: Roots::System,
                    ..options(&files[1])
                },
            ];
            for options in refused {
                // The machine's own roots may be absent, which is said instead.
                let system = options.roots == Roots::System;
                let error = Client::connect(&url, options).unwrap_err();
                let text = error.to_string();
                assert!(text.contains("--rpc-ca"), "{text}");
                assert!(!text.contains("canary"), "{text}");
                assert!(
                    matches!(error, Error::Untrusted { .. })
                        || (system && error.kind() == Kind::Usage),
                    "{text}"
                );
            }
        }
        // The right root for another name.
        let port = node(&ours, &["node.example"]);
        let url = format!("https://127.0.0.1:{port}");
        let error = Client::connect(&url, options(&files[0])).unwrap_err();
        assert!(matches!(error, Error::Untrusted { .. }), "{error}");
        assert!(error.to_string().contains("node.example"), "{error}");
    }

    #[test]
    fn a_gateway_of_relayed_batches_may_be_encrypted_too() {
        let dir = tempfile::tempdir().unwrap();
        let ours = root("ours");
        let file = dir.path().join("ours.pem");
        std::fs::write(&file, ours.pem()).unwrap();
        let gateway = |roots| {
            let port = node(&ours, &["localhost"]);
            let source = RelaySource::Gateway(format!("https://localhost:{port}/ipfs"));
            Relays::new(
                vec![source],
                ClientOptions::default().timeout,
                Backoff::ONCE,
                &roots,
            )
        };
        // It answers, though with something else than the batch.
        let digest = [7; 32];
        let tried = gateway(Roots::File(file))
            .unwrap()
            .fetch(&digest)
            .unwrap_err();
        assert!(tried[0].contains("with SHA-256"), "{tried:?}");
        let other = dir.path().join("other.pem");
        std::fs::write(&other, root("other").pem()).unwrap();
        let tried = gateway(Roots::File(other))
            .unwrap()
            .fetch(&digest)
            .unwrap_err();
        assert!(!tried[0].contains("with SHA-256"), "{tried:?}");
    }

    #[test]
    fn a_file_without_roots_is_named() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("empty.pem", ""),
            ("text.pem", "-----BEGIN CERTIFICATE-----\n%\n"),
        ] {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            for path in [path, dir.path().join("absent.pem")] {
                let error = Client::connect("https://127.0.0.1:1", options(&path)).unwrap_err();
                assert!(matches!(error, Error::Roots { .. }), "{error}");
                assert!(error.to_string().contains(".pem"), "{error}");
                assert_eq!(error.kind(), Kind::Usage);
            }
        }
    }
}
