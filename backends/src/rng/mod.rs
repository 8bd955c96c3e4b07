// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Entropy device: virtio 1.2, "Entropy Device".

mod host;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fs::File;
use std::num::NonZeroU32;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Instant;

use virtio_bindings::virtio_ids::VIRTIO_ID_RNG;

use crate::alarm::Alarm;
use crate::budget::Budget;
use crate::device::{Device, Traits};
use crate::error::Error;
use crate::limits::ENTROPY_BYTES;
use crate::pending::Pending;
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
    /// How much there is, and when there is more.
    rate: Option<(Budget, Alarm)>,
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
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
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
        let rate = Some((Budget::in_a_second(in_a_second), Alarm::new()?));
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

    fn is_quick(&self) -> bool {
        matches!(*self.source, Source::Kernel)
    }

    fn serve(&mut self, _queue: u16, mut request: Request<'_>) {
        if request.readable_len() > 0 || request.writable_len() == 0 {
            return request.malformed("not one for entropy");
        }
        let wanted = request.writable_len().min(ENTROPY_BYTES);
        if self.rate.is_none() {
            return self.source.give(&mut request, wanted);
        }
        self.waiting
            .extend(request.keep().map(|kept| (kept, wanted)));
        self.wake();
    }

    fn events(&self) -> Option<&dyn AsRawFd> {
        self.rate.as_ref().map(|(_, alarm)| alarm as _)
    }

    fn wake(&mut self) -> bool {
        let (Some((budget, alarm)), now) = (&mut self.rate, Instant::now()) else {
            return false;
        };
        while let Some((_, wanted)) = self.waiting.front()
            && let given @ 1.. = budget.take(now, *wanted)
            && let Some((pending, _)) = self.waiting.pop_front()
        {
            let source = self.source.clone();
            pending.answer(move |mut request| source.give(&mut request, given));
        }
        if !self.waiting.is_empty() {
            alarm.set(budget.wait(now));
        }
        false
    }

    fn reset(&mut self) {
        self.waiting.clear();
    }
}
