// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Who may do what, and how much of it.

use std::collections::BTreeMap;

use crate::error::Errno;
use crate::permissions::{Access, Permissions};

/// What a request does with a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Need {
    Read,
    Write,
    /// Changing permissions.
    Own,
}

/// Whether `domain` may do it with a node of these permissions.
pub(super) fn allows(permissions: &[u8], domain: u16, need: Need) -> bool {
    let Some(permissions) = Permissions::from_payload(permissions) else {
        return false;
    };
    if domain == 0 || permissions.owner == domain {
        return true;
    }
    let of = |entry: &&(u16, Access)| entry.0 == domain;
    let entry = permissions.domains.iter().find(of);
    let access = entry.map_or(permissions.others, |entry| entry.1);
    match need {
        Need::Read => matches!(access, Access::Read | Access::Both),
        Need::Write => matches!(access, Access::Write | Access::Both),
        Need::Own => false,
    }
}

pub(super) fn owner(permissions: &[u8]) -> Option<u16> {
    Permissions::from_payload(permissions).map(|permissions| permissions.owner)
}

/// The permissions of a node that `by` creates below one of `permissions`.
pub(super) fn inherited(permissions: &[u8], by: u16) -> Vec<u8> {
    match Permissions::from_payload(permissions) {
        Some(inherited) if by != 0 => Permissions {
            owner: by,
            ..inherited
        }
        .to_payload(),
        _ => permissions.into(),
    }
}

/// What a guest may use up; 0 is no limit. The names and values of C xenstored.
#[derive(Debug)]
pub(super) struct Quotas {
    global: BTreeMap<&'static str, u32>,
    single: BTreeMap<(u16, &'static str), u32>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            global: BTreeMap::from([
                ("node-size", 2048),
                ("nodes", 1000),
                ("permissions", 5),
                ("transactions", 10),
                ("watches", 128),
            ]),
            single: BTreeMap::new(),
        }
    }
}

impl Quotas {
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.global.keys().copied().collect();
        names.join(" ")
    }

    fn known(&self, name: &str) -> Result<(&'static str, u32), Errno> {
        let quota = self.global.get_key_value(name);
        quota
            .map(|(name, value)| (*name, *value))
            .ok_or(Errno::Invalid)
    }

    pub(super) fn value(&self, domain: Option<u16>, name: &str) -> Result<u32, Errno> {
        let (name, global) = self.known(name)?;
        let single = domain.and_then(|domain| self.single.get(&(domain, name)));
        Ok(single.copied().unwrap_or(global))
    }

    pub(super) fn set(&mut self, domain: Option<u16>, name: &str, value: u32) -> Result<(), Errno> {
        let name = self.known(name)?.0;
        match domain {
            Some(domain) => self.single.insert((domain, name), value),
            None => self.global.insert(name, value),
        };
        Ok(())
    }

    /// Whether `domain` may have `count` of something; domain 0 may have any number.
    pub(super) fn allows(&self, domain: u16, name: &str, count: usize) -> bool {
        let value = self.value(Some(domain), name).unwrap_or(0);
        domain == 0 || value == 0 || u32::try_from(count).is_ok_and(|count| count <= value)
    }
}
