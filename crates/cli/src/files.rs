//! Reading and writing files with errors that say which file, and that sort by whose fault it is.

use std::io::{ErrorKind, Read as _, Write as _};
use std::path::Path;

use crate::failure::Failure;

/// Reads a text file of at most `limit` bytes.
pub(crate) fn read_text(path: &Path, what: &str, limit: u64) -> Result<String, Failure> {
    let shown = path.display();
    let file = std::fs::File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            Failure::usage("file_not_found", format!("{what} {shown} does not exist"))
        }
        _ => Failure::outside(
            "file_unreadable",
            format!("{what} {shown} could not be read: {error}"),
        ),
    })?;
    let mut text = String::new();
    let read = file
        .take(limit.saturating_add(1))
        .read_to_string(&mut text)
        .map_err(|error| match error.kind() {
            ErrorKind::InvalidData => {
                Failure::usage("file_not_text", format!("{what} {shown} is not UTF-8 text"))
            }
            ErrorKind::IsADirectory => {
                Failure::usage("file_not_text", format!("{what} {shown} is a directory"))
            }
            _ => Failure::outside(
                "file_unreadable",
                format!("{what} {shown} could not be read: {error}"),
            ),
        })?;
    if read as u64 > limit {
        return Err(Failure::usage(
            "file_too_large",
            format!("{what} {shown} is larger than {limit} bytes"),
        ));
    }
    Ok(text)
}

/// Writes a file so that a reader sees either the old content or all of the new one, never a part.
pub(crate) fn write_whole(path: &Path, what: &str, content: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| {
        Failure::outside(
            "file_unwritable",
            format!("{what} {} could not be written: {error}", path.display()),
        )
        .hint("check the directory, its permissions and the space left")
    };
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    let mut file = tempfile::NamedTempFile::new_in(directory).map_err(failed)?;
    file.write_all(content)
        .and_then(|()| file.as_file().sync_all())
        .map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync(directory);
    Ok(())
}

/// Makes a new name durable: a power cut must not bring the old file back. Some file systems do not sync folders; there it is
/// left at that.
fn sync(directory: &Path) {
    let here = directory.as_os_str().is_empty();
    let directory = if here { Path::new(".") } else { directory };
    if let Ok(folder) = std::fs::File::open(directory) {
        let _ = folder.sync_all();
    }
}

/// Writes a new file that only its owner may read. A file that is there is never touched.
pub(crate) fn create_secret(path: &Path, what: &str, content: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let written = options.open(path).and_then(|mut file| {
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        sync(path.parent().unwrap_or(Path::new(".")));
        Ok(())
    });
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(
            "file_exists",
            format!("{what} {} is there already", path.display()),
        )
        .hint("name another file; a key is never overwritten"),
        _ => Failure::outside(
            "file_unwritable",
            format!("{what} {} could not be written: {error}", path.display()),
        ),
    })
}
