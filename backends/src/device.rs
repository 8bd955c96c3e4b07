// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a device is to the queue loop, and what a transport is to it.

use std::os::fd::AsRawFd;

use virtio_bindings::virtio_config::{VIRTIO_F_ACCESS_PLATFORM, VIRTIO_F_VERSION_1};
use virtio_bindings::virtio_ring::{VIRTIO_RING_F_EVENT_IDX, VIRTIO_RING_F_INDIRECT_DESC};

use crate::config::ConfigSpace;
use crate::request::Request;
use crate::saved::SavedState;

/// Features that the queue loop and the transport implement for every device.
///
/// The transport offers them besides [`Traits::features`], and enables
/// `RING_EVENT_IDX` in the queue when the driver accepts it.
pub const RING_FEATURES: u64 = 1 << VIRTIO_F_VERSION_1
    | 1 << VIRTIO_F_ACCESS_PLATFORM
    | 1 << VIRTIO_RING_F_EVENT_IDX
    | 1 << VIRTIO_RING_F_INDIRECT_DESC;

/// Identity and limits of a device: data, not a getter for each.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Traits {
    /// The virtio device ID.
    pub id: u32,
    /// Feature bits of the device type; [`RING_FEATURES`] come on top.
    pub features: u64,
    /// How many queues it has.
    pub queues: u16,
    /// The largest size of each queue: a power of two.
    pub queue_size: u16,
}

/// A virtio device as a request handler.
///
/// There is no error for the guest's mistakes: a wrong request gets the device's
/// failure status, and the chain always goes back.
pub trait Device: Send {
    /// Identity and limits. Constant for the life of the device.
    fn traits(&self) -> Traits;

    /// Features that a driver has to accept: it cannot work without them.
    fn required(&self) -> u64 {
        0
    }

    /// The device configuration space. The same one for the life of the device.
    fn config(&self) -> ConfigSpace {
        ConfigSpace::default()
    }

    /// Tells which of the offered features the driver has accepted.
    ///
    /// Called when negotiation ends, before the driver reads what depends on it, and again when the
    /// device is about to be used; so also after a reset.
    fn negotiated(&mut self, _features: u64) {}

    /// Serves one request of queue number `queue`.
    ///
    /// When this returns the chain goes back, with as many bytes as were written; unless it was
    /// [kept](Request::keep).
    fn serve(&mut self, queue: u16, request: Request<'_>);

    /// Whether serving a request never waits for anything but the processor, with [`submit`](Self::submit). Then
    /// it may be served on the thread that has brought the driver's notification, which has other things to do
    /// soon.
    fn is_quick(&self) -> bool {
        false
    }

    /// Begins what it has put off while it served requests: it has seen a batch of them.
    ///
    /// With `wait`, it also ends everything for which it [holds](Request::hold) a request, and
    /// lets go of the memory. What is answered by then goes back with the batch.
    fn submit(&mut self, _wait: bool) {}

    /// Fails a request whose buffers are too large in sum, or cannot all be accessed, and says
    /// whether the driver will know.
    ///
    /// `request` holds only the chain's last writable buffer, and not even that when
    /// it cannot be accessed. A device with a status byte must write its failure there, and
    /// return `false` if it cannot: drivers do not look at the used length, and would take what
    /// an earlier request left in the byte for this one's result. Then, if the cause may be the
    /// host's, the chain does not go back and the queue is retired: a driver that waits is better
    /// off than one that takes a failed write for a good one.
    ///
    /// The default is for devices whose drivers look at the used length, which is 0.
    fn refuse(&mut self, _queue: u16, _request: Request<'_>) -> bool {
        true
    }

    /// A descriptor that becomes readable when the device has something to do without a request.
    /// The same for the life of the device.
    ///
    /// The worker watches it edge-triggered, and never reads it.
    fn events(&self) -> Option<&dyn AsRawFd> {
        None
    }

    /// Does what the descriptor of [`events`](Self::events) has asked for, and returns whether
    /// there may be more of it: then it is called again, after a look at what else there is to do.
    /// Otherwise it is not called before there is something new. May come without need.
    fn wake(&mut self) -> bool {
        false
    }

    /// Looks at what may have changed outside, rather than when it would look next: somebody has
    /// changed something.
    fn look(&mut self) {}

    /// How many bytes of [`SavedState`] it takes to go on for a driver in another process. The same for the
    /// life of the device.
    ///
    /// The default is for devices that know nothing of their driver but its requests.
    fn state_len(&self) -> usize {
        0
    }

    /// Goes on with what is there, then keeps its state there. Called before the first request, with what
    /// has been [negotiated](Self::negotiated).
    fn keep_state(&mut self, _state: SavedState) {}

    /// Drops the requests that it keeps of one queue.
    ///
    /// Called after the worker was stopped for a reset of that queue: nothing of it goes back to the driver
    /// any more, and the others go on.
    fn reset_queue(&mut self, _queue: u16) {}

    /// Forgets what it knows of the driver, and drops the requests that it keeps.
    ///
    /// Called after the worker was stopped for a reset: nothing goes back to the driver any more.
    fn reset(&mut self) {}
}

/// How the queue loop reaches the driver: implemented by the transport.
pub trait Interrupt: Send + Sync {
    /// Tells the driver that queue `index` has used buffers.
    fn queue(&self, index: u16);

    /// The configuration space has changed: raises a config interrupt.
    fn config_changed(&self);

    /// The device can not go on: sets `DEVICE_NEEDS_RESET` and raises a config interrupt.
    ///
    /// May come more than once, from different queues.
    fn broken(&self);
}
