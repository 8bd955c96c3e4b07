// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! C as xenbindgen lays it out.

use std::fmt::Write as _;

use crate::layout::{self, Arch};
use crate::model::*;
use crate::text::{upper, wrap};

use super::Spec;

/// The header of a specification; `file` is the name of its directory.
pub fn header(spec: &Spec, file: &str) -> String {
    let guard = format!("__XEN_AUTOGEN_{}_H", upper(&file.replace('-', "_")));
    let mut out = format!("/* Generated: do not edit. */\n#ifndef {guard}\n#define {guard}\n\n");
    let interface = &spec.interface;
    let (enums, bitmaps) = spec.included_numbers;
    for list in &interface.enums[enums..] {
        out += &enumeration(list);
    }
    for bits in &interface.bitmaps[bitmaps..] {
        out += &bitmap(bits);
    }
    for item in &interface.structs[spec.included..] {
        out += &structure(interface, item);
    }
    let _ = writeln!(out, "#endif /* {guard} */");
    out
}

fn comment(indent: &str, text: &str) -> String {
    let lines = wrap(text, 72);
    let body: String = lines
        .iter()
        .map(|line| format!("{}\n", format!("{indent} * {line}").trim_end()))
        .collect();
    format!("{indent}/*\n{body}{indent} */\n")
}

fn enumeration(item: &Enum) -> String {
    let mut out = comment("", &item.doc);
    let _ = writeln!(out, "enum {} {{", item.name);
    for value in &item.values {
        out += &comment("    ", &value.doc);
        let name = format!("{}_{}", upper(&item.name), upper(&value.name));
        let _ = writeln!(out, "    {name} = {},", value.value);
    }
    out + "};\n\n"
}

fn bitmap(item: &Bitmap) -> String {
    let mut out = comment("", &item.doc);
    let name = upper(&item.name);
    let one = if layout::scalar(item.ty, Arch::X86_64) == 8 {
        "1ULL"
    } else {
        "1U"
    };
    let all = item.bits.iter().fold(0, |all, bits| all | bits.mask());
    let _ = writeln!(out, "struct {} {{}}; /* GREP FODDER */", item.name);
    for bits in &item.bits {
        out += &comment("", &bits.doc);
        let _ = writeln!(
            out,
            "#define {name}_{} ({one} << {})",
            upper(&bits.name),
            bits.shift
        );
    }
    let _ = writeln!(out, "#define {name}__ALL ({all:#x}{})\n", &one[1..]);
    out
}

fn structure(interface: &Interface, item: &Struct) -> String {
    let mut out = comment("", &item.doc);
    let _ = writeln!(out, "struct {} {{", item.name);
    for field in &item.fields {
        out += &comment("    ", &field.doc);
        if let FieldKind::Plain(ty) = &field.kind {
            let _ = writeln!(out, "    {};", declare(interface, ty, &field.name));
        }
    }
    out + "};\n\n"
}

fn declare(interface: &Interface, ty: &Type, name: &str) -> String {
    match ty {
        Type::Array(of, len) => declare(interface, of, &format!("{name}[{len}]")),
        Type::Named(other) => {
            let enums = interface.enums.iter().map(|item| (&item.name, item.ty));
            let bitmaps = interface.bitmaps.iter().map(|item| (&item.name, item.ty));
            match enums.chain(bitmaps).find(|(known, _)| *known == other) {
                Some((_, ty)) => format!("{} {name} /* See {other} */", scalar(ty)),
                None => format!("struct {other} {name}"),
            }
        }
        Type::Scalar(number) => format!("{} {name}", scalar(*number)),
        Type::Handle64(of) => match of.as_ref() {
            Type::Scalar(number) => {
                let of = scalar(*number).trim_end_matches("_t");
                format!("XEN_GUEST_HANDLE_64({of}) {name}")
            }
            _ => format!("XEN_GUEST_HANDLE_64(void) {name}"),
        },
        Type::Pointer(_) | Type::Handle(_) | Type::Void => format!("uint64_aligned_t {name}"),
    }
}

fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "uint8_t",
        Scalar::U16 => "uint16_t",
        Scalar::U32 => "uint32_t",
        Scalar::I8 => "int8_t",
        Scalar::I16 => "int16_t",
        Scalar::I32 => "int32_t",
        Scalar::I64 => "int64_t",
        _ => "uint64_aligned_t",
    }
}
