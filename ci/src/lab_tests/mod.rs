// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Tests in the lab: what each consists of, and all of them.
//!
//! A test is one boot: files, guests, a script in dom0, and what must be seen. The script is run
//! by `sh -eu`, so that the first command that fails fails the test; it may use what
//! `ci/lab/lib.sh` defines (`guest_start`, `guest_wait`, `wait_line`, `show`, ...). When it has
//! ended, the consoles of the guests and the files that it asked to `show` are printed, each line
//! after `NAME| `.

mod basics;
pub(crate) mod block;
mod control;
pub(crate) mod crowd;
pub(crate) mod devices;
pub(crate) mod external;
mod frame;
mod gpio;
mod handover;
pub(crate) mod hypercall;
mod i2c;
mod lifecycle;
pub(crate) mod memory;
pub(crate) mod parts;
pub(crate) mod pci;
pub mod plain;
mod privilege;
mod readme;
pub(crate) mod store;
pub(crate) mod x86;
pub(crate) mod x86_more;

use std::time::Duration;

pub use frame::{Programs, Verdict};

use crate::lab::Kind;

/// Every test, in the order in which they are run.
pub const ALL: &[&LabTest] = &[
    &basics::DOM0_BOOTS,
    &basics::A_GUEST_BOOTS,
    &readme::THE_README_LEADS_TO_A_DISK,
    &devices::DEVICES_WORK_FROM_A_PLAIN_CREATE,
    &devices::DEVICES_WORK_FOR_DOMAINS_OLDER_THAN_THE_DAEMON,
    &devices::DRIVERS_COME_BACK,
    &devices::DEVICES_WORK_WITHOUT_IRQFD,
    &devices::A_GUEST_REBOOTS,
    &devices::A_GUESTS_BALLOON_COMES_AND_GOES,
    &block::DISKS_DO_WHAT_THEY_OFFER,
    &block::A_CUT_LOSES_NOTHING_THAT_WAS_FLUSHED,
    &crowd::TWO_OF_THREE_GUESTS_END_WITH_GRANTS,
    &crowd::TWO_OF_THREE_GUESTS_END_WITHOUT_GRANTS,
    &lifecycle::TWENTY_GUESTS_LEAVE_NOTHING,
    &lifecycle::A_HOSTILE_GUEST_HARMS_NOBODY,
    &memory::FORGED_MEMORY_FAILS_ALONE,
    &handover::A_KILLED_PROCESS_IS_REPLACED,
    &handover::THE_DAEMON_IS_RESTARTED_UNDER_LOAD,
    &lifecycle::A_KILLED_PROCESS_IS_ITS_GUESTS_AFFAIR,
    &lifecycle::MISTAKES_ARE_NAMED,
    &privilege::A_GUESTS_PROCESS_CAN_DO_NOTHING_ELSE,
    &i2c::I2C_ADAPTERS_WORK,
    &i2c::MISTAKES_IN_RULES_ARE_NAMED,
    &gpio::GPIO_LINES_WORK,
    &gpio::GPIO_LEVELS_INTERRUPT,
    &control::OPERATORS_SEE_AND_CHANGE_DEVICES,
    &external::DEVICES_OF_OTHER_PROCESSES_WORK,
    &pci::DEVICES_WORK_ON_PCI,
    &pci::DEVICES_WORK_ON_PCI_WITH_GICV2,
    &pci::FUNCTIONS_COME_AND_GO,
    &pci::BUSES_THAT_DISAGREE_ARE_NAMED,
    &pci::A_HOSTILE_GUEST_ON_PCI_HARMS_NOBODY,
    &hypercall::THE_INTERFACES_KEEP_THEIR_RULES,
    &hypercall::NO_EVENT_IS_LOST,
    &store::BOTH_STORE_SERVERS_PASS_THE_LIST,
    &store::NO_COUNT_IS_LOST_IN_THE_STORE,
    &store::THE_STORE_CLIENT_OUTLIVES_AN_UPDATE,
    &store::THE_STORE_CLIENT_OUTLIVES_ITS_SERVER,
    &x86::DEVICES_WORK_ON_X86,
    &x86::GUESTS_END_ON_X86,
    &x86::MEMORY_AND_FUNCTIONS_MOVE_ON_X86,
    &x86_more::THE_FIRMWARE_BOOTS_FROM_A_DISK[0],
    &x86_more::THE_FIRMWARE_BOOTS_FROM_A_DISK[1],
    &x86::REGISTERS_STAND_EVERYTHING_ON_X86,
];

/// A test in the lab.
///
/// # Example
///
/// ```
/// use ci::lab_tests::{Guest, LabTest};
///
/// const A_GUEST_SAYS_HELLO: LabTest = LabTest {
///     name: "a_guest_says_hello",
///     guests: &[Guest { name: "a", script: "echo hello", ..Guest::DEFAULT }],
///     dom0: "guest_start a; guest_wait a 60",
///     seen: &[("a", "hello")],
///     ..LabTest::DEFAULT
/// };
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LabTest {
    /// What is so, as words with underlines.
    pub name: &'static str,
    /// The lab that it is run in.
    pub lab: Kind,
    /// CPUs of the emulated machine.
    pub smp: u8,
    /// The version of Arm's interrupt controller: 2 or 3.
    pub gic: u8,
    /// Whether the machine's clock counts instructions ([`Boot::counted`](crate::lab::boot::Boot::counted)).
    pub counted: bool,
    /// Whether dom0 stays on the first CPU ([`Boot::pinned`](crate::lab::boot::Boot::pinned)).
    pub pinned: bool,
    /// The machine's memory in MiB, if some small guests are not all ([`Boot::memory`](crate::lab::boot::Boot::memory)).
    pub memory: Option<u32>,
    /// Whether dom0 is a PVH domain, on x86 ([`Boot::pvh`](crate::lab::boot::Boot::pvh)).
    pub pvh: bool,
    /// When the test has failed for being slow.
    pub timeout: Duration,
    /// Packages of this workspace whose programs are built for the lab and put into dom0's PATH.
    pub programs: &'static [&'static str],
    /// Packages and their examples that are built likewise; none has the name of another program.
    pub examples: &'static [(&'static str, &'static str)],
    /// Programs of other projects, as the registry has them: their names and versions.
    pub released: &'static [(&'static str, &'static str)],
    /// Workspaces `lab-NAME` in `ci/NAME` whose Images, which `xl` can boot, are built and put into
    /// `/test`.
    pub images: &'static [&'static str],
    /// Whether Debian's own kernel for arm64 and its modules are put into `/test/debian`.
    pub debian: bool,
    /// Whether dom0 has a disk `/dev/vda` with a Debian system for a guest, on x86.
    pub system: bool,
    /// Names and texts of files in `/test`, where the script runs.
    pub files: &'static [(&'static str, &'static str)],
    /// The guests that the script may start.
    pub guests: &'static [Guest],
    /// The script in dom0.
    pub dom0: &'static str,
    /// What must be seen: where, which is `dom0` or the name of a guest or of a shown file; and
    /// a part of a line, in which `*` stands for anything.
    pub seen: &'static [(&'static str, &'static str)],
    /// What must not be seen, in the same form.
    pub unseen: &'static [(&'static str, &'static str)],
}

impl LabTest {
    /// A test that does nothing, on arm64 with one CPU, within two minutes.
    pub const DEFAULT: Self = Self {
        name: "",
        lab: Kind::Arm64,
        smp: 1,
        gic: 3,
        counted: false,
        pinned: false,
        pvh: false,
        memory: None,
        timeout: Duration::from_secs(120),
        programs: &[],
        examples: &[],
        released: &[],
        images: &[],
        debian: false,
        system: false,
        files: &[],
        guests: &[],
        dom0: "",
        seen: &[],
        unseen: &[],
    };
}

/// A guest of a test. It is not started before the script in dom0 says `guest_start NAME`.
#[derive(Clone, Copy, Debug)]
pub struct Guest {
    /// Its name.
    pub name: &'static str,
    /// Its number of CPUs.
    pub vcpus: u8,
    /// Its memory in MiB.
    pub memory: u32,
    /// Its kernel, a file in dom0.
    pub kernel: &'static str,
    /// More words of its kernel's command line.
    pub words: &'static str,
    /// More lines of its `xl.cfg`.
    pub config: &'static [&'static str],
    /// What its root has of the test's `programs`, `examples` and `files`, and of dom0's.
    pub files: &'static [&'static str],
    /// The script in it, for busybox sh.
    pub script: &'static str,
}

impl Guest {
    /// A guest with one CPU and no devices; on x86, a fully virtualized one.
    pub const DEFAULT: Self = Self {
        name: "",
        vcpus: 1,
        memory: 128,
        kernel: "/lab/Image",
        words: "",
        config: &[],
        files: &[],
        script: "",
    };
}

/// Those of `tests` that are run in a lab.
pub fn on<'t>(kind: Kind, tests: &[&'t LabTest]) -> Vec<&'t LabTest> {
    let wanted = |test: &&LabTest| test.lab == kind;
    tests.iter().copied().filter(wanted).collect()
}

/// The tests whose names contain one of `parts`; all of them if there are no `parts`.
pub fn named(parts: &[String]) -> Vec<&'static LabTest> {
    let wanted =
        |test: &&LabTest| parts.is_empty() || parts.iter().any(|part| test.name.contains(part));
    ALL.iter().copied().filter(wanted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_a_part_of_their_names() {
        let names: Vec<_> = named(&["a_guest_boots".into()])
            .iter()
            .map(|test| test.name)
            .collect();
        assert_eq!(names, ["a_guest_boots"]);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = ALL.iter().map(|test| test.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
