// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the supervisor does for the clients of the control socket, and for SIGHUP.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Seek, SeekFrom};

use event_manager::EventOps;
use xen_store::Store;

use super::clients::{CHANGE, STATS, Wait};
use super::details::{What, Wish, inode};
use super::guests::plain;
use super::keys::{Key, device_path};
use super::process::Kept;
use super::{Entry, Error, Supervisor, spec};
use crate::channel::{Command, Report};
use crate::config::Config;
use crate::control::{Answer, Received, Request};
use crate::guest::chain;

/// What an image's length is a multiple of.
const SECTOR: u64 = 512;

/// Why a disk has not got another size.
#[derive(Debug, thiserror::Error)]
enum SizeError {
    #[error("{bytes} bytes are no size for a disk: it has to be a multiple of 512, and not 0")]
    Size { bytes: u64 },
    #[error("only disks have a size")]
    NoDisk,
    #[error("the disk is read-only")]
    ReadOnly,
    #[error("the image is not the file any more that its path names")]
    Replaced,
    #[error("it would shrink from {old} bytes to {new}, and what is behind would be lost")]
    Shrinks { old: u64, new: u64 },
    #[error("a block device has the size that it has: change that, and look again")]
    BlockDevice,
    #[error("cannot measure the image")]
    Measure(#[source] io::Error),
    #[error("cannot set the length of the image")]
    Set(#[source] io::Error),
    #[error(transparent)]
    Open(#[from] spec::Error),
    #[error(transparent)]
    Store(#[from] xen_store::Error),
}

impl Supervisor {
    /// Does what clients have asked for, as far as it can be done now.
    pub(super) fn serve_clients(&mut self, ops: &mut EventOps) -> Result<(), Error> {
        self.finish_waits();
        let mut outcome = Ok(());
        for number in self.clients.numbers() {
            while let Some(connection) = self.clients.listening(number) {
                let done = match connection.receive() {
                    Received::Nothing => break,
                    Received::Ended => {
                        self.clients.remove(number, ops);
                        break;
                    }
                    Received::Nonsense(why) => {
                        let answer = Answer::error(format!("no request: {why}"));
                        self.clients.answer(number, &answer);
                        Ok(())
                    }
                    Received::Request(request) => self.on_request(number, request, ops),
                };
                outcome = outcome.and(done);
            }
        }
        if self.details.len() > self.devices.len() {
            self.forget_details();
        }
        // Some of what was asked for can be answered at once.
        self.finish_waits();
        self.clients.settle(ops);
        outcome
    }

    fn on_request(
        &mut self,
        number: u16,
        request: Request,
        ops: &mut EventOps,
    ) -> Result<(), Error> {
        let answer = match request {
            Request::List => Ok(Some(self.list())),
            Request::Stats { guest } => self.stats(number, guest.as_deref()).map(|()| None),
            Request::Attach { guest, device } => match self.find(&guest, &device) {
                Ok(key) => return self.attach_again(number, key, ops),
                Err(e) => Err(e),
            },
            Request::Detach { guest, device } => self
                .find(&guest, &device)
                .and_then(|key| self.withdraw(number, key))
                .map(|()| None),
            Request::Resize {
                guest,
                device,
                bytes,
                shrink,
            } => self
                .find(&guest, &device)
                .and_then(|key| self.resize(key, bytes, shrink))
                .map(Some),
        };
        match answer {
            Ok(Some(answer)) => self.clients.answer(number, &answer),
            Ok(None) => {}
            Err(why) => self.clients.answer(number, &Answer::error(why)),
        }
        Ok(())
    }

    fn list(&mut self) -> Answer {
        self.forget_details();
        let devices = self.devices.iter();
        Answer::devices(
            devices
                .map(|(key, entry)| self.device(*key, *entry))
                .collect(),
        )
    }

    /// Whether a guest is called so: by number, name or UUID.
    fn is_called(&self, key: Key, guest: &str) -> bool {
        let (domain, _) = key;
        let names = self.details.get(&key).map(|details| &details.guest);
        guest.parse() == Ok(domain) || names.is_some_and(|names| names.is_called(guest))
    }

    /// The devices of a guest, or of all.
    fn of_guest(&self, guest: Option<&str>) -> Result<Vec<(Key, Entry)>, String> {
        let all = self.devices.iter().map(|(key, entry)| (*key, *entry));
        let Some(guest) = guest else {
            return Ok(all.collect());
        };
        let found: Vec<_> = all.filter(|(key, _)| self.is_called(*key, guest)).collect();
        let domains: BTreeSet<u16> = found.iter().map(|((domain, _), _)| *domain).collect();
        match domains.len() {
            0 => Err(format!("no guest {guest:?} with a device")),
            1 => Ok(found),
            _ => Err(format!(
                "{guest:?} is several guests: say which by its number"
            )),
        }
    }

    fn find(&self, guest: &str, device: &str) -> Result<Key, String> {
        let found = self
            .of_guest(Some(guest))?
            .into_iter()
            .find(|(key, entry)| {
                let named = self.device(*key, *entry);
                named.device == device || named.vdev.as_deref() == Some(device)
            });
        found
            .map(|(key, _)| key)
            .ok_or_else(|| format!("guest {guest:?} has no device {device:?}"))
    }

    /// Asks the processes of a guest, or of all, what their devices have done.
    fn stats(&mut self, number: u16, guest: Option<&str>) -> Result<(), String> {
        self.forget_details();
        let (mut devices, mut missing) = (BTreeMap::new(), BTreeSet::new());
        for (key, entry) in self.of_guest(guest)? {
            let (domain, id) = key;
            let mut device = self.device(key, entry);
            let process = self.guests.get(&domain);
            if let (Entry::Attached, Some(process)) = (entry, process) {
                // One that cannot be reached will not answer.
                match process.send(&Command::Stats(id)) {
                    Ok(()) => _ = missing.insert(key),
                    Err(_) => device.silent = true,
                }
            }
            devices.insert(key, device);
        }
        self.clients
            .wait(number, Wait::Stats(devices, missing), STATS);
        Ok(())
    }

    /// Takes a device away from a guest that goes on.
    fn withdraw(&mut self, number: u16, key: Key) -> Result<(), String> {
        let (domain, id) = key;
        let wish = self.details(key).wish;
        match (self.devices.get(&key), wish) {
            (Some(Entry::Attached), Wish::None) => {}
            (Some(Entry::Attached), Wish::Away | Wish::Gone) => {
                self.clients.wait(number, Wait::Detach(key), CHANGE);
                return Ok(());
            }
            _ => return Err("the device is not served now".into()),
        }
        let process = self.guests.get(&domain).ok_or("the guest has no process")?;
        process
            .send(&Command::Withdraw(id))
            .map_err(|e| Kept::Silent(e).to_string())?;
        self.details(key).wish = Wish::Away;
        self.clients.wait(number, Wait::Detach(key), CHANGE);
        Ok(())
    }

    /// Serves a device that was refused or taken away.
    fn attach_again(&mut self, number: u16, key: Key, ops: &mut EventOps) -> Result<(), Error> {
        let wish = self.details(key).wish;
        let mut outcome = Ok(());
        match (self.devices.get(&key), wish) {
            (Some(Entry::Refused), _) => {
                self.devices.remove(&key);
                outcome = self.reconcile(key, ops);
            }
            (Some(Entry::Attached), Wish::Gone) => {
                if let Err(why) = self.restore(key) {
                    log::error!("{}: not attached: {why}", self.who(key));
                    self.clients.answer(number, &Answer::error(why));
                    return Ok(());
                }
            }
            (Some(Entry::Attached | Entry::Attaching), Wish::None | Wish::Back) => {}
            _ => {
                let answer = Answer::error("the device cannot be attached now");
                self.clients.answer(number, &answer);
                return Ok(());
            }
        }
        self.clients.wait(number, Wait::Attach(key), CHANGE);
        outcome
    }

    /// Gives a device that was taken away back to its guest, as its keys and the configuration are now.
    fn restore(&mut self, key: Key) -> Result<(), String> {
        let (domain, _) = key;
        let (spec, file) = self.read(key).map_err(|e| chain(&e))?;
        let what = What::new(&spec, file.as_ref());
        let process = self.guests.get_mut(&domain);
        let process = process.ok_or("the guest has no process")?;
        process
            .restore(spec, file.as_ref())
            .map_err(|kept| kept.to_string())?;
        let details = self.details(key);
        details.what = Some(what);
        details.wish = Wish::Back;
        Ok(())
    }

    /// What a guest process says that is for clients.
    pub(super) fn on_news(&mut self, domain: u16, report: Report) {
        match report {
            Report::Stats { device, stats } => {
                self.clients.on_stats((domain, device), stats.as_ref());
            }
            Report::Withdrawn { device, counters } => {
                let key = (domain, device);
                if self.details(key).wish != Wish::Away {
                    return;
                }
                log::info!("{}: detached: {}", self.who(key), plain(&counters));
                let details = self.details(key);
                details.wish = Wish::Gone;
                details.is_used = false;
            }
            Report::Restored { device, error } => {
                let key = (domain, device);
                if self.details(key).wish != Wish::Back {
                    return;
                }
                let error = error.map(|why| plain(&why));
                match &error {
                    None => log::info!("{}: attached again: {}", self.who(key), self.what(key)),
                    Some(why) => log::error!("{}: not attached: {why}", self.who(key)),
                }
                let details = self.details(key);
                details.wish = match error {
                    None => Wish::None,
                    Some(_) => Wish::Gone,
                };
                details.reason = error;
            }
            // The others are the supervisor's own business.
            _ => {}
        }
    }

    /// Answers the clients that have waited for what is there now, or for too long.
    fn finish_waits(&mut self) {
        let waits = self.clients.waits();
        let answers: Vec<_> = waits
            .filter_map(|(number, wait, is_late)| Some((number, self.finish(wait, is_late)?)))
            .collect();
        for (number, answer) in answers {
            self.clients.answer(number, &answer);
        }
    }

    fn finish(&self, wait: &Wait, is_late: bool) -> Option<Answer> {
        match wait {
            Wait::Stats(devices, missing) => {
                let is_lost = |(domain, _): &Key| !self.guests.contains_key(domain);
                if !is_late && !missing.iter().all(is_lost) {
                    return None;
                }
                let mut devices = devices.clone();
                for key in missing {
                    devices
                        .entry(*key)
                        .and_modify(|device| device.silent = true);
                }
                Some(Answer::devices(devices.into_values().collect()))
            }
            Wait::Attach(key) => self.finish_change(*key, Wish::None, is_late),
            Wait::Detach(key) => self.finish_change(*key, Wish::Gone, is_late),
        }
    }

    /// The answer to an attach or detach, which is done when a device that is served has this `wish`.
    fn finish_change(&self, key: Key, wish: Wish, is_late: bool) -> Option<Answer> {
        let details = self.details.get(&key);
        let now = details.map(|details| details.wish).unwrap_or_default();
        let reason = details.and_then(|details| details.reason.clone());
        let is_moving = matches!(now, Wish::Away | Wish::Back);
        match self.devices.get(&key) {
            Some(Entry::Attached) if now == wish => Some(Answer::done()),
            Some(Entry::Attaching) if !is_late => None,
            Some(Entry::Attached) if is_moving && !is_late => None,
            Some(Entry::Attaching) => Some(Answer::error("its process does not answer")),
            Some(Entry::Attached) if is_moving => {
                Some(Answer::error("its process does not answer"))
            }
            Some(Entry::Attached | Entry::Refused) => {
                Some(Answer::error(reason.unwrap_or_else(|| {
                    "something else was done meanwhile".into()
                })))
            }
            // It waits for the end of the process that served it before.
            None if !is_late => None,
            Some(Entry::Detaching(_) | Entry::Closed) | None => {
                Some(Answer::error("the device is no more"))
            }
        }
    }

    /// Sets the length of an image, and has its guest see it.
    fn resize(&mut self, key: Key, bytes: Option<u64>, shrink: bool) -> Result<Answer, String> {
        let (domain, id) = key;
        let is_here = self.details(key).wish == Wish::None;
        if self.devices.get(&key) != Some(&Entry::Attached) || !is_here {
            return Err("the device is not served now".into());
        }
        let bytes = self.set_size(key, bytes, shrink).map_err(|e| chain(&e))?;
        let process = self.guests.get(&domain).ok_or("the guest has no process")?;
        process
            .send(&Command::Look(id))
            .map_err(|e| Kept::Silent(e).to_string())?;
        log::info!("{}: the image has {bytes} bytes", self.who(key));
        Ok(Answer {
            bytes: Some(bytes),
            ..Answer::done()
        })
    }

    /// Sets the length of an image, if there is one to be set, and says what it is.
    fn set_size(&self, key: Key, bytes: Option<u64>, shrink: bool) -> Result<u64, SizeError> {
        let details = self.details.get(&key);
        let what = details.and_then(|details| details.what.as_ref());
        let what = what.ok_or(SizeError::NoDisk)?;
        let image = what.image.ok_or(SizeError::NoDisk)?;
        let path = format!("{}/params", device_path(key));
        let path = self
            .store
            .read_string(&path)?
            .ok_or(spec::Error::Missing { key: "params" })?;
        if bytes.is_some() && !what.is_writable {
            return Err(SizeError::ReadOnly);
        }
        let file = spec::open("params", path.into(), bytes.is_some())?;
        if inode(&file) != Some(image) {
            return Err(SizeError::Replaced);
        }
        set_length(file, bytes, shrink)
    }

    /// Reads the configuration anew, and tries devices that were refused once more.
    pub(super) fn reload(&mut self, ops: &mut EventOps) -> Result<(), Error> {
        match Config::load(self.config_file.as_deref()) {
            Ok(config) => self.config = config,
            Err(e) => {
                log::error!("the configuration stays as it was: {}", chain(&e));
                return Ok(());
            }
        }
        log::info!("the configuration was read again");
        let refused = self.devices.iter();
        let refused: Vec<Key> = refused
            .filter(|(_, entry)| **entry == Entry::Refused)
            .map(|(key, _)| *key)
            .collect();
        for key in refused {
            self.devices.remove(&key);
            super::confine(key, self.reconcile(key, ops))?;
        }
        Ok(())
    }
}

/// Sets the length of an image, if one is wanted, and says what it is.
fn set_length(mut file: File, bytes: Option<u64>, shrink: bool) -> Result<u64, SizeError> {
    let old = file.seek(SeekFrom::End(0)).map_err(SizeError::Measure)?;
    let Some(new) = bytes else {
        return Ok(old);
    };
    if new == 0 || !new.is_multiple_of(SECTOR) {
        return Err(SizeError::Size { bytes: new });
    }
    let found = file.metadata().map_err(SizeError::Measure)?;
    if !found.is_file() {
        return Err(SizeError::BlockDevice);
    }
    if new < old && !shrink {
        return Err(SizeError::Shrinks { old, new });
    }
    file.set_len(new).map_err(SizeError::Set)?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> File {
        let file = tempfile::tempfile().unwrap();
        file.set_len(4096).unwrap();
        file
    }

    fn set(file: &File, bytes: Option<u64>, shrink: bool) -> Result<u64, String> {
        let file = file.try_clone().unwrap();
        set_length(file, bytes, shrink).map_err(|e| e.to_string())
    }

    #[test]
    fn an_image_grows_and_is_looked_at() {
        let file = image();

        assert_eq!(set(&file, Some(8192), false), Ok(8192));
        assert_eq!(set(&file, None, false), Ok(8192));
        assert_eq!(file.metadata().unwrap().len(), 8192);
    }

    #[test]
    fn an_image_shrinks_only_if_that_is_meant() {
        let file = image();

        let refused = set(&file, Some(512), false).unwrap_err();
        assert!(refused.contains("from 4096 bytes to 512"), "{refused}");
        assert_eq!(file.metadata().unwrap().len(), 4096);
        assert_eq!(set(&file, Some(512), true), Ok(512));
    }

    #[test]
    fn sizes_that_no_disk_has_are_refused() {
        let file = image();

        assert!(set(&file, Some(0), true).is_err());
        assert!(set(&file, Some(8191), true).is_err());
        assert_eq!(file.metadata().unwrap().len(), 4096);
    }

    #[test]
    fn what_is_no_file_is_not_set() {
        let null = File::options().read(true).write(true).open("/dev/null");

        let refused = set(&null.unwrap(), Some(512), true).unwrap_err();

        assert!(refused.contains("a block device"), "{refused}");
    }
}
