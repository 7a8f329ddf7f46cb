//! Builds `maci-verifier` where there is no operating system: a microcontroller (no_std) and WebAssembly.
//!
//! The pinned toolchain ships no standard library for either target and no sources of it. Debian packages a later compiler
//! together with the sources; unpacked into a folder of the build directory, without installing anything, it compiles
//! `core` and `alloc` itself.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::stages;

/// Compiler, its host library, the library's sources and the code generator. Two names carry a version.
const PACKAGES: &[&str] = &[
    "rustc-web",
    "libstd-rust-web-dev",
    "libstd-rust-web-1.96",
    "rust-web-src",
    "libllvm22",
];
/// A microcontroller with neither threads nor files, and WebAssembly.
const TARGETS: &[&str] = &["thumbv7em-none-eabihf", "wasm32-unknown-unknown"];

/// Where the unpacked compiler is.
struct Toolchain {
    root: PathBuf,
}

impl Toolchain {
    fn rustc(&self) -> PathBuf {
        self.root.join("usr/bin/rustc")
    }

    fn libraries(&self) -> PathBuf {
        self.root.join("usr/lib/x86_64-linux-gnu")
    }

    fn works(&self) -> bool {
        Command::new(self.rustc())
            .arg("--version")
            .env("LD_LIBRARY_PATH", self.libraries())
            .output()
            .is_ok_and(|output| output.status.success())
    }

    /// Downloads and unpacks what is missing; an error says why there is no such compiler here.
    fn get(folder: &Path) -> Result<Self> {
        let toolchain = Self {
            root: folder.join("root"),
        };
        if toolchain.works() {
            return Ok(toolchain);
        }
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let mut download = vec!["download"];
        download.extend(PACKAGES);
        if stages::run(folder, "apt-get", &download, &[]).is_err() {
            // A fresh machine has no package lists.
            stages::run(folder, "apt-get", &["update", "-qq"], &[])?;
            stages::run(folder, "apt-get", &download, &[])?;
        }
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                let path = path.to_string_lossy();
                stages::run(folder, "dpkg", &["-x", &path, "root"], &[])?;
            }
        }
        anyhow::ensure!(
            toolchain.works(),
            "the unpacked compiler does not start: its own libraries are missing here"
        );
        Ok(toolchain)
    }
}

/// Builds the verifier for every target, or says loudly why it cannot be done on this machine.
pub(crate) fn run(root: &Path) -> Result<()> {
    // Other compiler, other folder: the two do not read each other's files.
    let target = root.join("target/bare");
    let toolchain = match Toolchain::get(&target.join("toolchain")) {
        Ok(toolchain) => toolchain,
        Err(reason) => {
            eprintln!("!!! SKIPPED: maci-verifier was not built for {TARGETS:?}: {reason:#}");
            return Ok(());
        }
    };
    let text = |path: PathBuf| path.to_string_lossy().into_owned();
    let (rustc, libraries, target) = (
        text(toolchain.rustc()),
        text(toolchain.libraries()),
        text(target),
    );
    // `-Z build-std` is what the bootstrap variable opens; nothing of ours uses an unstable feature.
    let env = [
        ("RUSTC", rustc.as_str()),
        ("RUSTC_BOOTSTRAP", "1"),
        ("LD_LIBRARY_PATH", libraries.as_str()),
        ("CARGO_TARGET_DIR", target.as_str()),
    ];
    for name in TARGETS {
        let args = [
            "build",
            "--quiet",
            "--release",
            "--package",
            "maci-verifier",
            "--no-default-features",
            "-Z",
            "build-std=core,alloc",
            "--target",
            name,
        ];
        stages::run(root, "cargo", &args, &env)?;
    }
    Ok(())
}
