// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The hypercall page in user space: handlers of signals play Xen, which is trapped into by `ud2` in
//! the entries and by the write of the register.

#![cfg(all(
    feature = "native",
    target_arch = "x86_64",
    target_os = "linux",
    not(miri)
))]
// UNSAFE: signals are handled, and a page is mapped that code is in.
#![expect(unsafe_code)]

use std::ptr::{self, NonNull};
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};

use xen_hypercall::event_channel::Send;
use xen_hypercall::native::{HypercallPage, Native};
use xen_hypercall::operation::Perform;
use xen_hypercall::{Gfn, Port, XenError, XenHypercall};

/// What traps have left in rax, rdi, rsi, rdx, r10, r8.
static SEEN: Mutex<[i64; 6]> = Mutex::new([0; 6]);
/// What the hypercall gives back.
static RESULT: AtomicI64 = AtomicI64::new(0);
/// The page that Xen fills in when the register is written.
static PAGE: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());
/// The register and what was written: rcx, rax, rdx.
static WRITTEN: Mutex<[i64; 3]> = Mutex::new([0; 3]);
/// Tests that use the above, one at a time.
static ONE: Mutex<()> = Mutex::new(());

const REGISTERS: [i32; 6] = [
    libc::REG_RAX,
    libc::REG_RDI,
    libc::REG_RSI,
    libc::REG_RDX,
    libc::REG_R10,
    libc::REG_R8,
];

fn index(register: i32) -> usize {
    usize::try_from(register).expect("registers have numbers from zero on")
}

/// Fills a page as Xen does, with `ud2` where a real one has `vmcall`.
fn fill(page: *mut u8) {
    for number in 0u32..128 {
        // mov eax, number; ud2; ret
        let [a, b, c, d] = number.to_le_bytes();
        let code = [0xb8, a, b, c, d, 0x0f, 0x0b, 0xc3];
        let entry = page.wrapping_add(number as usize * 32);
        // SAFETY: the page has 128 entries of 32 bytes, and nobody runs them yet.
        unsafe { ptr::copy_nonoverlapping(code.as_ptr(), entry, code.len()) };
    }
}

extern "C" fn trap(signal: i32, _info: *mut libc::siginfo_t, context: *mut libc::ucontext_t) {
    // SAFETY: the kernel gives a handler of this kind its context, which nobody else has.
    let registers = unsafe { &mut (*context).uc_mcontext.gregs };
    if signal == libc::SIGILL {
        *SEEN.lock().expect("handlers do not panic") =
            REGISTERS.map(|register| registers[index(register)]);
        registers[index(libc::REG_RAX)] = RESULT.load(Ordering::Relaxed);
        // Xen may change those of the arguments.
        for register in &REGISTERS[1..] {
            registers[index(*register)] = -1;
        }
    } else {
        // wrmsr
        *WRITTEN.lock().expect("handlers do not panic") =
            [libc::REG_RCX, libc::REG_RAX, libc::REG_RDX]
                .map(|register| registers[index(register)]);
        fill(PAGE.load(Ordering::Relaxed));
    }
    // Both instructions have two bytes.
    registers[index(libc::REG_RIP)] += 2;
}

/// A page that can be executed, and handlers that play Xen.
fn machine() -> NonNull<HypercallPage> {
    for signal in [libc::SIGILL, libc::SIGSEGV] {
        // SAFETY: all zeros are a valid `sigaction`.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = trap as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        // SAFETY: the handler is of the kind that the flags say.
        let set = unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
        assert_eq!(set, 0);
    }
    let all = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh anonymous page is in nobody's way.
    let page = unsafe { libc::mmap(ptr::null_mut(), 4096, all, flags, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    PAGE.store(page.cast(), Ordering::Relaxed);
    NonNull::new(page.cast()).expect("it is mapped somewhere")
}

#[test]
fn a_hypercall_goes_through_the_entry_of_its_number() {
    let _one = ONE.lock();
    let page = machine();
    fill(page.as_ptr().cast());
    // SAFETY: the page stays, and is filled in for handlers that are there.
    let xen = unsafe { Native::from_page(page) };

    RESULT.store(0x1_2345_6789, Ordering::Relaxed);
    // SAFETY: the Xen of this test takes no pointers.
    let result = unsafe { xen.hypercall5(41, [1, 2, 3, 4, 5]) };

    assert_eq!(result, Ok(0x1_2345_6789));
    assert_eq!(*SEEN.lock().unwrap(), [41, 1, 2, 3, 4, 5]);
}

#[test]
fn an_error_of_the_page_is_an_error() {
    let _one = ONE.lock();
    let page = machine();
    fill(page.as_ptr().cast());
    // SAFETY: as above.
    let xen = unsafe { Native::from_page(page) };

    RESULT.store(-22, Ordering::Relaxed);
    let result = xen.perform(Send::new(Port(7)));

    assert_eq!(result, Err(XenError::INVAL));
    // event_channel_op, EVTCHNOP_send.
    assert_eq!(SEEN.lock().unwrap()[..2], [32, 4]);
}

#[test]
fn xen_fills_the_page_in_when_its_register_is_written() {
    let _one = ONE.lock();
    let page = machine();

    // SAFETY: the Xen of this test fills the page in when it is told, whatever the frame.
    let xen = unsafe { Native::with_page(0x4000_0000, page, Gfn(0x12_3456)) };
    RESULT.store(0, Ordering::Relaxed);
    let result = xen.perform(Send::new(Port(7)));

    assert_eq!(result, Ok(()));
    assert_eq!(*WRITTEN.lock().unwrap(), [0x4000_0000, 0x2345_6000, 1]);
}
