// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! xenbindgen's specifications: read, checked, written, and compared with Xen's headers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use xen_abi::layout::{self, Arch};
use xen_abi::model::{Interface, Origin, Struct, Version};
use xen_abi::xenbindgen::{self, Spec};
use xen_abi::{Error, Rule, check, rust};

fn three() -> Option<Vec<Spec>> {
    let data = common::data("xenbindgen/extra")?;
    Some(xenbindgen::load(&data, "x86").unwrap())
}

fn find<'a>(specs: &'a [Spec], name: &str) -> (&'a Interface, &'a Struct) {
    let own = |spec: &'a Spec| {
        let mut structs = spec.interface.structs[spec.included..].iter();
        Some((&spec.interface, structs.find(|item| item.name == name)?))
    };
    specs.iter().find_map(own).unwrap()
}

fn size(specs: &[Spec], name: &str) -> u64 {
    let (interface, item) = find(specs, name);
    layout::structure(interface, item, Arch::X86_64)
        .unwrap()
        .size
        .bytes
}

#[test]
fn the_three_specifications_obey_the_rules() {
    let Some(specs) = three() else { return };

    assert_eq!(size(&specs, "xen_sysctl_readconsole"), 24);
    assert_eq!(size(&specs, "xen_arch_domainconfig"), 8);
    assert_eq!(size(&specs, "xen_domctl_createdomain"), 68);
}

#[test]
fn another_architecture_lacks_what_is_included() {
    let Some(data) = common::data("xenbindgen/extra") else {
        return;
    };

    let error = xenbindgen::load(&data, "arm").unwrap_err();

    assert_eq!(error.rule(), Some(Rule::Reference));
    assert!(
        error.to_string().contains("nothing to include as `arch`"),
        "{error}"
    );
}

/// The three files with one of them changed in one place.
fn mutant(file: &str, from: &str, to: &str) -> Option<Error> {
    changed(file, |text| text.replacen(from, to, 1))
}

/// The three files with one of them changed.
fn changed(file: &str, change: impl Fn(&str) -> String) -> Option<Error> {
    let data = common::data("xenbindgen/extra")?;
    let names = [
        ("arch", "arch-x86/domainconfig.toml"),
        ("domctl", "domctl/createdomain.toml"),
        ("sysctl", "sysctl/readconsole.toml"),
    ];
    let texts = names.map(|(name, path)| {
        let text = fs::read_to_string(data.join(path)).unwrap();
        let changed = if path == file {
            change(&text)
        } else {
            text.clone()
        };
        assert_eq!(path == file, changed != text, "{path}");
        (name.to_owned(), vec![(path.to_owned(), changed)])
    });
    let error = xenbindgen::parse(&texts).unwrap_err();
    assert!(error.to_string().contains(".toml:"), "{error}");
    Some(error)
}

#[test]
fn a_structure_without_its_padding_is_refused() {
    let pad =
        "[[structs.fields]]\nname = \"_pad\"\ndescription = \"Unused.\"\ntyp = { tag = \"u16\" }\n";
    let Some(error) = mutant("sysctl/readconsole.toml", pad, "") else {
        return;
    };

    assert_eq!(error.rule(), Some(Rule::ImplicitPadding));
    assert!(
        error.to_string().contains("2 bytes before `index`"),
        "{error}"
    );
}

#[test]
fn a_structure_whose_fields_are_in_another_order_is_refused() {
    let marker = "[[structs.fields]]";
    let error = changed("sysctl/readconsole.toml", |text| {
        // The 64-bit pointer, the fifth field, goes first.
        let mut parts: Vec<&str> = text.split(marker).collect();
        parts.swap(1, 5);
        parts.join(marker)
    });
    let Some(error) = error else { return };

    assert_eq!(error.rule(), Some(Rule::ImplicitPadding));
}

#[test]
fn a_name_of_two_fields_is_refused() {
    let Some(error) = mutant(
        "domctl/createdomain.toml",
        "name = \"iommu_opts\"",
        "name = \"flags\"",
    ) else {
        return;
    };

    assert_eq!(error.rule(), Some(Rule::DuplicateName));
}

#[test]
fn a_bit_that_is_given_twice_is_refused() {
    let Some(error) = mutant("domctl/createdomain.toml", "shift = 7", "shift = 6") else {
        return;
    };

    assert_eq!(error.rule(), Some(Rule::OverlappingBits));
}

#[test]
fn a_structure_that_is_not_included_is_refused() {
    let include = "[[includes]]\nfrom = \"arch\"\nimports = [\"xen_arch_domainconfig\"]\n";
    let Some(error) = mutant("domctl/createdomain.toml", include, "") else {
        return;
    };

    assert_eq!(error.rule(), Some(Rule::Reference));
}

#[test]
fn a_bitmap_of_something_else_than_a_number_is_refused() {
    let Some(error) = mutant(
        "arch-x86/domainconfig.toml",
        "typ = { tag = \"u32\" }",
        "typ = { tag = \"ptr\", args = { tag = \"u8\" } }",
    ) else {
        return;
    };

    assert_eq!(error.rule(), Some(Rule::Form));
}

#[test]
fn the_rust_has_the_layout_that_is_asserted_in_it() {
    let Some(specs) = three() else { return };

    let (sysctl, _) = find(&specs, "xen_sysctl_readconsole");
    let text = rust::module(sysctl);

    assert!(
        text.contains("assert!(size_of::<XenSysctlReadconsole>() == 24);"),
        "{text}"
    );
    assert!(
        text.contains("offset_of!(XenSysctlReadconsole, buffer) == 8"),
        "{text}"
    );
}

/// Sizes that C gives to the generated headers.
#[test]
fn the_c_has_the_same_sizes() {
    let Some(specs) = three() else { return };
    let mut text = "\
        #include <stdint.h>\n\
        typedef uint64_t __attribute__((aligned(8))) uint64_aligned_t;\n\
        #define XEN_GUEST_HANDLE_64(of) uint64_aligned_t\n"
        .to_owned();
    for (spec, file) in specs.iter().zip(["arch-x86", "domctl", "sysctl"]) {
        text += &xenbindgen::header(spec, file);
    }
    text += "_Static_assert(sizeof(struct xen_sysctl_readconsole) == 24, \"\");\n\
             _Static_assert(sizeof(struct xen_domctl_createdomain) == 68, \"\");\n\
             _Static_assert(XEN_X86_EMU__ALL == 0x7ff, \"\");\n\
             _Static_assert(XEN_DOMCTL_ALTP2M_MODE_LIMITED == 3, \"\");\n";

    let mut command = Command::new("gcc");
    command
        .args(["-fsyntax-only", "-Wall", "-Werror", "-x", "c", "-"])
        .stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();

    assert!(child.wait().unwrap().success());
}

#[test]
fn the_architectures_configuration_is_that_of_the_headers() {
    let Some(specs) = three() else { return };
    let sets = common::headers();
    let Some(set) = sets
        .iter()
        .find(|set| set.origin == Origin::Xen && !set.arm)
    else {
        return;
    };
    let mut arch = specs[0].interface.clone();
    arch.headers = vec!["domctl.h".to_owned()];

    assert_eq!(check::compare(&arch, set).unwrap(), 5);
}

#[test]
fn creating_a_domain_has_the_size_of_newer_headers() {
    let Some(specs) = three() else { return };
    let sets = common::headers();
    let newer = |set: &&xen_abi::Headers| {
        set.origin == Origin::Xen && !set.arm && set.version >= Version(4, 19)
    };
    let Some(set) = sets.iter().find(newer) else {
        return;
    };
    let (domctl, _) = find(&specs, "xen_domctl_createdomain");
    let mut whole = domctl.clone();
    // Fields were renamed in the series that the specification belongs to: sizes are compared.
    for field in whole.structs.iter_mut().flat_map(|item| &mut item.fields) {
        field.c = None;
    }

    assert_eq!(check::compare(&whole, set).unwrap(), 2);
}

#[test]
fn reading_the_console_has_the_layout_of_the_headers() {
    let Some(specs) = three() else { return };
    let sets = common::headers();
    let xen = sets.iter().filter(|set| set.origin == Origin::Xen);
    let (sysctl, _) = find(&specs, "xen_sysctl_readconsole");

    let values: Vec<usize> = xen
        .map(|set| check::compare(sysctl, set).unwrap())
        .collect();

    assert!(values.iter().all(|values| *values == 11), "{values:?}");
}

#[test]
fn creating_a_domain_has_another_size_in_older_headers() {
    let Some(specs) = three() else { return };
    let sets = common::headers();
    let older = |set: &&xen_abi::Headers| {
        set.origin == Origin::Xen && !set.arm && set.version == Version(4, 17)
    };
    let Some(set) = sets.iter().find(older) else {
        return;
    };
    let (domctl, _) = find(&specs, "xen_domctl_createdomain");
    let mut whole = domctl.clone();
    for field in whole.structs.iter_mut().flat_map(|item| &mut item.fields) {
        field.c = None;
    }

    let error = check::compare(&whole, set).unwrap_err().to_string();

    let says = "size of struct xen_domctl_createdomain: 68 here, 64 in Xen 4.17 on x86";
    assert!(error.contains(says), "{error}");
}
