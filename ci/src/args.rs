// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::lab::{Arch, Kind};

/// The project's checks and its lab.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub task: Task,
}

/// What `cargo xtask` can do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Run every check; with NAMEs, only the steps and lab tests whose names contain one
    Test {
        /// Parts of names of steps and lab tests
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Leave out what needs the lab
        #[arg(long)]
        no_lab: bool,
    },
    /// The ABI: `generate` writes what is made from the specifications, `stale` says whether that
    /// is up to date, `check` compares them with Xen's and Linux's headers
    Abi {
        /// What xen-abi is told
        #[arg(required = true, value_name = "ARG")]
        args: Vec<String>,
    },
    /// Boot Xen, start the daemon and guests, and show what they do
    Demo {
        /// The machine's architecture
        #[arg(long, value_enum, default_value_t = Arch::host())]
        arch: Arch,
    },
    /// Measure SUBJECT beside its counterpart, in the lab if that takes Xen, and print a table
    Bench {
        /// What is measured
        subject: Measured,
        /// Of `guest`: the machine's architecture
        #[arg(long, value_enum, default_value_t, conflicts_with = "check")]
        arch: Arch,
        /// Of `guest`: only count instructions, and compare with the figures of the repository
        #[arg(long)]
        check: bool,
    },
    /// Feed the parsers what nobody would write
    Fuzz {
        /// A part of the names of targets; all without
        #[arg(value_name = "TARGET", default_value = "", hide_default_value = true)]
        name: String,
        /// For how long, each
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Run the long load of SUBJECT in the lab
    Soak {
        /// What bears the load
        subject: Subject,
        /// Only what has one of these parts in its name
        names: Vec<String>,
    },
    /// The lab: Xen, dom0 and guests in an emulated machine
    #[command(subcommand)]
    Lab(LabTask),
}

/// What can be measured.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Measured {
    /// Our disks as vhost-user processes, against QEMU's storage daemon, on this host
    Block,
    /// What guests' requests cost by our daemon, by Xen's own disks and in dom0; writes docs/bench-guest.md
    Guest,
    /// xen-ioctls' calls, against the same calls made by hand
    Hypercall,
    /// What it costs to reach a guest's memory, by xen-vm-memory and by vm-memory's feature `xen`
    Memory,
    /// xen-store, against libxenstore
    Store,
}

/// What can be put under load.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Subject {
    /// Disks: ten minutes of verified requests, and guests and processes that end at any time
    Block,
    /// Entropy: 1 MiB for a guest of each kind through the tests of FIPS 140-2
    Entropy,
    /// Devices that processes of rust-vmm serve, as they were released
    External,
    /// Events: 100,000 round trips through every receiver, within dom0 and with a guest
    Events,
    /// Guests: a hundred that come and go, reboots, large ones, idle ones, and a hostile one for five minutes
    Guests,
    /// Guest memory: random patterns in every mode, and a balloon under load
    Memory,
    /// xen-store, on xenstored and oxenstored
    Store,
    /// Fully virtualized guests on x86: with grants, with four CPUs, large ones, a Debian system, and who is first
    #[value(name = "x86")]
    X86,
}

/// What can be done with the lab.
#[derive(Debug, Subcommand)]
pub enum LabTask {
    /// Make what is missing of the lab in the cache
    Setup {
        /// The machine's architecture
        #[arg(long = "arch", value_enum, default_value_t)]
        kind: Kind,
    },
    /// Boot the lab and run SCRIPT in dom0; exits with its exit code, 125 if it never ended
    Run {
        /// A script for busybox sh
        script: PathBuf,
        /// Files and directories that lie beside the script, in /test
        files: Vec<PathBuf>,
        /// The machine's architecture
        #[arg(long = "arch", value_enum, default_value_t)]
        kind: Kind,
        /// CPUs of the emulated machine
        #[arg(long, default_value_t = 1)]
        smp: u8,
        /// dom0 is a PVH domain instead of a PV one, on x86
        #[arg(long)]
        pvh: bool,
        /// Seconds until the machine is switched off
        #[arg(long, default_value_t = 300)]
        timeout: u64,
        /// Print the console of Xen and dom0 too
        #[arg(long, short)]
        verbose: bool,
    },
    /// Boot the lab with a shell of dom0 on this terminal
    Shell {
        /// The machine's architecture
        #[arg(long = "arch", value_enum, default_value_t)]
        kind: Kind,
        /// CPUs of the emulated machine
        #[arg(long, default_value_t = 1)]
        smp: u8,
        /// dom0 is a PVH domain instead of a PV one, on x86
        #[arg(long)]
        pvh: bool,
    },
    /// Show what there is of the lab
    Status {
        /// The machine's architecture
        #[arg(long = "arch", value_enum, default_value_t)]
        kind: Kind,
    },
    /// Remove what no recipe of today asks for
    Clean,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn lab_run_takes_a_script_and_files() {
        let args =
            Args::try_parse_from(["xtask", "lab", "run", "--smp", "2", "a.sh", "b", "c"]).unwrap();
        let Task::Lab(LabTask::Run {
            script,
            files,
            kind,
            smp,
            timeout,
            verbose,
            pvh,
        }) = args.task
        else {
            panic!("not lab run");
        };
        assert_eq!(script, PathBuf::from("a.sh"));
        assert_eq!(files, [PathBuf::from("b"), PathBuf::from("c")]);
        assert_eq!((smp, timeout, verbose, pvh), (2, 300, false, false));
        assert_eq!(kind, Kind::Arm64);
    }

    #[test]
    fn a_lab_is_chosen_by_its_architecture() {
        let args = Args::try_parse_from(["xtask", "lab", "setup", "--arch", "x86_64"]).unwrap();
        let Task::Lab(LabTask::Setup { kind }) = args.task else {
            panic!("not lab setup");
        };
        assert_eq!(kind, Kind::X86);
    }

    #[test]
    fn fuzz_takes_a_name_and_seconds() {
        let args = Args::try_parse_from(["xtask", "fuzz", "abi", "--seconds", "9"]).unwrap();
        let Task::Fuzz { name, seconds } = args.task else {
            panic!("not fuzz");
        };
        assert_eq!((&*name, seconds), ("abi", 9));
    }
}
