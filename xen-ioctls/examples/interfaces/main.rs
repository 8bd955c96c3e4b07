// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Asks Xen and Linux on this host whether they keep to the rules that this crate, and its
//! simulation, know.
//!
//! ```sh
//! interfaces DOMID VCPUS PORT GONE
//! ```
//!
//! DOMID has VCPUS vCPUs and offers PORT to this domain; there is no domain GONE any more. Prints
//! one line for each rule and at the end `N passed, N failed`.

mod rules;

use std::process::ExitCode;

use xen_hypercall::{DomId, Port};

/// What the command line says.
#[derive(Debug)]
pub struct Host {
    /// A domain that this one may manage.
    pub guest: DomId,
    /// How many vCPUs it has.
    pub vcpus: u32,
    /// A port that it offers to this domain.
    pub port: Port,
    /// No domain.
    pub gone: DomId,
}

impl Host {
    fn of_arguments() -> Option<Self> {
        let numbers: Vec<u32> = std::env::args()
            .skip(1)
            .map(|argument| argument.parse().ok())
            .collect::<Option<_>>()?;
        let [guest, vcpus, port, gone] = numbers[..] else {
            return None;
        };
        Some(Self {
            guest: DomId(guest.try_into().ok()?),
            vcpus,
            port: Port(port),
            gone: DomId(gone.try_into().ok()?),
        })
    }
}

fn main() -> ExitCode {
    let Some(host) = Host::of_arguments() else {
        eprintln!("interfaces DOMID VCPUS PORT GONE");
        return ExitCode::FAILURE;
    };
    let mut failed = 0;
    for (name, rule) in rules::ALL {
        match rule(&host) {
            Ok(()) => println!("passed {name}"),
            Err(broken) => {
                failed += 1;
                println!("failed {name}: {broken}");
            }
        }
    }
    println!("{} passed, {failed} failed", rules::ALL.len() - failed);
    match failed {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
