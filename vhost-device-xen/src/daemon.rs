// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The program: parse, run, exit code.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use xen_hypercall::DomId;

use crate::args::{Args, Command};
use crate::{acpi, check, control, dtb, guest, supervisor, vhost_user};

/// Does what the command line says, with logs as `RUST_LOG` says.
pub fn main() -> ExitCode {
    let args = Args::parse();
    // virtio-queue logs each mistake of a guest, which are counted and logged, with a limit, here.
    let level = env_logger::Env::default().default_filter_or("info,virtio_queue=off");
    env_logger::Builder::from_env(level)
        .format_target(false)
        .init();
    match run(args.command) {
        Ok(code) => code,
        Err(e) => {
            log::error!("{}", guest::chain(e.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Box<dyn Error>> {
    match command {
        Command::Run { config, socket } => supervisor::run(config, &socket.socket)?,
        Command::Guest { domain } => guest::run(DomId(domain))?,
        Command::Acpi { devices, out } => acpi::run(&devices, &out)?,
        Command::Dtb { grants, out, .. } => dtb::run(grants, &out)?,
        Command::Backend(backend) => vhost_user::back::run(backend)?,
        Command::Control(action) => return Ok(control::run(&action)),
        Command::Check { config } => return Ok(check::run(config.as_deref())),
    }
    Ok(ExitCode::SUCCESS)
}
