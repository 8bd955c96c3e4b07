// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is left of a device that was taken away under its driver.

use virtio_bindings::virtio_ids::{VIRTIO_ID_BLOCK, VIRTIO_ID_GPIO, VIRTIO_ID_I2C_ADAPTER};

use crate::device::{Device, Traits};
use crate::request::Request;
use crate::{block, gpio, i2c};

/// Fails every request, in the way of devices of its type: for a driver that still uses one that was
/// taken away. Its requests end, so that it can let go.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "testing")] {
/// use backends::testing::{Driver, serve};
/// use backends::{Device, Failing, Traits};
///
/// let traits = Traits { id: 2, features: 0, queues: 1, queue_size: 8 }; // A disk.
/// let mut driver = Driver::new(8);
/// let (header, status) = (driver.readable(&[0; 16]), driver.writable(1));
/// driver.send(&[header, status]);
///
/// serve(&driver, &mut Failing::new(traits));
///
/// assert_eq!(driver.bytes(status), [1]); // VIRTIO_BLK_S_IOERR
/// # }
/// ```
#[derive(Debug)]
pub struct Failing(Traits);

impl Failing {
    /// What is left of a device that was this.
    pub fn new(traits: Traits) -> Self {
        Self(traits)
    }
}

impl Device for Failing {
    fn traits(&self) -> Traits {
        self.0
    }

    fn serve(&mut self, queue: u16, request: Request<'_>) {
        // Who cannot be told has offered no room for it.
        let _ = self.refuse(queue, request);
    }

    fn refuse(&mut self, queue: u16, request: Request<'_>) -> bool {
        match self.0.id {
            VIRTIO_ID_BLOCK => block::turn_down(request),
            VIRTIO_ID_I2C_ADAPTER => i2c::turn_down(request),
            VIRTIO_ID_GPIO => gpio::turn_down(queue, request),
            // Drivers of others look at the length.
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Driver, serve, serve_on};

    fn failing(id: u32) -> Failing {
        Failing::new(Traits {
            id,
            features: 0,
            queues: 2,
            queue_size: 8,
        })
    }

    #[test]
    fn requests_of_an_entropy_source_have_no_bytes() {
        let mut driver = Driver::new(8);
        let room = driver.writable(8);
        driver.send(&[room]);

        serve(&driver, &mut failing(4));

        assert_eq!(driver.used(), [(0, 0)]);
    }

    #[test]
    fn messages_of_an_i2c_adapter_fail() {
        let mut driver = Driver::new(8);
        let (header, status) = (driver.readable(&[0; 8]), driver.writable(1));
        driver.send(&[header, status]);

        serve(&driver, &mut failing(VIRTIO_ID_I2C_ADAPTER));

        assert_eq!(driver.bytes(status), [1]);
    }

    #[test]
    fn requests_of_a_gpio_driver_fail_and_its_interrupts_are_off() {
        let mut driver = Driver::new(8);
        let (request, answer) = (driver.readable(&[0; 8]), driver.writable(2));
        driver.send(&[request, answer]);
        serve_on(0, &driver, &mut failing(VIRTIO_ID_GPIO));
        let mut events = Driver::new(8);
        let (line, status) = (events.readable(&[0; 2]), events.writable(1));
        events.send(&[line, status]);
        serve_on(1, &events, &mut failing(VIRTIO_ID_GPIO));

        assert_eq!(driver.bytes(answer), [1, 0]);
        assert_eq!(
            (events.bytes(status), events.used()),
            (vec![0], vec![(0, 1)])
        );
    }
}
