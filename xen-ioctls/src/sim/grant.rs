// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Grant tables as Xen knows them (xen/common/grant_table.c).

use xen_hypercall::abi::grant_table::Status;

use super::state::State;

/// `GNTST_general_error`.
pub(super) const GENERAL_ERROR: i16 = Status::GENERAL_ERROR.0;
/// `GNTST_bad_domain`.
pub(super) const BAD_DOMAIN: i16 = Status::BAD_DOMAIN.0;
/// `GNTST_bad_gntref`.
pub(super) const BAD_REFERENCE: i16 = Status::BAD_GNTREF.0;

/// One entry of a grant table.
#[derive(Clone, Copy, Debug)]
pub(super) struct GrantEntry {
    /// Who may use it; nobody when the entry is free.
    pub to: Option<u16>,
    /// The guest frame, looked up when the grant is used.
    pub frame: u64,
    pub writable: bool,
    /// How many mappings there are, of either kind.
    pub mapped: usize,
}

/// The first references are reserved (`GNTTAB_NR_RESERVED_ENTRIES`).
const RESERVED: usize = 8;

impl State {
    /// Grants a frame of `owner` to `to`.
    pub fn grant(&mut self, owner: u16, to: u16, frame: u64, writable: bool) -> u32 {
        let entry = GrantEntry {
            to: Some(to),
            frame,
            writable,
            mapped: 0,
        };
        let free = GrantEntry { to: None, ..entry };
        let grants = &mut self
            .domain_mut(owner)
            .expect("a domain that grants is there")
            .grants;
        if grants.len() < RESERVED {
            grants.resize(RESERVED, free);
        }
        let usable = grants
            .iter()
            .skip(RESERVED)
            .position(|e| e.to.is_none() && e.mapped == 0);
        let number = usable.map_or(grants.len(), |n| n + RESERVED);
        if number == grants.len() {
            grants.push(free);
        }
        grants[number] = entry;
        u32::try_from(number).expect("fewer grants than references")
    }

    /// `GNTTABOP_map_grant_ref`, without the mapping: whether `user` may have it, and where.
    pub fn use_grant(&self, user: u16, owner: u16, gref: u32, write: bool) -> Result<u64, i16> {
        let domain = self.domain(owner).ok().ok_or(BAD_DOMAIN)?;
        let index = usize::try_from(gref).ok().ok_or(BAD_REFERENCE)?;
        let entry = domain.grants.get(index).ok_or(BAD_REFERENCE)?;
        let allowed = entry.to == Some(user) && (entry.writable || !write);
        let machine = domain.memory.get(entry.frame).filter(|_| allowed);
        machine.ok_or(GENERAL_ERROR)
    }

    pub fn grant_mut(&mut self, owner: u16, gref: u32) -> Option<&mut GrantEntry> {
        let grants = &mut self.domain_mut(owner).ok()?.grants;
        grants.get_mut(usize::try_from(gref).ok()?)
    }

    /// A mapping of a grant goes.
    pub fn unuse_grant(&mut self, owner: u16, gref: u32) {
        if let Some(entry) = self.grant_mut(owner, gref) {
            entry.mapped = entry.mapped.saturating_sub(1);
        }
    }

    /// Takes a grant back; whether that was possible: not while it is mapped.
    pub fn revoke(&mut self, owner: u16, gref: u32) -> bool {
        match self.grant_mut(owner, gref) {
            Some(entry) if entry.mapped == 0 => {
                entry.to = None;
                true
            }
            _ => false,
        }
    }
}
