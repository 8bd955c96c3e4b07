// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! From what libxl has written about a device to what a guest process needs to serve it.
//!
//! The keys: `libxl_virtio.c` and `libxl_disk.c` of Xen 4.17 and later. `base` is hexadecimal
//! for a `virtio=` line and decimal for a `disk=` line.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::PathBuf;

use xen_store::Store;

use super::keys::Key;
use super::rules;
use crate::bridge;
use crate::channel::{DeviceKind, DeviceSpec, Directory, Location, Registers};
use crate::config::Config;
use crate::transport::MMIO_SIZE;
use crate::x86;

/// What libxl puts before the virtio device ID, which it writes in hexadecimal.
const TYPE_PREFIX: &str = "virtio,device";
/// The virtio device ID of a block device.
const BLOCK: u32 = 2;
/// The virtio device ID of an entropy source.
const ENTROPY: u32 = 4;
/// The virtio device ID of an I2C adapter.
const I2C: u32 = 34;
/// The virtio device ID of a GPIO device.
const GPIO: u32 = 41;
/// The first INTID that a device may have: below are those of a vCPU.
const FIRST_SPI: u32 = 32;

/// What an interrupt of a device on PCI should be.
const NO_SLOT: &str = "one of the 31 from 33 on, which devices on PCI are numbered by";

/// Why a device cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// XenStore did not answer, or a number is none.
    #[error("cannot read the device's keys")]
    Store(#[from] xen_store::Error),
    /// A key is not there.
    #[error("{key}: missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// A key has a value that cannot be served.
    #[error("{key}: {value:?} is not {wanted}")]
    Value {
        /// The key.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// Another guest, or another device, writes to the image, or this one would while others read.
    #[error("{key}: {} is in use by another device", path.display())]
    InUse {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A device of a guest on x86 has a number for which there is no place.
    #[error("no place for device {index} in a guest on x86: {}", x86::SLOTS)]
    NoSlot {
        /// The number of the device.
        index: u32,
    },
    /// The configuration does not say what the device is.
    #[error("the configuration has no {section} for device {index} of guest {guest:?}")]
    NoRule {
        /// The section that it should have.
        section: &'static str,
        /// The name of the guest.
        guest: String,
        /// The number of the device.
        index: u32,
    },
    /// The file behind a device cannot be opened.
    #[error("{key}: cannot open {} for {access}", path.display())]
    File {
        /// The key, of XenStore or of the configuration, that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// Reading, or reading and writing.
        access: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Reads what is known of the device whose keys are below `path`, and opens what it needs.
///
/// # Errors
///
/// [`Error`], naming the key below `path`.
pub fn read(
    store: &impl Store,
    path: &str,
    key: Key,
    config: &Config,
) -> Result<(DeviceSpec, Option<File>), Error> {
    let keys = Keys { store, path };
    keys.one_of(
        "transport",
        &[("mmio", ())],
        "a transport this version has (mmio)",
    )?;
    // libxl 4.17 does not write it, and lets guests use grants for backends outside dom0 only (make_virtio_mmio_node).
    let grants = match keys.one_of("grant_usage", &[("0", false), ("1", true)], "0 or 1") {
        Err(Error::Missing { .. }) => false,
        stated => stated?,
    };
    let location = location(&keys, key, config)?;
    let (_, id) = key;
    let (kind, file) = match id.directory {
        Directory::Virtio => by_type(&keys, key, config)?,
        Directory::Disk => disk(&keys, key, config)?,
    };
    Ok((
        DeviceSpec {
            id,
            location,
            grants,
            kind,
        },
        file,
    ))
}

/// Where the guest finds the device.
fn location<S: Store>(keys: &Keys<'_, S>, key: Key, config: &Config) -> Result<Location, Error> {
    let (_, id) = key;
    // libxl places devices on Arm only.
    if keys.text("base")? == "0" && keys.text("irq")? == "0" {
        let usual = x86::slot(id);
        let location = match rules::is_of(keys.store, key, &config.mmio)? {
            // What the guest's table says is made without the configuration.
            true => usual.map(|slot| Location::Acpi { slot }),
            false => rules::slot_of(keys.store, key, &config.slot)?
                .or(usual)
                .map(|slot| Location::Pci { slot }),
        };
        return location.ok_or(Error::NoSlot { index: id.index });
    }
    let irq = keys.number(
        "irq",
        |irq: &u32| *irq >= FIRST_SPI,
        "a shared interrupt (32 or more)",
    )?;
    let free = |base: &u64| base.checked_add(MMIO_SIZE - 1).is_some() && base.is_multiple_of(4);
    let base = keys.number("base", free, "an address of 0x200 bytes")?;
    let mmio = Registers { base, irq };
    if !rules::is_of(keys.store, key, &config.pci)? {
        return Ok(Location::Mmio(mmio));
    }
    match bridge::slot(irq) {
        Some(slot) => Ok(Location::Bridge { slot, mmio }),
        None => Err(Keys::<S>::wrong("irq", irq.to_string(), NO_SLOT)),
    }
}

fn by_type<S: Store>(
    keys: &Keys<'_, S>,
    key: Key,
    config: &Config,
) -> Result<(DeviceKind, Option<File>), Error> {
    let name = keys.text("type")?;
    let number = name
        .strip_prefix(TYPE_PREFIX)
        .map(|n| u32::from_str_radix(n, 16));
    if let Some(Ok(number)) = number
        && let Some(external) = rules::external(keys.store, key, number, config)?
    {
        return Ok((DeviceKind::External(external), None));
    }
    let wanted = match number {
        Some(Ok(ENTROPY)) => {
            let source = config.rng.source.as_ref();
            let file = source.map(|path| open("[rng] source", path.clone(), false));
            let rate = config.rng.rate;
            return Ok((DeviceKind::Rng { rate }, file.transpose()?));
        }
        Some(Ok(I2C)) => return rules::i2c(keys.store, key, config),
        Some(Ok(GPIO)) => return rules::gpio(keys.store, key, config),
        Some(Ok(BLOCK)) => "served from a virtio= line: a block device needs a disk= line",
        _ => "a device this version has (virtio,device4: entropy; device22: I2C; device29: GPIO)",
    };
    Err(Keys::<S>::wrong("type", name, wanted))
}

fn disk<S: Store>(
    keys: &Keys<'_, S>,
    key: Key,
    config: &Config,
) -> Result<(DeviceKind, Option<File>), Error> {
    keys.one_of("specification", &[("virtio", ())], "virtio")?;
    let writable = keys.one_of("mode", &[("r", false), ("w", true)], "r or w")?;
    let path = PathBuf::from(keys.text("params")?);
    let serial = keys.text("dev")?;
    let file = image("params", path, writable)?;
    let options = rules::block(keys.store, key, config, &serial)?;
    Ok((
        DeviceKind::Block {
            read_only: !writable,
            serial,
            options,
        },
        Some(file),
    ))
}

/// Opens the image that `key` names and takes it for one device, until the last copy of the
/// descriptor is closed: one writer, or any number of readers.
///
/// # Errors
///
/// [`Error::File`], or [`Error::InUse`].
pub fn image(key: &'static str, path: PathBuf, writable: bool) -> Result<File, Error> {
    let file = open(key, path.clone(), writable)?;
    let taken = if writable {
        file.try_lock()
    } else {
        file.try_lock_shared()
    };
    match taken {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { key, path }),
        Err(TryLockError::Error(source)) => Err(Error::File {
            key,
            path,
            access: "use by one device alone",
            source,
        }),
    }
}

/// Opens what `key`, of XenStore or of the configuration, names.
///
/// # Errors
///
/// [`Error::File`].
pub fn open(key: &'static str, path: PathBuf, writable: bool) -> Result<File, Error> {
    let access = if writable {
        "reading and writing"
    } else {
        "reading"
    };
    let mut options = OpenOptions::new();
    options.read(true).write(writable);
    // A FIFO must not keep the supervisor, and with it every guest, waiting for its other end.
    // Regular files and block devices know no difference.
    if matches!(fs::metadata(&path), Ok(found) if found.file_type().is_fifo()) {
        options.custom_flags(libc::O_NONBLOCK);
    }
    let file = options.open(&path);
    file.map_err(|source| Error::File {
        key,
        path,
        access,
        source,
    })
}

/// The keys of one device.
struct Keys<'a, S> {
    store: &'a S,
    path: &'a str,
}

impl<S: Store> Keys<'_, S> {
    fn wrong(key: &'static str, value: String, wanted: &'static str) -> Error {
        Error::Value { key, value, wanted }
    }

    fn text(&self, key: &'static str) -> Result<String, Error> {
        match self.store.read_string(&format!("{}/{key}", self.path))? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(Error::Missing { key }),
        }
    }

    fn number<T: xen_store::Number>(
        &self,
        key: &'static str,
        is_good: impl Fn(&T) -> bool,
        wanted: &'static str,
    ) -> Result<T, Error> {
        let text = self.text(key)?;
        T::parse(&text)
            .ok()
            .filter(is_good)
            .ok_or_else(|| Self::wrong(key, text, wanted))
    }

    fn one_of<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&str, T)],
        wanted: &'static str,
    ) -> Result<T, Error> {
        let text = self.text(key)?;
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, choice)) => Ok(*choice),
            None => Err(Self::wrong(key, text, wanted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use xen_store::sim::Server;

    use super::*;
    use crate::channel::DeviceId;
    use crate::config::BlockOptions;

    const PATH: &str = "/local/domain/0/backend/virtio_disk/1/51712";
    const DISK: DeviceId = DeviceId {
        directory: Directory::Disk,
        index: 51712,
    };
    const RNG: DeviceId = DeviceId {
        directory: Directory::Virtio,
        index: 0,
    };

    /// A device as libxl writes it, with some keys changed; an empty value removes one.
    fn device(common: &[(&str, &str)], changed: &[(&str, &str)]) -> Server {
        let server = Server::new();
        for (key, value) in common.iter().chain(changed) {
            server.write(&format!("{PATH}/{key}"), *value);
        }
        server
    }

    fn disk(image: &str, changed: &[(&str, &str)]) -> Server {
        let common = [
            ("params", image),
            ("mode", "w"),
            ("dev", "xvda"),
            ("specification", "virtio"),
            ("transport", "mmio"),
            ("base", "33554432"),
            ("irq", "33"),
            ("grant_usage", "0"),
        ];
        device(&common, changed)
    }

    fn rng(changed: &[(&str, &str)]) -> Server {
        let common = [
            ("type", "virtio,device4"),
            ("transport", "mmio"),
            ("base", "0x2000200"),
            ("irq", "34"),
            ("grant_usage", "1"),
        ];
        device(&common, changed)
    }

    fn failure(server: &Server, id: DeviceId) -> String {
        read(&server.client(), PATH, (1, id), &Config::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_disk_is_its_image_at_a_decimal_base() {
        let image = tempfile::NamedTempFile::new().unwrap();
        let server = disk(image.path().to_str().unwrap(), &[]);

        let (spec, file) = read(&server.client(), PATH, (1, DISK), &Config::default()).unwrap();

        let registers = Registers {
            base: 0x200_0000,
            irq: 33,
        };
        assert_eq!(spec.location, Location::Mmio(registers));
        assert!(!spec.grants);
        assert_eq!(
            spec.kind,
            DeviceKind::Block {
                read_only: false,
                serial: "xvda".into(),
                options: BlockOptions::default(),
            }
        );
        assert!(file.is_some());
    }

    #[test]
    fn an_entropy_source_is_found_by_its_hexadecimal_type() {
        let server = rng(&[]);

        let (spec, file) = read(&server.client(), PATH, (1, RNG), &Config::default()).unwrap();

        assert_eq!(spec.location.base(), Some(0x200_0200));
        assert!(spec.grants);
        assert_eq!(spec.kind, DeviceKind::Rng { rate: None });
        assert!(file.is_none());
    }

    #[test]
    fn a_device_that_an_older_libxl_has_announced_is_without_grants() {
        let server = rng(&[("grant_usage", "")]);

        let (spec, _) = read(&server.client(), PATH, (1, RNG), &Config::default()).unwrap();

        assert!(!spec.grants);
    }

    #[test]
    fn a_missing_key_is_named() {
        let server = rng(&[("irq", "")]);

        assert_eq!(failure(&server, RNG), "irq: missing");
    }

    #[test]
    fn a_device_that_libxl_has_not_placed_has_a_place_on_the_guests_bus() {
        let server = rng(&[("base", "0"), ("irq", "0")]);

        let (spec, _) = read(&server.client(), PATH, (1, RNG), &Config::default()).unwrap();

        assert_eq!(spec.location, Location::Pci { slot: 8 });
        server.write("/local/domain/1/name", "old");
        let config: Config = toml::from_str("[[mmio]]\nguest = \"old\"").unwrap();
        let (spec, _) = read(&server.client(), PATH, (1, RNG), &config).unwrap();
        assert_eq!(spec.location, Location::Acpi { slot: 8 });
    }

    #[test]
    fn a_place_on_the_guests_bus_can_be_chosen() {
        let server = rng(&[("base", "0"), ("irq", "0")]);
        server.write("/local/domain/1/name", "old");
        let placed = |text: &str| {
            let config: Config = toml::from_str(text).unwrap();
            let (spec, _) = read(&server.client(), PATH, (1, RNG), &config).unwrap();
            spec.location
        };
        let rule = |guest: &str, device: &str| {
            format!("[[slot]]\nguest = \"{guest}\"\ndevice = \"{device}\"\nslot = 5\n")
        };

        assert_eq!(placed(&rule("*", "virtio/0")), Location::Pci { slot: 5 });
        assert_eq!(placed(&rule("old", "virtio/0")), Location::Pci { slot: 5 });
        // Of another guest, another device; and where the guest has been told another place.
        assert_eq!(placed(&rule("new", "virtio/0")), Location::Pci { slot: 8 });
        assert_eq!(placed(&rule("*", "xvde")), Location::Pci { slot: 8 });
        let mmio = "[[mmio]]\nguest = \"*\"\n";
        assert_eq!(
            placed(&(rule("*", "virtio/0") + mmio)),
            Location::Acpi { slot: 8 }
        );
    }

    #[test]
    fn a_place_that_no_bus_has_is_refused() {
        let failure = |device: &str, slot: &str| {
            let text = format!("[[slot]]\nguest = \"*\"\ndevice = \"{device}\"\nslot = {slot}");
            toml::from_str::<Config>(&text)
                .unwrap_err()
                .message()
                .to_owned()
        };

        assert_eq!(failure("xvde", "3"), "slot: 3 is not between 4 and 31");
        assert_eq!(failure("xvde", "32"), "slot: 32 is not between 4 and 31");
        assert_eq!(
            failure("sda", "5"),
            "device: \"sda\" is none, as virtio/0 or xvde is"
        );
    }

    #[test]
    fn a_device_with_no_place_on_the_guests_bus_is_named() {
        let server = rng(&[("base", "0"), ("irq", "0")]);
        let eighth = DeviceId { index: 8, ..RNG };

        let failure = failure(&server, eighth);

        assert!(failure.contains("no place for device 8 in a guest on x86"));
    }

    #[test]
    fn an_unparsable_base_is_named() {
        let server = rng(&[("base", "0x20000zz")]);

        assert_eq!(
            failure(&server, RNG),
            "base: \"0x20000zz\" is not an address of 0x200 bytes"
        );
    }

    #[test]
    fn a_base_at_the_end_of_the_address_space_is_refused() {
        let server = rng(&[("base", "0xfffffffffffffffc")]);

        assert!(failure(&server, RNG).contains("is not an address of 0x200 bytes"));
    }

    #[test]
    fn an_unknown_type_is_named() {
        let server = rng(&[("type", "virtio,device1a")]);

        assert!(failure(&server, RNG).starts_with("type: \"virtio,device1a\""));
    }

    #[test]
    fn a_type_without_a_number_is_refused() {
        let server = rng(&[("type", "virtio,device")]);

        assert!(failure(&server, RNG).contains("is not a device this version has"));
    }

    #[test]
    fn an_interrupt_of_a_vcpu_is_refused() {
        let server = rng(&[("irq", "31")]);

        assert!(failure(&server, RNG).contains("is not a shared interrupt"));
    }

    #[test]
    fn a_missing_image_is_named_with_its_key() {
        let server = disk("/nonexistent/disk.img", &[]);

        assert_eq!(
            failure(&server, DISK),
            "params: cannot open /nonexistent/disk.img for reading and writing"
        );
    }

    #[test]
    fn an_image_has_one_writer() {
        let image = tempfile::NamedTempFile::new().unwrap();
        let path = image.path().to_str().unwrap();
        let first = disk(path, &[]);
        let kept = read(&first.client(), PATH, (1, DISK), &Config::default()).unwrap();

        let reader = failure(&disk(path, &[("mode", "r")]), DISK);
        drop(kept);
        let second = read(&first.client(), PATH, (1, DISK), &Config::default());

        assert_eq!(
            reader,
            format!("params: {path} is in use by another device")
        );
        assert!(second.is_ok());
    }

    #[test]
    fn an_image_has_many_readers() {
        let image = tempfile::NamedTempFile::new().unwrap();
        let server = disk(image.path().to_str().unwrap(), &[("mode", "r")]);
        let client = server.client();

        let first = read(&client, PATH, (1, DISK), &Config::default());
        let second = read(&client, PATH, (1, DISK), &Config::default());

        assert!(first.is_ok() && second.is_ok());
    }

    #[test]
    fn a_fifo_is_opened_without_waiting_for_its_other_end() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        let made = std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap();
        assert!(made.success());
        let server = disk(fifo.to_str().unwrap(), &[("mode", "r")]);

        let found = read(&server.client(), PATH, (1, DISK), &Config::default());

        // That it is no disk is for the device to say.
        assert!(found.is_ok());
    }

    #[test]
    fn a_mode_that_is_neither_is_refused() {
        let image = tempfile::NamedTempFile::new().unwrap();
        let server = disk(image.path().to_str().unwrap(), &[("mode", "x")]);

        assert!(failure(&server, DISK).ends_with("mode: \"x\" is not r or w"));
    }
}
