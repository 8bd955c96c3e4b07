// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The checkout's specifications against real headers, and mutants of them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::process::Command;

use xen_abi::layout::{self, Arch};
use xen_abi::model::{Interface, Origin, Type};
use xen_abi::{Error, check, parse};

/// An interface of the checkout, changed.
fn mutant(name: &str, from: &str, to: &str) -> Interface {
    let path = common::root().join(format!("xen-hypercall/abi/{name}.yaml"));
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "the mutant changes nothing");
    parse::interface("mutant.yaml", &text.replacen(from, to, 1)).unwrap()
}

/// What the first Xen headers say about it.
fn xen(interface: &Interface) -> Option<Error> {
    let sets = common::headers();
    let set = sets.iter().find(|set| set.origin == Origin::Xen)?;
    Some(check::compare(interface, set).unwrap_err())
}

#[test]
fn every_generated_file_is_up_to_date() {
    xen_abi::check_stale(&common::root()).unwrap();
}

#[test]
fn every_size_offset_and_number_agrees_with_the_headers() {
    let sets = common::headers();

    let report = xen_abi::check_headers(&common::root(), &sets).unwrap();

    eprintln!(
        "{} values in {} sets of headers",
        report.values, report.sets
    );
    assert_eq!(report.sets, sets.len());
}

#[test]
fn a_field_of_another_size_is_named() {
    let interface = mutant(
        "dm_op",
        "{name: error_code, type: u32, doc: Error code; all ones for none}",
        "{name: error_code, type: u16, doc: Error code}\n      - {pad: 2}",
    );

    let Some(error) = xen(&interface) else { return };

    let text = error.to_string();
    assert!(text.contains("size of struct xen_dm_op_inject_event.error_code: 2 here, 4 in Xen"));
}

#[test]
fn a_field_at_another_offset_is_named() {
    let interface = mutant(
        "dm_op",
        "{name: data, type: u32, doc: Message data}\n      - {pad: 4, c: pad}",
        "{pad: 4, c: pad}\n      - {name: data, type: u32, doc: Message data}",
    );

    let Some(error) = xen(&interface) else { return };

    let text = error.to_string();
    assert!(
        text.contains("offset of struct xen_dm_op_inject_msi.data: 4 here, 0 in Xen"),
        "{text}"
    );
}

#[test]
fn a_field_that_the_header_lacks_is_named() {
    let interface = mutant("event_channel", "name: link_bits", "name: link_bites");

    let Some(error) = xen(&interface) else { return };

    let text = error.to_string();
    assert!(
        text.contains("mutant.yaml:") && text.contains("link_bites"),
        "{text}"
    );
}

#[test]
fn another_constant_is_named() {
    let interface = mutant("ioreq", "value: 511", "value: 512");

    let Some(error) = xen(&interface) else { return };

    assert!(
        error
            .to_string()
            .contains("IOREQ_BUFFER_SLOT_NUM: 512 here, 511 in Xen")
    );
}

#[test]
fn another_operation_number_is_named() {
    let interface = mutant("dm_op", "number: 20\n", "number: 21\n");

    let Some(error) = xen(&interface) else { return };

    assert!(
        error
            .to_string()
            .contains("XEN_DMOP_nr_vcpus: 21 here, 20 in Xen")
    );
}

#[test]
fn an_operation_that_nobody_classifies_is_named() {
    let interface = mutant(
        "memory",
        "  - {name: exchange, number: 11, doc: Exchanges extents of memory}\n",
        "",
    );

    let Some(error) = xen(&interface) else { return };

    let text = error.to_string();
    assert!(
        text.contains("declares XENMEM_exchange, which interface memory does not"),
        "{text}"
    );
}

#[test]
fn an_operation_that_no_header_has_is_named() {
    let interface = mutant(
        "memory",
        "others:\n",
        "others:\n  - {name: invented, number: 99, doc: Nothing}\n",
    );

    let Some(error) = xen(&interface) else { return };

    assert!(
        error
            .to_string()
            .contains("XENMEM_invented: 99 here, -1 in Xen")
    );
}

#[test]
fn the_c_header_has_the_layout_of_the_rust_modules() {
    // Both carry assertions of one layout: that the header compiles is that they agree.
    let header = common::root().join("xen-hypercall/abi/xen-abi.h");
    let compilers = ["gcc", "aarch64-linux-gnu-gcc"].into_iter();
    let installed = compilers.filter(|cc| Command::new(cc).arg("--version").output().is_ok());

    let results: Vec<bool> = installed
        .map(|cc| {
            let mut command = Command::new(cc);
            command.args(["-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-x", "c"]);
            command.arg(&header).status().unwrap().success()
        })
        .collect();

    assert!(results.iter().all(|ok| *ok), "{results:?}");
}

#[test]
fn the_dm_operations_agree_with_the_collected_table() {
    let Some(path) = common::data("dmop_ops.tsv") else {
        return;
    };
    let interfaces = xen_abi::load(&common::root()).unwrap();
    let dm_op = interfaces
        .iter()
        .find(|interface| interface.name == "dm_op")
        .unwrap();
    let ours: Vec<String> = dm_op
        .operations
        .iter()
        .map(|op| {
            let args = Type::Named(op.args.clone().unwrap());
            let size = layout::of(dm_op, &args, Arch::X86_64).unwrap().bytes;
            let (x86, arm) = (op.id.available.x86, op.id.available.arm);
            let since = op.id.available.since.unwrap();
            format!("{} {} {size} {x86} {arm} {since}", op.id.number, op.id.name)
        })
        .collect();

    let text = std::fs::read_to_string(path).unwrap();
    let theirs: Vec<String> = text
        .lines()
        .skip(1)
        .map(|line| {
            let cell: Vec<&str> = line.split('\t').collect();
            let (x86, arm) = (cell[5] == "y", cell[6] == "y");
            format!(
                "{} {} {} {x86} {arm} {}",
                cell[0], cell[1], cell[2], cell[7]
            )
        })
        .collect();

    assert_eq!(ours.len(), 20);
    assert_eq!(ours, theirs);
}

#[test]
fn every_collected_hypercall_is_classified() {
    let Some(path) = common::data("hypercall_classes.tsv") else {
        return;
    };
    let interfaces = xen_abi::load(&common::root()).unwrap();
    let all = interfaces
        .iter()
        .find(|interface| interface.name == "hypercalls")
        .unwrap();
    let ours: Vec<String> = all
        .others
        .iter()
        .map(|other| format!("{} {}", other.id.number, other.id.name))
        .collect();

    let text = std::fs::read_to_string(path).unwrap();
    let cells = text
        .lines()
        .skip(1)
        .map(|line| line.split('\t').collect::<Vec<&str>>());
    let missing: Vec<String> = cells
        .map(|cell| format!("{} {}", cell[0], cell[1]))
        .filter(|entry| !ours.contains(entry))
        .collect();

    assert_eq!(missing, [""; 0]);
}
