//! The address of a node, which often holds an access key: shown without it.

use std::fmt;

use alloy::transports::TransportError;
use alloy::transports::http::reqwest::Url;

use crate::error::Error;

/// Where a node answers.
pub(super) struct Endpoint {
    url: Url,
}

impl Endpoint {
    /// Only plain HTTP: the default build carries no TLS library.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let url: Url = text.parse().map_err(|error| Error::Url {
            // A text that is no address cannot be cut into parts that are safe to show.
            url: "…".to_owned(),
            reason: format!("{error}"),
        })?;
        let endpoint = Self { url };
        let refuse = |reason: &str| {
            Err(Error::Url {
                url: endpoint.to_string(),
                reason: reason.to_owned(),
            })
        };
        match endpoint.url.scheme() {
            "http" => {}
            "https" => {
                return refuse(
                    "this build speaks plain HTTP; run a node or a TLS proxy on this machine",
                );
            }
            _ => return refuse("expected http://"),
        }
        if endpoint.url.host().is_none() {
            return refuse("it names no host");
        }
        Ok(endpoint)
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
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

    /// Sorts a transport's error without showing the whole address.
    pub(super) fn sort(&self, error: TransportError, method: &str) -> Error {
        Error::transport(error, &self.to_string(), self.url.as_str(), method)
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
    use super::*;

    #[test]
    fn what_is_shown_holds_no_access_key() {
        let endpoint =
            Endpoint::parse("http://user:canary@node.example:8545/v3/canary?key=canary").unwrap();
        assert_eq!(endpoint.to_string(), "http://node.example:8545");
        assert!(!format!("{endpoint:?}").contains("canary"));
        let refused = Endpoint::parse("https://canary@node.example/canary").unwrap_err();
        assert!(!refused.to_string().contains("canary"));
        assert!(
            !Endpoint::parse("canary")
                .unwrap_err()
                .to_string()
                .contains("canary")
        );
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
