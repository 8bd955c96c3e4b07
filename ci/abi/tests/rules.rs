// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Each rule of the language is broken once, by a mutant of a text that obeys them all.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use xen_abi::{Error, Rule, parse, rules};

const GOOD: &str = "\
interface: example
title: An example
about: Everything once.
defaults: {prefix: OP_}
hypercall: {number: 1, call: example(number)}
constants:
  - {name: LIMIT, type: u8, value: 255, doc: A limit}
enums:
  - name: kind
    type: u32
    prefix: KIND_
    doc: Kinds
    values:
      - {name: one, value: 1, doc: One}
      - {name: two, value: 2, doc: Two}
bitmaps:
  - name: flags
    type: u16
    doc: Flags
    bits:
      - {name: low, shift: 0, width: 2, doc: Low}
      - {name: high, shift: 15, doc: High}
structs:
  - name: pair
    doc: A pair
    fields:
      - {name: first, type: u16, doc: First}
      - {name: flags, type: flags, doc: Flags}
      - {name: kind, type: kind, doc: Kind}
      - name: u
        doc: By kind
        union:
          tag: kind
          variants:
            - {name: a, when: 1, type: u64, doc: A}
            - {name: b, when: 2, type: domid, doc: B}
operations:
  - {name: do, number: 0, args: pair, doc: Does it}
others:
  - {name: undo, number: 1, doc: Undoes it}
ioctls:
  - {name: GO, number: 0x104500, c: IOCTL_GO, args: pair, doc: Goes}
";

fn check(text: &str) -> Result<(), Error> {
    rules::check(&parse::interface("example.yaml", text)?)
}

/// The rule that the text breaks once `from` is `to`, and the error's text.
#[track_caller]
fn mutant(from: &str, to: &str) -> (Option<Rule>, String) {
    assert!(GOOD.contains(from), "the mutant changes nothing");
    let error = check(&GOOD.replacen(from, to, 1)).unwrap_err();
    (error.rule(), error.to_string())
}

#[test]
fn the_text_itself_obeys_every_rule() {
    check(GOOD).unwrap();
}

#[test]
fn yaml_that_is_not_yaml_is_refused_with_its_line() {
    let (rule, text) = mutant("about: Everything once.", "about: [");

    assert_eq!(rule, Some(Rule::Syntax));
    assert!(text.starts_with("example.yaml:"), "{text}");
}

#[test]
fn an_unknown_key_is_refused() {
    let (rule, text) = mutant("type: u8, value", "typ: u8, value");

    assert_eq!(rule, Some(Rule::Form));
    assert!(text.starts_with("example.yaml:7: form:"), "{text}");
}

#[test]
fn a_key_that_is_given_twice_is_refused() {
    let (rule, text) = mutant("title: An example", "title: An example\ntitle: Another");

    assert_eq!(rule, Some(Rule::Form));
    assert_eq!(text, "example.yaml:3: form: key `title` is given twice");
}

#[test]
fn implicit_padding_before_a_field_is_refused() {
    let (rule, text) = mutant("name: first, type: u16", "name: first, type: u8");

    assert_eq!(rule, Some(Rule::ImplicitPadding));
    assert!(
        text.contains("example.yaml:28: implicit-padding: "),
        "{text}"
    );
    assert!(text.contains("1 bytes before `flags`"), "{text}");
}

#[test]
fn implicit_padding_at_the_end_is_refused() {
    let text = GOOD.replacen(
        "structs:\n",
        "structs:\n  - name: tail\n    doc: T\n    fields:\n      - {name: a, type: u64, doc: A}\n      - \
         {name: b, type: u16, doc: B}\n",
        1,
    );
    let error = check(&text).unwrap_err();
    assert_eq!(error.rule(), Some(Rule::ImplicitPadding));
    assert!(error.to_string().contains("6 bytes at the end of `tail`"));
}

#[test]
fn a_field_that_is_declared_off_its_alignment_is_refused() {
    let (rule, text) = mutant("type: kind, doc: Kind", "type: kind, at: 6, doc: Kind");

    assert_eq!(rule, Some(Rule::NaturalAlignment));
    assert!(
        text.starts_with("example.yaml:29: natural-alignment:"),
        "{text}"
    );
}

#[test]
fn a_field_that_is_declared_elsewhere_is_refused() {
    let (rule, text) = mutant("type: kind, doc: Kind", "type: kind, at: 8, doc: Kind");

    assert_eq!(rule, Some(Rule::ImplicitPadding));
    assert!(
        text.contains("`kind` is declared at 8, its fields reach 4"),
        "{text}"
    );
}

#[test]
fn a_layout_that_differs_between_architectures_is_refused() {
    let (rule, text) = mutant("when: 1, type: u64", "when: 1, type: xen_ulong");

    assert_eq!(rule, Some(Rule::SameLayout));
    assert!(
        text.starts_with("example.yaml:24: same-layout: `pair`"),
        "{text}"
    );
}

#[test]
fn an_excuse_for_a_layout_that_does_not_differ_is_refused() {
    let (rule, _) = mutant("doc: A pair", "doc: A pair\n    lp64: no reason");

    assert_eq!(rule, Some(Rule::SameLayout));
}

#[test]
fn a_number_of_two_operations_is_refused() {
    let (rule, text) = mutant("name: undo, number: 1", "name: undo, number: 0");

    assert_eq!(rule, Some(Rule::DuplicateNumber));
    assert_eq!(
        text,
        "example.yaml:40: duplicate-number: number 0 is already taken at example.yaml:38"
    );
}

#[test]
fn a_number_of_two_values_is_refused() {
    let (rule, _) = mutant("name: two, value: 2", "name: two, value: 1");

    assert_eq!(rule, Some(Rule::DuplicateNumber));
}

#[test]
fn a_name_of_two_operations_is_refused() {
    let (rule, _) = mutant("name: undo", "name: do");

    assert_eq!(rule, Some(Rule::DuplicateName));
}

#[test]
fn a_name_of_two_types_is_refused() {
    let (rule, _) = mutant("name: pair", "name: flags");

    assert_eq!(rule, Some(Rule::DuplicateName));
}

#[test]
fn a_name_of_two_fields_is_refused() {
    let (rule, _) = mutant("name: first", "name: kind");

    assert_eq!(rule, Some(Rule::DuplicateName));
}

#[test]
fn overlapping_bits_are_refused() {
    let (rule, text) = mutant("name: high, shift: 15", "name: high, shift: 1");

    assert_eq!(rule, Some(Rule::OverlappingBits));
    assert!(
        text.starts_with("example.yaml:22: overlapping-bits:"),
        "{text}"
    );
}

#[test]
fn a_bit_outside_its_type_is_refused() {
    let (rule, _) = mutant("shift: 15", "shift: 16");

    assert_eq!(rule, Some(Rule::Range));
}

#[test]
fn a_constant_that_does_not_fit_is_refused() {
    let (rule, _) = mutant("value: 255", "value: 256");

    assert_eq!(rule, Some(Rule::Range));
}

#[test]
fn a_field_of_a_type_that_does_not_exist_is_refused() {
    let (rule, _) = mutant("type: kind, doc: Kind", "type: sort, doc: Kind");

    assert_eq!(rule, Some(Rule::Reference));
}

#[test]
fn a_structure_inside_itself_is_refused() {
    let (rule, _) = mutant("name: first, type: u16", "name: first, type: pair");

    assert_eq!(rule, Some(Rule::Reference));
}

#[test]
fn a_union_without_a_tag_is_refused() {
    let (rule, _) = mutant("          tag: kind\n", "");

    assert_eq!(rule, Some(Rule::Tag));
}

#[test]
fn a_union_whose_tag_is_no_field_is_refused() {
    let (rule, _) = mutant("tag: kind", "tag: sort");

    assert_eq!(rule, Some(Rule::Tag));
}

#[test]
fn a_variant_that_the_tag_cannot_select_is_refused() {
    let (rule, _) = mutant("tag: kind\n", "tag: kind\n          mask: 1\n");

    assert_eq!(rule, Some(Rule::Tag));
}

#[test]
fn two_variants_with_one_tag_are_refused() {
    let (rule, _) = mutant("name: b, when: 2", "name: b, when: 1");

    assert_eq!(rule, Some(Rule::DuplicateNumber));
}

#[test]
fn an_ioctl_that_carries_another_size_is_refused() {
    let (rule, text) = mutant("number: 0x104500", "number: 0x84500");

    assert_eq!(rule, Some(Rule::IoctlSize));
    assert!(
        text.contains("carries size 8, its argument has 16"),
        "{text}"
    );
}

#[test]
fn all_errors_of_a_file_are_reported_at_once() {
    let text = GOOD
        .replacen("value: 255", "value: 256", 1)
        .replacen("shift: 15", "shift: 1", 1);

    let error = check(&text).unwrap_err().to_string();

    assert!(
        error.contains("range") && error.contains("overlapping-bits"),
        "{error}"
    );
}
