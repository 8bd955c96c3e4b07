// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Reference pages.

use std::fmt::Write as _;

use crate::layout::{self, Arch};
use crate::model::*;
use crate::text::sentence;

/// The page of an interface.
pub fn page(interface: &Interface) -> String {
    let mut out = format!(
        "<!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->\n\
         <!-- Generated from abi/{}.yaml by `xen-abi generate`: edit that file. -->\n\n\
         # {}\n\n{}\n",
        interface.name, interface.title, interface.about
    );
    if let Some(hypercall) = &interface.hypercall {
        let _ = write!(
            out,
            "\nHypercall {}: `{}`.\n",
            hypercall.number, hypercall.call
        );
    }
    for goal in &interface.goals {
        let _ = write!(out, "\n## To {}\n\n{}\n", goal.name, goal.text);
        if let Some(example) = &goal.example {
            let _ = write!(out, "\n```rust\n{}\n```\n", visible(example));
        }
    }
    if !interface.operations.is_empty() {
        out += "\n## Operations\n";
        for operation in &interface.operations {
            out += &one(operation);
        }
    }
    out += &ioctls(interface);
    if !interface.structs.is_empty() {
        out += "\n## Structures\n";
        for item in &interface.structs {
            out += &structure(interface, item);
        }
    }
    out + &numbers(interface)
}

/// An example without the lines that rustdoc hides.
fn visible(example: &str) -> String {
    let lines = example.trim_end().lines();
    let lines: Vec<&str> = lines
        .filter(|line| *line != "#" && !line.starts_with("# "))
        .collect();
    lines.join("\n")
}

fn one(operation: &Operation) -> String {
    let id = &operation.id;
    let mut out = format!(
        "\n### {} ({})\n\n{}\n\n",
        id.name,
        id.number,
        sentence(&operation.doc)
    );
    if let Some(args) = &operation.args {
        let array = if operation.batch { "an array of " } else { "" };
        let _ = writeln!(out, "- Takes {array}[`{args}`](#{args}).");
    }
    for slot in &operation.slots {
        let _ = writeln!(
            out,
            "- Buffer `{}` ({}, {}): {}",
            slot.name,
            direction(slot.direction),
            if slot.many { "any number" } else { "one" },
            sentence(&slot.doc)
        );
    }
    if let Some(returns) = &operation.returns {
        let _ = writeln!(out, "- Returns {}", sentence(returns));
    }
    let _ = writeln!(
        out,
        "- {}, {}, since {}. Caller: {}.",
        class(id),
        arches(id),
        since(id),
        id.xsm
    );
    out
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::In => "in",
        Direction::Out => "out",
        Direction::InOut => "in and out",
    }
}

fn class(id: &Identity) -> String {
    let class = match id.class {
        Class::Privileged => "privileged",
        Class::Logical => "logical",
    };
    let stability = match id.stability {
        Stability::Stable => "stable",
        Stability::Unstable => "unstable",
        Stability::Legacy => "legacy",
    };
    format!("{class}, {stability}")
}

fn arches(id: &Identity) -> &'static str {
    match (id.available.x86, id.available.arm) {
        (true, true) => "x86 and Arm",
        (true, false) => "x86",
        (false, true) => "Arm",
        (false, false) => "none",
    }
}

fn since(id: &Identity) -> String {
    id.available
        .since
        .map_or("before 4.9".to_owned(), |version| version.to_string())
}

fn ioctls(interface: &Interface) -> String {
    let mut out = String::new();
    if interface.ioctls.is_empty() {
        return out;
    }
    out += "\n## Requests\n\n| name | number | argument | what it does |\n|---|---|---|---|\n";
    for ioctl in &interface.ioctls {
        let args = ioctl
            .args
            .as_ref()
            .map_or(String::new(), |args| format!("[`{args}`](#{args})"));
        let _ = writeln!(
            out,
            "| {} | {:#x} | {args} | {} |",
            ioctl.name,
            ioctl.number,
            flat(&ioctl.doc)
        );
    }
    out
}

/// A text in one cell of a table.
fn flat(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    sentence(&words.join(" ")).replace('|', "\\|")
}

/// A type as the specification writes it.
fn ty(ty: &Type) -> String {
    match ty {
        Type::Scalar(number) => format!("{number:?}").to_lowercase(),
        Type::Pointer(of) => format!("ptr<{}>", self::ty(of)),
        Type::Handle(of) => format!("handle<{}>", self::ty(of)),
        Type::Handle64(of) => format!("handle64<{}>", self::ty(of)),
        Type::Array(of, len) => format!("[{}; {len}]", self::ty(of)),
        Type::Named(name) => name.clone(),
        Type::Void => "void".to_owned(),
    }
}

fn structure(interface: &Interface, item: &Struct) -> String {
    let Some(layout) = layout::structure(interface, item, Arch::X86_64) else {
        return String::new();
    };
    let mut out = format!(
        "\n### {}\n\n{} {} bytes.\n",
        item.name,
        sentence(&item.doc),
        layout.size.bytes
    );
    if let Some(why) = &item.lp64 {
        let _ = write!(
            out,
            "\nLaid out so for 64-bit callers only: {}\n",
            sentence(why)
        );
    }
    out += "\n| offset | field | type | | meaning |\n|---|---|---|---|---|\n";
    for (field, offset) in item.fields.iter().zip(&layout.offsets) {
        let (name, way, text) = (&field.name, direction(field.direction), flat(&field.doc));
        let _ = match &field.kind {
            FieldKind::Pad(bytes) => {
                writeln!(out, "| {offset} | {name} | [u8; {bytes}] | | Zero. |")
            }
            FieldKind::Plain(of) => {
                writeln!(out, "| {offset} | {name} | {} | {way} | {text} |", ty(of))
            }
            FieldKind::Union(union) => writeln!(
                out,
                "| {offset} | {name} | union by `{}` | {way} | {text} {} |",
                union.tag,
                variants(union)
            ),
        };
    }
    out
}

fn variants(union: &Union) -> String {
    let one = |v: &Variant| format!("{}: {} ({})", v.when, v.name, ty(&v.ty));
    let all: Vec<String> = union.variants.iter().map(one).collect();
    format!("{}.", all.join("; "))
}

fn numbers(interface: &Interface) -> String {
    let mut out = String::new();
    for list in &interface.enums {
        let rows = list.values.iter();
        let rows = rows.map(|value| (value.value.to_string(), &value.name, &value.doc));
        let _ = write!(out, "\n### {}\n\n{}\n", list.name, sentence(&list.doc));
        out += &table("value", rows);
    }
    for bitmap in &interface.bitmaps {
        let rows = bitmap.bits.iter();
        let rows = rows.map(|bits| (format!("{:#x}", bits.mask()), &bits.name, &bits.doc));
        let _ = write!(out, "\n### {}\n\n{}\n", bitmap.name, sentence(&bitmap.doc));
        out += &table("bits", rows);
    }
    if !interface.constants.is_empty() {
        let rows = interface.constants.iter();
        let rows = rows.map(|value| (value.value.to_string(), &value.name, &value.doc));
        out += "\n## Constants\n";
        out += &table("value", rows);
    }
    out
}

fn table<'a>(what: &str, rows: impl Iterator<Item = (String, &'a String, &'a String)>) -> String {
    let mut out = format!("\n| {what} | name | meaning |\n|---|---|---|\n");
    for (value, name, text) in rows {
        let _ = writeln!(out, "| {value} | {name} | {} |", flat(text));
    }
    out
}

/// One table of every operation of every hypercall, described or only named.
pub fn operations(interfaces: &[Interface]) -> String {
    let mut out = "\
<!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->
<!-- Generated from abi/ by `xen-abi generate`: edit those files. -->

# Every operation, and who may issue it

*Privileged*: only a kernel, because the call acts on the caller's own execution or on resources a
kernel manages. *Logical*: a process too, if its kernel checks that the buffers are its own.

| interface | number | operation | class | architectures | since | caller |
|---|---|---|---|---|---|---|
"
    .to_owned();
    for interface in interfaces {
        let described = interface.operations.iter().map(|op| &op.id);
        let mut all: Vec<_> = described
            .chain(interface.others.iter().map(|other| &other.id))
            .collect();
        all.sort_by_key(|id| id.number);
        for id in all {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} |",
                interface.name,
                id.number,
                id.name,
                class(id),
                arches(id),
                since(id),
                id.xsm
            );
        }
    }
    out
}
