// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A tagged union: bytes in the structure, an enum to read and write them by.

use std::fmt::Write as _;

use crate::layout::Size;
use crate::model::*;
use crate::text::{doc, pascal, sentence};

use super::ty;

/// More values than this make functions that are longer than ours may be.
const LONG: usize = 8;

/// An array that is as large and as aligned as the union.
pub(super) fn storage(size: Size) -> String {
    format!("[u{}; {}]", size.align * 8, size.bytes / size.align)
}

/// The enum, its reader and its writer.
pub(super) fn accessors(
    interface: &Interface,
    item: &Struct,
    field: &Field,
    union: &Union,
) -> String {
    let name = format!("{}{}", pascal(&item.name), pascal(&field.name));
    let mut out = doc(
        "",
        "///",
        &sentence(&format!("{}, by its tag", field.doc.trim_end_matches('.'))),
    );
    let _ = write!(
        out,
        "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum {name} {{\n"
    );
    for variant in &union.variants {
        out += &doc("    ", "///", &sentence(&variant.doc));
        let _ = writeln!(
            out,
            "    {}{},",
            pascal(&variant.name),
            payload(variant, "(", ")")
        );
    }
    out += "}\n\n";
    let tag = Tag::of(interface, item, union);
    if union.variants.len() > LONG {
        out += "#[allow(clippy::too_many_lines, reason = \"an arm for each value\")]\n";
    }
    let _ = writeln!(out, "impl {} {{", pascal(&item.name));
    out += &reader(&name, field, union, &tag);
    out += &writer(&name, field, union, &tag);
    out + "}\n\n"
}

fn payload(variant: &Variant, open: &str, close: &str) -> String {
    match &variant.ty {
        Type::Void => String::new(),
        other => format!("{open}{}{close}", ty(other, "")),
    }
}

/// How the tag is read and written in Rust.
struct Tag {
    get: String,
    set: Box<dyn Fn(u64) -> String>,
}

impl Tag {
    fn of(interface: &Interface, item: &Struct, union: &Union) -> Self {
        let field = &union.tag;
        let found = item.fields.iter().find(|other| other.name == *field);
        let newtype = match found.map(|found| &found.kind) {
            Some(FieldKind::Plain(Type::Named(name))) => Some(pascal(name)),
            _ => None,
        };
        let _ = interface;
        let place = match newtype {
            Some(_) => format!("self.{field}.0"),
            None => format!("self.{field}"),
        };
        match union.mask {
            None => Self {
                get: place.clone(),
                set: Box::new(move |when| format!("{place} = {when};")),
            },
            Some(mask) => Self {
                get: format!("{place} & {mask:#x}"),
                set: Box::new(move |when| match when {
                    0 => format!("{place} &= !{mask:#x};"),
                    _ => format!("{place} = ({place} & !{mask:#x}) | {when};"),
                }),
            },
        }
    }
}

fn reader(name: &str, field: &Field, union: &Union, tag: &Tag) -> String {
    let of = &field.name;
    let mut out = format!(
        "/// What [`{of}`](Self::{of}) holds.\n///\n/// # Errors\n///\n\
         /// [`UnknownTag`](crate::operation::UnknownTag) when the tag names none of its values.\n\
         pub fn {of}_value(&self) -> Result<{name}, crate::operation::UnknownTag> {{\n\
         match {} {{\n",
        tag.get
    );
    for variant in &union.variants {
        let variant_name = pascal(&variant.name);
        let value = match &variant.ty {
            Type::Void => String::new(),
            _ => format!("(crate::operation::prefix(IntoBytes::as_bytes(&self.{of})))"),
        };
        let _ = writeln!(
            out,
            "{} => Ok({name}::{variant_name}{value}),",
            variant.when
        );
    }
    out += "tag => Err(crate::operation::UnknownTag(u64::from(tag))),\n}\n}\n\n";
    out
}

fn writer(name: &str, field: &Field, union: &Union, tag: &Tag) -> String {
    let of = &field.name;
    let mut out = format!(
        "/// Sets [`{of}`](Self::{of}) and its tag; the rest of it becomes zero.\n\
         pub fn set_{of}(&mut self, value: {name}) {{\n\
         zerocopy::FromZeros::zero(&mut self.{of});\nmatch value {{\n"
    );
    for variant in &union.variants {
        let variant_name = pascal(&variant.name);
        let set = (tag.set)(variant.when);
        let _ = match &variant.ty {
            Type::Void => writeln!(out, "{name}::{variant_name} => {{ {set} }}"),
            _ => write!(
                out,
                "{name}::{variant_name}(value) => {{\n{set}\n\
                 crate::operation::put(&value, IntoBytes::as_mut_bytes(&mut self.{of}));\n}}\n"
            ),
        };
    }
    out + "}\n}\n"
}
