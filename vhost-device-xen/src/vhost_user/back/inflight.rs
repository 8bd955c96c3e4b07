// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests that are not lost with the process: `INFLIGHT_SHMFD`.
//!
//! Devices whose requests go back in their order need no record: whatever is behind the used
//! index is in flight, and served again by the next process. So the buffer that the front end
//! keeps says the truth as long as it says nothing: no request has been taken beyond the used
//! index.

use std::fs::File;
use std::io::{self, Write};

use vhost::vhost_user::message::VhostUserInflight;
use zerocopy::{Immutable, IntoBytes};

use super::super::socket;

/// Queues begin at multiples of this.
const ALIGNMENT: usize = 64;
/// Bytes for each descriptor.
const ENTRY: usize = 16;

/// Begins the part of a queue: "Inflight I/O tracking" for split virtqueues.
#[derive(Clone, Copy, Debug, IntoBytes, Immutable)]
#[repr(C)]
struct Part {
    features: u64,
    version: u16,
    descriptors: u16,
    last_batch_head: u16,
    used_index: u16,
}

/// A buffer for so many queues of such a size.
///
/// # Errors
///
/// When there is no memory.
pub fn buffer(wanted: &VhostUserInflight) -> io::Result<(VhostUserInflight, File)> {
    let VhostUserInflight {
        num_queues,
        queue_size,
        ..
    } = *wanted;
    let part = Part {
        features: 0,
        version: 1,
        descriptors: queue_size,
        last_batch_head: 0,
        used_index: 0,
    };
    let entries = usize::from(queue_size) * ENTRY;
    let mut bytes = part.as_bytes().to_vec();
    bytes.resize((bytes.len() + entries).next_multiple_of(ALIGNMENT), 0);
    let bytes = bytes.repeat(num_queues.into());
    let len = u64::try_from(bytes.len()).map_err(io::Error::other)?;
    let mut file = socket::shared_memory(c"inflight", len)?;
    file.write_all(&bytes)?;
    Ok((VhostUserInflight::new(len, 0, num_queues, queue_size), file))
}
