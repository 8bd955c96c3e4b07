// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Typed memory that Xen can reach.
//!
//! A buffer borrows what it was made of, and the way to Xen, until it is dropped: it cannot
//! outlive either.
//!
//! ```compile_fail,E0597
//! # use xen_hypercall::{XenError, XenHypercall};
//! fn outlives<X: XenHypercall>(xen: &X) -> Result<(), XenError> {
//!     let buffer;
//!     {
//!         let value = 5u32;
//!         buffer = xen.const_buffer(&value)?; // `value` does not live long enough
//!     }
//!     drop(buffer);
//!     Ok(())
//! }
//! ```
//!
//! ```compile_fail,E0597
//! # use xen_hypercall::{XenError, XenHypercall};
//! fn outlives<X: XenHypercall>(make: impl Fn() -> X) -> Result<(), XenError> {
//!     let value = 5u32;
//!     let buffer;
//!     {
//!         let xen = make();
//!         buffer = xen.const_buffer(&value)?; // `xen` does not live long enough
//!     }
//!     drop(buffer);
//!     Ok(())
//! }
//! ```
//!
//! One object has one buffer that Xen writes to:
//!
//! ```compile_fail,E0499
//! # use xen_hypercall::{XenError, XenHypercall};
//! fn twice<X: XenHypercall>(xen: &X) -> Result<(), XenError> {
//!     let mut value = 5u32;
//!     let first = xen.mut_buffer(&mut value)?;
//!     let second = xen.mut_buffer(&mut value)?;
//!     drop(first);
//!     Ok(())
//! }
//! ```
//!
//! What Xen has written is brought back by safe code:
//!
//! ```
//! # use xen_hypercall::{XenError, XenHypercall};
//! #[forbid(unsafe_code)]
//! fn updated<X: XenHypercall>(xen: &X) -> Result<u32, XenError> {
//!     let mut value = 5u32;
//!     xen.mut_buffer(&mut value)?.update();
//!     Ok(value)
//! }
//! ```
//!
//! Xen may write any bits, so a type that has invalid ones is refused, and that makes
//! [`MutBuffer::update`] safe:
//!
//! ```compile_fail,E0277
//! # use xen_hypercall::{XenError, XenHypercall};
//! fn invalid<X: XenHypercall>(xen: &X) -> Result<(), XenError> {
//!     let mut value = true;
//!     xen.mut_buffer(&mut value)?.update(); // not every byte is a bool
//!     Ok(())
//! }
//! ```

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::XenError;
use crate::call::{ConstMemory, MutMemory, OwnedMemory, XenAllocate, XenHypercall};

/// An object or a slice that Xen reads.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, XenHypercall};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let text = *b"hello";
/// let buffer = xen.const_buffer(&text)?;
/// // On Linux a copy; without a kernel the original.
/// let pointer = buffer.as_hypercall_ptr().expose_provenance();
/// // SAFETY: CONSOLEIO_write reads five bytes, which are lent.
/// unsafe { xen.hypercall3(18, [0, 5, pointer]) }?;
/// assert_eq!(machine.host().take_console(), text);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
pub struct ConstBuffer<'a, X: XenHypercall + 'a, T: ?Sized> {
    memory: X::Const<'a>,
    original: PhantomData<&'a T>,
}

impl<'a, X: XenHypercall, T: IntoBytes + Immutable + ?Sized> ConstBuffer<'a, X, T> {
    pub(crate) fn new(xen: &'a X, value: &'a T) -> Result<Self, XenError> {
        Ok(Self {
            memory: xen.lend_const(value.as_bytes())?,
            original: PhantomData,
        })
    }

    /// What to give to Xen: valid until the buffer is dropped.
    pub fn as_hypercall_ptr(&self) -> *const u8 {
        self.memory.as_ptr()
    }
}

impl<'a, X: XenHypercall, T: ?Sized> fmt::Debug for ConstBuffer<'a, X, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConstBuffer").finish_non_exhaustive()
    }
}

/// An object or a slice that Xen reads and writes.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, XenHypercall};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let mut features = [0u32, 0]; // which word; the word
/// let mut buffer = xen.mut_buffer(&mut features)?;
/// let pointer = buffer.as_hypercall_ptr().expose_provenance();
/// // SAFETY: XENVER_get_features takes two words, which are lent.
/// unsafe { xen.hypercall2(17, [6, pointer]) }?;
/// buffer.update();
/// drop(buffer);
/// assert_ne!(features[1], 0);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
pub struct MutBuffer<'a, X: XenHypercall + 'a, T: ?Sized> {
    memory: X::Mut<'a>,
    original: PhantomData<&'a mut T>,
}

impl<'a, X: XenHypercall, T: FromBytes + IntoBytes + ?Sized> MutBuffer<'a, X, T> {
    pub(crate) fn new(xen: &'a X, value: &'a mut T) -> Result<Self, XenError> {
        Ok(Self {
            memory: xen.lend_mut(value.as_mut_bytes())?,
            original: PhantomData,
        })
    }

    /// What to give to Xen: valid until the buffer is dropped.
    pub fn as_hypercall_ptr(&mut self) -> *mut u8 {
        self.memory.as_mut_ptr()
    }

    /// Brings what Xen has written to the original. Without it, nothing changes there, unless
    /// Xen could reach the original itself.
    pub fn update(&mut self) {
        self.memory.update();
    }
}

impl<'a, X: XenHypercall, T: ?Sized> fmt::Debug for MutBuffer<'a, X, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutBuffer").finish_non_exhaustive()
    }
}

/// An object in memory that Xen can always reach: for what is used in many calls, nothing is
/// copied for each.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, XenHypercall, buffer::XenBox};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let mut features = XenBox::new(&xen, [0u32, 0])?;
/// let pointer = features.as_hypercall_ptr().expose_provenance();
/// // SAFETY: XENVER_get_features takes two words, which the box has.
/// unsafe { xen.hypercall2(17, [6, pointer]) }?;
/// assert_ne!(features[1], 0); // nothing was copied
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
pub struct XenBox<'a, X: XenAllocate + 'a, T> {
    memory: X::Owned<'a>,
    value: PhantomData<T>,
}

impl<'a, X: XenAllocate, T> XenBox<'a, X, T>
where
    T: FromBytes + IntoBytes + Immutable + KnownLayout,
{
    /// Puts `value` into such memory.
    ///
    /// # Errors
    ///
    /// [`XenError::NOMEM`], and [`XenError::INVAL`] when `T` needs more alignment than there is.
    pub fn new(xen: &'a X, value: T) -> Result<Self, XenError> {
        let mut memory = xen.allocate(size_of::<T>())?;
        match T::mut_from_bytes(memory.bytes_mut()) {
            Ok(place) => *place = value,
            Err(_misaligned) => return Err(XenError::INVAL),
        }
        Ok(Self {
            memory,
            value: PhantomData,
        })
    }

    /// What to give to Xen: valid until the box is dropped. While Xen writes there, nobody else
    /// may look.
    pub fn as_hypercall_ptr(&mut self) -> *mut u8 {
        self.memory.bytes_mut().as_mut_ptr()
    }
}

impl<X: XenAllocate, T> Deref for XenBox<'_, X, T>
where
    T: FromBytes + IntoBytes + Immutable + KnownLayout,
{
    type Target = T;

    fn deref(&self) -> &T {
        T::ref_from_bytes(self.memory.bytes()).expect("`new` has checked size and alignment")
    }
}

impl<X: XenAllocate, T> DerefMut for XenBox<'_, X, T>
where
    T: FromBytes + IntoBytes + Immutable + KnownLayout,
{
    fn deref_mut(&mut self) -> &mut T {
        T::mut_from_bytes(self.memory.bytes_mut()).expect("`new` has checked size and alignment")
    }
}

impl<X: XenAllocate, T> fmt::Debug for XenBox<'_, X, T>
where
    T: FromBytes + IntoBytes + Immutable + KnownLayout + fmt::Debug,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("XenBox").field(&**self).finish()
    }
}
