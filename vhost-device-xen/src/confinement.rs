// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a process that serves a guest cannot do: it is nobody, sees no file and no network, and each of
//! its threads may ask the kernel for what it needs and nothing else.
//!
//! All that it works with was opened for it by somebody else, [device nodes](nodes) among them. What is
//! not on a thread's list fails with `EPERM`. Filters are inherited, so the list of the first thread has
//! all that the others need.
//!
//! System calls are not the only way to the kernel: io_uring opens files and sockets, too, and no filter
//! sees that. So there is nothing to open: the root directory is [empty](EMPTY), and the network is
//! nobody's.
//!
//! # Example
//!
//! ```no_run
//! use vhost_device_xen::confinement::{FIRST_USER, enter, nodes};
//! use xen_hypercall::DomId;
//!
//! let (privcmd, events) = nodes(DomId(3))?;
//! enter(FIRST_USER.get() + 3)?;
//!
//! assert!(std::fs::File::open("/etc/passwd").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// UNSAFE: leaving namespaces, which could be of descriptors.
#![expect(unsafe_code)]

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;

use rustix::process::{Gid, Uid, chroot};
use rustix::thread::{
    UnshareFlags, set_thread_groups, set_thread_res_gid, set_thread_res_uid, unshare_unsafe,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};
use xen_hypercall::DomId;
use xen_hypercall::abi::{linux_gntdev as gntdev, linux_privcmd as privcmd};
use xen_ioctls::{EventChannels, Privcmd};

/// Users and groups from this number on own nothing, and nobody gives them out: systemd's containers end
/// before it.
pub const FIRST_USER: NonZeroU32 = NonZeroU32::new(2_000_000_000).unwrap();

/// An empty directory, the root of all guests' processes.
pub const EMPTY: &str = "/run/vhost-device-xen/empty";

/// Why a process is not confined.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its root directory.
    #[error("cannot make {EMPTY} the root directory")]
    Root(#[source] io::Error),
    /// Its user and groups.
    #[error("cannot become user {uid}")]
    User {
        /// Who it should be.
        uid: u32,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its lists of system calls.
    #[error("cannot limit system calls")]
    Filter(#[source] seccompiler::Error),
}

/// Opens the nodes that serve a guest, and no other. Takes root.
///
/// # Errors
///
/// When this is not dom0, or no root.
pub fn nodes(domain: DomId) -> xen_ioctls::Result<(Privcmd, EventChannels)> {
    let privcmd = Privcmd::open()?;
    privcmd.restrict(domain)?;
    let events = EventChannels::open()?;
    events.restrict(domain)?;
    Ok((privcmd, events))
}

/// Makes this process, which has one thread, the user and group `uid`, and confines it for good. There has to
/// be an [empty directory](make_root), and this takes root.
///
/// # Errors
///
/// [`Error`]; the process must not go on then.
pub fn enter(uid: u32) -> Result<(), Error> {
    chroot(EMPTY)
        .and_then(|()| rustix::process::chdir("/"))
        .map_err(|e| Error::Root(e.into()))?;
    forget_namespaces();
    become_user(uid).map_err(|e| Error::User {
        uid,
        source: e.into(),
    })?;
    Kind::Main.enter()?;
    no_clone3().map_err(Error::Filter)
}

/// Leaves the host's network, and what processes share by names. A kernel may have been built without.
fn forget_namespaces() {
    for namespace in [
        UnshareFlags::NEWNET,
        UnshareFlags::NEWIPC,
        UnshareFlags::NEWUTS,
    ] {
        // SAFETY: none of these is about memory or descriptors.
        let left = unsafe { unshare_unsafe(namespace) };
        if let Err(e) = left {
            log::debug!("{namespace:?}: {e}");
        }
    }
}

/// Gives root up, and with it all capabilities.
fn become_user(uid: u32) -> rustix::io::Result<()> {
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(uid));
    set_thread_groups(&[])?;
    set_thread_res_gid(gid, gid, gid)?;
    set_thread_res_uid(uid, uid, uid)
}

/// A kind of thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first: answers the guest's accesses, makes devices and starts threads.
    Main,
    /// Serves the queues of a device.
    Worker,
    /// Talks to the backend of a device.
    Front,
}

impl Kind {
    /// Limits the system calls of this thread, and of those that it starts, for good.
    ///
    /// # Errors
    ///
    /// When the kernel has no such filters (`CONFIG_SECCOMP_FILTER`).
    pub fn enter(self) -> Result<(), Error> {
        let refused = SeccompAction::Errno(libc::EPERM.cast_unsigned());
        self.rules()
            .and_then(|rules| filter(rules, refused, SeccompAction::Allow))
            .and_then(|program| apply_filter(&program))
            .map_err(Error::Filter)
    }

    /// As [`enter`](Self::enter), with the error in the log.
    pub fn is_entered(self) -> bool {
        let entered = self.enter();
        if let Err(e) = &entered {
            log::error!("{self:?}: {}", crate::guest::chain(e));
        }
        entered.is_ok()
    }

    fn rules(self) -> Result<Rules, seccompiler::Error> {
        let mut rules = Rules::new();
        all_threads(&mut rules)?;
        if self != Self::Front {
            host_files(&mut rules)?;
        }
        if self != Self::Worker {
            sockets(&mut rules)?;
        }
        if self == Self::Main {
            first_thread(&mut rules)?;
        }
        Ok(rules)
    }
}

/// By the number of the system call, what its arguments have to be: one of these, or anything.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

fn filter(
    rules: Rules,
    others: SeccompAction,
    these: SeccompAction,
) -> Result<BpfProgram, seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    Ok(SeccompFilter::new(rules, others, these, arch)?.try_into()?)
}

/// The C library asks for threads with this first, whose flags a filter cannot see, and does without
/// if the kernel is too old for it.
fn no_clone3() -> Result<(), seccompiler::Error> {
    let rules = Rules::from([(libc::SYS_clone3, Vec::new())]);
    let missing = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    apply_filter(&filter(rules, SeccompAction::Allow, missing)?)
}

/// Memory, time, locks, waiting, and reading and writing what is open.
fn all_threads(rules: &mut Rules) -> Result<(), seccompiler::Error> {
    allow(
        rules,
        &[
            libc::SYS_brk,
            libc::SYS_clock_gettime,
            libc::SYS_clock_nanosleep,
            libc::SYS_close,
            libc::SYS_epoll_create1,
            libc::SYS_epoll_ctl,
            libc::SYS_epoll_pwait,
            libc::SYS_eventfd2,
            libc::SYS_exit,
            libc::SYS_exit_group,
            libc::SYS_fstat,
            libc::SYS_futex,
            libc::SYS_getpid,
            libc::SYS_getrandom,
            libc::SYS_gettid,
            libc::SYS_gettimeofday,
            libc::SYS_lseek,
            libc::SYS_madvise,
            libc::SYS_membarrier,
            libc::SYS_mremap,
            libc::SYS_munmap,
            libc::SYS_nanosleep,
            libc::SYS_ppoll,
            libc::SYS_read,
            libc::SYS_readv,
            libc::SYS_restart_syscall,
            libc::SYS_rseq,
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_rt_sigreturn,
            libc::SYS_sched_getaffinity,
            libc::SYS_sched_yield,
            libc::SYS_set_robust_list,
            libc::SYS_sigaltstack,
            libc::SYS_timerfd_create,
            libc::SYS_timerfd_gettime,
            libc::SYS_timerfd_settime,
            libc::SYS_write,
            libc::SYS_writev,
        ],
    );
    #[cfg(target_arch = "x86_64")]
    allow(rules, &[libc::SYS_epoll_wait, libc::SYS_poll]);
    // Nothing that was written becomes code.
    let exec = u64::from(libc::PROT_EXEC.cast_unsigned());
    let plain = || argument(2, SeccompCmpOp::MaskedEq(exec), 0);
    rules.insert(libc::SYS_mmap, vec![plain()?]);
    rules.insert(libc::SYS_mprotect, vec![plain()?]);
    // A panic that ends the process.
    let pid = std::process::id().into();
    let own = argument(0, SeccompCmpOp::Eq, pid)?;
    rules.insert(libc::SYS_tgkill, vec![own]);
    rules.insert(libc::SYS_ioctl, ioctls()?);
    rules.insert(libc::SYS_fcntl, fcntls()?);
    Ok(())
}

/// Another descriptor, and what one is. Not who gets a signal when there is something to read: that is a way
/// to send signals.
fn fcntls() -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let command = |n: libc::c_int| condition(1, SeccompCmpOp::Eq, n.cast_unsigned().into());
    let signals = u64::from(libc::O_ASYNC.cast_unsigned());
    let mut rules = vec![SeccompRule::new(vec![
        command(libc::F_SETFL)?,
        condition(2, SeccompCmpOp::MaskedEq(signals), 0)?,
    ])?];
    for n in [
        libc::F_DUPFD_CLOEXEC,
        libc::F_GETFD,
        libc::F_SETFD,
        libc::F_GETFL,
    ] {
        rules.push(SeccompRule::new(vec![command(n)?])?);
    }
    Ok(rules)
}

/// The requests to drivers. Of privcmd's, a plain hypercall is not one.
fn ioctls() -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let request = |request: u32| argument(1, SeccompCmpOp::Eq, request.into());
    let kind = |kind: u32| argument(1, SeccompCmpOp::MaskedEq(0xff00), u64::from(kind) << 8);
    [
        request(privcmd::MMAPBATCH_V2),
        request(privcmd::DM_OP),
        request(privcmd::MMAP_RESOURCE),
        request(privcmd::IRQFD),
        request(gntdev::MAP_GRANT_REF),
        request(gntdev::UNMAP_GRANT_REF),
        request(gntdev::GRANT_COPY),
        // The event channels, and GPIO chips that the supervisor has opened.
        kind(b'E'.into()),
        kind(0xb4),
        // Disks: what would harm others takes capabilities.
        kind(0x12),
        // I2C_SLAVE, I2C_FUNCS, I2C_RDWR, I2C_SMBUS; not I2C_SLAVE_FORCE.
        request(0x0703),
        request(0x0705),
        request(0x0707),
        request(0x0720),
        // FIONBIO: whether a socket waits.
        request(0x5421),
    ]
    .into_iter()
    .collect()
}

/// What devices do with disks and the files behind them.
fn host_files(rules: &mut Rules) -> Result<(), seccompiler::Error> {
    allow(
        rules,
        &[
            libc::SYS_fallocate,
            libc::SYS_fdatasync,
            libc::SYS_fstatfs,
            libc::SYS_fsync,
            libc::SYS_io_uring_enter,
            libc::SYS_pread64,
            libc::SYS_preadv,
            libc::SYS_preadv2,
            libc::SYS_pwrite64,
            libc::SYS_pwritev,
            libc::SYS_pwritev2,
        ],
    );
    // Of what is open: the path is empty. A path would be one of an empty directory.
    allow(rules, &[libc::SYS_newfstatat, libc::SYS_statx]);
    Ok(())
}

/// What is said over sockets that are open.
fn sockets(rules: &mut Rules) -> Result<(), seccompiler::Error> {
    allow(
        rules,
        &[
            libc::SYS_dup,
            libc::SYS_recvfrom,
            libc::SYS_recvmsg,
            libc::SYS_sendmsg,
            libc::SYS_sendto,
            libc::SYS_shutdown,
        ],
    );
    Ok(())
}

/// Threads with lists of their own, and rings of io_uring.
fn first_thread(rules: &mut Rules) -> Result<(), seccompiler::Error> {
    allow(
        rules,
        &[
            libc::SYS_io_uring_register,
            libc::SYS_io_uring_setup,
            libc::SYS_memfd_create,
            libc::SYS_seccomp,
        ],
    );
    let thread = u64::from(libc::CLONE_THREAD.cast_unsigned());
    let clone = argument(0, SeccompCmpOp::MaskedEq(thread), thread)?;
    rules.insert(libc::SYS_clone, vec![clone]);
    let option = |option: libc::c_int| argument(0, SeccompCmpOp::Eq, option.cast_unsigned().into());
    let options = [
        libc::PR_SET_NAME,
        libc::PR_SET_NO_NEW_PRIVS,
        libc::PR_GET_NAME,
    ];
    let options = options.map(option).into_iter().collect::<Result<_, _>>()?;
    rules.insert(libc::SYS_prctl, options);
    Ok(())
}

/// Allows calls with any arguments.
fn allow(rules: &mut Rules, calls: &[libc::c_long]) {
    rules.extend(calls.iter().map(|call| (*call, Vec::new())));
}

/// A call whose argument `n`, of 32 bits, is as it should be.
fn argument(n: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::Error> {
    Ok(SeccompRule::new(vec![condition(n, op, value)?])?)
}

fn condition(n: u8, op: SeccompCmpOp, value: u64) -> Result<SeccompCondition, seccompiler::Error> {
    Ok(SeccompCondition::new(
        n,
        SeccompCmpArgLen::Dword,
        op,
        value,
    )?)
}

/// Makes the [empty directory](EMPTY) if there is none.
///
/// # Errors
///
/// As mkdir(2), or when it is not empty.
pub fn make_root() -> io::Result<()> {
    let path = Path::new(EMPTY);
    std::fs::create_dir_all(path)?;
    match path.read_dir()?.next() {
        None => Ok(()),
        Some(_) => Err(io::ErrorKind::DirectoryNotEmpty.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::net::TcpListener;
    use std::process::Command;
    use std::thread;

    use super::*;

    /// What a thread of this kind gets of what it should not, by name.
    fn refused(kind: Kind) -> Vec<(&'static str, bool)> {
        let confined = thread::spawn(move || {
            kind.enter().unwrap();
            let is = |result: io::Result<()>| {
                result.is_err_and(|e| e.kind() == io::ErrorKind::PermissionDenied)
            };
            vec![
                ("open", is(File::open("/etc/passwd").map(drop))),
                ("socket", is(TcpListener::bind("[::1]:0").map(drop))),
                ("execve", is(Command::new("/bin/true").status().map(drop))),
                ("chdir", is(std::env::set_current_dir("/"))),
            ]
        });
        confined.join().unwrap()
    }

    #[test]
    fn threads_open_and_start_nothing() {
        for kind in [Kind::Main, Kind::Worker, Kind::Front] {
            let refused = refused(kind);
            assert!(refused.iter().all(|(_, is)| *is), "{kind:?}: {refused:?}");
        }
    }

    #[test]
    fn the_first_thread_starts_others_and_they_do_not() {
        let confined = thread::spawn(|| {
            Kind::Main.enter().unwrap();
            no_clone3().unwrap();
            thread::spawn(|| {
                Kind::Worker.enter().unwrap();
                thread::Builder::new().spawn(|| {}).is_err()
            })
            .join()
        });
        assert!(confined.join().unwrap().unwrap());
    }

    /// `F_SETOWN` and `F_SETSIG` would send any signal to any process of the same user.
    #[test]
    fn nobody_is_signalled_by_a_descriptor() {
        let confined = thread::spawn(|| {
            Kind::Main.enter().unwrap();
            [
                (libc::F_SETOWN, 1),
                (10, libc::SIGKILL),
                (libc::F_SETFL, libc::O_ASYNC),
                (libc::F_GETFL, 0),
            ]
            .map(|(command, argument)| {
                // SAFETY: there is no such descriptor: nothing is changed.
                let result = unsafe { libc::fcntl(-1, command, argument) };
                (result, io::Error::last_os_error().raw_os_error())
            })
        });
        let refused = (-1, Some(libc::EPERM));

        let [own, signal, flags, read] = confined.join().unwrap();

        assert_eq!([own, signal, flags], [refused; 3]);
        assert_eq!(read, (-1, Some(libc::EBADF)));
    }

    #[test]
    fn a_plain_hypercall_is_not_asked_for() {
        let confined = thread::spawn(|| {
            Kind::Main.enter().unwrap();
            [privcmd::HYPERCALL, privcmd::DM_OP].map(|request| {
                // SAFETY: there is no such descriptor: the request goes nowhere.
                let result = unsafe { libc::ioctl(-1, request.into()) };
                (result, io::Error::last_os_error().raw_os_error())
            })
        });
        let [plain, other] = confined.join().unwrap();

        assert_eq!(plain, (-1, Some(libc::EPERM)));
        assert_eq!(other, (-1, Some(libc::EBADF)));
    }
}
