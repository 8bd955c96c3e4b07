// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Which hardware of the host a device of a guest is given, and opening that.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use backends::gpio::HostChip;
use xen_store::Store;

use super::keys::{Key, directory_path};
use super::spec::{Error, open};
use crate::channel::{DeviceId, DeviceKind, Directory, External};
use crate::config::{self, BlockOptions, Config, Gpio, Hardware, I2c, Scope, Slot, Whole};

/// A guest by what the configuration may call it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guest {
    /// What its owner calls it.
    pub name: String,
    /// What it is in all its lives.
    pub uuid: String,
}

impl Guest {
    /// Finds a domain's names in XenStore.
    ///
    /// # Errors
    ///
    /// When XenStore does not answer. A name that is not there is empty.
    pub fn find(store: &impl Store, domain: u16) -> Result<Self, xen_store::Error> {
        let key = |key| store.read_string(&format!("/local/domain/{domain}/{key}"));
        let vm = key("vm")?.unwrap_or_default();
        Ok(Self {
            name: key("name")?.unwrap_or_default(),
            uuid: vm.strip_prefix("/vm/").unwrap_or_default().to_owned(),
        })
    }

    /// Whether this is the guest's name or UUID.
    pub fn is_called(&self, guest: &str) -> bool {
        guest == self.name || guest.eq_ignore_ascii_case(&self.uuid)
    }

    /// Whether a rule is for device `index` of this guest.
    fn has(&self, scope: &Scope, index: u32) -> bool {
        let Scope { guest, index: only } = scope;
        let is_named = guest == "*" || self.is_called(guest);
        is_named && only.is_none_or(|only| only == index)
    }

    /// The first of `rules` for device `index` of this guest.
    fn rule<'r, R>(
        &self,
        section: &'static str,
        rules: &'r [R],
        scope: impl Fn(&R) -> &Scope,
        index: u32,
    ) -> Result<&'r R, Error> {
        let found = rules.iter().find(|rule| self.has(scope(rule), index));
        found.ok_or_else(|| Error::NoRule {
            section,
            guest: self.name.clone(),
            index,
        })
    }
}

/// Whether the configuration has the devices of a guest on its PCI bus.
///
/// # Errors
///
/// When XenStore does not answer.
pub fn is_of(
    store: &impl Store,
    (domain, id): Key,
    rules: &[Whole],
) -> Result<bool, xen_store::Error> {
    if rules.is_empty() {
        return Ok(false);
    }
    let guest = Guest::find(store, domain)?;
    let mut rules = rules.iter();
    Ok(rules.any(|rule| guest.has(&rule.scope, id.index)))
}

/// The place that the configuration has for a device on the PCI bus of its guest, if it has one.
///
/// # Errors
///
/// When XenStore does not answer.
pub fn slot_of(
    store: &impl Store,
    (domain, id): Key,
    rules: &[Slot],
) -> Result<Option<u8>, xen_store::Error> {
    let mut rules = rules.iter().filter(|rule| rule.device == id).peekable();
    if rules.peek().is_none() {
        return Ok(None);
    }
    let guest = Guest::find(store, domain)?;
    let found = rules.find(|rule| guest.has(&rule.scope, id.index));
    Ok(found.map(|rule| rule.slot))
}

/// The guests that have devices, and whom the configuration has on PCI: by number and name.
///
/// # Errors
///
/// When XenStore does not answer.
pub fn guests_on_pci(
    store: &impl Store,
    config: &Config,
) -> Result<BTreeMap<u16, String>, xen_store::Error> {
    let mut guests = BTreeMap::new();
    for directory in [Directory::Virtio, Directory::Disk] {
        let domains = store.directory(&directory_path(directory))?;
        let domains = domains.unwrap_or_default();
        for domain in domains.iter().filter_map(|domain| domain.parse().ok()) {
            let id = DeviceId {
                directory,
                index: 0,
            };
            if is_of(store, (domain, id), &config.pci)? {
                guests.insert(domain, Guest::find(store, domain)?.name);
            }
        }
    }
    Ok(guests)
}

/// The process that the configuration has for a device of a type, if it has one.
///
/// # Errors
///
/// When XenStore does not answer.
pub fn external(
    store: &impl Store,
    (domain, id): Key,
    device: u32,
    config: &Config,
) -> Result<Option<External>, Error> {
    if config.external.is_empty() {
        return Ok(None);
    }
    let guest = Guest::find(store, domain)?;
    let is_it =
        |rule: &&config::External| rule.device == device && guest.has(&rule.scope, id.index);
    let Some(rule) = config.external.iter().find(is_it) else {
        return Ok(None);
    };
    let key = format!("/local/domain/{domain}/memory/static-max");
    let kib: u64 = store.read_parsed(&key)?.unwrap_or(0);
    Ok(Some(External {
        device,
        socket: rule.socket.clone(),
        queues: rule.queues,
        queue_size: rule.queue_size,
        config: rule.config,
        memory: kib.saturating_mul(1024),
    }))
}

/// How the configuration has a disk used that the guest's `disk=` line calls `vdev`.
///
/// # Errors
///
/// When XenStore does not answer.
pub fn block(
    store: &impl Store,
    (domain, id): Key,
    config: &Config,
    vdev: &str,
) -> Result<BlockOptions, Error> {
    if config.block.is_empty() {
        return Ok(BlockOptions::default());
    }
    let guest = Guest::find(store, domain)?;
    let mut rules = config.block.iter();
    let found = rules.find(|rule| {
        let is_it = rule.vdev.as_deref().is_none_or(|only| only == vdev);
        is_it && guest.has(&rule.scope, id.index)
    });
    Ok(found.map(|rule| rule.options).unwrap_or_default())
}

/// The I2C adapter that the configuration gives a device.
///
/// # Errors
///
/// [`Error`], naming the section and the key.
pub fn i2c(
    store: &impl Store,
    (domain, id): Key,
    config: &Config,
) -> Result<(DeviceKind, Option<File>), Error> {
    let guest = Guest::find(store, domain)?;
    let rule: &I2c = guest.rule("[[i2c]]", &config.i2c, |rule| &rule.scope, id.index)?;
    let file = adapter("[[i2c]] adapter", &rule.adapter)?;
    let addresses = rule.addresses.clone().map(Into::into);
    Ok((DeviceKind::I2c { addresses }, file))
}

/// Opens the I2C adapter that `key` names, unless it is a simulation.
///
/// # Errors
///
/// [`Error`], naming the key.
pub fn adapter(key: &'static str, hardware: &Hardware) -> Result<Option<File>, Error> {
    let path = match hardware {
        Hardware::Simulated => return Ok(None),
        Hardware::Number(number) => PathBuf::from(format!("/dev/i2c-{number}")),
        Hardware::Path(path) => path.clone(),
        Hardware::Name(name) => named_adapter(key, Path::new("/sys/class/i2c-dev"), name)?,
    };
    open(key, path, true).map(Some)
}

/// The device node of the only adapter that is called `name`, of those in `class`.
fn named_adapter(key: &'static str, class: &Path, name: &str) -> Result<PathBuf, Error> {
    let is_it = |entry: &fs::DirEntry| {
        fs::read_to_string(entry.path().join("name")).is_ok_and(|text| text.trim_end() == name)
    };
    let entries = fs::read_dir(class).into_iter().flatten().flatten();
    let found: Vec<_> = entries.filter(is_it).collect();
    only(&found, key, name).map(|entry| Path::new("/dev").join(entry.file_name()))
}

/// The GPIO chip that the configuration gives a device.
///
/// # Errors
///
/// [`Error`], naming the section and the key.
pub fn gpio(
    store: &impl Store,
    (domain, id): Key,
    config: &Config,
) -> Result<(DeviceKind, Option<File>), Error> {
    let guest = Guest::find(store, domain)?;
    let rule: &Gpio = guest.rule("[[gpio]]", &config.gpio, |rule| &rule.scope, id.index)?;
    let file = chip("[[gpio]] chip", &rule.chip)?;
    let lines = rule.lines.clone().map(Into::into);
    Ok((DeviceKind::Gpio { lines }, file))
}

/// Opens the GPIO chip that `key` names, unless it is a simulation.
///
/// # Errors
///
/// [`Error`], naming the key.
pub fn chip(key: &'static str, hardware: &Hardware) -> Result<Option<File>, Error> {
    let path = match hardware {
        Hardware::Simulated => return Ok(None),
        Hardware::Number(number) => PathBuf::from(format!("/dev/gpiochip{number}")),
        Hardware::Path(path) => path.clone(),
        Hardware::Name(name) => return labelled_chip(key, Path::new("/dev"), name).map(Some),
    };
    open(key, path, true).map(Some)
}

/// The only chip with this label, of those whose nodes are in `dev`.
fn labelled_chip(key: &'static str, dev: &Path, name: &str) -> Result<File, Error> {
    let is_chip = |entry: &fs::DirEntry| {
        let name = entry.file_name();
        name.to_str()
            .is_some_and(|name| name.starts_with("gpiochip"))
    };
    let entries = fs::read_dir(dev).into_iter().flatten().flatten();
    let files = entries
        .filter(is_chip)
        .filter_map(|entry| open(key, entry.path(), true).ok());
    let is_it = |file: &File| HostChip::label(file).is_ok_and(|label| label == name);
    let mut found: Vec<_> = files.filter(is_it).collect();
    only(&found, key, name)?;
    Ok(found.swap_remove(0))
}

/// The one that was found, if it is one.
fn only<'f, T>(found: &'f [T], key: &'static str, name: &str) -> Result<&'f T, Error> {
    let wanted = match found {
        [found] => return Ok(found),
        [] => "the name of any on this host",
        _ => "the name of only one: use its number",
    };
    Err(Error::Value {
        key,
        value: name.into(),
        wanted,
    })
}

#[cfg(test)]
mod tests {
    use xen_store::sim::Server;

    use super::*;

    const DEVICE: Key = (
        7,
        DeviceId {
            directory: Directory::Virtio,
            index: 1,
        },
    );

    fn server() -> Server {
        let server = Server::new();
        server.write("/local/domain/7/name", "sensor");
        server.write(
            "/local/domain/7/vm",
            "/vm/6f0c7a0e-95b0-4d35-a1b1-0d4d6e3b5a6e",
        );
        server
    }

    /// The addresses of the rule that applies, or why there is none.
    fn addresses(text: &str) -> Result<Option<Vec<u8>>, String> {
        let config: Config = toml::from_str(text).unwrap();
        match i2c(&server().client(), DEVICE, &config) {
            Ok((DeviceKind::I2c { addresses }, _)) => Ok(addresses),
            Ok(other) => panic!("{other:?}"),
            Err(e) => Err(e.to_string()),
        }
    }

    #[test]
    fn the_first_rule_for_the_guest_counts() {
        let found = addresses(
            "[[i2c]]\nguest = \"other\"\nadapter = \"sim\"\naddresses = [1]\n\
             [[i2c]]\nguest = \"sensor\"\nindex = 0\nadapter = \"sim\"\naddresses = [2]\n\
             [[i2c]]\nguest = \"sensor\"\nindex = 1\nadapter = \"sim\"\naddresses = [3]\n\
             [[i2c]]\nguest = \"*\"\nadapter = \"sim\"\naddresses = [4]\n",
        );

        assert_eq!(found, Ok(Some(vec![3])));
    }

    #[test]
    fn a_disk_has_the_first_rule_that_fits() {
        let text = "[[block]]\nguest = \"other\"\nqueues = 2\n\
                    [[block]]\nguest = \"sensor\"\nvdev = \"xvda\"\nqueues = 3\n\
                    [[block]]\nguest = \"sensor\"\nqueues = 4\n";
        let config: Config = toml::from_str(text).unwrap();
        let queues = |config: &Config, vdev| {
            let found = block(&server().client(), DEVICE, config, vdev);
            found.unwrap().queues.0
        };

        assert_eq!(queues(&config, "xvda"), 3);
        assert_eq!(queues(&config, "xvdb"), 4);
        assert_eq!(queues(&Config::default(), "xvda"), 1);
    }

    #[test]
    fn guests_on_pci_are_those_with_a_rule_and_devices() {
        let server = server();
        for (domain, name) in [(8, "other"), (9, "fast")] {
            server.write(&format!("/local/domain/{domain}/name"), name);
        }
        for place in ["virtio/7/0", "virtio/8/0", "virtio_disk/8/51712"] {
            server.write(&format!("/local/domain/0/backend/{place}/state"), "1");
        }
        let on_pci = |text: &str| {
            let config: Config = toml::from_str(text).unwrap();
            let found = guests_on_pci(&server.client(), &config).unwrap();
            Vec::from_iter(found)
        };

        assert_eq!(on_pci(""), []);
        let both = [(7, "sensor".to_owned()), (8, "other".to_owned())];
        assert_eq!(on_pci("[[pci]]\nguest = \"*\"\n"), both);
        let rules = "[[pci]]\nguest = \"fast\"\n[[pci]]\nguest = \"other\"\n";
        assert_eq!(on_pci(rules), both[1..]);
    }

    #[test]
    fn a_guest_may_be_called_by_its_uuid() {
        let found = addresses(
            "[[i2c]]\nguest = \"6F0C7A0E-95b0-4d35-a1b1-0d4d6e3b5a6e\"\nadapter = \"sim\"\n",
        );

        assert_eq!(found, Ok(None));
    }

    #[test]
    fn a_guest_without_a_rule_is_named() {
        let found = addresses("[[i2c]]\nguest = \"other\"\nadapter = \"sim\"\n");

        assert_eq!(
            found.unwrap_err(),
            "the configuration has no [[i2c]] for device 1 of guest \"sensor\""
        );
    }

    #[test]
    fn an_adapter_that_is_not_there_is_named() {
        let found = addresses("[[i2c]]\nguest = \"*\"\nadapter = 99999\n");

        assert_eq!(
            found.unwrap_err(),
            "[[i2c]] adapter: cannot open /dev/i2c-99999 for reading and writing"
        );
    }

    #[test]
    fn a_chip_that_is_not_there_is_named() {
        let text = "[[gpio]]\nguest = \"*\"\nindex = 1\nchip = \"no such label\"\n";
        let config: Config = toml::from_str(text).unwrap();

        let error = gpio(&server().client(), DEVICE, &config).unwrap_err();

        assert_eq!(
            error.to_string(),
            "[[gpio]] chip: \"no such label\" is not the name of any on this host"
        );
    }

    #[test]
    fn a_simulated_chip_has_the_lines_of_its_rule() {
        let text = "[[gpio]]\nguest = \"*\"\nchip = \"sim\"\nlines = [3, 2]\n";
        let config: Config = toml::from_str(text).unwrap();

        let (kind, file) = gpio(&server().client(), DEVICE, &config).unwrap();

        assert!(file.is_none());
        let lines = Some(vec![3, 2]);
        assert_eq!(kind, DeviceKind::Gpio { lines });
    }

    #[test]
    fn adapters_are_found_by_name_if_there_is_one() {
        let class = tempfile::tempdir().unwrap();
        let names = [("i2c-0", "one"), ("i2c-1", "two"), ("i2c-2", "two")];
        for (node, name) in names {
            fs::create_dir(class.path().join(node)).unwrap();
            fs::write(class.path().join(node).join("name"), format!("{name}\n")).unwrap();
        }
        let find =
            |name| named_adapter("[[i2c]] adapter", class.path(), name).map_err(|e| e.to_string());

        assert_eq!(find("one"), Ok(PathBuf::from("/dev/i2c-0")));
        assert_eq!(
            find("two").unwrap_err(),
            "[[i2c]] adapter: \"two\" is not the name of only one: use its number"
        );
        assert_eq!(
            find("three").unwrap_err(),
            "[[i2c]] adapter: \"three\" is not the name of any on this host"
        );
    }
}
