// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Types, fields and unions.

use crate::error::{Error, Place, Rule};
use crate::model::*;
use crate::node::{Keys, Node, broken};

use super::{c_name, each, form, integer, required_doc};

pub(super) fn version(node: &Node) -> Result<Version, Error> {
    let text = node.text()?;
    text.split_once('.')
        .and_then(|(major, minor)| Some(Version(major.parse().ok()?, minor.parse().ok()?)))
        .ok_or_else(|| form(&node.place, format!("`{text}` is not a version")))
}

/// `struct evtchn_status.u.interdomain`: a type, and a path into it.
pub(super) fn c_type(text: &str) -> CType {
    match text.split_once('.') {
        Some((outer, path)) => CType {
            outer: outer.to_owned(),
            path: Some(path.to_owned()),
        },
        None => CType {
            outer: text.to_owned(),
            path: None,
        },
    }
}

fn scalar_named(text: &str) -> Option<Scalar> {
    Some(match text {
        "u8" => Scalar::U8,
        "u16" => Scalar::U16,
        "u32" => Scalar::U32,
        "u64" => Scalar::U64,
        "i8" => Scalar::I8,
        "i16" => Scalar::I16,
        "i32" => Scalar::I32,
        "i64" => Scalar::I64,
        "ulong" => Scalar::Ulong,
        "xen_ulong" => Scalar::XenUlong,
        "xen_pfn" => Scalar::XenPfn,
        "domid" => Scalar::DomId,
        "port" => Scalar::Port,
        "gref" => Scalar::GrantRef,
        "gfn" => Scalar::Gfn,
        _ => return None,
    })
}

pub(super) fn scalar(node: &Node) -> Result<Scalar, Error> {
    let text = node.text()?;
    scalar_named(text).ok_or_else(|| form(&node.place, format!("`{text}` is not a number type")))
}

/// `u32`, `[u8; 3]`, `handle<gfn>`, `handle64<u8>`, `ptr<void>`, or a name of this file.
pub(super) fn ty(place: &Place, text: &str) -> Result<Type, Error> {
    let text = text.trim();
    let inner = |open: &str, close: char| text.strip_prefix(open)?.strip_suffix(close);
    if let Some(text) = inner("[", ']') {
        let (of, len) = text
            .split_once(';')
            .ok_or_else(|| form(place, format!("`[{text}]` is not an array")))?;
        let len = len.trim();
        let len = len
            .parse()
            .map_err(|_not_a_number| form(place, format!("`{len}` is not a length")))?;
        return Ok(Type::Array(Box::new(ty(place, of)?), len));
    }
    if let Some(of) = inner("handle<", '>') {
        return Ok(Type::Handle(Box::new(ty(place, of)?)));
    }
    if let Some(of) = inner("handle64<", '>') {
        return Ok(Type::Handle64(Box::new(ty(place, of)?)));
    }
    if let Some(of) = inner("ptr<", '>') {
        return Ok(Type::Pointer(Box::new(ty(place, of)?)));
    }
    if text == "void" {
        return Ok(Type::Void);
    }
    Ok(scalar_named(text).map_or_else(|| Type::Named(text.to_owned()), Type::Scalar))
}

pub(super) fn typed(keys: &mut Keys<'_>, key: &str) -> Result<Type, Error> {
    let node = keys.required(key)?;
    ty(&node.place, node.text()?)
}

pub(super) fn direction(keys: &mut Keys<'_>) -> Result<Option<Direction>, Error> {
    let Some(node) = keys.optional("dir") else {
        return Ok(None);
    };
    Ok(Some(match node.text()? {
        "in" => Direction::In,
        "out" => Direction::Out,
        "inout" => Direction::InOut,
        other => return Err(form(&node.place, format!("unknown direction `{other}`"))),
    }))
}

/// The fields of a structure; padding without a name gets `pad0`, `pad1` and so on.
pub(super) fn fields(nodes: &[Node]) -> Result<Vec<Field>, Error> {
    let mut fields = each(nodes, field)?;
    let nameless = fields.iter_mut().filter(|field| field.name.is_empty());
    for (index, field) in nameless.enumerate() {
        field.name = format!("pad{index}");
    }
    Ok(fields)
}

fn field(node: &Node) -> Result<Field, Error> {
    let mut keys = node.keys()?;
    let field = if let Some(bytes) = keys.optional("pad") {
        padding(node, &mut keys, integer(bytes)?)?
    } else {
        let name = keys.required("name")?.text()?.to_owned();
        let kind = match keys.optional("union") {
            Some(node) => FieldKind::Union(union(node)?),
            None => FieldKind::Plain(typed(&mut keys, "type")?),
        };
        Field {
            place: node.place.clone(),
            kind,
            direction: direction(&mut keys)?.unwrap_or(Direction::In),
            doc: required_doc(&mut keys)?,
            c: c_name(&mut keys, Some(name.clone()))?,
            at: keys.optional("at").map(integer).transpose()?,
            name,
        }
    };
    keys.done()?;
    Ok(field)
}

fn padding(node: &Node, keys: &mut Keys<'_>, bytes: u64) -> Result<Field, Error> {
    if bytes == 0 {
        return Err(broken(&node.place, Rule::Range, "padding of no bytes"));
    }
    Ok(Field {
        place: node.place.clone(),
        name: keys.text("name")?.unwrap_or_default(),
        kind: FieldKind::Pad(bytes),
        direction: Direction::In,
        doc: "Zero.".to_owned(),
        c: c_name(keys, None)?,
        at: keys.optional("at").map(integer).transpose()?,
    })
}

fn union(node: &Node) -> Result<Union, Error> {
    let mut keys = node.keys()?;
    let tag = keys.optional("tag").ok_or_else(|| {
        broken(
            &node.place,
            Rule::Tag,
            "a union needs a `tag`: the field that says what it holds",
        )
    })?;
    let union = Union {
        tag: tag.text()?.to_owned(),
        mask: keys.optional("mask").map(integer).transpose()?,
        variants: each(keys.list("variants")?, |node| {
            let mut keys = node.keys()?;
            let variant = Variant {
                place: node.place.clone(),
                name: keys.required("name")?.text()?.to_owned(),
                when: integer(keys.required("when")?)?,
                ty: typed(&mut keys, "type")?,
                doc: required_doc(&mut keys)?,
            };
            keys.done()?;
            Ok(variant)
        })?,
    };
    keys.done()?;
    Ok(union)
}
