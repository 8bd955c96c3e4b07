// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Connecting again.

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use super::{Connection, lock};
use crate::error::Error;
use crate::options::PAUSES;
use crate::transport::Mode;
use crate::wire::Decoder;

impl Connection {
    /// Connects again if the connection is lost, as often as `more` says, and if it may.
    pub(crate) fn reconnect_while(&self, more: impl Fn() -> bool) {
        let mut pause = PAUSES.0;
        while self.options.patience().is_some() && lock(&self.state).router.lost.is_some() && more()
        {
            if let Err(error) = self.attempt() {
                log::debug!("cannot connect to xenstored again: {error}");
                thread::sleep(pause);
                pause = PAUSES.1.min(pause * 2);
            }
        }
    }

    /// One attempt, which somebody else may have made meanwhile.
    fn attempt(&self) -> Result<(), Error> {
        let _attempt = lock(&self.attempt);
        if lock(&self.state).router.lost.is_none() {
            return Ok(());
        }
        let transport = Arc::new(self.options.connect(Mode::Blocking)?);
        {
            let mut outgoing = lock(&self.outgoing);
            let mut incoming = lock(&self.incoming);
            let mut state = lock(&self.state);
            let fd = transport.as_raw_fd();
            if let Some(idle) = &*lock(&self.idle) {
                idle.replace(fd).map_err(|source| Error::Setup { source })?;
            }
            state.fd = fd;
            state.armed = false;
            incoming.decoder = Decoder::new();
            incoming.transport = Arc::clone(&transport);
            self.single.store(transport.is_single(), Ordering::Relaxed);
            outgoing.transport = transport;
            state.router.renew();
        }
        log::info!("connected to xenstored again");
        self.watch_again()
    }

    fn watch_again(&self) -> Result<(), Error> {
        let watches = lock(&self.state).router.watches.clone();
        for (token, watch) in watches {
            match self.register_watch(token, &watch, false) {
                Err(error @ Error::Lost { .. }) => return Err(error),
                Err(error) => log::warn!("cannot watch {:?} again: {error}", watch.path),
                // It was dropped while it was registered.
                Ok(()) if !lock(&self.state).router.watches.contains_key(&token) => {
                    self.send_unwatch(&watch.path, token);
                }
                Ok(()) => {}
            }
            watch.queue.push_rescan();
        }
        Ok(())
    }
}
