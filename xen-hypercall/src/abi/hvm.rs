// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/hvm.yaml by `xen-abi generate`: edit that file.

//! HVM guests and their parameters.
//!
//! Parameters of a guest that its toolstack sets and it may read (where its console and its
//! XenStore
//! page are, how events reach it), and operations that only HVM guests have.
//!
//! Source: `xen/include/public/hvm/hvm_op.h`, `xen/include/public/hvm/params.h`.
//!
//! # To find one's console and XenStore
//!
//! Read `CONSOLE_PFN` and `CONSOLE_EVTCHN`, `STORE_PFN` and `STORE_EVTCHN`, map the pages, and use
//! the ports.
//!
//! ```
//! use xen_hypercall::DomId;
//! use xen_hypercall::abi::hvm::{Param, XenHvmParam};
//!
//! let args = XenHvmParam {
//!     domid: DomId(0x7ff0), // ourselves
//!     index: Param::STORE_EVTCHN,
//!     ..Default::default()
//! };
//! assert_eq!(args.index.0, 2);
//! ```

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// How many parameters there are.
pub const NR_PARAMS: u32 = 39;

/// Where the type is in `CALLBACK_IRQ`
pub const CALLBACK_TYPE_SHIFT: u32 = 56;

/// The parameters.
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
pub struct Param(pub u32);

impl Param {
    /// How events reach the guest: a callback type << 56, and what it needs.
    pub const CALLBACK_IRQ: Self = Self(0);
    /// XenStore's page.
    pub const STORE_PFN: Self = Self(1);
    /// XenStore's port.
    pub const STORE_EVTCHN: Self = Self(2);
    /// Whether a 32-bit guest may use PAE.
    pub const PAE_ENABLED: Self = Self(4);
    /// The default server's slots.
    pub const IOREQ_PFN: Self = Self(5);
    /// The default server's buffered writes.
    pub const BUFIOREQ_PFN: Self = Self(6);
    /// Which Hyper-V interfaces the guest has.
    pub const VIRIDIAN: Self = Self(9);
    /// What becomes of missed timer ticks.
    pub const TIMER_MODE: Self = Self(10);
    /// Whether the guest has an HPET.
    pub const HPET_ENABLED: Self = Self(11);
    /// An identity page table for real mode.
    pub const IDENT_PT: Self = Self(12);
    /// The domain of the device model.
    pub const DM_DOMAIN: Self = Self(13);
    /// The ACPI sleep state.
    pub const ACPI_S_STATE: Self = Self(14);
    /// A task state segment for real mode.
    pub const VM86_TSS: Self = Self(15);
    /// Whether timers are aligned.
    pub const VPT_ALIGN: Self = Self(16);
    /// The console's page.
    pub const CONSOLE_PFN: Self = Self(17);
    /// The console's port.
    pub const CONSOLE_EVTCHN: Self = Self(18);
    /// Where ACPI's ports are.
    pub const ACPI_IOPORTS_LOCATION: Self = Self(19);
    /// Whether the guest may run guests (unused).
    pub const NESTEDHVM: Self = Self(24);
    /// The port of buffered writes.
    pub const BUFIOREQ_EVTCHN: Self = Self(26);
    /// The ring of paging events.
    pub const PAGING_RING_PFN: Self = Self(27);
    /// The ring of monitor events.
    pub const MONITOR_RING_PFN: Self = Self(28);
    /// The ring of sharing events.
    pub const SHARING_RING_PFN: Self = Self(29);
    /// The shutdown reason of a triple fault.
    pub const TRIPLE_FAULT_REASON: Self = Self(31);
    /// First of the frames for IOREQ pages.
    pub const IOREQ_SERVER_PFN: Self = Self(32);
    /// How many of them.
    pub const NR_IOREQ_SERVER_PAGES: Self = Self(33);
    /// Where the generation identifier is.
    pub const VM_GENERATION_ID_ADDR: Self = Self(34);
    /// Whether the guest has alternate views of its memory.
    pub const ALTP2M: Self = Self(35);
    /// How the x87 instruction pointer is saved.
    pub const X87_FIP_WIDTH: Self = Self(36);
    /// A task state segment for real mode, with its size.
    pub const VM86_TSS_SIZED: Self = Self(37);
    /// Machine check capabilities.
    pub const MCA_CAP: Self = Self(38);
}

/// How events reach a guest.
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
pub struct Callback(pub u8);

impl Callback {
    /// A global system interrupt.
    pub const GSI: Self = Self(0);
    /// A PCI interrupt pin.
    pub const PCI_INTX: Self = Self(1);
    /// A vector, the same for every vCPU.
    pub const VECTOR: Self = Self(2);
    /// A private peripheral interrupt.
    pub const PPI: Self = Self(2);
}

/// A parameter of a guest.
///
/// C: `struct xen_hvm_param`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenHvmParam {
    /// In: The guest.
    pub domid: crate::DomId,
    /// Zero.
    pub pad0: [u8; 2],
    /// In: Which parameter.
    pub index: Param,
    /// In and out: Its value.
    pub value: u64,
}

impl Default for XenHvmParam {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenHvmParam>() == 16);
    assert!(align_of::<XenHvmParam>() == 8);
    assert!(core::mem::offset_of!(XenHvmParam, domid) == 0);
    assert!(core::mem::offset_of!(XenHvmParam, pad0) == 2);
    assert!(core::mem::offset_of!(XenHvmParam, index) == 4);
    assert!(core::mem::offset_of!(XenHvmParam, value) == 8);
};

/// The guest's time.
///
/// C: `struct xen_hvm_get_time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenHvmGetTime {
    /// Out: Nanoseconds.
    pub now: u64,
}

impl Default for XenHvmGetTime {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenHvmGetTime>() == 8);
    assert!(align_of::<XenHvmGetTime>() == 8);
    assert!(core::mem::offset_of!(XenHvmGetTime, now) == 0);
};

/// The type of a frame.
///
/// C: `struct xen_hvm_get_mem_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenHvmGetMemType {
    /// In: The guest.
    pub domid: crate::DomId,
    /// Out: An `HVMMEM_` number.
    pub mem_type: u16,
    /// Zero.
    pub pad0: [u8; 4],
    /// In: The frame.
    pub pfn: crate::Gfn,
}

impl Default for XenHvmGetMemType {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenHvmGetMemType>() == 16);
    assert!(align_of::<XenHvmGetMemType>() == 8);
    assert!(core::mem::offset_of!(XenHvmGetMemType, domid) == 0);
    assert!(core::mem::offset_of!(XenHvmGetMemType, mem_type) == 2);
    assert!(core::mem::offset_of!(XenHvmGetMemType, pad0) == 4);
    assert!(core::mem::offset_of!(XenHvmGetMemType, pfn) == 8);
};

/// The vector of events on a vCPU.
///
/// C: `struct xen_hvm_evtchn_upcall_vector`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct XenHvmEvtchnUpcallVector {
    /// In: The vCPU.
    pub vcpu: u32,
    /// In: The vector.
    pub vector: u8,
    /// Zero.
    pub pad0: [u8; 3],
}

impl Default for XenHvmEvtchnUpcallVector {
    /// All zeros.
    fn default() -> Self {
        zerocopy::FromZeros::new_zeroed()
    }
}

const _: () = {
    assert!(size_of::<XenHvmEvtchnUpcallVector>() == 8);
    assert!(align_of::<XenHvmEvtchnUpcallVector>() == 4);
    assert!(core::mem::offset_of!(XenHvmEvtchnUpcallVector, vcpu) == 0);
    assert!(core::mem::offset_of!(XenHvmEvtchnUpcallVector, vector) == 4);
    assert!(core::mem::offset_of!(XenHvmEvtchnUpcallVector, pad0) == 5);
};

/// The number of every operation.
pub mod numbers {
    /// Sets a parameter of a guest.
    pub const SET_PARAM: u32 = 0;
    /// Reads a parameter of a guest.
    pub const GET_PARAM: u32 = 1;
    /// Once what the DM operation is now.
    pub const SET_PCI_INTX_LEVEL: u32 = 2;
    /// Once what the DM operation is now.
    pub const SET_ISA_IRQ_LEVEL: u32 = 3;
    /// Once what the DM operation is now.
    pub const SET_PCI_LINK_ROUTE: u32 = 4;
    /// Flushes the TLBs of all vCPUs of the caller.
    pub const FLUSH_TLBS: u32 = 5;
    /// A hint for shadow paging.
    pub const PAGETABLE_DYING: u32 = 9;
    /// Says the guest's time.
    pub const GET_TIME: u32 = 10;
    /// Writes a trace record.
    pub const XENTRACE: u32 = 11;
    /// Once what `XENMEM_access_op` is now.
    pub const SET_MEM_ACCESS: u32 = 12;
    /// Once what `XENMEM_access_op` is now.
    pub const GET_MEM_ACCESS: u32 = 13;
    /// Says the type of a frame.
    pub const GET_MEM_TYPE: u32 = 15;
    /// Sets the vector of events on a vCPU.
    pub const SET_EVTCHN_UPCALL_VECTOR: u32 = 23;
    /// Sends an event to whoever monitors the guest.
    pub const GUEST_REQUEST_VM_EVENT: u32 = 24;
    /// Alternate views of memory.
    pub const ALTP2M: u32 = 25;
}

/// Each operation as a type.
pub mod ops {
    /// Sets a parameter of a guest.
    ///
    /// C: `HVMOP_set_param`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetParam;

    impl crate::operation::Operation for SetParam {
        const HYPERCALL: u32 = 34;
        const NUMBER: u32 = 0;
        const NAME: &'static str = "hvm.set_param";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::XenHvmParam;
        type Slots = ();
    }

    /// Reads a parameter of a guest.
    ///
    /// C: `HVMOP_get_param`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetParam;

    impl crate::operation::Operation for GetParam {
        const HYPERCALL: u32 = 34;
        const NUMBER: u32 = 1;
        const NAME: &'static str = "hvm.get_param";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Logical,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: true,
            xsm: "the domain or its device model",
        };
        type Args = super::XenHvmParam;
        type Slots = ();
    }

    /// Flushes the TLBs of all vCPUs of the caller.
    ///
    /// C: `HVMOP_flush_tlbs`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct FlushTlbs;

    impl crate::operation::Operation for FlushTlbs {
        const HYPERCALL: u32 = 34;
        const NUMBER: u32 = 5;
        const NAME: &'static str = "hvm.flush_tlbs";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = ();
        type Slots = ();
    }

    /// Says the guest's time.
    ///
    /// C: `HVMOP_get_time`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetTime;

    impl crate::operation::Operation for GetTime {
        const HYPERCALL: u32 = 34;
        const NUMBER: u32 = 10;
        const NAME: &'static str = "hvm.get_time";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::Out;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = super::XenHvmGetTime;
        type Slots = ();
    }

    /// Says the type of a frame.
    ///
    /// C: `HVMOP_get_mem_type`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct GetMemType;

    impl crate::operation::Operation for GetMemType {
        const HYPERCALL: u32 = 34;
        const NUMBER: u32 = 15;
        const NAME: &'static str = "hvm.get_mem_type";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::InOut;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "the domain or its device model",
        };
        type Args = super::XenHvmGetMemType;
        type Slots = ();
    }

    /// Sets the vector of events on a vCPU.
    ///
    /// C: `HVMOP_set_evtchn_upcall_vector`. Only x86.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct SetEvtchnUpcallVector;

    impl crate::operation::Operation for SetEvtchnUpcallVector {
        const HYPERCALL: u32 = 34;
        const NUMBER: u32 = 23;
        const NAME: &'static str = "hvm.set_evtchn_upcall_vector";
        const DIRECTION: crate::operation::Direction = crate::operation::Direction::In;
        const BATCH: bool = false;
        const INFO: crate::operation::Info = crate::operation::Info {
            class: crate::operation::Class::Privileged,
            stability: crate::operation::Stability::Stable,
            since: None,
            x86: true,
            arm: false,
            xsm: "any",
        };
        type Args = super::XenHvmEvtchnUpcallVector;
        type Slots = ();
    }
}
