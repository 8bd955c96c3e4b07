// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/xs_wire.yaml by `xen-abi generate`: edit that file.

//! XenStore's messages.
//!
//! A message is this header and up to 4096 bytes. Answers carry the request's number and may come
//! in
//! another order than the requests; a watch event carries none.
//!
//! Source: `xen/include/public/io/xs_wire.h`.
//!
//! # To read a key
//!
//! Send `READ` with the path and its zero; the answer is `READ` with the value, or `ERROR` with a
//! name.
//!
//! ```
//! use xen_hypercall::abi::xs_wire::{Type, XsdSockmsg};
//!
//! let header = XsdSockmsg { kind: Type::READ, req_id: 1, tx_id: 0, len: 5 };
//! assert_eq!(header.kind.0, 2);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Most bytes after the header; more ends the connection.
pub const PAYLOAD_MAX: u32 = 4096;

/// Longest absolute path.
pub const ABS_PATH_MAX: u32 = 3072;

/// Longest relative path.
pub const REL_PATH_MAX: u32 = 2048;

/// Bytes of each ring.
pub const RING_SIZE: u32 = 1024;

/// `connection`: in use.
pub const CONNECTED: u32 = 0;

/// `connection`: the guest wants to begin again.
pub const RECONNECT: u32 = 1;

/// What a message is.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    FromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    PartialOrd,
    Ord,
    Hash,
)]
#[repr(transparent)]
pub struct Type(pub u32);

impl Type {
    /// A command for the daemon.
    pub const CONTROL: Self = Self(0);
    /// The children of a path.
    pub const DIRECTORY: Self = Self(1);
    /// The value of a path.
    pub const READ: Self = Self(2);
    /// Who may use a path.
    pub const GET_PERMS: Self = Self(3);
    /// Tell of changes below a path.
    pub const WATCH: Self = Self(4);
    /// No longer.
    pub const UNWATCH: Self = Self(5);
    /// Begin a transaction.
    pub const TRANSACTION_START: Self = Self(6);
    /// End it: `T` commits, `F` forgets.
    pub const TRANSACTION_END: Self = Self(7);
    /// A new domain.
    pub const INTRODUCE: Self = Self(8);
    /// A domain is gone.
    pub const RELEASE: Self = Self(9);
    /// The path of a domain.
    pub const GET_DOMAIN_PATH: Self = Self(10);
    /// Set the value of a path.
    pub const WRITE: Self = Self(11);
    /// Make a path.
    pub const MKDIR: Self = Self(12);
    /// Remove a path and all below.
    pub const RM: Self = Self(13);
    /// Say who may use a path.
    pub const SET_PERMS: Self = Self(14);
    /// Something below a watched path has changed.
    pub const WATCH_EVENT: Self = Self(15);
    /// The answer to a request that failed.
    pub const ERROR: Self = Self(16);
    /// Whether a domain is known.
    pub const IS_DOMAIN_INTRODUCED: Self = Self(17);
    /// A domain goes on after a failed suspend.
    pub const RESUME: Self = Self(18);
    /// A domain serves another.
    pub const SET_TARGET: Self = Self(19);
    /// Forget the caller's watches and transactions.
    pub const RESET_WATCHES: Self = Self(21);
    /// Some of the children of a path.
    pub const DIRECTORY_PART: Self = Self(22);
    /// Features of a domain's connection.
    pub const GET_FEATURE: Self = Self(23);
    /// Set them.
    pub const SET_FEATURE: Self = Self(24);
    /// Limits of a domain.
    pub const GET_QUOTA: Self = Self(25);
    /// Set them.
    pub const SET_QUOTA: Self = Self(26);
}

/// What the daemon can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout, Hash)]
#[repr(transparent)]
pub struct ServerFeatures(pub u32);

impl ServerFeatures {
    /// The guest may ask to begin again.
    pub const RECONNECTION: Self = Self(0x1);
    /// Errors are reported in the page.
    pub const ERROR: Self = Self(0x2);
    /// Every bit that has a name.
    pub const ALL: Self = Self(0x3);

    /// Whether all bits of `other` are set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl core::ops::BitOr for ServerFeatures {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The header of a message.
///
/// C: `struct xsd_sockmsg`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XsdSockmsg {
    /// In: What it is.
    pub kind: Type,
    /// In: The request's number; the answer has the same.
    pub req_id: u32,
    /// In: The transaction; 0 for none.
    pub tx_id: u32,
    /// In: Bytes that follow.
    pub len: u32,
}

impl Default for XsdSockmsg {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XsdSockmsg>() == 16);
    assert!(align_of::<XsdSockmsg>() == 4);
    assert!(core::mem::offset_of!(XsdSockmsg, kind) == 0);
    assert!(core::mem::offset_of!(XsdSockmsg, req_id) == 4);
    assert!(core::mem::offset_of!(XsdSockmsg, tx_id) == 8);
    assert!(core::mem::offset_of!(XsdSockmsg, len) == 12);
};

/// The page that a guest and the daemon share.
///
/// C: `struct xenstore_domain_interface`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenstoreDomainInterface {
    /// In: From the guest.
    pub req: [u8; 1024],
    /// Out: To the guest.
    pub rsp: [u8; 1024],
    /// Out: How much the daemon has read.
    pub req_cons: u32,
    /// In: How much the guest has written.
    pub req_prod: u32,
    /// In: How much the guest has read.
    pub rsp_cons: u32,
    /// Out: How much the daemon has written.
    pub rsp_prod: u32,
    /// Out: What the daemon can do.
    pub server_features: ServerFeatures,
    /// In and out: Whether the rings are in use.
    pub connection: u32,
    /// Out: What is wrong with the rings.
    pub error: u32,
}

impl Default for XenstoreDomainInterface {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenstoreDomainInterface>() == 2076);
    assert!(align_of::<XenstoreDomainInterface>() == 4);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, req) == 0);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, rsp) == 1024);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, req_cons) == 2048);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, req_prod) == 2052);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, rsp_cons) == 2056);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, rsp_prod) == 2060);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, server_features) == 2064);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, connection) == 2068);
    assert!(core::mem::offset_of!(XenstoreDomainInterface, error) == 2072);
};
