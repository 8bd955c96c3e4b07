// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests that are not lost with the process: `INFLIGHT_SHMFD`.
//!
//! Devices whose requests go back in their order need no record: whatever is behind the used
//! index is in flight, and served again by the next process. So the buffer that the front end
//! keeps says the truth as long as it says nothing: no request has been taken beyond the used
//! index.

use std::fs::File;
use std::io::{self, Write};

use backends::InFlight;
use vhost::vhost_user::message::VhostUserInflight;

use super::super::socket;

/// Queues begin at multiples of this.
const ALIGNMENT: usize = 64;

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
    let mut bytes = InFlight::empty(queue_size);
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    let bytes = bytes.repeat(num_queues.into());
    let len = u64::try_from(bytes.len()).map_err(io::Error::other)?;
    let mut file = socket::shared_memory(c"inflight", len)?;
    file.write_all(&bytes)?;
    Ok((VhostUserInflight::new(len, 0, num_queues, queue_size), file))
}
