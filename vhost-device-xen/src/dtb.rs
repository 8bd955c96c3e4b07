// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `vhost-device-xen dtb`: the device tree that gives an Arm guest its PCI bus, for `device_tree=` in
//! `xl.cfg`. libxl adds what is below `/passthrough` to the tree that it makes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vm_fdt::{FdtWriter, FdtWriterResult};

use crate::bridge;
use crate::transport::halves;

/// libxl's own handles are 65000 and 65001 (tools/libs/light/libxl_arm.c).
const FRAME: u32 = 1;
const IOMMU: u32 = 2;
/// `pci-bus` addresses: 32-bit memory that is not prefetchable.
const MEMORY: u32 = 0x0200_0000;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tree makes no sense.
    #[error("cannot make a device tree")]
    Tree(#[from] vm_fdt::Error),
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

/// Writes the device tree of guests that share memory by grants, or do not.
///
/// # Errors
///
/// When the file cannot be written.
pub fn run(grants: bool, out: &Path) -> Result<(), Error> {
    fs::write(out, blob(grants)?).map_err(|source| Error::Write {
        path: out.to_owned(),
        source,
    })
}

fn blob(grants: bool) -> FdtWriterResult<Vec<u8>> {
    let mut tree = FdtWriter::new()?;
    let root = tree.begin_node("")?;
    cells(&mut tree, 2)?;
    let passthrough = tree.begin_node("passthrough")?;
    tree.property_string("compatible", "simple-bus")?;
    cells(&mut tree, 2)?;
    tree.property_null("ranges")?;
    frame(&mut tree)?;
    bus(&mut tree, grants)?;
    if grants {
        let iommu = tree.begin_node("xen-iommu")?;
        tree.property_string("compatible", "xen,grant-dma")?;
        tree.property_u32("#iommu-cells", 1)?;
        tree.property_phandle(IOMMU)?;
        tree.end_node(iommu)?;
    }
    tree.end_node(passthrough)?;
    tree.end_node(root)?;
    tree.finish()
}

fn cells(tree: &mut FdtWriter, address: u32) -> FdtWriterResult<()> {
    tree.property_u32("#address-cells", address)?;
    tree.property_u32("#size-cells", 2)
}

/// Devicetree binding `arm,gic-v2m-frame`. Both numbers are INTIDs, or of them.
fn frame(tree: &mut FdtWriter) -> FdtWriterResult<()> {
    let node = tree.begin_node(&format!("msi-controller@{:x}", bridge::FRAME))?;
    tree.property_string("compatible", "arm,gic-v2m-frame")?;
    tree.property_null("msi-controller")?;
    tree.property_array_u64("reg", &[bridge::FRAME, bridge::FRAME_SIZE])?;
    tree.property_u32("arm,msi-base-spi", bridge::FIRST_SPI)?;
    tree.property_u32("arm,msi-num-spis", bridge::SPIS)?;
    tree.property_phandle(FRAME)?;
    tree.end_node(node)
}

/// Devicetree binding `pci-host-ecam-generic`.
fn bus(tree: &mut FdtWriter, grants: bool) -> FdtWriterResult<()> {
    let [ecam, window] = [bridge::ECAM, bridge::WINDOW].map(|range| {
        let (start, end) = range.into_inner();
        (start, end - start + 1)
    });
    let node = tree.begin_node(&format!("pcie@{:x}", ecam.0))?;
    tree.property_string("compatible", "pci-host-ecam-generic")?;
    tree.property_string("device_type", "pci")?;
    cells(tree, 3)?;
    tree.property_array_u32("bus-range", &[0, 0])?;
    tree.property_array_u64("reg", &[ecam.0, ecam.1])?;
    // Addresses of the bus are those of the guest.
    let [start, size] = [window.0, window.1].map(|n| {
        let [low, high] = halves(n);
        [high, low]
    });
    let ranges = [&[MEMORY][..], &start, &start, &size].concat();
    tree.property_array_u32("ranges", &ranges)?;
    tree.property_u32("msi-parent", FRAME)?;
    tree.property_null("dma-coherent")?;
    if grants {
        // Requester ID, IOMMU, the domain that serves it, and how many there are.
        let function = |slot: u8| [u32::from(slot) << 3, IOMMU, 0, 1];
        let map: Vec<u32> = (0..bridge::SLOTS).flat_map(function).collect();
        tree.property_array_u32("iommu-map", &map)?;
    }
    tree.end_node(node)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `bytes` are in there.
    fn has(blob: &[u8], bytes: &[u8]) -> bool {
        blob.windows(bytes.len()).any(|window| window == bytes)
    }

    #[test]
    fn a_blob_says_how_long_it_is() {
        let blob = blob(true).unwrap();

        let word = |at: usize| u32::from_be_bytes(blob[at..at + 4].try_into().unwrap());
        assert_eq!(word(0), 0xd00d_feed);
        assert_eq!(word(4) as usize, blob.len());
    }

    #[test]
    fn only_a_guest_with_grants_gets_the_iommu() {
        assert!(has(&blob(true).unwrap(), b"xen,grant-dma\0"));
        assert!(!has(&blob(false).unwrap(), b"iommu"));
    }

    #[test]
    fn the_window_is_where_the_bridge_has_it() {
        let words = [MEMORY, 0, 0x3400_0000, 0, 0x3400_0000, 0, 0x0100_0000];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();

        assert!(has(&blob(false).unwrap(), &bytes));
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named() {
        let error = run(true, Path::new("/nonexistent/pci.dtb")).unwrap_err();

        assert_eq!(error.to_string(), "cannot write /nonexistent/pci.dtb");
    }
}
