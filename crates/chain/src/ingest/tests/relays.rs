//! N-01: relayed batches are complete or named.

use std::fs;

use maci_protocol::recorded::relay::{cid, digest_of};

use crate::client::Backoff;
use crate::error::Kind;
use crate::ingest::{IngestError, MemoryStore, RelaySource, Relays};
use crate::testing::hostile::{Hostile, Scenario};
use crate::tls::Roots;

use super::support::{PATIENCE, QUICK, client, options, panel, run, worlds};

#[test]
fn n_01_relayed_batches_come_from_a_gateway_or_a_folder_or_are_named() {
    let server = Hostile::start().unwrap();
    let world = &worlds()[10];
    assert!(world.relayed.len() > 1);
    server.play(Scenario::honest(world));
    let nodes = panel(vec![client(&server)]);
    let read = |sources: Vec<RelaySource>, store: &mut MemoryStore| {
        let relays = Relays::new(sources, PATIENCE, QUICK, &Roots::System).unwrap();
        run(&nodes, &relays, world, &options(), store)
    };
    let gateway = || RelaySource::Gateway(format!("{}/ipfs/{{cid}}", server.url()));

    // Nowhere: named, and what was read before is kept.
    let mut store = MemoryStore::default();
    let error = read(vec![], &mut store).unwrap_err();
    assert!(
        matches!(&error, IngestError::Relay { tried, .. } if tried.is_empty()),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::State);
    let (_, digest) = error.batch().unwrap();
    assert!(error.to_string().contains(&cid(&digest)), "{error}");
    let outcome = read(vec![gateway()], &mut store).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));

    // A folder, under each of the names.
    for name in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        for (cid, content) in &world.relayed {
            let digits = alloy::primitives::hex::encode(digest_of(content));
            let name = [
                format!("0x{digits}.json"),
                digits.clone(),
                cid.clone(),
                format!("{cid}.json"),
            ][name]
                .clone();
            fs::write(folder.path().join(name), content).unwrap();
        }
        let source = RelaySource::Folder(folder.path().to_path_buf());
        let outcome = read(vec![source], &mut MemoryStore::default()).unwrap();
        assert_eq!(outcome.log.as_ref(), Some(world.log()));
    }

    // A folder with other bytes under the right name: the gateway helps, or the batch is named.
    let folder = tempfile::tempdir().unwrap();
    for (cid, content) in &world.relayed {
        let mut garbled = content.clone();
        garbled[9] ^= 1;
        fs::write(folder.path().join(cid), garbled).unwrap();
    }
    let source = || RelaySource::Folder(folder.path().to_path_buf());
    let error = read(vec![source()], &mut MemoryStore::default()).unwrap_err();
    assert!(error.to_string().contains("other bytes"), "{error}");
    let outcome = read(vec![source(), gateway()], &mut MemoryStore::default()).unwrap();
    assert_eq!(outcome.log.as_ref(), Some(world.log()));
}

#[test]
fn gateways_of_other_schemes_are_refused_without_showing_them() {
    for url in ["ftp://user:secret@gateway/ipfs", "ftp://secret", "secret"] {
        let source = RelaySource::Gateway(url.to_owned());
        let error = Relays::new(vec![source], PATIENCE, Backoff::ONCE, &Roots::System).unwrap_err();
        assert_eq!(error.kind(), Kind::Usage);
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
