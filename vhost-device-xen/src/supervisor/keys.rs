// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Where libxl announces devices, and the states they go through.

use crate::channel::{DeviceId, Directory};

/// A device of a guest: whose it is, and which.
pub type Key = (u16, DeviceId);

/// `enum xenbus_state` (xen/include/public/io/xenbus.h).
pub mod state {
    /// No state that we know.
    pub const UNKNOWN: u32 = 0;
    /// The backend is there, the driver is awaited.
    pub const INIT_WAIT: u32 = 2;
    /// The driver uses the device.
    pub const CONNECTED: u32 = 4;
    /// The toolstack wants the backend to let go.
    pub const CLOSING: u32 = 5;
    /// The backend has let go.
    pub const CLOSED: u32 = 6;
}

/// The directory of all devices that are served from domain 0.
pub fn directory_path(directory: Directory) -> String {
    format!("/local/domain/0/backend/{}", directory.name())
}

/// The directory of a device's keys.
pub fn device_path((domain, id): Key) -> String {
    format!("{}/{domain}/{}", directory_path(id.directory), id.index)
}

/// The numbers that follow a directory in a path: a domain, and a device of it.
pub fn numbers(path: &str, directory: Directory) -> (Option<u16>, Option<u32>) {
    let rest = path
        .strip_prefix(&directory_path(directory))
        .unwrap_or_default();
    let mut parts = rest.split('/').skip(1);
    let domain = parts.next().and_then(|part| part.parse().ok());
    let device = parts.next().and_then(|part| part.parse().ok());
    (domain, device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_a_device_names_it() {
        let path = "/local/domain/0/backend/virtio_disk/7/51712/state";

        assert_eq!(numbers(path, Directory::Disk), (Some(7), Some(51712)));
    }

    #[test]
    fn a_directory_above_names_no_device() {
        let path = "/local/domain/0/backend/virtio/7";

        assert_eq!(numbers(path, Directory::Virtio), (Some(7), None));
        assert_eq!(
            numbers("/local/domain/0/backend/virtio", Directory::Virtio),
            (None, None)
        );
    }

    #[test]
    fn a_path_and_its_numbers_agree() {
        let id = DeviceId {
            directory: Directory::Virtio,
            index: 3,
        };

        let path = device_path((65535, id));

        assert_eq!(numbers(&path, Directory::Virtio), (Some(65535), Some(3)));
    }

    #[test]
    fn a_name_that_is_no_number_is_nobody() {
        let path = "/local/domain/0/backend/virtio/x/99999999999";

        assert_eq!(numbers(path, Directory::Virtio), (None, None));
    }
}
