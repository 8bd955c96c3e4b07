// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! YAML and TOML as one tree whose every node knows its line.

use std::collections::HashSet;

use saphyr_parser::{Event, Parser, ScalarStyle};
use toml::de::{DeTable, DeValue};

use crate::error::{Error, Place, Rule};

/// A value and the line it begins on.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node can be. Numbers stay text until somebody asks for a number.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing is written.
    Null,
    /// A string, number or truth value.
    Scalar(String),
    /// A list.
    List(Vec<Node>),
    /// Keys in the order they are written.
    Map(Vec<(String, Node)>),
}

/// An error at a place.
pub(crate) fn broken(place: &Place, rule: Rule, text: impl Into<String>) -> Error {
    Error::Spec {
        place: place.clone(),
        rule,
        text: text.into(),
    }
}

/// Reads YAML: one document, no aliases, no key twice.
///
/// # Errors
///
/// [`Error::Spec`] with [`Rule::Syntax`] or [`Rule::Form`].
pub fn yaml(file: &str, text: &str) -> Result<Node, Error> {
    let mut stack: Vec<Node> = vec![open(file, 1, Value::List(Vec::new()))];
    let mut keys: Vec<Option<String>> = vec![None];
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let place = Place {
                file: file.into(),
                line: error.marker().line(),
            };
            broken(&place, Rule::Syntax, error.info())
        })?;
        step(file, span.start.line(), event, &mut stack, &mut keys)?;
    }
    first(stack, file)
}

/// Takes one event of the parser.
fn step(
    file: &str,
    line: usize,
    event: Event<'_>,
    stack: &mut Vec<Node>,
    keys: &mut Vec<Option<String>>,
) -> Result<(), Error> {
    match event {
        Event::Scalar(text, style, _, _) => {
            let null = style == ScalarStyle::Plain && matches!(&*text, "" | "~" | "null");
            let value = match null {
                true => Value::Null,
                false => Value::Scalar(text.into_owned()),
            };
            attach(stack, keys, open(file, line, value))?;
        }
        Event::SequenceStart(..) => {
            stack.push(open(file, line, Value::List(Vec::new())));
            keys.push(None);
        }
        Event::MappingStart(..) => {
            stack.push(open(file, line, Value::Map(Vec::new())));
            keys.push(None);
        }
        Event::SequenceEnd | Event::MappingEnd => {
            keys.pop();
            if let Some(node) = stack.pop() {
                attach(stack, keys, node)?;
            }
        }
        Event::Alias(_) => {
            let place = open(file, line, Value::Null).place;
            return Err(broken(&place, Rule::Syntax, "aliases are not used here"));
        }
        _ => {}
    }
    Ok(())
}

fn open(file: &str, line: usize, value: Value) -> Node {
    Node {
        place: Place {
            file: file.into(),
            line,
        },
        value,
    }
}

fn first(mut stack: Vec<Node>, file: &str) -> Result<Node, Error> {
    match stack.pop().map(|node| node.value) {
        Some(Value::List(mut nodes)) if nodes.len() == 1 => Ok(nodes.remove(0)),
        _ => Err(broken(
            &open(file, 1, Value::Null).place,
            Rule::Form,
            "one document is expected",
        )),
    }
}

/// Adds a finished node to the collection that is open.
fn attach(stack: &mut [Node], keys: &mut [Option<String>], node: Node) -> Result<(), Error> {
    let (Some(parent), Some(key)) = (stack.last_mut(), keys.last_mut()) else {
        return Ok(());
    };
    match &mut parent.value {
        Value::List(items) => items.push(node),
        Value::Map(entries) => match key.take() {
            Some(name) => entries.push((name, node)),
            None => {
                let name = node.text()?.to_owned();
                if entries.iter().any(|(other, _)| *other == name) {
                    return Err(broken(
                        &node.place,
                        Rule::Form,
                        format!("key `{name}` is given twice"),
                    ));
                }
                *key = Some(name);
            }
        },
        Value::Null | Value::Scalar(_) => {}
    }
    Ok(())
}

/// Reads TOML.
///
/// # Errors
///
/// [`Error::Spec`] with [`Rule::Syntax`].
pub fn toml(file: &str, text: &str) -> Result<Node, Error> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let place = open(file, line_of(text, at), Value::Null).place;
        broken(&place, Rule::Syntax, error.message())
    })?;
    Ok(from_table(file, text, 1, table.get_ref()))
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn from_table(file: &str, text: &str, line: usize, table: &DeTable<'_>) -> Node {
    // The parser's table is sorted by name; the order of the text is that of the spans.
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    let entries = entries
        .into_iter()
        .map(|(key, value)| {
            let line = line_of(text, key.span().start);
            let node = from_value(file, text, line, value.get_ref());
            (key.get_ref().to_string(), node)
        })
        .collect();
    open(file, line, Value::Map(entries))
}

fn from_value(file: &str, text: &str, line: usize, value: &DeValue<'_>) -> Node {
    let scalar = |text: String| open(file, line, Value::Scalar(text));
    match value {
        DeValue::String(value) => scalar(value.to_string()),
        DeValue::Integer(value) => scalar(value.as_str().to_owned()),
        DeValue::Float(value) => scalar(value.as_str().to_owned()),
        DeValue::Boolean(value) => scalar(value.to_string()),
        DeValue::Datetime(value) => scalar(value.to_string()),
        DeValue::Array(items) => {
            let items = items
                .iter()
                .map(|item| {
                    let line = line_of(text, item.span().start);
                    from_value(file, text, line, item.get_ref())
                })
                .collect();
            open(file, line, Value::List(items))
        }
        DeValue::Table(table) => from_table(file, text, line, table),
    }
}

impl Node {
    /// A scalar's text.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] when it is something else.
    pub fn text(&self) -> Result<&str, Error> {
        match &self.value {
            Value::Scalar(text) => Ok(text),
            _ => Err(broken(&self.place, Rule::Form, "a text is expected")),
        }
    }

    /// A scalar's number: decimal, `0x` hexadecimal, `1 << n`, with a minus sign or without.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] when it is something else.
    pub fn number(&self) -> Result<i128, Error> {
        let text = self.text()?;
        number(text)
            .ok_or_else(|| broken(&self.place, Rule::Form, format!("`{text}` is not a number")))
    }

    /// The items of a list; nothing is an empty list.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] when it is something else.
    pub fn list(&self) -> Result<&[Node], Error> {
        match &self.value {
            Value::List(items) => Ok(items),
            Value::Null => Ok(&[]),
            _ => Err(broken(&self.place, Rule::Form, "a list is expected")),
        }
    }

    /// The entries of a mapping; nothing is an empty mapping.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] when it is something else.
    pub fn entries(&self) -> Result<&[(String, Node)], Error> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            Value::Null => Ok(&[]),
            _ => Err(broken(&self.place, Rule::Form, "a mapping is expected")),
        }
    }

    /// The mapping as a set of keys to be taken one by one.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] when it is something else.
    pub fn keys(&self) -> Result<Keys<'_>, Error> {
        Ok(Keys {
            node: self,
            entries: self.entries()?,
            taken: HashSet::new(),
        })
    }
}

fn number(text: &str) -> Option<i128> {
    if let Some((one, shift)) = text.split_once("<<") {
        let shift = shift.trim().parse().ok()?;
        return number(one.trim())?.checked_shl(shift);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let digits = digits.replace('_', "");
    let value = match digits.strip_prefix("0x") {
        Some(hex) => i128::from_str_radix(hex, 16).ok()?,
        None => digits.parse().ok()?,
    };
    Some(sign * value)
}

/// The keys of a mapping, each taken at most once; what is left at the end is unknown.
#[derive(Debug)]
pub struct Keys<'a> {
    node: &'a Node,
    entries: &'a [(String, Node)],
    taken: HashSet<&'a str>,
}

impl<'a> Keys<'a> {
    /// The value of a key that may be missing.
    pub fn optional(&mut self, key: &str) -> Option<&'a Node> {
        let (name, node) = self.entries.iter().find(|(name, _)| name == key)?;
        self.taken.insert(name);
        Some(node)
    }

    /// The value of a key.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] when it is missing.
    pub fn required(&mut self, key: &str) -> Result<&'a Node, Error> {
        self.optional(key).ok_or_else(|| {
            broken(
                &self.node.place,
                Rule::Form,
                format!("key `{key}` is missing"),
            )
        })
    }

    /// The text of a key that may be missing.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] when it is not a text.
    pub fn text(&mut self, key: &str) -> Result<Option<String>, Error> {
        self.optional(key)
            .map(|node| node.text().map(str::to_owned))
            .transpose()
    }

    /// The items of a key; none when it is missing.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] when it is not a list.
    pub fn list(&mut self, key: &str) -> Result<&'a [Node], Error> {
        self.optional(key).map_or(Ok(&[]), Node::list)
    }

    /// Nothing more is expected.
    ///
    /// # Errors
    ///
    /// [`Rule::Form`] naming the first key that nobody took.
    pub fn done(self) -> Result<(), Error> {
        match self
            .entries
            .iter()
            .find(|(name, _)| !self.taken.contains(name.as_str()))
        {
            Some((name, node)) => Err(broken(
                &node.place,
                Rule::Form,
                format!("unknown key `{name}`"),
            )),
            None => Ok(()),
        }
    }
}
