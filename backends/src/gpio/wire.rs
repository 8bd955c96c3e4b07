// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a GPIO device and its driver exchange: virtio 1.2, "GPIO Device".

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// There are interrupts, and a second queue for them: "Feature bits".
pub(super) const VIRTIO_GPIO_F_IRQ: u32 = 0;

/// The queue of requests, and the one of interrupts: "Virtqueues".
pub(super) const EVENT_QUEUE: u16 = 1;

/// `VIRTIO_GPIO_MSG_*`: "Device Operation: requestq".
pub(super) mod message {
    pub const GET_LINE_NAMES: u16 = 1;
    pub const GET_DIRECTION: u16 = 2;
    pub const SET_DIRECTION: u16 = 3;
    pub const GET_VALUE: u16 = 4;
    pub const SET_VALUE: u16 = 5;
    pub const SET_IRQ_TYPE: u16 = 6;
}

/// `VIRTIO_GPIO_DIRECTION_*`.
pub(super) mod direction {
    pub const NONE: u8 = 0;
    pub const OUT: u8 = 1;
    pub const IN: u8 = 2;
}

/// `VIRTIO_GPIO_IRQ_TYPE_*`.
pub(super) mod irq {
    pub const NONE: u32 = 0;
    pub const EDGE_RISING: u32 = 1;
    pub const EDGE_FALLING: u32 = 2;
    pub const EDGE_BOTH: u32 = 3;
    pub const LEVEL_HIGH: u32 = 4;
    pub const LEVEL_LOW: u32 = 8;
}

/// The result of a request, the first byte of its response.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Status {
    Ok = 0,
    Err = 1,
}

/// What became of a buffer of the event queue: `struct virtio_gpio_irq_response`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum IrqStatus {
    /// There was no interrupt.
    Invalid = 0,
    /// There was one.
    Valid = 1,
}

/// `struct virtio_gpio_config`: "Device configuration layout".
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Config {
    pub(super) ngpio: U16,
    pub(super) padding: [u8; 2],
    /// Bytes of the answer to `GET_LINE_NAMES`; 0, if there are no names.
    pub(super) gpio_names_size: U32,
}

const _: () = assert!(size_of::<Config>() == 8);

/// `struct virtio_gpio_request`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Message {
    /// Of [`message`].
    pub(super) kind: U16,
    /// The line.
    pub(super) gpio: U16,
    pub(super) value: U32,
}

const _: () = assert!(size_of::<Message>() == 8);

/// `struct virtio_gpio_response`.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub(super) struct Response {
    pub(super) status: u8,
    pub(super) value: u8,
}
