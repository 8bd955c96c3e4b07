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

impl<T: FromBytes + IntoBytes> Slot for In<'_, T> {
    type Back = ();
    const WRITTEN: bool = false;

    fn bytes(&mut self) -> Option<&mut [u8]> {
        Some(self.0.as_mut_bytes())
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn back(self) {}
}

impl<'s, T: FromBytes + IntoBytes> Slot for InOut<'s, T> {
    type Back = &'s [T];
    const WRITTEN: bool = true;

    fn bytes(&mut self) -> Option<&mut [u8]> {
        Some(self.0.as_mut_bytes())
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn back(self) -> &'s [T] {
        self.0
    }
}

impl<'s, T: FromBytes + IntoBytes> Slot for Out<'s, T> {
    type Back = &'s [T];
    const WRITTEN: bool = true;

    fn bytes(&mut self) -> Option<&mut [u8]> {
        Some(self.0.as_mut_bytes())
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn back(self) -> &'s [T] {
        self.0
    }
}
