// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What Xen has given to this guest: its console, the page of its events, a clock.

// UNSAFE: pages that are shared with Xen and dom0 are known by number, and registers are read.
#![expect(unsafe_code)]

use core::arch::asm;
use core::cell::UnsafeCell;
use core::fmt;
use core::ptr::NonNull;
use core::slice;

use xen_hypercall::abi::hvm::Param;
use xen_hypercall::abi::sched::Reason;
use xen_hypercall::console::Ring;
use xen_hypercall::event_channel::Send;
use xen_hypercall::events::{
    AsyncEventReceiver, EventInterface, EventReceiver, RawEventChannels, SharedInfo,
};
use xen_hypercall::hvm::GetParam;
use xen_hypercall::memory::{AddToPhysmap, Space};
use xen_hypercall::native::Native;
use xen_hypercall::operation::Perform;
use xen_hypercall::sched::{Poll, Shutdown, Yield};
use xen_hypercall::slot::In;
use xen_hypercall::{DomId, Gfn, PAGE_SHIFT, Port, XenError};

/// The hypercalls of this guest.
pub fn xen() -> Native {
    // SAFETY: `xl create` has started this, at EL1 of a domain of Xen.
    unsafe { Native::new() }
}

/// The console that dom0 keeps and `xl console` shows.
pub struct Console {
    ring: Ring,
    port: Port,
}

impl Console {
    /// Asks Xen where it is.
    ///
    /// # Errors
    ///
    /// What Xen says.
    pub fn open() -> Result<Self, XenError> {
        let frame = parameter(Param::CONSOLE_PFN)? << PAGE_SHIFT;
        let address = usize::try_from(frame).map_err(|_| XenError::RANGE)?;
        let page = NonNull::new(core::ptr::with_exposed_provenance_mut(address));
        let port = parameter(Param::CONSOLE_EVTCHN)?;
        Ok(Self {
            // SAFETY: every address is mapped to itself, Xen's tools have put the page there for
            // this, and only rings look at it.
            ring: unsafe { Ring::new(page.ok_or(XenError::FAULT)?) },
            port: Port(u32::try_from(port).map_err(|_| XenError::RANGE)?),
        })
    }

    /// Waits until dom0 has all that was printed.
    pub fn drain(&self) {
        while !self.ring.is_drained() {
            let _ = xen().perform(Yield::default());
        }
    }
}

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            rest = &rest[self.ring.write(rest)..];
            xen()
                .perform(Send::new(self.port))
                .map_err(|_| fmt::Error)?;
            if !rest.is_empty() {
                self.drain();
            }
        }
        Ok(())
    }
}

fn parameter(param: Param) -> Result<u64, XenError> {
    xen().perform(GetParam::new(DomId::SELF, param))
}

/// The number that follows `name` in the device tree; only the command line has such names.
///
/// # Safety
///
/// `tree` is the beginning of a device tree, whose second word is its size.
pub unsafe fn argument(tree: *const u32, name: &[u8]) -> Option<u32> {
    // SAFETY: as the caller says.
    let size = unsafe { tree.wrapping_add(1).read_volatile() };
    let size = usize::try_from(u32::from_be(size)).ok()?;
    // SAFETY: as the caller says, and nobody writes there.
    let tree = unsafe { slice::from_raw_parts(tree.cast::<u8>(), size) };
    let start = tree.windows(name.len()).position(|part| part == name)? + name.len();
    let digits = tree[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    digits.into_iter().try_fold(0u32, |number, digit| {
        number.checked_mul(10)?.checked_add(u32::from(digit - b'0'))
    })
}

/// Ends this domain.
pub fn end(reason: Reason) -> ! {
    loop {
        let _ = xen().perform(Shutdown::new(reason));
    }
}

/// A page that is Xen's as soon as it is mapped there.
#[repr(C, align(4096))]
struct Page(UnsafeCell<[u8; 4096]>);

// SAFETY: only its address is used here.
unsafe impl Sync for Page {}

static SHARED: Page = Page(UnsafeCell::new([0; 4096]));

/// Maps the page that Xen shares with this guest.
///
/// # Errors
///
/// What Xen says.
pub fn shared_info() -> Result<SharedInfo, XenError> {
    let page = NonNull::from(&SHARED).cast::<u8>();
    let frame = Gfn((page.as_ptr().expose_provenance() >> PAGE_SHIFT) as u64);
    // SAFETY: nobody uses what was in `SHARED`.
    let map = unsafe { AddToPhysmap::new(DomId::SELF, Space::SharedInfo, frame) };
    xen().perform(map)?;
    // SAFETY: the page stays there, and only this type looks at it.
    Ok(unsafe { SharedInfo::new(page) })
}

/// Event channels that are waited for in Xen, without an interrupt.
pub struct Events<'x> {
    channels: RawEventChannels<'x, Native>,
    /// The ports that end a wait.
    awaited: &'x [Port],
}

impl<'x> Events<'x> {
    /// Waits end when one of `awaited` fires.
    pub fn new(xen: &'x Native, shared: SharedInfo, awaited: &'x [Port]) -> Self {
        Self {
            channels: RawEventChannels::new(xen, shared),
            awaited,
        }
    }
}

impl EventInterface for Events<'_> {
    type Error = XenError;

    fn offer(&self, domain: DomId) -> Result<Port, XenError> {
        self.channels.offer(domain)
    }

    fn bind(&self, domain: DomId, port: Port) -> Result<Port, XenError> {
        self.channels.bind(domain, port)
    }

    fn unbind(&self, port: Port) -> Result<(), XenError> {
        self.channels.unbind(port)
    }

    fn notify(&self, port: Port) -> Result<(), XenError> {
        self.channels.notify(port)
    }
}

impl EventReceiver for Events<'_> {
    /// Of other ports (console and XenStore have some) it says nothing, and as nobody
    /// acknowledges them, they stay silent.
    fn pending(&self, ports: &mut [u32]) -> Result<usize, XenError> {
        let fired = self.channels.pending(ports)?;
        let mut count = 0;
        for n in 0..fired {
            if self.awaited.contains(&Port(ports[n])) {
                ports.swap(count, n);
                count += 1;
            }
        }
        Ok(count)
    }

    fn acknowledge(&self, ports: &[u32]) -> Result<(), XenError> {
        self.channels.acknowledge(ports)
    }
}

impl AsyncEventReceiver for Events<'_> {
    /// Ready at once, since Xen stops the only CPU until then.
    async fn wait(&self, ports: &mut [u32]) -> Result<usize, XenError> {
        loop {
            match self.pending(ports)? {
                0 => {}
                count => return Ok(count),
            }
            let mut awaited = [Port(0); 4];
            let awaited = &mut awaited[..self.awaited.len()];
            awaited.copy_from_slice(self.awaited);
            xen().perform_with(Poll::new(), In(awaited))?;
        }
    }
}

/// Ticks of the virtual counter.
pub fn ticks() -> u64 {
    let now: u64;
    // SAFETY: the instruction reads a register that every guest may read.
    unsafe { asm!("isb", "mrs {}, cntvct_el0", out(reg) now, options(nostack)) };
    now
}

/// Ticks in a second.
pub fn frequency() -> u64 {
    let frequency: u64;
    // SAFETY: as in `ticks`.
    unsafe { asm!("mrs {}, cntfrq_el0", out(reg) frequency, options(nostack)) };
    frequency
}
