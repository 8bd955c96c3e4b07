// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! From a queue as a driver has set it up to a ring that can be served.

use virtio_queue::{Queue, QueueT};
use xen_vm_memory::{GuestSpace, Pin};

use crate::transport::QueueSetup;

/// What is wrong with a ring.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The guest has named memory for a ring that it does not share.
    #[error("queue {queue}: cannot use the {part}")]
    Memory {
        /// The queue.
        queue: u16,
        /// Which part of it.
        part: &'static str,
        /// Why.
        #[source]
        source: xen_vm_memory::Error,
    },
    /// The guest has described a ring that cannot be.
    #[error("queue {queue} is no ring")]
    Shape {
        /// The queue.
        queue: u16,
        /// Why.
        #[source]
        source: virtio_queue::Error,
    },
}

/// Maps the three parts of a ring until the result is dropped.
///
/// # Errors
///
/// [`Error::Memory`].
pub fn pin(space: &GuestSpace, setup: &QueueSetup) -> Result<[Pin; 3], Error> {
    let size = usize::from(setup.size);
    let pin = |part, addr, len| {
        space.pin(addr, len).map_err(|source| Error::Memory {
            queue: setup.index,
            part,
            source,
        })
    };
    // Both rings with the event index at their end: virtio 1.2, "Split Virtqueues".
    Ok([
        pin("descriptor table", setup.desc, 16 * size)?,
        pin("available ring", setup.avail, 6 + 2 * size)?,
        pin("used ring", setup.used, 6 + 8 * size)?,
    ])
}

/// The ring, from its beginning on.
///
/// # Errors
///
/// [`Error::Shape`].
pub fn queue(setup: &QueueSetup, event_idx: bool) -> Result<Queue, Error> {
    let wrong = |source| Error::Shape {
        queue: setup.index,
        source,
    };
    let mut queue = Queue::new(setup.size).map_err(wrong)?;
    queue.try_set_size(setup.size).map_err(wrong)?;
    queue
        .try_set_desc_table_address(setup.desc)
        .map_err(wrong)?;
    queue
        .try_set_avail_ring_address(setup.avail)
        .map_err(wrong)?;
    queue.try_set_used_ring_address(setup.used).map_err(wrong)?;
    queue.set_event_idx(event_idx);
    queue.set_ready(true);
    Ok(queue)
}
