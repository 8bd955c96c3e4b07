// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `vhost-device-xen acpi`: the ACPI table (an SSDT) that tells a guest on x86 of its devices on virtio-mmio, for
//! `acpi_firmware=` in `xl.cfg`. The firmware adds it to its own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use acpi_tables::Aml;
use acpi_tables::aml::{self, Interrupt, Memory32Fixed, Name, ResourceTemplate, Scope};
use acpi_tables::sdt::Sdt;

use crate::transport::MMIO_SIZE;
use crate::x86;

/// What Linux has a driver of virtio-mmio for: drivers/virtio/virtio_mmio.c.
const HARDWARE_ID: &str = "LNRO0005";

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such device.
    #[error("{name}: not a device of a guest on x86: {}", x86::SLOTS)]
    Device {
        /// Its name.
        name: String,
    },
    /// It has the place of another one.
    #[error("{name}: has the place of {other}")]
    Place {
        /// Its name.
        name: String,
        /// The other one's name.
        other: String,
    },
    /// It cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes the table of guests that have these devices.
///
/// # Errors
///
/// When one is none, or is named twice, or the file cannot be written.
pub fn run(devices: &[String], out: &Path) -> Result<(), Error> {
    fs::write(out, table(devices)?).map_err(|source| Error::Write {
        path: out.to_owned(),
        source,
    })
}

fn table(devices: &[String]) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let mut places: BTreeMap<u8, &String> = BTreeMap::new();
    for name in devices {
        let slot = x86::device(name).and_then(x86::slot);
        let slot = slot.ok_or_else(|| Error::Device { name: name.clone() })?;
        if let Some(other) = places.insert(slot, name) {
            return Err(Error::Place {
                name: name.clone(),
                other: other.clone(),
            });
        }
        device(slot, &mut body);
    }
    let mut table = Sdt::new(*b"SSDT", HEADER, 2, *b"VDXEN ", *b"VIRTMMIO", 1);
    table.append_slice(&Scope::raw("\\_SB_".into(), body));
    Ok(table.as_slice().to_vec())
}

/// Bytes of a table's header.
const HEADER: u32 = 36;

fn device(slot: u8, sink: &mut Vec<u8>) {
    let base = u32::try_from(x86::registers(slot)).expect("registers are below 4 GiB");
    let size = u32::try_from(MMIO_SIZE).expect("registers are a few");
    let registers = Memory32Fixed::new(true, base, size);
    // Consumed, by level, active low, shared.
    let interrupt = Interrupt::new(true, false, true, true, x86::gsi(slot));
    let name = format!("VX{slot:02X}");
    aml::Device::new(
        name.as_str().into(),
        vec![
            &Name::new("_HID".into(), &HARDWARE_ID),
            &Name::new("_UID".into(), &slot),
            // Reads and writes of the device are coherent with the guest's caches.
            &Name::new("_CCA".into(), &aml::ONE),
            &Name::new(
                "_CRS".into(),
                &ResourceTemplate::new(vec![&registers, &interrupt]),
            ),
        ],
    )
    .to_aml_bytes(sink);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(names: &[&str]) -> Result<Vec<u8>, Error> {
        let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
        table(&names)
    }

    #[test]
    fn a_table_has_its_length_and_checksum() {
        let table = of(&["virtio/0", "xvda"]).unwrap();

        assert_eq!(&table[..4], b"SSDT");
        let length = u32::from_le_bytes(table[4..8].try_into().unwrap());
        assert_eq!(usize::try_from(length).unwrap(), table.len());
        assert_eq!(
            table.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)),
            0
        );
    }

    #[test]
    fn each_device_has_its_registers_and_interrupt() {
        let table = of(&["virtio/0", "xvda"]).unwrap();

        let has = |bytes: &[u8]| table.windows(bytes.len()).any(|window| window == bytes);
        for (name, base, gsi) in [
            (b"VX08", 0xfea0_1000_u32, 17_u32),
            (b"VX10", 0xfea0_2000, 18),
        ] {
            assert!(has(name));
            // Memory32Fixed, writable; extended interrupt: consumer, level, low, shared.
            let memory = [&[0x86, 9, 0, 1][..], &base.to_le_bytes(), &[0, 2, 0, 0]].concat();
            let interrupt = [&[0x89, 6, 0, 0b1101, 1][..], &gsi.to_le_bytes()].concat();
            assert!(has(&memory), "{memory:x?}");
            assert!(has(&interrupt), "{interrupt:x?}");
        }
        assert!(has(b"LNRO0005"));
    }

    #[test]
    fn what_is_no_device_is_named() {
        let error = of(&["virtio/0", "sda"]).unwrap_err();

        assert!(
            error
                .to_string()
                .starts_with("sda: not a device of a guest on x86")
        );
    }

    #[test]
    fn a_place_is_one_devices() {
        let error = of(&["virtio/0", "xvda", "virtio_disk/51713"]).unwrap_err();

        assert_eq!(
            error.to_string(),
            "virtio_disk/51713: has the place of xvda"
        );
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let error = run(&[], Path::new("/nonexistent/vx.aml")).unwrap_err();

        assert_eq!(error.to_string(), "cannot write /nonexistent/vx.aml");
    }
}
