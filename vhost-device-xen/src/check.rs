// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `vhost-device-xen check`: what this host has and lacks, and what to do about it.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use backends::block::Engine;
use xen_hypercall::DomId;
use xen_hypercall::dm_op::NrVcpus;
use xen_ioctls::{EventChannels, Grants, Privcmd};
use xen_store::{Client, Store};

use crate::bridge;
use crate::config::Config;
use crate::guest::chain;
use crate::supervisor::rules;

/// The last domain number that can be a guest's: Xen gives them out from 1 on, so a host that has
/// one of this number has had 32,751 others first.
const NOBODY: DomId = DomId(DomId::FIRST_RESERVED.0 - 1);
/// The first Xen whose stable interfaces suffice.
const OLDEST_XEN: (u16, u16) = (4, 17);

/// One line of the report.
enum Finding {
    /// There, in this form.
    Good(String),
    /// Not there; works without, but not as well: what and what to do.
    Worse(String, &'static str),
    /// Not there, and needed: what and what to do.
    Missing(String, &'static str),
}

/// Prints the report. Success means that `run` would work.
pub fn run(config: Option<&Path>) -> ExitCode {
    let findings = [
        ("hypervisor", hypervisor()),
        ("privcmd", privcmd()),
        ("event channels", event_channels()),
        ("grants", grants()),
        ("IOREQ servers", ioreq_servers()),
        ("irqfd", irqfd()),
        ("ioeventfd", ioeventfd()),
        ("io_uring", io_uring()),
        ("confinement", confinement()),
        ("XenStore", xenstore()),
        ("configuration", configuration(config)),
        ("guests on PCI", guests_on_pci(config)),
    ];
    let mut works = true;
    for (what, finding) in &findings {
        match finding {
            Finding::Good(text) => println!("ok       {what}: {text}"),
            Finding::Worse(text, advice) => {
                println!("without  {what}: {text}\n         -> {advice}")
            }
            Finding::Missing(text, advice) => {
                println!("MISSING  {what}: {text}\n         -> {advice}");
                works = false;
            }
        }
    }
    match works {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn hypervisor() -> Finding {
    match fs::read_to_string("/sys/hypervisor/type") {
        Ok(kind) if kind.trim() == "xen" => {
            let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
            Finding::Good(format!("xen, Linux {}", kernel.trim()))
        }
        Ok(kind) => Finding::Missing(kind.trim().into(), "start this kernel as Xen's dom0"),
        Err(e) => Finding::Missing(
            format!("/sys/hypervisor/type: {e}"),
            "start this kernel as Xen's dom0 (with CONFIG_XEN and CONFIG_XEN_SYS_HYPERVISOR)",
        ),
    }
}

fn privcmd() -> Finding {
    let version = Privcmd::open().and_then(|privcmd| privcmd.xen_version());
    match version {
        Ok(version) if (version.major, version.minor) >= OLDEST_XEN => {
            Finding::Good(format!("Xen {version}"))
        }
        Ok(version) => Finding::Missing(format!("Xen {version}"), "use Xen 4.17 or later"),
        Err(e) => Finding::Missing(
            chain(&e),
            "run as root in dom0, with the module xen-privcmd (CONFIG_XEN_PRIVCMD)",
        ),
    }
}

fn event_channels() -> Finding {
    match EventChannels::open() {
        Ok(_) => Finding::Good("/dev/xen/evtchn".into()),
        Err(e) => Finding::Missing(
            chain(&e),
            "load the module xen-evtchn (CONFIG_XEN_DEV_EVTCHN)",
        ),
    }
}

fn grants() -> Finding {
    match Grants::open() {
        Ok(_) => Finding::Good("/dev/xen/gntdev".into()),
        Err(e) => Finding::Worse(
            chain(&e),
            "for guests with grant_usage=1, load the module xen-gntdev (CONFIG_XEN_GNTDEV)",
        ),
    }
}

/// Asks about a domain that is nobody: a Xen with IOREQ servers says that there is no such
/// domain, one without that there is no such call.
fn ioreq_servers() -> Finding {
    let asked = Privcmd::open().and_then(|privcmd| privcmd.perform(NOBODY, NrVcpus::new()));
    match asked {
        Ok(_vcpus) => Finding::Good("answered".into()),
        Err(e) if e.raw_os_error() == Some(libc::ESRCH) => Finding::Good("answered".into()),
        Err(e) => Finding::Missing(
            chain(&e),
            "build Xen with CONFIG_EXPERT and CONFIG_IOREQ_SERVER (on Arm they are off by default)",
        ),
    }
}

fn irqfd() -> Finding {
    match Privcmd::open() {
        Ok(privcmd) if privcmd.has_irqfd() => Finding::Good("interrupts through the kernel".into()),
        Ok(_) => Finding::Worse(
            "none: an interrupt costs more".into(),
            "use Linux 6.6 or later with CONFIG_XEN_PRIVCMD_EVENTFD",
        ),
        Err(_) => Finding::Worse("not known without privcmd".into(), "see above"),
    }
}

/// It is not used; another program may think of it.
fn ioeventfd() -> Finding {
    let is_there = Privcmd::open().is_ok_and(|privcmd| privcmd.has_ioeventfd());
    let guest_type = fs::read_to_string("/sys/hypervisor/guest_type").unwrap_or_default();
    let text = match (is_there, guest_type.trim()) {
        (false, _) => "none, and none is used",
        // Seen with Linux 6.12: it takes what is not a list of pages for one.
        (true, "PV") => {
            "not used, and not to be by anyone: in a dom0 that is a PV domain it brings Linux down"
        }
        (true, _) => "not used: it would save nothing",
    };
    Finding::Good(text.into())
}

fn io_uring() -> Finding {
    match Engine::check_uring() {
        Ok(()) => Finding::Good("for disks".into()),
        Err(e) => Finding::Worse(
            format!("{e}: disks have one request done after the other"),
            "use Linux 5.6 or later with CONFIG_IO_URING, and sysctl kernel.io_uring_disabled=0 (1 is for root only)",
        ),
    }
}

fn confinement() -> Finding {
    match fs::read_to_string("/proc/sys/kernel/seccomp/actions_avail") {
        Ok(actions) if actions.split_whitespace().any(|action| action == "errno") => {
            Finding::Good("guests' processes get filters of system calls".into())
        }
        Ok(actions) => Finding::Missing(
            format!("seccomp knows only {}", actions.trim()),
            "use Linux 4.14 or later with CONFIG_SECCOMP_FILTER",
        ),
        Err(e) => Finding::Missing(
            format!("no seccomp: {e}"),
            "use Linux 4.14 or later with CONFIG_SECCOMP_FILTER",
        ),
    }
}

fn xenstore() -> Finding {
    let domain = Client::open().and_then(|store| store.read_parsed::<u16>("domid"));
    match domain {
        Ok(None | Some(0)) => Finding::Good("answered, as the control domain's".into()),
        Ok(Some(domain)) => Finding::Missing(
            format!("this is domain {domain}"),
            "run in dom0: that is where libxl looks for backends",
        ),
        Err(e) => Finding::Missing(
            chain(&e),
            "start xenstored (systemctl start xenstored), and run in dom0",
        ),
    }
}

fn configuration(path: Option<&Path>) -> Finding {
    match Config::load(path) {
        Ok(config) if config == Config::default() => Finding::Good("default".into()),
        Ok(_) => Finding::Good("read".into()),
        Err(e) => Finding::Missing(chain(&e).trim_end().into(), "correct the file"),
    }
}

/// Whether the guests that the configuration has on PCI can be there. What a guest's `xl.cfg` has besides is
/// seen when it looks at its bus, and then is in the log.
fn guests_on_pci(path: Option<&Path>) -> Finding {
    let config = Config::load(path).unwrap_or_default();
    if config.pci.is_empty() {
        return Finding::Good("none".into());
    }
    let guests = Client::open().and_then(|store| rules::guests_on_pci(&store, &config));
    let (guests, privcmd) = match (guests, Privcmd::open()) {
        (Ok(guests), Ok(privcmd)) => (guests, privcmd),
        _ => return Finding::Worse("not known without Xen".into(), "see above"),
    };
    let mut poor = guests;
    poor.retain(|domain, _| bridge::missing_interrupt(&privcmd, DomId(*domain)).is_some());
    match poor.is_empty() {
        true => Finding::Good("those that run have interrupts for it".into()),
        false => Finding::Worse(
            format!(
                "no interrupts: {}",
                Vec::from_iter(poor.into_values()).join(", ")
            ),
            "put nr_spis = 224 and device_tree = (see `dtb`) into the guests' xl.cfg",
        ),
    }
}
