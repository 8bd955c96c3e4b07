// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! References in the form that the kernel takes.

use xen_hypercall::{DomId, GrantRef};

use super::abi::Pair;

/// [`Pair`]s before the references: `count` and padding, then `index`.
const HEADER: usize = 2;

/// Grants to be mapped side by side. Used again, it allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct GrantList(Vec<Pair>);

impl GrantList {
    /// Appends references of `domain`.
    pub fn extend(&mut self, domain: DomId, refs: impl Iterator<Item = GrantRef>) {
        self.0.resize(self.0.len().max(HEADER), [0, 0]);
        self.0.extend(refs.map(|r| [domain.0.into(), r.0]));
    }

    /// How many references there are.
    pub fn len(&self) -> usize {
        self.0.len().saturating_sub(HEADER)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all references, and keeps the room for them.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The argument of MAP_GRANT_REF for `count` references.
    pub(super) fn argument(&mut self, count: u32) -> &mut [Pair] {
        // An empty list has no header yet; the kernel refuses it.
        self.0.resize(self.0.len().max(HEADER), [0, 0]);
        self.0[0] = [count, 0];
        &mut self.0
    }
}
