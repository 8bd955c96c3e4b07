// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Entropy device: virtio 1.2, "Entropy Device".

mod host;

use std::collections::VecDeque;
use std::fs::File;
use std::num::NonZeroU32;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use virtio_bindings::virtio_ids::VIRTIO_ID_RNG;

use crate::device::{Device, Traits};
use crate::error::Error;
use crate::limits::ENTROPY_BYTES;
use crate::pending::Pending;
use crate::rate::Rate;
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
    source: Arc<Source>,
    rate: Option<Rate>,
    /// Who waits because of that, each with what it may be given.
    waiting: VecDeque<(Pending, usize)>,
}

impl Source {
    /// Gives up to `wanted` bytes, fewer if the source ends.
    fn give(&self, request: &mut Request<'_>, mut wanted: usize) {
        while let Some(slice) = request.writable().first(wanted).slices().next() {
            match self.fill(slice) {
                Ok(0) => return request.failed("the source of entropy has ended"),
                Ok(given) => {
                    request.consume_writable(given);
                    wanted -= given;
                }
                Err(error) => return request.failed(format_args!("cannot get entropy: {error}")),
            }
        }
    }
}

impl Entropy {
    /// Makes an entropy device that gives what `source` gives.
    pub fn new(source: Source) -> Self {
        Self {
            source: Arc::new(source),
            rate: None,
            waiting: VecDeque::new(),
        }
    }

    /// Gives no more than so many bytes in a second: who asks for more waits.
    ///
    /// # Errors
    ///
    /// [`Error::Timer`].
    pub fn with_rate(self, in_a_second: NonZeroU32) -> Result<Self, Error> {
        let rate = Some(Rate::new(in_a_second)?);
        Ok(Self { rate, ..self })
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
        let wanted = request.writable_len().min(ENTROPY_BYTES);
        if self.rate.is_none() {
            return self.source.give(&mut request, wanted);
        }
        if let Ok(pending) = request.keep() {
            self.waiting.push_back((pending, wanted));
        }
        self.wake();
    }

    fn events(&self) -> Option<&dyn AsRawFd> {
        self.rate.as_ref().map(|rate| rate as &dyn AsRawFd)
    }

    fn wake(&mut self) -> bool {
        while let (Some(rate), Some((_, wanted))) = (&mut self.rate, self.waiting.front())
            && let given @ 1.. = rate.take(*wanted)
            && let Some((pending, _)) = self.waiting.pop_front()
        {
            let source = self.source.clone();
            pending.answer(move |mut request| source.give(&mut request, given));
        }
        false
    }

    fn reset(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};
    use std::thread::sleep;
    use std::time::Duration;

    use super::*;
    use crate::counters::Snapshot;
    use crate::testing::{Buffer, Driver, Interrupts, serve};
    use crate::{Counters, VirtQueue};

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
    fn what_goes_beyond_the_rate_waits_for_its_turn() {
        let mut driver = Driver::new(8);
        let rooms = [driver.writable(60), driver.writable(60)];
        rooms.iter().for_each(|room| _ = driver.send(&[*room]));
        // One byte in each tenth of a second.
        let rate = NonZeroU32::new(10).unwrap();
        let mut device = Entropy::new(Source::Kernel).with_rate(rate).unwrap();
        let (interrupts, counters) = (Interrupts::default(), Counters::default());
        let (mut queue, memory) = (VirtQueue::new(0, driver.queue()), driver.memory());

        while driver.used_index() < 2 {
            queue.process(&memory, &mut device, &interrupts, &counters);
            sleep(Duration::from_millis(1));
            device.wake();
        }

        assert_eq!(driver.used(), [(0, 1), (1, 1)]);
        assert!(device.waiting.is_empty());
    }

    #[test]
    fn who_waits_is_forgotten_with_a_reset() {
        let mut driver = Driver::new(8);
        let room = driver.writable(8);
        (0..4).for_each(|_| _ = driver.send(&[room]));
        let mut device = Entropy::new(Source::Kernel)
            .with_rate(NonZeroU32::MIN)
            .unwrap();

        serve(&driver, &mut device);
        device.reset();

        assert!(driver.used().len() < 4);
        assert!(device.waiting.is_empty());
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
