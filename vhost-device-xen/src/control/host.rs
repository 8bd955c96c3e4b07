// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Who is at the other end of a socket.

// UNSAFE: getsockopt and geteuid have no safe wrapper in std.
#![expect(unsafe_code)]

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// The user that has made the other end, as it was then.
pub fn peer_user(stream: &UnixStream) -> io::Result<libc::uid_t> {
    let mut peer = libc::ucred {
        pid: 0,
        uid: libc::uid_t::MAX,
        gid: libc::gid_t::MAX,
    };
    let mut len = libc::socklen_t::try_from(size_of_val(&peer)).map_err(io::Error::other)?;
    // SAFETY: SO_PEERCRED writes one `ucred`, and how much of it, to the pointers, which are to one
    // `ucred` and to its size and outlive the call; the descriptor is open, as `stream` is.
    let result = unsafe {
        libc::getsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &raw mut len,
        )
    };
    match result {
        0 => Ok(peer.uid),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The user that this process acts as.
pub fn own_user() -> libc::uid_t {
    // SAFETY: geteuid takes nothing, touches no memory, and cannot fail.
    unsafe { libc::geteuid() }
}
