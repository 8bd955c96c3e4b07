// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The device configuration space, which a device and its transport share.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The configuration space of a device, little-endian. Clones are the same one.
///
/// The driver reads and writes it through the transport while the device works on another thread.
///
/// # Example
///
/// ```
/// use backends::ConfigSpace;
///
/// let config = ConfigSpace::new(&[1, 2, 3, 4]).with_writable(3..4);
///
/// config.write(2, &[7, 8]);
///
/// let mut bytes = [0; 4];
/// config.read(1, &mut bytes);
/// assert_eq!(bytes, [2, 3, 8, 0]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ConfigSpace(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    bytes: Box<[AtomicU8]>,
    writable: Range<usize>,
    /// How often the device has changed it. Locked while it is read or changed as a whole.
    generation: Mutex<u32>,
    /// The driver is to be told.
    is_changed: AtomicBool,
}

impl ConfigSpace {
    /// A configuration space that only the device writes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Arc::new(Shared {
            bytes: bytes.iter().copied().map(AtomicU8::new).collect(),
            ..Shared::default()
        }))
    }

    /// The same with bytes that the driver may write. A copy: not shared with what it is made of.
    #[must_use]
    pub fn with_writable(&self, writable: Range<usize>) -> Self {
        Self(Arc::new(Shared {
            bytes: self
                .0
                .bytes
                .iter()
                .map(|b| b.load(Relaxed).into())
                .collect(),
            writable,
            ..Shared::default()
        }))
    }

    /// Differs between two moments if the device has changed something in between.
    pub fn generation(&self) -> u32 {
        *self.lock()
    }

    /// Reads for the driver, whatever it asks for: there are zeroes behind the end.
    pub fn read(&self, offset: u64, bytes: &mut [u8]) {
        let _whole = self.lock();
        for (n, byte) in bytes.iter_mut().enumerate() {
            *byte = place(offset, n).map_or(0, |place| self.byte(place));
        }
    }

    /// Writes for the driver what it may write.
    pub fn write(&self, offset: u64, bytes: &[u8]) {
        for (n, byte) in bytes.iter().enumerate() {
            if let Some(place) = place(offset, n)
                && self.0.writable.contains(&place)
            {
                self.set(place, *byte);
            }
        }
    }

    /// One byte as it is now; 0 behind the end.
    pub fn byte(&self, offset: usize) -> u8 {
        self.0
            .bytes
            .get(offset)
            .map_or(0, |byte| byte.load(Relaxed))
    }

    /// Sets a byte for the device, without telling the driver.
    pub fn set(&self, offset: usize, value: u8) {
        if let Some(byte) = self.0.bytes.get(offset) {
            byte.store(value, Relaxed);
        }
    }

    /// Changes bytes for the device, from `offset` on. The worker tells the driver.
    pub fn change(&self, offset: usize, bytes: &[u8]) {
        let mut generation = self.lock();
        for (n, byte) in (offset..).zip(bytes) {
            self.set(n, *byte);
        }
        *generation = generation.wrapping_add(1);
        self.0.is_changed.store(true, Relaxed);
    }

    /// Whether there was a change that the driver is to be told of, once.
    pub fn take_change(&self) -> bool {
        self.0.is_changed.swap(false, Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, u32> {
        let generation = &self.0.generation;
        generation.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where byte `n` from `offset` on is.
fn place(offset: u64, n: usize) -> Option<usize> {
    usize::try_from(offset).ok()?.checked_add(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(config: &ConfigSpace) -> [u8; 4] {
        let mut bytes = [0; 4];
        config.read(0, &mut bytes);
        bytes
    }

    #[test]
    fn a_driver_writes_what_it_may() {
        let config = ConfigSpace::new(&[1, 2, 3, 4]).with_writable(1..3);

        config.write(0, &[9; 8]);
        config.write(u64::MAX, &[9; 8]);

        assert_eq!(bytes(&config), [1, 9, 9, 4]);
        assert_eq!(config.generation(), 0);
        assert!(!config.take_change());
    }

    #[test]
    fn behind_the_end_is_nothing() {
        let config = ConfigSpace::new(&[1, 2]);

        config.change(1, &[9; 8]);

        assert_eq!(bytes(&config), [1, 9, 0, 0]);
        assert_eq!(config.byte(2), 0);
        let mut far = [1; 4];
        config.read(u64::MAX - 1, &mut far);
        assert_eq!(far[..2], [0; 2]);
    }

    #[test]
    fn a_change_is_another_generation_and_told_once() {
        let config = ConfigSpace::new(&[1, 2, 3, 4]);
        let transport = config.clone();

        config.change(2, &[7]);

        assert_eq!(bytes(&transport), [1, 2, 7, 4]);
        assert_eq!(transport.generation(), 1);
        assert!(transport.take_change());
        assert!(!transport.take_change());
    }
}
