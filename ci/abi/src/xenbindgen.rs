// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Specifications in xenbindgen's TOML, as [`Interface`]s.
//!
//! A directory is one output file; all `.toml` in it are one specification. Directories `arch-*`
//! are alternatives: for each of them, the specification is read with that one as `arch`.

use std::fs;
use std::path::Path;

use crate::error::{Error, Place, Rule};
use crate::model::*;
use crate::node::{self, Node, broken};
use crate::rules;

mod c;

pub use c::header;

/// A specification and what it takes from others.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its own types, after those that it includes.
    pub interface: Interface,
    /// How many of its structures are included ones.
    pub included: usize,
    /// How many of its enums and bitmaps are there only for those.
    included_numbers: (usize, usize),
    includes: Vec<Include>,
}

#[derive(Clone, Debug)]
struct Include {
    place: Place,
    from: String,
    imports: Vec<String>,
}

/// Reads and checks a directory of specifications for one architecture, named as in `arch-x86`.
///
/// # Errors
///
/// [`Error::File`]; [`Error::Spec`] with the rule that is broken.
pub fn load(directory: &Path, arch: &str) -> Result<Vec<Spec>, Error> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::File { path, source }
    };
    let mut specs = Vec::new();
    for path in sorted(directory)?.iter().filter(|path| path.is_dir()) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let name = match name.strip_prefix("arch-") {
            Some(other) if other != arch => continue,
            Some(_) => "arch".to_owned(),
            None => name,
        };
        let mut texts = Vec::new();
        for file in sorted(path)? {
            let text = fs::read_to_string(&file).map_err(at(&file))?;
            texts.push((file.display().to_string(), text));
        }
        specs.push((name, texts));
    }
    parse(&specs)
}

fn sorted(directory: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let at = |source| Error::File {
        path: directory.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory).map_err(at)? {
        paths.push(entry.map_err(at)?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Reads and checks specifications: name, and each file's name and text.
///
/// # Errors
///
/// [`Error::Spec`] with the rule that is broken.
pub fn parse(texts: &[(String, Vec<(String, String)>)]) -> Result<Vec<Spec>, Error> {
    let mut specs = Vec::new();
    for (name, files) in texts {
        specs.push(one(name, files)?);
    }
    let alone: Vec<Spec> = specs.clone();
    for spec in &mut specs {
        for include in spec.includes.clone() {
            import(spec, &include, &alone)?;
        }
        rules::check(&spec.interface)?;
    }
    Ok(specs)
}

fn one(name: &str, files: &[(String, String)]) -> Result<Spec, Error> {
    let place = Place {
        file: files.first().map_or(name, |(file, _)| file).to_owned(),
        line: 1,
    };
    let mut spec = Spec {
        interface: empty(name, place.clone()),
        included: 0,
        included_numbers: (0, 0),
        includes: Vec::new(),
    };
    for (file, text) in files {
        let node = node::toml(file, text)?;
        let mut keys = node.keys()?;
        for node in keys.list("includes")? {
            spec.includes.push(include(node)?);
        }
        for node in keys.list("structs")? {
            spec.interface.structs.push(structure(node)?);
        }
        for node in keys.list("enums")? {
            spec.interface.enums.push(enumeration(node)?);
        }
        for node in keys.list("bitmaps")? {
            spec.interface.bitmaps.push(bitmap(node)?);
        }
        keys.done()?;
    }
    let interface = &spec.interface;
    if interface.structs.is_empty() && interface.enums.is_empty() && interface.bitmaps.is_empty() {
        return Err(broken(&place, Rule::Form, "an empty specification"));
    }
    Ok(spec)
}

fn empty(name: &str, place: Place) -> Interface {
    Interface {
        place,
        name: name.to_owned(),
        title: name.to_owned(),
        about: "From xenbindgen's specification.".to_owned(),
        headers: vec![format!("{name}.h")],
        origin: Origin::Xen,
        hypercall: None,
        goals: Vec::new(),
        constants: Vec::new(),
        enums: Vec::new(),
        bitmaps: Vec::new(),
        structs: Vec::new(),
        operations: Vec::new(),
        others: Vec::new(),
        ioctls: Vec::new(),
    }
}

/// Puts what a specification imports before its own types.
fn import(spec: &mut Spec, include: &Include, all: &[Spec]) -> Result<(), Error> {
    let found = all
        .iter()
        .find(|other| other.interface.name == include.from);
    let other = found.ok_or_else(|| {
        let text = format!("nothing to include as `{}`", include.from);
        broken(&include.place, Rule::Reference, text)
    })?;
    for name in &include.imports {
        let found = other
            .interface
            .structs
            .iter()
            .find(|item| item.name == *name);
        let item = found.ok_or_else(|| {
            let text = format!("`{}` has no `{name}`", include.from);
            broken(&include.place, Rule::Reference, text)
        })?;
        spec.interface.structs.insert(spec.included, item.clone());
        spec.included += 1;
    }
    // What the structures are made of, for their layout.
    let of = &other.interface;
    spec.included_numbers.0 += of.enums.len();
    spec.included_numbers.1 += of.bitmaps.len();
    spec.interface.enums.splice(0..0, of.enums.clone());
    spec.interface.bitmaps.splice(0..0, of.bitmaps.clone());
    Ok(())
}

fn include(node: &Node) -> Result<Include, Error> {
    let mut keys = node.keys()?;
    let imports = keys.required("imports")?.list()?;
    let include = Include {
        place: node.place.clone(),
        from: keys.required("from")?.text()?.to_owned(),
        imports: imports
            .iter()
            .map(|node| Ok(node.text()?.to_owned()))
            .collect::<Result<_, Error>>()?,
    };
    keys.done()?;
    Ok(include)
}

fn primitive(tag: &str) -> Option<Scalar> {
    Some(match tag {
        "u8" => Scalar::U8,
        "u16" => Scalar::U16,
        "u32" => Scalar::U32,
        "u64" => Scalar::U64,
        "i8" => Scalar::I8,
        "i16" => Scalar::I16,
        "i32" => Scalar::I32,
        "i64" => Scalar::I64,
        _ => return None,
    })
}

/// `{ tag = "array", args = [ { tag = "u8" }, 16 ] }`
fn ty(node: &Node) -> Result<Type, Error> {
    let mut keys = node.keys()?;
    let tag = keys.required("tag")?;
    let name = tag.text()?;
    let read = match name {
        "ptr" => Type::Handle64(Box::new(ty(keys.required("args")?)?)),
        "struct" | "enum" | "bitmap" => Type::Named(keys.required("args")?.text()?.to_owned()),
        "array" => {
            let args = keys.required("args")?;
            let [of, len] = args.list()? else {
                return Err(broken(
                    &args.place,
                    Rule::Form,
                    "a type and a length are expected",
                ));
            };
            let length = u64::try_from(len.number()?)
                .map_err(|_negative| broken(&len.place, Rule::Range, "a length"))?;
            Type::Array(Box::new(ty(of)?), length)
        }
        other => Type::Scalar(
            primitive(other)
                .ok_or_else(|| broken(&tag.place, Rule::Form, format!("unknown type `{other}`")))?,
        ),
    };
    keys.done()?;
    Ok(read)
}

/// The type behind an enum or a bitmap.
fn backing(node: &Node) -> Result<Scalar, Error> {
    match ty(node)? {
        Type::Scalar(scalar) => Ok(scalar),
        _ => Err(broken(&node.place, Rule::Form, "a number type is expected")),
    }
}

fn structure(node: &Node) -> Result<Struct, Error> {
    let mut keys = node.keys()?;
    let name = keys.required("name")?.text()?.to_owned();
    let fields = keys.list("fields")?;
    let item = Struct {
        place: node.place.clone(),
        c: Some(CType {
            outer: format!("struct {name}"),
            path: None,
        }),
        doc: text(keys.required("description")?)?,
        fields: fields.iter().map(field).collect::<Result<_, Error>>()?,
        lp64: None,
        available: Availability::ALWAYS,
        name,
    };
    keys.done()?;
    Ok(item)
}

fn text(node: &Node) -> Result<String, Error> {
    Ok(node.text()?.trim().to_owned())
}

fn field(node: &Node) -> Result<Field, Error> {
    let mut keys = node.keys()?;
    let name = keys.required("name")?.text()?.to_owned();
    let doc = text(keys.required("description")?)?;
    let direction = match (doc.contains("IN:"), doc.contains("OUT:")) {
        (true, true) => Direction::InOut,
        (false, true) => Direction::Out,
        _ => Direction::In,
    };
    let padding = name.starts_with("_pad") || name.starts_with("rsvd");
    let field = Field {
        place: node.place.clone(),
        kind: FieldKind::Plain(ty(keys.required("typ")?)?),
        direction,
        doc,
        c: (!padding).then(|| name.clone()),
        at: None,
        name,
    };
    keys.done()?;
    Ok(field)
}

fn enumeration(node: &Node) -> Result<Enum, Error> {
    let mut keys = node.keys()?;
    let ty = backing(keys.required("typ")?)?;
    let variant = |node: &Node| {
        let mut keys = node.keys()?;
        let constant = Constant {
            place: node.place.clone(),
            name: keys.required("name")?.text()?.to_owned(),
            ty,
            value: keys.required("value")?.number()?,
            c: None,
            doc: text(keys.required("description")?)?,
            available: Availability::ALWAYS,
        };
        keys.done()?;
        Ok(constant)
    };
    let item = Enum {
        place: node.place.clone(),
        name: keys.required("name")?.text()?.to_owned(),
        ty,
        doc: text(keys.required("description")?)?,
        values: keys
            .list("variants")?
            .iter()
            .map(variant)
            .collect::<Result<_, Error>>()?,
    };
    keys.done()?;
    Ok(item)
}

fn bitmap(node: &Node) -> Result<Bitmap, Error> {
    let mut keys = node.keys()?;
    let bit = |node: &Node| {
        let mut keys = node.keys()?;
        let shift = keys.required("shift")?;
        let bits = Bits {
            place: node.place.clone(),
            name: keys.required("name")?.text()?.to_owned(),
            shift: u32::try_from(shift.number()?)
                .map_err(|_negative| broken(&shift.place, Rule::Range, "a bit"))?,
            width: 1,
            c: None,
            doc: text(keys.required("description")?)?,
            available: Availability::ALWAYS,
        };
        keys.done()?;
        Ok(bits)
    };
    let item = Bitmap {
        place: node.place.clone(),
        name: keys.required("name")?.text()?.to_owned(),
        ty: backing(keys.required("typ")?)?,
        doc: text(keys.required("description")?)?,
        bits: keys
            .list("bits")?
            .iter()
            .map(bit)
            .collect::<Result<_, Error>>()?,
    };
    keys.done()?;
    Ok(item)
}
