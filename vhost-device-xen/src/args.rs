// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::control::{Action, Socket};
use crate::vhost_user::back::Backend;

/// Virtio devices for Xen guests, served from dom0.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the virtio devices of all guests until SIGTERM or SIGINT.
    Run {
        /// The configuration file [default: /etc/vhost-device-xen.toml, if it exists].
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        socket: Socket,
    },
    #[command(flatten)]
    Control(Action),
    /// Say what this host has and lacks, and what to do about it; exit 0 if `run` would work.
    Check {
        /// The configuration file to look at.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Make the device tree that gives Arm guests a PCI bus, for device_tree= in xl.cfg.
    Dtb {
        /// For guests whose devices have grant_usage=1.
        #[arg(long, required_unless_present = "foreign")]
        grants: bool,
        /// For guests whose devices have grant_usage=0.
        #[arg(long, conflicts_with = "grants")]
        foreign: bool,
        /// Where it goes.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Make the ACPI table that tells x86 guests of their devices on virtio-mmio, for acpi_firmware= in xl.cfg.
    Acpi {
        /// Which devices: virtio/0, xvda.
        #[arg(required = true, value_name = "DEVICE")]
        devices: Vec<String>,
        /// Where it goes.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Serve devices to any vhost-user front end, without Xen or with it.
    #[command(subcommand)]
    Backend(Backend),
    /// Serve one guest: started by `run`, which talks to it through standard input.
    #[command(hide = true)]
    Guest {
        /// The guest's domain.
        #[arg(long)]
        domain: u16,
    },
}
