// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Operations, their numbers, and ioctls.

use std::fmt::Write as _;

use crate::model::*;
use crate::text::{doc, pascal, sentence, upper};

use super::ty;

/// One constant per ioctl.
pub(super) fn ioctls(interface: &Interface) -> String {
    let mut out = String::new();
    for ioctl in &interface.ioctls {
        out += &doc("", "///", &sentence(&ioctl.doc));
        let mut more = format!("C: `{}`.", ioctl.c);
        if let Some(args) = &ioctl.args {
            let _ = write!(more, " Takes [`{0}`].", pascal(args));
        }
        if let Some(returns) = &ioctl.returns {
            let _ = write!(more, " Returns {}", sentence(returns));
        }
        if let Some(since) = ioctl.available.since {
            let _ = write!(more, " Since Linux {since}.");
        }
        out += "///\n";
        out += &doc("", "///", &more);
        let _ = writeln!(
            out,
            "pub const {}: u32 = {:#x};\n",
            upper(&ioctl.name),
            ioctl.number
        );
    }
    out
}

/// The number of every operation, described or only named.
pub(super) fn numbers(interface: &Interface) -> String {
    let described = interface.operations.iter().map(|op| (&op.id, &op.doc));
    let others = interface.others.iter().map(|other| (&other.id, &other.doc));
    let mut all: Vec<_> = described.chain(others).collect();
    if all.is_empty() {
        return String::new();
    }
    all.sort_by_key(|(id, _)| id.number);
    let mut out = "/// The number of every operation.\npub mod numbers {\n".to_owned();
    for (id, text) in all {
        let first = text.split("\n\n").next().unwrap_or(text);
        out += &doc("    ", "///", &sentence(first));
        let _ = writeln!(
            out,
            "    pub const {}: u32 = {};",
            upper(&id.name),
            id.number
        );
    }
    out + "}\n\n"
}

/// One type per described operation.
pub(super) fn operations(interface: &Interface) -> String {
    let Some(hypercall) = &interface.hypercall else {
        return String::new();
    };
    if interface.operations.is_empty() {
        return String::new();
    }
    let mut out = "/// Each operation as a type.\npub mod ops {\n".to_owned();
    for operation in &interface.operations {
        out += &one(interface, hypercall, operation);
    }
    out + "}\n"
}

fn one(interface: &Interface, hypercall: &Hypercall, operation: &Operation) -> String {
    let id = &operation.id;
    let name = pascal(&id.name);
    let mut out = doc("", "///", &sentence(&operation.doc));
    out += &facts(operation);
    let args = match &operation.args {
        Some(args) => format!("super::{}", pascal(args)),
        None => "()".to_owned(),
    };
    let since = id
        .available
        .since
        .map_or("None".to_owned(), |Version(major, minor)| {
            format!("Some(({major}, {minor}))")
        });
    let _ = write!(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub struct {name};\n\n\
         impl crate::operation::Operation for {name} {{\n\
         const HYPERCALL: u32 = {};\nconst NUMBER: u32 = {};\n\
         const NAME: &'static str = \"{}.{}\";\n\
         const DIRECTION: crate::operation::Direction = crate::operation::Direction::{:?};\n\
         const BATCH: bool = {};\n\
         const INFO: crate::operation::Info = crate::operation::Info {{\n\
         class: crate::operation::Class::{:?}, stability: crate::operation::Stability::{:?},\n\
         since: {since}, x86: {}, arm: {}, xsm: {:?},\n}};\n\
         type Args = {args};\ntype Slots<'s> = {};\n}}\n\n",
        hypercall.number,
        id.number,
        interface.name,
        id.name,
        direction(interface, operation),
        operation.batch,
        id.class,
        id.stability,
        id.available.x86,
        id.available.arm,
        id.xsm,
        slots(operation),
    );
    out
}

/// Who writes the argument structure: Xen does as soon as it writes one field.
fn direction(interface: &Interface, operation: &Operation) -> Direction {
    let args = operation.args.as_deref();
    let Some(found) = interface
        .structs
        .iter()
        .find(|item| Some(item.name.as_str()) == args)
    else {
        return Direction::In;
    };
    let plain = found
        .fields
        .iter()
        .filter(|field| !matches!(field.kind, FieldKind::Pad(_)));
    let mut directions = plain.map(|field| field.direction);
    let first = directions.next().unwrap_or(Direction::In);
    if directions.all(|other| other == first) {
        first
    } else {
        Direction::InOut
    }
}

fn slots(operation: &Operation) -> String {
    let slot = |slot: &Slot| {
        let of = ty(&slot.of, "super::");
        format!("crate::slot::{:?}<'s, {of}>", slot.direction)
    };
    let all: Vec<String> = operation.slots.iter().map(slot).collect();
    match &all[..] {
        [] => "crate::slot::NoSlot".to_owned(),
        [one] => one.clone(),
        _ => format!("({})", all.join(", ")),
    }
}

fn facts(operation: &Operation) -> String {
    let id = &operation.id;
    let mut out = "///\n".to_owned();
    let mut text = match &id.c {
        Some(c) => format!("C: `{c}`."),
        None => String::new(),
    };
    if let Some(returns) = &operation.returns {
        let _ = write!(text, " Returns {}", sentence(returns));
    }
    if let Some(since) = id.available.since {
        let _ = write!(text, " Since Xen {since}.");
    }
    match (id.available.x86, id.available.arm) {
        (true, false) => text += " Only x86.",
        (false, true) => text += " Only Arm.",
        _ => {}
    }
    out += &doc("", "///", text.trim());
    for slot in &operation.slots {
        let line = format!("- `{}`: {}", slot.name, sentence(&slot.doc));
        out += "///\n";
        let wrapped = doc("", "///", &line);
        // A list item goes on indented.
        out += &wrapped.replacen("\n/// ", "\n///   ", wrapped.matches('\n').count());
    }
    out
}
