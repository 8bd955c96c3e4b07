// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What several tests need: the checkout, the test data, the headers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test uses a part of it")]

use std::path::{Path, PathBuf};

use xen_abi::Headers;
use xen_abi::model::Version;

/// The checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The collected specifications of others, when they are at hand: `XEN_ABI_DATA`, or a
/// directory beside the checkout.
pub fn data(what: &str) -> Option<PathBuf> {
    let beside = root().join("../shared/abi-data");
    let base = std::env::var_os("XEN_ABI_DATA").map_or(beside, PathBuf::from);
    let path = base.join(what);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: no {} (set XEN_ABI_DATA)", path.display());
    None
}

/// Headers that are at hand: directories that `xen-abi check` has filled, or the host's.
pub fn headers() -> Vec<Headers> {
    let cache = std::env::var_os("XEN_ABI_HEADERS").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| std::env::temp_dir().join("xen-abi-headers"));
    let suites = ["bookworm", "trixie"];
    let present = suites
        .into_iter()
        .filter(|suite| cache.join(suite).join("root/usr").exists());
    let mut all: Vec<Headers> = present
        .flat_map(|suite| xen_abi::check::debian(suite, &cache).unwrap())
        .collect();
    if all.is_empty() {
        // The oldest versions that matter: nothing newer is asked of unknown headers.
        let include = Path::new("/usr/include");
        all = xen_abi::check::this_host(include, Version(4, 17), Version(6, 1));
    }
    if all.is_empty() {
        eprintln!("skipped: no headers (run `xen-abi check` once, or set XEN_ABI_HEADERS)");
    }
    all
}
