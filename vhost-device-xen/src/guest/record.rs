// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is known of a device, in a file that outlives this process: what its driver has told, and
//! which requests are in flight.

use std::fs::File;
use std::io;
use std::sync::Arc;

use backends::{ConfigSpace, InFlight, SavedState, Traits};
use rustix::fs::{FallocateFlags, fallocate};
use vm_memory::{Bytes, FileOffset, MmapRegion, VolatileMemory};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::transport::pci::config::SIZE as SPACE;
use crate::transport::pci::msix::ENTRY;
use crate::transport::{QueueRegisters, Registers};

/// `VDXREC` and the version of the layout.
const MAGIC: u64 = u64::from_be_bytes(*b"VDXREC\0\x02");
/// As much of a configuration space as drivers may write into.
const CONFIG: usize = 256;
/// The parts begin at multiples of this.
const ALIGNMENT: usize = 64;

/// The beginning of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
struct Head {
    magic: u64,
    /// The virtio device ID.
    device: u32,
    queues: u16,
    queue_size: u16,
    /// Bytes of the device's own.
    state: u64,
}

impl Head {
    fn of(traits: Traits, state: usize) -> Self {
        Self {
            magic: MAGIC,
            device: traits.id,
            queues: traits.queues,
            queue_size: traits.queue_size,
            state: state as u64,
        }
    }
}

/// What a driver has told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Of the device.
    pub registers: Registers,
    /// Of its queues.
    pub queues: Vec<QueueRegisters>,
    /// What it has written into the configuration space of the device.
    pub config: Vec<u8>,
    /// What it has written into the configuration space of the PCI function, if it is one.
    pub space: [u8; SPACE],
    /// The MSI-X table of the function.
    pub table: Vec<u8>,
}

/// What a process before this one has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing: the guest has not seen the device yet.
    Nothing,
    /// What the driver has told it.
    Told(Box<Told>),
    /// It was another device, with other queues, or this is another version.
    Another,
}

/// The file of a device, mapped.
#[derive(Debug)]
pub struct Record {
    area: Arc<MmapRegion>,
    traits: Traits,
    /// Bytes of the device's own.
    state: usize,
}

impl Record {
    /// Opens the record of a device with these traits and so many bytes of its own, and says what it has of
    /// the time before.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub fn new(file: File, traits: Traits, state: usize) -> io::Result<(Self, Before)> {
        let len = offset_of_in_flight(traits, traits.queues) + state;
        let is_new = file.metadata()?.len() == 0;
        // A file system that is full says so here, and not when it is written to.
        fallocate(&file, FallocateFlags::empty(), 0, len as u64)?;
        let area =
            MmapRegion::from_file(FileOffset::new(file, 0), len).map_err(io::Error::other)?;
        let record = Self {
            area: Arc::new(area),
            traits,
            state,
        };
        let before = match record.read::<Head>(0)? {
            _ if is_new => Before::Nothing,
            head if head.magic == 0 => Before::Nothing,
            head if head == Head::of(traits, state) => Before::Told(Box::new(record.told()?)),
            _ => Before::Another,
        };
        Ok((record, before))
    }

    fn told(&self) -> io::Result<Told> {
        let queues = 0..self.traits.queues;
        let mut table = vec![0; table_len(self.traits)];
        let slice = self.area.as_volatile_slice();
        slice
            .read_slice(&mut table, offset_of_table(self.traits))
            .map_err(io::Error::other)?;
        Ok(Told {
            registers: self.read(registers())?,
            queues: queues
                .map(|queue| self.read(offset_of_queue(queue)))
                .collect::<io::Result<_>>()?,
            config: self.read::<[u8; CONFIG]>(config())?.to_vec(),
            space: self.read(space())?,
            table,
        })
    }

    /// Writes down what the driver has told, of a PCI function, too, if it is one. A process that is killed meanwhile is asked for the same access
    /// again: it has not been answered.
    pub fn save(
        &self,
        (registers, queues): (&Registers, &[QueueRegisters]),
        function: Option<(&[u8; SPACE], &[u8])>,
        config: &ConfigSpace,
    ) -> io::Result<()> {
        let mut bytes = [0; CONFIG];
        config.read(0, &mut bytes);
        self.write(registers.as_bytes(), self::registers())?;
        self.write(&bytes, self::config())?;
        if let Some((space, table)) = function {
            self.write(space, self::space())?;
            self.write(table, offset_of_table(self.traits))?;
        }
        for (queue, index) in queues.iter().zip(0..) {
            self.write(queue.as_bytes(), offset_of_queue(index))?;
        }
        // The last: without it there is nothing.
        self.write(Head::of(self.traits, self.state).as_bytes(), 0)
    }

    /// Whether a device with these traits and so many bytes of its own can be written down here.
    pub fn fits(&self, traits: Traits, state: usize) -> bool {
        Head::of(self.traits, self.state) == Head::of(traits, state)
    }

    /// The record of a queue's requests.
    pub fn in_flight(&self, queue: u16) -> Option<InFlight> {
        let offset = offset_of_in_flight(self.traits, queue);
        let is_there = queue < self.traits.queues;
        InFlight::new(self.area.clone(), offset, self.traits.queue_size).filter(|_| is_there)
    }

    /// What the device keeps of its own.
    pub fn saved_state(&self) -> Option<SavedState> {
        let offset = offset_of_in_flight(self.traits, self.traits.queues);
        SavedState::new(self.area.clone(), offset, self.state)
    }

    fn read<T: FromBytes + IntoBytes>(&self, offset: usize) -> io::Result<T> {
        let mut value = T::new_zeroed();
        let slice = self.area.as_volatile_slice();
        let read = slice.read_slice(value.as_mut_bytes(), offset);
        read.map_err(io::Error::other)?;
        Ok(value)
    }

    fn write(&self, bytes: &[u8], offset: usize) -> io::Result<()> {
        let slice = self.area.as_volatile_slice();
        slice.write_slice(bytes, offset).map_err(io::Error::other)
    }
}

const fn registers() -> usize {
    size_of::<Head>().next_multiple_of(ALIGNMENT)
}

const fn config() -> usize {
    (registers() + size_of::<Registers>()).next_multiple_of(ALIGNMENT)
}

const fn space() -> usize {
    config() + CONFIG
}

const fn offset_of_queue(queue: u16) -> usize {
    space() + SPACE + size_of::<QueueRegisters>() * queue as usize
}

/// A vector for each queue, and one for the configuration.
const fn table_len(traits: Traits) -> usize {
    ENTRY * (traits.queues as usize + 1)
}

const fn offset_of_table(traits: Traits) -> usize {
    offset_of_queue(traits.queues).next_multiple_of(ALIGNMENT)
}

const fn offset_of_in_flight(traits: Traits, queue: u16) -> usize {
    let table = offset_of_table(traits) + table_len(traits);
    let first = table.next_multiple_of(ALIGNMENT);
    let each = InFlight::bytes(traits.queue_size).next_multiple_of(ALIGNMENT);
    first + each * queue as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAITS: Traits = Traits {
        id: 2,
        features: 0,
        queues: 2,
        queue_size: 64,
    };

    const STATE: usize = 8;

    /// Another process opens what the first has written.
    fn again(file: &File, traits: Traits) -> Before {
        Record::new(file.try_clone().unwrap(), traits, STATE)
            .unwrap()
            .1
    }

    #[test]
    fn a_new_file_says_nothing_until_it_is_written_to() {
        let file = tempfile::tempfile().unwrap();

        assert_eq!(again(&file, TRAITS), Before::Nothing);
        assert_eq!(again(&file, TRAITS), Before::Nothing);
    }

    #[test]
    fn what_was_told_is_there_for_the_next() {
        let file = tempfile::tempfile().unwrap();
        let (record, _) = Record::new(file.try_clone().unwrap(), TRAITS, STATE).unwrap();
        let registers = Registers::read_from_bytes(&[7; size_of::<Registers>()]).unwrap();
        let queue = |n| QueueRegisters::read_from_bytes(&[n; size_of::<QueueRegisters>()]).unwrap();
        let queues = [queue(1), queue(2)];

        record
            .save(
                (&registers, &queues),
                Some((&[8; SPACE], &[9; ENTRY * 3])),
                &ConfigSpace::new(&[5, 6]),
            )
            .unwrap();

        let mut config = vec![0; CONFIG];
        config[..2].copy_from_slice(&[5, 6]);
        assert_eq!(
            again(&file, TRAITS),
            Before::Told(Box::new(Told {
                registers,
                queues: queues.to_vec(),
                config,
                space: [8; SPACE],
                table: vec![9; ENTRY * 3],
            }))
        );
    }

    #[test]
    fn another_device_is_not_gone_on_with() {
        let file = tempfile::tempfile().unwrap();
        let (record, _) = Record::new(file.try_clone().unwrap(), TRAITS, STATE).unwrap();
        let queues = [QueueRegisters::default(); 2];
        let config = ConfigSpace::default();
        record
            .save((&Registers::default(), &queues), None, &config)
            .unwrap();

        let others = [
            Traits { id: 3, ..TRAITS },
            Traits {
                queues: 1,
                ..TRAITS
            },
            Traits {
                queue_size: 128,
                ..TRAITS
            },
        ];

        for other in others {
            assert_eq!(again(&file, other), Before::Another);
        }
    }

    #[test]
    fn each_queue_has_a_part_of_its_own() {
        let file = tempfile::tempfile().unwrap();
        let (record, _) = Record::new(file, TRAITS, STATE).unwrap();

        let parts = [0, 1, 2].map(|queue| record.in_flight(queue).is_some());
        record.saved_state().unwrap().set(7, 1);

        assert_eq!(parts, [true, true, false]);
        let end = offset_of_in_flight(TRAITS, 1) + InFlight::bytes(64);
        assert!(end <= record.area.size());
    }
}
