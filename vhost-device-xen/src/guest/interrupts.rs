// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The interrupts of a device.

use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use backends::{Interrupt, warn_limited};
use vmm_sys_util::eventfd::{EFD_CLOEXEC, EFD_NONBLOCK, EventFd};
use xen_hypercall::DomId;
use xen_ioctls::{IrqFd, Privcmd};

use super::Error;
use super::host::{self, duplicate};
use super::intx::Intx;
use super::raiser::Raiser;
use super::signal::Signal;
use crate::transport::pci::{Pending, Pin};
use crate::transport::{NO_VECTOR, Signals};

/// The edge-triggered interrupts of a device, with what the handler of the only one will read; which of them
/// a queue raises is chosen by the driver, if there are several. Where a function interrupts by its pin, that
/// stands for all.
#[derive(Debug)]
pub struct Interrupts {
    signals: Arc<Signals>,
    lines: Vec<Line>,
    intx: Option<Intx>,
    /// By queue, and the last one the configuration's.
    chosen: Vec<AtomicU16>,
    /// In place of a line that a queue does not have, where lines are eventfds.
    nowhere: Option<EventFd>,
}

/// One of them.
#[derive(Debug)]
struct Line {
    domain: DomId,
    privcmd: Privcmd,
    raise: Raise,
}

#[derive(Debug)]
enum Raise {
    /// By the kernel, when the eventfd is written to. While it is bound to none, the eventfd keeps that there
    /// is something to tell.
    EventFd {
        eventfd: EventFd,
        /// Without an irqfd, a system call of our own raises it: Xen may refuse that, of which the kernel would write
        /// into its log without limit.
        binding: Mutex<Option<(Signal, Option<IrqFd>)>>,
        /// It is bound so.
        is_own: AtomicBool,
    },
    /// By a system call of our own.
    DmOp {
        bound: Mutex<Option<Signal>>,
        kept: AtomicBool,
    },
}

fn eventfd() -> Result<EventFd, Error> {
    EventFd::new(EFD_NONBLOCK | EFD_CLOEXEC).map_err(Error::EventFd)
}

impl Line {
    fn new(raiser: &Raiser) -> Result<Self, Error> {
        let raise = match raiser.irqfd {
            true => Raise::EventFd {
                eventfd: eventfd()?,
                binding: Mutex::default(),
                is_own: AtomicBool::new(false),
            },
            false => Raise::DmOp {
                bound: Mutex::default(),
                kept: AtomicBool::new(false),
            },
        };
        Ok(Self {
            domain: raiser.domain,
            privcmd: raiser.privcmd.clone(),
            raise,
        })
    }

    /// Makes it the interrupt `signal`, or none for the time being: what there is to tell is told later
    /// then. One that cannot be raised is none.
    fn bind(&self, signal: Option<Signal>) -> Result<(), Error> {
        match &self.raise {
            Raise::EventFd {
                eventfd,
                binding,
                is_own,
            } => {
                let mut binding = binding.lock().unwrap_or_else(PoisonError::into_inner);
                if binding.as_ref().map(|(old, _)| *old) == signal {
                    return Ok(());
                }
                *binding = None;
                is_own.store(false, Ordering::SeqCst);
                let Some(signal) = signal else {
                    return Ok(());
                };
                signal.check(&self.privcmd, self.domain)?;
                if signal.is_sure() {
                    let eventfd = duplicate(eventfd)?;
                    let irqfd = signal.irqfd(&self.privcmd, self.domain, eventfd);
                    *binding = Some((signal, Some(irqfd.map_err(Error::Xen)?)));
                } else {
                    *binding = Some((signal, None));
                    is_own.store(true, Ordering::SeqCst);
                    drop(binding);
                    self.raise_own();
                }
            }
            Raise::DmOp { bound, .. } => {
                let mut bound = bound.lock().unwrap_or_else(PoisonError::into_inner);
                if *bound == signal {
                    return Ok(());
                }
                *bound = None;
                if let Some(signal) = signal {
                    signal.check(&self.privcmd, self.domain)?;
                    *bound = Some(signal);
                    drop(bound);
                    self.raise_kept();
                }
            }
        }
        Ok(())
    }

    /// Raises the interrupt. Xen's interrupt controllers latch an edge when the level is set to
    /// one; there is nothing to lower.
    fn raise(&self) {
        match &self.raise {
            Raise::EventFd {
                eventfd, is_own, ..
            } => {
                if let Err(e) = eventfd.write(1) {
                    warn_limited!("domain {}: cannot raise an interrupt: {e}", self.domain);
                }
                // Looked at afterwards, as it is set before the eventfd is looked at.
                if is_own.load(Ordering::SeqCst) {
                    self.raise_own();
                }
            }
            Raise::DmOp { kept, .. } => {
                kept.store(true, Ordering::SeqCst);
                self.raise_kept();
            }
        }
    }

    /// Raises what the eventfd has kept, if that is not for the kernel to do.
    fn raise_own(&self) {
        let Raise::EventFd {
            eventfd, binding, ..
        } = &self.raise
        else {
            return;
        };
        let binding = binding.lock().unwrap_or_else(PoisonError::into_inner);
        // Reading fails when there is nothing.
        if let Some((signal, None)) = &*binding
            && eventfd.read().is_ok()
        {
            self.perform(*signal);
        }
    }

    fn perform(&self, signal: Signal) {
        if let Err(e) = signal.raise(&self.privcmd, self.domain) {
            warn_limited!("domain {}: cannot raise {signal}: {e}", self.domain);
        }
    }

    /// Raises it if there is something to tell, and somebody to tell it to.
    fn raise_kept(&self) {
        let Raise::DmOp { bound, kept } = &self.raise else {
            return;
        };
        // Held until it is raised: a driver that masks or frees the vector has had the last of it then.
        let bound = bound.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(signal) = bound.filter(|_| kept.swap(false, Ordering::SeqCst)) else {
            return;
        };
        self.perform(signal);
    }

    fn clear(&self) {
        match &self.raise {
            Raise::EventFd {
                eventfd, binding, ..
            } => {
                let binding = binding.lock().unwrap_or_else(PoisonError::into_inner);
                if binding.is_none() {
                    // Fails when there is nothing.
                    let _ = eventfd.read();
                }
            }
            Raise::DmOp { kept, .. } => kept.store(false, Ordering::SeqCst),
        }
    }

    /// Whether there is something to tell that was not told.
    fn is_kept(&self) -> bool {
        match &self.raise {
            Raise::EventFd {
                eventfd, binding, ..
            } => {
                let binding = binding.lock().unwrap_or_else(PoisonError::into_inner);
                // What is bound is read as soon as it is written.
                binding.is_none() && host::is_written(eventfd)
            }
            Raise::DmOp { kept, .. } => kept.load(Ordering::SeqCst),
        }
    }
}

impl Interrupts {
    /// The interrupt `irq` (an INTID) for all of so many queues.
    ///
    /// # Errors
    ///
    /// [`Error`] when it cannot be raised.
    pub fn one(raiser: &Raiser, irq: u32, queues: u16) -> Result<Self, Error> {
        let new = Self::new(raiser, 1, queues)?;
        new.choose(std::iter::repeat(0));
        new.bind(0, Some(Signal::Spi(irq)))?;
        Ok(new)
    }

    /// So many vectors for so many queues, of which the driver says later what they are.
    ///
    /// # Errors
    ///
    /// [`Error`] when there are no descriptors left.
    pub fn new(raiser: &Raiser, vectors: u16, queues: u16) -> Result<Self, Error> {
        let lines = (0..vectors)
            .map(|_| Line::new(raiser))
            .collect::<Result<_, _>>()?;
        let chosen = (0..=queues).map(|_| AtomicU16::new(NO_VECTOR)).collect();
        let nowhere = raiser.irqfd.then(eventfd).transpose()?;
        Ok(Self {
            signals: Arc::default(),
            lines,
            intx: None,
            chosen,
            nowhere,
        })
    }

    /// The same, with the pin of the function in a place of the guest's own PCI bus.
    ///
    /// # Errors
    ///
    /// [`Error`] when the guest has no such bus.
    pub fn with_intx(self, raiser: &Raiser, slot: u8) -> Result<Self, Error> {
        let intx = Intx::new(raiser.privcmd.clone(), raiser.domain, slot)?;
        Ok(Self {
            intx: Some(intx),
            ..self
        })
    }

    /// What the driver has decided about the pin.
    pub fn set_pin(&self, pin: Pin) {
        if let Some(intx) = &self.intx {
            intx.set(pin);
        }
    }

    /// What the handler of the interrupt will read.
    pub fn signals(&self) -> &Arc<Signals> {
        &self.signals
    }

    /// How many there are.
    pub fn vectors(&self) -> u16 {
        u16::try_from(self.lines.len()).unwrap_or(u16::MAX)
    }

    /// Which vector each queue raises, and at last the configuration.
    pub fn choose(&self, vectors: impl Iterator<Item = u16>) {
        for (chosen, vector) in self.chosen.iter().zip(vectors) {
            chosen.store(vector, Ordering::Release);
        }
    }

    /// Makes a vector the interrupt `signal`, or none for the time being.
    ///
    /// # Errors
    ///
    /// [`Error`] when it cannot be raised: it is none then.
    pub fn bind(&self, vector: u16, signal: Option<Signal>) -> Result<(), Error> {
        match self.lines.get(usize::from(vector)) {
            Some(line) => line.bind(signal),
            None => Ok(()),
        }
    }

    /// What raises the interrupt of a queue when it is written to, if there is such a thing, as the driver has
    /// chosen up to now.
    pub fn eventfd(&self, queue: u16) -> Option<&EventFd> {
        if self.intx.as_ref().is_some_and(Intx::is_used) {
            return None;
        }
        match self.line(queue.into()).map(|line| &line.raise) {
            Some(Raise::EventFd {
                eventfd, is_own, ..
            }) if !is_own.load(Ordering::SeqCst) => Some(eventfd),
            Some(Raise::EventFd { .. } | Raise::DmOp { .. }) => None,
            None => self.nowhere.as_ref(),
        }
    }

    /// Any queue may have used buffers.
    pub fn raise_queues(&self) {
        self.raise_each(self.chosen.len() - 1);
    }

    /// Any queue may have used buffers, and the configuration may have changed.
    pub fn raise_all(&self) {
        self.raise_each(self.chosen.len());
    }

    /// Raises what the first `of` have chosen, once each.
    fn raise_each(&self, of: usize) {
        for (vector, line) in (0..).zip(&self.lines) {
            let is_it = |chosen: &AtomicU16| chosen.load(Ordering::Acquire) == vector;
            if self.chosen.iter().take(of).any(is_it) {
                line.raise();
            }
        }
        if let Some(intx) = &self.intx {
            intx.raise();
        }
    }

    /// Forgets what could not be told: the driver that it was for is gone.
    pub fn clear(&self) {
        self.lines.iter().for_each(Line::clear);
        if let Some(intx) = &self.intx {
            intx.lower();
        }
    }

    /// The driver has said which reasons it has seen.
    pub fn acknowledged(&self) {
        if let Some(intx) = &self.intx {
            intx.lower();
            // Looked at afterwards: what comes in between is told twice rather than not at all.
            if self.signals.is_telling() {
                intx.raise();
            }
        }
    }

    /// Tells the driver to look at the configuration and the status.
    pub fn raise_config(&self) {
        self.raise(self.chosen.len() - 1);
    }

    fn raise(&self, of: usize) {
        match (self.line(of), &self.intx) {
            (Some(line), _) => line.raise(),
            (None, Some(intx)) => intx.raise(),
            (None, None) => {}
        }
    }

    fn line(&self, of: usize) -> Option<&Line> {
        let vector = self.chosen.get(of)?.load(Ordering::Acquire);
        self.lines.get(usize::from(vector))
    }
}

impl Interrupt for Interrupts {
    fn queue(&self, index: u16) {
        self.signals.queue();
        self.raise(index.into());
    }

    fn config_changed(&self) {
        self.signals.config();
        self.raise_config();
    }

    fn broken(&self) {
        self.signals.broken();
        self.raise_config();
    }
}

impl Pending for Interrupts {
    fn is_pending(&self, vector: u16) -> bool {
        let line = self.lines.get(usize::from(vector));
        line.is_some_and(Line::is_kept)
    }

    fn lower(&self) {
        if let Some(intx) = &self.intx {
            intx.lower();
        }
    }
}

#[cfg(test)]
mod tests {
    use xen_ioctls::sim::{Arch, Config, Guest, Interrupt as Raised, Xen};

    use super::*;
    use crate::transport::pci::msix::Message;

    const GUEST: DomId = DomId(3);

    /// A guest of its own in each way of raising interrupts.
    fn each(test: impl Fn(&Guest, &Raiser)) {
        each_on(Arch::Arm, test);
    }

    fn each_on(arch: Arch, test: impl Fn(&Guest, &Raiser)) {
        for irqfd in [true, false] {
            let xen = Xen::with(Config {
                arch,
                ..Config::default()
            });
            let guest = xen.create_domain(GUEST, 1);
            let raiser = Raiser {
                domain: GUEST,
                privcmd: xen.privcmd(),
                irqfd,
                missing: std::cell::OnceCell::new(),
            };
            test(&guest, &raiser);
        }
    }

    /// The interrupts that the guest has had since this was asked last.
    fn raised(guest: &Guest) -> Vec<u32> {
        let spi = |interrupt: &Raised| match interrupt {
            Raised::Spi { irq, level: true } => Some(*irq),
            _ => None,
        };
        guest.take_interrupts().iter().filter_map(spi).collect()
    }

    #[test]
    fn what_xen_may_refuse_is_not_for_the_kernel_to_raise() {
        each_on(Arch::X86, |guest, raiser| {
            let interrupts = Interrupts::new(raiser, 1, 1).unwrap();
            interrupts.choose([0, 0].into_iter());
            let bind = |data| {
                let address = 0xfee0_1000;
                let message = Signal::Message(Message { address, data });
                interrupts.bind(0, Some(message)).unwrap();
            };
            interrupts.queue(0);

            bind(0x4300);
            assert!(interrupts.eventfd(0).is_none());
            assert!(!interrupts.is_pending(0));
            assert_eq!(guest.take_interrupts().len(), 1);
            interrupts.queue(0);
            assert_eq!(guest.take_interrupts().len(), 1);

            bind(0x4031);
            assert_eq!(interrupts.eventfd(0).is_some(), raiser.irqfd);
            interrupts.queue(0);
            assert_eq!(guest.take_interrupts().len(), 1);
        });
    }

    #[test]
    fn a_single_interrupt_is_that_of_all_queues() {
        each(|guest, raiser| {
            let interrupts = Interrupts::one(raiser, 40, 2).unwrap();

            interrupts.queue(1);
            assert_eq!(raised(guest), [40]);
            interrupts.config_changed();
            assert_eq!(raised(guest), [40]);
            interrupts.raise_all();
            assert_eq!(raised(guest), [40]);
        });
    }

    #[test]
    fn an_interrupt_that_cannot_be_raised_is_refused() {
        each(|_, raiser| {
            let error = Interrupts::one(raiser, 20, 1).unwrap_err();

            assert!(matches!(
                error,
                Error::Interrupt {
                    signal: Signal::Spi(20),
                    ..
                }
            ));
        });
    }

    #[test]
    fn what_is_masked_is_told_when_it_is_not_any_more() {
        each(|guest, raiser| {
            let interrupts = Interrupts::new(raiser, 3, 2).unwrap();
            interrupts.choose([1, 2, NO_VECTOR].into_iter());
            interrupts.bind(2, Some(Signal::Spi(72))).unwrap();

            interrupts.queue(0);
            interrupts.queue(1);
            interrupts.config_changed();
            assert_eq!(raised(guest), [72]);
            assert_eq!(
                [0, 1, 2, 3].map(|n| interrupts.is_pending(n)),
                [false, true, false, false]
            );

            interrupts.bind(1, Some(Signal::Spi(71))).unwrap();
            assert_eq!(raised(guest), [71]);
            assert!(!interrupts.is_pending(1));

            interrupts.bind(1, None).unwrap();
            interrupts.queue(0);
            assert!(raised(guest).is_empty());
            interrupts.bind(1, Some(Signal::Spi(75))).unwrap();
            assert_eq!(raised(guest), [75]);
        });
    }

    #[test]
    fn the_next_driver_hears_nothing_of_the_one_before() {
        each(|guest, raiser| {
            let interrupts = Interrupts::new(raiser, 1, 1).unwrap();
            interrupts.choose([0, 0].into_iter());
            interrupts.queue(0);

            interrupts.clear();

            assert!(!interrupts.is_pending(0));
            interrupts.bind(0, Some(Signal::Spi(64))).unwrap();
            assert!(raised(guest).is_empty());
        });
    }

    #[test]
    fn a_backend_interrupts_queues_and_not_for_the_configuration() {
        each(|guest, raiser| {
            let interrupts = Interrupts::new(raiser, 3, 2).unwrap();
            interrupts.choose([1, NO_VECTOR, 0].into_iter());
            interrupts.bind(0, Some(Signal::Spi(64))).unwrap();
            interrupts.bind(1, Some(Signal::Spi(65))).unwrap();

            interrupts.raise_queues();
            assert_eq!(raised(guest), [65]);
            if let Some(nowhere) = interrupts.eventfd(1) {
                nowhere.write(1).unwrap();
            }
            assert!(raised(guest).is_empty());
            assert_eq!(interrupts.eventfd(0).is_some(), raiser.irqfd);
        });
    }
}
