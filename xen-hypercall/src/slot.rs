// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The buffers of an operation beside its arguments: which way they go, and of what they are.

use zerocopy::{FromBytes, IntoBytes};

mod sealed {
    pub trait Sealed {}
}

/// A buffer that an operation wants, or none.
///
/// # Example
///
/// ```
/// use xen_hypercall::slot::{Out, Slot};
///
/// fn written<S: Slot>(_: &S) -> bool {
///     S::WRITTEN
/// }
/// assert!(written(&Out(&mut [0u8; 4])));
/// ```
pub trait Slot: sealed::Sealed {
    /// What is left when the operation is done.
    type Back;
    /// Whether Xen writes to it.
    const WRITTEN: bool;

    /// The bytes, if there is a buffer at all.
    fn bytes(&mut self) -> Option<&mut [u8]>;

    /// How many items there are.
    fn count(&self) -> usize;

    /// Gives back what Xen has written.
    fn back(self) -> Self::Back;
}

/// The operation has no further buffer.
///
/// # Example
///
/// ```
/// use xen_hypercall::slot::{NoSlot, Slot};
///
/// assert_eq!(NoSlot.count(), 0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct NoSlot;

/// Items that Xen reads. They are lent as if Xen wrote them: Linux refuses memory that cannot be
/// written to, such as a constant's.
///
/// # Example
///
/// ```
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::slot::In;
/// use xen_hypercall::{DomId, Port, sched::Poll, event_channel::BindIpi};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let port: Port = xen.perform(BindIpi::new(0))?;
/// xen.perform_with(Poll::new(), In(&mut [port]))?;
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Debug)]
pub struct In<'s, T>(pub &'s mut [T]);

/// Items that Xen reads, and writes in their place. They are [given back](Slot::Back) when the
/// operation is done.
///
/// # Example
///
/// ```
/// use xen_hypercall::memory::Populate;
/// use xen_hypercall::operation::Perform;
/// use xen_hypercall::slot::InOut;
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let mut frames = [Gfn(0x100), Gfn(0x101)];
/// let populate = Populate::new(DomId::SELF, 0);
/// let (done, _frames) = xen.perform_with(populate, InOut(&mut frames))?;
/// assert_eq!(done, 2);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Debug)]
pub struct InOut<'s, T>(pub &'s mut [T]);

/// Room for items that Xen writes. What is in it can be read when the operation is done, and not
/// before: it is [given back](Slot::Back) then.
///
/// # Example
///
/// ```
/// use xen_hypercall::dm_op::TrackDirtyVram;
/// use xen_hypercall::slot::Out;
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::sim::{Arch, Config, Xen};
///
/// let xen = Xen::with(Config { arch: Arch::X86, ..Config::default() });
/// let _guest = xen.create_domain(DomId(1), 1);
/// let mut room = [0xff; 8];
/// let track = TrackDirtyVram::new(Gfn(0xa0));
/// let ((), bitmap) = xen.privcmd().perform_with(DomId(1), track, Out(&mut room))?;
/// assert_eq!(bitmap, [0; 8]); // 64 frames, none of them written to
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Debug)]
pub struct Out<'s, T>(pub &'s mut [T]);

impl sealed::Sealed for NoSlot {}
impl<T> sealed::Sealed for In<'_, T> {}
impl<T> sealed::Sealed for InOut<'_, T> {}
impl<T> sealed::Sealed for Out<'_, T> {}

impl Slot for NoSlot {
    type Back = ();
    const WRITTEN: bool = false;

    fn bytes(&mut self) -> Option<&mut [u8]> {
        None
    }

    fn count(&self) -> usize {
        0
    }

    fn back(self) {}
}

/// A buffer of items: what is left of it, and whether Xen writes to it.
macro_rules! items {
    ($name:ident, $back:ty, $written:literal, |$slot:pat_param| $left:expr) => {
        impl<'s, T: FromBytes + IntoBytes> Slot for $name<'s, T> {
            type Back = $back;
            const WRITTEN: bool = $written;

            fn bytes(&mut self) -> Option<&mut [u8]> {
                Some(self.0.as_mut_bytes())
            }

            fn count(&self) -> usize {
                self.0.len()
            }

            fn back(self) -> $back {
                let $slot = self;
                $left
            }
        }
    };
}

items!(In, (), false, |_read| ());
items!(InOut, &'s [T], true, |Self(items)| items);
items!(Out, &'s [T], true, |Self(items)| items);

/// The most buffers that an operation has.
pub const MOST: usize = 3;

/// A buffer for Xen.
///
/// # Example
///
/// ```
/// use xen_hypercall::slot::{In, Slots};
///
/// let mut ports = [1u32, 2];
/// let mut slots = In(&mut ports);
/// let [Some(buffer), None, None] = slots.buffers() else {
///     panic!("one slot is one buffer");
/// };
/// assert_eq!((buffer.bytes.len(), buffer.count, buffer.written), (8, 2, false));
/// ```
#[derive(Debug)]
pub struct Buffer<'b> {
    /// What it holds.
    pub bytes: &'b mut [u8],
    /// How many items that is.
    pub count: usize,
    /// Whether Xen writes to it.
    pub written: bool,
}

/// Where Xen finds a buffer.
///
/// # Example
///
/// ```
/// use xen_hypercall::slot::Place;
///
/// // No buffer.
/// assert_eq!(Place::default(), Place { address: 0, count: 0 });
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub address: u64,
    /// How many items it has.
    pub count: usize,
}

/// All buffers that an operation wants: a [`Slot`], or a tuple of them.
///
/// # Example
///
/// ```
/// use xen_hypercall::slot::{In, Out, Slots};
///
/// let (mut which, mut errors) = ([1u64, 2], [0i32; 2]);
/// let mut slots = (In(&mut which), In(&mut [7u64, 8]), Out(&mut errors));
/// assert_eq!(slots.buffers().iter().flatten().count(), 3);
/// ```
pub trait Slots: sealed::Sealed {
    /// What is left when the operation is done.
    type Back;

    /// The buffers, in their order.
    fn buffers(&mut self) -> [Option<Buffer<'_>>; MOST];

    /// Gives back what Xen has written.
    fn back(self) -> Self::Back;
}

fn buffer<S: Slot>(slot: &mut S) -> Option<Buffer<'_>> {
    let count = slot.count();
    slot.bytes().map(|bytes| Buffer {
        bytes,
        count,
        written: S::WRITTEN,
    })
}

impl<S: Slot> Slots for S {
    type Back = <S as Slot>::Back;

    fn buffers(&mut self) -> [Option<Buffer<'_>>; MOST] {
        [buffer(self), None, None]
    }

    fn back(self) -> Self::Back {
        Slot::back(self)
    }
}

impl<A: Slot, B: Slot, C: Slot> sealed::Sealed for (A, B, C) {}

impl<A: Slot, B: Slot, C: Slot> Slots for (A, B, C) {
    type Back = (A::Back, B::Back, C::Back);

    fn buffers(&mut self) -> [Option<Buffer<'_>>; MOST] {
        let (a, b, c) = self;
        [buffer(a), buffer(b), buffer(c)]
    }

    fn back(self) -> Self::Back {
        let (a, b, c) = self;
        (a.back(), b.back(), c.back())
    }
}
