// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is known of a device besides how it fares: for lists, and for lines of the log.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use xen_store::Store;

use super::keys::Key;
use super::rules::Guest;
use super::{Entry, Supervisor};
use crate::channel::{DeviceKind, DeviceSpec};
use crate::control::{Device, Mode, State};

/// What the operator has done to a device that is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing: it is there.
    #[default]
    None,
    /// It is being taken away.
    Away,
    /// It was taken away.
    Gone,
    /// It is being given back.
    Back,
}

/// What is known of a device.
#[derive(Clone, Debug)]
pub(super) struct Details {
    pub guest: Guest,
    pub wish: Wish,
    /// A driver has become ready since the device was attached.
    pub is_used: bool,
    /// Why it is refused.
    pub reason: Option<String>,
    /// What it is, once that was found out.
    pub what: Option<What>,
}

/// What a device is.
#[derive(Clone, Debug)]
pub(super) struct What {
    kind: &'static str,
    vdev: Option<String>,
    mode: Mode,
    source: String,
    /// The file behind a disk, by device and inode.
    pub image: Option<(u64, u64)>,
    /// A disk that is written to.
    pub is_writable: bool,
}

impl Details {
    /// A device that nothing was done with yet.
    pub(super) fn find(store: &impl Store, (domain, _): Key, what: Option<What>) -> Self {
        Self {
            // Without XenStore it has no name.
            guest: Guest::find(store, domain).unwrap_or_default(),
            wish: Wish::None,
            is_used: false,
            reason: None,
            what,
        }
    }
}

impl What {
    /// A device as its process will have it.
    pub(super) fn new(spec: &DeviceSpec, file: Option<&File>) -> Self {
        let (kind, vdev, writable) = match &spec.kind {
            DeviceKind::Rng { .. } => ("rng", None, false),
            DeviceKind::I2c { .. } => ("i2c", None, false),
            DeviceKind::Gpio { .. } => ("gpio", None, false),
            DeviceKind::External(_) => ("external", None, false),
            DeviceKind::Block {
                read_only, serial, ..
            } => ("block", Some(serial.clone()), !read_only),
        };
        let path =
            file.and_then(|file| fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok());
        let source = match (&spec.kind, path) {
            (DeviceKind::External(external), _) => external.socket.display().to_string(),
            (_, Some(path)) => path.display().to_string(),
            (DeviceKind::Rng { .. }, None) => "getrandom".into(),
            (_, None) => "simulated".into(),
        };
        let image = file.filter(|_| kind == "block").and_then(inode);
        Self {
            kind,
            vdev,
            mode: match spec.grants {
                true => Mode::Grants,
                false => Mode::Foreign,
            },
            source,
            image,
            is_writable: writable,
        }
    }
}

/// Which file this is, whatever it is called.
pub(super) fn inode(file: &File) -> Option<(u64, u64)> {
    let found = file.metadata().ok()?;
    Some((found.dev(), found.ino()))
}

impl Supervisor {
    /// What is known of a device, which is found out if need be.
    pub(super) fn details(&mut self, key: Key) -> &mut Details {
        let details = self.details.entry(key);
        details.or_insert_with(|| Details::find(&self.store, key, None))
    }

    /// A device, and whose it is, in lines of the log.
    pub(super) fn who(&self, key: Key) -> String {
        let (domain, id) = key;
        let (guest, directory) = (self.whose(domain), id.directory.name());
        format!("{guest}: {directory}/{domain}/{}", id.index)
    }

    /// A guest in lines of the log.
    pub(super) fn whose(&self, domain: u16) -> String {
        let of_it = |(key, _): &(&Key, &Details)| key.0 == domain;
        match self.details.iter().find(of_it) {
            Some((_, found)) if !found.guest.name.is_empty() => {
                format!("domain {domain} ({})", found.guest.name)
            }
            _ => format!("domain {domain}"),
        }
    }

    /// What a device is, in lines of the log.
    pub(super) fn what(&self, key: Key) -> String {
        let details = self.details.get(&key);
        let what = details.and_then(|details| details.what.as_ref());
        what.map_or_else(String::new, |what| {
            let vdev = what.vdev.as_ref().map(|vdev| format!(" {vdev}"));
            let (vdev, mode) = (vdev.unwrap_or_default(), what.mode.name());
            format!("{}{vdev}, {mode}, {}", what.kind, what.source)
        })
    }

    /// Forgets what is known of devices that are no more.
    pub(super) fn forget_details(&mut self) {
        let devices = &self.devices;
        self.details.retain(|key, _| devices.contains_key(key));
    }

    /// A device as clients see it.
    pub(super) fn device(&self, key: Key, entry: Entry) -> Device {
        let (domain, id) = key;
        let details = self.details.get(&key);
        let what = details.and_then(|details| details.what.as_ref());
        let guest = details.map(|details| details.guest.clone());
        let Guest { name, uuid } = guest.unwrap_or_default();
        let is_here = matches!(entry, Entry::Attaching | Entry::Attached);
        let process = self.guests.get(&domain).filter(|_| is_here);
        Device {
            domain,
            guest: name,
            uuid,
            device: format!("{}/{}", id.directory.name(), id.index),
            kind: what.map(|what| what.kind.to_owned()),
            vdev: what.and_then(|what| what.vdev.clone()),
            state: state(entry, details),
            reason: details.and_then(|details| details.reason.clone()),
            mode: what.map(|what| what.mode),
            pid: process.map(super::process::GuestProcess::id),
            source: what.map(|what| what.source.clone()),
            stats: None,
            silent: false,
        }
    }
}

/// How a device fares, in the words of clients.
fn state(entry: Entry, details: Option<&Details>) -> State {
    match entry {
        Entry::Attaching => State::Attaching,
        Entry::Detaching(_) => State::Ending,
        Entry::Refused => State::Refused,
        Entry::Closed => State::Closed,
        Entry::Attached => match details.map(|details| (details.wish, details.is_used)) {
            Some((Wish::Away, _)) => State::Detaching,
            Some((Wish::Gone, _)) => State::Detached,
            Some((Wish::Back, _)) => State::Attaching,
            Some((Wish::None, true)) => State::Connected,
            Some((Wish::None, false)) | None => State::Served,
        },
    }
}
