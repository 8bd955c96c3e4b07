// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Sizes and offsets, on every architecture that Xen's callers have.

use crate::model::*;

/// An architecture, as far as layouts depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit Arm.
    Arm64,
    /// 32-bit Arm: short pointers, long guest handles.
    Arm32,
    /// 32-bit x86: short everything.
    X86_32,
}

impl Arch {
    /// All of them; the first is the one that others are compared with.
    pub const ALL: [Arch; 4] = [Arch::X86_64, Arch::Arm64, Arch::Arm32, Arch::X86_32];

    fn pointer(self) -> u64 {
        match self {
            Self::X86_64 | Self::Arm64 => 8,
            Self::Arm32 | Self::X86_32 => 4,
        }
    }

    fn handle(self) -> u64 {
        match self {
            Self::X86_32 => 4,
            _ => 8,
        }
    }
}

/// How much room a type takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Bytes.
    pub bytes: u64,
    /// Alignment.
    pub align: u64,
}

impl Size {
    fn own(bytes: u64) -> Self {
        Self {
            bytes,
            align: bytes,
        }
    }
}

/// Where the fields of a structure are when nothing is put between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The sum of the fields.
    pub size: Size,
    /// Offset of each field.
    pub offsets: Vec<u64>,
    /// Room of each field.
    pub sizes: Vec<Size>,
}

/// No structure nests deeper; one that does contains itself.
const DEPTH: u32 = 8;

/// Bytes of a number.
pub fn scalar(scalar: Scalar, arch: Arch) -> u64 {
    match scalar {
        Scalar::U8 | Scalar::I8 => 1,
        Scalar::U16 | Scalar::I16 | Scalar::DomId => 2,
        Scalar::U32 | Scalar::I32 | Scalar::Port | Scalar::GrantRef => 4,
        Scalar::U64 | Scalar::I64 | Scalar::Gfn => 8,
        Scalar::Ulong => arch.pointer(),
        Scalar::XenUlong | Scalar::XenPfn => arch.handle(),
    }
}

/// Room of a type; nothing when a name in it refers to nothing or to itself.
pub fn of(interface: &Interface, ty: &Type, arch: Arch) -> Option<Size> {
    nested(interface, ty, arch, DEPTH)
}

/// Layout of a structure; nothing when a name in it refers to nothing or to itself.
pub fn structure(interface: &Interface, structure: &Struct, arch: Arch) -> Option<Layout> {
    fields(interface, structure, arch, DEPTH)
}

fn nested(interface: &Interface, ty: &Type, arch: Arch, depth: u32) -> Option<Size> {
    let depth = depth.checked_sub(1)?;
    Some(match ty {
        Type::Scalar(number) => Size::own(scalar(*number, arch)),
        Type::Pointer(_) => Size::own(arch.pointer()),
        Type::Handle(_) => Size::own(arch.handle()),
        Type::Handle64(_) => Size::own(8),
        Type::Void => Size { bytes: 0, align: 1 },
        Type::Array(of, len) => {
            let one = nested(interface, of, arch, depth)?;
            Size {
                bytes: one.bytes.checked_mul(*len)?,
                align: one.align,
            }
        }
        Type::Named(name) => named(interface, name, arch, depth)?,
    })
}

fn named(interface: &Interface, name: &str, arch: Arch, depth: u32) -> Option<Size> {
    let enums = interface.enums.iter().map(|item| (&item.name, item.ty));
    let bitmaps = interface.bitmaps.iter().map(|item| (&item.name, item.ty));
    if let Some((_, ty)) = enums.chain(bitmaps).find(|(other, _)| *other == name) {
        return Some(Size::own(scalar(ty, arch)));
    }
    let found = interface.structs.iter().find(|item| item.name == name)?;
    Some(fields(interface, found, arch, depth)?.size)
}

fn fields(interface: &Interface, structure: &Struct, arch: Arch, depth: u32) -> Option<Layout> {
    let mut layout = Layout {
        size: Size { bytes: 0, align: 1 },
        offsets: Vec::new(),
        sizes: Vec::new(),
    };
    for field in &structure.fields {
        let size = match &field.kind {
            FieldKind::Plain(ty) => nested(interface, ty, arch, depth)?,
            FieldKind::Pad(bytes) => Size {
                bytes: *bytes,
                align: 1,
            },
            FieldKind::Union(union) => variants(interface, union, arch, depth)?,
        };
        layout.offsets.push(layout.size.bytes);
        layout.sizes.push(size);
        layout.size.bytes = layout.size.bytes.checked_add(size.bytes)?;
        layout.size.align = layout.size.align.max(size.align);
    }
    Some(layout)
}

/// A union is as large as its largest variant, rounded up to its alignment, as in C.
fn variants(interface: &Interface, union: &Union, arch: Arch, depth: u32) -> Option<Size> {
    let mut all = Size { bytes: 0, align: 1 };
    for variant in &union.variants {
        let one = nested(interface, &variant.ty, arch, depth)?;
        all.bytes = all.bytes.max(one.bytes);
        all.align = all.align.max(one.align);
    }
    all.bytes = all.bytes.checked_next_multiple_of(all.align)?;
    Some(all)
}
