// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! One request of a driver, as a device sees it.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use vm_memory::{Bytes, VolatileSlice};
use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::counters::Counters;
use crate::pending::{Keeper, Pending};
use crate::warn_limited;

/// What a chain's return to the guest will say. Kept by the queue, so that it is
/// right whatever the device does with the request: drop, forget, or panic.
#[derive(Debug)]
pub(crate) struct Receipt {
    /// The index of the chain's first descriptor.
    pub(crate) head: u16,
    /// How many bytes were written, from the first one on without a gap.
    pub(crate) written: Cell<usize>,
    /// How many bytes were read.
    pub(crate) read: Cell<usize>,
    /// The number by which the device has kept the request: it does not go back yet.
    pub(crate) kept: Cell<Option<u64>>,
    /// When its batch was taken.
    pub(crate) taken: Instant,
}

impl Receipt {
    pub(crate) fn new(head: u16, taken: Instant) -> Self {
        Self {
            head,
            taken,
            written: Cell::new(0),
            read: Cell::new(0),
            kept: Cell::new(None),
        }
    }
}

/// What keeps the buffers of a [held](Request::hold) request where they are.
#[derive(Clone)]
pub struct Memory(Arc<dyn Send + Sync>);

impl Memory {
    /// Shares in the guard that the buffers of a batch borrow from.
    pub(crate) fn of<G: Send + Sync + 'static>(guard: &Arc<G>) -> Self {
        Self(guard.clone())
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shares = Arc::strong_count(&self.0);
        f.debug_tuple("Memory").field(&shares).finish()
    }
}

/// What is left of the readable or of the writable side of a chain.
///
/// The memory is the guest's: it may change at any time, so it is read and written
/// by copying, or by the kernel through [`slices`](Self::slices).
#[derive(Clone, Copy, Debug)]
pub struct Buffers<'b> {
    /// None of them empty.
    slices: &'b [VolatileSlice<'b>],
    /// Bytes of the first slice that are used up.
    skip: usize,
    /// Bytes that are left.
    len: usize,
}

impl<'b> Buffers<'b> {
    pub(crate) fn new(slices: &'b [VolatileSlice<'b>]) -> Self {
        Self {
            slices,
            skip: 0,
            len: slices.iter().map(VolatileSlice::len).sum(),
        }
    }

    /// How many bytes are left.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no byte is left.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What is left, in order, in pieces that are contiguous for this process. None is empty.
    pub fn slices(&self) -> impl Iterator<Item = VolatileSlice<'b>> + use<'b> {
        let (mut skip, mut left) = (self.skip, self.len);
        self.slices.iter().map_while(move |slice| {
            let n = left.min(slice.len() - skip);
            let piece = if n == 0 {
                None
            } else {
                slice.subslice(skip, n).ok()
            };
            (skip, left) = (0, left - n);
            piece
        })
    }

    /// Uses up the first `n` bytes, or all that are left.
    pub fn advance(&mut self, n: usize) {
        let n = n.min(self.len);
        self.len -= n;
        self.skip += n;
        while let [first, rest @ ..] = self.slices
            && self.skip >= first.len()
        {
            self.skip -= first.len();
            self.slices = rest;
        }
    }

    /// The first `n` bytes, or all that are left, without using them up.
    #[must_use]
    pub fn first(mut self, n: usize) -> Self {
        self.len = n.min(self.len);
        self
    }

    /// Copies the first bytes out, as many as `bytes` takes, and says how many.
    pub(crate) fn copy_to(&self, bytes: &mut [u8]) -> usize {
        let mut done = 0;
        for slice in self.first(bytes.len()).slices() {
            done += slice.copy_to(&mut bytes[done..]);
        }
        done
    }

    /// Copies `bytes` to the first ones, as many as there are, and says how many.
    pub(crate) fn copy_from(&self, bytes: &[u8]) -> usize {
        let mut done = 0;
        for slice in self.first(bytes.len()).slices() {
            slice.copy_from(&bytes[done..done + slice.len()]);
            done += slice.len();
        }
        done
    }

    /// Takes the last byte away.
    fn pop(&mut self) -> Option<VolatileSlice<'b>> {
        let last = self.slices().last()?;
        self.len -= 1;
        last.offset(last.len() - 1).ok()
    }
}

/// One request of the driver: a chain with its buffers resolved.
///
/// Reading and writing use the buffers up, so a device reads a header, then what follows
/// it, as from a file; how the driver has cut the request into descriptors makes no
/// difference. When `serve` returns the chain goes back to the guest.
#[derive(Debug)]
pub struct Request<'b> {
    pub(crate) queue: u16,
    pub(crate) readable: Buffers<'b>,
    pub(crate) writable: Buffers<'b>,
    pub(crate) receipt: &'b Receipt,
    pub(crate) counters: &'b Counters,
    /// Where it can be kept, and with what.
    pub(crate) shelf: Option<Shelf<'b>>,
    /// How many bytes are written when all before the status are, if that was taken away.
    pub(crate) before_status: Option<usize>,
}

/// What it takes to keep a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shelf<'b> {
    pub(crate) keeper: &'b Keeper,
    pub(crate) memory: &'b Memory,
}

impl<'b> Request<'b> {
    /// A request of the same chain, with other buffers, that cannot be kept.
    pub(crate) fn again(
        queue: u16,
        writable: Buffers<'b>,
        receipt: &'b Receipt,
        counters: &'b Counters,
    ) -> Self {
        Self {
            queue,
            readable: Buffers::new(&[]),
            writable,
            receipt,
            counters,
            shelf: None,
            before_status: None,
        }
    }

    /// Keeps the request, to be answered later, and its buffers where they are, for a system that
    /// is given their addresses. As [`keep`](Self::keep) otherwise.
    ///
    /// The buffers that the request had are valid, and accessible as they were, until the last
    /// [`Memory`] of the batch is dropped. Drop it before the request is answered: while it is
    /// there, memory that the guest has lent stays mapped.
    ///
    /// # Errors
    ///
    /// As [`keep`](Self::keep).
    pub fn hold(self) -> Result<(Pending, Memory), Self> {
        let memory = self.shelf.map(|shelf| shelf.memory.clone());
        match memory {
            Some(memory) => self.keep().map(|pending| (pending, memory)),
            None => Err(self),
        }
    }

    /// Keeps the request, to be answered later. What was read and written so far stays so; a
    /// [status](Self::split_status) that was taken away is back when it is answered.
    ///
    /// # Errors
    ///
    /// The request, when it cannot be kept: the device keeps as many requests as the queue has
    /// descriptors, or the kept ones have more buffers than
    /// [`KEPT_DESCRIPTORS`](crate::limits::KEPT_DESCRIPTORS); or this is one to refuse, or one
    /// that was kept before.
    pub fn keep(self) -> Result<Pending, Self> {
        let pieces = self.writable.slices.len();
        match self.shelf.and_then(|shelf| shelf.keeper.keep(pieces)) {
            Some((id, pending)) => {
                self.receipt.kept.set(Some(id));
                // A status that was written is not: it is back when this is answered.
                if let Some(before) = self.before_status {
                    self.receipt.written.update(|written| written.min(before));
                }
                Ok(pending)
            }
            None => Err(self),
        }
    }

    /// How many bytes from the driver are left.
    pub fn readable_len(&self) -> usize {
        self.readable.len()
    }

    /// How many bytes for the driver are left.
    pub fn writable_len(&self) -> usize {
        self.writable.len()
    }

    /// The bytes from the driver that are left, for a system call.
    ///
    /// Then tell how many it used: [`consume_readable`](Self::consume_readable).
    pub fn readable(&self) -> Buffers<'b> {
        self.readable
    }

    /// The bytes for the driver that are left, for a system call.
    ///
    /// Then tell how many it used: [`consume_writable`](Self::consume_writable).
    pub fn writable(&self) -> Buffers<'b> {
        self.writable
    }

    /// Reads a `T`; `None`, and nothing is used up, when fewer bytes are left.
    pub fn read_obj<T: FromBytes + IntoBytes>(&mut self) -> Option<T> {
        if self.readable.len() < size_of::<T>() {
            return None;
        }
        let mut object = T::new_zeroed();
        self.read_bytes(object.as_mut_bytes());
        Some(object)
    }

    /// Reads as many bytes as `bytes` takes and the driver has given, and says how many.
    pub fn read_bytes(&mut self, bytes: &mut [u8]) -> usize {
        let done = self.readable.copy_to(bytes);
        self.consume_readable(done);
        done
    }

    /// Writes `object`; `false`, and nothing is written, when fewer bytes are left.
    #[must_use]
    pub fn write_obj<T: IntoBytes + Immutable>(&mut self, object: &T) -> bool {
        let fits = self.writable.len() >= size_of::<T>();
        if fits {
            self.write_bytes(object.as_bytes());
        }
        fits
    }

    /// Writes as many of `bytes` as the driver has room for, and says how many.
    pub fn write_bytes(&mut self, bytes: &[u8]) -> usize {
        let done = self.writable.copy_from(bytes);
        self.consume_writable(done);
        done
    }

    /// Uses up `n` bytes from the driver that were read through [`readable`](Self::readable).
    pub fn consume_readable(&mut self, n: usize) {
        let n = n.min(self.readable.len());
        self.readable.advance(n);
        self.receipt.read.update(|read| read + n);
    }

    /// Uses up `n` bytes for the driver that were written through [`writable`](Self::writable).
    pub fn consume_writable(&mut self, n: usize) {
        let n = n.min(self.writable.len());
        self.writable.advance(n);
        self.receipt.written.update(|written| written + n);
    }

    /// Counts `n` bytes as read that were read while the request was held.
    pub fn count_read(&self, n: usize) {
        self.receipt.read.update(|read| read + n);
    }

    /// Takes away the last byte of the writable side, wherever the driver's descriptors
    /// have put it; `None` when there is none. Devices such as block report their result there.
    pub fn split_status(&mut self) -> Option<Status<'b>> {
        let byte = self.writable.pop()?;
        let before = self.receipt.written.get() + self.writable.len();
        self.before_status = Some(before);
        Some(Status {
            byte,
            before,
            receipt: self.receipt,
        })
    }

    /// Records that the guest got this request wrong: counts it, and logs it within limits.
    pub fn malformed(&self, what: impl fmt::Display) {
        Counters::add(&self.counters.malformed, 1);
        warn_limited!("queue {}: wrong request: {what}", self.queue);
    }

    /// Records that the host failed this request: counts it, and logs it within limits.
    pub fn failed(&self, what: impl fmt::Display) {
        Counters::add(&self.counters.failed, 1);
        warn_limited!("queue {}: failed request: {what}", self.queue);
    }
}

/// The last writable byte of a request.
#[derive(Debug)]
pub struct Status<'b> {
    byte: VolatileSlice<'b>,
    /// How many bytes are written when all before this one are.
    before: usize,
    receipt: &'b Receipt,
}

impl Status<'_> {
    /// Writes the byte. The last call counts, so it can be set to failure first.
    ///
    /// The used length includes it only if everything before it was written: the
    /// specification wants a length without gaps.
    pub fn set(&self, value: u8) {
        if self.byte.write_slice(&[value], 0).is_ok() && self.receipt.written.get() == self.before {
            self.receipt.written.set(self.before + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `body` with a request whose sides are cut into the given pieces.
    fn with_request(readable: &mut [Vec<u8>], writable: &mut [Vec<u8>], body: impl Fn(Request)) {
        let readable: Vec<_> = readable
            .iter_mut()
            .map(|p| p.as_mut_slice().into())
            .collect();
        let writable: Vec<_> = writable
            .iter_mut()
            .map(|p| p.as_mut_slice().into())
            .collect();
        let (receipt, counters) = (Receipt::new(0, Instant::now()), Counters::default());
        body(Request {
            queue: 0,
            readable: Buffers::new(&readable),
            writable: Buffers::new(&writable),
            receipt: &receipt,
            counters: &counters,
            shelf: None,
            before_status: None,
        });
    }

    #[test]
    fn reading_and_writing_ignore_how_the_chain_is_cut() {
        let mut answer = [vec![0; 3], vec![0; 2], vec![0; 4]];

        with_request(
            &mut [vec![1], vec![2, 3, 4], vec![5, 6]],
            &mut answer,
            |mut request| {
                assert_eq!(
                    request.read_obj::<u32>(),
                    Some(u32::from_ne_bytes([1, 2, 3, 4]))
                );
                assert_eq!(request.read_obj::<u32>(), None);
                assert_eq!(request.readable_len(), 2);
                assert!(request.write_obj(&u32::from_ne_bytes([9, 8, 7, 6])));
                assert!(!request.write_obj(&0_u64));
                assert_eq!(request.write_bytes(&[5; 8]), 5);
                assert_eq!(request.writable_len(), 0);
                assert_eq!(request.receipt.written.get(), 9);
            },
        );

        assert_eq!(answer.concat(), [9, 8, 7, 6, 5, 5, 5, 5, 5]);
    }

    #[test]
    fn the_status_is_the_last_byte_in_whatever_piece_it_is() {
        let mut answer = [vec![0; 2], vec![0; 3]];

        with_request(&mut [], &mut answer, |mut request| {
            let status = request.split_status().unwrap();
            status.set(1);
            assert_eq!(request.receipt.written.get(), 0);
            assert_eq!(request.write_bytes(&[7; 9]), 4);
            status.set(2);
            status.set(3);
            assert_eq!(request.receipt.written.get(), 5);
            assert!(request.split_status().is_none());
        });

        assert_eq!(answer.concat(), [7, 7, 7, 7, 3]);
    }

    #[test]
    fn slices_show_what_is_left() {
        let mut answer = [vec![0; 2], vec![0; 3], vec![0; 4]];

        with_request(&mut [], &mut answer, |mut request| {
            request.consume_writable(3);
            let _status = request.split_status();
            let lens: Vec<_> = request.writable().slices().map(|s| s.len()).collect();
            assert_eq!(lens, [2, 3]);
            request.consume_writable(usize::MAX);
            assert_eq!(request.writable().slices().count(), 0);
        });
    }
}
