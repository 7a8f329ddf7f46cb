//! Where the coordinator's private key comes from: a file, never the command line.
//!
//! The file holds either the serialised key alone (`macisk.` and hex digits) or the fixture's `keys.json`. No error of this
//! module shows a byte of the file, because the wrong file may well hold another secret.

use std::path::{Path, PathBuf};

use clap::Args;
use maci_protocol::keys::{CoordinatorKey, PrivateKey};
use maci_protocol::recorded;
use zeroize::Zeroizing;

use crate::context::Context;
use crate::failure::Failure;
use crate::files;

/// Larger files are not key files.
const MAX_KEY_FILE: u64 = 16 << 20;

/// The option of every command that decrypts.
#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    /// File with the coordinator's private key: macisk.… alone, or a keys.json
    ///
    /// MACI_COORDINATOR_KEY_FILE names it too. The key itself is never taken from the command line, where every user of
    /// the machine could read it.
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
}

/// Reads the key that `--key-file`, the variable or the configuration file points to.
pub(crate) fn load(context: &Context<'_>, args: &KeyArgs) -> Result<CoordinatorKey, Failure> {
    let configured = context.settings.key_file.value.as_ref();
    let path = args.key_file.as_ref().or(configured).ok_or_else(|| {
        Failure::usage(
            "no_coordinator_key",
            "this command decrypts votes and needs the coordinator's private key",
        )
        .hint("name its file with --key-file or MACI_COORDINATOR_KEY_FILE")
    })?;
    warn_if_shared(context, path);
    read(path)
}

/// [`load`], or nothing where no file is named.
pub(crate) fn load_if_named(
    context: &Context<'_>,
    args: &KeyArgs,
) -> Result<Option<CoordinatorKey>, Failure> {
    match (&args.key_file, &context.settings.key_file.value) {
        (None, None) => Ok(None),
        _ => load(context, args).map(Some),
    }
}

/// Reads a key file.
pub(crate) fn read(path: &Path) -> Result<CoordinatorKey, Failure> {
    let text = files::read_text(path, "key file", MAX_KEY_FILE).map_err(|failure| {
        failure.hint(
            "name the file of the coordinator's key with --key-file or MACI_COORDINATOR_KEY_FILE",
        )
    })?;
    let text = Zeroizing::new(text);
    parse(&text, &path.display().to_string())
}

/// Reads a key from the text of a key file; `name` is what errors call it.
pub(crate) fn parse(text: &str, name: &str) -> Result<CoordinatorKey, Failure> {
    let trimmed = text.trim();
    if trimmed.starts_with('{') {
        return recorded::coordinator_key(trimmed)
            .map_err(|error| bad_key_file(name, &error.to_string()));
    }
    let private = PrivateKey::deserialise(trimmed).map_err(|_| {
        bad_key_file(
            name,
            "expected macisk. and hexadecimal digits, found something else",
        )
    })?;
    Ok(CoordinatorKey::new(private))
}

fn bad_key_file(name: &str, what: &str) -> Failure {
    Failure::usage("bad_key_file", format!("key file {name}: {what}"))
        .hint("a key file holds macisk.… alone, or is a keys.json with coordinator.privateKey")
}

/// Warns when others than the owner may read the key.
#[cfg(unix)]
fn warn_if_shared(context: &Context<'_>, path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(metadata) = std::fs::metadata(path) else {
        return;
    };
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let shown = path.display();
        context.warn(
            "key_file_shared",
            format!(
                "key file {shown} is readable by others (mode {mode:03o}); run chmod 600 {shown}"
            ),
        );
    }
}

#[cfg(not(unix))]
fn warn_if_shared(_context: &Context<'_>, _path: &Path) {}
