// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Every public type that is written by hand has an example, also those that a macro declares.

#![cfg(not(miri))]

use std::fs;
use std::path::{Path, PathBuf};

/// Files of the crate that nobody has generated.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        if path.is_file() {
            found.push(path);
        } else if path.file_name().is_some_and(|name| name != "abi") {
            sources(&path, found);
        }
    }
}

/// The type that a line declares, if it does.
fn declared(line: &str) -> Option<&str> {
    let keywords = ["struct ", "enum ", "trait ", "unsafe trait "];
    let item = line.strip_prefix("pub ");
    let named = item.and_then(|item| keywords.iter().find_map(|word| item.strip_prefix(word)));
    let name = match named {
        Some(named) => named,
        // `Name = operation` or `Name[vcpu] = operation` in a macro.
        None => line.trim_start().split_once(" = ")?.0,
    };
    let name = name.split(['<', '(', '[', ':', ';', ' ']).next()?;
    let begins = name.starts_with(|first: char| first.is_ascii_uppercase());
    let is_type = begins && name.contains(|c: char| c.is_ascii_lowercase());
    (is_type && !name.contains('$')).then_some(name)
}

/// Types of a file whose documentation has no code. What has no documentation is no public type:
/// the compiler wants it.
fn without_example(text: &str) -> Vec<&str> {
    let mut missing = Vec::new();
    let (mut documented, mut example) = (false, false);
    for line in text.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("///") {
            documented = true;
            example |= trimmed.starts_with("/// ```");
        } else if !trimmed.starts_with("#[") {
            if let Some(name) = declared(line).filter(|_| documented && !example) {
                missing.push(name);
            }
            (documented, example) = (false, false);
        }
    }
    missing
}

#[test]
fn every_type_has_an_example() {
    let mut files = Vec::new();
    sources(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut files,
    );

    let texts: Vec<String> = files
        .iter()
        .map(|file| fs::read_to_string(file).expect("it is text"))
        .collect();
    let missing: Vec<&str> = texts
        .iter()
        .flat_map(|text| without_example(text))
        .collect();

    assert_eq!(missing, [""; 0]);
}

#[test]
fn a_type_without_an_example_is_found() {
    let text = "/// Text.\n#[derive(Debug)]\npub struct One(u8);\n    /// Text.\n    Two[vcpu] = \
                ops::Two, => ();\n/// ```\n/// ```\npub enum Three {}\n/// No type.\nconst A: u8 = 1;\n";

    assert_eq!(without_example(text), ["One", "Two"]);
}
