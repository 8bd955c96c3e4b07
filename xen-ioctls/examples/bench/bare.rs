// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

// UNSAFE: system calls as they are.
#![expect(unsafe_code)]

//! The same calls by the C library alone, with structures that are filled by hand: what
//! `xen-ioctls` is measured against.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::ptr;

const PAGE: usize = 4096;

/// `IOCTL_PRIVCMD_HYPERCALL`
const HYPERCALL: libc::Ioctl = 0x0030_5000;
/// `IOCTL_PRIVCMD_DM_OP`
const DM_OP: libc::Ioctl = 0x0010_5005;
/// `IOCTL_EVTCHN_NOTIFY`
const NOTIFY: libc::Ioctl = 0x0004_4504;

/// `struct privcmd_hypercall`
#[repr(C)]
struct Hypercall {
    op: u64,
    arg: [u64; 5],
}

/// `struct privcmd_dm_op_buf`
#[repr(C)]
struct DmOpBuf {
    uptr: *mut [u32; 8],
    size: usize,
}

/// `struct privcmd_dm_op`
#[repr(C)]
struct DmOp {
    dom: u16,
    num: u16,
    ubufs: *const DmOpBuf,
}

/// A node, opened as the crate opens it.
pub fn open(path: &str) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options.custom_flags(libc::O_NONBLOCK).open(path)
}

/// Performs the operation in the 32 bytes of `op`; what `ioctl` returns.
pub fn dm_op(node: &File, dom: u16, op: &mut [u32; 8]) -> i32 {
    let buffer = DmOpBuf {
        uptr: op,
        size: size_of_val(op),
    };
    let mut arg = DmOp {
        dom,
        num: 1,
        ubufs: &raw const buffer,
    };
    // SAFETY: DM_OP reads a `DmOp` and the description of its one buffer, which Xen may write.
    unsafe { libc::ioctl(node.as_raw_fd(), DM_OP, &raw mut arg) }
}

/// A page of `/dev/xen/hypercall`, unmapped when it is dropped.
pub struct Page(*mut u64);

impl Page {
    /// Maps it.
    pub fn new(node: &File) -> io::Result<Self> {
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
        let fd = node.as_raw_fd();
        // SAFETY: the kernel chooses a place that nobody uses.
        let page = unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, flags, fd, 0) };
        if page == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(page.cast()))
    }

    /// Writes word number `n`.
    pub fn write(&self, n: usize, word: u64) {
        assert!(n < PAGE / size_of::<u64>());
        // SAFETY: the word is in the page, which is mapped and nobody else's.
        unsafe { self.0.wrapping_add(n).write_volatile(word) };
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: the page was mapped by `new`, and nobody has it any more.
        unsafe { libc::munmap(self.0.cast(), PAGE) };
    }
}

/// `EVTCHNOP_status` of a port of this domain, through a page that is there already.
pub fn port_status(node: &File, page: &Page, port: u32) -> i32 {
    // `dom`, two bytes of padding, `port`; what Xen writes.
    page.write(0, u64::from(port) << 32 | 0x7ff0);
    page.write(1, 0);
    page.write(2, 0);
    let address = page.0.expose_provenance();
    let mut arg = Hypercall {
        op: 32,
        arg: [5, u64::try_from(address).unwrap_or(u64::MAX), 0, 0, 0],
    };
    // SAFETY: HYPERCALL reads a `Hypercall`; Xen reads and writes a status in the page.
    unsafe { libc::ioctl(node.as_raw_fd(), HYPERCALL, &raw mut arg) }
}

/// Sends an event through a port.
pub fn notify(node: BorrowedFd<'_>, port: u32) -> i32 {
    let mut arg = port;
    // SAFETY: NOTIFY reads a port.
    unsafe { libc::ioctl(node.as_raw_fd(), NOTIFY, &raw mut arg) }
}

/// Waits until a node can be read.
pub fn wait(node: BorrowedFd<'_>) -> i32 {
    let mut fd = libc::pollfd {
        fd: node.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one description, which outlives the call.
    unsafe { libc::poll(&raw mut fd, 1, 10_000) }
}

/// Reads one port that has fired.
pub fn pending(node: BorrowedFd<'_>) -> Option<u32> {
    let mut port = 0u32;
    // SAFETY: four bytes that the kernel may write.
    let len = unsafe { libc::read(node.as_raw_fd(), (&raw mut port).cast(), size_of::<u32>()) };
    (len == 4).then_some(port)
}

/// Lets a port fire again.
pub fn acknowledge(node: BorrowedFd<'_>, port: u32) -> bool {
    // SAFETY: four bytes that the kernel may read.
    let len = unsafe { libc::write(node.as_raw_fd(), (&raw const port).cast(), size_of::<u32>()) };
    len == 4
}
