// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The rules, each with the call that shows it.

use std::error::Error as StdError;
use std::fmt::Debug;
use std::fs;

use xen_hypercall::dm_op::{
    CreateIoreqServer, DestroyIoreqServer, GetIoreqServerInfo, MapIoRange, NrVcpus, ServerId,
    SetIoreqServerState, UnmapIoRange,
};
use xen_hypercall::memory::Resource;
use xen_hypercall::{DomId, Gfn, version};
use xen_ioctls::{EventChannels, ForeignMapping, Hypercaller, Privcmd, Protection, Result};

use crate::Host;

#[cfg(target_arch = "aarch64")]
mod arm;

/// Why a rule does not hold here.
type Broken = Box<dyn StdError>;
type Outcome = std::result::Result<(), Broken>;

type Rule = fn(&Host) -> Outcome;

/// Every rule, in order. The guest is none the worse for them.
pub const ALL: &[(&str, Rule)] = &[
    ("the version is that of /sys/hypervisor", versions_agree),
    ("the features are those of /sys/hypervisor", features_agree),
    ("a guest has its vCPUs", vcpus_are_counted),
    ("an IOREQ server comes and goes", servers_come_and_go),
    #[cfg(target_arch = "aarch64")]
    ("Arm has no operations of x86", arm::x86_is_not_supported),
    (
        "restricted privcmd: the one domain only",
        privcmd_is_restricted,
    ),
    (
        "restricted evtchn: the one domain only",
        evtchn_is_restricted,
    ),
    ("a domain that is gone", the_gone_are_refused),
    (
        "frames of a domain that is gone",
        frames_of_the_gone_are_refused,
    ),
];

/// RAM of the guest: the beginning of Arm's first bank, and on x86 what follows the first MiB.
const RAM: Gfn = Gfn(match cfg!(target_arch = "aarch64") {
    true => 0x40000,
    false => 0x100,
});
/// No memory of the guest is there: virtio-mmio devices of Arm are, and x86's BIOS data area is
/// elsewhere as well.
const HOLE: Gfn = Gfn(0x2000);

/// Holds when both are the same.
fn same<T: PartialEq + Debug>(found: T, wanted: T) -> Outcome {
    match found == wanted {
        true => Ok(()),
        false => Err(format!("{found:?} instead of {wanted:?}").into()),
    }
}

/// Holds when a call was refused with `errno`.
fn refused<T>(result: Result<T>, errno: i32) -> Outcome {
    match result {
        Ok(_) => Err(format!("allowed instead of refused with {errno}").into()),
        Err(error) => same(error.raw_os_error(), Some(errno))
            .map_err(|found| format!("{error}: {found}").into()),
    }
}

fn sys(name: &str) -> std::io::Result<String> {
    let text = fs::read_to_string(format!("/sys/hypervisor/{name}"))?;
    Ok(text.trim_end().to_owned())
}

fn versions_agree(_: &Host) -> Outcome {
    let xen = Hypercaller::open()?;
    let version = version::version(&xen)?;
    same(version.major.to_string(), sys("version/major")?)?;
    same(version.minor.to_string(), sys("version/minor")?)?;
    same(Privcmd::open()?.xen_version()?, version)?;
    let extra = version::extra_version(&xen)?;
    let text = extra.split(|byte| *byte == 0).next().unwrap_or_default();
    same(String::from_utf8_lossy(text).into(), sys("version/extra")?)
}

fn features_agree(_: &Host) -> Outcome {
    let features = version::features(&Hypercaller::open()?, 0)?;
    // Words of eight digits, the last one first.
    let text = sys("properties/features")?;
    same(u32::from_str_radix(text.trim(), 16)?, features)
}

fn vcpus_are_counted(host: &Host) -> Outcome {
    same(
        Privcmd::open()?.perform(host.guest, NrVcpus::new())?,
        host.vcpus,
    )
}

fn servers_come_and_go(host: &Host) -> Outcome {
    let (xen, guest) = (Privcmd::open()?, host.guest);
    let server = xen.perform(guest, CreateIoreqServer::unbuffered())?;
    let range = 0x0200_0000..=0x0200_01ff;
    let life = || -> Outcome {
        xen.perform(guest, GetIoreqServerInfo::new(server))?;
        let _page = xen.map_resource(guest, Resource::ioreq_page(server, 0))?;
        xen.perform(guest, MapIoRange::memory(server, &range))?;
        let again = xen.perform(guest, MapIoRange::memory(server, &range));
        refused(again, libc::EEXIST)?;
        xen.perform(guest, SetIoreqServerState::new(server, true))?;
        xen.perform(guest, SetIoreqServerState::new(server, false))?;
        xen.perform(guest, UnmapIoRange::memory(server, &range))?;
        let again = xen.perform(guest, UnmapIoRange::memory(server, &range));
        refused(again, libc::ENOENT)
    };
    let lived = life();
    xen.perform(guest, DestroyIoreqServer::new(server))?;
    lived?;
    refused(
        xen.perform(guest, GetIoreqServerInfo::new(server)),
        libc::ENOENT,
    )
}

fn privcmd_is_restricted(host: &Host) -> Outcome {
    let (xen, other) = (Privcmd::open()?, DomId(0));
    xen.restrict(host.guest)?;
    refused(xen.perform(other, NrVcpus::new()), libc::EPERM)?;
    refused(map(&xen, other, &[RAM]), libc::EPERM)?;
    let page = Resource::ioreq_page(ServerId(0), 0);
    refused(xen.map_resource(other, page), libc::EPERM)?;
    refused(xen.xen_version(), libc::EPERM)?;
    refused(xen.restrict(other), libc::EINVAL)?;
    same(xen.perform(host.guest, NrVcpus::new())?, host.vcpus)?;
    let frames = map(&xen, host.guest, &[RAM, HOLE])?;
    same([frames.is_mapped(0), frames.is_mapped(1)], [true, false])
}

fn map(xen: &Privcmd, domain: DomId, frames: &[Gfn]) -> Result<ForeignMapping> {
    xen.map_foreign(domain, frames, Protection::Read)
}

fn evtchn_is_restricted(host: &Host) -> Outcome {
    let (events, other) = (EventChannels::open()?, DomId(0));
    let offered = EventChannels::open()?;
    let port = offered.bind_unbound(other)?;
    events.restrict(host.guest)?;
    refused(events.bind_interdomain(other, port), libc::EACCES)?;
    refused(events.bind_unbound(host.guest), libc::EACCES)?;
    refused(events.bind_virq(0), libc::EACCES)?;
    refused(events.restrict(host.guest), libc::EACCES)?;
    refused(events.notify(port), libc::ENOTCONN)?;
    events.bind_interdomain(host.guest, host.port)?;
    Ok(())
}

fn the_gone_are_refused(host: &Host) -> Outcome {
    let xen = Privcmd::open()?;
    refused(xen.perform(host.gone, NrVcpus::new()), libc::ESRCH)?;
    let page = Resource::ioreq_page(ServerId(0), 0);
    refused(xen.map_resource(host.gone, page), libc::ESRCH)?;
    let bound = EventChannels::open()?.bind_interdomain(host.gone, host.port);
    refused(bound, libc::ESRCH)
}

/// The call succeeds, and each frame says why it is not there.
fn frames_of_the_gone_are_refused(host: &Host) -> Outcome {
    let frames = map(&Privcmd::open()?, host.gone, &[RAM, HOLE])?;
    let errors = [0, 1].map(|n| frames.error(n).map(|error| error.errno()));
    same(errors, [Some(libc::ESRCH); 2])
}
