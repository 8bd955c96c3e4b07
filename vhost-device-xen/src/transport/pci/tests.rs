// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::sync::atomic::{AtomicU64, Ordering};

use backends::{ConfigSpace, Traits};
use proptest::prelude::*;
use vm_memory::GuestAddress;

use super::super::halves;
use super::super::{NO_VECTOR, QueueSetup, Signals};
use super::*;

const VERSION_1: u64 = 1 << 32;
const RING_RESET: u64 = 1 << 40;

/// A bit for each vector that is pending, and the last one for the pin.
#[derive(Debug, Default)]
struct Bits(AtomicU64);

const PIN: u64 = 1 << 63;

impl Pending for Bits {
    fn is_pending(&self, vector: u16) -> bool {
        self.0.load(Ordering::Relaxed) >> vector & 1 != 0
    }

    fn lower(&self) {
        self.0.fetch_and(!PIN, Ordering::Relaxed);
    }
}

/// A function as its driver uses it.
struct Driver {
    function: Function,
    common: Common,
    pending: Arc<Bits>,
    signals: Arc<Signals>,
}

/// A disk with two queues, and so three vectors.
fn disk() -> Driver {
    let signals = Arc::<Signals>::default();
    let traits = Traits {
        id: 2,
        features: 0,
        queues: 2,
        queue_size: 64,
    };
    let config = ConfigSpace::new(&[1, 2, 3, 4, 5, 6, 7, 8]).with_writable(4..5);
    let pending = Arc::<Bits>::default();
    Driver {
        function: Function::new(traits.id, 3, true, pending.clone()),
        common: Common::new(
            traits,
            VERSION_1 | RING_RESET,
            VERSION_1,
            config,
            signals.clone(),
        ),
        pending,
        signals,
    }
}

impl Driver {
    fn config(&self, offset: u16, size: u8) -> u64 {
        self.function.read_config(&self.common, offset, size)
    }

    fn set_config(&mut self, offset: u16, size: u8, value: u64) -> Action {
        let common = &mut self.common;
        self.function.write_config(common, offset, size, value)
    }

    fn bar(&self, offset: u64, size: u8) -> u64 {
        self.function.read_bar(&self.common, offset, size)
    }

    fn set_bar(&mut self, offset: u64, size: u8, value: u64) -> Action {
        let common = &mut self.common;
        self.function.write_bar(common, offset, size, value)
    }

    /// The capabilities: where each is, and its ID.
    fn capabilities(&self) -> Vec<(u16, u8)> {
        let mut found = Vec::new();
        let byte = |at| u8::try_from(self.config(at, 1)).unwrap();
        let mut at = byte(0x34).into();
        while at != 0 {
            assert!(found.len() < 48);
            found.push((at, byte(at)));
            at = byte(at + 1).into();
        }
        found
    }

    /// The virtio capability of a `cfg_type`.
    fn structure(&self, kind: u64) -> u16 {
        let all = self.capabilities();
        let is_it = |(at, id): &&(u16, u8)| *id == 9 && self.config(at + 3, 1) == kind;
        all.iter().find(is_it).unwrap().0
    }

    fn of(&self, wanted: u8) -> u16 {
        let all = self.capabilities();
        all.iter().find(|(_, id)| *id == wanted).unwrap().0
    }

    /// Enables messages, and lets vector `n` send `data`.
    fn send(&mut self, n: u64, data: u32) {
        self.set_config(4, 2, 6);
        let control = self.of(0x11) + 2;
        self.set_config(control, 2, 0x8000);
        let entry = 0x4000 + n * 16;
        self.set_bar(entry, 4, 0x0300_1040);
        self.set_bar(entry + 8, 4, data.into());
        self.set_bar(entry + 12, 4, 0);
    }

    fn start(&mut self) -> Action {
        self.start_with(VERSION_1)
    }

    fn start_with(&mut self, features: u64) -> Action {
        self.set_bar(0x14, 1, 3);
        for (select, half) in (0..).zip(halves(features)) {
            self.set_bar(0x08, 4, select);
            self.set_bar(0x0c, 4, half.into());
        }
        self.set_bar(0x14, 1, 0xb);
        self.set_up_queue();
        self.set_bar(0x14, 1, 0xf)
    }

    fn set_up_queue(&mut self) -> Action {
        self.set_bar(0x16, 2, 1);
        self.set_bar(0x18, 2, 32);
        self.set_bar(0x1a, 2, 2);
        self.set_bar(0x20, 4, 0x8000);
        self.set_bar(0x24, 4, 1);
        self.set_bar(0x28, 8, 0x1_0000_8400);
        self.set_bar(0x30, 4, 0x9000);
        self.set_bar(0x1c, 2, 1)
    }
}

#[test]
fn a_driver_finds_a_disk() {
    let disk = disk();

    assert_eq!(disk.config(0, 4), 0x1042_1af4);
    assert_eq!(disk.config(8, 4), 0x0180_0001);
    assert_eq!(disk.config(0x2e, 2), 0x1100);
    assert_eq!(disk.config(0x3d, 1), 1, "INTA");
    let ids: Vec<u8> = disk.capabilities().iter().map(|(_, id)| *id).collect();
    assert_eq!(ids, [9, 9, 9, 9, 9, 0x11, 0x13]);
}

#[test]
fn every_structure_lies_in_the_bar() {
    let disk = disk();

    for kind in 1..=4 {
        let at = disk.structure(kind);
        let (offset, length) = (disk.config(at + 8, 4), disk.config(at + 12, 4));
        assert_eq!(disk.config(at + 4, 1), 0);
        assert!(offset + length <= BAR_SIZE.into());
    }
    assert_eq!(disk.config(disk.structure(2) + 16, 4), 4);
    assert_eq!(
        disk.config(disk.of(0x11) + 2, 2),
        2,
        "one less than there are"
    );
}

#[test]
fn the_bar_says_its_size_and_moves() {
    let mut disk = disk();
    disk.set_config(0x10, 4, 0xffff_ffff);
    assert_eq!(disk.config(0x10, 4), 0xffff_8000);
    disk.set_config(0x14, 4, 0xffff_ffff);
    assert_eq!(disk.config(0x14, 4), 0);

    disk.set_config(0x10, 4, 0x3400_8000);
    assert_eq!(disk.function.bar(), None);
    disk.set_config(4, 2, 2);

    assert_eq!(disk.function.bar(), Some(0x3400_8000));
    for nowhere in [0, 0xffff_ffff] {
        disk.set_config(0x10, 4, nowhere);
        assert_eq!(disk.function.bar(), None);
    }
}

#[test]
fn what_is_fixed_stays() {
    let mut disk = disk();
    let before: Vec<u64> = [0, 8, 0x2c, 0x34, 0x40, 0x98]
        .map(|at| disk.config(at, 4))
        .into();

    for at in (0..0x40).chain(0x40..0x84).filter(|at| *at != 4) {
        disk.set_config(at, 1, 0xff);
    }

    let after: Vec<u64> = [0, 8, 0x2c, 0x34, 0x40, 0x98]
        .map(|at| disk.config(at, 4))
        .into();
    assert_eq!(after, before);
    assert_eq!(disk.config(0x100, 4), 0);
}

#[test]
fn a_driver_that_is_ready_starts_its_queues() {
    let mut disk = disk();

    let action = disk.start();

    let queue = QueueSetup {
        index: 1,
        size: 32,
        desc: GuestAddress(0x1_0000_8000),
        avail: GuestAddress(0x1_0000_8400),
        used: GuestAddress(0x9000),
    };
    let started = Action::Start {
        features: VERSION_1,
        queues: vec![queue],
    };
    assert_eq!(action, started);
    assert_eq!(disk.bar(0x14, 1), 0xf);
    assert_eq!(disk.bar(0x12, 2), 2);
    assert_eq!(disk.bar(0x1e, 2), 1);
    assert_eq!(disk.bar(0x20, 8), 0x1_0000_8000);
    let vectors: Vec<u16> = disk.common.vectors().collect();
    assert_eq!(vectors, [NO_VECTOR, 2, NO_VECTOR]);
    assert_eq!(disk.set_bar(0x3004, 2, 1), Action::Kick(1));
    assert_eq!(disk.set_bar(0x3008, 2, 2), Action::None);
}

#[test]
fn a_queue_is_reset_and_begins_again() {
    let mut disk = disk();
    disk.start_with(VERSION_1 | RING_RESET);
    disk.function.take_change();

    assert_eq!(disk.set_bar(0x3a, 2, 1), Action::ResetQueue(1));
    assert!(disk.function.take_change(), "it has no vector any more");
    // queue_reset, queue_enable, queue_msix_vector, queue_size.
    assert_eq!((disk.bar(0x3a, 2), disk.bar(0x1c, 2)), (0, 0));
    assert_eq!((disk.bar(0x1a, 2), disk.bar(0x18, 2)), (0xffff, 64));
    let action = disk.set_up_queue();
    assert!(matches!(action, Action::StartQueue(setup) if setup.index == 1));
    assert_eq!(disk.bar(0x1c, 2), 1);
}

#[test]
fn a_vector_that_there_is_not_reads_back_as_none() {
    let mut disk = disk();

    disk.set_bar(0x10, 2, 3);
    disk.set_bar(0x1a, 2, 3);
    assert_eq!(disk.bar(0x10, 2), 0xffff);
    assert_eq!(disk.bar(0x1a, 2), 0xffff);

    disk.set_bar(0x10, 2, 2);
    assert_eq!(disk.bar(0x10, 2), 2);
}

#[test]
fn a_queue_that_is_not_there_has_no_size() {
    let mut disk = disk();

    disk.set_bar(0x16, 2, 2);

    assert_eq!(disk.bar(0x18, 2), 0);
    assert_eq!(disk.set_bar(0x1c, 2, 1), Action::None);
}

#[test]
fn odd_accesses_to_the_common_structure_change_nothing() {
    let mut disk = disk();
    let before = disk.bar(0x10, 8);

    for (offset, size) in [(0x14, 4), (0x18, 4), (0x16, 1), (0x19, 2), (0x1c, 1)] {
        assert_eq!(disk.set_bar(offset, size, 1), Action::None);
    }

    assert_eq!(disk.bar(0x10, 8), before);
}

#[test]
fn a_message_is_sent_where_everything_allows_it() {
    let mut disk = disk();
    disk.send(1, 70);
    let message = Message {
        address: 0x0300_1040,
        data: 70,
    };
    assert_eq!(disk.function.message(1), Some(message));
    assert_eq!(disk.function.message(0), None);
    assert_eq!(disk.function.message(3), None);
    let control = disk.of(0x11) + 2;

    for (offset, off, on) in [(control, 0xc000, 0x8000), (control, 0, 0x8000), (4, 2, 6)] {
        disk.set_config(offset, 2, off);
        assert_eq!(disk.function.message(1), None);
        disk.set_config(offset, 2, on);
        assert_eq!(disk.function.message(1), Some(message));
    }
}

#[test]
fn pending_bits_are_those_of_vectors() {
    let disk = disk();

    disk.pending.0.store(0b1101, Ordering::Relaxed);

    assert_eq!(disk.bar(0x5000, 8), 0b101);
    assert_eq!(disk.bar(0x5008, 8), 0);
}

#[test]
fn reading_the_reasons_of_an_interrupt_acknowledges_them() {
    let disk = disk();
    disk.signals.queue();
    disk.pending.0.fetch_or(PIN, Ordering::Relaxed);

    assert_eq!(disk.bar(0x1000, 1), 1);
    assert_eq!(disk.bar(0x1000, 1), 0);
    assert_eq!(disk.pending.0.load(Ordering::Relaxed) & PIN, 0);
}

#[test]
fn a_message_that_is_an_event_channels_needs_no_unmasking_on_x86() {
    let mut disk = disk();
    disk.send(0, 0x4300);
    let entry = |disk: &mut Driver, data: u64| {
        disk.set_bar(0x4000 + 12, 4, 1);
        disk.set_bar(0x4000 + 8, 4, data);
        disk.function.message(0).map(|message| message.data)
    };

    assert_eq!(entry(&mut disk, 0x4300), Some(0x4300));
    assert_eq!(entry(&mut disk, 0x4341), None);
    disk.set_bar(0x4000, 4, 0);
    assert_eq!(entry(&mut disk, 0), None);
}

#[test]
fn the_pin_is_used_until_there_are_messages() {
    let mut disk = disk();
    let msix = disk.of(0x11);

    assert_eq!(disk.function.pin(), Pin::Used);
    disk.set_config(4, 2, 0x400);
    assert_eq!(disk.function.pin(), Pin::Disabled);
    disk.set_config(msix + 2, 2, 0x8000);
    assert_eq!(disk.function.pin(), Pin::Unused);
}

#[test]
fn a_function_without_a_pin_says_so() {
    let function = Function::new(2, 3, false, Arc::<Bits>::default());
    let disk = disk();

    assert_eq!(function.read_config(&disk.common, 0x3d, 1), 0);
}

#[test]
fn the_device_configuration_is_there() {
    let mut disk = disk();

    disk.set_bar(0x2004, 1, 9);

    assert_eq!(disk.bar(0x2000, 8), 0x0807_0609_0403_0201);
}

#[test]
fn the_bar_is_reached_by_the_configuration_space() {
    let mut disk = disk();
    let window = disk.structure(5);

    disk.set_config(window + 8, 4, 0x2002);
    disk.set_config(window + 12, 4, 2);
    assert_eq!(disk.config(window + 16, 4), 0x0403);
    disk.set_config(window + 8, 4, 0x14);
    disk.set_config(window + 12, 4, 1);
    disk.set_config(window + 16, 4, 3);
    assert_eq!(disk.bar(0x14, 1), 3);

    for (bar, offset, length) in [(1, 0, 4), (0, 0x8000, 4), (0, 2, 4), (0, 0, 3), (0, 0, 0)] {
        disk.set_config(window + 4, 1, bar);
        disk.set_config(window + 8, 4, offset);
        disk.set_config(window + 12, 4, length);
        assert_eq!(disk.config(window + 16, 4), 0);
        disk.set_config(window + 16, 4, 0xffff_ffff);
    }
    assert_eq!(disk.bar(0x14, 1), 3);
}

#[test]
fn a_reset_of_the_function_resets_the_device_and_the_table() {
    let mut disk = disk();
    disk.send(0, 65);
    disk.start();
    disk.set_config(0x10, 4, 0x3400_0000);

    let af = disk.of(0x13);
    assert_eq!(disk.set_config(af + 4, 1, 0), Action::None);
    assert_eq!(disk.set_config(af + 4, 1, 1), Action::Reset);

    assert_eq!(disk.bar(0x14, 1), 0);
    assert_eq!(disk.config(4, 2), 0);
    assert_eq!(disk.config(0x10, 4), 0);
    assert_eq!(disk.function.message(0), None);
    assert_eq!(disk.bar(0x400c, 4), 1);
    assert!(disk.common.take_change() && disk.function.take_change());
}

#[test]
fn a_device_that_was_taken_away_is_no_function_and_can_be_reset() {
    let mut disk = disk();
    disk.start();

    disk.common.withdraw();

    assert_eq!(disk.config(0, 4) & 0xffff_ffff, 0xffff_ffff);
    assert_eq!(disk.set_bar(0x14, 1, 0), Action::Reset);
}

#[test]
fn a_function_that_was_reset_while_it_was_away_is_what_it_was() {
    let mut disk = disk();
    let traits = disk.common.traits;
    disk.common.withdraw();
    let af = 0xa4;

    assert_eq!(disk.set_config(af + 4, 1, 1), Action::Reset);
    let config = ConfigSpace::new(&[0; 8]);
    disk.common.replace(traits, VERSION_1, VERSION_1, config);

    assert_eq!(disk.of(0x13), af);
    assert_eq!(disk.config(0, 4), 0x1042_1af4);
}

#[test]
fn another_process_goes_on() {
    let mut first = disk();
    first.send(2, 66);
    first.set_config(0x10, 4, 0x3400_8000);
    let (space, table) = first.function.state();

    let mut next = disk();
    next.function.restore(space, table);

    assert_eq!(next.function.bar(), Some(0x3400_8000));
    assert_eq!(next.function.message(2), first.function.message(2));
}

/// `true`: of the configuration space.
fn accesses() -> impl Strategy<Value = Vec<(bool, bool, u64, u8, u64)>> {
    let offset = prop_oneof![0u64..0x100, 0x4000u64..0x4040, 0u64..0x9000, any::<u64>()];
    let size = prop::sample::select(vec![1u8, 2, 4, 8]);
    let value = prop_oneof![0u64..8, any::<u64>()];
    let access = (any::<bool>(), any::<bool>(), offset, size, value);
    prop::collection::vec(access, 0..300)
}

proptest! {
    #[test]
    fn no_access_harms_a_function(accesses in accesses()) {
        let mut disk = disk();
        for (is_config, is_write, offset, size, value) in accesses {
            let place = u16::try_from(offset & 0xfff).unwrap();
            let action = match (is_config, is_write) {
                (true, true) => disk.set_config(place, size, value),
                (true, false) => {
                    disk.config(place, size);
                    Action::None
                }
                (false, true) => disk.set_bar(offset, size, value),
                (false, false) => {
                    disk.bar(offset, size);
                    Action::None
                }
            };
            if let Action::Start { queues, .. } = action {
                prop_assert!(queues.iter().all(|queue| queue.size <= 64 && queue.index < 2));
            }
        }
        prop_assert_eq!(disk.config(0, 4), 0x1042_1af4);
    }

    /// What a process has written that somebody had taken over.
    #[test]
    fn any_state_is_borne(space in any::<[u8; 32]>(), table in any::<[u8; 48]>()) {
        let mut disk = disk();
        let space: Vec<u8> = space.iter().copied().cycle().take(config::SIZE).collect();

        disk.function.restore(space.as_slice().try_into().unwrap(), &table);

        prop_assert_eq!(disk.config(0, 4), 0x1042_1af4);
        for vector in 0..4 {
            disk.function.message(vector);
        }
        prop_assert!(disk.function.bar().is_none_or(|bar| bar % u64::from(BAR_SIZE) == 0));
    }
}
