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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::hvm::Param;
    /// use xen_hypercall::hvm::{GetParam, SetParam};
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// // SAFETY: no memory is meant.
    /// let set = unsafe { SetParam::new(DomId::SELF, Param::CALLBACK_IRQ, 1 << 56) };
    /// xen.perform(set)?;
    /// let param = xen.perform(GetParam::new(DomId::SELF, Param::CALLBACK_IRQ))?;
    /// assert_eq!(param, 1 << 56);
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::abi::hvm::Param;
    /// use xen_hypercall::hvm::GetParam;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::Xen;
    /// # let machine = Xen::new();
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let port = xen.perform(GetParam::new(DomId::SELF, Param::CONSOLE_EVTCHN))?;
    /// assert_eq!(port, 0); // nobody has set it
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::hvm::FlushTlbs;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// assert_eq!(xen.perform(FlushTlbs::default()), Ok(()));
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    FlushTlbs = ops::FlushTlbs, => (), |_args, _| Ok(())
}

request! {
    /// `HVMOP_get_time`: this domain's time in nanoseconds.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::hvm::GetTime;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let earlier = xen.perform(GetTime::default())?;
    /// assert!(xen.perform(GetTime::default())? >= earlier);
    /// # Ok::<(), XenError>(())
    /// ```
    #[derive(Default)]
    GetTime = ops::GetTime, => u64, |args, _| Ok(args.now)
}

request! {
    /// `HVMOP_get_mem_type`: the type of a frame, an `HVMMEM_*` number.
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::hvm::GetMemType;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// let kind = |frame| xen.perform(GetMemType::new(DomId::SELF, frame));
    /// assert_eq!(kind(Gfn(0))?, 0); // HVMMEM_ram_rw
    /// assert_eq!(kind(Gfn(0xf_0000))?, 2); // HVMMEM_mmio_dm
    /// # Ok::<(), XenError>(())
    /// ```
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
    ///
    /// # Example
    ///
    /// ```
    /// use xen_hypercall::hvm::SetUpcallVector;
    /// # use xen_hypercall::{DomId, Gfn, Port, XenError, operation::Perform};
    /// # use xen_ioctls::sim::{Arch, Config, Xen};
    /// # let machine = Xen::with(Config { arch: Arch::X86, ..Config::default() });
    /// # let guest = machine.create_domain(DomId(1), 2);
    /// # guest.add_memory(0, 1 << 20);
    /// # let xen = guest.hypercaller();
    ///
    /// xen.perform(SetUpcallVector::new(1, 0xf3))?;
    /// assert_eq!(xen.perform(SetUpcallVector::new(1, 15)), Err(XenError::INVAL));
    /// # Ok::<(), XenError>(())
    /// ```
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
