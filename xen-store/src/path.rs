// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the protocol allows as a path (docs/misc/xenstore.txt, "Permitted characters").
//!
//! Every request checks its path before it is sent, so that what the server would refuse with a
//! bare `EINVAL` is an error that says why.

use crate::error::Error;

/// The longest absolute path (`XENSTORE_ABS_PATH_MAX`).
///
/// C xenstored applies its own quota, by default [`RELATIVE_MAX`], to what follows
/// `/local/domain/<domid>/`; it answers a longer path with `EINVAL`.
pub const ABSOLUTE_MAX: usize = 3072;

/// The longest relative path (`XENSTORE_REL_PATH_MAX`).
pub const RELATIVE_MAX: usize = 2048;

/// Checks the path of a node.
///
/// A relative path is under the home of the caller's domain (`/local/domain/<domid>`).
///
/// # Errors
///
/// [`Error::PathSyntax`] or [`Error::PathLength`].
///
/// # Example
///
/// ```
/// use xen_store::path;
///
/// assert!(path::check("/local/domain/0/name").is_ok());
/// assert!(path::check("backend//virtio").is_err());
/// assert!(path::check("@releaseDomain").is_err());
/// ```
pub fn check(path: &str) -> Result<(), Error> {
    if path.starts_with('@') {
        Err(syntax(path))
    } else {
        check_watched(path)
    }
}

/// Checks the path of a node that can be removed: any but the root.
///
/// # Errors
///
/// [`Error::PathSyntax`] or [`Error::PathLength`].
pub fn check_removed(path: &str) -> Result<(), Error> {
    check(path)?;
    if path == "/" {
        Err(syntax(path))
    } else {
        Ok(())
    }
}

/// Checks a path that can be watched or have permissions: a node's, or a special one such as
/// `@releaseDomain`.
///
/// # Errors
///
/// [`Error::PathSyntax`] or [`Error::PathLength`].
pub fn check_watched(path: &str) -> Result<(), Error> {
    let limit = if path.starts_with('/') {
        ABSOLUTE_MAX
    } else {
        RELATIVE_MAX
    };
    let trailing = path.ends_with('/') && path != "/";
    if path.len() > limit {
        Err(Error::PathLength {
            length: path.len(),
            limit,
        })
    } else if path.is_empty() || trailing || !is_well_formed(path) {
        Err(syntax(path))
    } else {
        Ok(())
    }
}

/// Whether `path` is `ancestor` or below it.
///
/// # Example
///
/// ```
/// assert!(xen_store::path::is_within("/a/b", "/a"));
/// assert!(!xen_store::path::is_within("/ab", "/a"));
/// ```
pub fn is_within(path: &str, ancestor: &str) -> bool {
    match path.strip_prefix(ancestor) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || ancestor == "/",
        None => false,
    }
}

/// Whether all characters are allowed, and no two slashes stand side by side: in one pass, as every
/// request comes here.
fn is_well_formed(path: &str) -> bool {
    let mut before = 0;
    path.bytes().all(|byte| {
        let doubled = byte == b'/' && before == b'/';
        before = byte;
        !doubled && (byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'/' | b'_' | b'@'))
    })
}

fn syntax(path: &str) -> Error {
    Error::PathSyntax { path: path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_outside_the_set_are_refused() {
        assert!(check("/a.b").is_err());
        assert!(check("/a b").is_err());
        assert!(check("/a\0b").is_err());
        assert!(check("/ä").is_err());
        assert!(check("/a-b_c@d/9Z").is_ok());
    }

    #[test]
    fn empty_doubled_and_trailing_slashes_are_refused() {
        assert!(check("").is_err());
        assert!(check("/a/").is_err());
        assert!(check("/a//b").is_err());
        assert!(check("/").is_ok());
        assert!(check("a/b").is_ok());
    }

    #[test]
    fn special_paths_can_only_be_watched() {
        assert!(check("@introduceDomain").is_err());
        assert!(check_watched("@introduceDomain").is_ok());
    }

    #[test]
    fn absolute_and_relative_limits_are_exact() {
        let absolute = format!("/{}", "a".repeat(ABSOLUTE_MAX - 1));
        let relative = "a".repeat(RELATIVE_MAX);

        assert!(check(&absolute).is_ok());
        assert!(check(&relative).is_ok());
        assert!(check(&format!("{absolute}a")).is_err());
        assert!(check(&format!("{relative}a")).is_err());
    }

    #[test]
    fn everything_is_within_the_root() {
        assert!(is_within("/", "/"));
        assert!(is_within("/a", "/"));
        assert!(!is_within("/", "/a"));
    }
}
