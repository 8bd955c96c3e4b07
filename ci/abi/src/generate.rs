// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! From a checkout's specifications to its generated files.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Rule};
use crate::model::Interface;
use crate::node::broken;
use crate::{c, doc, fastabi, parse, rules, rust};

/// Where the specifications are.
const SPECIFICATIONS: &str = "xen-hypercall/abi";

/// A file that the generator writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Relative to the checkout.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// Reads and checks all specifications of a checkout.
///
/// # Errors
///
/// [`Error::File`], and [`Error::Spec`] or [`Error::Many`] when a rule is broken.
pub fn load(root: &Path) -> Result<Vec<Interface>, Error> {
    let mut all = Vec::new();
    let mut errors = Vec::new();
    for path in specifications(&root.join(SPECIFICATIONS))? {
        let text = fs::read_to_string(&path).map_err(at(&path))?;
        let name = path.strip_prefix(root).unwrap_or(&path);
        let interface = parse::interface(&name.display().to_string(), &text);
        match interface.and_then(|interface| rules::check(&interface).map(|()| interface)) {
            Ok(interface) => all.push(interface),
            Err(error) => errors.push(error),
        }
    }
    Error::collect(errors)?;
    distinct(&all)?;
    Ok(all)
}

fn at(path: &Path) -> impl Fn(std::io::Error) -> Error + '_ {
    |source| Error::File {
        path: path.to_owned(),
        source,
    }
}

/// The `.yaml` files of a directory by name.
fn specifications(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(at(directory))? {
        let path = entry.map_err(at(directory))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// No two interfaces have one name or one hypercall.
fn distinct(all: &[Interface]) -> Result<(), Error> {
    let mut names = HashMap::new();
    for interface in all {
        let number = interface.hypercall.as_ref().map(|call| call.number);
        if let Some(first) = names.insert(interface.name.as_str(), &interface.place) {
            let text = format!("interface `{}` is already at {first}", interface.name);
            return Err(broken(&interface.place, Rule::DuplicateName, text));
        }
        let clash = all.iter().find(|other| {
            other.name != interface.name
                && number.is_some()
                && other.hypercall.as_ref().map(|call| call.number) == number
        });
        if let Some(other) = clash {
            let text = format!("`{}` has the same hypercall", other.name);
            return Err(broken(&interface.place, Rule::DuplicateNumber, text));
        }
    }
    Ok(())
}

/// Everything that is generated from the specifications of a checkout.
///
/// # Errors
///
/// As [`load`], and [`Error::Run`] or [`Error::Format`] when rustfmt cannot do its part.
pub fn generate(root: &Path) -> Result<Vec<Output>, Error> {
    let interfaces = load(root)?;
    let mut outputs = Vec::new();
    let mut modules = String::from(MODULES);
    for interface in &interfaces {
        let path = format!("xen-hypercall/src/abi/{}.rs", interface.name);
        modules += &format!("pub mod {};\n", interface.name);
        outputs.push(formatted(root, path, &rust::module(interface))?);
        outputs.push(Output {
            path: format!("xen-hypercall/doc/{}.md", interface.name).into(),
            text: doc::page(interface),
        });
    }
    modules += "#[cfg(target_arch = \"x86_64\")]\npub mod fastabi;\n";
    let text = fast(&interfaces);
    outputs.push(formatted(
        root,
        "xen-hypercall/src/abi/fastabi.rs".into(),
        &text,
    )?);
    outputs.push(formatted(
        root,
        "xen-hypercall/src/abi/mod.rs".into(),
        &modules,
    )?);
    outputs.push(Output {
        path: "xen-hypercall/doc/operations.md".into(),
        text: doc::operations(&interfaces),
    });
    outputs.push(Output {
        path: "xen-hypercall/abi/xen-abi.h".into(),
        text: c::header(&interfaces),
    });
    Ok(outputs)
}

const MODULES: &str = "\
// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/*.yaml by `xen-abi generate`: edit those files.

//! Every interface as the specifications in `abi/` describe it: structures, numbers, operations.
//!
//! Structures have C's layout on 64-bit machines; where 32-bit callers differ, the page of the
//! interface says so. Fields that Xen declares as pointers are addresses in `u64`.

";

/// The stubs of all operations that have registers.
fn fast(interfaces: &[Interface]) -> String {
    let specs = fastabi::of(interfaces);
    format!(
        "{FAST}{}{FAST_OPERATION}{}{}",
        fastabi::PRELUDE,
        fastabi::stubs(&specs, interfaces),
        fastabi::calls(&specs, interfaces)
    )
}

const FAST: &str = "\
// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// Generated from abi/*.yaml by `xen-abi generate`: edit those files.

//! Hypercalls whose arguments are registers, for guests of a Xen that has the FastABI.
//!
//! No released Xen has it: ask [`detect`](crate::fastabi::detect), and use the classic calls
//! otherwise ([`call`](crate::fastabi::call) does both).

// UNSAFE: enters the hypervisor.
#![expect(unsafe_code, reason = \"enters the hypervisor\")]
";

const FAST_OPERATION: &str = "\
/// An operation that can be called in registers.
pub trait FastOperation: crate::operation::Operation {
    /// Takes the inputs from `args`, and puts the outputs there when the call has succeeded.
    ///
    /// # Errors
    ///
    /// The result when it is negative: `-errno`. `args` is as it was.
    ///
    /// # Safety
    ///
    /// The hypervisor must have the FastABI, and the operation must be sound for the caller.
    unsafe fn fast(instruction: Instruction, args: &mut Self::Args) -> Result<u64, i64>;
}

";

/// Formats Rust as the checkout does.
fn formatted(root: &Path, path: String, text: &str) -> Result<Output, Error> {
    let run = |source| Error::Run {
        program: "rustfmt".to_owned(),
        source,
    };
    let mut child = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout", "--config-path"])
        .arg(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(run)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).map_err(run)?;
    }
    let output = child.wait_with_output().map_err(run)?;
    let path = PathBuf::from(path);
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Error::Format { path, message });
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(Output { path, text })
}

/// Writes what [`generate`] gives into the checkout.
///
/// # Errors
///
/// As [`generate`], and [`Error::File`].
pub fn write(root: &Path) -> Result<(), Error> {
    for output in generate(root)? {
        let path = root.join(&output.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(at(parent))?;
        }
        fs::write(&path, output.text).map_err(at(&path))?;
    }
    Ok(())
}

/// Compares what [`generate`] gives with what is checked in.
///
/// # Errors
///
/// As [`generate`], and [`Error::Stale`] for each file that differs or is missing.
pub fn check_stale(root: &Path) -> Result<(), Error> {
    let mut errors = Vec::new();
    for output in generate(root)? {
        let text = fs::read_to_string(root.join(&output.path)).unwrap_or_default();
        if text != output.text {
            errors.push(Error::Stale { path: output.path });
        }
    }
    Error::collect(errors)
}
