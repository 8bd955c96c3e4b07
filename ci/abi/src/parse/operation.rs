// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Operations and ioctls.

use crate::error::{Error, Rule};
use crate::model::*;
use crate::node::{Keys, Node, broken};

use super::{Defaults, available, c_name, each, form, integer, required_doc, types};

/// `stability:`, `class:`, `xsm:`, `since:` and `arch:` into `defaults`.
pub(super) fn class(keys: &mut Keys<'_>, defaults: &mut Defaults) -> Result<(), Error> {
    defaults.available = available(keys, &defaults.available)?;
    if let Some(node) = keys.optional("stability") {
        defaults.stability = match node.text()? {
            "stable" => Stability::Stable,
            "unstable" => Stability::Unstable,
            "legacy" => Stability::Legacy,
            other => return Err(form(&node.place, format!("unknown stability `{other}`"))),
        };
    }
    if let Some(node) = keys.optional("class") {
        defaults.class = match node.text()? {
            "privileged" => Class::Privileged,
            "logical" => Class::Logical,
            other => return Err(form(&node.place, format!("unknown class `{other}`"))),
        };
    }
    if let Some(text) = keys.text("xsm")? {
        defaults.xsm = text;
    }
    Ok(())
}

fn identity(node: &Node, keys: &mut Keys<'_>, defaults: &Defaults) -> Result<Identity, Error> {
    let name = keys.required("name")?.text()?.to_owned();
    let mut own = defaults.clone();
    class(keys, &mut own)?;
    Ok(Identity {
        place: node.place.clone(),
        number: integer(keys.required("number")?)?,
        c: c_name(keys, Some(format!("{}{name}", defaults.prefix)))?,
        name,
        available: own.available,
        stability: own.stability,
        class: own.class,
        xsm: own.xsm,
    })
}

pub(super) fn other(node: &Node, defaults: &Defaults) -> Result<Other, Error> {
    let mut keys = node.keys()?;
    let other = Other {
        id: identity(node, &mut keys, defaults)?,
        doc: required_doc(&mut keys)?,
    };
    keys.done()?;
    Ok(other)
}

pub(super) fn operation(node: &Node, defaults: &Defaults) -> Result<Operation, Error> {
    let mut keys = node.keys()?;
    let operation = Operation {
        id: identity(node, &mut keys, defaults)?,
        doc: required_doc(&mut keys)?,
        args: keys.text("args")?,
        batch: keys.text("batch")?.is_some_and(|text| text == "true"),
        slots: each(keys.list("slots")?, slot)?,
        returns: keys.text("returns")?,
        fast: keys.optional("fast").map(fast).transpose()?,
    };
    keys.done()?;
    Ok(operation)
}

fn slot(node: &Node) -> Result<Slot, Error> {
    let mut keys = node.keys()?;
    let direction =
        types::direction(&mut keys)?.ok_or_else(|| form(&node.place, "key `dir` is missing"))?;
    let count = keys.required("count")?;
    let slot = Slot {
        place: node.place.clone(),
        name: keys.required("name")?.text()?.to_owned(),
        direction,
        of: types::typed(&mut keys, "of")?,
        many: match count.text()? {
            "one" => false,
            "many" => true,
            other => return Err(form(&count.place, format!("unknown count `{other}`"))),
        },
        doc: required_doc(&mut keys)?,
    };
    keys.done()?;
    Ok(slot)
}

/// `{in: {field: register}, out: {field: register}}`, registers 2 to 7, each once a side.
fn fast(node: &Node) -> Result<Fast, Error> {
    let mut keys = node.keys()?;
    let fast = Fast {
        inputs: registers(keys.optional("in"))?,
        outputs: registers(keys.optional("out"))?,
        params: strings(keys.optional("params"))?,
        mapping: strings(keys.optional("mapping"))?,
    };
    keys.done()?;
    Ok(fast)
}

/// Pairs of texts.
pub(crate) fn strings(node: Option<&Node>) -> Result<Vec<(String, String)>, Error> {
    let entries = node.map_or(Ok(&[][..]), Node::entries)?;
    let read = |(key, node): &(String, Node)| Ok((key.clone(), node.text()?.to_owned()));
    entries.iter().map(read).collect()
}

/// Fields and registers of one side of a FastABI call.
pub(crate) fn registers(node: Option<&Node>) -> Result<Vec<(String, u8)>, Error> {
    let mut all: Vec<(String, u8)> = Vec::new();
    for (field, node) in node.map_or(Ok(&[][..]), Node::entries)? {
        let register: u8 = integer(node)?;
        if !(2..=7).contains(&register) {
            return Err(broken(
                &node.place,
                Rule::Register,
                format!("register {register} of `{field}`: only 2 to 7 carry fields"),
            ));
        }
        if all.iter().any(|(_, other)| *other == register) {
            return Err(broken(
                &node.place,
                Rule::DuplicateNumber,
                format!("register {register} of `{field}` is taken"),
            ));
        }
        all.push((field.clone(), register));
    }
    Ok(all)
}

pub(super) fn ioctl(node: &Node) -> Result<Ioctl, Error> {
    let mut keys = node.keys()?;
    let ioctl = Ioctl {
        place: node.place.clone(),
        name: keys.required("name")?.text()?.to_owned(),
        number: integer(keys.required("number")?)?,
        c: keys.required("c")?.text()?.to_owned(),
        args: keys.text("args")?,
        doc: required_doc(&mut keys)?,
        returns: keys.text("returns")?,
        available: available(&mut keys, &Availability::ALWAYS)?,
    };
    keys.done()?;
    Ok(ioctl)
}
