// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One C header of all interfaces, with names of our own so that it lives beside Xen's.

use std::fmt::Write as _;

use crate::layout::{self, Arch};
use crate::model::*;
use crate::text::{upper, wrap};

/// The whole header.
pub fn header(interfaces: &[Interface]) -> String {
    let mut out = "\
/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Generated from abi/\\*.yaml by `xen-abi generate`: edit those files. */
#ifndef XEN_ABI_H
#define XEN_ABI_H

#include <stddef.h>
#include <stdint.h>

"
    .replace("\\*", "{interface}");
    for interface in interfaces {
        let _ = writeln!(out, "/* ==== {} ==== */\n", interface.title);
        out += &one(interface);
    }
    out + "#endif /* XEN_ABI_H */\n"
}

fn one(interface: &Interface) -> String {
    let scope = format!("XEN_ABI_{}", upper(&interface.name));
    let mut out = String::new();
    if let Some(hypercall) = &interface.hypercall {
        let _ = writeln!(out, "#define {scope}_HYPERCALL {}\n", hypercall.number);
    }
    for (name, value, text) in numbers(interface) {
        out += &define(&format!("{scope}_{name}"), value, text);
    }
    for item in &interface.structs {
        out += &structure(interface, item);
    }
    out
}

/// Every number of an interface: name, value and what it means.
fn numbers(interface: &Interface) -> Vec<(String, i128, &str)> {
    let mut all: Vec<(String, i128, &str)> = Vec::new();
    for value in &interface.constants {
        all.push((upper(&value.name), value.value, &value.doc));
    }
    for list in &interface.enums {
        for value in &list.values {
            let name = format!("{}_{}", upper(&list.name), upper(&value.name));
            all.push((name, value.value, &value.doc));
        }
    }
    for bitmap in &interface.bitmaps {
        for bits in &bitmap.bits {
            let name = format!("{}_{}", upper(&bitmap.name), upper(&bits.name));
            all.push((name, bits.mask().into(), &bits.doc));
        }
    }
    for id in interface.operations.iter().map(|op| &op.id) {
        all.push((format!("OP_{}", upper(&id.name)), id.number.into(), ""));
    }
    for ioctl in &interface.ioctls {
        let name = format!("IOCTL_{}", upper(&ioctl.name));
        all.push((name, ioctl.number.into(), &ioctl.doc));
    }
    all
}

fn comment(indent: &str, text: &str) -> String {
    let text = text.split("\n\n").next().unwrap_or(text);
    let mut out = String::new();
    let lines = wrap(text, 72);
    for (index, line) in lines.iter().enumerate() {
        let open = if index == 0 { "/*" } else { " *" };
        let close = if index + 1 == lines.len() { " */" } else { "" };
        let _ = writeln!(out, "{indent}{open} {line}{close}");
    }
    out
}

fn define(name: &str, value: i128, text: &str) -> String {
    let above = if text.is_empty() {
        String::new()
    } else {
        comment("", text)
    };
    let value = match value {
        ..0 => format!("({value})"),
        0..=0x7fff_ffff => format!("{value}"),
        0x8000_0000..=0xffff_ffff => format!("{value:#x}U"),
        _ => format!("{value:#x}ULL"),
    };
    format!("{above}#define {name} {value}\n")
}

/// A declaration of C for a field.
fn declare(interface: &Interface, ty: &Type, name: &str) -> String {
    match ty {
        Type::Scalar(number) => format!("{} {name}", scalar(*number)),
        Type::Pointer(_) | Type::Handle(_) | Type::Handle64(_) => format!("uint64_t {name}"),
        Type::Array(of, len) => declare(interface, of, &format!("{name}[{len}]")),
        Type::Void => format!("uint8_t {name}"),
        Type::Named(other) => {
            let enums = interface.enums.iter().map(|item| (&item.name, item.ty));
            let bitmaps = interface.bitmaps.iter().map(|item| (&item.name, item.ty));
            match enums.chain(bitmaps).find(|(known, _)| *known == other) {
                Some((_, ty)) => format!("{} {name}", scalar(ty)),
                None => format!("struct xen_abi_{}_{other} {name}", interface.name),
            }
        }
    }
}

fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "uint8_t",
        Scalar::U16 | Scalar::DomId => "uint16_t",
        Scalar::U32 | Scalar::Port | Scalar::GrantRef => "uint32_t",
        Scalar::I8 => "int8_t",
        Scalar::I16 => "int16_t",
        Scalar::I32 => "int32_t",
        Scalar::I64 => "int64_t",
        Scalar::U64 | Scalar::Ulong | Scalar::XenUlong | Scalar::XenPfn | Scalar::Gfn => "uint64_t",
    }
}

fn structure(interface: &Interface, item: &Struct) -> String {
    let Some(layout) = layout::structure(interface, item, Arch::X86_64) else {
        return String::new();
    };
    let name = format!("struct xen_abi_{}_{}", interface.name, item.name);
    let mut out = format!("\n{}{name} {{\n", comment("", &item.doc));
    for field in &item.fields {
        out += &comment("    ", &field.doc);
        out += &member(interface, field);
    }
    out += "};\n";
    let _ = writeln!(
        out,
        "_Static_assert(sizeof({name}) == {}, \"{}\");",
        layout.size.bytes, item.name
    );
    for (field, offset) in item.fields.iter().zip(&layout.offsets) {
        let _ = writeln!(
            out,
            "_Static_assert(offsetof({name}, {0}) == {offset}, \"{1}.{0}\");",
            field.name, item.name
        );
    }
    out + "\n"
}

fn member(interface: &Interface, field: &Field) -> String {
    match &field.kind {
        FieldKind::Plain(ty) => format!("    {};\n", declare(interface, ty, &field.name)),
        FieldKind::Pad(bytes) => format!("    uint8_t {}[{bytes}];\n", field.name),
        FieldKind::Union(union) => {
            let mut out = "    union {\n".to_owned();
            for variant in union.variants.iter().filter(|v| v.ty != Type::Void) {
                let line = declare(interface, &variant.ty, &variant.name);
                let (tag, when) = (&union.tag, variant.when);
                let _ = writeln!(out, "        {line}; /* {tag} == {when} */");
            }
            let _ = writeln!(out, "    }} {};", field.name);
            out
        }
    }
}
