// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The wire format: messages to bytes and back (xen/include/public/io/xs_wire.h).
//!
//! Pure code on `core` and `alloc`: it knows no transport and no connection.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::error::Error;

/// The longest payload in either direction (`XENSTORE_PAYLOAD_MAX`).
///
/// xenstored kills a connection that sends more.
pub const PAYLOAD_MAX: usize = 4096;

/// Bytes before each payload.
pub const HEADER_SIZE: usize = size_of::<Header>();

/// The longest payload that is taken from a server.
///
/// oxenstored answers a socket with lists of any length. This bounds what a wrong server can make
/// the process allocate: no buffer is over 64 KiB.
pub const RECEIVE_MAX: usize = (64 << 10) - HEADER_SIZE;

/// Bytes that a [`Decoder`] holds: three of the longest messages, so that one read takes in many
/// of the usual short ones. For a longer one it grows up to that one.
const DECODER_SIZE: usize = 3 * (HEADER_SIZE + PAYLOAD_MAX);

/// `struct xsd_sockmsg`, in the byte order of the machine.
///
/// # Example
///
/// ```
/// use xen_store::wire::{self, Header, MessageType};
///
/// let mut bytes = Vec::new();
/// wire::encode(&mut bytes, MessageType::Read, 7, 0, &[b"/a\0"])?;
/// let words = [2, 7, 0, 3].map(u32::to_ne_bytes).concat();
/// assert_eq!(bytes[..size_of::<Header>()], words);
/// # Ok::<(), xen_store::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, FromBytes, Immutable, IntoBytes, KnownLayout, PartialEq)]
#[repr(C)]
pub struct Header {
    /// A [`MessageType`].
    pub kind: u32,
    /// Chosen by the client, copied into the answer; means nothing in a watch event.
    pub req_id: u32,
    /// The transaction, or 0.
    pub tx_id: u32,
    /// Bytes of payload that follow.
    pub len: u32,
}
const _: () = assert!(size_of::<Header>() == 16);

macro_rules! message_types {
    ($($(#[$doc:meta])* $variant:ident $name:literal = $number:literal;)*) => {
        /// What a message is (`enum xsd_sockmsg_type`).
        ///
        /// # Example
        ///
        /// ```
        /// use xen_store::wire::MessageType;
        ///
        /// assert_eq!(MessageType::from(11), MessageType::Write);
        /// assert_eq!(MessageType::Write.to_string(), "WRITE");
        /// assert_eq!(MessageType::from(99), MessageType::Unknown(99));
        /// ```
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum MessageType {
            $($(#[$doc])* $variant,)*
            /// A number that this crate does not know.
            Unknown(u32),
        }

        impl From<u32> for MessageType {
            fn from(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    _ => Self::Unknown(number),
                }
            }
        }

        impl From<MessageType> for u32 {
            fn from(kind: MessageType) -> Self {
                match kind {
                    $(MessageType::$variant => $number,)*
                    MessageType::Unknown(number) => number,
                }
            }
        }

        impl fmt::Display for MessageType {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($name),)*
                    Self::Unknown(number) => write!(f, "message {number}"),
                }
            }
        }
    };
}

message_types! {
    /// Commands to the server itself.
    Control "CONTROL" = 0;
    /// Names of the children of a node.
    Directory "DIRECTORY" = 1;
    /// Value of a node.
    Read "READ" = 2;
    /// Permissions of a node.
    GetPerms "GET_PERMS" = 3;
    /// Starts a watch.
    Watch "WATCH" = 4;
    /// Ends a watch.
    Unwatch "UNWATCH" = 5;
    /// Starts a transaction.
    TransactionStart "TRANSACTION_START" = 6;
    /// Commits (`T`) or discards (`F`) a transaction.
    TransactionEnd "TRANSACTION_END" = 7;
    /// Connects a new domain.
    Introduce "INTRODUCE" = 8;
    /// Disconnects a domain.
    Release "RELEASE" = 9;
    /// Home of a domain.
    GetDomainPath "GET_DOMAIN_PATH" = 10;
    /// Sets the value of a node.
    Write "WRITE" = 11;
    /// Creates a node.
    Mkdir "MKDIR" = 12;
    /// Removes a node and what is below it.
    Rm "RM" = 13;
    /// Sets the permissions of a node.
    SetPerms "SET_PERMS" = 14;
    /// A watch fired (server to client only).
    WatchEvent "WATCH_EVENT" = 15;
    /// A request failed (server to client only).
    Error "ERROR" = 16;
    /// Whether a domain is connected.
    IsDomainIntroduced "IS_DOMAIN_INTRODUCED" = 17;
    /// Lets the shutdown of a domain be reported again.
    Resume "RESUME" = 18;
    /// Gives a domain the rights of another.
    SetTarget "SET_TARGET" = 19;
    /// Ends all watches and transactions of the caller.
    ResetWatches "RESET_WATCHES" = 21;
    /// A part of the names of the children of a node.
    DirectoryPart "DIRECTORY_PART" = 22;
    /// What the server offers a domain.
    GetFeature "GET_FEATURE" = 23;
    /// Sets what the server offers a domain.
    SetFeature "SET_FEATURE" = 24;
    /// A quota.
    GetQuota "GET_QUOTA" = 25;
    /// Sets a quota.
    SetQuota "SET_QUOTA" = 26;
}

/// A message as it stands in a [`Decoder`], where there is an example.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Message<'a> {
    /// What it is.
    pub kind: MessageType,
    /// The request it answers.
    pub req_id: u32,
    /// The transaction, or 0.
    pub tx_id: u32,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// Adds one message to the end of `buffer`; its payload is `parts` one after the other.
///
/// One buffer is one write: two writes per message cost twice, and a transport such as
/// `/dev/xen/xenbus` shared between processes could mix them up.
///
/// # Errors
///
/// [`Error::Length`] when the payload is longer than [`PAYLOAD_MAX`]; `buffer` is then unchanged.
///
/// # Example
///
/// ```
/// use xen_store::wire::{self, MessageType};
///
/// let mut buffer = Vec::new();
/// wire::encode(&mut buffer, MessageType::Read, 7, 0, &[b"/a", b"\0"])?;
/// assert_eq!(buffer.len(), wire::HEADER_SIZE + 3);
/// # Ok::<(), xen_store::Error>(())
/// ```
pub fn encode(
    buffer: &mut Vec<u8>,
    kind: MessageType,
    req_id: u32,
    tx_id: u32,
    parts: &[&[u8]],
) -> Result<(), Error> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let len = match u32::try_from(length) {
        Ok(len) if length <= PAYLOAD_MAX => len,
        _ => {
            return Err(Error::Length {
                length,
                limit: PAYLOAD_MAX,
            });
        }
    };
    let header = Header {
        kind: kind.into(),
        req_id,
        tx_id,
        len,
    };
    buffer.extend_from_slice(header.as_bytes());
    for part in parts {
        buffer.extend_from_slice(part);
    }
    Ok(())
}

/// Cuts a stream of bytes into messages, however the stream was split.
///
/// # Example
///
/// ```
/// use xen_store::wire::{self, Decoder, MessageType};
///
/// let mut bytes = Vec::new();
/// wire::encode(&mut bytes, MessageType::Read, 7, 0, &[b"value"])?;
///
/// let mut decoder = Decoder::new();
/// let space = decoder.space();
/// space[..bytes.len()].copy_from_slice(&bytes);
/// decoder.commit(bytes.len());
/// let message = decoder.next_message()?.expect("it is complete");
/// assert_eq!((message.req_id, message.payload), (7, &b"value"[..]));
/// # Ok::<(), xen_store::Error>(())
/// ```
pub struct Decoder {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Of the message that is not whole yet.
    wanted: usize,
}

impl Decoder {
    /// A decoder that has seen nothing.
    pub fn new() -> Self {
        Self {
            buffer: vec![0; DECODER_SIZE].into(),
            start: 0,
            end: 0,
            wanted: 0,
        }
    }

    /// Where to read the next bytes of the stream to; then say how many with [`Self::commit`].
    ///
    /// Never empty when [`Self::next_message`] has returned `None`.
    pub fn space(&mut self) -> &mut [u8] {
        if self.wanted > self.buffer.len() {
            let mut buffer = vec![0; self.wanted];
            buffer[..self.end - self.start].copy_from_slice(&self.buffer[self.start..self.end]);
            self.buffer = buffer.into();
        } else {
            self.buffer.copy_within(self.start..self.end, 0);
        }
        self.end -= self.start;
        self.start = 0;
        &mut self.buffer[self.end..]
    }

    /// Takes the first `count` bytes of [`Self::space`] as received.
    ///
    /// # Panics
    ///
    /// When there were not that many.
    pub fn commit(&mut self, count: usize) {
        assert!(
            count <= self.buffer.len() - self.end,
            "more bytes than there was space for"
        );
        self.end += count;
    }

    /// The next message, or `None` until more bytes are there.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] when a header announces more than [`RECEIVE_MAX`] bytes. The stream
    /// cannot be followed after that: every later call returns the error again.
    pub fn next_message(&mut self) -> Result<Option<Message<'_>>, Error> {
        let received = &self.buffer[self.start..self.end];
        let Ok((header, rest)) = Header::read_from_prefix(received) else {
            return Ok(None);
        };
        let length = usize::try_from(header.len).unwrap_or(usize::MAX);
        if length > RECEIVE_MAX {
            return Err(Error::Length {
                length,
                limit: RECEIVE_MAX,
            });
        }
        let Some(payload) = rest.get(..length) else {
            self.wanted = HEADER_SIZE + length;
            return Ok(None);
        };
        self.start += HEADER_SIZE + length;
        Ok(Some(Message {
            kind: header.kind.into(),
            req_id: header.req_id,
            tx_id: header.tx_id,
            payload,
        }))
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("buffered", &(self.end - self.start))
            .finish()
    }
}

/// The strings of a payload, each of which ends with a NUL; bytes after the last NUL are one more.
///
/// ```
/// let strings: Vec<&[u8]> = xen_store::wire::strings(b"ab\0c\0").collect();
/// assert_eq!(strings, [b"ab".as_slice(), b"c"]);
/// ```
pub fn strings(payload: &[u8]) -> impl Iterator<Item = &[u8]> {
    let payload = payload
        .strip_suffix(b"\0")
        .map_or_else(|| Some(payload).filter(|payload| !payload.is_empty()), Some);
    payload
        .into_iter()
        .flat_map(|payload| payload.split(|&byte| byte == 0))
}

#[cfg(test)]
mod tests;
