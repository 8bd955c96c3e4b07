// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The errors of this crate, and the error names of the protocol.

use alloc::boxed::Box;
use core::fmt;
#[cfg(feature = "std")]
use std::{io, path::PathBuf, sync::Arc};

use crate::wire::MessageType;

/// Whatever can go wrong between a caller and its xenstored.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "sim")]
/// # fn main() -> Result<(), xen_store::Error> {
/// use xen_store::{Errno, Error, Store, sim};
///
/// let server = sim::Server::new();
/// let client = server.client();
/// match client.rm("/not/there") {
///     Err(error) if error.errno() == Some(&Errno::NotFound) => {}
///     other => return other,
/// }
/// assert!(matches!(client.read("/a//b"), Err(Error::PathSyntax { .. })));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "sim"))]
/// # fn main() {}
/// ```
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[cfg(feature = "std")]
    /// No transport could be opened; this is the first one that exists, or the first of all.
    #[error("cannot connect to {}", path.display())]
    Connect {
        /// The socket or device.
        path: PathBuf,
        /// What opening it said.
        #[source]
        source: io::Error,
    },
    #[cfg(feature = "std")]
    /// The process lacks a thread or a descriptor for the connection or for a watch.
    #[error("cannot set up a thread or an event descriptor")]
    Setup {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The path has a character, a doubled or trailing slash, or an `@` that is not allowed.
    #[error("{path:?} is not a valid path here")]
    PathSyntax {
        /// The path as given.
        path: Box<str>,
    },
    /// The path is too long.
    #[error("path of {length} bytes is over the limit of {limit}")]
    PathLength {
        /// Its length.
        length: usize,
        /// What is allowed for an absolute or a relative path.
        limit: usize,
    },
    /// A payload, ours or a list of children, is too long.
    #[error("{length} bytes are over the limit of {limit}")]
    Length {
        /// Its length.
        length: usize,
        /// What is allowed.
        limit: usize,
    },
    /// The server answered with an error.
    #[error("{request} of {path:?} was refused with {errno}")]
    Refused {
        /// What was asked.
        request: MessageType,
        /// The path, or the other first argument, of the request.
        path: Box<str>,
        /// The server's answer.
        errno: Errno,
    },
    /// The server's answer does not have the form that the protocol gives it.
    #[error("malformed answer to {request} of {path:?}")]
    Reply {
        /// What was asked.
        request: MessageType,
        /// The path, or the other first argument, of the request.
        path: Box<str>,
    },
    /// The value is not UTF-8.
    #[error("the value of {path:?} is not text")]
    NotText {
        /// The node.
        path: Box<str>,
        /// Where it stops being UTF-8.
        #[source]
        source: alloc::string::FromUtf8Error,
    },
    /// The value is not an integer of the type that was asked for.
    #[error("the value of {path:?} is not a number in range")]
    NotNumber {
        /// The node.
        path: Box<str>,
        /// What is wrong with it.
        #[source]
        source: core::num::ParseIntError,
    },
    /// Others kept changing what a transaction or a long listing had read.
    #[error("gave up after {attempts} attempts in which others interfered")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
    },
    /// More requests wait for an answer than can be told apart.
    #[error("more than {limit} requests are waiting")]
    TooManyRequests {
        /// How many can.
        limit: usize,
    },
    #[cfg(feature = "std")]
    /// The connection is gone; every later request on it gets this error too.
    #[error("the connection to xenstored is lost")]
    Lost {
        /// How it was lost.
        #[source]
        source: Arc<Error>,
    },
    /// The server closed the connection, or the last handle did.
    #[error("the connection was closed")]
    Closed,
    #[cfg(feature = "std")]
    /// Reading from the transport failed.
    #[error("cannot receive")]
    Receive {
        /// What the system said.
        #[source]
        source: io::Error,
    },
    #[cfg(feature = "std")]
    /// Writing to the transport failed.
    #[error("cannot send")]
    Send {
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// What the server answered, if the server refused the request.
    pub fn errno(&self) -> Option<&Errno> {
        match self {
            Self::Refused { errno, .. } => Some(errno),
            _ => None,
        }
    }
}

macro_rules! errno {
    ($($(#[$doc:meta])* $variant:ident $name:ident;)*) => {
        /// The error names of the protocol (`xsd_errors`, xen/include/public/io/xs_wire.h).
        ///
        /// They travel as names because numbers differ between systems.
        ///
        /// # Example
        ///
        /// ```
        /// use xen_store::Errno;
        ///
        /// assert_eq!(Errno::from_name("EAGAIN"), Errno::Again);
        /// assert_eq!(Errno::from_name("ENEW").name(), "ENEW");
        /// ```
        #[derive(Clone, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Errno {
            $($(#[$doc])* $variant,)*
            /// A name that this crate does not know.
            Other(Box<str>),
        }

        impl Errno {
            /// The name on the wire, such as `ENOENT`.
            pub fn name(&self) -> &str {
                match self {
                    $(Self::$variant => stringify!($name),)*
                    Self::Other(name) => name,
                }
            }

            /// The meaning of a name on the wire.
            pub fn from_name(name: &str) -> Self {
                match name {
                    $(stringify!($name) => Self::$variant,)*
                    _ => Self::Other(name.into()),
                }
            }

            #[cfg(feature = "std")]
            /// The meaning of one of Linux's numbers, if the protocol has a name for it.
            pub(crate) fn from_raw(number: i32) -> Option<Self> {
                match number {
                    $(libc::$name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

errno! {
    /// The request is malformed.
    Invalid EINVAL;
    /// The node's permissions do not allow it.
    Access EACCES;
    /// It exists already.
    Exists EEXIST;
    /// It is a directory.
    IsDirectory EISDIR;
    /// The node, the watch or the transaction does not exist.
    NotFound ENOENT;
    /// The server is out of memory.
    NoMemory ENOMEM;
    /// A quota is used up.
    NoSpace ENOSPC;
    /// The server failed.
    Io EIO;
    /// It has children.
    NotEmpty ENOTEMPTY;
    /// The server does not know the request.
    Unsupported ENOSYS;
    /// It cannot be written.
    ReadOnly EROFS;
    /// It is in use.
    Busy EBUSY;
    /// The transaction met a conflict.
    Again EAGAIN;
    /// It is connected already.
    Connected EISCONN;
    /// The answer does not fit a message.
    TooBig E2BIG;
    /// Only a privileged domain may do it.
    NotPermitted EPERM;
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_kept() {
        let errno = Errno::from_name("EFUTURE");

        assert_eq!(errno, Errno::Other("EFUTURE".into()));
        assert_eq!(errno.to_string(), "EFUTURE");
    }

    #[test]
    fn name_and_number_of_a_known_error_agree() {
        assert_eq!(Errno::from_name("ENOENT"), Errno::NotFound);
        assert_eq!(Errno::from_raw(libc::ENOENT), Some(Errno::NotFound));
        assert_eq!(Errno::from_raw(libc::ENOTTY), None);
    }
}
