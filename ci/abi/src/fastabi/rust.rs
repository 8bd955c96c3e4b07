// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Rust stubs: a function per operation, typed, without allocation or `std`.

use std::fmt::Write as _;

use crate::model::Interface;
use crate::text::pascal;

use super::{MASK, Op, REGISTERS, Spec, width};

/// What all stubs need; they follow it in one module.
pub const PRELUDE: &str = r#"
/// The instruction that enters the hypervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instruction {
    /// Intel's.
    Vmcall,
    /// AMD's.
    Vmmcall,
    /// None: an undefined instruction, for a process that plays the hypervisor in a handler of
    /// `SIGILL`.
    Undefined,
}

macro_rules! call {
    ($instruction:expr, $($operands:tt)*) => {
        match $instruction {
            Instruction::Vmcall => {
                // SAFETY: the caller of the stub vouches for the operation; the operands name
                // every register that the hypervisor reads or writes.
                unsafe { core::arch::asm!("vmcall", $($operands)*, options(nostack)) }
            }
            Instruction::Vmmcall => {
                // SAFETY: as for vmcall.
                unsafe { core::arch::asm!("vmmcall", $($operands)*, options(nostack)) }
            }
            Instruction::Undefined => {
                // SAFETY: as for vmcall; the handler keeps to the same convention.
                unsafe { core::arch::asm!("ud2", $($operands)*, options(nostack)) }
            }
        }
    };
}

/// The low bits of a register.
fn low<const N: usize>(register: u64) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&register.to_le_bytes()[..N]);
    bytes
}

"#;

/// The stubs of some hypercalls, not yet formatted. `interfaces` say how wide the fields are.
pub fn stubs(specs: &[Spec], interfaces: &[Interface]) -> String {
    let mut out = String::new();
    for spec in specs {
        for op in &spec.operations {
            out += &output(spec, op, interfaces);
            out += &function(spec, op, interfaces);
        }
    }
    out
}

/// A field's name as Rust's: `time[0]` is `time_0`.
pub fn ident(field: &str) -> String {
    let name = field.replace(['.', '['], "_").replace(']', "");
    match name.as_str() {
        "ref" | "type" | "in" | "move" => format!("{name}_"),
        _ => name,
    }
}

pub(super) fn name(spec: &Spec, op: &Op) -> String {
    format!("{}_{}", spec.name, op.name)
}

fn output(spec: &Spec, op: &Op, interfaces: &[Interface]) -> String {
    if op.outputs.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "/// What [`{}`] gives back.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n\
         pub struct {}Output {{\n/// The result itself.\npub result: u64,\n",
        name(spec, op),
        pascal(&name(spec, op))
    );
    for (field, register) in &op.outputs {
        let ty = width(interfaces, op, field);
        let register = REGISTERS[usize::from(*register)];
        let _ = writeln!(
            out,
            "/// `{field}`, from `{register}`.\npub {}: {ty},",
            ident(field)
        );
    }
    out + "}\n\n"
}

fn function(spec: &Spec, op: &Op, interfaces: &[Interface]) -> String {
    let name = name(spec, op);
    let result = match op.outputs.is_empty() {
        true => "u64".to_owned(),
        false => format!("{}Output", pascal(&name)),
    };
    let mut out = format!(
        "/// Operation `{}` of `{}` in registers.\n///\n/// # Errors\n///\n\
         /// The result when it is negative: `-errno`. No output is read then.\n///\n\
         /// # Safety\n///\n/// The hypervisor must have the FastABI, and the operation must be \
         sound for the caller.\n\
         pub unsafe fn {name}(instruction: Instruction",
        op.name, spec.name
    );
    for (field, _) in &op.inputs {
        let _ = write!(out, ", {}: {}", ident(field), width(interfaces, op, field));
    }
    let _ = writeln!(out, ") -> Result<{result}, i64> {{\nlet rax: i64;");
    for (_, register) in &op.outputs {
        let _ = writeln!(out, "let out_{}: u64;", REGISTERS[usize::from(*register)]);
    }
    let _ = write!(
        out,
        "call!(instruction, inlateout(\"rax\") {:#x}_i64 => rax",
        MASK | spec.number
    );
    if let Some(number) = op.number {
        let _ = write!(out, ", in(\"rdi\") {number}_u64");
    }
    out += &operands(op, interfaces);
    out += ");\nif rax < 0 { return Err(rax); }\n";
    out += &success(&result, op, interfaces);
    out + "}\n\n"
}

fn operands(op: &Op, interfaces: &[Interface]) -> String {
    let mut out = String::new();
    for (field, register) in &op.inputs {
        let name = REGISTERS[usize::from(*register)];
        let value = widened(&ident(field), width(interfaces, op, field));
        let both = op.outputs.iter().any(|(_, other)| other == register);
        let _ = match both {
            true => write!(out, ", inlateout(\"{name}\") {value} => out_{name}"),
            false => write!(out, ", in(\"{name}\") {value}"),
        };
    }
    for (_, register) in &op.outputs {
        let name = REGISTERS[usize::from(*register)];
        if !op.inputs.iter().any(|(_, other)| other == register) {
            let _ = write!(out, ", lateout(\"{name}\") out_{name}");
        }
    }
    out
}

/// As C widens: by the sign of the field's own type.
fn widened(value: &str, ty: &str) -> String {
    match ty {
        "u64" => value.to_owned(),
        "i8" | "i16" | "i32" => format!("i64::from({value}).cast_unsigned()"),
        "i64" => format!("{value}.cast_unsigned()"),
        _ => format!("u64::from({value})"),
    }
}

fn success(result: &str, op: &Op, interfaces: &[Interface]) -> String {
    if op.outputs.is_empty() {
        return "Ok(rax.cast_unsigned())\n".to_owned();
    }
    let mut out = format!("Ok({result} {{ result: rax.cast_unsigned(),\n");
    for (field, register) in &op.outputs {
        let register = REGISTERS[usize::from(*register)];
        let _ = match width(interfaces, op, field) {
            "u64" => writeln!(out, "{}: out_{register},", ident(field)),
            ty => writeln!(
                out,
                "{}: {ty}::from_le_bytes(low(out_{register})),",
                ident(field)
            ),
        };
    }
    out + "})\n"
}
