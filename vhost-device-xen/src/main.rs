// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Virtio devices for Xen guests, served from dom0 by one daemon. See `README.md`.

mod args;
mod channel;
mod check;
mod config;
mod guest;
mod rings;
mod supervisor;
mod transport;
mod vhost_user;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use xen_hypercall::DomId;

use args::{Args, Command};
use config::Config;

fn main() -> ExitCode {
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
        Command::Run { config } => supervisor::run(Config::load(config.as_deref())?)?,
        Command::Guest { domain } => guest::run(DomId(domain))?,
        Command::Backend(backend) => vhost_user::back::run(backend)?,
        Command::Check { config } => return Ok(check::run(config.as_deref())),
    }
    Ok(ExitCode::SUCCESS)
}
