// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The configuration file. A host needs none: every key has a default.
//!
//! ```toml
//! [process]
//! # The process of guest N is user and group uid + N.
//! uid = 2000000000
//!
//! [kernel]
//! # Let the kernel raise interrupts, where it can.
//! irqfd = true
//!
//! [memory]
//! # Grants: "map" or "copy" all, or "auto", small ranges copied and large ones mapped.
//! grants = "auto"
//! # How much of each guest's memory stays mapped without grants, in MiB.
//! foreign_mib = 1024
//!
//! [rng]
//! # Where entropy comes from; without it, the host's getrandom(2).
//! source = "/dev/hwrng"
//! # Bytes that each guest is given in a second; without it, as many as it wants.
//! rate = 4096
//!
//! # How disks are used and presented. The first section that fits counts; none has to.
//! [[block]]
//! guest = "*"                 # its name, its UUID, or "*"
//! vdev = "xvda"               # which of its disks; without it, any
//! queues = 4
//! direct = true               # without the host's page cache
//!
//! # What a device of a guest is. The first section that fits counts.
//! [[i2c]]
//! guest = "sensors"           # its name, its UUID, or "*"
//! index = 0                   # which device of its virtio= line; without it, any
//! adapter = "i2c-1"           # also: 1, a name, or "sim"
//! addresses = [0x20, 0x50]    # what the guest may use; without it, all
//!
//! [[gpio]]
//! guest = "*"
//! chip = "gpiochip0"          # also: 0, a label, or "sim"
//! lines = [4, 5]              # the guest's lines 0 and 1; without it, all
//!
//! # Guests on Arm whose devices are on a PCI bus, which their xl.cfg has to give them:
//! # device_tree = "/etc/xen/vhost-device-xen-pci.dtb" and nr_spis = 224.
//! [[pci]]
//! guest = "fast"              # its name, its UUID, or "*"
//!
//! # Guests on x86 that have devices on virtio-mmio, which their xl.cfg has to tell them of:
//! # acpi_firmware = "/etc/xen/vhost-device-xen.aml".
//! [[mmio]]
//! guest = "old"               # its name, its UUID, or "*"
//!
//! # Where a device is on the PCI bus of a guest on x86, if not at its usual place.
//! [[slot]]
//! guest = "web"               # its name, its UUID, or "*"
//! device = "xvde"             # as `list` calls it
//! slot = 30                   # 4 to 31
//!
//! # What another process serves, before any other section.
//! [[external]]
//! guest = "*"
//! device = "rng"              # block, rng, i2c, gpio, or a virtio device ID
//! socket = "/run/rng.sock"    # where its vhost-user backend listens
//! queues = 1                  # as the type has; 1 of others
//! queue_size = 256
//! config = 0                  # bytes of configuration space, as the type has; 0 of others
//! ```

mod block;
mod rules;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::confinement::FIRST_USER;
pub use block::{Block, BlockOptions, BlockSize, Engine as BlockEngine, Queues};
pub use rules::{Addresses, External, Gpio, Hardware, I2c, Lines, Scope, Slot, Whole};

/// Where the configuration is when the command line does not say.
pub const DEFAULT_PATH: &str = "/etc/vhost-device-xen.toml";

/// A configuration, checked as far as it can be without the host.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Guests' processes.
    pub process: Process,
    /// How to use the kernel.
    pub kernel: Kernel,
    /// How to reach guests' memory.
    pub memory: Memory,
    /// Entropy devices.
    pub rng: Rng,
    /// Disks.
    pub block: Vec<Block>,
    /// I2C adapters.
    pub i2c: Vec<I2c>,
    /// GPIO chips.
    pub gpio: Vec<Gpio>,
    /// Guests on Arm with a PCI bus.
    pub pci: Vec<Whole>,
    /// Guests on x86 whose devices are not on their PCI bus.
    pub mmio: Vec<Whole>,
    /// Places on the PCI bus of guests on x86.
    pub slot: Vec<Slot>,
    /// Devices that other processes serve.
    pub external: Vec<External>,
}

/// What guests' processes are.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Process {
    /// The process of guest N is this user and group and N more.
    pub uid: NonZeroU32,
}

impl Default for Process {
    fn default() -> Self {
        Self { uid: FIRST_USER }
    }
}

/// What of the kernel may be used.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Kernel {
    /// Raise interrupts through the kernel instead of by device model operations.
    pub irqfd: bool,
}

impl Default for Kernel {
    fn default() -> Self {
        Self { irqfd: true }
    }
}

/// How guests' memory is reached.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Memory {
    /// What to do with grants.
    pub grants: GrantPolicy,
    /// How much of a guest's memory stays mapped without grants, in MiB.
    pub foreign_mib: u32,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            grants: GrantPolicy::Auto,
            foreign_mib: 1024,
        }
    }
}

/// What is done with grants.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GrantPolicy {
    /// Small ranges are copied, large ones mapped.
    Auto,
    /// Everything is mapped.
    Map,
    /// Everything is copied.
    Copy,
}

/// Entropy devices.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Rng {
    /// A file that is read for entropy.
    pub source: Option<PathBuf>,
    /// Bytes that each guest is given in a second, at most.
    pub rate: Option<NonZeroU32>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file makes no sense.
    #[error("the configuration {} is wrong at line {line}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where.
        line: usize,
        /// Why.
        #[source]
        source: Wrong,
    },
}

/// What is wrong in a configuration, in one line, with the key if that does not say it.
#[derive(Debug, thiserror::Error)]
#[error("{}{}", error.message().trim_end().replace('\n', "; "), in_key(key.as_deref()))]
pub struct Wrong {
    error: Box<toml::de::Error>,
    key: Option<String>,
}

fn in_key(key: Option<&str>) -> String {
    key.map_or_else(String::new, |key| format!(" (key `{key}`)"))
}

impl Wrong {
    /// What is wrong in this `line`.
    fn new(error: toml::de::Error, line: &str) -> Self {
        let key = line.split_once('=').map(|(key, _)| key.trim().to_owned());
        let is_news = |key: &String| !error.message().contains(&format!("`{key}`"));
        Self {
            key: key.filter(is_news),
            error: Box::new(error),
        }
    }
}

impl Config {
    /// Reads the file that was named, or the default one if there is one.
    ///
    /// # Errors
    ///
    /// [`Error`] when a named file is missing, or any file is unreadable or wrong.
    pub fn load(path: Option<&Path>) -> Result<Self, Error> {
        let named = path.is_some();
        let path = path.unwrap_or(Path::new(DEFAULT_PATH));
        let text = match fs::read_to_string(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && !named => return Ok(Self::default()),
            Err(source) => {
                return Err(Error::Read {
                    path: path.to_owned(),
                    source,
                });
            }
            Ok(text) => text,
        };
        toml::from_str(&text).map_err(|source| {
            let start = source.span().map_or(0, |span| span.start);
            let line = text
                .bytes()
                .take(start)
                .filter(|byte| *byte == b'\n')
                .count()
                + 1;
            Error::Parse {
                path: path.to_owned(),
                line,
                source: Wrong::new(source, text.lines().nth(line - 1).unwrap_or_default()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    fn load(text: &str) -> Result<Config, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, text).unwrap();
        Config::load(Some(&path))
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(load("").unwrap(), Config::default());
    }

    #[test]
    fn every_key_can_be_set() {
        let config =
            load("[kernel]\nirqfd = false\n[rng]\nsource = \"/dev/hwrng\"\nrate = 99\n").unwrap();

        assert_eq!(config.kernel, Kernel { irqfd: false });
        assert_eq!(config.rng.source.as_deref(), Some(Path::new("/dev/hwrng")));
        assert_eq!(config.rng.rate, NonZeroU32::new(99));
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_line() {
        let error = load("[rng]\nsauce = \"/dev/hwrng\"\n").unwrap_err();

        assert!(error.to_string().ends_with("is wrong at line 2"), "{error}");
        let cause = error.source().unwrap().to_string();
        assert_eq!(cause, "unknown field `sauce`, expected `source` or `rate`");
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_key() {
        let error = load("[rng]\n\n# too few\nrate = 0\n").unwrap_err();

        assert!(error.to_string().ends_with("is wrong at line 4"), "{error}");
        let cause = error.source().unwrap().to_string();
        assert!(cause.ends_with("(key `rate`)"), "{cause}");
    }

    #[test]
    fn a_named_file_must_exist() {
        let missing = Path::new("/nonexistent/config.toml");

        assert!(matches!(
            Config::load(Some(missing)),
            Err(Error::Read { .. })
        ));
    }
}
