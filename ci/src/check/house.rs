// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The house's own lints, over every file that git has or would take.

use std::{fs, io, path::PathBuf, process::Command};

use super::Suite;
use crate::cross;

const LICENCE: &str = "SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause";
/// Lines of code, without comments and tests, that a file may have.
const MOST_LINES: usize = 600;
/// Lines of code, without comments and tests, that a folder may have.
const FOLDERS: &[(&str, usize)] = &[
    // The simplest device says what any device costs.
    ("backends/src/rng/", 120),
];
/// Bytes that a file may have.
const MOST_BYTES: u64 = 1 << 20;
/// In the first lines of a file that no one writes or reads by hand.
const GENERATED: &str = "// Generated ";

/// A file of the repository.
struct Source {
    /// Its path in the repository.
    name: String,
    /// Its size in bytes.
    size: u64,
    /// What is in it, if it is of a kind that is looked into.
    text: String,
}

pub(super) fn run(suite: &mut Suite) {
    let sources = match sources() {
        Ok(sources) => sources,
        Err(error) => return suite.step("house lints", || Err(error)),
    };
    suite.step("licences", || verdict(&sources, licence));
    suite.step("lengths", || verdict(&sources, length));
    suite.step("lengths of folders", || folders(&sources));
    suite.step("loose ends", || verdict(&sources, loose_end));
    suite.step("sizes", || verdict(&sources, size));
}

fn sources() -> io::Result<Vec<Source>> {
    let root = cross::root();
    let git = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()?;
    if !git.status.success() {
        return Err(io::Error::other(
            String::from_utf8_lossy(&git.stderr).into_owned(),
        ));
    }
    let mut sources = Vec::new();
    for name in String::from_utf8_lossy(&git.stdout).split_terminator('\0') {
        let path = root.join(name);
        // A file that is about to be removed is in the index still.
        let Ok(meta) = fs::symlink_metadata(&path) else {
            continue;
        };
        if meta.is_file() {
            let text = if is_source(name) {
                read(path)?
            } else {
                String::new()
            };
            sources.push(Source {
                name: name.into(),
                size: meta.len(),
                text,
            });
        }
    }
    Ok(sources)
}

fn is_source(name: &str) -> bool {
    [".rs", ".sh", ".toml"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn read(path: PathBuf) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

/// Applies `lint` to all `sources`.
fn verdict(sources: &[Source], lint: impl Fn(&Source) -> Option<String>) -> Result<(), String> {
    let found: Vec<String> = sources
        .iter()
        .filter_map(|source| Some(format!("{}: {}", source.name, lint(source)?)))
        .collect();
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("\n"))
    }
}

fn licence(source: &Source) -> Option<String> {
    let mut lines = source
        .text
        .lines()
        .skip_while(|line| line.starts_with("#!/"));
    let is_first = lines.next().is_some_and(|line| line.ends_with(LICENCE));
    (is_source(&source.name) && !is_first).then(|| format!("the first line is not {LICENCE}"))
}

fn length(source: &Source) -> Option<String> {
    let is_generated = source
        .text
        .lines()
        .take(5)
        .any(|line| line.contains(GENERATED));
    if !source.name.ends_with(".rs") || is_generated {
        return None;
    }
    let count = code(&source.text);
    (count > MOST_LINES).then(|| format!("{count} lines of code, more than {MOST_LINES}"))
}

/// Lines of code, without comments and tests.
fn code(text: &str) -> usize {
    let mut count = 0;
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            match lines.next() {
                // The tests of the file, which end it.
                Some(next) if next.starts_with("mod ") && next.ends_with('{') => break,
                // Something of another file.
                _ => continue,
            }
        }
        count += usize::from(!line.is_empty() && !line.starts_with("//"));
    }
    count
}

fn folders(sources: &[Source]) -> Result<(), String> {
    let too_long = |(folder, most): &(&str, usize)| {
        let is_code = |source: &&Source| {
            let name = source.name.strip_prefix(folder);
            name.is_some_and(|name| name.ends_with(".rs") && !name.contains("tests"))
        };
        let count: usize = sources.iter().filter(is_code).map(|s| code(&s.text)).sum();
        let complaint = format!("{folder}: {count} lines of code, more than {most}");
        (count > *most).then_some(complaint)
    };
    let found: Vec<String> = FOLDERS.iter().filter_map(too_long).collect();
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("\n"))
    }
}

fn loose_end(source: &Source) -> Option<String> {
    // Not in one piece, so that this file passes.
    let mark = concat!("TO", "DO");
    let has_issue = |line: &str| {
        line.split('#')
            .skip(1)
            .any(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let loose = |line: &&str| line.contains(mark) && !has_issue(line);
    let (index, line) = source
        .text
        .lines()
        .enumerate()
        .find(|(_, line)| loose(line))?;
    Some(format!(
        "line {}: without an issue's number: {}",
        index + 1,
        line.trim()
    ))
}

fn size(source: &Source) -> Option<String> {
    (source.size > MOST_BYTES).then(|| format!("{} bytes, more than {MOST_BYTES}", source.size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source {
            name: name.into(),
            size: 0,
            text: text.into(),
        }
    }

    #[test]
    fn the_licence_stands_on_line_one_or_behind_the_interpreter() {
        let line = format!("# {LICENCE}\n");
        assert_eq!(licence(&source("a.toml", &line)), None);
        assert_eq!(
            licence(&source("a.sh", &format!("#!/bin/sh\n{line}"))),
            None
        );
        assert_eq!(licence(&source("a.md", "text")), None);
    }

    #[test]
    fn a_licence_further_down_or_none_is_found() {
        assert!(licence(&source("a.rs", &format!("\n// {LICENCE}\n"))).is_some());
        assert!(licence(&source("a.rs", "")).is_some());
    }

    #[test]
    fn comments_and_tests_do_not_make_a_file_long() {
        let text = format!(
            "{}#[cfg(test)]\nmod tests {{\n{}",
            "// c\n".repeat(700),
            "x\n".repeat(700)
        );
        assert_eq!(length(&source("a.rs", &text)), None);
    }

    #[test]
    fn a_long_file_is_found_unless_it_is_generated() {
        let text = "x\n".repeat(601);
        assert!(length(&source("a.rs", &text)).is_some());
        assert_eq!(
            length(&source("a.rs", &format!("// Generated from b\n{text}"))),
            None
        );
    }

    #[test]
    fn code_behind_the_name_of_a_test_module_counts() {
        let text = format!("#[cfg(test)]\nmod tests;\n{}", "x\n".repeat(601));
        assert!(length(&source("a.rs", &text)).is_some());
    }

    #[test]
    fn a_folder_is_measured_without_its_tests() {
        let file = |name: &str, lines: usize| source(name, &"x\n".repeat(lines));
        let (code, tests) = (
            file("backends/src/rng/a.rs", 120),
            file("backends/src/rng/tests.rs", 9),
        );
        assert_eq!(folders(&[code, tests]), Ok(()));
        let files = [
            file("backends/src/rng/a.rs", 60),
            file("backends/src/rng/b.rs", 61),
        ];
        assert!(folders(&files).is_err());
    }

    #[test]
    fn a_loose_end_needs_an_issue() {
        let mark = concat!("TO", "DO");
        assert!(loose_end(&source("a.rs", &format!("// {mark}: later"))).is_some());
        assert_eq!(
            loose_end(&source("a.rs", &format!("// {mark}(#12): later"))),
            None
        );
    }

    #[test]
    fn a_large_file_is_found() {
        let mut large = source("a.bin", "");
        large.size = MOST_BYTES + 1;
        assert!(size(&large).is_some());
    }
}
