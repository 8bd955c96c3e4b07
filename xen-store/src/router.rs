// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Who asked what, who watches what, and who gets what arrives. No input or output.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::Thread;

use crate::error::Error;
use crate::queue::Queue;
use crate::wire::{self, Message, MessageType};

/// Bits of a request's number that say its place in the table; the others tell an answer to it
/// from an answer to the request that had the place before.
const INDEX_BITS: u32 = 20;

/// Requests that can wait for an answer at once.
pub(crate) const REQUESTS_MAX: usize = 1 << INDEX_BITS;

/// What a request gets.
pub(crate) type Answer = Result<(MessageType, Vec<u8>), Arc<Error>>;

/// Who waits for an answer.
#[derive(Debug)]
pub(crate) enum Waiter {
    Thread(Thread),
    #[cfg(feature = "tokio")]
    Task(std::task::Waker),
}

impl Waiter {
    pub(crate) fn wake(self) {
        match self {
            Self::Thread(thread) => thread.unpark(),
            #[cfg(feature = "tokio")]
            Self::Task(waker) => waker.wake(),
        }
    }
}

#[derive(Debug)]
enum Phase {
    Free,
    /// Nobody wants the answer.
    Abandoned,
    /// The answer says that a watch is there again.
    #[cfg(feature = "tokio")]
    Rewatch(u64),
    Sent(Option<Waiter>),
    Answered(Answer),
}

#[derive(Debug)]
struct Entry {
    generation: u32,
    phase: Phase,
}

/// A watch as it has to be registered again after the connection was lost.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) path: Arc<str>,
    pub(crate) depth: Option<u32>,
    pub(crate) queue: Arc<Queue>,
}

#[derive(Debug, Default)]
pub(crate) struct Router {
    entries: Vec<Entry>,
    free: Vec<u32>,
    next_token: u64,
    pub(crate) watches: HashMap<u64, Registered>,
    pub(crate) lost: Option<Arc<Error>>,
    /// How often the connection was made again.
    pub(crate) epoch: u32,
}

/// What becomes of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Want {
    Answer,
    Nothing,
    #[cfg(feature = "tokio")]
    Rewatch(u64),
}

impl Router {
    /// The error of a request that cannot be made now.
    fn check(&self, epoch: Option<u32>) -> Result<(), Error> {
        match &self.lost {
            Some(source) => Err(Error::Lost {
                source: Arc::clone(source),
            }),
            // Its transaction ended with the connection that it was started on.
            None if epoch.is_some_and(|epoch| epoch != self.epoch) => Err(Error::Lost {
                source: Arc::new(Error::Closed),
            }),
            None => Ok(()),
        }
    }

    /// A number for a request, of the connection `epoch` if it is given.
    pub(crate) fn register(&mut self, epoch: Option<u32>, want: Want) -> Result<u32, Error> {
        self.check(epoch)?;
        let phase = match want {
            Want::Answer => Phase::Sent(None),
            Want::Nothing => Phase::Abandoned,
            #[cfg(feature = "tokio")]
            Want::Rewatch(token) => Phase::Rewatch(token),
        };
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.entries.len() == REQUESTS_MAX => {
                return Err(Error::TooManyRequests {
                    limit: REQUESTS_MAX,
                });
            }
            None => {
                self.entries.push(Entry {
                    generation: 0,
                    phase: Phase::Free,
                });
                u32::try_from(self.entries.len() - 1).expect("it is below REQUESTS_MAX")
            }
        };
        let entry = &mut self.entries[index as usize];
        entry.phase = phase;
        Ok(entry.generation << INDEX_BITS | index)
    }

    fn entry(&mut self, id: u32) -> Option<&mut Entry> {
        let entry = self
            .entries
            .get_mut(id as usize & (REQUESTS_MAX - 1))
            .filter(|entry| entry.generation == id >> INDEX_BITS);
        entry.filter(|entry| !matches!(entry.phase, Phase::Free))
    }

    fn release(&mut self, id: u32) -> Phase {
        let Some(entry) = self.entry(id) else {
            return Phase::Free;
        };
        entry.generation = (entry.generation + 1) & (u32::MAX >> INDEX_BITS);
        let phase = std::mem::replace(&mut entry.phase, Phase::Free);
        self.free.push(id & (u32::MAX >> (32 - INDEX_BITS)));
        phase
    }

    /// Requests whose answers are not here or not taken.
    pub(crate) fn outstanding(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    /// Takes the number back of a request that was not sent; false when it has been answered.
    pub(crate) fn cancel(&mut self, id: u32) -> bool {
        let waiting = self
            .entry(id)
            .is_some_and(|entry| !matches!(entry.phase, Phase::Answered(_)));
        if waiting {
            self.release(id);
        }
        waiting
    }

    /// Lets go of a request that was sent: its number stays taken until its answer is here.
    #[cfg(feature = "tokio")]
    pub(crate) fn abandon(&mut self, id: u32) {
        match self.entry(id) {
            Some(Entry {
                phase: Phase::Answered(_),
                ..
            }) => drop(self.release(id)),
            Some(entry) => entry.phase = Phase::Abandoned,
            None => {}
        }
    }

    pub(crate) fn is_answered(&mut self, id: u32) -> bool {
        self.entry(id)
            .is_none_or(|entry| matches!(entry.phase, Phase::Answered(_)))
    }

    /// The answer to a request, if it is here.
    pub(crate) fn take(&mut self, id: u32) -> Option<Answer> {
        if !self.is_answered(id) {
            return None;
        }
        match self.release(id) {
            Phase::Answered(answer) => Some(answer),
            _ => Some(Err(Arc::new(Error::Closed))),
        }
    }

    /// Says who is to be woken by the answer.
    pub(crate) fn park(&mut self, id: u32, waiter: Waiter) {
        if let Some(Entry {
            phase: Phase::Sent(parked),
            ..
        }) = self.entry(id)
        {
            *parked = Some(waiter);
        }
    }

    /// Somebody who waits for an answer that is not here.
    pub(crate) fn successor(&mut self) -> Option<Waiter> {
        self.entries
            .iter_mut()
            .find_map(|entry| match &mut entry.phase {
                Phase::Sent(waiter) => waiter.take(),
                _ => None,
            })
    }

    /// Whether something can arrive that no caller waits for.
    pub(crate) fn expects_more(&self) -> bool {
        !self.watches.is_empty()
            || self
                .entries
                .iter()
                .any(|entry| matches!(entry.phase, Phase::Abandoned))
    }

    /// Gives a message to whom it belongs, and adds who is to be woken to `wake`.
    pub(crate) fn dispatch(&mut self, message: Message<'_>, wake: &mut Vec<Waiter>) {
        if message.kind == MessageType::WatchEvent {
            return self.fire(message.payload);
        }
        let Some(entry) = self.entry(message.req_id) else {
            return log::warn!("xenstored answered request {}, never sent", message.req_id);
        };
        match &mut entry.phase {
            Phase::Sent(waiter) => {
                wake.extend(waiter.take());
                entry.phase = Phase::Answered(Ok((message.kind, payload_of(message))));
            }
            Phase::Answered(_) => {
                log::warn!("xenstored answered request {} twice", message.req_id);
            }
            #[cfg(feature = "tokio")]
            Phase::Rewatch(token) => {
                let token = *token;
                if let Some(watch) = self.watches.get(&token) {
                    watch.queue.push_rescan();
                }
                self.release(message.req_id);
            }
            Phase::Abandoned | Phase::Free => drop(self.release(message.req_id)),
        }
    }

    fn fire(&self, payload: &[u8]) {
        let mut strings = wire::strings(payload).map(|string| str::from_utf8(string).ok());
        let event = (strings.next().flatten(), strings.next().flatten());
        if let (Some(path), Some(Ok(token))) = (event.0, event.1.map(str::parse::<u64>)) {
            // A token without a watch: the event crossed our UNWATCH.
            if let Some(watch) = self.watches.get(&token) {
                watch.queue.push(path);
            }
        } else {
            log::warn!("xenstored sent a malformed watch event: rescanning");
            self.watches
                .values()
                .for_each(|watch| watch.queue.push_rescan());
        }
    }

    /// Makes a watch known, before the server knows it: its first event may come before the
    /// answer.
    pub(crate) fn add_watch(&mut self, watch: Registered) -> u64 {
        let token = self.next_token;
        self.next_token += 1;
        self.watches.insert(token, watch);
        token
    }

    /// Ends the connection for everyone, once; watches stay when it will be made again.
    pub(crate) fn lose(&mut self, cause: Error, keep_watches: bool, wake: &mut Vec<Waiter>) {
        if self.lost.is_some() {
            return;
        }
        let source = Arc::new(cause);
        self.lost = Some(Arc::clone(&source));
        for (index, entry) in self.entries.iter_mut().enumerate() {
            match &mut entry.phase {
                Phase::Sent(waiter) => {
                    wake.extend(waiter.take());
                    entry.phase = Phase::Answered(Err(Arc::clone(&source)));
                }
                Phase::Free | Phase::Answered(_) => {}
                _ => {
                    entry.phase = Phase::Free;
                    self.free.extend(u32::try_from(index));
                }
            }
        }
        if !keep_watches {
            self.watches
                .drain()
                .for_each(|(_, watch)| watch.queue.end(&source));
        }
    }

    /// The connection is there again.
    pub(crate) fn renew(&mut self) {
        self.lost = None;
        self.epoch = self.epoch.wrapping_add(1);
    }
}

/// A payload as its asker wants it: an acknowledgement says nothing, and costs no allocation.
fn payload_of(message: Message<'_>) -> Vec<u8> {
    match message.kind {
        MessageType::Write
        | MessageType::Mkdir
        | MessageType::Rm
        | MessageType::SetPerms
        | MessageType::Watch
        | MessageType::Unwatch => Vec::new(),
        _ => message.payload.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(router: &mut Router, req_id: u32) {
        let message = Message {
            kind: MessageType::Read,
            req_id,
            tx_id: 0,
            payload: b"value",
        };
        router.dispatch(message, &mut Vec::new());
    }

    #[test]
    fn numbers_in_use_are_not_given_again() {
        let mut router = Router::default();

        let first = router.register(None, Want::Answer).unwrap();
        let second = router.register(None, Want::Nothing).unwrap();

        assert_ne!(first, second);
    }

    #[test]
    fn an_answer_to_the_request_before_is_not_taken() {
        let mut router = Router::default();
        let before = router.register(None, Want::Answer).unwrap();
        assert!(router.cancel(before));

        let after = router.register(None, Want::Answer).unwrap();
        answer(&mut router, before);

        assert_ne!(before, after);
        assert!(router.take(after).is_none());
        answer(&mut router, after);
        assert_eq!(router.take(after).unwrap().unwrap().1, b"value");
        assert!(!router.cancel(after));
    }

    #[test]
    fn a_number_of_an_earlier_connection_is_refused() {
        let mut router = Router::default();
        let epoch = router.epoch;
        router.lose(Error::Closed, true, &mut Vec::new());
        router.renew();

        let late = router.register(Some(epoch), Want::Answer);

        assert!(matches!(late, Err(Error::Lost { .. })));
        assert!(router.register(Some(router.epoch), Want::Answer).is_ok());
    }
}
