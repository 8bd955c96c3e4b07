// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! From a tree of nodes to an [`Interface`].

use crate::error::{Error, Place, Rule};
use crate::model::*;
use crate::node::{Keys, Node, broken};

mod operation;
mod types;

pub(crate) use operation::{registers, strings};

/// What an interface says once for all its operations.
#[derive(Clone, Debug)]
struct Defaults {
    prefix: String,
    available: Availability,
    stability: Stability,
    class: Class,
    xsm: String,
}

/// Reads one file of the specification.
///
/// # Errors
///
/// [`Error::Spec`] with [`Rule::Syntax`] or [`Rule::Form`].
pub fn interface(file: &str, text: &str) -> Result<Interface, Error> {
    let node = crate::node::yaml(file, text)?;
    let mut keys = node.keys()?;
    let name = keys.required("interface")?.text()?.to_owned();
    let origin = match keys.text("origin")?.as_deref() {
        None | Some("xen") => Origin::Xen,
        Some("linux") => Origin::Linux,
        Some(other) => return Err(form(&node.place, format!("unknown origin `{other}`"))),
    };
    let defaults = defaults(&mut keys)?;
    let interface = Interface {
        place: node.place.clone(),
        title: keys.required("title")?.text()?.to_owned(),
        about: prose(keys.required("about")?.text()?),
        headers: texts(keys.list("headers")?)?,
        origin,
        hypercall: keys.optional("hypercall").map(hypercall).transpose()?,
        goals: each(keys.list("goals")?, goal)?,
        constants: each(keys.list("constants")?, constant)?,
        enums: each(keys.list("enums")?, enumeration)?,
        bitmaps: each(keys.list("bitmaps")?, bitmap)?,
        structs: each(keys.list("structs")?, structure)?,
        operations: each(keys.list("operations")?, |node| {
            operation::operation(node, &defaults)
        })?,
        others: each(keys.list("others")?, |node| {
            operation::other(node, &defaults)
        })?,
        ioctls: each(keys.list("ioctls")?, operation::ioctl)?,
        name,
    };
    keys.done()?;
    Ok(interface)
}

fn form(place: &Place, text: impl Into<String>) -> Error {
    broken(place, Rule::Form, text)
}

fn each<T>(nodes: &[Node], read: impl Fn(&Node) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    nodes.iter().map(read).collect()
}

fn texts(nodes: &[Node]) -> Result<Vec<String>, Error> {
    each(nodes, |node| node.text().map(str::to_owned))
}

/// Folds a text to one paragraph per blank line.
fn prose(text: &str) -> String {
    text.trim().to_owned()
}

fn integer<T: TryFrom<i128>>(node: &Node) -> Result<T, Error> {
    let number = node.number()?;
    T::try_from(number)
        .map_err(|_out_of_range| broken(&node.place, Rule::Range, format!("{number} does not fit")))
}

fn required_doc(keys: &mut Keys<'_>) -> Result<String, Error> {
    let node = keys.required("doc")?;
    let text = prose(node.text()?);
    if text.is_empty() {
        return Err(form(&node.place, "an empty `doc`"));
    }
    Ok(text)
}

fn defaults(keys: &mut Keys<'_>) -> Result<Defaults, Error> {
    let mut defaults = Defaults {
        prefix: String::new(),
        available: Availability::ALWAYS,
        stability: Stability::Stable,
        class: Class::Privileged,
        xsm: "any".to_owned(),
    };
    let Some(node) = keys.optional("defaults") else {
        return Ok(defaults);
    };
    let mut keys = node.keys()?;
    defaults.prefix = keys.text("prefix")?.unwrap_or_default();
    operation::class(&mut keys, &mut defaults)?;
    keys.done()?;
    Ok(defaults)
}

fn hypercall(node: &Node) -> Result<Hypercall, Error> {
    let mut keys = node.keys()?;
    let hypercall = Hypercall {
        number: integer(keys.required("number")?)?,
        call: keys.required("call")?.text()?.to_owned(),
    };
    keys.done()?;
    Ok(hypercall)
}

fn goal(node: &Node) -> Result<Goal, Error> {
    let mut keys = node.keys()?;
    let goal = Goal {
        name: keys.required("goal")?.text()?.to_owned(),
        text: prose(keys.required("text")?.text()?),
        example: keys.text("example")?,
    };
    keys.done()?;
    Ok(goal)
}

/// `since:` and `arch:`, or what `default` says.
fn available(keys: &mut Keys<'_>, default: &Availability) -> Result<Availability, Error> {
    let mut available = default.clone();
    if let Some(node) = keys.optional("since") {
        available.since = Some(types::version(node)?);
    }
    if let Some(node) = keys.optional("arch") {
        let names = texts(node.list()?)?;
        if let Some(other) = names.iter().find(|name| *name != "x86" && *name != "arm") {
            return Err(form(&node.place, format!("unknown architecture `{other}`")));
        }
        available.x86 = names.iter().any(|name| name == "x86");
        available.arm = names.iter().any(|name| name == "arm");
    }
    Ok(available)
}

/// `c:` as written, `-` for none, or the default.
fn c_name(keys: &mut Keys<'_>, default: Option<String>) -> Result<Option<String>, Error> {
    Ok(match keys.text("c")? {
        Some(name) if name == "-" => None,
        Some(name) => Some(name),
        None => default,
    })
}

fn constant(node: &Node) -> Result<Constant, Error> {
    let mut keys = node.keys()?;
    let name = keys.required("name")?.text()?.to_owned();
    let constant = Constant {
        place: node.place.clone(),
        ty: types::scalar(keys.required("type")?)?,
        value: keys.required("value")?.number()?,
        c: c_name(&mut keys, Some(name.clone()))?,
        doc: required_doc(&mut keys)?,
        available: available(&mut keys, &Availability::ALWAYS)?,
        name,
    };
    keys.done()?;
    Ok(constant)
}

fn enumeration(node: &Node) -> Result<Enum, Error> {
    let mut keys = node.keys()?;
    let prefix = keys.text("prefix")?;
    let ty = types::scalar(keys.required("type")?)?;
    let default = available(&mut keys, &Availability::ALWAYS)?;
    let value = |node: &Node| {
        let mut keys = node.keys()?;
        let name = keys.required("name")?.text()?.to_owned();
        let c = prefix.as_ref().map(|prefix| format!("{prefix}{name}"));
        let constant = Constant {
            place: node.place.clone(),
            ty,
            value: keys.required("value")?.number()?,
            c: c_name(&mut keys, c)?,
            doc: required_doc(&mut keys)?,
            available: available(&mut keys, &default)?,
            name,
        };
        keys.done()?;
        Ok(constant)
    };
    let enumeration = Enum {
        place: node.place.clone(),
        name: keys.required("name")?.text()?.to_owned(),
        ty,
        doc: required_doc(&mut keys)?,
        values: each(keys.list("values")?, value)?,
    };
    keys.done()?;
    Ok(enumeration)
}

fn bitmap(node: &Node) -> Result<Bitmap, Error> {
    let mut keys = node.keys()?;
    let prefix = keys.text("prefix")?;
    let bit = |node: &Node| {
        let mut keys = node.keys()?;
        let name = keys.required("name")?.text()?.to_owned();
        let c = prefix.as_ref().map(|prefix| format!("{prefix}{name}"));
        let bits = Bits {
            place: node.place.clone(),
            shift: integer(keys.required("shift")?)?,
            width: keys.optional("width").map_or(Ok(1), integer)?,
            c: c_name(&mut keys, c)?,
            doc: required_doc(&mut keys)?,
            available: available(&mut keys, &Availability::ALWAYS)?,
            name,
        };
        keys.done()?;
        Ok(bits)
    };
    let bitmap = Bitmap {
        place: node.place.clone(),
        name: keys.required("name")?.text()?.to_owned(),
        ty: types::scalar(keys.required("type")?)?,
        doc: required_doc(&mut keys)?,
        bits: each(keys.list("bits")?, bit)?,
    };
    keys.done()?;
    Ok(bitmap)
}

fn structure(node: &Node) -> Result<Struct, Error> {
    let mut keys = node.keys()?;
    let structure = Struct {
        place: node.place.clone(),
        name: keys.required("name")?.text()?.to_owned(),
        c: c_name(&mut keys, None)?.map(|text| types::c_type(&text)),
        doc: required_doc(&mut keys)?,
        fields: types::fields(keys.list("fields")?)?,
        lp64: keys.text("lp64")?,
        available: available(&mut keys, &Availability::ALWAYS)?,
    };
    keys.done()?;
    Ok(structure)
}
