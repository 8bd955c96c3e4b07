// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A domain as Xen knows it.

use std::collections::{BTreeMap, HashMap};

use super::Interrupt;
use super::channel::Channel;
use super::grant::GrantEntry;
use super::ioreq::Server;

/// `MAX_NR_IOREQ_SERVERS`.
pub(super) const SERVERS: usize = 8;

/// A domain.
#[derive(Debug, Default)]
pub(super) struct Domain {
    pub vcpus: usize,
    pub memory: PhysMap,
    pub channels: BTreeMap<u32, Channel>,
    pub grants: Vec<GrantEntry>,
    pub servers: [Option<Server>; SERVERS],
    pub interrupts: Vec<Interrupt>,
    /// Why Xen has killed it.
    pub crashed: Option<&'static str>,
    /// What it has written to Xen's console.
    pub console: Vec<u8>,
}

/// Which machine frame is behind a guest frame.
#[derive(Debug, Default)]
pub(super) struct PhysMap {
    banks: Vec<Bank>,
    /// Frames that are not what their bank says: holes, and what has replaced one.
    changed: HashMap<u64, Option<u64>>,
}

#[derive(Debug)]
struct Bank {
    first: u64,
    count: u64,
    machine: u64,
}

impl PhysMap {
    pub fn add(&mut self, first: u64, count: u64, machine: u64) {
        self.banks.push(Bank {
            first,
            count,
            machine,
        });
    }

    pub fn set(&mut self, frame: u64, machine: Option<u64>) {
        self.changed.insert(frame, machine);
    }

    pub fn get(&self, frame: u64) -> Option<u64> {
        if let Some(changed) = self.changed.get(&frame) {
            return *changed;
        }
        let bank = self
            .banks
            .iter()
            .find(|bank| (bank.first..bank.first + bank.count).contains(&frame))?;
        Some(bank.machine + (frame - bank.first))
    }
}
