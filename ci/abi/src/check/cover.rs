// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Whether every operation that headers declare is classified, and none that they do not.

use std::collections::BTreeMap;
use std::fs;

use crate::error::Error;
use crate::model::{Identity, Interface};

use super::Headers;

/// Compares the numbers of operations with the macros of the headers, by reading these as text:
/// macros behind a guard are declared too.
///
/// # Errors
///
/// [`Error::Mismatch`] for a number that differs or is missing there, [`Error::Unclassified`] for
/// an operation that is missing here, [`Error::File`].
pub fn cover(interface: &Interface, set: &Headers) -> Result<usize, Error> {
    let described = interface.operations.iter().map(|op| &op.id);
    let others = interface.others.iter().map(|other| &other.id);
    let known: Vec<&Identity> = described.chain(others).collect();
    let Some(prefix) = known
        .iter()
        .find_map(|id| id.c.as_deref()?.strip_suffix(&id.name))
    else {
        return Ok(0);
    };
    let declared = declared(interface, set, prefix)?;
    let mut errors = Vec::new();
    for id in &known {
        let Some(c) = &id.c else { continue };
        let found = declared.get(c).copied();
        let expected = id.available.since.is_none_or(|since| since <= set.version);
        if found != Some(id.number) && (expected || found.is_some()) {
            errors.push(Error::Mismatch {
                place: id.place.clone(),
                name: c.clone(),
                expected: id.number.into(),
                found: found.map_or(-1, Into::into),
                headers: set.name.clone(),
            });
        }
    }
    for name in declared
        .keys()
        .filter(|name| !is_known(interface, &known, name))
    {
        errors.push(Error::Unclassified {
            name: name.clone(),
            interface: interface.name.clone(),
            headers: set.name.clone(),
        });
    }
    Error::collect(errors)?;
    Ok(known.len())
}

/// Names of operations, of constants and enums, and of what is inside an operation that
/// multiplexes again.
fn is_known(interface: &Interface, known: &[&Identity], name: &str) -> bool {
    let mut values = interface.enums.iter().flat_map(|list| &list.values);
    let mut bits = interface.bitmaps.iter().flat_map(|bitmap| &bitmap.bits);
    let inside = |id: &&Identity| {
        let Some(c) = id.c.as_deref() else {
            return false;
        };
        let multiplexes = c.ends_with("_op") || c.ends_with("_altp2m");
        name == c || multiplexes && name.starts_with(&format!("{c}_"))
    };
    known.iter().any(inside)
        || values.any(|value| value.c.as_deref() == Some(name))
        || bits.any(|bits| bits.c.as_deref() == Some(name))
        || interface
            .constants
            .iter()
            .any(|value| value.c.as_deref() == Some(name))
}

/// Every `#define` of a decimal number whose name has the prefix.
fn declared(
    interface: &Interface,
    set: &Headers,
    prefix: &str,
) -> Result<BTreeMap<String, u32>, Error> {
    let mut all = BTreeMap::new();
    for header in &interface.headers {
        let path = set.include.join("xen").join(header);
        let text = fs::read_to_string(&path).map_err(|source| Error::File { path, source })?;
        for line in text.lines() {
            let mut words = line.split_whitespace();
            if words.next() != Some("#define") {
                continue;
            }
            let (Some(name), Some(value)) = (words.next(), words.next()) else {
                continue;
            };
            if let (true, Ok(value)) = (name.starts_with(prefix), value.parse()) {
                all.insert(name.to_owned(), value);
            }
        }
    }
    Ok(all)
}
