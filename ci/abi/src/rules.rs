// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The rules an interface must obey.

use std::collections::HashMap;

use crate::error::{Error, Place, Rule};
use crate::layout::{self, Arch, Layout};
use crate::model::*;
use crate::node::broken;
use crate::text::pascal;

/// Everything that is wrong with an interface.
///
/// # Errors
///
/// [`Error::Spec`], or [`Error::Many`] of them.
pub fn check(interface: &Interface) -> Result<(), Error> {
    let mut errors = Vec::new();
    names(interface, &mut errors);
    numbers(interface, &mut errors);
    for bitmap in &interface.bitmaps {
        bits(bitmap, &mut errors);
    }
    for structure in &interface.structs {
        layouts(interface, structure, &mut errors);
        for field in &structure.fields {
            if let FieldKind::Union(union) = &field.kind {
                tags(interface, structure, field, union, &mut errors);
            }
        }
    }
    references(interface, &mut errors);
    Error::collect(errors)
}

/// Refuses the second of two things with one key.
fn unique<K: std::hash::Hash + Eq>(
    items: impl Iterator<Item = (K, Place, String)>,
    rule: Rule,
    errors: &mut Vec<Error>,
) {
    let mut seen: HashMap<K, Place> = HashMap::new();
    for (key, place, name) in items {
        if let Some(first) = seen.get(&key) {
            let text = format!("{name} is already taken at {first}");
            errors.push(broken(&place, rule, text));
        } else {
            seen.insert(key, place);
        }
    }
}

fn names(interface: &Interface, errors: &mut Vec<Error>) {
    let entry = |place: &Place, name: &str| (pascal(name), place.clone(), format!("name `{name}`"));
    let structs = interface.structs.iter().map(|s| entry(&s.place, &s.name));
    let enums = interface.enums.iter().map(|e| entry(&e.place, &e.name));
    let bitmaps = interface.bitmaps.iter().map(|b| entry(&b.place, &b.name));
    unique(
        structs.chain(enums).chain(bitmaps),
        Rule::DuplicateName,
        errors,
    );
    let operations = interface.operations.iter().map(|op| &op.id);
    let identities = operations.chain(interface.others.iter().map(|other| &other.id));
    let identities = identities.map(|id| entry(&id.place, &id.name));
    let ioctls = interface.ioctls.iter().map(|i| entry(&i.place, &i.name));
    unique(identities.chain(ioctls), Rule::DuplicateName, errors);
    let constants = interface.constants.iter().map(|c| entry(&c.place, &c.name));
    unique(constants, Rule::DuplicateName, errors);
    for structure in &interface.structs {
        let fields = structure.fields.iter().map(|f| entry(&f.place, &f.name));
        unique(fields, Rule::DuplicateName, errors);
    }
    for list in &interface.enums {
        let values = list.values.iter().map(|v| entry(&v.place, &v.name));
        unique(values, Rule::DuplicateName, errors);
    }
    for bitmap in &interface.bitmaps {
        let bits = bitmap.bits.iter().map(|b| entry(&b.place, &b.name));
        unique(bits, Rule::DuplicateName, errors);
    }
}

fn numbers(interface: &Interface, errors: &mut Vec<Error>) {
    let operations = interface.operations.iter().map(|op| &op.id);
    let identities = operations.chain(interface.others.iter().map(|other| &other.id));
    let identities =
        identities.map(|id| (id.number, id.place.clone(), format!("number {}", id.number)));
    unique(identities, Rule::DuplicateNumber, errors);
    let ioctls = interface.ioctls.iter();
    let ioctls = ioctls.map(|i| (i.number, i.place.clone(), format!("number {:#x}", i.number)));
    unique(ioctls, Rule::DuplicateNumber, errors);
    let constants = interface.constants.iter();
    for value in constants.chain(interface.enums.iter().flat_map(|list| &list.values)) {
        if !fits(value.value, value.ty) {
            let text = format!("{} of `{}` does not fit its type", value.value, value.name);
            errors.push(broken(&value.place, Rule::Range, text));
        }
    }
    for list in &interface.enums {
        for arch in [true, false] {
            let here = |value: &&Constant| {
                if arch {
                    value.available.x86
                } else {
                    value.available.arm
                }
            };
            let values = list.values.iter().filter(here);
            let values = values.map(|v| (v.value, v.place.clone(), format!("value {}", v.value)));
            let before = errors.len();
            unique(values, Rule::DuplicateNumber, errors);
            if errors.len() > before {
                break;
            }
        }
    }
}

fn width(ty: Scalar) -> u32 {
    // The widest layout decides: a number that only fits there is still one of the type.
    u32::try_from(layout::scalar(ty, Arch::X86_64) * 8).unwrap_or(64)
}

fn fits(value: i128, ty: Scalar) -> bool {
    let width = width(ty);
    match ty {
        Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64 => {
            let limit = 1i128 << (width - 1);
            (-limit..limit).contains(&value)
        }
        _ => (0..1i128 << width).contains(&value),
    }
}

fn bits(bitmap: &Bitmap, errors: &mut Vec<Error>) {
    let mut taken = 0u64;
    for bits in &bitmap.bits {
        if bits.width == 0 || bits.shift.saturating_add(bits.width) > width(bitmap.ty) {
            let text = format!("bits of `{}` are outside `{}`", bits.name, bitmap.name);
            errors.push(broken(&bits.place, Rule::Range, text));
        }
        if taken & bits.mask() != 0 {
            let text = format!("`{}` has a bit of `{}` twice", bitmap.name, bits.name);
            errors.push(broken(&bits.place, Rule::OverlappingBits, text));
        }
        taken |= bits.mask();
    }
}

fn layouts(interface: &Interface, structure: &Struct, errors: &mut Vec<Error>) {
    let all = Arch::ALL.map(|arch| layout::structure(interface, structure, arch));
    let Some(first) = &all[0] else {
        let text = format!(
            "`{}` has a field of a type that does not exist",
            structure.name
        );
        errors.push(broken(&structure.place, Rule::Reference, text));
        return;
    };
    padding(structure, first, errors);
    let differs = all
        .iter()
        .flatten()
        .find(|other| other.offsets != first.offsets || other.size.bytes != first.size.bytes);
    match (differs, &structure.lp64) {
        (Some(_), None) => {
            let text = format!(
                "`{}` is laid out differently for 32-bit callers: use types of fixed width, or \
                 say in `lp64` why it may",
                structure.name
            );
            errors.push(broken(&structure.place, Rule::SameLayout, text));
        }
        (None, Some(_)) => {
            let text = format!(
                "`{}` needs no `lp64`: it is the same everywhere",
                structure.name
            );
            errors.push(broken(&structure.place, Rule::SameLayout, text));
        }
        _ => {}
    }
}

fn padding(structure: &Struct, layout: &Layout, errors: &mut Vec<Error>) {
    let before = errors.len();
    for ((field, offset), size) in structure
        .fields
        .iter()
        .zip(&layout.offsets)
        .zip(&layout.sizes)
    {
        let name = &field.name;
        let declared = field.at.unwrap_or(*offset);
        if field.at.is_some() && declared % size.align != 0 {
            let text = format!(
                "`{name}` at {declared} is not at a multiple of {}",
                size.align
            );
            errors.push(broken(&field.place, Rule::NaturalAlignment, text));
        } else if declared != *offset {
            let text = format!("`{name}` is declared at {declared}, its fields reach {offset}");
            errors.push(broken(&field.place, Rule::ImplicitPadding, text));
        } else if offset % size.align != 0 {
            let gap = size.align - offset % size.align;
            let text = format!("a compiler puts {gap} bytes before `{name}`: write `pad: {gap}`");
            errors.push(broken(&field.place, Rule::ImplicitPadding, text));
        }
    }
    if errors.len() > before {
        return; // The end is only known when the gaps are filled.
    }
    let rest = layout.size.bytes % layout.size.align;
    if rest != 0 {
        let gap = layout.size.align - rest;
        let text = format!(
            "a compiler puts {gap} bytes at the end of `{}`: write `pad: {gap}`",
            structure.name
        );
        errors.push(broken(&structure.place, Rule::ImplicitPadding, text));
    }
}

fn tags(
    interface: &Interface,
    structure: &Struct,
    field: &Field,
    union: &Union,
    errors: &mut Vec<Error>,
) {
    let tag = structure
        .fields
        .iter()
        .find(|other| other.name == union.tag);
    let size = match tag.map(|field| &field.kind) {
        Some(FieldKind::Plain(ty)) => layout::of(interface, ty, Arch::X86_64),
        _ => None,
    };
    let Some(size) = size else {
        let text = format!(
            "`{}` is tagged by `{}`, which is no field",
            field.name, union.tag
        );
        errors.push(broken(&field.place, Rule::Tag, text));
        return;
    };
    let all = u64::MAX >> (64 - 8 * size.bytes.clamp(1, 8));
    for variant in &union.variants {
        if variant.when & !(union.mask.unwrap_or(all) & all) != 0 {
            let text = format!("`{}` can never hold {}", union.tag, variant.when);
            errors.push(broken(&variant.place, Rule::Tag, text));
        }
    }
    let variants = union.variants.iter();
    let variants = variants.map(|v| (v.when, v.place.clone(), format!("tag {}", v.when)));
    unique(variants, Rule::DuplicateNumber, errors);
    let variants = union.variants.iter();
    let variants = variants.map(|v| (pascal(&v.name), v.place.clone(), format!("`{}`", v.name)));
    unique(variants, Rule::DuplicateName, errors);
}

fn references(interface: &Interface, errors: &mut Vec<Error>) {
    let known = |name: &str| interface.structs.iter().any(|s| s.name == *name);
    for operation in &interface.operations {
        if let Some(args) = operation.args.as_deref().filter(|args| !known(args)) {
            let text = format!("no structure `{args}`");
            errors.push(broken(&operation.id.place, Rule::Reference, text));
        }
        for slot in &operation.slots {
            if layout::of(interface, &slot.of, Arch::X86_64).is_none() {
                let text = format!("slot `{}` holds a type that does not exist", slot.name);
                errors.push(broken(&slot.place, Rule::Reference, text));
            }
        }
    }
    for ioctl in &interface.ioctls {
        let size = match &ioctl.args {
            None => Some(0),
            Some(args) => layout::of(interface, &Type::Named(args.clone()), Arch::X86_64)
                .map(|size| size.bytes),
        };
        let carried = u64::from(ioctl.number >> 16 & 0x3fff);
        match size {
            None => {
                let text = format!("no structure `{}`", ioctl.args.as_deref().unwrap_or(""));
                errors.push(broken(&ioctl.place, Rule::Reference, text));
            }
            Some(size) if size != carried => {
                let text = format!(
                    "`{}` carries size {carried}, its argument has {size}",
                    ioctl.name
                );
                errors.push(broken(&ioctl.place, Rule::IoctlSize, text));
            }
            Some(_) => {}
        }
    }
}
