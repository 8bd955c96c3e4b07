// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The buffers of an operation beside its arguments: which way they go, and of what they are.

use zerocopy::{FromBytes, IntoBytes};

mod sealed {
    pub trait Sealed {}
}

/// A buffer that an operation wants, or none.
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
#[derive(Clone, Copy, Debug)]
pub struct NoSlot;

/// Items that Xen reads. They are lent as if Xen wrote them: Linux refuses memory that cannot be
/// written to, such as a constant's.
#[derive(Debug)]
pub struct In<'s, T>(pub &'s mut [T]);

/// Items that Xen reads, and writes in their place. They are [given back](Slot::Back) when the
/// operation is done.
#[derive(Debug)]
pub struct InOut<'s, T>(pub &'s mut [T]);

/// Room for items that Xen writes. What is in it can be read when the operation is done, and not
/// before: it is [given back](Slot::Back) then.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub address: u64,
    /// How many items it has.
    pub count: usize,
}

/// All buffers that an operation wants: a [`Slot`], or a tuple of them.
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
