// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is known of guests beyond the life of any process: a directory for each in `/run`.
//!
//! `lock` is held by whoever serves the guest, and says which guest it is and which IOREQ server it has.
//! Beside it is a record for each device, which the guest's process writes.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use xen_hypercall::dm_op::ServerId;
use xen_store::{Client, Store};

use crate::channel::DeviceId;

/// Where the directories are.
const GUESTS: &str = "/run/vhost-device-xen/guests";
/// The file that is locked.
const LOCK: &str = "lock";
/// More of it is not read.
const LONGEST: u64 = 4096;
/// How many processes a guest may lose [in a time](WHILE) until it is not served any more.
///
/// Attack: a guest that has found a way to end its process would keep the host busy with new ones.
const MOST_LOSSES: usize = 3;
/// In which time.
const WHILE: Duration = Duration::from_secs(60);

/// What is written into the lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
        let lock = private().open(dir.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(e),
        }
        let note = read(&lock).filter(|note| note.guest == guest);
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
            state.remove_records()?;
        }
        Ok(Some(state))
    }

    /// Whether there is something to go on with for a guest.
    pub fn is_there(store: &impl Store, domain: u16) -> bool {
        let note = File::open(Path::new(GUESTS).join(domain.to_string()).join(LOCK));
        let note = note.ok().and_then(|lock| read(&lock));
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

    /// Writes down which IOREQ server there is, or that there is none.
    ///
    /// # Errors
    ///
    /// When there is no room.
    pub fn set_server(&mut self, server: Option<ServerId>) -> io::Result<()> {
        self.note.server = server.map(|server| server.0);
        let text = serde_json::to_vec(&self.note)?;
        // Shorter at first: a part of it is nothing.
        self.lock.set_len(0)?;
        self.lock.write_all_at(&text, 0)
    }

    /// The record of a device, made if there is none.
    ///
    /// # Errors
    ///
    /// As open(2).
    pub fn record(&self, device: DeviceId) -> io::Result<File> {
        private().open(self.path(device))
    }

    /// Nothing is left of a device.
    pub fn forget(&self, device: DeviceId) {
        // Fails when there is none, which is what is wanted.
        let _ = fs::remove_file(self.path(device));
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
            .remove_records()
            .and_then(|()| fs::remove_file(self.dir.join(LOCK)))
            .and_then(|()| fs::remove_dir(&self.dir));
        if let Err(e) = removed {
            log::warn!("cannot remove {}: {e}", self.dir.display());
        }
    }

    fn remove_records(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_name() != LOCK {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn path(&self, DeviceId { directory, index }: DeviceId) -> PathBuf {
        self.dir.join(format!("{}-{index}", directory.name()))
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

/// What a lock says, if it is whole.
fn read(lock: &File) -> Option<Note> {
    let mut text = Vec::new();
    match lock.take(LONGEST).read_to_end(&mut text) {
        Ok(_) => serde_json::from_slice(&text).ok(),
        Err(e) if e.kind() == ErrorKind::NotFound => None,
        Err(e) => {
            log::warn!("cannot read a guest's lock: {e}");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Directory;

    const DEVICE: DeviceId = DeviceId {
        directory: Directory::Virtio,
        index: 0,
    };

    fn open(dir: &Path, guest: &str) -> GuestState {
        let state = GuestState::open_in(dir, 3, guest.into()).unwrap();
        state.unwrap()
    }

    #[test]
    fn what_is_known_of_a_guest_is_there_for_the_next_daemon() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = open(dir.path(), "a");
        assert_eq!(first.server(), None);
        first.set_server(Some(ServerId(3))).unwrap();
        first
            .record(DEVICE)
            .unwrap()
            .write_all_at(b"told", 0)
            .unwrap();
        drop(first);

        let second = open(dir.path(), "a");

        assert_eq!(second.server(), Some(ServerId(3)));
        assert_eq!(second.record(DEVICE).unwrap().metadata().unwrap().len(), 4);
        assert_eq!(domains(dir.path()), [3]);
    }

    #[test]
    fn another_guest_with_the_number_is_another() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = open(dir.path(), "a");
        first.set_server(Some(ServerId(3))).unwrap();
        first
            .record(DEVICE)
            .unwrap()
            .write_all_at(b"told", 0)
            .unwrap();
        drop(first);

        let second = open(dir.path(), "b");

        assert_eq!(second.server(), None);
        assert_eq!(second.record(DEVICE).unwrap().metadata().unwrap().len(), 0);
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
        state.record(DEVICE).unwrap();

        state.remove();

        assert!(domains(dir.path()).is_empty());
    }

    #[test]
    fn a_note_that_was_cut_off_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let mut state = open(dir.path(), "a");
        state.set_server(Some(ServerId(3))).unwrap();
        let len = state.lock().metadata().unwrap().len();
        state.lock().set_len(len - 1).unwrap();
        drop(state);

        assert_eq!(open(dir.path(), "a").server(), None);
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
