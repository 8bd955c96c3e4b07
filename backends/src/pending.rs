// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests that a device answers later.
//!
//! What a batch has mapped is unmapped before the batch ends, so a request that is kept cannot hold
//! its buffers. The queue remembers where they are, and maps them again, in a batch of their own,
//! when the device has made up its mind.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use vm_memory::GuestAddress;

use crate::chain::Flaw;
use crate::limits::{BATCH_BYTES, BATCH_CHAINS, KEPT_DESCRIPTORS};
use crate::memory::Range;
use crate::request::Request;

/// What is done with a request when it is given back.
pub(crate) type Answer = Box<dyn FnOnce(Request<'_>) + Send>;

/// A request that the device has [kept](Request::keep).
///
/// It holds nothing of the guest's memory. Whatever happens to it, the chain goes back: dropped
/// without an answer, it goes back as one that the device has
/// [refused](crate::Device::refuse). A queue that has ended in the meantime is not told.
///
/// # Example
///
/// A device that answers each request when the next one comes:
///
/// ```
/// use backends::{Device, Pending, Request, Traits};
///
/// struct Late(Option<Pending>);
///
/// impl Device for Late {
///     fn traits(&self) -> Traits {
///         Traits { id: 42, features: 0, queues: 1, queue_size: 64 }
///     }
///
///     fn serve(&mut self, _queue: u16, request: Request<'_>) {
///         if let Some(earlier) = self.0.take() {
///             earlier.answer(|mut request| _ = request.write_bytes(b"late"));
///         }
///         self.0 = request.keep().ok();
///     }
/// }
/// ```
pub struct Pending {
    id: u64,
    answers: Arc<Answers>,
    is_answered: bool,
}

impl Pending {
    /// Has the worker call `answer` with the request, in a batch to come.
    ///
    /// The request has the writable bytes that had not been used up, and no readable ones. If the
    /// guest has taken the memory back, `answer` is dropped and the device asked to
    /// [refuse](crate::Device::refuse).
    ///
    /// May be called on any thread; what is not the worker's has to wake that up, through the
    /// descriptor of [`Device::events`](crate::Device::events).
    pub fn answer(mut self, answer: impl FnOnce(Request<'_>) + Send + 'static) {
        self.is_answered = true;
        self.answers
            .lock()
            .push_back((self.id, Some(Box::new(answer))));
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_answered {
            self.answers.lock().push_back((self.id, None));
        }
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.id).finish()
    }
}

/// What was decided about kept requests, in that order. No longer than there are kept requests.
#[derive(Default)]
struct Answers(Mutex<VecDeque<(u64, Option<Answer>)>>);

impl Answers {
    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, Option<Answer>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A kept request as its queue knows it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) head: u16,
    /// How many bytes had been written when it was kept.
    pub(crate) written: usize,
    /// How many bytes had been read.
    pub(crate) read: usize,
    /// The writable buffers behind those.
    pub(crate) ranges: Vec<Range>,
    /// Why it is to be refused, whatever the device answers.
    pub(crate) flaw: Option<Flaw>,
    /// When its batch was taken.
    pub(crate) taken: Instant,
}

impl Kept {
    /// Remembers the chain `head`, whose writable buffers are `ranges`.
    pub(crate) fn new(head: u16, written: usize, ranges: &[Range], taken: Instant) -> Self {
        let mut skip = written;
        let mut left = Vec::new();
        for range in ranges {
            let used = skip.min(range.len);
            skip -= used;
            if used < range.len {
                // In a buffer of which the end was checked to be an address.
                let addr = range.addr.0.wrapping_add(used as u64);
                left.push(Range {
                    addr: GuestAddress(addr),
                    len: range.len - used,
                    ..*range
                });
            }
        }
        Self {
            head,
            written,
            read: 0,
            ranges: left,
            flaw: None,
            taken,
        }
    }

    fn bytes(&self) -> usize {
        self.ranges.iter().map(|range| range.len).sum()
    }
}

/// The kept requests of one queue.
#[derive(Default)]
pub(crate) struct Keeper {
    answers: Arc<Answers>,
    kept: RefCell<BTreeMap<u64, Kept>>,
    next: Cell<u64>,
    /// How many more requests may be kept, and how many descriptors they may have.
    room: Cell<(usize, usize)>,
}

impl Keeper {
    /// Sets how many requests may be kept in all.
    pub(crate) fn limit(&self, requests: usize) {
        let kept = self.kept.borrow();
        let descriptors: usize = kept.values().map(|kept| kept.ranges.len()).sum();
        self.room.set((
            requests.saturating_sub(kept.len()),
            KEPT_DESCRIPTORS.saturating_sub(descriptors),
        ));
    }

    /// Makes a [`Pending`] for a request with so many writable pieces, if there is room, and says
    /// by which number it is to be [inserted](Self::insert).
    pub(crate) fn keep(&self, pieces: usize) -> Option<(u64, Pending)> {
        let (requests, descriptors) = self.room.get();
        let room = (requests.checked_sub(1)?, descriptors.checked_sub(pieces)?);
        self.room.set(room);
        let id = self.next.get();
        self.next.set(id + 1);
        let pending = Pending {
            id,
            answers: Arc::clone(&self.answers),
            is_answered: false,
        };
        Some((id, pending))
    }

    pub(crate) fn insert(&self, id: u64, kept: Kept) {
        self.kept.borrow_mut().insert(id, kept);
    }

    /// The number of the request that is kept next.
    pub(crate) fn next_id(&self) -> u64 {
        self.next.get()
    }

    /// Takes the answers to requests from number `first` on.
    pub(crate) fn take_from(&self, first: u64) -> Vec<(u64, Option<Answer>)> {
        let mut answers = self.answers.lock();
        if answers.is_empty() {
            return Vec::new();
        }
        let all = std::mem::take(&mut *answers);
        let (fresh, earlier) = all.into_iter().partition(|(id, _)| *id >= first);
        *answers = earlier;
        VecDeque::into(fresh)
    }

    /// Whether no request is kept.
    pub(crate) fn is_empty(&self) -> bool {
        self.kept.borrow().is_empty()
    }

    /// How many requests are kept.
    pub(crate) fn len(&self) -> usize {
        self.kept.borrow().len()
    }

    /// Whether there are requests to be given back.
    pub(crate) fn has_answers(&self) -> bool {
        !self.answers.lock().is_empty()
    }

    /// Takes what is to be given back, no more than a batch may have.
    pub(crate) fn take(&self) -> Vec<(Kept, Option<Answer>)> {
        let (mut kept, mut answers) = (self.kept.borrow_mut(), self.answers.lock());
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some((id, _)) = answers.front()
            && taken.len() < BATCH_CHAINS
        {
            bytes += kept.get(id).map_or(0, Kept::bytes);
            if bytes > BATCH_BYTES && !taken.is_empty() {
                break;
            }
            if let Some((id, answer)) = answers.pop_front()
                && let Some(kept) = kept.remove(&id)
            {
                taken.push((kept, answer));
            }
        }
        taken
    }

    /// Forgets all requests: they never go back.
    pub(crate) fn clear(&self) {
        self.kept.borrow_mut().clear();
        // Dropped without the lock: an answer may own what locks it again.
        let answers = std::mem::take(&mut *self.answers.lock());
        drop(answers);
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper")
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}
