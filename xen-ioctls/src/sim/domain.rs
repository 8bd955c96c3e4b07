// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A domain as Xen knows it.

use std::collections::{BTreeMap, HashMap};

use super::Interrupt;
use super::channel::Channel;
use super::fifo::Fifo;
use super::grant::GrantEntry;
use super::grant_op::Tracked;
use super::guest_op::VcpuState;
use super::ioreq::Server;

/// `MAX_NR_IOREQ_SERVERS`.
pub(super) const SERVERS: usize = 8;

/// A domain.
#[derive(Debug)]
pub(super) struct Domain {
    pub vcpus: usize,
    pub memory: PhysMap,
    /// Types of frames that were set: `HVMMEM_*`.
    pub types: HashMap<u64, u16>,
    pub channels: BTreeMap<u32, Channel>,
    /// Once its event channels are FIFO ones.
    pub fifo: Option<Fifo>,
    pub grants: Vec<GrantEntry>,
    pub servers: [Option<Server>; SERVERS],
    pub interrupts: Vec<Interrupt>,
    /// Why Xen has killed it.
    pub crashed: Option<&'static str>,
    /// What it has written to Xen's console.
    pub console: Vec<u8>,
    /// The server that has frames of `HVMMEM_ioreq_server`.
    pub type_server: Option<u16>,
    /// Ranges whose caching is fixed.
    pub pinned: Vec<(u64, u64)>,
    /// `HVM_PARAM_*` that were set.
    pub params: HashMap<u32, u64>,
    pub vcpu_states: Vec<VcpuState>,
    /// Grants that it has mapped by hypercall, by handle.
    pub tracked: Vec<Option<Tracked>>,
    pub grant_version: u32,
    /// Watchdogs that run.
    pub watchdogs: Vec<usize>,
    /// `SHUTDOWN_*`, which may be said before it is shut down.
    pub shutdown_code: Option<u32>,
    pub shut_down: bool,
}

impl Default for Domain {
    fn default() -> Self {
        Self {
            vcpus: 0,
            memory: PhysMap::default(),
            types: HashMap::new(),
            channels: BTreeMap::new(),
            fifo: None,
            grants: Vec::new(),
            servers: Default::default(),
            interrupts: Vec::new(),
            crashed: None,
            console: Vec::new(),
            type_server: None,
            pinned: Vec::new(),
            params: HashMap::new(),
            vcpu_states: Vec::new(),
            tracked: Vec::new(),
            grant_version: 1,
            watchdogs: Vec::new(),
            shutdown_code: None,
            shut_down: false,
        }
    }
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

    /// Address and size of each bank.
    pub fn banks(&self) -> Vec<(u64, u64)> {
        let bytes = |bank: &Bank| (bank.first * 4096, bank.count * 4096);
        self.banks.iter().map(bytes).collect()
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
