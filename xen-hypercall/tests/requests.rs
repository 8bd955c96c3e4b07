// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Every operation that the specifications describe has a typed request, and requests reach Xen in
//! the form that their hypercall takes.

// UNSAFE: a hypercall is played, and some requests are unsafe to make.
#![expect(unsafe_code)]

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::{fs, ptr};

use xen_hypercall::abi::vcpu::VcpuHvmContextCpuRegs;
use xen_hypercall::call::{ConstMemory, MutMemory};
use xen_hypercall::dm_op::{self, DmOp};
use xen_hypercall::memory::{AddToPhysmapBatch, BatchSpace, MemoryMap};
use xen_hypercall::operation::{Operation, Perform, Request};
use xen_hypercall::slot::{In, Out};
use xen_hypercall::{
    DomId, Gfn, GrantRef, Port, XenError, XenHypercall, event_channel, grant_table, hvm, memory,
    sched, vcpu, version,
};

fn request<R: Request>() -> &'static str {
    R::Of::NAME
}

fn dm<O: DmOp>() -> &'static str {
    O::Of::NAME
}

macro_rules! names {
    ($how:ident: $($module:ident {$($name:ident)*})*) => {
        [$($($how::<$module::$name>(),)*)*]
    };
}

/// Operations that have a function: their hypercall has a form of its own.
const FUNCTIONS: [&str; 2] = ["console.read", "console.write"];

/// The names in the generated modules.
fn described() -> BTreeSet<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/abi");
    let mut names = BTreeSet::new();
    for file in fs::read_dir(folder).expect("the folder is there") {
        let path = file.expect("it can be listed").path();
        let text = fs::read_to_string(path).expect("it is text");
        let found = text.lines().filter_map(|line| {
            let line = line.trim().strip_prefix("const NAME: &'static str = \"")?;
            line.strip_suffix("\";")
        });
        names.extend(found.map(str::to_owned));
    }
    names
}

#[test]
#[cfg_attr(miri, ignore = "reads files")]
fn every_operation_has_a_request() {
    let requests = names! { request:
        event_channel {
            AllocUnbound BindInterdomain BindIpi BindPirq BindVcpu BindVirq Close ExpandArray
            GetStatus InitControl Reset Send SetPriority Unmask
        }
        grant_table { Copy GetVersion Map QuerySize SetVersion Unmap }
        hvm { FlushTlbs GetMemType GetParam GetTime SetParam SetUpcallVector }
        memory {
            AcquireResource AddToPhysmap AddToPhysmapBatch Decrease MemoryMap Populate
            RemoveFromPhysmap
        }
        sched { Block PinOverride Poll RemoteShutdown Shutdown ShutdownCode Watchdog Yield }
        vcpu {
            Down GetPhysid GetRunstate Initialise IsUp RegisterRunstate RegisterRunstatePhys
            RegisterTime RegisterTimePhys RegisterVcpuInfo SendNmi SetPeriodicTimer
            SetSingleshotTimer StopPeriodicTimer StopSingleshotTimer Up
        }
        version {
            Capabilities Changeset ExtraVersion GetCompileInfo GetFeatures GetPlatformParameters
            GetVersion PageSize
        }
    };
    let device_model = names! { dm:
        dm_op {
            CreateIoreqServer DestroyIoreqServer GetIoreqServerInfo InjectEvent InjectMsi
            MapIoRange MapMemTypeToIoreqServer ModifiedMemory NrVcpus PinMemoryCacheattr
            RelocateMemory RemoteShutdown SetIoreqServerState SetIrqLevel SetIsaIrqLevel
            SetMemType SetPciIntxLevel SetPciLinkRoute TrackDirtyVram UnmapIoRange
        }
    };
    let all = requests.into_iter().chain(device_model).chain(FUNCTIONS);

    let have: BTreeSet<String> = all.map(str::to_owned).collect();

    assert_eq!(have, described());
}

/// Remembers what calls look like: number, arguments, and what the pointer at `lead` leads to.
#[derive(Default)]
struct Recorder {
    seen: RefCell<Vec<(usize, [usize; 5])>>,
    /// Which argument is a pointer, and to how many bytes.
    lead: Option<(usize, usize)>,
    bytes: RefCell<Vec<u8>>,
    /// Written to where the pointer leads, from an offset on.
    answer: Option<(usize, Vec<u8>)>,
    result: usize,
}

struct Lent<'a>(&'a [u8]);
struct LentMut<'a>(&'a mut [u8]);

impl ConstMemory for Lent<'_> {
    fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }
}

impl MutMemory for LentMut<'_> {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_mut_ptr()
    }

    fn update(&mut self) {}
}

// SAFETY: the memory lent is the original, which the borrow keeps others from.
unsafe impl XenHypercall for Recorder {
    type Const<'a> = Lent<'a>;
    type Mut<'a> = LentMut<'a>;

    unsafe fn hypercall5(&self, number: usize, args: [usize; 5]) -> Result<usize, XenError> {
        self.seen.borrow_mut().push((number, args));
        if let Some((at, len)) = self.lead {
            let start = ptr::with_exposed_provenance_mut::<u8>(args[at]);
            for n in 0..len {
                let byte = start.wrapping_add(n);
                // SAFETY: the structure of the call is lent, and has as many bytes.
                self.bytes.borrow_mut().push(unsafe { byte.read() });
            }
            let (skip, answer) = self.answer.clone().unwrap_or_default();
            for (n, value) in answer.into_iter().enumerate() {
                let byte = start.wrapping_add(skip + n);
                // SAFETY: as above.
                unsafe { byte.write(value) };
            }
        }
        XenError::check(self.result)
    }

    fn lend_const<'a>(&'a self, bytes: &'a [u8]) -> Result<Lent<'a>, XenError> {
        Ok(Lent(bytes))
    }

    fn lend_mut<'a>(&'a self, bytes: &'a mut [u8]) -> Result<LentMut<'a>, XenError> {
        Ok(LentMut(bytes))
    }
}

impl Recorder {
    /// One that looks at the structure that an argument leads to.
    fn leading(at: usize, len: usize) -> Self {
        Self {
            lead: Some((at, len)),
            ..Self::default()
        }
    }

    fn word(&self, at: usize) -> u64 {
        let bytes = self.bytes.borrow();
        u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
    }
}

#[test]
fn no_structure_is_no_address() {
    let xen = Recorder::default();

    xen.perform(sched::Yield::default()).unwrap();
    xen.perform(hvm::FlushTlbs::default()).unwrap();

    let seen = [(29, [0, 0, 0, 0, 0]), (34, [5, 0, 0, 0, 0])];
    assert_eq!(*xen.seen.borrow(), seen);
}

#[test]
fn the_vcpu_is_beside_the_structure() {
    let xen = Recorder::leading(2, 16);

    // SAFETY: nothing is placed.
    let place = unsafe { vcpu::RegisterVcpuInfo::new(3, Gfn(0x1234), 64) };
    xen.perform(place).unwrap();

    let (number, args) = xen.seen.borrow()[0];
    assert_eq!((number, args[0], args[1]), (24, 10, 3));
    assert_eq!((xen.word(0), xen.word(8)), (0x1234, 64));
}

#[test]
fn a_vcpu_without_a_structure_is_asked_about() {
    let xen = Recorder {
        result: 1,
        ..Recorder::default()
    };

    let up = xen.perform(vcpu::IsUp::new(2));

    assert_eq!(up, Ok(true));
    assert_eq!(*xen.seen.borrow(), [(24, [3, 2, 0, 0, 0])]);
}

#[test]
fn the_registers_of_a_new_vcpu_say_of_which_kind_they_are() {
    let xen = Recorder::leading(2, 128);
    let registers = VcpuHvmContextCpuRegs::Bits64(xen_hypercall::abi::vcpu::VcpuHvm64 {
        rip: 0x10_0000,
        ..Default::default()
    });

    // SAFETY: no vCPU starts.
    let initialise = unsafe { vcpu::Initialise::new(1, registers) };
    xen.perform(initialise).unwrap();

    // VCPU_HVM_MODE_64B, and the ninth register.
    assert_eq!((xen.word(0), xen.word(8 + 8 * 8)), (1, 0x10_0000));
}

#[test]
fn three_buffers_go_into_their_fields() {
    let xen = Recorder::leading(1, 32);
    let (mut pages, mut frames, mut errors) = ([5u64, 6], [Gfn(8), Gfn(9)], [0i32; 2]);
    let addresses = [
        pages.as_ptr().addr(),
        frames.as_ptr().addr(),
        errors.as_ptr().addr(),
    ];

    // SAFETY: nothing is placed.
    let batch = unsafe { AddToPhysmapBatch::new(DomId::SELF, BatchSpace::Foreign(DomId(7))) };
    let slots = (In(&mut pages), In(&mut frames), Out(&mut errors));
    xen.perform_with(batch, slots).unwrap();

    let seen = [xen.word(8), xen.word(16), xen.word(24)];
    assert_eq!(
        seen,
        addresses.map(|address| u64::try_from(address).unwrap())
    );
    // domid, space, size, foreign domid.
    assert_eq!(xen.word(0), 0x0007_0002_0004_7ff0);
}

#[test]
fn buffers_of_different_lengths_are_refused() {
    let xen = Recorder::default();

    // SAFETY: nothing is placed.
    let batch = unsafe { AddToPhysmapBatch::new(DomId::SELF, BatchSpace::GrantTable) };
    let slots = (In(&mut [1u64, 2]), In(&mut [Gfn(8)]), Out(&mut [0i32; 2]));

    assert_eq!(xen.perform_with(batch, slots).err(), Some(XenError::INVAL));
    assert!(xen.seen.borrow().is_empty());
}

#[test]
fn one_hypercall_takes_many_and_each_has_a_status() {
    let xen = Recorder {
        // The status of the second copy: GNTST_bad_gntref.
        answer: Some((40 + 36, (-3i16).to_ne_bytes().to_vec())),
        ..Recorder::leading(1, 80)
    };
    let from = |n| grant_table::End::Grant(DomId(3), GrantRef(n), 16);
    let to = grant_table::End::Frame(Gfn(0x77), 0);
    // SAFETY: nothing is copied.
    let mut copies = [8, 9].map(|n| unsafe { grant_table::Copy::new(from(n), to, 512) });

    let done: Vec<_> = xen.perform_all(&mut copies).unwrap().collect();

    assert_eq!(done, [Ok(()), Err(XenError::NOENT)]);
    let (number, args) = xen.seen.borrow()[0];
    assert_eq!((number, args[0], args[2]), (20, 5, 2));
    // Reference, domain, offset; frame; length and GNTCOPY_source_gref.
    assert_eq!((xen.word(0), xen.word(8)), (8, 0x0010_0003));
    assert_eq!(xen.word(16), 0x77);
    assert_eq!(xen.word(32), 0x0001_0200);
}

#[test]
fn the_map_of_memory_has_as_many_entries_as_xen_says() {
    let xen = Recorder {
        answer: Some((0, 1u32.to_ne_bytes().to_vec())),
        ..Recorder::leading(1, 16)
    };
    let mut room = [memory_entry(0), memory_entry(0x1_0000_0000)];

    let (count, entries) = xen
        .perform_with(MemoryMap::default(), Out(&mut room))
        .unwrap();

    assert_eq!(count, 1);
    assert_eq!(xen.word(0), 2);
    assert_eq!(entries[1].address(), 0x1_0000_0000);
}

fn memory_entry(address: u64) -> xen_hypercall::abi::memory::E820Entry {
    let [a, b, c, d, e, f, g, h] = address.to_ne_bytes();
    xen_hypercall::abi::memory::E820Entry {
        addr_low: u32::from_ne_bytes([a, b, c, d]),
        addr_high: u32::from_ne_bytes([e, f, g, h]),
        ..Default::default()
    }
}

#[test]
fn a_poll_says_how_many_ports_it_has() {
    let xen = Recorder::leading(1, 24);

    let mut ports = [Port(4), Port(5), Port(6)];
    let poll = sched::Poll::until(1_000);
    xen.perform_with(poll, In(&mut ports)).unwrap();

    assert_eq!((xen.word(8), xen.word(16)), (3, 1_000));
}

#[test]
fn the_version_comes_in_the_result() {
    let xen = Recorder {
        result: 4 << 16 | 20,
        ..Recorder::default()
    };

    let version = version::version(&xen).unwrap();

    assert_eq!((version.major, version.minor), (4, 20));
}
