// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! References in the form that the kernel takes.

use xen_hypercall::{DomId, GrantRef};

use super::abi::Pair;

/// [`Pair`]s before the references: `count` and padding, then `index`.
const HEADER: usize = 2;

/// Grants to be mapped side by side. Used again, it allocates nothing.
///
/// # Example
///
/// ```
/// use xen_hypercall::{DomId, Gfn};
/// use xen_ioctls::{GrantList, Protection, sim};
///
/// let xen = sim::Xen::new();
/// let guest = xen.create_domain(DomId(1), 1);
/// guest.add_memory(0, 8192);
/// let (grants, mut list) = (xen.grants(), GrantList::default());
/// for _request in 0..3 {
///     list.clear(); // its memory is used again
///     list.extend(DomId(1), [0, 1].map(|n| guest.grant(Gfn(n), DomId(0), true)).into_iter());
///     let mapping = grants.map_list(DomId(1), &mut list, Protection::ReadWrite)?;
///     assert_eq!(mapping.mapping().len(), 8192);
/// }
/// # Ok::<(), xen_ioctls::Error>(())
/// ```
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
