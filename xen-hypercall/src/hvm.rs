// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Parameters of guests, and what only they have: `xen/include/public/hvm/hvm_op.h` and
//! `hvm/params.h`.

// UNSAFE: each request says what Xen makes of it.
#![expect(unsafe_code)]

use crate::abi::hvm::{self as abi, Param, ops};
use crate::operation::request;
use crate::{DomId, Gfn};

request! {
    /// `HVMOP_set_param`: sets a parameter.
    SetParam = ops::SetParam, => (), |_args, _| Ok(())
}

impl SetParam {
    /// `param` of `domain`.
    ///
    /// # Safety
    ///
    /// Where `domain` is this one and the parameter is an address, nobody uses the memory there:
    /// Xen does.
    pub unsafe fn new(domain: DomId, param: Param, value: u64) -> Self {
        Self(abi::XenHvmParam {
            domid: domain,
            index: param,
            value,
            ..Default::default()
        })
    }
}

request! {
    /// `HVMOP_get_param`: reads a parameter.
    GetParam = ops::GetParam, => u64, |args, _| Ok(args.value)
}

impl GetParam {
    /// `param` of `domain`, which may be [`DomId::SELF`].
    pub fn new(domain: DomId, param: Param) -> Self {
        Self(abi::XenHvmParam {
            domid: domain,
            index: param,
            ..Default::default()
        })
    }
}

request! {
    /// `HVMOP_flush_tlbs`: flushes the TLBs of all vCPUs of this domain.
    #[derive(Default)]
    FlushTlbs = ops::FlushTlbs, => (), |_args, _| Ok(())
}

request! {
    /// `HVMOP_get_time`: this domain's time in nanoseconds.
    #[derive(Default)]
    GetTime = ops::GetTime, => u64, |args, _| Ok(args.now)
}

request! {
    /// `HVMOP_get_mem_type`: the type of a frame, an `HVMMEM_*` number.
    GetMemType = ops::GetMemType, => u16, |args, _| Ok(args.mem_type)
}

impl GetMemType {
    /// A frame of `domain`.
    pub fn new(domain: DomId, frame: Gfn) -> Self {
        Self(abi::XenHvmGetMemType {
            domid: domain,
            pfn: frame,
            ..Default::default()
        })
    }
}

request! {
    /// `HVMOP_set_evtchn_upcall_vector`: the interrupt vector by which a vCPU of this domain hears
    /// of events.
    SetUpcallVector = ops::SetEvtchnUpcallVector, => (), |_args, _| Ok(())
}

impl SetUpcallVector {
    /// A vector from 16 on.
    pub fn new(vcpu: u32, vector: u8) -> Self {
        Self(abi::XenHvmEvtchnUpcallVector {
            vcpu,
            vector,
            ..Default::default()
        })
    }
}
