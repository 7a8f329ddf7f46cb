//! Which poll the demo takes: the built-in one, a recorded directory, or a simulated one.

use std::path::Path;

use maci_coordinator::Recorded;
use maci_protocol::keys::CoordinatorKey;
use maci_protocol::testing::{fixture, simulate};

use super::DemoArgs;
use crate::context::Context;
use crate::coordinator_key;
use crate::failure::Failure;
use crate::files;
use crate::recording::Recording;

/// The poll and its coordinator's key. Of a directory only `deployment.json`, `logs.json` and `keys.json` are opened.
pub(super) fn open(
    context: &Context<'_>,
    args: &DemoArgs,
    data_dir: &Path,
) -> Result<(Recorded, CoordinatorKey), Failure> {
    if let Some(directory) = &args.recorded {
        let key = coordinator_key::read(&directory.join("keys.json"))?;
        return Ok((Recorded::directory(directory), key));
    }
    let Some(spec) = &args.simulate else {
        let Recording { deployment, logs } = Recording::embedded();
        return Ok((
            Recorded::texts("the built-in poll", deployment, logs),
            Recording::embedded_key()?,
        ));
    };
    let directory = data_dir.join("recorded");
    context.progress.note("simulating a poll ...");
    let poll = simulate(&spec.with_seed(args.seed));
    let (deployment, logs, keys) = fixture::write(&poll);
    for (name, text) in [
        ("deployment.json", deployment),
        ("logs.json", logs),
        ("keys.json", keys),
    ] {
        files::write_whole(&directory.join(name), "simulated poll", text.as_bytes())?;
    }
    let key = coordinator_key::read(&directory.join("keys.json"))?;
    Ok((Recorded::directory(directory), key))
}
