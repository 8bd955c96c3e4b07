// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Plain hypercalls as Xen performs them: what this crate's tests and examples need of them.

use xen_hypercall::abi::console;
use xen_hypercall::abi::event_channel::{Status, numbers as event_channel};
use xen_hypercall::abi::hypercalls::numbers as hypercalls;
use xen_hypercall::abi::version::{CompileInfo, numbers as version};
use xen_hypercall::{DomId, PAGE_SIZE};
use zerocopy::{FromBytes, IntoBytes};

use super::call::{Call, NodeKind};
use super::channel::Other;
use super::open::Open;
use super::state::State;
use super::{Answer, Arch};
use crate::privcmd::abi;

const SELF: u16 = DomId::SELF.0;
/// Words of a `struct multicall_entry`.
const ENTRY: usize = 8;

impl State {
    pub fn plain_hypercall(&mut self, open: &Open, call: abi::Hypercall) -> Answer<u32> {
        self.record(open.domain, || Call::Hypercall {
            number: call.op,
            args: call.arg,
        });
        if self.restricted.contains_key(&open.file) {
            return Err(libc::EPERM);
        }
        let result = self.hypercall(open.domain, call.op, call.arg)?;
        // The kernel keeps it in an int.
        let [a, b, c, d, ..] = result.to_le_bytes();
        let cut = i32::from_le_bytes([a, b, c, d]);
        match u32::try_from(cut) {
            Ok(result) => Ok(result),
            // What ioctl(2) makes of it: an errno if it can be one.
            Err(_negative) if cut >= -4095 => Err(-cut),
            Err(_negative) => Ok(cut.cast_unsigned()),
        }
    }

    fn hypercall(&mut self, domain: u16, number: u64, args: [u64; 5]) -> Answer<u64> {
        let operation = u32::try_from(args[0]).or(Err(libc::ENOSYS));
        match u32::try_from(number).or(Err(libc::ENOSYS))? {
            hypercalls::XEN_VERSION => self.version(operation?, args[1]),
            hypercalls::EVENT_CHANNEL_OP => self
                .event_channel_op(domain, operation?, args[1])
                .map(|()| 0),
            hypercalls::CONSOLE_IO => self.console(domain, args),
            hypercalls::DM_OP => self.plain_dm_op(domain, args).map(|()| 0),
            hypercalls::MEMORY_OP => self.memory_op(domain, operation?, args[1]),
            hypercalls::SCHED_OP => self.sched_op(domain, operation?, args[1]),
            hypercalls::HVM_OP => self.hvm_op(domain, operation?, args[1]),
            hypercalls::VCPU_OP => self.vcpu_op(domain, operation?, args[1], args[2]),
            hypercalls::GRANT_TABLE_OP => {
                let [number, at, count, ..] = args;
                self.grant_table_op(domain, [number, at, count])
            }
            hypercalls::MULTICALL => self.multicall(domain, args[0], args[1]).map(|()| 0),
            _ => Err(libc::ENOSYS),
        }
    }

    /// Memory that a pointer of a hypercall leads to, where it is memory for hypercalls: machine
    /// frame and offset.
    fn pointer(&mut self, address: u64, len: usize) -> Answer<u64> {
        let address = usize::try_from(address).or(Err(libc::EFAULT))?;
        let found = self.area(NodeKind::Hypercall, address);
        let (start, area) = found.or(Err(libc::EFAULT))?;
        let skip = address - start;
        let first = area.first_frame.ok_or(libc::EFAULT)?;
        match skip + len <= area.len {
            true => Ok(first * 4096 + u64::try_from(skip).or(Err(libc::EFAULT))?),
            false => Err(libc::EFAULT),
        }
    }

    pub fn copy_in<T: FromBytes + IntoBytes>(&mut self, address: u64) -> Answer<T> {
        let at = self.pointer(address, size_of::<T>())?;
        let mut value = T::new_zeroed();
        let bytes = value.as_mut_bytes();
        self.machine.read(at / 4096, at % 4096, bytes);
        Ok(value)
    }

    pub fn copy_out(&mut self, address: u64, bytes: &[u8]) -> Answer<()> {
        let at = self.pointer(address, bytes.len())?;
        self.machine.write(at / 4096, at % 4096, bytes);
        Ok(())
    }

    fn version(&mut self, number: u32, pointer: u64) -> Answer<u64> {
        match number {
            version::VERSION => return Ok(self.config.version.into()),
            version::EXTRAVERSION => {
                let mut text = [0; 16];
                text[..4].copy_from_slice(b".sim");
                self.copy_out(pointer, &text)?;
            }
            version::COMPILE_INFO => {
                let mut info = CompileInfo::default();
                info.compiler[..5].copy_from_slice(b"rustc");
                info.compile_by[..3].copy_from_slice(b"sim");
                self.copy_out(pointer, info.as_bytes())?;
            }
            version::CAPABILITIES => {
                let words: &[u8] = match self.config.arch {
                    Arch::Arm => b"xen-3.0-aarch64 xen-3.0-armv7l ",
                    Arch::X86 => b"xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ",
                };
                let mut text = [0; 1024];
                text[..words.len()].copy_from_slice(words);
                self.copy_out(pointer, &text)?;
            }
            version::CHANGESET => {
                let mut text = [0; 64];
                text[..11].copy_from_slice(b"unavailable");
                self.copy_out(pointer, &text)?;
            }
            version::PLATFORM_PARAMETERS => {
                // HYPERVISOR_VIRT_START.
                let start: u64 = match self.config.arch {
                    Arch::Arm => 0x0a00_0020_0000,
                    Arch::X86 => 0xffff_8000_0000_0000,
                };
                self.copy_out(pointer, start.as_bytes())?;
            }
            version::GET_FEATURES => {
                let [word, _] = self.copy_in::<[u32; 2]>(pointer)?;
                if word > 0 {
                    return Err(libc::EINVAL);
                }
                // XENFEAT_auto_translated_physmap.
                self.copy_out(pointer + 4, &4u32.to_ne_bytes())?;
            }
            version::PAGESIZE => return Ok(u64::try_from(PAGE_SIZE).unwrap_or(0)),
            _ => return Err(libc::ENOSYS),
        }
        Ok(0)
    }

    fn event_channel_op(&mut self, domain: u16, number: u32, at: u64) -> Answer<()> {
        let answer = |port: u32| port.to_ne_bytes();
        match number {
            event_channel::BIND_INTERDOMAIN => {
                let [remote, port, _] = self.copy_in::<[u32; 3]>(at)?;
                let port = self.bind_interdomain(domain, low(remote), port)?;
                self.copy_out(at + 8, &answer(port))
            }
            event_channel::BIND_VIRQ => {
                let [virq, ..] = self.copy_in::<[u32; 3]>(at)?;
                let port = self.new_port(domain, Other::Virq(virq))?;
                self.copy_out(at + 8, &answer(port))
            }
            event_channel::CLOSE => {
                let [port] = self.copy_in::<[u32; 1]>(at)?;
                self.close_port(domain, port)
            }
            event_channel::SEND => {
                let [port] = self.copy_in::<[u32; 1]>(at)?;
                self.send(domain, port)
            }
            event_channel::STATUS => self.port_status(domain, at),
            event_channel::BIND_IPI => {
                let [vcpu, _] = self.copy_in::<[u32; 2]>(at)?;
                self.vcpu_of(domain, vcpu)?;
                let port = self.new_port(domain, Other::Ipi)?;
                self.copy_out(at + 4, &answer(port))
            }
            event_channel::BIND_VCPU => {
                let [port, vcpu] = self.copy_in::<[u32; 2]>(at)?;
                self.vcpu_of(domain, vcpu)?;
                match self.channel_mut(domain, port).map(|channel| channel.other) {
                    None | Some(Other::Ipi) => Err(libc::EINVAL),
                    Some(_) => Ok(()),
                }
            }
            event_channel::RESET => {
                let dom: DomId = self.copy_in(at)?;
                let domain = self.owner(domain, dom.0)?;
                self.close_all(domain);
                Ok(())
            }
            event_channel::ALLOC_UNBOUND => {
                let [domains, _] = self.copy_in::<[u32; 2]>(at)?;
                if low(domains) != SELF {
                    return Err(libc::EPERM);
                }
                let port = self.new_port(domain, Other::Unbound(low(domains >> 16)))?;
                self.copy_out(at + 4, &answer(port))
            }
            event_channel::UNMASK => {
                let [port] = self.copy_in::<[u32; 1]>(at)?;
                let channel = self.channel_mut(domain, port);
                channel.map(drop).ok_or(libc::EINVAL)
            }
            // No domain has physical interrupts.
            event_channel::BIND_PIRQ => Err(libc::EINVAL),
            number => self.fifo_op(domain, number, at),
        }
    }

    pub fn vcpu_of(&self, domain: u16, vcpu: u32) -> Answer<()> {
        let there = usize::try_from(vcpu).is_ok_and(|n| {
            let domain = self.domain(domain);
            domain.is_ok_and(|domain| n < domain.vcpus)
        });
        there.then_some(()).ok_or(libc::ENOENT)
    }

    fn port_status(&mut self, domain: u16, at: u64) -> Answer<()> {
        let [dom, port, ..] = self.copy_in::<[u32; 6]>(at)?;
        if low(dom) != SELF {
            return Err(libc::EPERM);
        }
        let other = self.channel_mut(domain, port).map(|channel| channel.other);
        let (status, union) = match other {
            None => (Status::CLOSED, [0, 0]),
            Some(Other::Unbound(remote)) => (Status::UNBOUND, [remote.into(), 0]),
            Some(Other::Interdomain(remote, port)) => (Status::INTERDOMAIN, [remote.into(), port]),
            Some(Other::Virq(virq)) => (Status::VIRQ, [virq, 0]),
            Some(Other::Ipi) => (Status::IPI, [0, 0]),
        };
        let words = [status.0, 0, union[0], union[1]].map(u32::to_ne_bytes);
        self.copy_out(at + 8, words.as_flattened())
    }

    fn console(&mut self, domain: u16, [number, len, at, ..]: [u64; 5]) -> Answer<u64> {
        if number != u64::from(console::numbers::WRITE) {
            return Ok(0);
        }
        let len = usize::try_from(len).or(Err(libc::E2BIG))?;
        let from = self.pointer(at, len)?;
        let mut text = vec![0; len];
        self.machine.read(from / 4096, from % 4096, &mut text);
        self.domain_mut(domain)?.console.extend(text);
        Ok(0)
    }

    fn plain_dm_op(&mut self, caller: u16, [domain, count, list, ..]: [u64; 5]) -> Answer<()> {
        let domain = u16::try_from(domain).or(Err(libc::ESRCH))?;
        self.target(caller, domain)?;
        if count > 2 {
            return Err(libc::E2BIG);
        }
        let mut places = Vec::new();
        let mut buffers = Vec::new();
        for n in 0..count {
            let [at, size] = self.copy_in::<[u64; 2]>(list + 16 * n)?;
            let size = usize::try_from(size).or(Err(libc::E2BIG))?;
            let from = self.pointer(at, size)?;
            let mut buffer = vec![0; size];
            self.machine.read(from / 4096, from % 4096, &mut buffer);
            places.push(at);
            buffers.push(buffer);
        }
        let answers = self.dm_op(caller, domain, &buffers)?;
        for (at, answer) in places.into_iter().zip(answers) {
            if let Some(answer) = answer {
                self.copy_out(at, &answer)?;
            }
        }
        Ok(())
    }

    fn multicall(&mut self, domain: u16, list: u64, count: u64) -> Answer<()> {
        for n in 0..count {
            let at = list + n * 64;
            let entry: [u64; ENTRY] = self.copy_in(at)?;
            let [number, _, a, b, c, d, e, _] = entry;
            let result = match self.hypercall(domain, number, [a, b, c, d, e]) {
                Ok(result) => result,
                Err(errno) => i64::from(-errno).cast_unsigned(),
            };
            self.copy_out(at + 8, &result.to_ne_bytes())?;
        }
        Ok(())
    }
}

fn low(word: u32) -> u16 {
    let [a, b, ..] = word.to_ne_bytes();
    u16::from_ne_bytes([a, b])
}
