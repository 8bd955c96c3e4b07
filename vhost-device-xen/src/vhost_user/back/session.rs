// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What a front end asks for, from its connection to its end.

use std::fs::File;
use std::io;

use vhost::vhost_user::message::{
    VhostTransferStateDirection, VhostTransferStatePhase, VhostUserConfigFlags, VhostUserInflight,
    VhostUserLog, VhostUserMemoryRegion, VhostUserProtocolFeatures, VhostUserShMemConfig,
    VhostUserSharedMsg, VhostUserSingleMemoryRegion, VhostUserVirtioFeatures,
    VhostUserVringAddrFlags, VhostUserVringState,
};
use vhost::vhost_user::{
    Error as Refusal, GpuBackend, Result, VhostUserBackendReqHandlerMut as Requests,
};
use vmm_sys_util::eventfd::EventFd;

use super::super::socket;
use super::super::wire::{MAX_REGIONS, Region};
use super::engine::{Engine, Error};
use super::inflight;
use super::memory::{self, Table};

/// What every device offers. `REPLY_ACK` is added by `vhost`.
const PROTOCOL: VhostUserProtocolFeatures = VhostUserProtocolFeatures::MQ
    .union(VhostUserProtocolFeatures::RESET_DEVICE)
    .union(VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS)
    .union(VhostUserProtocolFeatures::XEN_MMAP);

/// Descriptors of the longest ring there can be.
///
/// Attack: a record of 65535 rings of 65535 descriptors is 64 GiB.
const MOST_DESCRIPTORS: u16 = 1 << 15;

/// A device as a front end sees it.
#[derive(Debug)]
pub struct Session {
    engine: Engine,
    /// Requests go back in their order: what is in flight is what is behind the used index.
    is_in_order: bool,
    protocol: VhostUserProtocolFeatures,
}

impl Session {
    /// A device without a front end.
    pub fn new(engine: Engine, is_in_order: bool) -> Self {
        Self {
            engine,
            is_in_order,
            protocol: VhostUserProtocolFeatures::empty(),
        }
    }

    /// Whether regions come with the words of Xen's.
    pub fn has_xen_mmap(&self) -> bool {
        self.has(VhostUserProtocolFeatures::XEN_MMAP)
    }

    /// Whether messages that ask for it are answered with their success.
    pub fn has_acks(&self) -> bool {
        self.has(VhostUserProtocolFeatures::REPLY_ACK)
    }

    /// Shares this memory and no other.
    ///
    /// # Errors
    ///
    /// When it cannot be used, or what is served cannot be served with it.
    pub fn share(&mut self, regions: Vec<(Region, File)>) -> Result<()> {
        self.change(|table| {
            // What is mapped twice is two mappings: the old ones go first.
            *table = Table::default();
            *table = Table::new(regions)?;
            Ok(())
        })
    }

    /// Shares one more region.
    ///
    /// # Errors
    ///
    /// As [`share`](Self::share).
    pub fn share_more(&mut self, region: Region, file: File) -> Result<()> {
        self.change(|table| table.add(region, file))
    }

    /// Shares a region no more.
    ///
    /// # Errors
    ///
    /// When it was not shared.
    pub fn share_less(&mut self, region: &Region) -> Result<()> {
        self.change(|table| table.remove(region))
    }

    /// Ends all service, and says what was done.
    pub fn end(&mut self) -> backends::Snapshot {
        self.engine.disconnect();
        self.protocol = VhostUserProtocolFeatures::empty();
        self.engine.counters()
    }

    fn has(&self, feature: VhostUserProtocolFeatures) -> bool {
        self.protocol.contains(feature)
    }

    fn change<F>(&mut self, change: F) -> Result<()>
    where
        F: FnOnce(&mut Table) -> std::result::Result<(), memory::Error>,
    {
        self.engine.change_memory(change).map_err(refused)
    }

    fn offered_protocol(&self) -> VhostUserProtocolFeatures {
        let mut offered = PROTOCOL;
        offered.set(VhostUserProtocolFeatures::INFLIGHT_SHMFD, self.is_in_order);
        // QEMU warns of what a device has no use for.
        let has_config = !self.engine.config().is_empty();
        offered.set(VhostUserProtocolFeatures::CONFIG, has_config);
        offered
    }
}

fn refused(error: Error) -> Refusal {
    Refusal::ReqHandlerError(io::Error::other(error))
}

fn eventfd(file: Option<File>) -> Result<Option<EventFd>> {
    let eventfd = file.map(socket::eventfd).transpose();
    eventfd.map_err(|source| refused(Error::Descriptor(source)))
}

/// A region of a front end that knows nothing of Xen.
fn plain(region: &VhostUserMemoryRegion) -> Region {
    Region {
        guest_addr: region.guest_phys_addr,
        size: region.memory_size,
        user_addr: region.user_addr,
        offset: region.mmap_offset,
        ..Region::default()
    }
}

impl Requests for Session {
    fn set_owner(&mut self) -> Result<()> {
        Ok(())
    }

    fn reset_owner(&mut self) -> Result<()> {
        self.reset_device()
    }

    fn reset_device(&mut self) -> Result<()> {
        self.engine.reset();
        Ok(())
    }

    fn get_features(&mut self) -> Result<u64> {
        Ok(self.engine.offered() | VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits())
    }

    fn set_features(&mut self, features: u64) -> Result<()> {
        let protocol = VhostUserVirtioFeatures::PROTOCOL_FEATURES.bits();
        if features & protocol == 0 {
            self.engine.enable_all();
        }
        self.engine
            .set_features(features & !protocol)
            .map_err(refused)
    }

    fn set_mem_table(
        &mut self,
        regions: &[VhostUserMemoryRegion],
        files: Vec<File>,
        _postcopy: Option<bool>,
    ) -> Result<Option<Vec<u64>>> {
        self.share(regions.iter().map(plain).zip(files).collect())?;
        Ok(None)
    }

    fn set_vring_num(&mut self, index: u32, num: u32) -> Result<()> {
        self.engine.set_size(index, num).map_err(refused)
    }

    fn set_vring_addr(
        &mut self,
        index: u32,
        _flags: VhostUserVringAddrFlags,
        descriptor: u64,
        used: u64,
        available: u64,
        _log: u64,
    ) -> Result<()> {
        self.engine
            .set_addresses(index, [descriptor, available, used])
            .map_err(refused)
    }

    fn set_vring_base(&mut self, index: u32, base: u32) -> Result<()> {
        self.engine.set_base(index, base).map_err(refused)
    }

    fn get_vring_base(&mut self, index: u32) -> Result<VhostUserVringState> {
        let base = self.engine.take_base(index).map_err(refused)?;
        Ok(VhostUserVringState::new(index, base.into()))
    }

    fn set_vring_kick(&mut self, index: u8, fd: Option<File>) -> Result<()> {
        // Without one, the front end wants its ring looked at all the time.
        let kick = eventfd(fd)?.ok_or(Refusal::InvalidParam)?;
        self.engine.start(index.into(), kick).map_err(refused)
    }

    fn set_vring_call(&mut self, index: u8, fd: Option<File>) -> Result<()> {
        let call = eventfd(fd)?;
        let wires = self.engine.calls().ring(index.into());
        wires.ok_or(Refusal::InvalidParam)?.call = call;
        Ok(())
    }

    fn set_vring_err(&mut self, index: u8, fd: Option<File>) -> Result<()> {
        let error = eventfd(fd)?;
        let wires = self.engine.calls().ring(index.into());
        wires.ok_or(Refusal::InvalidParam)?.error = error;
        Ok(())
    }

    fn get_protocol_features(&mut self) -> Result<VhostUserProtocolFeatures> {
        Ok(self.offered_protocol())
    }

    fn set_protocol_features(&mut self, features: u64) -> Result<()> {
        let offered = self.offered_protocol() | VhostUserProtocolFeatures::REPLY_ACK;
        if features & !offered.bits() != 0 {
            return Err(Refusal::FeatureMismatch);
        }
        self.protocol = VhostUserProtocolFeatures::from_bits_truncate(features);
        Ok(())
    }

    fn get_queue_num(&mut self) -> Result<u64> {
        Ok(self.engine.rings().into())
    }

    fn set_vring_enable(&mut self, index: u32, enable: bool) -> Result<()> {
        self.engine.enable(index, enable).map_err(refused)
    }

    fn get_config(&mut self, at: u32, size: u32, _flags: VhostUserConfigFlags) -> Result<Vec<u8>> {
        // `vhost` has bounded it.
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        self.engine.config().read(at.into(), &mut bytes);
        Ok(bytes)
    }

    fn set_config(&mut self, at: u32, bytes: &[u8], _flags: VhostUserConfigFlags) -> Result<()> {
        self.engine.config().write(at.into(), bytes);
        Ok(())
    }

    fn set_gpu_socket(&mut self, _gpu: GpuBackend) -> Result<()> {
        Err(Refusal::InvalidOperation("no device here is a display"))
    }

    fn get_shared_object(&mut self, _uuid: VhostUserSharedMsg) -> Result<File> {
        Err(Refusal::InvalidOperation("no device here shares objects"))
    }

    fn get_inflight_fd(&mut self, wanted: &VhostUserInflight) -> Result<(VhostUserInflight, File)> {
        // Front ends ask for all queues of a device, and vhost takes any number.
        if wanted.num_queues > self.engine.rings() || wanted.queue_size > MOST_DESCRIPTORS {
            return Err(Refusal::InvalidParam);
        }
        inflight::buffer(wanted).map_err(Refusal::ReqHandlerError)
    }

    fn set_inflight_fd(&mut self, _inflight: &VhostUserInflight, _file: File) -> Result<()> {
        self.engine.begin_at_used();
        Ok(())
    }

    fn get_max_mem_slots(&mut self) -> Result<u64> {
        Ok(u64::try_from(MAX_REGIONS).unwrap_or(u64::MAX))
    }

    fn add_mem_region(
        &mut self,
        region: &VhostUserSingleMemoryRegion,
        file: File,
        _postcopy: Option<bool>,
    ) -> Result<Option<u64>> {
        self.share_more(plain(region), file)?;
        Ok(None)
    }

    fn remove_mem_region(&mut self, region: &VhostUserSingleMemoryRegion) -> Result<()> {
        self.share_less(&plain(region))
    }

    fn set_device_state_fd(
        &mut self,
        _direction: VhostTransferStateDirection,
        _phase: VhostTransferStatePhase,
        _file: File,
    ) -> Result<Option<File>> {
        Err(Refusal::InvalidOperation("no device here can be moved"))
    }

    fn check_device_state(&mut self) -> Result<()> {
        Err(Refusal::InvalidOperation("no device here can be moved"))
    }

    fn get_shmem_config(&mut self) -> Result<VhostUserShMemConfig> {
        Ok(VhostUserShMemConfig::default())
    }

    fn set_log_base(&mut self, _log: &VhostUserLog, _file: File) -> Result<()> {
        Err(Refusal::InvalidOperation("no device here can be moved"))
    }
}
