//! The address of a node, which often holds an access key: shown without it.

use std::fmt;

use alloy::transports::TransportError;
use alloy::transports::http::reqwest::Url;

use crate::error::Error;

/// Where a node answers.
pub(super) struct Endpoint {
    url: Url,
    /// Whatever in the address may be an access key, the longest first.
    secrets: Vec<String>,
}

/// The parts of an address that are never shown: credentials, the path and each of its parts, the query and each of its values, as
/// they are written and as they are meant. Short words as `v3` are no keys.
fn secrets(url: &Url) -> Vec<String> {
    const SHORTEST: usize = 4;
    let mut found = vec![url.as_str().to_owned()];
    let mut bare = url.clone();
    // HTTP libraries take the credentials out before they quote an address.
    if bare.set_username("").is_ok() && bare.set_password(None).is_ok() {
        found.push(bare.as_str().to_owned());
    }
    found.push(url.path().to_owned());
    found.extend(url.path().split('/').map(str::to_owned));
    found.extend(url.query().map(str::to_owned));
    for (name, value) in url.query_pairs() {
        found.extend([name.into_owned(), value.into_owned()]);
    }
    found.extend(
        url.query()
            .into_iter()
            .flat_map(|query| query.split(['&', '=']))
            .map(str::to_owned),
    );
    found.push(url.username().to_owned());
    found.extend(url.password().map(str::to_owned));
    let meant: Vec<String> = found.iter().map(|text| decoded(text)).collect();
    found.extend(meant);
    found.retain(|text| text.len() >= SHORTEST);
    found.sort_unstable_by_key(|text| std::cmp::Reverse(text.len()));
    found.dedup();
    found
}

/// A text with its percent signs resolved.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Endpoint {
    /// An address of a node.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let url: Url = text.parse().map_err(|error| Error::Url {
            // A text that is no address cannot be cut into parts that are safe to show.
            url: "…".to_owned(),
            reason: format!("{error}"),
        })?;
        let secrets = secrets(&url);
        let endpoint = Self { url, secrets };
        let refuse = |reason: &str| {
            Err(Error::Url {
                url: endpoint.to_string(),
                reason: reason.to_owned(),
            })
        };
        match endpoint.url.scheme() {
            "http" | "https" => {}
            _ => return refuse("expected http:// or https://"),
        }
        if endpoint.url.host().is_none() {
            return refuse("it names no host");
        }
        Ok(endpoint)
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.url.host_str().is_some_and(|host| {
            let host = host.trim_start_matches('[').trim_end_matches(']');
            host == "localhost"
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        })
    }

    /// Sorts a transport's error. Nothing that the node says may show its address: servers echo the path that they were asked for.
    pub(super) fn sort(&self, error: TransportError, method: &str) -> Error {
        Error::transport(error, &self.to_string(), &self.secrets, method)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{}://{host}", self.url.scheme())?;
        match self.url.port() {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use alloy::transports::TransportErrorKind;

    use super::*;

    #[test]
    fn what_is_shown_holds_no_access_key() {
        let endpoint =
            Endpoint::parse("http://user:canary@node.example:8545/v3/canary?key=canary").unwrap();
        assert_eq!(endpoint.to_string(), "http://node.example:8545");
        assert!(!format!("{endpoint:?}").contains("canary"));
        let refused = Endpoint::parse("ftp://canary@node.example/canary").unwrap_err();
        assert!(!refused.to_string().contains("canary"));
        assert!(
            !Endpoint::parse("canary")
                .unwrap_err()
                .to_string()
                .contains("canary")
        );
    }

    #[test]
    fn k_17_what_a_node_echoes_holds_no_access_key() {
        let urls = [
            "http://node.example:8545/v3/canary%2Dkey0",
            "http://user:canary@node.example/v3/canary-key1",
            "http://node.example/?apikey=canary-key2&x=1",
            "http://canary-user@node.example/canary-key3/rpc",
        ];
        for url in urls {
            let endpoint = Endpoint::parse(url).unwrap();
            let path = endpoint.url.path().to_owned();
            let query = endpoint.url.query().unwrap_or_default().to_owned();
            let echoes = [
                format!("Cannot POST {path}?{query}"),
                format!("{path} not found on this server"),
                format!(
                    "unknown project {}",
                    decoded(path.rsplit('/').next().unwrap())
                ),
                format!("error sending request for url ({url})"),
                format!("error sending request for url (http://node.example{path}?{query})"),
                format!(
                    "bad key {}",
                    query.trim_start_matches("apikey=").trim_end_matches("&x=1")
                ),
            ];
            for echo in echoes {
                let errors: [TransportError; 3] = [
                    TransportErrorKind::http_error(404, echo.clone()),
                    TransportErrorKind::custom_str(&echo),
                    TransportError::err_resp(alloy::rpc::json_rpc::ErrorPayload {
                        code: -32_000,
                        message: echo.clone().into(),
                        data: None,
                    }),
                ];
                for error in errors {
                    let shown = endpoint.sort(error, "eth_call").to_string();
                    assert!(!shown.contains("canary"), "{shown}");
                    assert!(shown.contains("eth_call"), "{shown}");
                }
            }
        }
    }

    #[test]
    fn loopback_is_recognised() {
        for (url, expected) in [
            ("http://127.0.0.1:1", true),
            ("http://[::1]:1", true),
            ("http://localhost", true),
            ("http://192.0.2.1", false),
        ] {
            assert_eq!(
                Endpoint::parse(url).unwrap().is_loopback(),
                expected,
                "{url}"
            );
        }
    }
}
