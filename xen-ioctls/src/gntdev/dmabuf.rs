// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Grants as dma-bufs, and dma-bufs as grants (`CONFIG_XEN_GNTDEV_DMABUF`).

// UNSAFE: the driver is spoken to by ioctl(2), and gives out descriptors.
#![expect(unsafe_code)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use xen_hypercall::abi::linux_gntdev::DmaFlags;
use xen_hypercall::{DomId, GrantRef};

use super::{Grants, abi};
use crate::error::{Error, Result};

/// How an exported dma-buf is mapped for devices.
///
/// # Example
///
/// ```
/// use xen_hypercall::DomId;
/// use xen_ioctls::{DmaBufFlags, sim};
///
/// let flags = DmaBufFlags { write_combining: true, ..DmaBufFlags::default() };
/// // The simulated kernel has no dma-bufs of grants, as many real ones.
/// let refused = sim::Xen::new().grants().export_dma_buf(DomId(1), &[], flags);
/// assert_eq!(refused.unwrap_err().raw_os_error(), Some(25)); // ENOTTY
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DmaBufFlags {
    /// `GNTDEV_DMA_FLAG_WC`: write-combining.
    pub write_combining: bool,
    /// `GNTDEV_DMA_FLAG_COHERENT`: coherent.
    pub coherent: bool,
}

impl Grants {
    /// Makes a dma-buf of grants of `domain`, which stay mapped as long as anybody uses it.
    ///
    /// # Errors
    ///
    /// [`Error::Grants`]; `ENOTTY` when the kernel has no dma-bufs of grants.
    pub fn export_dma_buf(
        &self,
        domain: DomId,
        refs: &[GrantRef],
        flags: DmaBufFlags,
    ) -> Result<OwnedFd> {
        let failed = |source| Error::Grants {
            what: "make a dma-buf of grants",
            source,
        };
        let count = u32::try_from(refs.len()).map_err(|e| failed(io::Error::other(e)))?;
        let flags = u32::from(flags.write_combining) * DmaFlags::WC.0
            + u32::from(flags.coherent) * DmaFlags::COHERENT.0;
        let mut arg = vec![flags, count, 0, domain.0.into()];
        arg.extend(refs.iter().map(|grant| grant.0));
        // SAFETY: DMABUF_EXP_FROM_REFS reads four words and `count` references, and writes the
        // third word; `arg` holds just that and outlives the call.
        unsafe { self.0.ioctl(abi::DMABUF_EXP_FROM_REFS, arg.as_mut_ptr()) }.map_err(failed)?;
        let fd = RawFd::try_from(arg[2]).map_err(|e| failed(io::Error::other(e)))?;
        // SAFETY: the driver has just opened the descriptor for this process and keeps nothing of
        // it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Waits until nobody uses an exported dma-buf any more, and its grants are given back.
    ///
    /// # Errors
    ///
    /// [`Error::Grants`], with `ETIMEDOUT` when it is still in use.
    pub fn wait_for_dma_buf(&self, dma_buf: BorrowedFd<'_>, timeout: Duration) -> Result<()> {
        let mut arg = abi::DmabufExpWaitReleased {
            fd: number(dma_buf),
            wait_to_ms: u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX),
        };
        // SAFETY: DMABUF_EXP_WAIT_RELEASED reads one `DmabufExpWaitReleased`; `arg` is one and
        // outlives the call.
        unsafe { self.0.ioctl(abi::DMABUF_EXP_WAIT_RELEASED, &raw mut arg) }
            .map(drop)
            .map_err(|source| Error::Grants {
                what: "wait for the end of a dma-buf",
                source,
            })
    }

    /// Grants the first `count` pages of a dma-buf to `domain`.
    ///
    /// # Errors
    ///
    /// [`Error::Grants`]; `ENOTTY` when the kernel has no dma-bufs of grants.
    pub fn import_dma_buf(
        &self,
        domain: DomId,
        dma_buf: OwnedFd,
        count: u32,
    ) -> Result<ImportedDmaBuf> {
        let mut arg = vec![number(dma_buf.as_fd()), count, domain.0.into(), 0];
        arg.extend((0..count).map(|_| 0));
        // SAFETY: DMABUF_IMP_TO_REFS reads four words and writes `count` references after them;
        // `arg` has room for just that and outlives the call.
        unsafe { self.0.ioctl(abi::DMABUF_IMP_TO_REFS, arg.as_mut_ptr()) }.map_err(|source| {
            Error::Grants {
                what: "grant the pages of a dma-buf",
                source,
            }
        })?;
        Ok(ImportedDmaBuf {
            grants: self.clone(),
            dma_buf,
            refs: arg[4..].iter().copied().map(GrantRef).collect(),
        })
    }
}

/// A dma-buf whose pages are granted; they are taken back when this is dropped.
///
/// # Example
///
/// ```
/// use std::os::fd::OwnedFd;
/// use xen_hypercall::DomId;
/// use xen_ioctls::{Grants, ImportedDmaBuf, Result};
///
/// /// Grants a dma-buf of one page, of a GPU for example, for as long as what this returns is kept.
/// fn share(grants: &Grants, guest: DomId, dma_buf: OwnedFd) -> Result<ImportedDmaBuf> {
///     let imported = grants.import_dma_buf(guest, dma_buf, 1)?;
///     println!("tell the guest of {:?}", imported.refs());
///     Ok(imported)
/// }
/// ```
#[derive(Debug)]
pub struct ImportedDmaBuf {
    grants: Grants,
    dma_buf: OwnedFd,
    refs: Vec<GrantRef>,
}

impl ImportedDmaBuf {
    /// The grants, page by page.
    pub fn refs(&self) -> &[GrantRef] {
        &self.refs
    }
}

impl Drop for ImportedDmaBuf {
    fn drop(&mut self) {
        let mut arg = abi::DmabufImpRelease {
            fd: number(self.dma_buf.as_fd()),
            ..Default::default()
        };
        // SAFETY: DMABUF_IMP_RELEASE reads one `DmabufImpRelease`; `arg` is one and outlives the call.
        let result = unsafe { self.grants.0.ioctl(abi::DMABUF_IMP_RELEASE, &raw mut arg) };
        if let Err(e) = result {
            log::error!("cannot take back the grants of a dma-buf: {e}");
        }
    }
}

fn number(fd: BorrowedFd<'_>) -> u32 {
    u32::try_from(fd.as_raw_fd()).expect("an open descriptor is not negative")
}
