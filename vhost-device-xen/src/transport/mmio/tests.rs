// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use proptest::prelude::*;

use std::sync::Arc;

use backends::{ConfigSpace, Traits};
use vm_memory::GuestAddress;

use zerocopy::FromBytes;

use super::super::common::half;
use super::super::{QueueRegisters, QueueSetup, Registers, Signals};
use super::*;

const VERSION_1: u64 = 1 << 32;
const ACCESS_PLATFORM: u64 = 1 << 33;
const RING_RESET: u64 = 1 << 40;

fn device() -> Common {
    device_with(Arc::default())
}

fn device_with(signals: Arc<Signals>) -> Common {
    let traits = Traits {
        id: 4,
        features: 1 << 5,
        queues: 2,
        queue_size: 64,
    };
    let features = traits.features | VERSION_1 | ACCESS_PLATFORM | RING_RESET;
    let required = VERSION_1 | ACCESS_PLATFORM;
    let config = ConfigSpace::new(&[1, 2, 3, 4, 5, 6]).with_writable(4..5);
    Common::new(traits, features, required, config, signals)
}

fn write(device: &mut Common, register: u64, value: u32) -> Action {
    super::write(device, register, 4, value.into())
}

fn accept(device: &mut Common, features: u64) {
    write(device, reg::STATUS, 3);
    for selector in [0, 1] {
        write(device, reg::DRIVER_FEATURES_SEL, selector);
        write(device, reg::DRIVER_FEATURES, half(features, selector));
    }
    write(device, reg::STATUS, 0xb);
}

fn set_up_queue(device: &mut Common, index: u32, size: u32) -> Action {
    write(device, reg::QUEUE_SEL, index);
    write(device, reg::QUEUE_NUM, size);
    write(device, reg::QUEUE_DESC_LOW, 0x8000);
    write(device, reg::QUEUE_DESC_HIGH, 0x8000_0000);
    write(device, reg::QUEUE_DRIVER_LOW, 0x8400);
    write(device, reg::QUEUE_DRIVER_HIGH, 0x8000_0000);
    write(device, reg::QUEUE_DEVICE_LOW, 0x9000);
    write(device, reg::QUEUE_DEVICE_HIGH, 0x8000_0000);
    write(device, reg::QUEUE_READY, 1)
}

#[test]
fn a_driver_finds_an_entropy_source() {
    let device = device();

    assert_eq!(read(&device, reg::MAGIC, 4), 0x7472_6976);
    assert_eq!(read(&device, reg::VERSION, 4), 2);
    assert_eq!(read(&device, reg::DEVICE_ID, 4), 4);
    assert_eq!(read(&device, reg::VENDOR_ID, 4), 0x566e_6558);
}

#[test]
fn both_halves_of_the_features_can_be_read() {
    let mut device = device();

    assert_eq!(read(&device, reg::DEVICE_FEATURES, 4), 1 << 5);
    write(&mut device, reg::DEVICE_FEATURES_SEL, 1);
    assert_eq!(read(&device, reg::DEVICE_FEATURES, 4), 0x103);
    write(&mut device, reg::DEVICE_FEATURES_SEL, 2);
    assert_eq!(read(&device, reg::DEVICE_FEATURES, 4), 0);
}

#[test]
fn a_driver_that_is_ready_starts_its_queues() {
    let mut device = device();
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    assert_eq!(set_up_queue(&mut device, 1, 32), Action::None);

    let action = write(&mut device, reg::STATUS, 0xf);

    let queue = QueueSetup {
        index: 1,
        size: 32,
        desc: GuestAddress(0x8000_0000_0000_8000),
        avail: GuestAddress(0x8000_0000_0000_8400),
        used: GuestAddress(0x8000_0000_0000_9000),
    };
    let features = VERSION_1 | ACCESS_PLATFORM;
    assert_eq!(
        action,
        Action::Start {
            features,
            queues: vec![queue]
        }
    );
    assert!(device.is_driver_ok());
    assert_eq!(read(&device, reg::STATUS, 4), 0xf);
}

/// A driver that is ready, with one queue of two.
fn running(features: u64) -> Common {
    let mut device = device();
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM | features);
    set_up_queue(&mut device, 1, 32);
    write(&mut device, reg::STATUS, 0xf);
    device
}

#[test]
fn a_queue_is_reset_and_begins_again() {
    let mut device = running(RING_RESET);

    assert_eq!(
        write(&mut device, reg::QUEUE_RESET, 1),
        Action::ResetQueue(1)
    );
    assert_eq!(read(&device, reg::QUEUE_RESET, 4), 0);
    assert_eq!(read(&device, reg::QUEUE_READY, 4), 0);
    let again = QueueSetup {
        index: 1,
        size: 16,
        desc: GuestAddress(0x8000_0000_0000_8000),
        avail: GuestAddress(0x8000_0000_0000_8400),
        used: GuestAddress(0x8000_0000_0000_9000),
    };
    let action = set_up_queue(&mut device, 1, 16);
    assert_eq!(action, Action::StartQueue(again));
    assert_eq!(read(&device, reg::QUEUE_READY, 4), 1);
    assert_eq!(read(&device, reg::STATUS, 4), 0xf);
}

#[test]
fn another_process_knows_which_queues_were_reset() {
    let mut device = running(RING_RESET);
    write(&mut device, reg::QUEUE_RESET, 1);

    let (_, action) = succeed(&device);

    let features = VERSION_1 | ACCESS_PLATFORM | RING_RESET;
    let queues = Vec::new();
    assert_eq!(action, Action::Start { features, queues });
}

#[test]
fn queues_are_reset_by_drivers_that_have_said_so() {
    let mut device = running(0);
    assert_eq!(write(&mut device, reg::QUEUE_RESET, 1), Action::None);
    assert_eq!(read(&device, reg::QUEUE_READY, 4), 1);
    assert_eq!(set_up_queue(&mut device, 0, 16), Action::None);
    assert_eq!(read(&device, reg::QUEUE_READY, 4), 0);

    let mut device = running(RING_RESET);
    assert_eq!(write(&mut device, reg::QUEUE_RESET, 0), Action::None);
    assert_eq!(write(&mut device, reg::QUEUE_READY, 0), Action::None);
    assert_eq!(write(&mut device, reg::QUEUE_READY, 1), Action::None);
    assert_eq!(read(&device, reg::QUEUE_READY, 4), 1);
    write(&mut device, reg::QUEUE_SEL, 2);
    assert_eq!(write(&mut device, reg::QUEUE_RESET, 1), Action::None);
}

#[test]
fn a_broken_device_lets_go_of_queues_and_takes_none() {
    let mut device = running(RING_RESET);
    device.signals.broken();

    let action = write(&mut device, reg::QUEUE_RESET, 1);
    assert_eq!(action, Action::ResetQueue(1));
    assert_eq!(set_up_queue(&mut device, 1, 16), Action::None);
    assert_eq!(read(&device, reg::QUEUE_READY, 4), 0);
}

#[test]
fn a_driver_without_a_required_feature_is_refused() {
    let mut device = device();

    accept(&mut device, VERSION_1);

    assert_eq!(read(&device, reg::STATUS, 4), 0x3);
}

#[test]
fn a_driver_that_accepts_what_was_not_offered_is_refused() {
    let mut device = device();

    accept(&mut device, VERSION_1 | ACCESS_PLATFORM | 1 << 7);

    assert_eq!(read(&device, reg::STATUS, 4), 0x3);
}

#[test]
fn features_stay_once_agreed() {
    let mut device = device();
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);

    write(&mut device, reg::DRIVER_FEATURES_SEL, 0);
    write(&mut device, reg::DRIVER_FEATURES, u32::MAX);
    let action = write(&mut device, reg::STATUS, 0xf);

    let features = VERSION_1 | ACCESS_PLATFORM;
    assert_eq!(
        action,
        Action::Start {
            features,
            queues: vec![]
        }
    );
}

#[test]
fn ready_without_features_breaks_the_device() {
    let mut device = device();

    let action = write(&mut device, reg::STATUS, 0x7);

    assert_eq!(action, Action::Broken);
    assert_eq!(read(&device, reg::STATUS, 4) & 0x44, 0x40);
    assert_eq!(read(&device, reg::INTERRUPT_STATUS, 4), 2);
}

#[test]
fn a_ready_device_is_started_once() {
    let mut device = device();
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    write(&mut device, reg::STATUS, 0xf);

    assert_eq!(write(&mut device, reg::STATUS, 0xf), Action::None);
}

#[test]
fn a_queue_of_no_possible_size_breaks_the_device() {
    for size in [0, 3, 128, u32::MAX] {
        let mut device = device();

        assert_eq!(set_up_queue(&mut device, 0, size), Action::Broken, "{size}");
        assert_eq!(read(&device, reg::QUEUE_READY, 4), 0);
    }
}

#[test]
fn a_misaligned_ring_breaks_the_device() {
    let mut device = device();
    write(&mut device, reg::QUEUE_DESC_LOW, 8);

    assert_eq!(write(&mut device, reg::QUEUE_READY, 1), Action::Broken);
}

#[test]
fn a_queue_that_does_not_exist_takes_nothing() {
    let mut device = device();
    write(&mut device, reg::QUEUE_SEL, u32::MAX);

    assert_eq!(read(&device, reg::QUEUE_NUM_MAX, 4), 0);
    assert_eq!(write(&mut device, reg::QUEUE_READY, 1), Action::None);
    assert_eq!(read(&device, reg::QUEUE_READY, 4), 0);
}

#[test]
fn a_ready_queue_keeps_its_shape() {
    let mut device = device();
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    set_up_queue(&mut device, 0, 32);

    write(&mut device, reg::QUEUE_NUM, 64);

    let Action::Start { queues, .. } = write(&mut device, reg::STATUS, 0xf) else {
        panic!("the device is not started");
    };
    assert_eq!(queues[0].size, 32);
}

#[test]
fn kicks_of_queues_that_exist_are_passed_on() {
    let mut device = device();

    assert_eq!(write(&mut device, reg::QUEUE_NOTIFY, 1), Action::Kick(1));
    assert_eq!(write(&mut device, reg::QUEUE_NOTIFY, 2), Action::None);
    assert_eq!(
        write(&mut device, reg::QUEUE_NOTIFY, 0x1_0000),
        Action::None
    );
}

#[test]
fn an_acknowledged_interrupt_is_gone() {
    let signals = Arc::<Signals>::default();
    let mut device = device_with(signals.clone());
    signals.queue();
    assert_eq!(read(&device, reg::INTERRUPT_STATUS, 4), 1);

    write(&mut device, reg::INTERRUPT_ACK, 1);

    assert_eq!(read(&device, reg::INTERRUPT_STATUS, 4), 0);
}

#[test]
fn no_acknowledgement_repairs_a_broken_device() {
    let signals = Arc::<Signals>::default();
    let mut device = device_with(signals.clone());
    signals.broken();

    write(&mut device, reg::INTERRUPT_ACK, u32::MAX);

    assert_eq!(read(&device, reg::INTERRUPT_STATUS, 4), 0);
    assert_eq!(read(&device, reg::STATUS, 4), 0x40);
}

#[test]
fn a_reset_makes_the_device_as_new() {
    let signals = Arc::<Signals>::default();
    let mut device = device_with(signals.clone());
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    set_up_queue(&mut device, 0, 32);
    write(&mut device, reg::STATUS, 0xf);
    signals.broken();

    assert_eq!(write(&mut device, reg::STATUS, 0), Action::Reset);

    assert_eq!(read(&device, reg::STATUS, 4), 0);
    assert_eq!(read(&device, reg::INTERRUPT_STATUS, 4), 0);
    assert_eq!(read(&device, reg::QUEUE_READY, 4), 0);
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    let features = VERSION_1 | ACCESS_PLATFORM;
    let started = write(&mut device, reg::STATUS, 0xf);
    assert_eq!(
        started,
        Action::Start {
            features,
            queues: vec![]
        }
    );
}

#[test]
fn configuration_is_read_in_any_size() {
    let device = device();

    assert_eq!(read(&device, 0x101, 1), 0x02);
    assert_eq!(read(&device, 0x102, 2), 0x0403);
    assert_eq!(read(&device, 0x100, 8), 0x0605_0403_0201);
    assert_eq!(read(&device, 0x104, 4), 0x0605);
    assert_eq!(read(&device, 0x1ff, 8), 0);
}

#[test]
fn a_driver_writes_what_configuration_it_may_in_any_size() {
    let mut device = device();

    assert_eq!(super::write(&mut device, 0x104, 1, 7), Action::None);
    assert_eq!(read(&device, 0x100, 8), 0x0607_0403_0201);
    super::write(&mut device, 0x100, 8, 0x0908_0908_0908);

    assert_eq!(read(&device, 0x104, 2), 0x0608);
    assert_eq!(read(&device, 0x100, 4), 0x0403_0201);
}

#[test]
fn a_change_of_the_configuration_is_another_generation() {
    let device = device();
    assert_eq!(read(&device, reg::CONFIG_GENERATION, 4), 0);

    device.config.change(0, &[9]);

    assert_eq!(read(&device, reg::CONFIG_GENERATION, 4), 1);
    assert_eq!(read(&device, 0x100, 1), 9);
}

#[test]
fn features_that_are_settled_are_passed_on_before_the_driver_is_ready() {
    let mut device = device();
    write(&mut device, reg::STATUS, 3);
    write(&mut device, reg::DRIVER_FEATURES_SEL, 1);
    write(&mut device, reg::DRIVER_FEATURES, 3);

    let settled = write(&mut device, reg::STATUS, 0xb);

    assert_eq!(settled, Action::Negotiated(VERSION_1 | ACCESS_PLATFORM));
    assert_eq!(write(&mut device, reg::STATUS, 0xb), Action::None);
}

#[test]
fn a_register_is_four_bytes_wide() {
    let device = device();

    assert_eq!(read(&device, reg::MAGIC, 1), 0);
    assert_eq!(read(&device, reg::MAGIC, 8), 0);
    assert_eq!(read(&device, reg::MAGIC + 1, 4), 0);
}

#[test]
fn there_is_no_shared_memory() {
    let device = device();

    assert_eq!(read(&device, 0x0b0, 4), 0xffff_ffff);
    assert_eq!(read(&device, 0x0bc, 4), 0xffff_ffff);
}

proptest! {
    #[test]
    fn no_access_harms_the_registers(
        accesses in prop::collection::vec(
            (any::<bool>(), 0u64..0x400, prop::sample::select(vec![1u8, 2, 4, 8]), any::<u64>()),
            0..200,
        ),
    ) {
        let mut device = device();
        for (is_write, offset, size, value) in accesses {
            if is_write {
                if let Action::Start { queues, .. } = super::write(&mut device, offset, size, value) {
                    for queue in queues {
                        prop_assert!(queue.index < 2);
                        prop_assert!(queue.size.is_power_of_two() && queue.size <= 64);
                    }
                }
            } else {
                read(&device, offset, size);
            }
        }
    }
}

/// A device that its driver has begun to use.
fn in_use() -> (Common, Arc<Signals>) {
    let signals = Arc::new(Signals::default());
    let mut device = device_with(signals.clone());
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    set_up_queue(&mut device, 0, 8);
    assert!(matches!(
        write(&mut device, reg::STATUS, 0xf),
        Action::Start { .. }
    ));
    (device, signals)
}

/// What a device is replaced by: a disk with one queue.
fn replace(device: &mut Common) {
    let traits = Traits {
        id: 2,
        features: 0,
        queues: 1,
        queue_size: 8,
    };
    let features = VERSION_1 | ACCESS_PLATFORM;
    device.replace(traits, features, features, ConfigSpace::new(&[9]));
}

#[test]
fn a_device_that_was_taken_away_is_none_and_cannot_be_driven() {
    let (mut device, _) = in_use();

    device.withdraw();

    assert_eq!(read(&device, reg::DEVICE_ID, 4), 0);
    assert_eq!(read(&device, reg::MAGIC, 4), 0x7472_6976);
    assert_eq!(write(&mut device, reg::STATUS, 0), Action::Reset);
    accept(&mut device, 0);
    assert_eq!(read(&device, reg::STATUS, 4), 3);
}

#[test]
fn a_driver_has_to_reset_what_has_come_in_place_of_its_device() {
    let (mut device, signals) = in_use();
    device.withdraw();
    signals.broken();

    replace(&mut device);

    assert_eq!(read(&device, reg::DEVICE_ID, 4), 2);
    assert_eq!(read(&device, reg::STATUS, 4), 0x4f);
    assert_eq!(set_up_queue(&mut device, 1, 8), Action::None);
    assert_eq!(write(&mut device, reg::STATUS, 0), Action::Reset);
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    assert_eq!(read(&device, reg::STATUS, 4), 0xb);
    assert_eq!(read(&device, 0x100, 1), 9);
}

#[test]
fn a_device_that_comes_back_before_its_driver_is_as_at_first() {
    let mut device = device();
    device.withdraw();
    write(&mut device, reg::STATUS, 0x83);

    replace(&mut device);

    assert_eq!(read(&device, reg::STATUS, 4), 0);
    write(&mut device, reg::QUEUE_SEL, 1);
    assert_eq!(read(&device, reg::QUEUE_NUM_MAX, 4), 0);
}

/// Another process takes the place of the one that the driver has told.
fn succeed(device: &Common) -> (Common, Action) {
    let (registers, queues) = device.state();
    let mut next = self::device();
    let action = next.restore(*registers, queues);
    (next, action)
}

#[test]
fn another_process_goes_on_at_any_step() {
    let mut device = device();
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    let (mut device, action) = succeed(&device);
    assert_eq!(action, Action::Negotiated(VERSION_1 | ACCESS_PLATFORM));
    write(&mut device, reg::QUEUE_SEL, 1);
    write(&mut device, reg::QUEUE_NUM, 32);
    let (mut device, _) = succeed(&device);
    write(&mut device, reg::QUEUE_DESC_LOW, 0x8000);
    assert_eq!(write(&mut device, reg::QUEUE_READY, 1), Action::None);
    let (mut device, _) = succeed(&device);
    let started = write(&mut device, reg::STATUS, 0xf);
    assert!(matches!(&started, Action::Start { queues, .. } if queues[0].size == 32));

    let (device, action) = succeed(&device);

    assert_eq!(action, started);
    assert_eq!(read(&device, reg::STATUS, 4), 0xf);
}

/// It was carried out, and its process was killed before it was answered.
#[test]
fn a_status_that_is_written_again_starts_nothing_again() {
    let mut device = device();
    accept(&mut device, VERSION_1 | ACCESS_PLATFORM);
    write(&mut device, reg::STATUS, 0xf);
    let (mut device, _) = succeed(&device);

    assert_eq!(write(&mut device, reg::STATUS, 0xf), Action::None);
}

#[test]
fn notifications_and_acknowledgements_are_not_to_be_remembered() {
    let mut device = device();
    write(&mut device, reg::STATUS, 1);
    assert!(device.take_change());

    write(&mut device, reg::QUEUE_NOTIFY, 0);
    write(&mut device, reg::INTERRUPT_ACK, 1);
    read(&device, reg::STATUS, 4);
    assert!(!device.take_change());

    super::write(&mut device, CONFIG + 4, 1, 9);
    assert!(device.take_change());
}

proptest! {
    /// What a process has written that somebody had taken over.
    #[test]
    fn any_registers_are_borne(
        registers in any::<[u8; size_of::<Registers>()]>(),
        queues in any::<[[u8; size_of::<QueueRegisters>()]; 2]>(),
        status in 0u32..16,
    ) {
        let mut registers = Registers::read_from_bytes(&registers).unwrap();
        registers.status = status;
        let queues = queues.map(|bytes| QueueRegisters::read_from_bytes(&bytes).unwrap());
        let mut device = device();

        let action = device.restore(registers, &queues);

        if let Action::Start { features, queues } = action {
            prop_assert!(features & !device.features == 0);
            prop_assert!(queues.iter().all(|queue| queue.size <= 64));
        }
        for offset in (0..MMIO_SIZE).step_by(4) {
            read(&device, offset, 4);
        }
    }
}
