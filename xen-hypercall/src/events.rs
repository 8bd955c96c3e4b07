// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What all ways of using event channels have in common, and the way without a kernel.
//!
//! | | binds and notifies | receives |
//! |---|---|---|
//! | `/dev/xen/evtchn` | `xen_ioctls::EventChannels` | the same; with tokio `xen_ioctls::TokioEventChannels` |
//! | hypercalls | [`RawEventChannels`] | [`RawEventChannels`], from the page shared with Xen |

// UNSAFE: bits are changed in a page that Xen changes too.
#![expect(unsafe_code)]

use core::future::Future;
use core::mem::offset_of;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

#[cfg(target_arch = "aarch64")]
use crate::abi::vcpu::SharedInfoArm as Layout;
#[cfg(not(target_arch = "aarch64"))]
use crate::abi::vcpu::SharedInfoX86 as Layout;
use crate::event_channel::{AllocUnbound, BindInterdomain, Close, Send as SendEvent, Unmask};
use crate::operation::Perform;
use crate::{DomId, Port, XenError, XenHypercall};

/// Event channels of this domain.
///
/// # Example
///
/// ```
/// use xen_hypercall::events::EventInterface;
/// use xen_hypercall::{DomId, Port};
/// use xen_ioctls::sim;
///
/// /// By device node as by hypercall.
/// fn greet<E: EventInterface>(events: &E, domain: DomId) -> Result<Port, E::Error> {
///     let port = events.offer(domain)?;
///     events.notify(port)?;
///     Ok(port)
/// }
///
/// greet(&sim::Xen::new().event_channels(), DomId(1))?;
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
pub trait EventInterface {
    /// Why something did not work.
    type Error: core::error::Error;

    /// Offers a new local port to `domain`.
    ///
    /// # Errors
    ///
    /// When no port is free.
    fn offer(&self, domain: DomId) -> Result<Port, Self::Error>;

    /// Binds a new local port to one that `domain` offers.
    ///
    /// # Errors
    ///
    /// When it does not, or no port is free.
    fn bind(&self, domain: DomId, port: Port) -> Result<Port, Self::Error>;

    /// Gives up a local port.
    ///
    /// # Errors
    ///
    /// When it is not bound.
    fn unbind(&self, port: Port) -> Result<(), Self::Error>;

    /// Sends an event to the other end of a local port.
    ///
    /// # Errors
    ///
    /// When it is not bound.
    fn notify(&self, port: Port) -> Result<(), Self::Error>;
}

/// Receives events without waiting for them.
///
/// # Example
///
/// ```
/// use xen_hypercall::events::EventReceiver;
/// use xen_hypercall::DomId;
/// use xen_ioctls::sim;
///
/// fn drain<E: EventReceiver>(events: &E) -> Result<usize, E::Error> {
///     let mut fired = [0; 8];
///     let count = events.pending(&mut fired)?;
///     events.acknowledge(&fired[..count])?;
///     Ok(count)
/// }
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// let events = xen.event_channels();
/// events.bind_interdomain(DomId(1), guest.offer_port(DomId(0)))?;
/// assert_eq!(drain(&events)?, 1); // binding makes one up
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
pub trait EventReceiver: EventInterface {
    /// Takes ports that have fired, as many as there is room for, and returns how many. They
    /// stay silent until they are [acknowledged](Self::acknowledge).
    ///
    /// # Errors
    ///
    /// When events were lost.
    fn pending(&self, ports: &mut [u32]) -> Result<usize, Self::Error>;

    /// Lets ports fire again.
    ///
    /// # Errors
    ///
    /// When that is not possible.
    fn acknowledge(&self, ports: &[u32]) -> Result<(), Self::Error>;
}

/// Waits for events without blocking a thread.
///
/// # Example
///
/// ```
/// use xen_hypercall::events::AsyncEventReceiver;
///
/// /// In a task; `xen_ioctls::TokioEventChannels` is one.
/// async fn next<E: AsyncEventReceiver>(events: &E) -> Result<u32, E::Error> {
///     let mut fired = [0];
///     events.wait(&mut fired).await?;
///     events.acknowledge(&fired)?;
///     Ok(fired[0])
/// }
/// ```
pub trait AsyncEventReceiver: EventReceiver {
    /// As [`EventReceiver::pending`], when there is at least one. Nothing is lost when the future
    /// is dropped.
    fn wait(&self, ports: &mut [u32]) -> impl Future<Output = Result<usize, Self::Error>> + Send;
}

/// `EVTCHN_2L_NR_CHANNELS` of a 64-bit guest, in words.
const WORDS: usize = 64;
/// Where the bits of pending ports are. How many `vcpu_info`s are in front differs.
const PENDING: usize = offset_of!(Layout, evtchn_pending);
/// Where the bits of masked ports are.
const MASK: usize = offset_of!(Layout, evtchn_mask);

/// The event bits of the page that a guest shares with Xen: `struct shared_info` of
/// `xen/include/public/xen.h`, for 64-bit guests without FIFO event channels.
///
/// # Example
///
/// ```
/// use core::ptr::NonNull;
/// use xen_hypercall::events::SharedInfo;
/// use xen_ioctls::sim;
///
/// // On Xen: the page that `memory::AddToPhysmap` has put somewhere.
/// let page = sim::Xen::new().hypercalls().allocate(4096)?;
/// let start = NonNull::new(page.as_ptr()).expect("it is mapped");
/// // SAFETY: the page stays mapped, and nobody touches it otherwise.
/// let shared = unsafe { SharedInfo::new(start) };
/// # let _ = shared;
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SharedInfo(NonNull<u8>);

// SAFETY: it is an address, and what is there is only changed atomically.
unsafe impl Send for SharedInfo {}
// SAFETY: as above.
unsafe impl Sync for SharedInfo {}

impl SharedInfo {
    /// # Safety
    ///
    /// `page` is the beginning of a mapped, writable page which stays mapped as long as this is
    /// in use, and whose `evtchn_pending` and `evtchn_mask` are only changed atomically.
    pub unsafe fn new(page: NonNull<u8>) -> Self {
        Self(page)
    }

    fn word(&self, array: usize, n: usize) -> &AtomicU64 {
        let word = self.0.as_ptr().wrapping_add(array).cast::<u64>();
        // SAFETY: the word is in the page, aligned, and only changed atomically; that is what
        // `new` asks for.
        unsafe { AtomicU64::from_ptr(word.wrapping_add(n)) }
    }

    fn pending(&self, n: usize) -> &AtomicU64 {
        self.word(PENDING, n)
    }

    fn mask(&self, n: usize) -> &AtomicU64 {
        self.word(MASK, n)
    }
}

/// Event channels by hypercall, and from the shared page.
///
/// # Example
///
/// ```
/// use core::ptr::NonNull;
/// use xen_hypercall::events::{EventInterface, EventReceiver, RawEventChannels, SharedInfo};
/// use xen_hypercall::DomId;
/// use xen_ioctls::{Hypercaller, sim};
/// # let machine = sim::Xen::new();
/// # let guest = machine.create_domain(DomId(1), 2);
/// let xen = Hypercaller::new(machine.privcmd(), machine.hypercalls());
///
/// let page = machine.hypercalls().allocate(4096).expect("there is memory");
/// let start = NonNull::new(page.as_ptr()).expect("it is mapped");
/// // SAFETY: the page stays mapped, and nobody touches it otherwise.
/// let events = RawEventChannels::new(&xen, unsafe { SharedInfo::new(start) });
/// let port = events.offer(DomId(1))?;
/// assert_eq!(events.pending(&mut [0; 4])?, 0);
/// events.unbind(port)?;
/// # Ok::<(), xen_hypercall::XenError>(())
/// ```
#[derive(Debug)]
pub struct RawEventChannels<'x, X> {
    xen: &'x X,
    shared: SharedInfo,
}

impl<'x, X: XenHypercall> RawEventChannels<'x, X> {
    /// The event channels of this domain.
    pub fn new(xen: &'x X, shared: SharedInfo) -> Self {
        Self { xen, shared }
    }
}

impl<X: XenHypercall> EventInterface for RawEventChannels<'_, X> {
    type Error = XenError;

    fn offer(&self, domain: DomId) -> Result<Port, XenError> {
        self.xen.perform(AllocUnbound::new(domain))
    }

    fn bind(&self, domain: DomId, port: Port) -> Result<Port, XenError> {
        self.xen.perform(BindInterdomain::new(domain, port))
    }

    fn unbind(&self, port: Port) -> Result<(), XenError> {
        self.xen.perform(Close::new(port))
    }

    fn notify(&self, port: Port) -> Result<(), XenError> {
        self.xen.perform(SendEvent::new(port))
    }
}

impl<X: XenHypercall> EventReceiver for RawEventChannels<'_, X> {
    fn pending(&self, ports: &mut [u32]) -> Result<usize, XenError> {
        let mut room = ports.iter_mut();
        for n in 0..WORDS {
            let masked = self.shared.mask(n).load(Ordering::Relaxed);
            let mut fired = self.shared.pending(n).load(Ordering::Acquire) & !masked;
            while fired != 0 {
                let bit = fired.trailing_zeros();
                fired &= fired - 1;
                let Some(port) = room.next() else {
                    return Ok(ports.len());
                };
                // Masked first: it cannot fire between the two.
                self.shared.mask(n).fetch_or(1 << bit, Ordering::AcqRel);
                self.shared
                    .pending(n)
                    .fetch_and(!(1 << bit), Ordering::AcqRel);
                *port = u32::try_from(n).map_err(|_beyond| XenError::RANGE)? * u64::BITS + bit;
            }
        }
        let left = room.len();
        Ok(ports.len() - left)
    }

    fn acknowledge(&self, ports: &[u32]) -> Result<(), XenError> {
        for port in ports {
            let n = usize::try_from(port / u64::BITS)
                .ok()
                .filter(|n| *n < WORDS)
                .ok_or(XenError::RANGE)?;
            let bit = 1 << (port % u64::BITS);
            // One that has fired meanwhile has told nobody: Xen is asked to do it now.
            match self.shared.pending(n).load(Ordering::Acquire) & bit {
                0 => {
                    self.shared.mask(n).fetch_and(!bit, Ordering::AcqRel);
                    if self.shared.pending(n).load(Ordering::Acquire) & bit != 0 {
                        self.xen.perform(Unmask::new(Port(*port)))?;
                    }
                }
                _ => self.xen.perform(Unmask::new(Port(*port)))?,
            }
        }
        Ok(())
    }
}
