// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The FastABI: hypercalls whose arguments are registers.
//!
//! Register 0 is `rax` (hypercall number with a mark; result), 1 is `rdi` (operation number), 2 to
//! 7 carry fields. [`parse()`] reads the YAML of its tool; [`of`] takes the `fast:` keys of our own
//! specifications. Both give [`Spec`]s, from which come C stubs and Rust stubs.

use crate::error::{Error, Place, Rule};
use crate::model::Interface;
use crate::node::{self, Node, broken};
use crate::parse::{registers, strings};

mod c;
mod ours;
mod rust;

pub use c::{Options, header};
pub use ours::{calls, of};
pub use rust::{PRELUDE, ident, stubs};

/// The registers by number.
pub const REGISTERS: [&str; 8] = ["rax", "rdi", "rsi", "r8", "r9", "r10", "r11", "r12"];

/// Marks the hypercall number of a FastABI call.
pub const MASK: u32 = 0x4000_0000;

/// A hypercall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Its name.
    pub name: String,
    /// Its number.
    pub number: u32,
    /// Its operations in the order of the text.
    pub operations: Vec<Op>,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op {
    /// Its name.
    pub name: String,
    /// Its number; none when the hypercall has no operations.
    pub number: Option<u32>,
    /// Field and register of each input, in the order of the text.
    pub inputs: Vec<(String, u8)>,
    /// Field and register of each output.
    pub outputs: Vec<(String, u8)>,
    /// C's structure that carries fields.
    pub c_struct: Option<String>,
    /// Fields that are C arguments of their own, with their types.
    pub params: Vec<(String, String)>,
    /// Fields that C's structure calls by other names.
    pub mapping: Vec<(String, String)>,
}

impl Op {
    /// What C's structure calls a field.
    pub fn c_name<'a>(&'a self, field: &'a str) -> &'a str {
        lookup(&self.mapping, field).unwrap_or(field)
    }
}

fn lookup<'a>(list: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = list.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.as_str())
}

/// Reads a FastABI specification.
///
/// # Errors
///
/// [`Error::Spec`] with [`Rule::Form`] for keys, [`Rule::Register`] and [`Rule::DuplicateNumber`]
/// for registers, [`Rule::DuplicateNumber`] for operations, [`Rule::Reference`] for an output that
/// nothing carries.
pub fn parse(file: &str, text: &str) -> Result<Spec, Error> {
    let root = node::yaml(file, text)?;
    let mut keys = root.keys()?;
    let name = keys.required("name")?.text()?.to_owned();
    let index = keys.required("hypercall_index")?;
    let number = small(index)?;
    let mut operations = Vec::new();
    if let Some(node) = keys.optional("direct") {
        operations.push(operation(name.clone(), node, false)?);
    }
    for (name, node) in keys.optional("subops").map_or(Ok(&[][..]), Node::entries)? {
        let op = operation(name.clone(), node, true)?;
        if operations
            .iter()
            .any(|other: &Op| other.number == op.number)
        {
            let text = format!("number of `{name}` is taken");
            return Err(broken(&node.place, Rule::DuplicateNumber, text));
        }
        operations.push(op);
    }
    keys.done()?;
    Ok(Spec {
        name,
        number,
        operations,
    })
}

fn small(node: &Node) -> Result<u32, Error> {
    let number = node.number()?;
    u32::try_from(number)
        .map_err(|_negative_or_large| broken(&node.place, Rule::Range, "a number below 2^32"))
}

fn operation(name: String, node: &Node, sub: bool) -> Result<Op, Error> {
    let mut keys = node.keys()?;
    let number = if sub {
        Some(small(keys.required("index")?)?)
    } else {
        None
    };
    let mut op = Op {
        name,
        number,
        inputs: registers(keys.optional("input"))?,
        outputs: registers(keys.optional("output"))?,
        c_struct: None,
        params: Vec::new(),
        mapping: Vec::new(),
    };
    if let Some(node) = keys.optional("c_lang") {
        let mut keys = node.keys()?;
        op.c_struct = keys.text("struct")?;
        op.params = strings(keys.optional("params"))?;
        op.mapping = strings(keys.optional("mapping"))?;
        keys.done()?;
    }
    keys.done()?;
    carriers(&op, &node.place)?;
    Ok(op)
}

/// Every field needs something in C that holds it.
fn carriers(op: &Op, place: &Place) -> Result<(), Error> {
    let inputs = op
        .inputs
        .iter()
        .filter(|(field, _)| lookup(&op.params, field).is_none());
    let mut carried = inputs.chain(&op.outputs);
    match (carried.next(), &op.c_struct) {
        (Some((field, _)), None) => {
            let text = format!("`{field}` of `{}` has no structure to be in", op.name);
            Err(broken(place, Rule::Reference, text))
        }
        _ => Ok(()),
    }
}

/// What a field is in Rust: as wide as our specifications say, or else 64 bits.
pub fn width(interfaces: &[Interface], op: &Op, field: &str) -> &'static str {
    if let Some(ty) = lookup(&op.params, field) {
        return match ty {
            "uint32_t" | "evtchn_port_t" => "u32",
            "uint16_t" | "domid_t" => "u16",
            "int32_t" => "i32",
            _ => "u64",
        };
    }
    ours::field_type(interfaces, op, field).unwrap_or("u64")
}
