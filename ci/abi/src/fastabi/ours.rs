// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! FastABI operations that our own specifications describe.

use std::fmt::Write as _;

use crate::layout;
use crate::model::*;
use crate::text::pascal;

use super::{Op, Spec, rust};

/// The operations with `fast:`, by hypercall.
pub fn of(interfaces: &[Interface]) -> Vec<Spec> {
    let mut specs = Vec::new();
    for interface in interfaces {
        let Some(hypercall) = &interface.hypercall else {
            continue;
        };
        let fast = |op: &Operation| {
            let fast = op.fast.as_ref()?;
            Some(Op {
                name: op.id.name.clone(),
                number: Some(op.id.number),
                inputs: fast.inputs.clone(),
                outputs: fast.outputs.clone(),
                c_struct: structure(interface, op).and_then(c_struct),
                params: fast.params.clone(),
                mapping: fast.mapping.clone(),
            })
        };
        let operations: Vec<Op> = interface.operations.iter().filter_map(fast).collect();
        if !operations.is_empty() {
            specs.push(Spec {
                name: interface.name.clone(),
                number: hypercall.number,
                operations,
            });
        }
    }
    specs
}

fn structure<'a>(interface: &'a Interface, op: &Operation) -> Option<&'a Struct> {
    let args = op.args.as_ref()?;
    interface.structs.iter().find(|item| item.name == *args)
}

/// `evtchn_send` of `struct evtchn_send`.
fn c_struct(item: &Struct) -> Option<String> {
    let c = item.c.as_ref().filter(|c| c.path.is_none())?;
    c.outer.strip_prefix("struct ").map(str::to_owned)
}

/// The number type of a field of one of our structures.
pub(super) fn field_type(interfaces: &[Interface], op: &Op, field: &str) -> Option<&'static str> {
    let (interface, item) = find(interfaces, op)?;
    let (found, _) = member(item, op.c_name(field))?;
    let FieldKind::Plain(ty) = &found.kind else {
        return None;
    };
    number(interface, ty)
}

fn find<'a>(interfaces: &'a [Interface], op: &Op) -> Option<(&'a Interface, &'a Struct)> {
    let name = op.c_struct.as_ref()?;
    interfaces.iter().find_map(|interface| {
        let mut structs = interface.structs.iter();
        let item = structs.find(|item| c_struct(item).as_ref() == Some(name))?;
        Some((interface, item))
    })
}

/// A field by C's name of it, with an index when it is an array.
fn member<'a>(item: &'a Struct, c: &str) -> Option<(&'a Field, Option<String>)> {
    let (name, index) = match c.strip_suffix(']').and_then(|c| c.split_once('[')) {
        Some((name, index)) => (name, Some(index.to_owned())),
        None => (c, None),
    };
    let found = item
        .fields
        .iter()
        .find(|field| field.c.as_deref() == Some(name))?;
    Some((found, index))
}

fn number(interface: &Interface, ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Scalar(scalar) => plain(*scalar),
        Type::Array(of, _) => return number(interface, of),
        Type::Pointer(_) | Type::Handle(_) | Type::Handle64(_) => "u64",
        Type::Void => return None,
        Type::Named(name) => {
            let enums = interface.enums.iter().map(|item| (&item.name, item.ty));
            let bitmaps = interface.bitmaps.iter().map(|item| (&item.name, item.ty));
            let (_, ty) = enums.chain(bitmaps).find(|(other, _)| *other == name)?;
            plain(ty)
        }
    })
}

fn plain(scalar: Scalar) -> &'static str {
    let signed = matches!(scalar, Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64);
    match (layout::scalar(scalar, layout::Arch::X86_64), signed) {
        (1, false) => "u8",
        (2, false) => "u16",
        (4, false) => "u32",
        (1, true) => "i8",
        (2, true) => "i16",
        (4, true) => "i32",
        (_, true) => "i64",
        _ => "u64",
    }
}

/// For each operation whose fields are all in its structure: the call that takes them from there
/// and puts results there, only when it has succeeded.
pub fn calls(specs: &[Spec], interfaces: &[Interface]) -> String {
    let mut out = String::new();
    for spec in specs {
        for op in &spec.operations {
            out += &call(spec, op, interfaces).unwrap_or_default();
        }
    }
    out
}

fn call(spec: &Spec, op: &Op, interfaces: &[Interface]) -> Option<String> {
    if !op.params.is_empty() {
        return None;
    }
    let found = find(interfaces, op);
    let mut arguments = String::new();
    for (field, _) in &op.inputs {
        let (interface, item) = found?;
        let _ = write!(
            arguments,
            ", {}",
            place(interface, item, op.c_name(field))?.0
        );
    }
    let mut results = String::new();
    for (field, _) in &op.outputs {
        let (interface, item) = found?;
        let (place, _) = place(interface, item, op.c_name(field))?;
        let _ = writeln!(results, "{place} = output.{};", rust::ident(field));
    }
    let function = rust::name(spec, op);
    let module = &spec.name;
    let binding = if arguments.is_empty() && results.is_empty() {
        "_args"
    } else {
        "args"
    };
    let safety = "// SAFETY: the caller keeps what the stub asks.\n";
    let call = format!("unsafe {{ {function}(instruction{arguments}) }}");
    let body = if op.outputs.is_empty() {
        format!("{safety}{call}\n")
    } else {
        format!("{safety}let output = {call}?;\n{results}Ok(output.result)\n")
    };
    Some(format!(
        "impl FastOperation for super::{module}::ops::{} {{\n\
         unsafe fn fast(instruction: Instruction, {binding}: &mut Self::Args) -> Result<u64, i64> \
         {{\n{body}}}\n}}\n\n",
        pascal(&op.name)
    ))
}

/// A field as Rust reaches the number in it.
fn place(interface: &Interface, item: &Struct, c: &str) -> Option<(String, &'static str)> {
    let (field, index) = member(item, c)?;
    let FieldKind::Plain(ty) = &field.kind else {
        return None;
    };
    let element = match ty {
        Type::Array(of, _) => of,
        other => other,
    };
    let newtype = match element {
        Type::Named(_) => true,
        Type::Scalar(scalar) => matches!(
            scalar,
            Scalar::DomId | Scalar::Port | Scalar::GrantRef | Scalar::Gfn | Scalar::XenPfn
        ),
        _ => false,
    };
    let index = index.map_or(String::new(), |index| format!("[{index}]"));
    let inner = if newtype { ".0" } else { "" };
    Some((
        format!("args.{}{index}{inner}", field.name),
        number(interface, ty)?,
    ))
}
