// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Reading: who does it, until when, and who is next.

use std::thread;

use super::{Connection, Incoming, State, lock};
use crate::error::Error;
use crate::router::Waiter;

/// Requests under way from which on the reader lets others run before it reads again: each message
/// wakes it, and on a busy processor it would otherwise take them one by one, with a switch of
/// threads for each.
pub(crate) const CROWD: usize = 4;

impl Connection {
    /// Takes the role of the reader, which nobody has; returns the epoch for [`Self::read`].
    pub(super) fn start_reading(&self, state: &mut State) -> u32 {
        state.reading = true;
        if std::mem::take(&mut state.armed) {
            self.arm(state, false);
        }
        state.router.epoch
    }

    fn arm(&self, state: &State, armed: bool) {
        if let Some(idle) = &*lock(&self.idle) {
            idle.arm(state.fd, armed);
        }
    }

    /// Lets the idle thread read when nobody does and something may come.
    pub(super) fn arm_if_unread(&self, state: &mut State) {
        if !state.reading
            && !state.armed
            && state.router.lost.is_none()
            && state.router.expects_more()
        {
            state.armed = true;
            self.arm(state, true);
        }
    }

    /// Reads what made the transport wake the idle thread.
    pub(crate) fn read_idly(&self) {
        let mut state = lock(&self.state);
        // Otherwise a caller was first, and has read it.
        if !state.reading && std::mem::take(&mut state.armed) {
            state.reading = true;
            let epoch = state.router.epoch;
            drop(state);
            self.read(None, epoch);
        }
    }

    /// Reads until the request has its answer, or once, and passes the role on.
    ///
    /// Not at all when another connection has taken the place of the one of `epoch`: what was
    /// to be read is gone.
    pub(super) fn read(&self, id: Option<u32>, epoch: u32) {
        let _guard = LoseOnPanic(self);
        let mut incoming = lock(&self.incoming);
        let mut current = lock(&self.state).router.epoch == epoch;
        loop {
            let received = if current {
                receive(&mut incoming)
            } else {
                Ok(())
            };
            let Incoming { decoder, wake, .. } = &mut *incoming;
            let mut state = lock(&self.state);
            let decoded = received.and_then(|()| {
                while let Some(message) = decoder.next_message()? {
                    state.router.dispatch(message, wake);
                }
                Ok(())
            });
            if let Err(cause) = decoded {
                let keep_watches = self.options.patience().is_some();
                state.router.lose(cause, keep_watches, wake);
            }
            let done = id.is_none_or(|id| state.router.is_answered(id));
            let outstanding = state.router.outstanding();
            let successor = done.then(|| self.stop_reading(&mut state)).flatten();
            drop(state);
            wake.drain(..).for_each(Waiter::wake);
            if done {
                drop(incoming);
                return successor.map_or((), Waiter::wake);
            }
            current = true;
            if outstanding > CROWD {
                thread::yield_now();
            }
        }
    }

    /// Gives up the role; returns who is to be woken for it.
    fn stop_reading(&self, state: &mut State) -> Option<Waiter> {
        state.reading = false;
        if state.router.lost.is_some() {
            self.call_idle();
            return None;
        }
        let successor = state.router.successor();
        if successor.is_none() {
            self.arm_if_unread(state);
        }
        successor
    }

    /// Makes the idle thread see that the connection is lost.
    fn call_idle(&self) {
        if let Some(idle) = &*lock(&self.idle) {
            idle.call();
        }
    }

    /// Ends the connection, for everyone who waits for it.
    pub(super) fn lose(&self, cause: Error) {
        let mut wake = Vec::new();
        let keep_watches = self.options.patience().is_some();
        lock(&self.state)
            .router
            .lose(cause, keep_watches, &mut wake);
        wake.into_iter().for_each(Waiter::wake);
        self.call_idle();
    }
}

fn receive(incoming: &mut Incoming) -> Result<(), Error> {
    match incoming.transport.receive(incoming.decoder.space()) {
        Ok(0) => Err(Error::Closed),
        Ok(count) => {
            incoming.decoder.commit(count);
            Ok(())
        }
        Err(source) => Err(Error::Receive { source }),
    }
}

/// Ends the connection when its reader panics, so that nobody waits for it for ever.
struct LoseOnPanic<'a>(&'a Connection);

impl Drop for LoseOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            lock(&self.0.state).reading = false;
            self.0.lose(Error::Closed);
        }
    }
}
