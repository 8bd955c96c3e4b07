// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Device model operations: `xen/include/public/hvm/dm_op.h` (stable since Xen 4.9, on Arm since
//! 4.15 with `CONFIG_IOREQ_SERVER`).
//!
//! Each operation is a type over the generated [`XenDmOp`]: the number, 32 bits of zero, and the
//! operation's own arguments; Xen writes results into the same bytes. They belong
//! in the first buffer of the call. The caller must be privileged over the target domain
//! (`XSM_DM_PRIV`).

use core::ops::RangeInclusive;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::abi::dm_op::{self as abi, Bufioreq, IoRange, IoreqServerRange, XenDmOp, XenDmOpU};
use crate::operation::Operation;

/// `ioservid_t`: an IOREQ server of one domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ServerId(pub u16);

/// A device model operation as Xen reads it.
pub trait DmOp: IntoBytes + FromBytes + Immutable + KnownLayout {
    /// `XEN_DMOP_*`.
    const NUMBER: u32;

    /// The bytes of the whole `struct xen_dm_op`.
    fn as_bytes(&self) -> &[u8] {
        IntoBytes::as_bytes(self)
    }

    /// The bytes of the whole `struct xen_dm_op`, for Xen to write its results to.
    fn as_mut_bytes(&mut self) -> &mut [u8] {
        IntoBytes::as_mut_bytes(self)
    }
}

/// Declares one operation: a whole [`XenDmOp`] whose tag is its number.
macro_rules! dm_op {
    ($(#[$meta:meta])* $name:ident = $operation:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
        #[repr(C)]
        pub struct $name(XenDmOp);

        impl DmOp for $name {
            const NUMBER: u32 = abi::ops::$operation::NUMBER;
        }
    };
}

/// An operation with its arguments.
fn whole(args: XenDmOpU) -> XenDmOp {
    let mut op = XenDmOp::default();
    op.set_u(args);
    op
}

dm_op! {
    /// Creates an IOREQ server without a buffered page. Result: [`id`](Self::id).
    CreateIoreqServer = CreateIoreqServer
}

impl CreateIoreqServer {
    /// `HVM_IOREQSRV_BUFIOREQ_OFF`: the only choice on Arm.
    pub fn unbuffered() -> Self {
        Self(whole(XenDmOpU::CreateIoreqServer(abi::CreateIoreqServer {
            handle_bufioreq: Bufioreq::OFF,
            ..Default::default()
        })))
    }

    /// The new server, once the call has succeeded.
    pub fn id(&self) -> ServerId {
        match self.0.u_value() {
            Ok(XenDmOpU::CreateIoreqServer(args)) => ServerId(args.id),
            // Xen does not write the number.
            _ => ServerId(0),
        }
    }
}

fn memory(server: ServerId, range: &RangeInclusive<u64>) -> IoreqServerRange {
    IoreqServerRange {
        id: server.0,
        kind: IoRange::MEMORY,
        start: *range.start(),
        end: *range.end(),
        ..Default::default()
    }
}

dm_op! {
    /// Gives a range of guest-physical addresses to a server: every access of the guest to it
    /// becomes an ioreq.
    MapIoRange = MapIoRangeToIoreqServer
}

impl MapIoRange {
    /// Memory-mapped addresses; both ends belong to the range.
    pub fn memory(server: ServerId, range: &RangeInclusive<u64>) -> Self {
        Self(whole(XenDmOpU::MapIoRangeToIoreqServer(memory(
            server, range,
        ))))
    }
}

dm_op! {
    /// Takes a range from a server again.
    UnmapIoRange = UnmapIoRangeFromIoreqServer
}

impl UnmapIoRange {
    /// A range that [`MapIoRange::memory`] has given to `server`, exactly.
    pub fn memory(server: ServerId, range: &RangeInclusive<u64>) -> Self {
        Self(whole(XenDmOpU::UnmapIoRangeFromIoreqServer(memory(
            server, range,
        ))))
    }
}

dm_op! {
    /// Enables or disables a server. Enabling fills in the event channels of the ioreq page,
    /// which must have been acquired before. Pauses the domain for a moment.
    SetIoreqServerState = SetIoreqServerState
}

impl SetIoreqServerState {
    /// `enabled`: whether the guest's accesses go to the server.
    pub fn new(server: ServerId, enabled: bool) -> Self {
        Self(whole(XenDmOpU::SetIoreqServerState(
            abi::SetIoreqServerState {
                id: server.0,
                enabled: enabled.into(),
                ..Default::default()
            },
        )))
    }
}

dm_op! {
    /// Destroys a server with its ranges. Pauses the domain for a moment.
    DestroyIoreqServer = DestroyIoreqServer
}

impl DestroyIoreqServer {
    /// The server that goes.
    pub fn new(server: ServerId) -> Self {
        Self(whole(XenDmOpU::DestroyIoreqServer(
            abi::DestroyIoreqServer {
                id: server.0,
                ..Default::default()
            },
        )))
    }
}

dm_op! {
    /// Sets the level of a shared peripheral interrupt (Arm, since Xen 4.15).
    SetIrqLevel = SetIrqLevel
}

impl SetIrqLevel {
    /// `irq`: the INTID, 32 or more, and not one that Xen itself drives.
    pub fn new(irq: u32, level: bool) -> Self {
        Self(whole(XenDmOpU::SetIrqLevel(abi::SetIrqLevel {
            irq,
            level: level.into(),
            ..Default::default()
        })))
    }
}

dm_op! {
    /// How many vCPUs the domain has at most (since Xen 4.15). Result:
    /// [`vcpus`](Self::vcpus).
    NrVcpus = NrVcpus
}

impl NrVcpus {
    /// The question.
    pub fn new() -> Self {
        Self(whole(XenDmOpU::NrVcpus(abi::NrVcpus::default())))
    }

    /// The answer, once the call has succeeded.
    pub fn vcpus(&self) -> u32 {
        match self.0.u_value() {
            Ok(XenDmOpU::NrVcpus(args)) => args.vcpus,
            // Xen does not write the number.
            _ => 0,
        }
    }
}

impl Default for NrVcpus {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_laid_out_as_the_header_says() {
        let op = MapIoRange::memory(ServerId(7), &(0x200_0000..=0x200_01ff));

        let bytes = DmOp::as_bytes(&op);

        assert_eq!(bytes[0..8], [3, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[8..16], [7, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(bytes[16..24], 0x200_0000u64.to_le_bytes());
        assert_eq!(bytes[24..32], 0x200_01ffu64.to_le_bytes());
    }

    #[test]
    fn an_answer_is_read_from_where_xen_writes_it() {
        let mut op = CreateIoreqServer::unbuffered();

        DmOp::as_mut_bytes(&mut op)[12..14].copy_from_slice(&0x0102u16.to_ne_bytes());

        assert_eq!(op.id(), ServerId(0x0102));
    }
}
