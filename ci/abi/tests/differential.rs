// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The same calls in registers and in memory, on two hypervisors of one model, give the same.

// UNSAFE: plays the hypervisor in a handler of SIGILL.
#![cfg(target_arch = "x86_64")]
#![allow(unsafe_code, reason = "plays the hypervisor in a handler of SIGILL")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

use proptest::prelude::*;
use xen_hypercall::abi::event_channel::{self as evtchn, ops as evtchn_ops};
use xen_hypercall::abi::fastabi::{FastOperation, Instruction};
use xen_hypercall::abi::grant_table::{self as gnttab, ops as gnttab_ops};
use xen_hypercall::abi::hvm::{XenHvmGetTime, ops as hvm_ops};
use xen_hypercall::abi::sched::{self, ops as sched_ops};
use xen_hypercall::fastabi::{Abi, call};
use xen_hypercall::{DomId, Port};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

const EINVAL: i64 = -22;
const ENOSYS: i64 = -38;
const ESRCH: i64 = -3;

/// Event channels, a grant table version and a way to end: enough to tell calls apart.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    ports: Vec<Option<u64>>,
    version: u64,
    ended: Option<u64>,
}

impl Model {
    fn bind(&mut self, to: u64) -> Vec<u64> {
        self.ports.push(Some(to));
        vec![u64::try_from(self.ports.len() - 1).unwrap()]
    }

    fn port(&mut self, port: u64) -> Result<&mut Option<u64>, i64> {
        let slot = usize::try_from(port)
            .ok()
            .and_then(|port| self.ports.get_mut(port));
        slot.filter(|slot| slot.is_some()).ok_or(EINVAL)
    }

    /// Inputs in the order of the operation, outputs too.
    fn perform(&mut self, hypercall: u64, number: u64, inputs: &[u64]) -> Result<Vec<u64>, i64> {
        match (hypercall, number) {
            (32, 0) if inputs[0] > 3 => Err(ESRCH),
            (32, 0) => Ok(self.bind(inputs[0] << 32 | inputs[1])),
            (32, 1) if inputs[0] >= 24 => Err(EINVAL),
            (32, 1) => Ok(self.bind(inputs[0] << 8 | inputs[1])),
            (32, 3) => self.port(inputs[0])?.take().map(|_| vec![]).ok_or(EINVAL),
            (32, 4) => self.port(inputs[0]).map(|_| vec![]),
            (32, 6) if inputs[0] != 0x7ff0 => Err(ESRCH),
            (32, 6) => Ok(self.bind(inputs[1])),
            (20, 8) if !(1..=2).contains(&inputs[0]) => Err(EINVAL),
            (20, 8) => {
                self.version = inputs[0];
                Ok(vec![])
            }
            (29, 2) => {
                self.ended = Some(inputs[0]);
                Ok(vec![])
            }
            _ => Err(ENOSYS),
        }
    }
}

/// Inputs and outputs of an argument structure as the classic ABI's hypervisor finds them.
trait Fields {
    fn inputs(&self) -> Vec<u64>;
    fn put(&mut self, _outputs: &[u64]) {}
}

impl Fields for evtchn::EvtchnBindInterdomain {
    fn inputs(&self) -> Vec<u64> {
        vec![self.remote_dom.0.into(), self.remote_port.0.into()]
    }
    fn put(&mut self, outputs: &[u64]) {
        self.local_port = Port(outputs[0].try_into().unwrap());
    }
}

impl Fields for evtchn::EvtchnBindVirq {
    fn inputs(&self) -> Vec<u64> {
        vec![self.virq.into(), self.vcpu.into()]
    }
    fn put(&mut self, outputs: &[u64]) {
        self.port = Port(outputs[0].try_into().unwrap());
    }
}

impl Fields for evtchn::EvtchnAllocUnbound {
    fn inputs(&self) -> Vec<u64> {
        vec![self.dom.0.into(), self.remote_dom.0.into()]
    }
    fn put(&mut self, outputs: &[u64]) {
        self.port = Port(outputs[0].try_into().unwrap());
    }
}

impl Fields for evtchn::EvtchnClose {
    fn inputs(&self) -> Vec<u64> {
        vec![self.port.0.into()]
    }
}

impl Fields for evtchn::EvtchnSend {
    fn inputs(&self) -> Vec<u64> {
        vec![self.port.0.into()]
    }
}

impl Fields for gnttab::GnttabSetVersion {
    fn inputs(&self) -> Vec<u64> {
        vec![self.version.into()]
    }
}

impl Fields for sched::SchedShutdown {
    fn inputs(&self) -> Vec<u64> {
        vec![self.reason.0.into()]
    }
}

impl Fields for XenHvmGetTime {
    fn inputs(&self) -> Vec<u64> {
        vec![]
    }
}

/// The hypervisor behind `ud2`.
static FAST: Mutex<Option<Model>> = Mutex::new(None);
/// There is one hypervisor: tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Registers that carry fields, in the order in which operations without gaps use them.
const FIELDS: [i32; 6] = [
    libc::REG_RSI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
];

extern "C" fn hypervisor(_signal: i32, _info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a `ucontext_t` that lives as long as the handler runs.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let registers = &mut context.uc_mcontext.gregs;
    let at = |register: i32| usize::try_from(register).unwrap();
    let (rax, rdi) = (at(libc::REG_RAX), at(libc::REG_RDI));
    let hypercall = registers[rax].cast_unsigned();
    let inputs = FIELDS.map(|register| registers[at(register)].cast_unsigned());
    let taken = match (hypercall & 0xff, registers[rdi]) {
        (32, 0 | 1 | 6) => 2,
        _ => 1,
    };
    let output = match (hypercall & 0xff, registers[rdi]) {
        (34, 10) => Some(libc::REG_RSI),
        (32, 0 | 1 | 6) => Some(FIELDS[taken]),
        _ => None,
    };
    let mut model = FAST.lock().unwrap();
    let number = registers[rdi].cast_unsigned();
    let result = match hypercall >> 30 {
        1 => model
            .as_mut()
            .unwrap()
            .perform(hypercall & 0xff, number, &inputs[..taken]),
        _ => Err(ENOSYS),
    };
    match result {
        Ok(outputs) => {
            registers[rax] = 0;
            for (output, register) in outputs.into_iter().zip(&FIELDS[taken..]) {
                registers[at(*register)] = output.cast_signed();
            }
        }
        Err(error) => {
            registers[rax] = error;
            // What a failed call leaves in the register of an output is nothing to read.
            if let Some(output) = output {
                registers[at(output)] = 0x5a5a_5a5a;
            }
        }
    }
    registers[at(libc::REG_RIP)] += 2;
}

fn install() {
    // SAFETY: all zeros is a valid `sigaction`.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = hypervisor as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: `action` is filled in, and nobody else uses SIGILL.
    let result = unsafe { libc::sigaction(libc::SIGILL, &raw const action, std::ptr::null_mut()) };
    assert_eq!(result, 0);
}

/// One call both ways: results, structures and what became of the models are the same. What it
/// gave, and the structure after.
fn compare<O>(args: O::Args, model: &mut Model) -> (Result<u64, i64>, O::Args)
where
    O: FastOperation,
    O::Args: Fields + Copy + FromBytes + IntoBytes + Immutable + KnownLayout,
{
    *FAST.lock().unwrap() = Some(model.clone());
    let mut in_registers = args;
    let mut in_memory = args;
    let classic = |hypercall: u32, number: u32, args: &mut O::Args| match model.perform(
        hypercall.into(),
        number.into(),
        &args.inputs(),
    ) {
        Ok(outputs) => {
            args.put(&outputs);
            0
        }
        Err(error) => error,
    };
    // SAFETY: there is no hypervisor; the handler plays one.
    let slow = unsafe { call::<O>(Abi::Classic, &mut in_memory, classic) };
    let fast = Abi::Fast(Instruction::Undefined);
    // SAFETY: as above.
    let fast = unsafe { call::<O>(fast, &mut in_registers, |_, _, _| unreachable!()) };

    assert_eq!(fast, slow, "{}", O::NAME);
    assert_eq!(in_registers.as_bytes(), in_memory.as_bytes(), "{}", O::NAME);
    assert_eq!(FAST.lock().unwrap().as_ref(), Some(&*model), "{}", O::NAME);
    if fast.is_err() {
        assert_eq!(in_memory.as_bytes(), args.as_bytes(), "{}", O::NAME);
    }
    (fast, in_memory)
}

/// The same, for who wants to know no more.
fn both<O>(args: O::Args, model: &mut Model)
where
    O: FastOperation,
    O::Args: Fields + Copy + FromBytes + IntoBytes + Immutable + KnownLayout,
{
    let (_result, _args) = compare::<O>(args, model);
}

fn step(kind: u8, a: u32, b: u32, model: &mut Model) {
    let (dom, small) = (DomId(u16::try_from(a % 6).unwrap()), Port(b % 8));
    match kind {
        0 => both::<evtchn_ops::BindInterdomain>(
            evtchn::EvtchnBindInterdomain {
                remote_dom: dom,
                remote_port: Port(b),
                ..Default::default()
            },
            model,
        ),
        1 => both::<evtchn_ops::BindVirq>(
            evtchn::EvtchnBindVirq {
                virq: a % 32,
                vcpu: b % 4,
                ..Default::default()
            },
            model,
        ),
        2 => both::<evtchn_ops::AllocUnbound>(
            evtchn::EvtchnAllocUnbound {
                dom: DomId(0x7ff0 + u16::try_from(a % 2).unwrap()),
                remote_dom: dom,
                ..Default::default()
            },
            model,
        ),
        3 => both::<evtchn_ops::Close>(evtchn::EvtchnClose { port: small }, model),
        4 => both::<evtchn_ops::Send>(evtchn::EvtchnSend { port: small }, model),
        5 => both::<gnttab_ops::SetVersion>(gnttab::GnttabSetVersion { version: a % 4 }, model),
        6 => both::<sched_ops::Shutdown>(
            sched::SchedShutdown {
                reason: sched::Reason(b),
            },
            model,
        ),
        _ => both::<hvm_ops::GetTime>(
            XenHvmGetTime {
                now: u64::from(a) << 20,
            },
            model,
        ),
    }
}

proptest! {
    #[test]
    fn calls_in_registers_and_in_memory_give_the_same(
        steps in prop::collection::vec((0u8..8, any::<u32>(), any::<u32>()), 1..60)
    ) {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        install();
        let mut model = Model::default();
        for (kind, a, b) in steps {
            step(kind, a, b, &mut model);
        }
    }
}

#[test]
fn an_operation_that_the_hypervisor_lacks_is_refused_and_gives_nothing() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    install();
    let mut model = Model::default();

    let (refused, args) = compare::<hvm_ops::GetTime>(XenHvmGetTime { now: 7 }, &mut model);

    assert_eq!((refused, args.now), (Err(ENOSYS), 7));
    assert_eq!(model, Model::default());
}

#[test]
fn outputs_are_there_only_when_the_call_succeeds() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    install();
    let mut model = Model::default();
    model.bind(0);
    let bind = |virq| evtchn::EvtchnBindVirq {
        virq,
        port: Port(77),
        ..Default::default()
    };

    let (refused, left) = compare::<evtchn_ops::BindVirq>(bind(24), &mut model);
    let (bound, filled) = compare::<evtchn_ops::BindVirq>(bind(3), &mut model);

    assert_eq!((refused, left.port), (Err(EINVAL), Port(77)));
    assert_eq!((bound, filled.port), (Ok(0), Port(1)));
}
