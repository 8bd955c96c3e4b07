// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! How a hypercall is made, and how memory is lent to it.

// UNSAFE: a hypercall is given pointers.
#![expect(unsafe_code)]

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::XenError;
use crate::buffer::{ConstBuffer, MutBuffer};

/// Memory that Xen reads during a call: the original, or a copy that Xen can reach.
///
/// # Example
///
/// ```
/// use xen_hypercall::call::ConstMemory;
/// use xen_hypercall::{DomId, XenHypercall};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let lent = xen.lend_const(b"text")?;
/// assert!(!lent.as_ptr().is_null());
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
pub trait ConstMemory {
    /// Where Xen finds it.
    fn as_ptr(&self) -> *const u8;
}

/// Memory that Xen reads and writes during a call.
///
/// # Example
///
/// ```
/// use xen_hypercall::call::MutMemory;
/// use xen_hypercall::{DomId, XenHypercall};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let mut bytes = [1, 2];
/// let mut lent = xen.lend_mut(&mut bytes)?;
/// // SAFETY: two bytes were lent, and Xen is not using them.
/// unsafe { lent.as_mut_ptr().write(9) };
/// lent.update();
/// drop(lent);
/// assert_eq!(bytes, [9, 2]);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
pub trait MutMemory {
    /// Where Xen finds it.
    fn as_mut_ptr(&mut self) -> *mut u8;

    /// Brings what Xen has written to the original.
    fn update(&mut self);
}

/// Memory of its own that Xen can always reach, filled with zeros at first.
///
/// # Example
///
/// ```
/// use xen_hypercall::call::OwnedMemory;
/// use xen_hypercall::{DomId, XenAllocate};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let mut memory = xen.allocate(64)?;
/// memory.bytes_mut()[0] = 1;
/// assert_eq!(memory.bytes().len(), 64);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
pub trait OwnedMemory {
    /// The bytes.
    fn bytes(&self) -> &[u8];

    /// The bytes, for Xen as well.
    fn bytes_mut(&mut self) -> &mut [u8];
}

/// A way to make hypercalls.
///
/// The raw calls know nothing of what they carry; typed operations do. Where a
/// number of arguments is not given, Xen sees whatever is in the registers.
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
/// // SAFETY: XENVER_version takes no argument.
/// let version = unsafe { xen.hypercall2(17, [0, 0]) }?;
/// assert_eq!(version >> 16, 4);
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
///
/// # Safety
///
/// What [`lend_const`](Self::lend_const) and [`lend_mut`](Self::lend_mut) give out leads to as
/// many bytes as were lent, which nobody else touches, and Xen sees them under that address.
/// [`lend_const`](Self::lend_const) never changes the original, nor does
/// [`lend_mut`](Self::lend_mut) but in [`MutMemory::update`] or where Xen writes to it itself.
pub unsafe trait XenHypercall {
    /// See [`ConstMemory`].
    type Const<'a>: ConstMemory
    where
        Self: 'a;
    /// See [`MutMemory`].
    type Mut<'a>: MutMemory
    where
        Self: 'a;

    /// Calls `number` with five arguments.
    ///
    /// # Errors
    ///
    /// What Xen says, and [`XenError::OVERFLOW`] where the way to Xen cannot carry the result.
    ///
    /// # Safety
    ///
    /// Each pointer among the arguments, or in memory that they lead to, is what the hypercall
    /// wants, and was lent for this.
    unsafe fn hypercall5(&self, number: usize, args: [usize; 5]) -> Result<usize, XenError>;

    /// As [`hypercall5`](Self::hypercall5), with four.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn hypercall4(&self, number: usize, args: [usize; 4]) -> Result<usize, XenError> {
        let [a, b, c, d] = args;
        // SAFETY: as the caller says.
        unsafe { self.hypercall5(number, [a, b, c, d, 0]) }
    }

    /// As [`hypercall5`](Self::hypercall5), with three.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn hypercall3(&self, number: usize, args: [usize; 3]) -> Result<usize, XenError> {
        let [a, b, c] = args;
        // SAFETY: as the caller says.
        unsafe { self.hypercall5(number, [a, b, c, 0, 0]) }
    }

    /// As [`hypercall5`](Self::hypercall5), with two.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn hypercall2(&self, number: usize, args: [usize; 2]) -> Result<usize, XenError> {
        let [a, b] = args;
        // SAFETY: as the caller says.
        unsafe { self.hypercall5(number, [a, b, 0, 0, 0]) }
    }

    /// As [`hypercall5`](Self::hypercall5), with one.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn hypercall1(&self, number: usize, arg: usize) -> Result<usize, XenError> {
        // SAFETY: as the caller says.
        unsafe { self.hypercall5(number, [arg, 0, 0, 0, 0]) }
    }

    /// As [`hypercall5`](Self::hypercall5), with none.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn hypercall0(&self, number: usize) -> Result<usize, XenError> {
        // SAFETY: as the caller says.
        unsafe { self.hypercall5(number, [0; 5]) }
    }

    /// As [`hypercall2`](Self::hypercall2), where the result may need more than 31 bits. Some
    /// ways to Xen need a detour for that.
    ///
    /// # Errors
    ///
    /// As there.
    ///
    /// # Safety
    ///
    /// As there.
    unsafe fn hypercall2_wide(&self, number: usize, args: [usize; 2]) -> Result<usize, XenError> {
        // SAFETY: as the caller says.
        unsafe { self.hypercall2(number, args) }
    }

    /// Lets Xen read `bytes`.
    ///
    /// # Errors
    ///
    /// [`XenError::NOMEM`] where a copy is needed and there is no memory for it.
    fn lend_const<'a>(&'a self, bytes: &'a [u8]) -> Result<Self::Const<'a>, XenError>;

    /// Lets Xen read and write `bytes`.
    ///
    /// # Errors
    ///
    /// [`XenError::NOMEM`] where a copy is needed and there is no memory for it.
    fn lend_mut<'a>(&'a self, bytes: &'a mut [u8]) -> Result<Self::Mut<'a>, XenError>;

    /// Lets Xen read an object or a slice.
    ///
    /// # Errors
    ///
    /// As [`lend_const`](Self::lend_const).
    fn const_buffer<'a, T>(&'a self, value: &'a T) -> Result<ConstBuffer<'a, Self, T>, XenError>
    where
        T: IntoBytes + Immutable + ?Sized,
        Self: Sized,
    {
        ConstBuffer::new(self, value)
    }

    /// Lets Xen read and write an object or a slice.
    ///
    /// # Errors
    ///
    /// As [`lend_mut`](Self::lend_mut).
    fn mut_buffer<'a, T>(&'a self, value: &'a mut T) -> Result<MutBuffer<'a, Self, T>, XenError>
    where
        T: FromBytes + IntoBytes + ?Sized,
        Self: Sized,
    {
        MutBuffer::new(self, value)
    }
}

/// A way to make hypercalls that also has memory of its own to give.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, XenAllocate};
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let first = xen.allocate(4096)?;
/// let second = xen.allocate(4096)?; // both are kept until they are dropped
/// # drop((first, second));
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
///
/// # Safety
///
/// What [`allocate`](Self::allocate) gives out stays at its address while it is moved, and Xen
/// sees it under that address.
pub unsafe trait XenAllocate: XenHypercall {
    /// See [`OwnedMemory`].
    type Owned<'a>: OwnedMemory
    where
        Self: 'a;

    /// Takes exactly `len` bytes, aligned for every structure of Xen.
    ///
    /// # Errors
    ///
    /// [`XenError::NOMEM`].
    fn allocate(&self, len: usize) -> Result<Self::Owned<'_>, XenError>;
}
