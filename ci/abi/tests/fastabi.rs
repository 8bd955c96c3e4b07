// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The FastABI: its seven specifications, the C and Rust made of them, and ours beside them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use xen_abi::Rule;
use xen_abi::fastabi::{self, Op, Options, REGISTERS, Spec};
use xen_abi::model::Interface;

const NAMES: [&str; 7] = [
    "event_channel",
    "grant_table",
    "hvm",
    "memory",
    "sched",
    "vcpu",
    "version",
];

/// The seven, in the order of their names.
fn seven(data: &Path) -> Vec<Spec> {
    let read = |name: &str| {
        let path = data.join(format!("xen-abi/{name}.yml"));
        fastabi::parse(name, &fs::read_to_string(path).unwrap()).unwrap()
    };
    NAMES.into_iter().map(read).collect()
}

fn registers(fields: &[(String, u8)]) -> Value {
    let entry =
        |(name, register): &(String, u8)| (name.clone(), json!(REGISTERS[usize::from(*register)]));
    Value::Object(fields.iter().map(entry).collect())
}

/// An operation as the collected list has it.
fn entry(spec: &Spec, op: &Op) -> Value {
    json!({
        "hypercall": spec.name,
        "hypercall_index": spec.number,
        "rax_in": format!("{:#x}", spec.number | fastabi::MASK),
        "subop": op.name,
        "subop_index": op.number,
        "input": registers(&op.inputs),
        "output": registers(&op.outputs),
    })
}

fn entries(specs: &[Spec]) -> Vec<Value> {
    let mut all: Vec<Value> = specs
        .iter()
        .flat_map(|spec| spec.operations.iter().map(|op| entry(spec, op)))
        .collect();
    all.sort_by_key(|entry| {
        (
            entry["hypercall_index"].as_u64(),
            entry["subop_index"].as_u64(),
        )
    });
    all
}

/// The collected list, without what is not about registers.
fn collected(data: &Path) -> Vec<Value> {
    let text = fs::read_to_string(data.join("ops.json")).unwrap();
    let Value::Array(mut all) = serde_json::from_str(&text).unwrap() else {
        unreachable!()
    };
    let keys = [
        "hypercall",
        "hypercall_index",
        "rax_in",
        "subop",
        "subop_index",
        "input",
        "output",
    ];
    for entry in &mut all {
        entry
            .as_object_mut()
            .unwrap()
            .retain(|key, _| keys.contains(&key.as_str()));
    }
    all
}

#[test]
fn the_seven_specifications_are_read_exactly() {
    let Some(data) = common::data("fastabi") else {
        return;
    };

    let ours = entries(&seven(&data));

    let mut theirs = collected(&data);
    theirs.sort_by_key(|entry| {
        (
            entry["hypercall_index"].as_u64(),
            entry["subop_index"].as_u64(),
        )
    });
    assert_eq!(ours.len(), 49);
    assert_eq!(ours, theirs);
}

#[test]
fn our_own_specifications_give_the_same_registers() {
    let Some(data) = common::data("fastabi") else {
        return;
    };
    let interfaces = xen_abi::load(&common::root()).unwrap();

    let ours = entries(&fastabi::of(&interfaces));

    assert_eq!(ours, entries(&seven(&data)));
}

#[test]
fn the_c_stubs_are_those_of_the_other_tool() {
    let Some(data) = common::data("fastabi") else {
        return;
    };

    let ours: Vec<String> = seven(&data)
        .iter()
        .map(|spec| fastabi::header(spec, Options::default()))
        .collect();

    let golden =
        NAMES.map(|name| fs::read_to_string(data.join(format!("golden/{name}.h"))).unwrap());
    assert_eq!(ours, golden);
}

#[test]
fn the_macro_of_version_can_be_the_one_that_exists() {
    let text = "name: version\nhypercall_index: 17\nsubops:\n  version:\n    index: 0\n";
    let spec = fastabi::parse("version.yml", text).unwrap();

    let fixed = fastabi::header(
        &spec,
        Options {
            fix_version_macro: true,
        },
    );

    assert!(fixed.contains("__HYPERVISOR_FASTABI_MASK | __HYPERVISOR_xen_version;"));
}

const GOOD: &str = "\
name: example
hypercall_index: 3
subops:
  first:
    index: 0
    input:
      a: 2
      b: 3
    output:
      c: 2
    c_lang:
      struct: example_first
  second:
    index: 1
";

#[track_caller]
fn mutant(from: &str, to: &str) -> Option<Rule> {
    assert!(GOOD.contains(from), "the mutant changes nothing");
    let error = fastabi::parse("example.yml", &GOOD.replacen(from, to, 1)).unwrap_err();
    assert!(error.to_string().starts_with("example.yml:"), "{error}");
    error.rule()
}

#[test]
fn the_example_is_read() {
    assert_eq!(
        fastabi::parse("example.yml", GOOD)
            .unwrap()
            .operations
            .len(),
        2
    );
}

#[test]
fn a_register_above_the_last_is_refused() {
    assert_eq!(mutant("b: 3", "b: 8"), Some(Rule::Register));
}

#[test]
fn the_register_of_the_result_is_refused() {
    assert_eq!(mutant("b: 3", "b: 0"), Some(Rule::Register));
}

#[test]
fn the_register_of_the_operation_is_refused() {
    assert_eq!(mutant("b: 3", "b: 1"), Some(Rule::Register));
}

#[test]
fn a_register_of_two_inputs_is_refused() {
    assert_eq!(mutant("b: 3", "b: 2"), Some(Rule::DuplicateNumber));
}

#[test]
fn an_output_that_nothing_carries_is_refused() {
    let from = "    c_lang:\n      struct: example_first\n";
    assert_eq!(
        mutant(from, "    c_lang:\n      params: {a: u, b: u}\n"),
        Some(Rule::Reference)
    );
}

#[test]
fn an_unknown_key_is_refused() {
    assert_eq!(mutant("output", "outputs"), Some(Rule::Form));
}

#[test]
fn a_number_of_two_operations_is_refused() {
    assert_eq!(mutant("index: 1", "index: 0"), Some(Rule::DuplicateNumber));
}

/// What a program that plays the hypervisor needs to know of an operation.
fn case(spec: &Spec, op: &Op, index: usize, interfaces: &[Interface]) -> String {
    let ty = |field: &str| fastabi::width(interfaces, op, field);
    let convert = |field: &str| format!("|v| v as {} as {} as u64", ty(field), wide(ty(field)));
    let side = |fields: &[(String, u8)]| -> String {
        fields
            .iter()
            .map(|(field, reg)| format!("({reg}, {}), ", convert(field)))
            .collect()
    };
    let function = format!("{}_{}", spec.name, op.name);
    let arguments: String = (op.inputs.iter().enumerate())
        .map(|(at, (field, _))| format!(", ARGS[{at}] as {}", ty(field)))
        .collect();
    let stores: String = (op.outputs.iter().enumerate())
        .map(|(at, (field, _))| {
            let wide = wide(ty(field));
            format!(
                "OUTPUTS[{at}] = output.{} as {wide} as u64; ",
                fastabi::ident(field)
            )
        })
        .collect();
    format!(
        "extern \"C\" fn thunk_{index}() {{ unsafe {{\n\
         match {function}(Instruction::Undefined{arguments}) {{\n\
         Ok(output) => {{ {stores} }}\nErr(error) => FAILED = error,\n}} }} }}\n\
         const CASE_{index}: Case = Case {{ name: \"{function}\", thunk: thunk_{index}, \
         rax: {}, rdi: {:?}, inputs: &[{}], outputs: &[{}] }};\n",
        spec.number | fastabi::MASK,
        op.number,
        side(&op.inputs),
        side(&op.outputs),
    )
}

fn wide(ty: &str) -> &'static str {
    if ty.starts_with('i') { "i64" } else { "u64" }
}

/// Compiles and runs the stubs of some specifications against a hypervisor that is played.
fn play(specs: &[Spec], interfaces: &[Interface]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let stubs = format!("{}{}", fastabi::PRELUDE, fastabi::stubs(specs, interfaces));
    fs::write(directory.path().join("stubs.rs"), stubs).unwrap();
    let operations = specs
        .iter()
        .flat_map(|spec| spec.operations.iter().map(move |op| (spec, op)));
    let cases: Vec<String> = operations
        .enumerate()
        .map(|(index, (spec, op))| case(spec, op, index, interfaces))
        .collect();
    let names: Vec<String> = (0..cases.len())
        .map(|index| format!("CASE_{index}"))
        .collect();
    let main = format!(
        "{}\n{}\nconst CASES: &[Case] = &[{}];\n",
        include_str!("harness.rs.in"),
        cases.concat(),
        names.join(", ")
    );
    let source = directory.path().join("main.rs");
    fs::write(&source, main).unwrap();
    let program = directory.path().join("play");
    let mut compile = Command::new("rustc");
    compile
        .args(["--edition", "2024", "-O", "-Awarnings", "-o"])
        .arg(&program)
        .arg(&source);
    assert!(compile.status().unwrap().success());
    let output = Command::new(&program).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
#[cfg(target_arch = "x86_64")]
fn rust_stubs_of_the_seven_use_exactly_their_registers() {
    let Some(data) = common::data("fastabi") else {
        return;
    };
    let interfaces = xen_abi::load(&common::root()).unwrap();

    assert_eq!(play(&seven(&data), &interfaces), "49 operations\n");
}

#[test]
#[cfg(target_arch = "x86_64")]
fn our_own_rust_stubs_use_exactly_their_registers() {
    let interfaces = xen_abi::load(&common::root()).unwrap();

    assert_eq!(
        play(&fastabi::of(&interfaces), &interfaces),
        "49 operations\n"
    );
}
