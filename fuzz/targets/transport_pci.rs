// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Any accesses to the configuration space of a function, to its BAR with the common structure, the MSI-X table
//! and all else, and by the window in the configuration space: nothing is served that cannot be, no
//! message with a vector is sent that is masked, and what another process reads of it is the same function.

#![no_main]

use std::sync::Arc;

use backends::{ConfigSpace, Traits};
use vhost_device_xen::transport::pci::{BAR_SIZE, Function, Pending};
use vhost_device_xen::transport::{Action, Common, NO_VECTOR, QueueSetup};

const QUEUES: u16 = 3;
const VERSION_1: u64 = 1 << 32;
const RING_RESET: u64 = 1 << 40;
/// The vector in what a message says. A message without one is an event channel's, which has a mask of its own.
const VECTOR: u32 = 0xff;

#[derive(Debug)]
struct Odd;

impl Pending for Odd {
    fn is_pending(&self, vector: u16) -> bool {
        vector % 2 == 1
    }
}

fn check(queue: &QueueSetup) {
    assert!(queue.index < QUEUES && queue.size <= 128);
    assert!(queue.size.is_power_of_two());
}

fn function() -> (Function, Common) {
    let traits = Traits {
        id: 2,
        features: 0b111,
        queues: QUEUES,
        queue_size: 128,
    };
    let config = ConfigSpace::new(&[7; 60]).with_writable(32..33);
    let features = traits.features | VERSION_1 | RING_RESET;
    (
        Function::new(traits.id, QUEUES + 1, true, Arc::new(Odd)),
        Common::new(traits, features, VERSION_1, config, Arc::default()),
    )
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let (mut function, mut common) = function();
    for access in bytes.chunks_exact(8) {
        let [what, low, high, value @ ..] = access else {
            continue;
        };
        let size = 1u8 << (what & 3);
        let offset = u16::from_le_bytes([*low, *high]);
        let mut wide = [0; 8];
        wide[..value.len()].copy_from_slice(value);
        let value = u64::from_le_bytes(wide);
        let action = match what >> 2 & 3 {
            0 => {
                function.read_config(&common, offset & 0xfff, size);
                Action::None
            }
            1 => function.write_config(&mut common, offset & 0xfff, size, value),
            2 => {
                function.read_bar(&common, offset.into(), size);
                Action::None
            }
            _ => function.write_bar(&mut common, offset.into(), size, value),
        };
        match action {
            Action::Start { features, queues } => {
                assert_eq!(features & VERSION_1, VERSION_1);
                queues.iter().for_each(check);
            }
            Action::StartQueue(queue) => check(&queue),
            Action::Kick(queue) | Action::ResetQueue(queue) => assert!(queue < QUEUES),
            _ => {}
        }
    }
    assert_eq!(function.read_config(&common, 0, 4), 0x1042_1af4);
    assert!(function.bar().is_none_or(|bar| bar % u64::from(BAR_SIZE) == 0));
    assert!(common.vectors().all(|vector| vector <= QUEUES || vector == NO_VECTOR));
    for vector in 0..=QUEUES {
        let mask = function.read_bar(&common, 0x400c + 16 * u64::from(vector), 4) & 1;
        let message = function.message(vector).filter(|_| mask == 1);
        assert!(message.is_none_or(|event| event.data & VECTOR == 0));
    }
    let (mut next, _) = self::function();
    let (space, table) = function.state();
    next.restore(space, table);
    assert_eq!(next.state(), function.state());
});
