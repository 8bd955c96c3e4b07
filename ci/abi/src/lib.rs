// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The ABI of Xen as text, and what is made of it.
//!
//! `xen-hypercall/abi/*.yaml` says what is said to Xen and to Linux's Xen devices. This crate
//! reads it, refuses what breaks the rules of the language ([`Rule`]), and writes Rust, a C
//! header and reference pages ([`generate`](fn@generate)); it finds checked-in files that are
//! stale ([`check_stale`]); it compares every size, offset and number with real headers
//!. `DESIGN.md` describes the language.
//!
//! # Example
//!
//! ```
//! let text = "
//! interface: example
//! title: An example
//! about: One structure.
//! structs:
//!   - name: pair
//!     doc: Two numbers.
//!     fields:
//!       - {name: small, type: u16, doc: The small one.}
//!       - {name: large, type: u32, doc: The large one.}
//! ";
//! let interface = xen_abi::parse::interface("example.yaml", text)?;
//! let error = xen_abi::rules::check(&interface).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "example.yaml:10: implicit-padding: a compiler puts 2 bytes before `large`: write `pad: 2`"
//! );
//! # Ok::<(), xen_abi::Error>(())
//! ```

pub mod c;
pub mod check;
pub mod doc;
mod error;
pub mod fastabi;
mod generate;
pub mod layout;
pub mod model;
pub mod node;
pub mod parse;
pub mod rules;
pub mod rust;
mod text;
pub mod xenbindgen;

pub use check::{Headers, Report, check_headers};
pub use error::{Error, Place, Rule};
pub use generate::{Output, check_stale, generate, load, write};
