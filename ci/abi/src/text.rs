// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Names and comments in the forms that the outputs want.

/// `bind_interdomain` as `BindInterdomain`.
pub(crate) fn pascal(name: &str) -> String {
    name.split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_ascii_uppercase())
                .into_iter()
                .chain(letters.map(|letter| letter.to_ascii_lowercase()))
        })
        .collect()
}

/// `no_gfns` as `NO_GFNS`.
pub(crate) fn upper(name: &str) -> String {
    name.to_ascii_uppercase()
}

/// Breaks a text at `width`, keeping its own paragraphs and lists.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.lines() {
        let mut current = String::new();
        for word in line.split_whitespace() {
            if !current.is_empty() && current.len() + 1 + word.len() > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        lines.push(current);
    }
    lines
}

/// A Rust doc comment.
pub(crate) fn doc(indent: &str, marker: &str, text: &str) -> String {
    let width = 100usize.saturating_sub(indent.len() + marker.len() + 1);
    wrap(text, width)
        .into_iter()
        .map(|line| format!("{}\n", format!("{indent}{marker} {line}").trim_end()))
        .collect()
}

/// Makes a description a sentence.
pub(crate) fn sentence(text: &str) -> String {
    match text.trim_end().chars().last() {
        Some('.' | '!' | '?' | ':' | '`') | None => text.trim_end().to_owned(),
        Some(_) => format!("{}.", text.trim_end()),
    }
}
