// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a device knows of its driver, where the process that comes after this one finds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use vm_memory::{MmapRegion, VolatileMemory};

/// Bytes in memory that is still there when this process is not: a file of the host's, mapped shared. Zeroes as
/// long as no device has written to it. What they mean is the device's business.
#[derive(Clone, Debug)]
pub struct SavedState {
    area: Arc<MmapRegion>,
    offset: usize,
    len: usize,
}

impl SavedState {
    /// `len` bytes at `offset` of `area`; `None` if they are not there.
    pub fn new(area: Arc<MmapRegion>, offset: usize, len: usize) -> Option<Self> {
        let is_there = offset.checked_add(len)? <= area.size();
        is_there.then_some(Self { area, offset, len })
    }

    /// Nobody has written to it.
    pub fn clear(&self) {
        (0..self.len).for_each(|place| self.set(place, 0));
    }

    /// The byte at `place`; 0 behind the end.
    pub fn get(&self, place: usize) -> u8 {
        self.byte(place).map_or(0, |byte| byte.load(Relaxed))
    }

    /// Sets the byte at `place`, if there is one.
    pub fn set(&self, place: usize, value: u8) {
        if let Some(byte) = self.byte(place) {
            byte.store(value, Relaxed);
        }
    }

    fn byte(&self, place: usize) -> Option<&AtomicU8> {
        let offset = (place < self.len).then(|| self.offset + place)?;
        self.area.get_atomic_ref(offset).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_its_own_bytes_and_no_others() {
        let area = Arc::new(MmapRegion::new(16).unwrap());
        let [first, second] = [0, 8].map(|at| SavedState::new(area.clone(), at, 8).unwrap());

        first.set(7, 1);
        first.set(8, 2);
        second.set(0, 3);

        assert_eq!((first.get(7), first.get(8), second.get(0)), (1, 0, 3));
        second.clear();
        assert_eq!((first.get(7), second.get(0)), (1, 0));
        assert!(SavedState::new(area.clone(), 9, 8).is_none());
        assert!(SavedState::new(area, usize::MAX, 8).is_none());
    }
}
