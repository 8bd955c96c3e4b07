// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What can be wrong, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// The rule of the specification language that a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// The text is not YAML or TOML.
    Syntax,
    /// A key is missing, unknown or given twice, or its value is of the wrong form.
    Form,
    /// A name refers to nothing.
    Reference,
    /// Two things have one name.
    DuplicateName,
    /// Two operations, values or registers have one number.
    DuplicateNumber,
    /// A number does not fit its type.
    Range,
    /// Two bits of a bitmap overlap.
    OverlappingBits,
    /// A compiler would insert padding, inside or at the end.
    ImplicitPadding,
    /// A field is not at a multiple of its size.
    NaturalAlignment,
    /// The layout differs between architectures.
    SameLayout,
    /// A union has no tag, or a variant that the tag cannot select.
    Tag,
    /// An ioctl number does not carry the size of its argument.
    IoctlSize,
    /// A register that an operation may not use.
    Register,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "syntax",
            Self::Form => "form",
            Self::Reference => "reference",
            Self::DuplicateName => "duplicate-name",
            Self::DuplicateNumber => "duplicate-number",
            Self::Range => "range",
            Self::OverlappingBits => "overlapping-bits",
            Self::ImplicitPadding => "implicit-padding",
            Self::NaturalAlignment => "natural-alignment",
            Self::SameLayout => "same-layout",
            Self::Tag => "tag",
            Self::IoctlSize => "ioctl-size",
            Self::Register => "register",
        })
    }
}

/// A place in a specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Everything that this crate refuses or fails at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A specification breaks a rule.
    #[error("{place}: {rule}: {text}")]
    Spec {
        /// Where.
        place: Place,
        /// Which rule.
        rule: Rule,
        /// What is wrong, in the specification's own names.
        text: String,
    },
    /// Several specifications break rules.
    #[error("{}", lines(.0))]
    Many(Vec<Error>),
    /// A checked-in file is not what the generator writes.
    #[error("{} is stale: run `xen-abi generate`", path.display())]
    Stale {
        /// The file.
        path: PathBuf,
    },
    /// The headers say something else than a specification.
    #[error("{place}: {name}: {expected} here, {found} in {headers}")]
    Mismatch {
        /// Where the specification says it.
        place: Place,
        /// What: a size, an offset or a constant, as C names it.
        name: String,
        /// The specification's value.
        expected: i128,
        /// The headers' value.
        found: i128,
        /// Which headers.
        headers: String,
    },
    /// The headers declare an operation that no specification classifies.
    #[error("{headers} declares {name}, which interface {interface} does not classify")]
    Unclassified {
        /// The operation as C names it.
        name: String,
        /// The interface it belongs to.
        interface: String,
        /// Which headers.
        headers: String,
    },
    /// The compiler does not accept what the specification expects of the headers.
    #[error("cannot compile against {headers}: {message}")]
    Compile {
        /// Which headers.
        headers: String,
        /// The compiler's first errors; they name specification file and line.
        message: String,
    },
    /// A file cannot be read or written.
    #[error("cannot access {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("cannot run {program}")]
    Run {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// rustfmt does not accept the generated text.
    #[error("rustfmt refuses {}: {message}", path.display())]
    Format {
        /// The generated file.
        path: PathBuf,
        /// What it says.
        message: String,
    },
}

fn lines(errors: &[Error]) -> String {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    all.join("\n")
}

impl Error {
    /// All errors as one, or `Ok` when there is none.
    pub(crate) fn collect(mut errors: Vec<Error>) -> Result<(), Error> {
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(Error::Many(errors)),
        }
    }

    /// The rule that is broken first, when it is a rule of the language.
    pub fn rule(&self) -> Option<Rule> {
        match self {
            Self::Spec { rule, .. } => Some(*rule),
            Self::Many(errors) => errors.iter().find_map(Self::rule),
            _ => None,
        }
    }
}
