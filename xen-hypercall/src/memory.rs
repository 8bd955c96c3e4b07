// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Memory of a domain, and resources of it that its device model may map:
//! `xen/include/public/memory.h` (`XENMEM_acquire_resource` since Xen 4.11).

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use crate::abi::hypercalls::numbers::MEMORY_OP;
use crate::abi::memory::{self as abi, numbers, ops};
use crate::abi::start_info::MemmapType;
use crate::call::XenHypercall;
use crate::dm_op::ServerId;
use crate::operation::{request, word};
use crate::slot::Place;
use crate::{DomId, Gfn, XenError};

/// What to acquire: `type`, `id` and first `frame` of `struct xen_mem_acquire_resource`.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, dm_op::CreateIoreqServer, memory::Resource};
/// use xen_ioctls::sim;
///
/// let xen = sim::Xen::new();
/// let _guest = xen.create_domain(DomId(1), 1);
/// let privcmd = xen.privcmd();
/// let server = privcmd.perform(DomId(1), CreateIoreqServer::unbuffered())?;
/// let page = privcmd.map_resource(DomId(1), Resource::ioreq_page(server, 0))?;
/// assert_eq!(page.len(), 4096);
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `XENMEM_resource_*`.
    pub kind: u32,
    /// Which one of that kind.
    pub id: u32,
    /// First frame of it.
    pub frame: u32,
}

impl Resource {
    /// The page of buffered writes of a server:
    /// `XENMEM_resource_ioreq_server_frame_bufioreq`.
    pub fn buffered_page(server: ServerId) -> Self {
        Self {
            kind: abi::Resource::IOREQ_SERVER.0.into(),
            id: server.0.into(),
            frame: abi::FRAME_BUFIOREQ,
        }
    }

    /// Page `n` of the synchronous ioreq pages of a server (frame 0 is the buffered one):
    /// `XENMEM_resource_ioreq_server_frame_ioreq(n)`.
    pub fn ioreq_page(server: ServerId, n: u32) -> Self {
        Self {
            kind: abi::Resource::IOREQ_SERVER.0.into(),
            id: server.0.into(),
            frame: abi::FRAME_BUFIOREQ + 1 + n,
        }
    }
}

/// `__HYPERVISOR_memory_op`.
pub const HYPERCALL: usize = word(MEMORY_OP);

/// Tells where the extents are, and how many.
fn extents(reservation: &mut abi::XenMemoryReservation, place: Place) -> Result<(), XenError> {
    reservation.extent_start = place.address;
    reservation.nr_extents = number(place.count)?;
    Ok(())
}

/// How many, as a field has it.
fn number<T: TryFrom<usize>>(count: usize) -> Result<T, XenError> {
    T::try_from(count).map_err(|_too_many| XenError::TOOBIG)
}

request! {
    /// `XENMEM_decrease_reservation`: gives frames back to Xen. Returns how many extents.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::memory::Decrease;
    /// use xen_hypercall::slot::In;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses the frame.
    /// let decrease = unsafe { Decrease::new(DomId::SELF, 0) };
    /// let (given, ()) = xen.perform_with(decrease, In(&mut [Gfn(5)]))?;
    /// assert_eq!(given, 1);
    /// # Ok::<(), XenError>(())
    /// ```
    Decrease = ops::DecreaseReservation,
    slots |args, [place, ..]| extents(args, place),
    => usize, |_args, result| Ok(result)
}

request! {
    /// `XENMEM_populate_physmap`: gets memory for frames. Returns how many extents. A caller with
    /// its own translation (PV) gets the machine frames in the buffer.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::memory::Populate;
    /// use xen_hypercall::slot::InOut;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let populate = Populate::new(DomId::SELF, 0);
    /// let (got, _) = xen.perform_with(populate, InOut(&mut [Gfn(0x9000)]))?;
    /// assert_eq!(got, 1);
    /// guest.write(0x900_0000, b"memory");
    /// # Ok::<(), XenError>(())
    /// ```
    Populate = ops::PopulatePhysmap,
    slots |args, [place, ..]| extents(args, place),
    => usize, |_args, result| Ok(result)
}

impl Decrease {
    /// Extents of `1 << order` frames of `domain`: the first frame of each is in the buffer.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses those frames any more.
    pub unsafe fn new(domain: DomId, order: u32) -> Self {
        Self(abi::XenMemoryReservation {
            extent_order: order,
            domid: domain,
            ..Default::default()
        })
    }
}

impl Populate {
    /// Extents of `1 << order` frames of `domain`, holes so far: the first frame of each is in
    /// the buffer.
    pub fn new(domain: DomId, order: u32) -> Self {
        Self(abi::XenMemoryReservation {
            extent_order: order,
            domid: domain,
            ..Default::default()
        })
    }
}

request! {
    /// `XENMEM_add_to_physmap`: puts a page of Xen's into the memory of a domain.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::memory::{AddToPhysmap, Space};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses either frame.
    /// let place = unsafe { AddToPhysmap::new(DomId::SELF, Space::Frame(Gfn(5)), Gfn(0x9000)) };
    /// xen.perform(place)?;
    /// guest.write(0x900_0000, b"moved");
    /// # Ok::<(), XenError>(())
    /// ```
    AddToPhysmap = ops::AddToPhysmap, => (), |_args, _| Ok(())
}

/// `XENMAPSPACE_*`: which page.
///
/// # Example
///
/// ```
/// use xen_hypercall::memory::{AddToPhysmap, Space};
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::{DomId, Gfn, XenError, XenHypercall};
///
/// /// In a guest that has kept the frame free.
/// fn place<X: XenHypercall>(xen: &X, free: Gfn) -> Result<(), XenError> {
///     // SAFETY: nobody uses the frame.
///     xen.perform(unsafe { AddToPhysmap::new(DomId::SELF, Space::SharedInfo, free) })
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Space {
    /// The page that the domain shares with Xen.
    SharedInfo,
    /// A page of the domain's grant table.
    GrantTable(u64),
    /// What is at another frame of the domain, which it leaves.
    Frame(Gfn),
}

impl Space {
    fn parts(self) -> (abi::Space, u64) {
        match self {
            Self::SharedInfo => (abi::Space::SHARED_INFO, 0),
            Self::GrantTable(n) => (abi::Space::GRANT_TABLE, n),
            Self::Frame(frame) => (abi::Space::GMFN, frame.0),
        }
    }
}

impl AddToPhysmap {
    /// Puts it at a frame of `domain`.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses what was at that frame.
    pub unsafe fn new(domain: DomId, space: Space, frame: Gfn) -> Self {
        let (space, idx) = space.parts();
        Self(abi::XenAddToPhysmap {
            domid: domain,
            space,
            idx,
            gpfn: frame,
            ..Default::default()
        })
    }
}

request! {
    /// `XENMEM_add_to_physmap_batch`: puts pages of Xen's or of another domain into the memory of
    /// a domain. The buffers have as many items each: which pages, where they go, and an errno
    /// or 0 for each.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::memory::{AddToPhysmapBatch, BatchSpace};
    /// use xen_hypercall::slot::{In, Out};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::Hypercaller;
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
    ///
    /// // SAFETY: nobody uses the frames.
    /// let batch = unsafe { AddToPhysmapBatch::new(DomId::SELF, BatchSpace::Foreign(DomId(1))) };
    /// let (mut theirs, mut frames, mut errors) = ([0, 0xf_0000], [Gfn(8), Gfn(9)], [0; 2]);
    /// let slots = (In(&mut theirs), In(&mut frames), Out(&mut errors));
    /// let (_, (_, _, errors)) = xen.perform_with(batch, slots)?;
    /// assert_eq!(errors, [0, -22]); // the second is a hole
    /// # Ok::<(), XenError>(())
    /// ```
    AddToPhysmapBatch = ops::AddToPhysmapBatch,
    slots |args, [pages, frames, errors]| {
        if frames.count != pages.count || errors.count != pages.count {
            return Err(XenError::INVAL);
        }
        args.size = number(pages.count)?;
        args.idxs = pages.address;
        args.gpfns = frames.address;
        args.errs = errors.address;
        Ok(())
    },
    => (), |_args, _| Ok(())
}

/// `XENMAPSPACE_*`: whose pages a batch is of.
///
/// # Example
///
/// ```
/// use xen_hypercall::memory::{AddToPhysmapBatch, BatchSpace};
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::slot::{In, Out};
/// use xen_hypercall::{DomId, Gfn, XenError, XenHypercall};
///
/// /// Two frames of another domain, at two that this one has kept free.
/// fn place<X: XenHypercall>(xen: &X, free: &mut [Gfn; 2]) -> Result<bool, XenError> {
///     // SAFETY: nobody uses the frames.
///     let batch = unsafe { AddToPhysmapBatch::new(DomId::SELF, BatchSpace::Foreign(DomId(7))) };
///     let (mut theirs, mut errors) = ([0x100, 0x101], [0; 2]);
///     let slots = (In(&mut theirs), In(free), Out(&mut errors));
///     let (_, (_, _, errors)) = xen.perform_with(batch, slots)?;
///     Ok(errors == [0, 0])
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BatchSpace {
    /// Of the domain's grant table.
    GrantTable,
    /// Frames of another domain, which the caller has privilege over.
    Foreign(DomId),
}

impl AddToPhysmapBatch {
    /// Puts them at frames of `domain`.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses what was at those frames.
    pub unsafe fn new(domain: DomId, space: BatchSpace) -> Self {
        let (space, foreign_domid) = match space {
            BatchSpace::GrantTable => (abi::Space::GRANT_TABLE, DomId(0)),
            BatchSpace::Foreign(other) => (abi::Space::GMFN_FOREIGN, other),
        };
        let [low, high, ..] = space.0.to_le_bytes();
        Self(abi::XenAddToPhysmapBatch {
            domid: domain,
            space: u16::from_le_bytes([low, high]),
            foreign_domid,
            ..Default::default()
        })
    }
}

request! {
    /// `XENMEM_memory_map`: what is where in this domain's memory, as its toolstack has set it.
    /// Returns how many entries Xen has written.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::memory::E820Entry;
    /// use xen_hypercall::memory::MemoryMap;
    /// use xen_hypercall::slot::Out;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let mut room = [E820Entry::default(); 8];
    /// let (count, entries) = xen.perform_with(MemoryMap::default(), Out(&mut room))?;
    /// assert_eq!((count, entries[0].size()), (1, 1 << 20));
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    MemoryMap = ops::MemoryMap,
    slots |args, [place, ..]| {
        args.nr_entries = number(place.count)?;
        args.buffer = place.address;
        Ok(())
    },
    => usize, |args, _| {
        usize::try_from(args.nr_entries).map_err(|_too_wide| XenError::OVERFLOW)
    }
}

impl abi::E820Entry {
    /// Where it begins.
    pub fn address(&self) -> u64 {
        u64::from(self.addr_high) << 32 | u64::from(self.addr_low)
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        u64::from(self.size_high) << 32 | u64::from(self.size_low)
    }

    /// What it is.
    pub fn kind(&self) -> MemmapType {
        MemmapType(self.kind)
    }
}

request! {
    /// `XENMEM_remove_from_physmap`: takes a page out of the memory of a domain.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::memory::RemoveFromPhysmap;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: nobody uses the frame.
    /// let remove = || unsafe { RemoveFromPhysmap::new(DomId::SELF, Gfn(5)) };
    /// xen.perform(remove())?;
    /// assert_eq!(xen.perform(remove()), Err(XenError::NOENT));
    /// # Ok::<(), XenError>(())
    /// ```
    RemoveFromPhysmap = ops::RemoveFromPhysmap, => (), |_args, _| Ok(())
}

impl RemoveFromPhysmap {
    /// Whatever is at a frame of `domain`.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one, nobody uses that frame.
    pub unsafe fn new(domain: DomId, frame: Gfn) -> Self {
        Self(abi::XenRemoveFromPhysmap {
            domid: domain,
            gpfn: frame,
            ..Default::default()
        })
    }
}

request! {
    /// `XENMEM_acquire_resource`: asks for the machine frames of a resource, or, for a caller
    /// whose memory Xen translates, puts the resource at the frames in the buffer. Without room
    /// for any, asks how many there are. Returns that number.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::memory::{AcquireResource, Resource};
    /// use xen_hypercall::slot::InOut;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::Hypercaller;
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
    /// # let create = xen_hypercall::dm_op::CreateIoreqServer::unbuffered();
    /// # let server = xen_hypercall::dm_op::perform(&xen, DomId(1), create)?;
    ///
    /// let page = Resource::ioreq_page(server, 0);
    /// let acquire = AcquireResource::new(DomId(1), page).expect("Xen has ioreq servers");
    /// let (count, _) = xen.perform_with(acquire, InOut(&mut [Gfn(8)]))?;
    /// assert_eq!(count, 1);
    /// machine.host().read(8 << 12, &mut [0; 4096]); // the page is there now
    /// # Ok::<(), XenError>(())
    /// ```
    AcquireResource = ops::AcquireResource,
    slots |args, [place, ..]| {
        args.nr_frames = number(place.count)?;
        args.frame_list = if place.count == 0 { 0 } else { place.address };
        Ok(())
    },
    => u32, |args, _| Ok(args.nr_frames)
}

impl AcquireResource {
    /// A resource of `domain`, from its first frame on; `None` when Xen has no such kind.
    pub fn new(domain: DomId, resource: Resource) -> Option<Self> {
        Some(Self(abi::XenMemAcquireResource {
            domid: domain,
            kind: abi::Resource(u16::try_from(resource.kind).ok()?),
            id: resource.id,
            frame: resource.frame.into(),
            ..Default::default()
        }))
    }
}

/// The number of the last machine frame.
///
/// # Errors
///
/// What Xen says.
pub fn maximum_ram_page<X: XenHypercall>(xen: &X) -> Result<usize, XenError> {
    // SAFETY: XENMEM_maximum_ram_page takes no argument.
    unsafe { xen.hypercall2_wide(HYPERCALL, [word(numbers::MAXIMUM_RAM_PAGE), 0]) }
}
