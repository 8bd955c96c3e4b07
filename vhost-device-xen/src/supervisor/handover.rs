// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is known of guests beyond the life of any process: a directory for each in `/run`.
//!
//! `lock` is held by whoever serves the guest; `note` says which guest it is and which IOREQ server it has.
//! Beside them are two files for each device: what it is, and a record that the guest's process writes.

use std::collections::{BTreeSet, VecDeque};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xen_hypercall::dm_op::ServerId;
use xen_store::{Client, Store};

use crate::channel::{DeviceId, DeviceSpec};

/// Where the directories are.
const GUESTS: &str = "/run/vhost-device-xen/guests";
/// The file that is locked.
const LOCK: &str = "lock";
/// The file that says whose it is.
const NOTE: &str = "note";
/// A file that is about to take the place of another one.
const NEW: &str = "new";
/// More of a file is not read.
const LONGEST: u64 = 16 * 1024;
/// How many processes a guest may lose [in a time](WHILE) until it is not served any more.
///
/// Attack: a guest that has found a way to end its process would keep the host busy with new ones.
const MOST_LOSSES: usize = 3;
/// In which time.
const WHILE: Duration = Duration::from_secs(60);

/// What is written into the note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    /// Which guest: numbers of domains are used again.
    guest: String,
    /// Its IOREQ server.
    server: Option<u16>,
}

/// The directory of a guest that is served from here, and its lock.
#[derive(Debug)]
pub struct GuestState {
    dir: PathBuf,
    lock: File,
    note: Note,
    /// When processes were lost.
    losses: VecDeque<Instant>,
}

impl GuestState {
    /// Opens the directory of a guest, made if there is none; `None` as long as the process of a daemon that
    /// is no more still serves it.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn open(store: &impl Store, domain: u16) -> io::Result<Option<Self>> {
        let guest = identity(store, domain).map_err(io::Error::other)?;
        Self::open_in(Path::new(GUESTS), domain, guest)
    }

    fn open_in(guests: &Path, domain: u16, guest: String) -> io::Result<Option<Self>> {
        let dir = guests.join(domain.to_string());
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&dir)?;
        // The guest's process gets it, and is not to write to it.
        drop(private().open(dir.join(LOCK))?);
        let lock = File::open(dir.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(e),
        }
        let note = read::<Note>(&dir.join(NOTE)).filter(|note| note.guest == guest);
        let is_known = note.is_some();
        let state = Self {
            dir,
            lock,
            note: note.unwrap_or(Note {
                guest,
                server: None,
            }),
            losses: VecDeque::new(),
        };
        if !is_known {
            // Of a guest that is no more.
            state.remove_all_but(&BTreeSet::new())?;
        }
        Ok(Some(state))
    }

    /// Whether there is something to go on with for a guest.
    pub fn is_there(store: &impl Store, domain: u16) -> bool {
        let path = Path::new(GUESTS).join(domain.to_string()).join(NOTE);
        let note = read::<Note>(&path);
        let guest = identity(store, domain).unwrap_or_default();
        note.is_some_and(|note| note.guest == guest && note.server.is_some())
    }

    /// The lock, for the guest's process to hold, too.
    pub fn lock(&self) -> &File {
        &self.lock
    }

    /// The IOREQ server that there is already.
    pub fn server(&self) -> Option<ServerId> {
        self.note.server.map(ServerId)
    }

    /// Writes down which IOREQ server there is.
    ///
    /// # Errors
    ///
    /// When there is no room.
    pub fn set_server(&mut self, server: ServerId) -> io::Result<()> {
        self.note.server = Some(server.0);
        self.write(&self.dir.join(NOTE), &self.note)
    }

    /// The record of a device: the one that there is, or a new one.
    ///
    /// # Errors
    ///
    /// As open(2).
    pub fn record(&self, spec: &DeviceSpec, is_new: bool) -> io::Result<File> {
        if is_new {
            self.forget(spec.id);
            self.save(spec)?;
        }
        private().open(self.path(spec.id, ""))
    }

    /// Writes down what a device is.
    ///
    /// # Errors
    ///
    /// When there is no room.
    pub fn save(&self, spec: &DeviceSpec) -> io::Result<()> {
        self.write(&self.path(spec.id, ".json"), spec)
    }

    /// What a device is that was served before, whatever the configuration says now.
    pub fn spec(&self, device: DeviceId) -> Option<DeviceSpec> {
        read(&self.path(device, ".json"))
    }

    /// Writes a file as a whole: a process that is killed meanwhile, and a file system that is full, leave the
    /// old one.
    fn write(&self, path: &Path, content: &impl Serialize) -> io::Result<()> {
        let new = self.dir.join(NEW);
        fs::write(&new, serde_json::to_vec(content)?)?;
        fs::rename(new, path)
    }

    /// Nothing is left of a device.
    pub fn forget(&self, device: DeviceId) {
        for end in ["", ".json"] {
            // Fails when there is none, which is what is wanted.
            let _ = fs::remove_file(self.path(device, end));
        }
    }

    /// Forgets all devices but these.
    pub fn retain(&self, devices: impl Iterator<Item = DeviceId>) {
        let kept = devices
            .flat_map(|device| ["", ".json"].map(|end| self.path(device, end)))
            .chain([self.dir.join(NOTE)])
            .collect();
        if let Err(e) = self.remove_all_but(&kept) {
            log::warn!("cannot remove files of {}: {e}", self.dir.display());
        }
    }

    /// Counts the loss of a process; says whether there may be another one.
    pub fn lose(&mut self, now: Instant) -> bool {
        self.losses.retain(|then| now.duration_since(*then) < WHILE);
        self.losses.push_back(now);
        self.losses.len() <= MOST_LOSSES
    }

    /// Nothing is left of the guest.
    pub fn remove(self) {
        let removed = self
            .remove_all_but(&BTreeSet::new())
            .and_then(|()| fs::remove_file(self.dir.join(LOCK)))
            .and_then(|()| fs::remove_dir(&self.dir));
        if let Err(e) = removed {
            log::warn!("cannot remove {}: {e}", self.dir.display());
        }
    }

    /// Removes all files but these and the lock.
    fn remove_all_but(&self, kept: &BTreeSet<PathBuf>) -> io::Result<()> {
        let mut outcome = Ok(());
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path != self.dir.join(LOCK) && !kept.contains(&path) {
                outcome = outcome.and(fs::remove_file(path));
            }
        }
        outcome
    }

    fn path(&self, DeviceId { directory, index }: DeviceId, end: &str) -> PathBuf {
        self.dir.join(format!("{}-{index}{end}", directory.name()))
    }
}

/// Removes what is left of guests that are no more.
pub fn sweep(store: &Client) {
    for domain in domains(Path::new(GUESTS)) {
        let is_gone = store.is_introduced(domain).is_ok_and(|is| !is);
        if is_gone && let Ok(Some(state)) = GuestState::open(store, domain) {
            state.remove();
        }
    }
}

/// The guests that have a directory.
fn domains(guests: &Path) -> Vec<u16> {
    let entries = fs::read_dir(guests).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    names
        .filter_map(|name| name.to_str()?.parse().ok())
        .collect()
}

/// What tells a guest from others that have had its number: empty of one that is gone.
fn identity(store: &impl Store, domain: u16) -> Result<String, xen_store::Error> {
    let vm = store.read_string(&format!("/local/domain/{domain}/vm"))?;
    let Some(vm) = vm.filter(|vm| vm.starts_with('/')) else {
        return Ok(String::new());
    };
    let start = store.read_string(&format!("{vm}/start_time"))?;
    Ok(format!("{vm} {}", start.unwrap_or_default()))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}

/// What a file says, if it is there and whole.
fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_end(&mut text));
    match read {
        Ok(_) => serde_json::from_slice(&text).ok(),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => {
            log::warn!("cannot read {}: {e}", path.display());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::channel::{DeviceKind, Directory, Location, Registers};

    fn rng() -> DeviceSpec {
        DeviceSpec {
            id: DeviceId {
                directory: Directory::Virtio,
                index: 0,
            },
            location: Location::Mmio(Registers {
                base: 0x200_0000,
                irq: 33,
            }),
            grants: true,
            kind: DeviceKind::Rng { rate: None },
        }
    }

    fn open(dir: &Path, guest: &str) -> GuestState {
        let state = GuestState::open_in(dir, 3, guest.into()).unwrap();
        state.unwrap()
    }

    /// A process writes down what it was told.
    fn tell(state: &GuestState) {
        let record = state.record(&rng(), true).unwrap();
        record.write_all_at(b"told", 0).unwrap();
    }

    #[test]
    fn what_is_known_of_a_guest_is_there_for_the_next_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = open(dir.path(), "a");
        assert_eq!(first.server(), None);
        first.set_server(ServerId(3)).unwrap();
        tell(&first);
        drop(first);

        let second = open(dir.path(), "a");

        assert_eq!(second.server(), Some(ServerId(3)));
        assert_eq!(second.spec(rng().id), Some(rng()));
        let len = |is_new| {
            second
                .record(&rng(), is_new)
                .unwrap()
                .metadata()
                .unwrap()
                .len()
        };
        assert_eq!((len(false), len(true)), (4, 0));
        assert_eq!(domains(dir.path()), [3]);
    }

    #[test]
    fn another_guest_with_the_number_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = open(dir.path(), "a");
        first.set_server(ServerId(3)).unwrap();
        tell(&first);
        drop(first);

        let second = open(dir.path(), "b");

        assert_eq!(second.server(), None);
        assert_eq!(second.spec(rng().id), None);
        let record = second.record(&rng(), false).unwrap();
        assert_eq!(record.metadata().unwrap().len(), 0);
    }

    #[test]
    fn a_guest_that_somebody_serves_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let first = open(dir.path(), "a");
        let held = first.lock().try_clone().unwrap();
        drop(first);

        assert!(
            GuestState::open_in(dir.path(), 3, "a".into())
                .unwrap()
                .is_none()
        );
        drop(held);
        open(dir.path(), "a");
    }

    #[test]
    fn nothing_is_left_of_a_guest_that_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let state = open(dir.path(), "a");
        state.record(&rng(), true).unwrap();

        state.remove();

        assert!(domains(dir.path()).is_empty());
    }

    #[test]
    fn a_note_that_makes_no_sense_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let mut state = open(dir.path(), "a");
        state.set_server(ServerId(3)).unwrap();
        fs::write(state.dir.join(NOTE), b"{").unwrap();
        drop(state);

        assert_eq!(open(dir.path(), "a").server(), None);
    }

    /// Whoever has it could fill the file system.
    #[test]
    fn the_lock_is_not_to_be_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let state = open(dir.path(), "a");

        assert!(state.lock().write_all_at(b"x", 0).is_err());
    }

    #[test]
    fn a_guest_that_loses_many_processes_gets_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let mut state = open(dir.path(), "a");
        let start = Instant::now();

        let soon: Vec<bool> = (0..4).map(|_| state.lose(start)).collect();
        let later = state.lose(start + WHILE);

        assert_eq!(soon, [true, true, true, false]);
        assert!(later);
    }
}
