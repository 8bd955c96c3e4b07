// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Entropy device: virtio 1.2, "Entropy Device".

mod host;

use std::fs::File;
use std::io;

use virtio_bindings::virtio_ids::VIRTIO_ID_RNG;

use crate::device::{Device, Traits};
use crate::limits::ENTROPY_BYTES;
use crate::request::Request;

/// Where random bytes come from.
#[derive(Debug)]
pub enum Source {
    /// The kernel's generator, through getrandom(2). What to use.
    Kernel,
    /// A file that the caller has opened, such as `/dev/hwrng`. One that blocks
    /// blocks the device's worker, and delays its end.
    File(File),
}

/// The entropy device.
///
/// # Example
///
/// ```
/// use backends::{Device, rng};
///
/// let device = rng::Entropy::new(rng::Source::Kernel);
/// assert_eq!(device.traits().id, 4);
/// ```
#[derive(Debug)]
pub struct Entropy {
    source: Source,
}

impl Entropy {
    /// Makes an entropy device that gives what `source` gives.
    pub fn new(source: Source) -> Self {
        Self { source }
    }

    /// Gives up to [`ENTROPY_BYTES`] bytes, fewer if the source ends.
    fn fill(&mut self, request: &mut Request<'_>) -> io::Result<()> {
        let mut wanted = ENTROPY_BYTES;
        while let Some(slice) = request.writable().first(wanted).slices().next() {
            let given = self.source.fill(slice)?;
            if given == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            request.consume_writable(given);
            wanted -= given;
        }
        Ok(())
    }
}

impl Device for Entropy {
    fn traits(&self) -> Traits {
        Traits {
            id: VIRTIO_ID_RNG,
            features: 0,
            queues: 1,
            queue_size: 64,
        }
    }

    fn serve(&mut self, _queue: u16, mut request: Request<'_>) {
        if request.readable_len() > 0 || request.writable_len() == 0 {
            return request.malformed("not one for entropy");
        }
        if let Err(error) = self.fill(&mut request) {
            request.failed(format_args!("cannot get entropy: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;
    use crate::counters::Snapshot;
    use crate::testing::{Buffer, Driver, serve};

    fn file_of(bytes: &[u8]) -> Source {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        Source::File(file)
    }

    fn ask(
        source: Source,
        pick: impl Fn(&mut Driver) -> Vec<Buffer>,
    ) -> (Driver, Vec<Buffer>, Snapshot) {
        let mut driver = Driver::new(8);
        let buffers = pick(&mut driver);
        driver.send(&buffers);
        let counts = serve(&driver, &mut Entropy::new(source));
        (driver, buffers, counts)
    }

    #[test]
    fn all_buffers_of_a_request_are_filled() {
        let (mut driver, buffers, counts) = ask(Source::Kernel, |d| {
            vec![d.writable(100), d.writable(0), d.writable(200)]
        });

        assert_eq!(driver.used(), [(0, 300)]);
        assert!(driver.bytes(buffers[0]).iter().any(|&byte| byte != 0));
        assert!(
            driver.bytes(buffers[2])[180..]
                .iter()
                .any(|&byte| byte != 0)
        );
        assert_eq!(counts.bytes_written, 300);
    }

    #[test]
    fn a_file_gives_its_bytes_in_order() {
        let (mut driver, buffers, _) =
            ask(file_of(b"entropy"), |d| vec![d.writable(3), d.writable(4)]);

        assert_eq!(driver.used(), [(0, 7)]);
        assert_eq!(driver.bytes(buffers[0]), b"ent");
        assert_eq!(driver.bytes(buffers[1]), b"ropy");
    }

    #[test]
    fn a_file_that_ends_gives_what_it_has_and_counts_a_failure() {
        let (mut driver, _, counts) = ask(file_of(b"xyz"), |d| vec![d.writable(8)]);

        assert_eq!(driver.used(), [(0, 3)]);
        assert_eq!(counts.failed, 1);
    }

    #[test]
    fn a_greedy_request_is_given_no_more_than_the_limit() {
        let (mut driver, _, _) = ask(Source::Kernel, |d| vec![d.writable(1 << 20)]);

        assert_eq!(driver.used(), [(0, 4096)]);
    }

    #[test]
    fn a_request_with_readable_bytes_is_refused() {
        let (mut driver, _, counts) =
            ask(Source::Kernel, |d| vec![d.readable(b"?"), d.writable(8)]);

        assert_eq!(driver.used(), [(0, 0)]);
        assert_eq!(counts.malformed, 1);
    }

    #[test]
    fn a_request_without_room_is_refused() {
        let (mut driver, _, counts) = ask(Source::Kernel, |d| vec![d.writable(0)]);

        assert_eq!(driver.used(), [(0, 0)]);
        assert_eq!(counts.malformed, 1);
    }
}
