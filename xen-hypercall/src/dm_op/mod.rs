// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Device model operations: `xen/include/public/hvm/dm_op.h` (stable since Xen 4.9, on Arm since
//! 4.15 with `CONFIG_IOREQ_SERVER`).
//!
//! Each operation is a type over the generated [`XenDmOp`]: the number, 32 bits of
//! zero, and the operation's own arguments; Xen writes results into the same bytes. They belong
//! in the first buffer of the call. The caller must be privileged over the target domain
//! (`XSM_DM_PRIV`).

// UNSAFE: the hypercall is given pointers.
#![expect(unsafe_code)]

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

#[cfg(doc)]
use crate::abi::dm_op::XenDmOp;
use crate::abi::dm_op::XenDmOpBuf;
use crate::abi::hypercalls::numbers;
use crate::call::{MutMemory, XenHypercall};
use crate::operation::{Direction, Operation, word};
use crate::slot::{NoSlot, Slot};
use crate::{DomId, XenError};

mod server;
mod x86;

pub use server::{
    CreateIoreqServer, DestroyIoreqServer, GetIoreqServerInfo, MapIoRange, NrVcpus, ServerId,
    SetIoreqServerState, SetIrqLevel, UnmapIoRange,
};
pub use x86::{
    Event, InjectEvent, InjectMsi, MapMemTypeToIoreqServer, ModifiedExtent, ModifiedMemory,
    PinMemoryCacheattr, RelocateMemory, RemoteShutdown, SetIsaIrqLevel, SetMemType,
    SetPciIntxLevel, SetPciLinkRoute, TrackDirtyVram,
};

/// A device model operation as Xen reads it.
///
/// Whoever performs one gives back its [`Output`](Self::Output), and takes the
/// [buffer](crate::slot) that it wants:
///
/// ```compile_fail,E0271
/// # use xen_hypercall::{dm_op::{self, TrackDirtyVram}, DomId, Gfn, XenHypercall};
/// fn missing<X: XenHypercall>(xen: &X) {
///     dm_op::perform(xen, DomId(1), TrackDirtyVram::new(Gfn(0))); // wants a bitmap
/// }
/// ```
///
/// ```compile_fail,E0308
/// # use xen_hypercall::{dm_op::{self, TrackDirtyVram}, slot::In, DomId, Gfn, XenHypercall};
/// fn direction<X: XenHypercall>(xen: &X) {
///     let mut bitmap = [0u8; 8];
///     dm_op::perform_with(xen, DomId(1), TrackDirtyVram::new(Gfn(0)), In(&mut bitmap));
/// }
/// ```
pub trait DmOp: IntoBytes + FromBytes + Immutable + KnownLayout {
    /// Which operation.
    type Of: Operation;
    /// `XEN_DMOP_*`.
    const NUMBER: u32 = Self::Of::NUMBER;
    /// The second buffer of the call.
    type Slot<'s>: Slot;
    /// What comes back.
    type Output;

    /// The bytes of the whole `struct xen_dm_op`.
    fn as_bytes(&self) -> &[u8] {
        IntoBytes::as_bytes(self)
    }

    /// The bytes of the whole `struct xen_dm_op`, for Xen to write its results to.
    fn as_mut_bytes(&mut self) -> &mut [u8] {
        IntoBytes::as_mut_bytes(self)
    }

    /// Writes how many items the second buffer has into the operation.
    fn attach(&mut self, _count: usize) {}

    /// What has come back, once the call has succeeded.
    fn output(self) -> Self::Output;
}

/// Declares one operation: a whole [`XenDmOp`] whose tag is its number; what becomes of its second
/// buffer, and what comes back.
macro_rules! dm_op {
    ($(#[$meta:meta])* $name:ident = $operation:ident) => {
        $crate::dm_op::dm_op! { $(#[$meta])* $name = $operation, => (), |_args| () }
    };
    ($(#[$meta:meta])* $name:ident = $operation:ident,
      $(slot |$this:ident, $count:ident| $attach:expr)?
      => $output:ty, |$args:ident| $get:expr) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, zerocopy::FromBytes, zerocopy::IntoBytes,
                 zerocopy::Immutable, zerocopy::KnownLayout)]
        #[repr(transparent)]
        pub struct $name($crate::abi::dm_op::XenDmOp);

        impl $name {
            fn with(
                args: <$crate::abi::dm_op::ops::$operation as $crate::operation::Operation>::Args,
            ) -> Self {
                let mut op = $crate::abi::dm_op::XenDmOp::default();
                op.set_u($crate::abi::dm_op::XenDmOpU::$operation(args));
                Self(op)
            }

            fn args(
                &self,
            ) -> <$crate::abi::dm_op::ops::$operation as $crate::operation::Operation>::Args {
                match self.0.u_value() {
                    Ok($crate::abi::dm_op::XenDmOpU::$operation(args)) => args,
                    // Only who writes over the bytes can have changed the number.
                    _ => Default::default(),
                }
            }
        }

        impl $crate::dm_op::DmOp for $name {
            type Of = $crate::abi::dm_op::ops::$operation;
            type Slot<'s> =
                <$crate::abi::dm_op::ops::$operation as $crate::operation::Operation>::Slots<'s>;
            type Output = $output;

            $(fn attach(&mut self, $count: usize) {
                let mut $this = self.args();
                $attach;
                *self = Self::with($this);
            })?

            fn output(self) -> $output {
                let $args = self.args();
                $get
            }
        }
    };
}
pub(crate) use dm_op;

/// `__HYPERVISOR_dm_op`.
pub const HYPERCALL: usize = word(numbers::DM_OP);

/// Performs an operation that has no second buffer, by a plain hypercall. On Linux, prefer
/// `xen_ioctls::Privcmd::perform`, which a restricted process may.
///
/// # Errors
///
/// What Xen says.
pub fn perform<X, O>(xen: &X, domain: DomId, op: O) -> Result<O::Output, XenError>
where
    X: XenHypercall,
    O: for<'s> DmOp<Slot<'s> = NoSlot>,
{
    call(xen, domain, op, NoSlot).map(|(output, ())| output)
}

/// Performs an operation with its second buffer, by a plain hypercall.
///
/// # Errors
///
/// What Xen says.
pub fn perform_with<'s, X: XenHypercall, O: DmOp>(
    xen: &X,
    domain: DomId,
    op: O,
    slot: O::Slot<'s>,
) -> Result<(O::Output, <O::Slot<'s> as Slot>::Back), XenError> {
    call(xen, domain, op, slot)
}

fn call<X: XenHypercall, O: DmOp, S: Slot>(
    xen: &X,
    domain: DomId,
    mut op: O,
    mut slot: S,
) -> Result<(O::Output, S::Back), XenError> {
    op.attach(slot.count());
    let second_len = slot.bytes().map_or(0, |bytes| bytes.len());
    let mut second = match slot.bytes() {
        Some(bytes) => Some(xen.lend_mut(bytes)?),
        None => None,
    };
    let mut first = xen.lend_mut(DmOp::as_mut_bytes(&mut op))?;
    let word = |word| u64::try_from(word).unwrap_or(u64::MAX);
    let describe = |memory: &mut X::Mut<'_>, len| XenDmOpBuf {
        h: word(memory.as_mut_ptr().expose_provenance()),
        size: word(len),
    };
    let mut described = [XenDmOpBuf::default(); 2];
    described[0] = describe(&mut first, size_of::<O>());
    if let Some(second) = &mut second {
        described[1] = describe(second, second_len);
    }
    let count = 1 + usize::from(second.is_some());
    let list = xen.const_buffer(&described[..count])?;
    let pointer = list.as_hypercall_ptr().expose_provenance();
    // SAFETY: the hypercall takes a domain, a count and that many descriptions of buffers, which
    // are all lent until after it, and writes within the buffers.
    unsafe { xen.hypercall3(HYPERCALL, [domain.0.into(), count, pointer]) }?;
    if O::Of::DIRECTION != Direction::In {
        first.update();
    }
    drop(first);
    if let Some(mut second) = second.filter(|_| S::WRITTEN) {
        second.update();
    }
    Ok((op.output(), slot.back()))
}
