// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What `vhost` does not do with its socket: look at a message before it is read, and read one
//! with its descriptors.

// UNSAFE: recv(2), memfd_create(2), and descriptors out of a control message.
#![expect(unsafe_code)]

use std::ffi::CStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use vmm_sys_util::eventfd::EventFd;
use vmm_sys_util::sock_ctrl_msg::ScmSocket;
use zerocopy::{FromZeros, IntoBytes};

use super::wire::{Header, MAX_REGIONS};

/// Waits for the header of the next message, and leaves it there; `None` when there is no next
/// one.
///
/// # Errors
///
/// As recv(2).
pub fn peek(stream: &UnixStream) -> io::Result<Option<Header>> {
    let mut header = Header::new_zeroed();
    let bytes = header.as_mut_bytes();
    let flags = libc::MSG_PEEK | libc::MSG_WAITALL;
    // SAFETY: recv writes at most `bytes.len()` bytes to `bytes`, which is borrowed for the call.
    // The descriptor is open as long as `stream` is borrowed.
    let got = unsafe {
        libc::recv(
            stream.as_raw_fd(),
            bytes.as_mut_ptr().cast(),
            bytes.len(),
            flags,
        )
    };
    match usize::try_from(got) {
        Ok(got) => Ok((got == size_of::<Header>()).then_some(header)),
        Err(_) => Err(io::Error::last_os_error()),
    }
}

/// Reads a message: header, descriptors, and at most `limit` bytes that follow.
///
/// # Errors
///
/// As recvmsg(2), or when the message is longer or ends early.
pub fn receive(mut stream: &UnixStream, limit: usize) -> io::Result<(Header, Vec<u8>, Vec<File>)> {
    let mut header = Header::new_zeroed();
    let mut iovecs = [libc::iovec {
        iov_base: header.as_mut_bytes().as_mut_ptr().cast(),
        iov_len: size_of::<Header>(),
    }];
    let mut fds = [-1; MAX_REGIONS];
    // SAFETY: the one iovec describes `header`, which any bytes may be written to and which
    // nobody else touches during the call.
    let received = unsafe { stream.recv_with_fds(&mut iovecs, &mut fds) };
    let (mut got, count) = received.map_err(io::Error::from)?;
    let file = |fd: &i32| {
        // SAFETY: recvmsg has just opened `fd`, and nobody else knows of it.
        unsafe { File::from_raw_fd(*fd) }
    };
    let files = fds[..count].iter().map(file).collect();
    while got < size_of::<Header>() {
        match stream.read(&mut header.as_mut_bytes()[got..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => got += more,
        }
    }
    let size = usize::try_from(header.size).unwrap_or(usize::MAX);
    if size > limit {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut payload = vec![0; size];
    stream.read_exact(&mut payload)?;
    Ok((header, payload, files))
}

/// The eventfd that a peer has sent.
///
/// # Errors
///
/// When it is something else, which could make its user wait.
pub fn eventfd(file: File) -> io::Result<EventFd> {
    let link = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    if link.as_os_str() != "anon_inode:[eventfd]" {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not an eventfd",
        ));
    }
    let fd = file.into_raw_fd();
    // SAFETY: `fd` is open and was this file's alone, which has given it up.
    Ok(unsafe { EventFd::from_raw_fd(fd) })
}

/// Memory that can be shared, `len` zero bytes of it.
///
/// # Errors
///
/// As memfd_create(2).
pub fn shared_memory(name: &CStr, len: u64) -> io::Result<File> {
    // SAFETY: `name` ends with a zero and is only read.
    let fd = unsafe { libc::memfd_create(name.as_ptr(), libc::MFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: memfd_create has just opened `fd`, and nobody else knows of it.
    let file = File::from(unsafe { OwnedFd::from_raw_fd(fd) });
    file.set_len(len)?;
    Ok(file)
}
