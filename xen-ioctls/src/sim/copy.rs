// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `GNTTABOP_copy` and the ioctl in front of it.

// UNSAFE: a system call is given pointers.
#![expect(unsafe_code)]

use xen_hypercall::PAGE_SIZE;

use super::Answer;
use super::call::Call;
use super::open::Open;
use super::state::State;
use super::user::{get, get_all, put};
use crate::gntdev::abi;

const BOTH: u16 = abi::SOURCE_GREF | abi::DEST_GREF;

impl State {
    /// # Safety
    ///
    /// `arg` leads to a `GrantCopy`, and that to as many segments as it says.
    pub unsafe fn grant_copy(&mut self, open: &Open, arg: *mut u8) -> Answer<u32> {
        // SAFETY: as the caller says.
        let call = unsafe { get::<abi::GrantCopy>(arg) };
        let count = usize::try_from(call.count).or(Err(libc::EINVAL))?;
        self.record(open.domain, || Call::CopyGrants(count));
        // SAFETY: as the caller says.
        let segments = unsafe { get_all::<abi::CopySegment>(call.segments, count) };
        for (n, mut segment) in segments.into_iter().enumerate() {
            segment.status = match self.copy_segment(open.domain, &segment)? {
                Ok(()) => 0,
                Err(status) => status,
            };
            // SAFETY: as the caller says.
            unsafe { put(call.segments.wrapping_add(n).cast(), segment) };
        }
        Ok(0)
    }

    /// Copies one segment: an errno ends the call, a status the segment.
    fn copy_segment(&mut self, user: u16, segment: &abi::CopySegment) -> Answer<Result<(), i16>> {
        let len = usize::from(segment.len);
        // Which side of the union is meant, the flags say.
        // SAFETY: both sides are plain numbers, so any bits are valid.
        let (virt, foreign) = match segment.flags & BOTH {
            // SAFETY: as above.
            abi::SOURCE_GREF => (unsafe { segment.dest.virt }, unsafe {
                segment.source.foreign
            }),
            // SAFETY: as above.
            abi::DEST_GREF => (unsafe { segment.source.virt }, unsafe {
                segment.dest.foreign
            }),
            // From the process to itself is refused, from grant to grant is not simulated.
            _ => return Err(libc::EINVAL),
        };
        if usize::from(foreign.offset) + len > PAGE_SIZE {
            return Err(libc::EINVAL);
        }
        let write = segment.flags & abi::DEST_GREF != 0;
        let machine = match self.use_grant(user, foreign.domid.0, foreign.gref.0, write) {
            Ok(machine) => machine,
            Err(status) => return Ok(Err(status)),
        };
        let offset = foreign.offset.into();
        if write {
            let bytes = self.window.read(virt, len)?;
            self.machine.write(machine, offset, &bytes);
        } else {
            let mut bytes = vec![0; len];
            self.machine.read(machine, offset, &mut bytes);
            self.window.write(virt, &bytes)?;
        }
        Ok(Ok(()))
    }
}
