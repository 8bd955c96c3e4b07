// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The questions that a specification puts to a C compiler.

use std::fmt::Write as _;

use crate::error::Place;
use crate::layout::{self, Arch, Layout};
use crate::model::*;

use super::Headers;

/// One question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Where the specification answers it.
    pub place: Place,
    /// What is asked, as C names it.
    pub name: String,
    /// The specification's answer.
    pub expected: i128,
    /// The question in C.
    pub expression: String,
}

/// All questions of an interface that these headers can answer.
pub fn probes(interface: &Interface, set: &Headers) -> Vec<Probe> {
    let mut all = numbers(interface, set);
    let arch = if set.arm { Arch::Arm64 } else { Arch::X86_64 };
    let structs = interface.structs.iter();
    for item in structs.filter(|item| here(&item.available, set)) {
        if let (Some(c), Some(layout)) = (&item.c, layout::structure(interface, item, arch)) {
            structure(item, c, &layout, &mut all);
        }
    }
    all
}

/// Whether these headers have something.
fn here(available: &Availability, set: &Headers) -> bool {
    let old_enough = available.since.is_none_or(|since| since <= set.version);
    old_enough
        && if set.arm {
            available.arm
        } else {
            available.x86
        }
}

/// Constants, bits and ioctls that have names in C.
fn numbers(interface: &Interface, set: &Headers) -> Vec<Probe> {
    let values = interface.enums.iter().flat_map(|list| &list.values);
    let values = values.chain(&interface.constants);
    let values = values.map(|v| (&v.place, &v.available, v.c.as_ref(), v.value));
    let bits = interface.bitmaps.iter().flat_map(|bitmap| &bitmap.bits);
    let bits = bits.map(|b| (&b.place, &b.available, b.c.as_ref(), b.mask().into()));
    let ioctls = interface.ioctls.iter();
    let ioctls = ioctls.map(|i| (&i.place, &i.available, Some(&i.c), i.number.into()));
    values
        .chain(bits)
        .chain(ioctls)
        .filter(|(_, available, _, _)| here(available, set))
        .filter_map(|(place, _, c, value)| {
            let c = c?;
            Some(Probe::new(place, c.clone(), value, c.clone()))
        })
        .collect()
}

/// Size of a structure, offset and size of each field that C names.
fn structure(item: &Struct, c: &CType, layout: &Layout, all: &mut Vec<Probe>) {
    let outer = &c.outer;
    let member = |path: &str| match &c.path {
        Some(inside) => format!("{inside}.{path}"),
        None => path.to_owned(),
    };
    let (whole, base) = match &c.path {
        None => (format!("sizeof({outer})"), String::new()),
        Some(path) => (
            format!("sizeof((({outer} *)0)->{path})"),
            format!(" - offsetof({outer}, {path})"),
        ),
    };
    let name = |what: &str| match &c.path {
        Some(path) => format!("{what} of {outer}.{path}"),
        None => format!("{what} of {outer}"),
    };
    let size = i128::from(layout.size.bytes);
    all.push(Probe::new(&item.place, name("size"), size, whole));
    for ((field, offset), size) in item.fields.iter().zip(&layout.offsets).zip(&layout.sizes) {
        let Some(path) = field.c.as_deref().map(member) else {
            continue;
        };
        let full = format!("{outer}.{path}");
        all.push(Probe::new(
            &field.place,
            format!("offset of {full}"),
            i128::from(*offset),
            format!("offsetof({outer}, {path}){base}"),
        ));
        all.push(Probe::new(
            &field.place,
            format!("size of {full}"),
            i128::from(size.bytes),
            format!("sizeof((({outer} *)0)->{path})"),
        ));
    }
}

/// The C file that asks them. `#line` makes the compiler name the specification.
pub(super) fn program(interface: &Interface, probes: &[Probe]) -> String {
    let mut out = "\
#define __XEN_TOOLS__ 1
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
"
    .to_owned();
    if interface.origin == Origin::Xen {
        out += "#include <xen/xen.h>\n";
    } else {
        out += "#include <xen/interface/xen.h>\n";
    }
    for header in &interface.headers {
        let _ = writeln!(out, "#include <xen/{header}>");
    }
    out += "#define ASK(mark, value) __asm__ volatile(\"\\n@@\" #mark \"@ %0\" : : \"i\"(value))\n\
            void ask(void)\n{\n";
    for (index, probe) in probes.iter().enumerate() {
        let Place { file, line } = &probe.place;
        // Through a signed type, so that negative numbers and 64-bit masks both print as written.
        let value = match probe.expected {
            ..0 => format!("(long long)({})", probe.expression),
            0..=0x7fff_ffff => format!("(long long)({})", probe.expression),
            0x8000_0000..=0xffff_ffff => {
                format!("(long long)(unsigned int)({})", probe.expression)
            }
            _ => format!("(unsigned long long)({})", probe.expression),
        };
        let _ = writeln!(out, "#line {line} \"{file}\"\nASK({index}, {value});");
    }
    out + "}\n"
}
