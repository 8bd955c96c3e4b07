// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The server.

use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

use xen_hypercall::dm_op::{
    CreateIoreqServer, DestroyIoreqServer, GetIoreqServerInfo, NrVcpus, ServerId,
    SetIoreqServerState,
};
use xen_hypercall::ioreq::SLOTS_PER_PAGE;
use xen_hypercall::memory::Resource;
use xen_hypercall::{DomId, Port};
use xen_ioctls::{EventChannels, IoEventFd, Kick, Mapping, Privcmd};

use crate::access::{Access, Accesses, Data};
use crate::page::{Buffered, Claim, Left, Pages, Request};
use crate::ranges::Ranges;
use crate::strings::{MOST, Values};

/// Events taken from the kernel in one system call.
const EVENTS: usize = 64;

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a server cannot be had or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Xen or the kernel refused a step.
    #[error("domain {domain}: cannot {step}")]
    Step {
        /// The guest.
        domain: DomId,
        /// What was tried.
        step: &'static str,
        /// What they said.
        #[source]
        source: xen_ioctls::Error,
    },
    /// The domain has no vCPU, or more than an eventfd can serve.
    #[error("domain {domain} has {vcpus} vCPUs")]
    Vcpus {
        /// The guest.
        domain: DomId,
        /// How many Xen says there are.
        vcpus: u32,
    },
    /// The event channels went silent.
    #[error(transparent)]
    Xen(#[from] xen_ioctls::Error),
}

impl Error {
    /// Whether Xen has said that it is so already (`EEXIST`): the range is this server's.
    pub fn is_known(&self) -> bool {
        let Self::Step { source, .. } = self else {
            return false;
        };
        source.raw_os_error() == Some(libc::EEXIST)
    }
}

/// What answers a guest's accesses.
pub trait Handler {
    /// What a write may leave to be done when the vCPU runs again.
    type Work;

    /// The guest reads; bytes of the result beyond the size of the access are not seen.
    fn read(&mut self, access: Access) -> u64;

    /// The guest writes. The vCPU waits until this returns, so it returns soon, and leaves to
    /// [`work`](Self::work) what it can.
    fn write(&mut self, access: Access, value: u64) -> Option<Self::Work>;

    /// Does what a write has left. Its vCPU runs; others that have accessed something at the same time may
    /// wait for this, and all that do so later.
    fn work(&mut self, work: Self::Work);

    /// Memory of the guest has changed hands: mappings of it are to be dropped.
    fn invalidate(&mut self);
}

/// An enabled IOREQ server of one domain; destroyed when dropped, unless it is [left](Self::leave) or
/// was [adopted](Self::adopt).
#[derive(Debug)]
pub struct IoreqServer {
    events: EventChannels,
    pages: Pages,
    buffered: Option<Buffered>,
    /// Local ports by vCPU.
    ports: Vec<Port>,
    vcpu_of: HashMap<u32, usize>,
    /// Last: the server goes when nothing of it is in use here.
    id: Id,
}

impl IoreqServer {
    /// Makes a server for `domain` that has no ranges yet, and enables it. `privcmd` may be
    /// restricted to `domain`; the event channels are.
    ///
    /// # Errors
    ///
    /// [`Error::Step`] when the domain is gone, Xen has no IOREQ servers, or the domain has eight
    /// already.
    pub fn create(domain: DomId, privcmd: Privcmd) -> Result<Self> {
        let step = |step| move |source| failed(domain, step, source);
        let events = EventChannels::open().map_err(step("open the event channels"))?;
        events
            .restrict(domain)
            .map_err(step("restrict the event channels"))?;
        Self::create_with(domain, privcmd, events)
    }

    /// As [`create`](Self::create), with event channels that were opened elsewhere and serve
    /// nothing else. They may be restricted to `domain`.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn create_with(domain: DomId, privcmd: Privcmd, events: EventChannels) -> Result<Self> {
        let op = CreateIoreqServer::unbuffered();
        Self::make(domain, privcmd, events, op, "create an IOREQ server")
    }

    /// As [`create_with`](Self::create_with), for writes that need no answer: those of the guest to a part
    /// of the memory that Xen buffers (below 1 MiB, and on ports, as it decides) do not make a vCPU
    /// wait, and come to the [handler](Handler::write) in their order. Only on x86.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn create_buffered_with(
        domain: DomId,
        privcmd: Privcmd,
        events: EventChannels,
    ) -> Result<Self> {
        let op = CreateIoreqServer::buffered();
        Self::make(
            domain,
            privcmd,
            events,
            op,
            "create a buffered IOREQ server",
        )
    }

    fn make(
        domain: DomId,
        privcmd: Privcmd,
        events: EventChannels,
        op: CreateIoreqServer,
        step: &'static str,
    ) -> Result<Self> {
        let vcpus = count_vcpus(domain, &privcmd)?;
        let id = privcmd
            .perform(domain, op)
            .map_err(|source| failed(domain, step, source))?;
        let id = Id {
            ranges: Ranges {
                domain,
                id,
                privcmd,
            },
            is_left: false,
        };
        Self::begin(vcpus, id, events)
    }

    /// Takes over a server of this domain's that was [left](Self::leave), or whose process was killed: Xen
    /// keeps it, its ranges, and vCPUs that wait for it. `id` is [its number](Self::id). Nobody else may
    /// serve it any more.
    ///
    /// Once the handler can answer, [`dispatch_left`](Self::dispatch_left) has to be called. It is left once more
    /// when it is dropped, whatever the reason; [`destroy`](Self::destroy) ends it.
    ///
    /// # Errors
    ///
    /// [`Error::Step`] when there is no such server, or it cannot be served.
    pub fn adopt(
        domain: DomId,
        id: ServerId,
        privcmd: Privcmd,
        events: EventChannels,
    ) -> Result<Self> {
        let vcpus = count_vcpus(domain, &privcmd)?;
        let id = Id {
            ranges: Ranges {
                domain,
                id,
                privcmd,
            },
            is_left: true,
        };
        Self::begin(vcpus, id, events)
    }

    fn begin(vcpus: usize, id: Id, events: EventChannels) -> Result<Self> {
        let domain = id.ranges.domain;
        let step = |step| move |source| failed(domain, step, source);
        // The pages come first: they exist once they are acquired, and enabling fills them in.
        let pages = Pages::new(id.pages(vcpus)?);
        let buffered = id.buffered(&events)?;
        id.ranges.op(
            SetIoreqServerState::new(id.ranges.id, true),
            "enable the IOREQ server",
        )?;
        let ports = (0..vcpus)
            .map(|vcpu| events.bind_interdomain(domain, Port(pages.port(vcpu))))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(step("bind the vCPUs"))?;
        let vcpu_of = ports
            .iter()
            .enumerate()
            .map(|(vcpu, port)| (port.0, vcpu))
            .collect();
        Ok(Self {
            events,
            pages,
            buffered,
            ports,
            vcpu_of,
            id,
        })
    }

    /// The guest.
    pub fn domain(&self) -> DomId {
        self.id.ranges.domain
    }

    /// Its number among the guest's servers.
    pub fn id(&self) -> ServerId {
        self.id.ranges.id
    }

    /// How many vCPUs are served.
    pub fn vcpus(&self) -> usize {
        self.ports.len()
    }

    /// What of the guest comes to it; a copy of that changes the same.
    pub fn ranges(&self) -> &Ranges {
        &self.id.ranges
    }

    /// Has the kernel signal `eventfd` when the guest kicks `kick.queue` of the virtio-mmio device
    /// at `kick.base`. Kicks that the kernel does not take still come to the
    /// [handler](Handler::write).
    ///
    /// Only where this process and the kernel cannot look at a slot at the same time, on a kernel
    /// with one CPU, and in a process that is never killed: see [`Privcmd::ioeventfd`].
    ///
    /// # Errors
    ///
    /// [`Error::Step`] when the kernel has no ioeventfd, [`Error::Vcpus`] when the domain has more
    /// than one page of vCPUs.
    pub fn ioeventfd(&self, kick: Kick, eventfd: OwnedFd) -> Result<IoEventFd> {
        let domain = self.id.ranges.domain;
        if self.ports.len() > SLOTS_PER_PAGE {
            let vcpus = u32::try_from(self.ports.len()).unwrap_or(u32::MAX);
            return Err(Error::Vcpus { domain, vcpus });
        }
        self.id
            .ranges
            .privcmd
            .ioeventfd(domain, self.pages.first(), &self.ports, kick, eventfd)
            .map_err(|source| Error::Step {
                domain,
                step: "bind a kick",
                source,
            })
    }

    /// Answers every vCPU that waits. Call it when the descriptor is readable, and once when all
    /// ranges are mapped: an [invalidation](Handler::invalidate) may have been asked for before
    /// the event channels were bound.
    ///
    /// # Errors
    ///
    /// [`Error::Xen`] when the event channels cannot be read: no vCPU is heard any more.
    pub fn dispatch(&mut self, handler: &mut impl Handler) -> Result<()> {
        let mut events = [0u32; EVENTS];
        let count = self.events.pending(&mut events)?;
        let events = &events[..count];
        let mut left = None;
        for port in events {
            match self.vcpu_of.get(port) {
                Some(vcpu) => follow(&mut left, self.answer(*vcpu, handler), handler),
                None => self.take_buffered(handler),
            }
        }
        if !events.is_empty() {
            self.events.acknowledge(events)?;
        }
        // The last: whoever comes meanwhile is announced.
        follow(&mut left, None, handler);
        Ok(())
    }

    /// Answers every vCPU that waits, whether it was announced or not.
    pub fn dispatch_all(&mut self, handler: &mut impl Handler) {
        let mut left = None;
        for vcpu in 0..self.ports.len() {
            follow(&mut left, self.answer(vcpu, handler), handler);
        }
        follow(&mut left, None, handler);
        self.take_buffered(handler);
    }

    /// Passes on the writes that nobody waits for.
    fn take_buffered(&mut self, handler: &mut impl Handler) {
        let Some(buffered) = &mut self.buffered else {
            return;
        };
        // An end there is: Xen has room for 511 of them, and each takes a guest longer than this.
        while let Some(write) = buffered.take() {
            if let Some(access) = Access::of(&write)
                && let Some(work) = handler.write(access, write.data)
            {
                handler.work(work);
            }
        }
    }

    /// Answers what was asked while nobody served, and what the server before has begun: an access that
    /// may have been carried out already, so it has to bear that. For an [adopted](Self::adopt) server.
    ///
    /// # Errors
    ///
    /// As [`dispatch`](Self::dispatch).
    pub fn dispatch_left(&mut self, handler: &mut impl Handler) -> Result<()> {
        let mut left = None;
        for vcpu in 0..self.ports.len() {
            match self.pages.claim_left(vcpu) {
                Left::Nothing => {}
                Left::Begun(claim) => {
                    follow(&mut left, self.serve(vcpu, claim, handler), handler);
                }
                Left::Answered => self.events.notify(self.ports[vcpu])?,
            }
        }
        follow(&mut left, None, handler);
        self.dispatch_all(handler);
        Ok(())
    }

    /// Ends the service and leaves the server to Xen, for somebody to [adopt](Self::adopt): vCPUs that
    /// access its ranges wait until then.
    pub fn leave(mut self) {
        self.id.is_left = true;
    }

    /// Ends the server: the guest's accesses go nowhere afterwards.
    pub fn destroy(mut self) {
        self.id.is_left = false;
    }

    fn answer<H: Handler>(&self, vcpu: usize, handler: &mut H) -> Option<H::Work> {
        let claim = self.pages.claim(vcpu)?;
        self.serve(vcpu, claim, handler)
    }

    fn serve<'s, H: Handler>(
        &'s self,
        vcpu: usize,
        claim: Claim<'s>,
        handler: &mut H,
    ) -> Option<H::Work> {
        let resume = Resume {
            server: self,
            vcpu,
            claim: Some(claim),
        };
        resume.serve(handler)
    }
}

/// Does what was left before, as something else is left now, or nothing.
fn follow<H: Handler>(left: &mut Option<H::Work>, next: Option<H::Work>, handler: &mut H) {
    if let Some(work) = std::mem::replace(left, next) {
        handler.work(work);
    }
}

impl AsFd for IoreqServer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}

impl AsRawFd for IoreqServer {
    fn as_raw_fd(&self) -> RawFd {
        self.events.as_raw_fd()
    }
}

pub(crate) fn failed(domain: DomId, step: &'static str, source: xen_ioctls::Error) -> Error {
    Error::Step {
        domain,
        step,
        source,
    }
}

fn count_vcpus(domain: DomId, privcmd: &Privcmd) -> Result<usize> {
    let vcpus = privcmd
        .perform(domain, NrVcpus::new())
        .map_err(|source| failed(domain, "count the vCPUs", source))?;
    usize::try_from(vcpus)
        .ok()
        .filter(|n| *n > 0)
        .ok_or(Error::Vcpus { domain, vcpus })
}

/// Lets a vCPU go on, answered, also when the handler panics.
struct Resume<'a> {
    server: &'a IoreqServer,
    vcpu: usize,
    claim: Option<Claim<'a>>,
}

impl Resume<'_> {
    fn serve<H: Handler>(&self, handler: &mut H) -> Option<H::Work> {
        let claim = self.claim.as_ref().expect("only drop takes it");
        match claim.request() {
            Request::Access(accesses) => return self.carry_out(claim, &accesses, handler),
            Request::Invalidate => handler.invalidate(),
            Request::Odd(kind) => {
                claim.data(0);
                log::debug!(
                    "domain {}: {kind:?} is not for this server",
                    self.server.id.ranges.domain
                );
            }
        }
        None
    }

    /// Carries out what is asked, as often as it is. What one access has left is done before the next.
    fn carry_out<H: Handler>(
        &self,
        claim: &Claim<'_>,
        accesses: &Accesses,
        handler: &mut H,
    ) -> Option<H::Work> {
        let domain = self.server.id.ranges.domain;
        let size = accesses.first.size;
        let values = match accesses.data {
            Data::Value(_) => None,
            Data::Memory(addr) => {
                match Values::map(&self.server.id.ranges.privcmd, domain, accesses, addr) {
                    Ok(values) => Some((values, addr)),
                    Err(e) => {
                        log::debug!("domain {domain}: a string instruction: {e}");
                        return None;
                    }
                }
            }
        };
        if let (true, None) = (accesses.is_read, &values) {
            // Should the handler panic, the guest reads zero.
            claim.data(0);
        }
        let mut left = None;
        for n in 0..accesses.count.min(MOST) {
            let access = accesses.nth(n);
            let next = match (&values, accesses.data) {
                (Some((values, addr)), _) if accesses.is_read => {
                    values.write(accesses.step(*addr, n), size, handler.read(access));
                    continue;
                }
                (Some((values, addr)), _) => values.read(accesses.step(*addr, n), size),
                (None, _) if accesses.is_read => {
                    claim.data(handler.read(access));
                    continue;
                }
                (None, Data::Value(value) | Data::Memory(value)) => value,
            };
            if let Some(work) = handler.write(access, next) {
                follow(&mut left, Some(work), handler);
            }
        }
        left
    }
}

impl Drop for Resume<'_> {
    fn drop(&mut self) {
        drop(self.claim.take());
        let port = self.server.ports[self.vcpu];
        if let Err(e) = self.server.events.notify(port) {
            log::error!(
                "domain {}: vCPU {} stays blocked: {e}",
                self.server.id.ranges.domain,
                self.vcpu
            );
        }
    }
}

/// The server as Xen knows it; destroyed when dropped.
#[derive(Debug)]
struct Id {
    ranges: Ranges,
    is_left: bool,
}

impl Id {
    fn pages(&self, vcpus: usize) -> Result<Vec<Arc<Mapping>>> {
        let domain = self.ranges.domain;
        (0u32..)
            .take(vcpus.div_ceil(SLOTS_PER_PAGE))
            .map(|n| {
                self.ranges
                    .privcmd
                    .map_resource(domain, Resource::ioreq_page(self.ranges.id, n))
            })
            .map(|page| page.map(Arc::new))
            .collect::<std::result::Result<_, _>>()
            .map_err(|source| Error::Step {
                domain,
                step: "map the ioreq page",
                source,
            })
    }

    /// The page of writes that need no answer, if the server was made with one.
    fn buffered(&self, events: &EventChannels) -> Result<Option<Buffered>> {
        let step = |step| move |source| failed(self.ranges.domain, step, source);
        let info = GetIoreqServerInfo::new(self.ranges.id);
        let port = self
            .ranges
            .privcmd
            .perform(self.ranges.domain, info)
            .map_err(step("ask for the buffered writes"))?;
        if port == Port(0) {
            return Ok(None);
        }
        let page = Resource::buffered_page(self.ranges.id);
        let page = self
            .ranges
            .privcmd
            .map_resource(self.ranges.domain, page)
            .map_err(step("map the buffered writes"))?;
        events
            .bind_interdomain(self.ranges.domain, port)
            .map_err(step("bind the buffered writes"))?;
        Ok(Some(Buffered::new(page)))
    }
}

impl Drop for Id {
    fn drop(&mut self) {
        if self.is_left {
            return;
        }
        let op = DestroyIoreqServer::new(self.ranges.id);
        if let Err(e) = self.ranges.op(op, "destroy the IOREQ server") {
            // A domain that is gone has taken its servers along.
            log::debug!("{e}");
        }
    }
}
