//! A contract's events from a block on, in as few requests as the node bears: ranges shrink to one block where it refuses more,
//! as those of ingest do.

use std::ops::ControlFlow;

use alloy::primitives::{Address, B256};
use alloy::rpc::types::{Filter, Log};

use crate::client::{Backoff, Client};
use crate::error::Error;
use crate::ingest::rpc::{Advice, advice};
use crate::ingest::windows::Windows;

/// Blocks of the first range, and of the largest.
const FIRST: u64 = 10_000;
const LARGEST: u64 = 1_000_000;

/// Shows `each` every log of an event of a contract, in order, until it has seen enough.
pub(super) fn scan(
    client: &Client,
    contract: Address,
    event: B256,
    from_block: u64,
    each: &mut dyn FnMut(&Log) -> Result<ControlFlow<()>, Error>,
) -> Result<(), Error> {
    let head = client.head()?;
    let filter = Filter::new().address(contract).event_signature(event);
    let ask = |first: u64, last: u64| {
        let filter = filter.clone().from_block(first).to_block(last);
        client.request_once("eth_getLogs", (filter,))
    };
    in_windows(from_block, head, &client.options().backoff, ask, each)
}

/// Asks for the blocks `first` to `last`, range by range.
fn in_windows<L>(
    first: u64,
    last: u64,
    backoff: &Backoff,
    mut ask: impl FnMut(u64, u64) -> Result<Vec<L>, Error>,
    each: &mut dyn FnMut(&L) -> Result<ControlFlow<()>, Error>,
) -> Result<(), Error> {
    let mut windows = Windows::new(FIRST, LARGEST);
    let (mut next, mut failures) = (first, 0);
    while next <= last {
        let end = windows.last(next, last);
        match ask(next, end) {
            Ok(logs) => {
                for log in &logs {
                    if each(log)?.is_break() {
                        return Ok(());
                    }
                }
                windows.grow();
                failures = 0;
                next = end.saturating_add(1);
            }
            Err(error) => {
                let smaller = match advice(&error) {
                    Advice::Smaller => true,
                    Advice::Heavy => failures > 0,
                    Advice::Later => false,
                    Advice::Stop => return Err(error),
                };
                if smaller && end > next {
                    windows.refused(end - next + 1);
                    continue;
                }
                failures += 1;
                if failures >= backoff.attempts {
                    return Err(error);
                }
                std::thread::sleep(backoff.pause(failures, None));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> Error {
        Error::Refused {
            endpoint: "node".to_owned(),
            method: "eth_getLogs".to_owned(),
            code: -32005,
            message: message.to_owned(),
            rate_limited: false,
        }
    }

    const QUICK: Backoff = Backoff {
        attempts: 3,
        first: std::time::Duration::ZERO,
        longest: std::time::Duration::ZERO,
    };

    #[test]
    fn n_05_a_voters_reading_shrinks_to_what_the_node_bears_and_misses_no_block() {
        for limit in [1, 7, 999, u64::MAX] {
            let mut seen = Vec::new();
            let mut largest = 0;
            let ask = |first: u64, last: u64| {
                if last - first >= limit {
                    return Err(refused("block range is too wide"));
                }
                largest = largest.max(last - first + 1);
                Ok((first..=last).collect())
            };
            in_windows(5, 30_000, &QUICK, ask, &mut |block: &u64| {
                seen.push(*block);
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
            assert!(seen.iter().copied().eq(5..=30_000), "limit {limit}");
            assert!(largest <= limit);
        }
    }

    #[test]
    fn n_05_what_stays_refused_is_the_nodes_own_words_and_a_limit_of_rate_is_waited_out() {
        let mut asked = 0;
        let always = |_, _| -> Result<Vec<u64>, Error> {
            asked += 1;
            Err(refused("block range is too wide"))
        };
        let error = in_windows(0, 1 << 20, &QUICK, always, &mut |_| {
            Ok(ControlFlow::Continue(()))
        })
        .unwrap_err();
        assert!(error.to_string().contains("too wide"), "{error}");
        assert!(asked < 40, "{asked} requests");
        let mut left = 2;
        let sometimes = |first: u64, _| {
            if left > 0 {
                left -= 1;
                return Err(refused("more than 5 requests per second"));
            }
            Ok(vec![first])
        };
        let mut seen = 0;
        in_windows(0, 100, &QUICK, sometimes, &mut |_| {
            seen += 1;
            Ok(ControlFlow::Break(()))
        })
        .unwrap();
        assert_eq!(seen, 1);
    }
}
