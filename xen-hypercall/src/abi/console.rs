// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/console.yaml by `xen-abi generate`: edit that file.

//! Xen's own console.
//!
//! Bytes to and from the hypervisor's console. Domains other than the control domain may write to
//! it
//! when Xen is built or told to let them, and their lines are prefixed and limited in rate.
//!
//! Source: `xen/include/public/xen.h`.
//!
//! # To print from a small guest
//!
//! Write bytes; a new line ends a line. No device, no page, no event channel is needed.
//!
//! ```
//! use xen_hypercall::abi::console::ops::Write;
//! use xen_hypercall::operation::Operation;
//!
//! // In a kernel: hypercall(Write::HYPERCALL, Write::NUMBER, len, address).
//! assert_eq!((Write::HYPERCALL, Write::NUMBER), (18, 0));
//! ```

/// The number of every operation.
pub mod numbers {
    /// Writes bytes to the console.
    pub const WRITE: u32 = 0;
    /// Reads bytes that were typed.
    pub const READ: u32 = 1;
}

/// Each operation as a type.
pub mod ops {
    /// Writes bytes to the console.
    ///
    /// C: `CONSOLEIO_write`.
    ///
    /// - `text`: The bytes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Write;

    impl crate::operation::Operation for Write {
        const HYPERCALL: u32 = 18;
        const NUMBER: u32 = 0;
        const NAME: &'static str = "console.write";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "control domain or a debugging Xen",
        };
        type Args = ();
        type Slots = (crate::operation::Many<crate::operation::In, u8>,);
    }

    /// Reads bytes that were typed.
    ///
    /// C: `CONSOLEIO_read`. Returns how many bytes were read.
    ///
    /// - `text`: Room for them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Read;

    impl crate::operation::Operation for Read {
        const HYPERCALL: u32 = 18;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "console.read";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "control domain",
        };
        type Args = ();
        type Slots = (crate::operation::Many<crate::operation::Out, u8>,);
    }
}
