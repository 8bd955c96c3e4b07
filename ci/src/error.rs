// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What can go wrong.

use std::{io, path::PathBuf, process::ExitStatus};

/// Everything that can go wrong outside the tests themselves.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file operation failed.
    #[error("cannot {what} {}", path.display())]
    Path {
        /// The operation, as a verb.
        what: &'static str,
        /// Its object.
        path: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// A program could not be started.
    #[error("cannot run {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// A program failed.
    #[error("{} failed, {status}; its output is in {}", program.display(), log.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// Where its output went.
        log: PathBuf,
    },
    /// A tree outside the cache was to be removed.
    #[error("refusing to remove {:?}: not inside the cache {:?}", path, cache)]
    Guard {
        /// What was to be removed.
        path: PathBuf,
        /// The only directory that trees are removed from.
        cache: PathBuf,
    },
    /// There is no place for the cache.
    #[error("no place for the cache: neither XDG_CACHE_HOME nor HOME is an absolute path")]
    NoHome,
    /// This machine cannot have the lab.
    #[error("the lab cannot be set up on this machine")]
    Unavailable(#[source] Missing),
    /// A line of a kernel's configuration was dropped by its Kconfig.
    #[error("the configuration line {wish:?} did not stick")]
    Config {
        /// The line.
        wish: String,
    },
    /// What was downloaded or built lacks something.
    #[error("there is no {what} in {}", place.display())]
    Incomplete {
        /// What was looked for.
        what: String,
        /// Where.
        place: PathBuf,
    },
    /// A file does not fit into an archive.
    #[error("a file of {size} bytes is too large for a cpio archive: {name}")]
    TooLarge {
        /// The name in the archive.
        name: String,
        /// Its size in bytes.
        size: usize,
    },
}

/// Why a machine cannot have the lab.
#[derive(Debug, thiserror::Error)]
pub enum Missing {
    /// Not a Debian machine.
    #[error("there is no apt-get here")]
    Apt,
    /// Packages are missing, and this user may not install any.
    #[error("missing packages, and neither root nor sudo to install them: {}", packages.join(" "))]
    Root {
        /// The missing packages.
        packages: Vec<String>,
    },
    /// Not a machine that runs Debian's amd64.
    #[error("the emulator of the lab of x86-64 runs on x86-64 only")]
    Host,
    /// apt knows no Debian archive.
    #[error("apt is configured with no Debian archive (LAB_MIRROR may name one)")]
    Mirror,
}

impl Error {
    /// For `map_err`: the operation `what` on `path` failed.
    pub fn path(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Path {
            what,
            path: path.into(),
            source,
        }
    }

    /// For `map_err`: `program` did not start.
    pub fn start(program: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Start {
            program: program.into(),
            source,
        }
    }
}

/// The last cause of `error`, in one line.
pub fn reason(error: &Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
}

/// Prints `error`, its causes, and the end of the log that it names.
pub fn report(error: &Error) {
    eprintln!("error: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        eprintln!("  because: {error}");
        cause = error.source();
    }
    if let Error::Program { log, .. } = error {
        for line in crate::progress::tail(log, 20) {
            eprintln!("  | {line}");
        }
    }
}
