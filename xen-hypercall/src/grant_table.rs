// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Grant tables by hypercall: `xen/include/public/grant_table.h`.
//!
//! A process on Linux maps grants through `/dev/xen/gntdev`; this is for guests without a kernel.

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use crate::abi::grant_table::{
    self as abi, GnttabCopyDest, GnttabCopySource, MapFlags, Status, ops,
};
use crate::abi::hypercalls::numbers::GRANT_TABLE_OP;
use crate::operation::{BatchRequest, request, word};
use crate::{DomId, Gfn, GrantRef, XenError};

/// `__HYPERVISOR_grant_table_op`.
pub const HYPERCALL: usize = word(GRANT_TABLE_OP);

/// `GNTST_*` as an error.
fn check(status: Status) -> Result<(), XenError> {
    match status {
        Status::OKAY => Ok(()),
        Status::GENERAL_ERROR => Err(XenError::PERM),
        Status::BAD_DOMAIN => Err(XenError::SRCH),
        Status::BAD_GNTREF => Err(XenError::NOENT),
        Status::PERMISSION_DENIED => Err(XenError::ACCES),
        Status::EAGAIN => Err(XenError::AGAIN),
        _ => Err(XenError::INVAL),
    }
}

/// A grant that is mapped, for [`Unmap`].
///
/// # Example
///
/// ```
/// use xen_hypercall::grant_table::{Handle, Map, Unmap};
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
/// # guest.add_memory(0, 4096);
/// # let grant = guest.grant(Gfn(0), DomId(0), true);
///
/// // SAFETY: nobody uses that page of this domain.
/// let handle: Handle = xen.perform(unsafe { Map::new(DomId(1), grant, 0x8000, true) })?;
/// // SAFETY: as above.
/// xen.perform(unsafe { Unmap::new(handle, 0x8000) })?;
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Handle(pub u32);

request! {
    /// `GNTTABOP_map_grant_ref`: maps a grant at a guest-physical address of this domain.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::grant_table::Map;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    /// # let other = machine.create_domain(DomId(2), 1);
    /// # other.add_memory(0, 4096);
    /// # other.write(16, b"shared");
    /// # let grant = other.grant(Gfn(0), DomId(1), true);
    ///
    /// // SAFETY: nobody uses that page.
    /// let map = unsafe { Map::new(DomId(2), grant, 0x8000, true) };
    /// xen.perform(map)?;
    /// guest.write(0x8000, b"SHARED"); // what is there now is the other domain's
    /// # let mut seen = [0; 6];
    /// # other.read(0, &mut seen);
    /// assert_eq!(&seen, b"SHARED");
    /// # Ok::<(), XenError>(())
    /// ```
    Map = ops::MapGrantRef,
    => Handle, |args, _| check(args.status).map(|()| Handle(args.handle))
}

impl Map {
    /// # Safety
    ///
    /// `address` is a page of this domain that nobody uses: the grant takes its place.
    pub unsafe fn new(domain: DomId, grant: GrantRef, address: u64, writable: bool) -> Self {
        let flags = match writable {
            true => MapFlags::HOST_MAP,
            false => MapFlags::HOST_MAP | MapFlags::READONLY,
        };
        Self(abi::GnttabMapGrantRef {
            host_addr: address,
            flags,
            gref: grant,
            dom: domain,
            ..Default::default()
        })
    }
}

request! {
    /// `GNTTABOP_unmap_grant_ref`: ends a mapping.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::grant_table::{Map, Unmap};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    /// # let other = machine.create_domain(DomId(2), 1);
    /// # other.add_memory(0, 4096);
    /// # other.write(16, b"shared");
    /// # let grant = other.grant(Gfn(0), DomId(1), true);
    ///
    /// // SAFETY: nobody uses that page.
    /// let map = unsafe { Map::new(DomId(2), grant, 0x8000, true) };
    /// let handle = xen.perform(map)?;
    /// // SAFETY: as above.
    /// xen.perform(unsafe { Unmap::new(handle, 0x8000) })?;
    /// assert_eq!(other.mappings_of(grant), 0);
    /// # Ok::<(), XenError>(())
    /// ```
    Unmap = ops::UnmapGrantRef, => (), |args, _| check(args.status)
}

impl Unmap {
    /// # Safety
    ///
    /// Nobody uses what `handle` was mapped to, at `address`.
    pub unsafe fn new(handle: Handle, address: u64) -> Self {
        Self(abi::GnttabUnmapGrantRef {
            host_addr: address,
            handle: handle.0,
            ..Default::default()
        })
    }
}

request! {
    /// `GNTTABOP_copy`: copies between a grant and a frame of this domain, or between two.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::grant_table::{Copy, End};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    /// # let other = machine.create_domain(DomId(2), 1);
    /// # other.add_memory(0, 4096);
    /// # other.write(16, b"shared");
    /// # let grant = other.grant(Gfn(0), DomId(1), true);
    ///
    /// let (from, to) = (End::Grant(DomId(2), grant, 16), End::Frame(Gfn(4), 0));
    /// // SAFETY: nobody uses the frame.
    /// xen.perform(unsafe { Copy::new(from, to, 6) })?;
    /// # let mut seen = [0; 6];
    /// # guest.read(0x4000, &mut seen);
    /// assert_eq!(&seen, b"shared");
    /// # Ok::<(), XenError>(())
    /// ```
    Copy = ops::Copy, => (), |args, _| check(args.status)
}

/// One end of a [`Copy`](struct@Copy): where, and the offset in the page.
///
/// # Example
///
/// ```
/// use xen_hypercall::grant_table::{Copy, End};
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
/// # guest.add_memory(0, 4096);
/// # machine.host().add_memory(0, 4096);
/// # let grant = guest.grant(Gfn(0), DomId(0), false);
///
/// let from = End::Grant(DomId(1), grant, 0);
/// let to = End::Frame(Gfn(0), 512);
/// // SAFETY: nobody uses that part of the frame.
/// xen.perform(unsafe { Copy::new(from, to, 512) })?;
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// A frame of this domain.
    Frame(Gfn, u16),
    /// What another domain grants.
    Grant(DomId, GrantRef, u16),
}

impl Copy {
    /// `len` bytes, which cross no page at either end.
    ///
    /// # Safety
    ///
    /// Nobody else writes to a frame of this domain that is read, nor uses one that is written.
    pub unsafe fn new(from: End, to: End, len: u16) -> Self {
        let mut copy = abi::GnttabCopy {
            len,
            ..Default::default()
        };
        let (source, domid, offset) = match from {
            End::Frame(frame, offset) => (GnttabCopySource::Gmfn(frame), DomId::SELF, offset),
            End::Grant(domain, grant, offset) => (GnttabCopySource::Ref(grant), domain, offset),
        };
        copy.set_source(source);
        copy.source_domid = domid;
        copy.source_offset = offset;
        let (dest, domid, offset) = match to {
            End::Frame(frame, offset) => (GnttabCopyDest::Gmfn(frame), DomId::SELF, offset),
            End::Grant(domain, grant, offset) => (GnttabCopyDest::Ref(grant), domain, offset),
        };
        copy.set_dest(dest);
        copy.dest_domid = domid;
        copy.dest_offset = offset;
        Self(copy)
    }
}

// SAFETY: `request!` makes it the structure of its operation.
unsafe impl BatchRequest for Map {}
// SAFETY: as above.
unsafe impl BatchRequest for Unmap {}
// SAFETY: as above.
unsafe impl BatchRequest for Copy {}

request! {
    /// `GNTTABOP_query_size`: how many frames a grant table has, and may have.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::grant_table::QuerySize;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let (frames, most) = xen.perform(QuerySize::new(DomId::SELF))?;
    /// assert_eq!((frames, most), (1, 64));
    /// # Ok::<(), XenError>(())
    /// ```
    QuerySize = ops::QuerySize,
    => (u32, u32), |args, _| check(args.status).map(|()| (args.nr_frames, args.max_nr_frames))
}

impl QuerySize {
    /// The table of `domain`.
    pub fn new(domain: DomId) -> Self {
        Self(abi::GnttabQuerySize {
            dom: domain,
            ..Default::default()
        })
    }
}

request! {
    /// `GNTTABOP_set_version`: changes the version of this domain's table, and returns which it
    /// is then.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::grant_table::SetVersion;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(SetVersion::new(2))?, 2);
    /// assert_eq!(xen.perform(SetVersion::new(3)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
    SetVersion = ops::SetVersion, => u32, |args, _| Ok(args.version)
}

impl SetVersion {
    /// 1 or 2.
    pub fn new(version: u32) -> Self {
        Self(abi::GnttabSetVersion { version })
    }
}

request! {
    /// `GNTTABOP_get_version`: the version of a table.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::grant_table::GetVersion;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(GetVersion::new(DomId::SELF))?, 1);
    /// # Ok::<(), XenError>(())
    /// ```
    GetVersion = ops::GetVersion, => u32, |args, _| Ok(args.version)
}

impl GetVersion {
    /// The table of `domain`.
    pub fn new(domain: DomId) -> Self {
        Self(abi::GnttabGetVersion {
            dom: domain,
            ..Default::default()
        })
    }
}
