// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Buffers and operations over a Xen that is an arena: every pointer it is given must lead into
//! one of its blocks. Runs under Miri.

// UNSAFE: a hypercall is played.
#![expect(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::ptr;

#[cfg(not(miri))]
use proptest::prelude::*;
use xen_hypercall::call::{ConstMemory, MutMemory};
use xen_hypercall::event_channel::AllocUnbound;
use xen_hypercall::memory::{AcquireResource, Decrease, Resource};
use xen_hypercall::operation::Perform;
use xen_hypercall::slot::{In, InOut};
use xen_hypercall::{DomId, Gfn, Port, XenError, XenHypercall, console};

/// What the arena saw: the number, and the bytes of each block when the call came.
type Seen = (usize, [usize; 5], Vec<Vec<u8>>);

#[derive(Default)]
struct Arena {
    blocks: RefCell<Vec<Range<usize>>>,
    freed: Cell<usize>,
    seen: RefCell<Vec<Seen>>,
    /// Written over each block that a call finds.
    pattern: Cell<u8>,
    result: Cell<usize>,
}

struct Block<'a> {
    arena: &'a Arena,
    /// A box, but no type that says nobody else looks: Xen does.
    bytes: *mut [u8],
    original: Option<&'a mut [u8]>,
}

impl<'a> Block<'a> {
    fn new(arena: &'a Arena, bytes: &[u8], original: Option<&'a mut [u8]>) -> Self {
        let bytes: *mut [u8] = Box::into_raw(bytes.into());
        let start = bytes.cast::<u8>().expose_provenance();
        arena.blocks.borrow_mut().push(start..start + bytes.len());
        Self {
            arena,
            bytes,
            original,
        }
    }
}

impl Drop for Block<'_> {
    fn drop(&mut self) {
        let start = self.bytes.addr();
        let blocks = &mut *self.arena.blocks.borrow_mut();
        let at = blocks.iter().position(|block| block.start == start);
        blocks.remove(at.expect("each block is freed once"));
        self.arena.freed.set(self.arena.freed.get() + 1);
        // SAFETY: it was a box, and this is the only place that makes it one again.
        drop(unsafe { Box::from_raw(self.bytes) });
    }
}

impl ConstMemory for Block<'_> {
    fn as_ptr(&self) -> *const u8 {
        self.bytes.cast()
    }
}

impl MutMemory for Block<'_> {
    fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.cast()
    }

    fn update(&mut self) {
        if let Some(original) = &mut self.original {
            // SAFETY: it is a box until this is dropped, and no call is under way.
            original.copy_from_slice(unsafe { &*self.bytes });
        }
    }
}

// SAFETY: each block is a copy as long as the original.
unsafe impl XenHypercall for Arena {
    type Const<'a> = Block<'a>;
    type Mut<'a> = Block<'a>;

    unsafe fn hypercall5(&self, number: usize, args: [usize; 5]) -> Result<usize, XenError> {
        let mut contents = Vec::new();
        for block in self.blocks.borrow().iter() {
            let bytes = block.clone().map(|at| {
                let byte = ptr::with_exposed_provenance_mut::<u8>(at);
                // SAFETY: the byte is in a block that is lent to this call.
                let old = unsafe { byte.read() };
                if self.pattern.get() != 0 {
                    // SAFETY: as above.
                    unsafe { byte.write(self.pattern.get()) };
                }
                old
            });
            contents.push(bytes.collect());
        }
        self.seen.borrow_mut().push((number, args, contents));
        XenError::check(self.result.get())
    }

    fn lend_const<'a>(&'a self, bytes: &'a [u8]) -> Result<Block<'a>, XenError> {
        Ok(Block::new(self, bytes, None))
    }

    fn lend_mut<'a>(&'a self, bytes: &'a mut [u8]) -> Result<Block<'a>, XenError> {
        let copy = bytes.to_vec();
        Ok(Block::new(self, &copy, Some(bytes)))
    }
}

#[test]
fn slices_of_any_length_are_lent_and_freed() {
    let xen = Arena::default();
    let long = vec![7u8; 4097];

    for len in [0, 1, 4095, 4096, 4097] {
        console::write(&xen, &long[..len]).unwrap();
    }

    assert_eq!(xen.freed.get(), 5);
    assert!(xen.blocks.borrow().is_empty());
    let lengths: Vec<usize> = xen
        .seen
        .borrow()
        .iter()
        .map(|(_, args, _)| args[1])
        .collect();
    assert_eq!(lengths, [0, 1, 4095, 4096, 4097]);
}

#[test]
fn a_mut_buffer_changes_its_original_only_when_it_is_updated() {
    let xen = Arena::default();
    let mut value = 5u32;

    let mut buffer = xen.mut_buffer(&mut value).unwrap();
    // SAFETY: the byte is the first of the buffer.
    unsafe { buffer.as_hypercall_ptr().write(9) };
    drop(buffer);
    assert_eq!(value, 5);
    let mut buffer = xen.mut_buffer(&mut value).unwrap();
    // SAFETY: as above.
    unsafe { buffer.as_hypercall_ptr().write(9) };
    buffer.update();
    drop(buffer);

    assert_eq!(value.to_ne_bytes()[0], 9);
}

#[test]
fn what_xen_only_reads_is_never_copied_back() {
    let xen = Arena::default();
    xen.pattern.set(0xff);
    let text = *b"text";
    let mut frames = [Gfn(1), Gfn(2)];

    console::write(&xen, &text).unwrap();
    // SAFETY: the arena takes no frames.
    let decrease = unsafe { Decrease::new(DomId(1), 0) };
    xen.perform_with(decrease, In(&mut frames)).unwrap();

    assert_eq!(&text, b"text");
    assert_eq!(frames, [Gfn(1), Gfn(2)]);
}

#[test]
fn an_operation_carries_its_number_and_gives_back_what_was_written() {
    let xen = Arena::default();
    xen.pattern.set(0x11);

    let port = xen.perform(AllocUnbound::new(DomId(3))).unwrap();

    assert_eq!(port, Port(0x1111_1111));
    let seen = xen.seen.borrow();
    let (number, args, blocks) = &seen[0];
    assert_eq!((*number, args[0]), (32, 6));
    assert_eq!(blocks[0], [0xf0, 0x7f, 3, 0, 0, 0, 0, 0]);
}

#[test]
fn a_buffer_inside_of_an_operation_lives_as_long_as_the_call() {
    let xen = Arena::default();
    let resource = Resource {
        kind: 0,
        id: 4,
        frame: 1,
    };
    let question = AcquireResource::new(DomId(1), resource).unwrap();
    let mut frames = [Gfn(0); 3];

    xen.pattern.set(0x22);
    let (count, frames) = xen.perform_with(question, InOut(&mut frames)).unwrap();

    assert_eq!(
        (count, frames[2]),
        (0x2222_2222, Gfn(0x2222_2222_2222_2222))
    );
    let seen = xen.seen.borrow();
    let (_, _, blocks) = &seen[0];
    // The list came first, then the structure: three frames are wanted.
    assert_eq!((blocks[0].len(), blocks[1].len()), (24, 32));
    assert_eq!(blocks[1][8..12], 3u32.to_ne_bytes());
    assert_eq!(xen.freed.get(), 2);
}

#[test]
fn a_refusal_gives_nothing_back() {
    let xen = Arena::default();
    xen.pattern.set(0x33);
    xen.result.set(3usize.wrapping_neg());
    let mut frames = [Gfn(7)];
    let resource = Resource {
        kind: 0,
        id: 0,
        frame: 0,
    };
    let question = AcquireResource::new(DomId(1), resource).unwrap();

    let refused = xen.perform_with(question, InOut(&mut frames)).map(drop);

    assert_eq!(refused, Err(XenError::SRCH));
    assert_eq!(frames, [Gfn(7)]);
    assert_eq!(xen.freed.get(), 2);
}

/// Lengths around those where a copy may go wrong, and any.
#[cfg(not(miri))]
fn any_length() -> impl Strategy<Value = usize> {
    prop_oneof![
        Just(0),
        Just(1),
        Just(4095),
        Just(4096),
        Just(4097),
        0usize..9000
    ]
}

#[cfg(not(miri))]
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    any_length().prop_flat_map(|len| prop::collection::vec(any::<u8>(), len))
}

/// Whether all blocks have been freed, `count` of them. A block that is freed twice panics.
#[cfg(not(miri))]
fn all_freed(xen: &Arena, count: usize) -> bool {
    xen.blocks.borrow().is_empty() && xen.freed.get() == count
}

/// A hypercall whose argument is a pointer, which must lead into a block that is lent.
#[cfg(not(miri))]
fn issue(xen: &Arena, pointer: usize, len: usize) -> Result<(), TestCaseError> {
    let lent = xen.blocks.borrow().iter().any(|block| {
        let end = pointer.checked_add(len);
        block.start <= pointer && end.is_some_and(|end| end <= block.end)
    });
    prop_assert!(lent, "the pointer leads into no block");
    // SAFETY: the arena takes any arguments, and touches its own blocks only.
    let result = unsafe { xen.hypercall2(1, [0, pointer]) };
    prop_assert!(result.is_ok());
    Ok(())
}

// Slow under Miri, where the cases above do.
#[cfg(not(miri))]
proptest! {
    #[test]
    fn a_const_buffer_of_any_length_is_read_and_never_copied_back(
        bytes in any_bytes(), pattern in 1u8..
    ) {
        let xen = Arena::default();
        xen.pattern.set(pattern);
        let before = bytes.clone();

        let buffer = xen.const_buffer(&bytes[..]).unwrap();
        issue(&xen, buffer.as_hypercall_ptr().expose_provenance(), bytes.len())?;
        drop(buffer);

        prop_assert_eq!(&xen.seen.borrow()[0].2, std::slice::from_ref(&before));
        prop_assert_eq!(&bytes, &before);
        prop_assert!(all_freed(&xen, 1));
    }

    #[test]
    fn a_mut_buffer_of_any_length_changes_its_original_when_it_is_updated(
        mut bytes in any_bytes(), pattern in 1u8.., update: bool
    ) {
        let xen = Arena::default();
        xen.pattern.set(pattern);
        let before = bytes.clone();
        let written = vec![pattern; bytes.len()];

        let mut buffer = xen.mut_buffer(&mut bytes[..]).unwrap();
        issue(&xen, buffer.as_hypercall_ptr().expose_provenance(), before.len())?;
        if update {
            buffer.update();
        }
        drop(buffer);

        prop_assert_eq!(&xen.seen.borrow()[0].2, std::slice::from_ref(&before));
        prop_assert_eq!(bytes, if update { written } else { before });
        prop_assert!(all_freed(&xen, 1));
    }

    #[test]
    fn a_list_of_any_length_lives_as_long_as_the_structure_that_leads_to_it(
        frames in any_length().prop_map(|len| len / 8), pattern in 1u8.., refused: bool
    ) {
        let xen = Arena::default();
        xen.pattern.set(pattern);
        xen.result.set(if refused { 22usize.wrapping_neg() } else { 0 });
        let mut list = vec![Gfn(7); frames];
        let resource = Resource { kind: 0, id: 0, frame: 0 };
        let question = AcquireResource::new(DomId(1), resource).unwrap();

        let answer = xen.perform_with(question, InOut(&mut list)).map(drop);

        let seen = xen.seen.borrow();
        let (_, args, blocks) = &seen[0];
        prop_assert_eq!((blocks[0].len(), blocks[1].len()), (8 * frames, 32));
        prop_assert!(args[1] != 0);
        let untouched = refused || frames == 0;
        prop_assert_eq!(answer.is_err(), refused);
        prop_assert_eq!(list.iter().all(|frame| *frame == Gfn(7)), untouched);
        prop_assert!(all_freed(&xen, 2));
    }
}

#[test]
fn what_has_no_bytes_is_lent_and_freed() {
    let xen = Arena::default();
    let mut nothing = ();

    drop(xen.const_buffer(&nothing).unwrap());
    let mut buffer = xen.mut_buffer(&mut nothing).unwrap();
    buffer.update();
    drop(buffer);

    assert!(xen.blocks.borrow().is_empty());
    assert_eq!(xen.freed.get(), 2);
}
