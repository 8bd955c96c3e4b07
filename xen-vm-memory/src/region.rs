// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Guest memory as a vhost-user back end in another process is told of it.

use std::os::fd::{AsFd, BorrowedFd};

use vm_memory::GuestAddress;
use zerocopy::little_endian::{U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::address::Pages;
use crate::error::{Error, Result};
use crate::space::{GuestSpace, Memory};

/// `VHOST_USER_PROTOCOL_F_XEN_MMAP`: the feature that makes region records as long as ours.
pub const PROTOCOL_F_XEN_MMAP: u64 = 1 << 17;

/// Memory is mapped from privcmd (QEMU, docs/interop/vhost-user.rst, "Memory region description").
const FOREIGN: u32 = 1;
/// Memory is mapped from gntdev.
const GRANT: u32 = 2;
/// Each access maps for itself: what is granted cannot be mapped in advance.
const NO_ADVANCE_MAP: u32 = 8;

/// A memory region of vhost-user with the two fields that Xen needs. Goes with the descriptor of
/// the [space](GuestSpace::region) that has made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenRegion {
    /// The first address, as the guest has it in its rings.
    pub guest_phys_addr: U64,
    /// How many bytes.
    pub memory_size: U64,
    /// Where the front end has it: nowhere, so the same as for the guest.
    pub user_addr: U64,
    /// Offset in the descriptor.
    pub mmap_offset: U64,
    /// How it is mapped.
    pub xen_mmap_flags: U32,
    /// The domain.
    pub xen_mmap_data: U32,
}
const _: () = assert!(size_of::<XenRegion>() == 40);

/// What a back end does with a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Rings: mapped once, for as long as the back end has the region.
    Rings,
    /// Buffers: with grants, mapped for each access.
    Buffers,
}

impl GuestSpace {
    /// Describes `len` bytes at `addr` to a vhost-user back end.
    ///
    /// # Errors
    ///
    /// [`Error::Address`] when the range does not fit the mode.
    pub fn region(&self, addr: GuestAddress, len: usize, what_for: Use) -> Result<XenRegion> {
        let mode = self.mode();
        let (flags, domain) = match (self.memory_of(), what_for) {
            (Memory::Foreign(memory), _) => (FOREIGN, memory.domain),
            (Memory::Grant(memory), Use::Rings) => (GRANT, memory.domain),
            (Memory::Grant(memory), Use::Buffers) => (GRANT | NO_ADVANCE_MAP, memory.domain),
        };
        Pages::new(addr, len, mode).ok_or(Error::Address { addr, len, mode })?;
        Ok(XenRegion {
            guest_phys_addr: addr.0.into(),
            memory_size: U64::new(len as u64),
            user_addr: addr.0.into(),
            mmap_offset: 0.into(),
            xen_mmap_flags: flags.into(),
            xen_mmap_data: u32::from(domain.0).into(),
        })
    }
}

impl AsFd for GuestSpace {
    /// The node behind the memory: privcmd or gntdev, restricted as it was when the space was
    /// made.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self.memory_of() {
            Memory::Foreign(memory) => memory.privcmd.as_fd(),
            Memory::Grant(memory) => memory.grants.as_fd(),
        }
    }
}

// The simulated Xen is beyond Miri.
#[cfg(all(test, not(miri)))]
mod tests {
    use xen_hypercall::DomId;
    use xen_ioctls::sim::Xen;

    use super::*;
    use crate::GRANT_BIT;

    const GUEST: DomId = DomId(0x1234);

    #[test]
    fn foreign_memory_is_described_byte_by_byte() {
        let xen = Xen::new();
        let space = GuestSpace::foreign(GUEST, xen.privcmd());

        let region = space.region(GuestAddress(0x4000_0000), 0x10_0000, Use::Buffers);

        let mut expected = [0; 40];
        expected[3] = 0x40;
        expected[10] = 0x10;
        expected[19] = 0x40;
        expected[32] = 1;
        expected[36..38].copy_from_slice(&[0x34, 0x12]);
        assert_eq!(region.unwrap().as_bytes(), expected);
    }

    #[test]
    fn granted_rings_stay_mapped_and_granted_buffers_do_not() {
        let xen = Xen::new();
        let space = GuestSpace::grant(GUEST, xen.grants());
        let addr = GuestAddress(GRANT_BIT | 0x5000);

        let rings = space.region(addr, 0x3000, Use::Rings).unwrap();
        let all = space.region(GuestAddress(GRANT_BIT), 1 << 40, Use::Buffers);

        assert_eq!(rings.xen_mmap_flags.get(), 2);
        assert_eq!(all.unwrap().xen_mmap_flags.get(), 10);
    }

    #[test]
    fn a_region_of_the_other_mode_is_refused() {
        let xen = Xen::new();
        let space = GuestSpace::grant(GUEST, xen.grants());

        let region = space.region(GuestAddress(0x4000_0000), 0x1000, Use::Rings);

        assert!(matches!(region, Err(Error::Address { .. })));
    }
}
