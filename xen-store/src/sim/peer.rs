// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The other end of a connection, and its watches.

use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use super::access::{self, Need};
use super::tree::Fired;
use crate::path;
use crate::wire::{self, MessageType};

/// What the server knows of a connection besides its transactions.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) stream: UnixStream,
    pub(super) domain: u16,
    pub(super) watches: Vec<Watch>,
    /// Events that wait, each of them once.
    pub(super) held: Vec<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct Watch {
    /// As the client gave it.
    pub(super) path: String,
    /// Absolute, or special.
    pub(super) resolved: String,
    pub(super) token: String,
    pub(super) depth: Option<usize>,
}

impl Watch {
    pub(super) fn covers(&self, event: &Fired) -> bool {
        if event.exact {
            return event.path == self.resolved;
        }
        let below = event.path.strip_prefix(&self.resolved).unwrap_or_default();
        let levels = below.split('/').filter(|name| !name.is_empty()).count();
        path::is_within(&event.path, &self.resolved)
            && self.depth.is_none_or(|depth| levels <= depth)
    }
}

impl Peer {
    pub(super) fn close(&self) {
        // Fails only when the client closed first.
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    pub(super) fn send(&self, kind: MessageType, req_id: u32, tx_id: u32, payload: &[u8]) {
        let mut buffer = Vec::new();
        if wire::encode(&mut buffer, kind, req_id, tx_id, &[payload]).is_ok() {
            // Fails only when the client is gone, which its session finds out.
            let _ = (&self.stream).write_all(&buffer);
        }
    }

    pub(super) fn fire(&mut self, index: usize, path: &str, hold: bool) {
        let watch = &self.watches[index];
        // A relative watch gets relative events: what is below its path is the same in both.
        let below = path.strip_prefix(&watch.resolved).unwrap_or_default();
        let path = if watch.path == "/" {
            path
        } else {
            &format!("{}{below}", watch.path)
        };
        let payload = format!("{path}\0{}\0", watch.token).into_bytes();
        if !hold {
            self.send(MessageType::WatchEvent, 0, 0, &payload);
        } else if !self.held.contains(&payload) {
            self.held.push(payload);
        }
    }

    pub(super) fn may_see(&self, event: &Fired) -> bool {
        let allowed = |permissions: &Vec<u8>| access::allows(permissions, self.domain, Need::Read);
        self.domain == 0 || event.visible.iter().any(allowed)
    }
}
