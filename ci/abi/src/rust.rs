// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Rust: types, numbers and operations of one interface.

use std::fmt::Write as _;

use crate::layout::{self, Arch};
use crate::model::*;
use crate::text::{doc, pascal, sentence, upper};

mod operation;
mod union;

/// What every generated type derives.
const DERIVE: &str =
    "#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, \
                      KnownLayout)]
";

/// The module of an interface, not yet formatted.
pub fn module(interface: &Interface) -> String {
    let mut out = format!(
        "// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause\n\
         // Generated from abi/{}.yaml by `xen-abi generate`: edit that file.\n\n",
        interface.name
    );
    out += &head(interface);
    if !(interface.enums.is_empty() && interface.bitmaps.is_empty() && interface.structs.is_empty())
    {
        out += "use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};\n\n";
    }
    for constant in &interface.constants {
        out += &doc("", "///", &sentence(&constant.doc));
        let ty = scalar(constant.ty);
        let name = upper(&constant.name);
        let _ = writeln!(out, "pub const {name}: {ty} = {};\n", constant.value);
    }
    for item in &interface.enums {
        out += &enumeration(item);
    }
    for item in &interface.bitmaps {
        out += &bitmap(item);
    }
    for item in &interface.structs {
        out += &structure(interface, item);
    }
    out += &operation::ioctls(interface);
    out += &operation::numbers(interface);
    out += &operation::operations(interface);
    out
}

fn head(interface: &Interface) -> String {
    let mut out = doc("", "//!", &format!("{}.", interface.title));
    out += "//!\n";
    out += &doc("", "//!", &interface.about);
    if !interface.headers.is_empty() {
        let whose = match interface.origin {
            Origin::Xen => "xen/include/public",
            Origin::Linux => "include/uapi/xen",
        };
        let names: Vec<String> = interface
            .headers
            .iter()
            .map(|name| format!("`{whose}/{name}`"))
            .collect();
        out += "//!\n";
        out += &doc("", "//!", &format!("Source: {}.", names.join(", ")));
    }
    for goal in &interface.goals {
        let _ = write!(out, "//!\n//! # To {}\n//!\n", goal.name);
        out += &doc("", "//!", &goal.text);
        if let Some(example) = &goal.example {
            out += "//!\n//! ```\n";
            for line in example.trim_end().lines() {
                let _ = writeln!(out, "{}", format!("//! {line}").trim_end());
            }
            out += "//! ```\n";
        }
    }
    out + "\n"
}

/// The Rust type of a number.
pub(crate) fn scalar(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::U8 => "u8",
        Scalar::U16 => "u16",
        Scalar::U32 => "u32",
        Scalar::U64 | Scalar::Ulong | Scalar::XenUlong => "u64",
        Scalar::I8 => "i8",
        Scalar::I16 => "i16",
        Scalar::I32 => "i32",
        Scalar::I64 => "i64",
        Scalar::DomId => "crate::DomId",
        Scalar::Port => "crate::Port",
        Scalar::GrantRef => "crate::GrantRef",
        Scalar::XenPfn | Scalar::Gfn => "crate::Gfn",
    }
}

/// The Rust type of a field; `scope` leads to the interface's module.
pub(crate) fn ty(ty: &Type, scope: &str) -> String {
    match ty {
        Type::Scalar(number) => scalar(*number).to_owned(),
        Type::Pointer(_) | Type::Handle(_) | Type::Handle64(_) => "u64".to_owned(),
        Type::Array(of, len) => format!("[{}; {len}]", self::ty(of, scope)),
        Type::Named(name) => format!("{scope}{}", pascal(name)),
        Type::Void => "u8".to_owned(),
    }
}

fn enumeration(item: &Enum) -> String {
    let mut out = doc("", "///", &sentence(&item.doc));
    let name = pascal(&item.name);
    let _ = write!(
        out,
        "{DERIVE}#[derive(PartialOrd, Ord, Hash)]\n#[repr(transparent)]\n\
         pub struct {name}(pub {});\n\nimpl {name} {{\n",
        scalar(item.ty)
    );
    for value in &item.values {
        out += &doc("    ", "///", &sentence(&value.doc));
        let _ = writeln!(
            out,
            "    pub const {}: Self = Self({});",
            constant(&value.name),
            value.value
        );
    }
    out + "}\n\n"
}

/// A name as a constant's; names may not begin with a digit.
fn constant(name: &str) -> String {
    let name = upper(name);
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        format!("_{name}")
    } else {
        name
    }
}

fn bitmap(item: &Bitmap) -> String {
    let mut out = doc("", "///", &sentence(&item.doc));
    let name = pascal(&item.name);
    let _ = write!(
        out,
        "{DERIVE}#[derive(Hash)]\n#[repr(transparent)]\npub struct {name}(pub {});\n\n\
         impl {name} {{\n",
        scalar(item.ty)
    );
    let mut all = 0;
    for bits in &item.bits {
        all |= bits.mask();
        out += &doc("    ", "///", &sentence(&bits.doc));
        let bit = constant(&bits.name);
        let _ = writeln!(out, "    pub const {bit}: Self = Self({:#x});", bits.mask());
        if bits.width > 1 {
            let _ = writeln!(out, "    /// The lowest bit of [`{bit}`](Self::{bit}).");
            let _ = writeln!(out, "    pub const {bit}_SHIFT: u32 = {};", bits.shift);
        }
    }
    let _ = write!(
        out,
        "    /// Every bit that has a name.\n    pub const ALL: Self = Self({all:#x});\n\n\
         /// Whether all bits of `other` are set.\n\
         pub const fn contains(self, other: Self) -> bool {{ self.0 & other.0 == other.0 }}\n}}\n\n\
         impl core::ops::BitOr for {name} {{\n    type Output = Self;\n\n\
         fn bitor(self, other: Self) -> Self {{ Self(self.0 | other.0) }}\n}}\n\n"
    );
    out
}

fn structure(interface: &Interface, item: &Struct) -> String {
    let name = pascal(&item.name);
    let Some(layout) = layout::structure(interface, item, Arch::X86_64) else {
        return String::new();
    };
    let mut out = doc("", "///", &sentence(&item.doc));
    if let Some(c) = &item.c {
        let c = match &c.path {
            None => c.outer.clone(),
            Some(path) => format!("{}, {path}", c.outer),
        };
        let _ = write!(out, "///\n/// C: `{c}`.\n");
    }
    let _ = write!(out, "{DERIVE}#[repr(C)]\npub struct {name} {{\n");
    for (field, size) in item.fields.iter().zip(&layout.sizes) {
        out += &field_line(field, *size);
    }
    out += "}\n\n";
    let _ = write!(
        out,
        "impl Default for {name} {{\n/// All zeros.\n\
         fn default() -> Self {{ zerocopy::FromZeros::new_zeroed() }}\n}}\n\n\
         const _: () = {{\nassert!(size_of::<{name}>() == {});\n\
         assert!(align_of::<{name}>() == {});\n",
        layout.size.bytes, layout.size.align
    );
    for (field, offset) in item.fields.iter().zip(&layout.offsets) {
        let field = &field.name;
        let _ = writeln!(
            out,
            "assert!(core::mem::offset_of!({name}, {field}) == {offset});"
        );
    }
    out += "};\n\n";
    for field in &item.fields {
        if let FieldKind::Union(union) = &field.kind {
            out += &union::accessors(interface, item, field, union);
        }
    }
    out
}

fn field_line(field: &Field, size: layout::Size) -> String {
    let direction = match (&field.kind, field.direction) {
        (FieldKind::Pad(_), _) => "",
        (_, Direction::In) => "In: ",
        (_, Direction::Out) => "Out: ",
        (_, Direction::InOut) => "In and out: ",
    };
    let mut out = doc(
        "    ",
        "///",
        &sentence(&format!("{direction}{}", field.doc)),
    );
    let ty = match &field.kind {
        FieldKind::Plain(of) => ty(of, ""),
        FieldKind::Pad(bytes) => format!("[u8; {bytes}]"),
        FieldKind::Union(_) => union::storage(size),
    };
    let _ = writeln!(out, "    pub {}: {ty},", field.name);
    out
}
