// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `bench-memory grants`, `bench-memory sizes`, `bench-memory floor`, `bench-memory count POLICY LEN DEPTH KIND ROUNDS`,
//! `bench-memory foreign DOMAIN ADDRESS MIB`.

// UNSAFE: copies to pages that nobody borrows.
#![expect(unsafe_code)]

mod shapes;

use std::process::ExitCode;
use std::time::Instant;

use shapes::{Chain, Pages, Piece, Result, Shape, granted, measure, shapes, words};
use vm_memory::{Bytes, GuestAddress, GuestAddressSpace, Permissions};
use xen_hypercall::{DomId, GrantRef, PAGE_SIZE};
use xen_ioctls::{Grants, Privcmd, Protection, Segment};
use xen_vm_memory::{GuestSpace, Policy};

fn main() -> ExitCode {
    let args = words();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match *words {
        ["grants"] => grants(),
        ["sizes"] => sizes(),
        ["floor"] => floor(),
        ["count", policy, len, depth, kind, rounds] => count(policy, len, depth, kind, rounds),
        ["foreign", domain, address, mib] => foreign(domain, address, mib),
        _ => Err("bench-memory grants | sizes | floor | count .. | foreign ..".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench-memory: {error}");
            ExitCode::FAILURE
        }
    }
}

const POLICIES: [(&str, Policy); 3] = [
    ("auto", Policy::Auto),
    ("map", Policy::Map),
    ("copy", Policy::Copy),
];

fn declared(piece: &Piece) -> (GuestAddress, usize, Permissions) {
    let access = match piece.write {
        true => Permissions::Write,
        false => Permissions::Read,
    };
    (GuestAddress(piece.addr), piece.len, access)
}

/// Serves a batch as the queue loop does.
fn serve(space: &GuestSpace, chains: &[Chain], bytes: &mut [u8]) {
    let batch = space.memory();
    let tables = chains.iter().filter_map(|chain| chain.table.as_ref());
    if chains[0].table.is_some() {
        batch.declare(tables.clone().map(declared));
        for table in tables {
            access(&batch, table, bytes);
        }
    }
    let parts = chains.iter().flat_map(|chain| &chain.parts);
    batch.declare(parts.clone().map(declared));
    for part in parts {
        access(&batch, part, bytes);
    }
    batch.finish(&mut |addr, _| panic!("lost: {:#x}", addr.0));
}

fn access(batch: &xen_vm_memory::Batch, piece: &Piece, bytes: &mut [u8]) {
    let (addr, bytes) = (GuestAddress(piece.addr), &mut bytes[..piece.len]);
    let done = match piece.write {
        true => batch.write_slice(bytes, addr),
        false => batch.read_slice(bytes, addr),
    };
    done.expect("the memory is granted");
}

fn kind(shape: Shape) -> &'static str {
    match shape.indirect {
        true => "indirect",
        false => "direct",
    }
}

fn grants() -> Result<()> {
    let (_pages, refs) = granted()?;
    let mut bytes = vec![0; 1 << 16];
    for (name, policy) in POLICIES {
        let space = GuestSpace::grant_by(DomId(0), Grants::open()?, policy);
        for shape in shapes() {
            let chains = Pages::of_grants(&refs).chains(shape)?;
            let Shape { len, depth, .. } = shape;
            let name = format!("ours {name} {len} depth={depth} {}", kind(shape));
            measure(&name, 320 / depth, depth, || {
                serve(&space, &chains, &mut bytes)
            });
        }
    }
    Ok(())
}

/// Map against copy, by length and direction; also without touching the memory.
fn sizes() -> Result<()> {
    let (_pages, refs) = granted()?;
    for (name, policy) in &POLICIES[1..] {
        let space = GuestSpace::grant_by(DomId(0), Grants::open()?, *policy);
        for depth in [1, 32] {
            for write in [false, true] {
                for len in [64, 512, 2048, 4096, 8192, 16384, 65536] {
                    let mut pages = Pages::of_grants(&refs);
                    let pieces = pages.pieces(depth, len, write)?;
                    let way = if write { "write" } else { "read" };
                    reach(
                        &space,
                        &pieces,
                        &format!("{name} {way} {len} depth={depth}"),
                    );
                }
            }
        }
    }
    Ok(())
}

fn reach(space: &GuestSpace, pieces: &[Piece], name: &str) {
    let mut bytes = vec![0; 1 << 16];
    measure(&format!("size {name}"), 8, pieces.len(), || {
        let batch = space.memory();
        batch.declare(pieces.iter().map(declared));
        for piece in pieces {
            access(&batch, piece, &mut bytes);
        }
    });
    measure(&format!("reach {name}"), 8, pieces.len(), || {
        space.memory().declare(pieces.iter().map(declared));
    });
}

/// What Linux and Xen take by themselves: the least that any user of grants pays.
fn floor() -> Result<()> {
    let (pages, refs) = granted()?;
    let refs: Vec<GrantRef> = refs.into_iter().map(GrantRef).collect();
    // To pages that are copied from by nobody.
    let own = pages.mapping().as_ptr().wrapping_add(64 * PAGE_SIZE);
    let grants = Grants::open()?;
    let host = DomId(0);
    for depth in [1, 32] {
        let places = (0..depth).map(|n| own.wrapping_add(n * PAGE_SIZE));
        for len in [16_u16, 4096] {
            let segment = |(grant, place): (&GrantRef, *mut u8)| {
                // SAFETY: the place is in the pages, which outlive the segment.
                unsafe { Segment::read_to(host, *grant, 0, place, len.into()) }
            };
            let mut segments: Vec<Segment<'_>> = refs
                .iter()
                .zip(places.clone())
                .filter_map(segment)
                .collect();
            measure(&format!("floor copy {len} depth={depth}"), 8, depth, || {
                grants.copy(&mut segments).expect("the driver copies");
            });
        }
        for (way, protection) in [("read", Protection::Read), ("write", Protection::ReadWrite)] {
            let refs = &refs[..depth];
            measure(&format!("floor map {way} depth={depth}"), 8, depth, || {
                drop(grants.map(host, refs, protection).expect("the driver maps"));
            });
        }
    }
    Ok(())
}

/// Nothing but rounds of one shape, for strace.
fn count(policy: &str, len: &str, depth: &str, kind: &str, rounds: &str) -> Result<()> {
    let policy = POLICIES.iter().find(|(name, _)| *name == policy);
    let (_, policy) = policy.ok_or("no such policy")?;
    let shape = Shape {
        len: len.parse()?,
        depth: depth.parse()?,
        indirect: kind == "indirect",
    };
    let (_pages, refs) = granted()?;
    let chains = Pages::of_grants(&refs).chains(shape)?;
    let space = GuestSpace::grant_by(DomId(0), Grants::open()?, *policy);
    let mut bytes = vec![0; 1 << 16];
    for _ in 0..rounds.parse::<usize>()? {
        serve(&space, &chains, &mut bytes);
    }
    println!("{}", space.usage());
    Ok(())
}

/// Memory of a guest that does not run.
fn foreign(domain: &str, address: &str, mib: &str) -> Result<()> {
    let domain = DomId(domain.parse()?);
    let address = u64::from_str_radix(address, 16)?;
    let pages = mib.parse::<usize>()? << 8;
    let start = Instant::now();
    let space = GuestSpace::foreign(domain, Privcmd::open()?);
    space.memory().read_obj::<u8>(GuestAddress(address))?;
    println!("ours foreign set-up {} ns", start.elapsed().as_nanos());
    let mut bytes = vec![0; 1 << 16];
    for shape in shapes() {
        // Beyond what Xen has put at the beginning.
        let chains = Pages::linear(address, pages).chains(shape)?;
        let Shape { len, depth, .. } = shape;
        let name = format!("ours foreign {len} depth={depth} {}", kind(shape));
        measure(&name, 320 / depth, depth, || {
            serve(&space, &chains, &mut bytes)
        });
    }
    println!("ours foreign usage {}", space.usage());
    Ok(())
}
