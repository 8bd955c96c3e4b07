// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What Xen on Arm does not have.

use xen_hypercall::dm_op::{
    DmOp, InjectMsi, ModifiedExtent, ModifiedMemory, SetIsaIrqLevel, TrackDirtyVram,
};
use xen_hypercall::slot::{In, NoSlot, Out};
use xen_ioctls::Privcmd;

use super::{Outcome, RAM, refused};
use crate::Host;

/// Xen on Arm has none of them in its table: dm_op's of x86 fail alike, whatever they say.
pub fn x86_is_not_supported(host: &Host) -> Outcome {
    fn alone<T>(host: &Host, op: T) -> Outcome
    where
        T: for<'s> DmOp<Slot<'s> = NoSlot>,
    {
        refused(Privcmd::open()?.perform(host.guest, op), libc::EOPNOTSUPP)
    }
    let xen = Privcmd::open()?;
    let mut bitmap = [0; 8];
    let dirty = xen.perform_with(host.guest, TrackDirtyVram::new(RAM), Out(&mut bitmap));
    refused(dirty, libc::EOPNOTSUPP)?;
    // One at least: Linux cannot find the page of a buffer of no bytes (EFAULT).
    let mut extents = [ModifiedExtent::new(RAM, 1)];
    let written = xen.perform_with(host.guest, ModifiedMemory::new(), In(&mut extents));
    refused(written, libc::EOPNOTSUPP)?;
    alone(host, SetIsaIrqLevel::new(4, true))?;
    alone(host, InjectMsi::new(0xfee0_0000, 0x30))
}
