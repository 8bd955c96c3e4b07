// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `bench-peer grants`, `bench-peer count LEN DEPTH KIND ROUNDS`, `bench-peer foreign DOMAIN
//! ADDRESS MIB`: the same work as `bench-memory`, access by access, as virtio-queue and a device
//! on it go about it.

#[path = "../../bench/src/shapes.rs"]
mod shapes;

use std::fs::OpenOptions;
use std::process::ExitCode;
use std::time::Instant;

use shapes::{Chain, GRANT_BIT, Pages, Result, Shape, granted, measure, shapes, words};
use vm_memory::{
    Bytes, FileOffset, GuestAddress, GuestMemoryMmap, GuestRegionMmap, MmapRange, MmapRegion,
    MmapXenFlags,
};

/// An entry of an indirect table.
const DESCRIPTOR: usize = 16;

fn main() -> ExitCode {
    let args = words();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match *words {
        ["grants"] => grants(),
        ["count", len, depth, kind, rounds] => count(len, depth, kind, rounds),
        ["foreign", domain, address, mib] => foreign(domain, address, mib),
        _ => Err("bench-peer grants | count .. | foreign ..".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-peer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One region from one node.
fn memory(
    node: &str,
    start: u64,
    len: usize,
    flags: MmapXenFlags,
    domain: u32,
) -> Result<GuestMemoryMmap> {
    let file = OpenOptions::new().read(true).write(true).open(node)?;
    let range = MmapRange::new(
        len,
        Some(FileOffset::new(file, 0)),
        GuestAddress(start),
        flags.bits(),
        domain,
    );
    let region = MmapRegion::from_range(range).map_err(|e| format!("{e:?}"))?;
    let region = GuestRegionMmap::new(region, GuestAddress(start)).ok_or("no such region")?;
    GuestMemoryMmap::from_regions(vec![region]).map_err(|e| format!("{e:?}").into())
}

fn granted_memory(refs: &[u32]) -> Result<GuestMemoryMmap> {
    let last = refs.iter().max().ok_or("no grants")?;
    let len = (usize::try_from(*last)? + 1) << 12;
    let flags = MmapXenFlags::GRANT | MmapXenFlags::NO_ADVANCE_MAP;
    memory("/dev/xen/gntdev", GRANT_BIT, len, flags, 0)
}

fn serve(memory: &GuestMemoryMmap, chains: &[Chain], bytes: &mut [u8]) {
    for chain in chains {
        if let Some(table) = chain.table {
            for n in 0..table.len / DESCRIPTOR {
                let addr = GuestAddress(table.addr + (n * DESCRIPTOR) as u64);
                let _: [u64; 2] = memory.read_obj(addr).expect("the table is there");
            }
        }
        for part in &chain.parts {
            let (addr, bytes) = (GuestAddress(part.addr), &mut bytes[..part.len]);
            let done = match part.write {
                true => memory.write_slice(bytes, addr),
                false => memory.read_slice(bytes, addr),
            };
            done.expect("the buffer is there");
        }
    }
}

fn kind(shape: Shape) -> &'static str {
    match shape.indirect {
        true => "indirect",
        false => "direct",
    }
}

fn compare(what: &str, memory: &GuestMemoryMmap, pages: impl Fn() -> Pages) -> Result<()> {
    let mut bytes = vec![0; 1 << 16];
    for shape in shapes() {
        let chains = pages().chains(shape)?;
        let Shape { len, depth, .. } = shape;
        let name = format!("peer {what} {len} depth={depth} {}", kind(shape));
        measure(&name, 320 / depth, depth, || {
            serve(memory, &chains, &mut bytes)
        });
    }
    Ok(())
}

fn grants() -> Result<()> {
    let (_pages, refs) = granted()?;
    let memory = granted_memory(&refs)?;
    compare("grants", &memory, || Pages::of_grants(&refs))
}

fn count(len: &str, depth: &str, kind: &str, rounds: &str) -> Result<()> {
    let shape = Shape {
        len: len.parse()?,
        depth: depth.parse()?,
        indirect: kind == "indirect",
    };
    let (_pages, refs) = granted()?;
    let memory = granted_memory(&refs)?;
    let chains = Pages::of_grants(&refs).chains(shape)?;
    let mut bytes = vec![0; 1 << 16];
    for _ in 0..rounds.parse::<usize>()? {
        serve(&memory, &chains, &mut bytes);
    }
    Ok(())
}

fn foreign(domain: &str, address: &str, mib: &str) -> Result<()> {
    let address = u64::from_str_radix(address, 16)?;
    let pages = mib.parse::<usize>()? << 8;
    let start = Instant::now();
    let memory = memory(
        "/dev/xen/privcmd",
        address,
        pages << 12,
        MmapXenFlags::FOREIGN,
        domain.parse()?,
    )?;
    memory.read_obj::<u8>(GuestAddress(address))?;
    println!("peer foreign set-up {} ns", start.elapsed().as_nanos());
    compare("foreign", &memory, || Pages::linear(address, pages))
}
