// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What guests access.

use xen_hypercall::ioreq::{BufferedWrite, Kind};

/// A PCI function: segment in bits 31..16, bus in 15..8, device in 7..3, function in 2..0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sbdf(pub u32);

impl Sbdf {
    /// The function `function` (below 8) of device `device` (below 32); bits above are left out.
    pub const fn new(segment: u16, bus: u8, device: u8, function: u8) -> Self {
        let place = (device as u32 & 31) << 3 | function as u32 & 7;
        Self((segment as u32) << 16 | (bus as u32) << 8 | place)
    }
}

/// Which addresses an address is one of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// Guest-physical ones: memory-mapped I/O.
    Memory,
    /// I/O ports of x86.
    Port,
    /// Bytes of the configuration space of a PCI function.
    PciConfig(Sbdf),
}

/// One access of a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// To what.
    pub space: Space,
    /// Where.
    pub addr: u64,
    /// Bytes: 1, 2, 4 or 8.
    pub size: u8,
}

impl Access {
    /// The access of a write that needs no answer; `None` if no range can have caused it.
    pub(crate) fn of(write: &BufferedWrite) -> Option<Self> {
        let space = match write.kind {
            Kind::Copy => Space::Memory,
            Kind::Pio => Space::Port,
            _ => return None,
        };
        Some(Self {
            space,
            addr: write.address,
            size: u8::try_from(write.size).ok()?,
        })
    }
}

/// What a request asks for: one access, or the same one several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Accesses {
    pub first: Access,
    pub is_read: bool,
    pub count: u32,
    /// Downwards: `df`.
    pub is_down: bool,
    pub data: Data,
}

/// What is written, or where what is read goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// In the request.
    Value(u64),
    /// In the guest's memory, from this address on: a value for each time.
    Memory(u64),
}

impl Accesses {
    /// The access number `n`. String instructions go through memory, and stay at a port.
    pub fn nth(&self, n: u32) -> Access {
        let addr = match self.first.space {
            Space::Memory => self.step(self.first.addr, n),
            Space::Port | Space::PciConfig(_) => self.first.addr,
        };
        Access { addr, ..self.first }
    }

    /// Where value number `n` is, from the first one's place on.
    pub fn step(&self, from: u64, n: u32) -> u64 {
        let offset = u64::from(n).wrapping_mul(self.first.size.into());
        match self.is_down {
            true => from.wrapping_sub(offset),
            false => from.wrapping_add(offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accesses(space: Space, is_down: bool) -> Accesses {
        Accesses {
            first: Access {
                space,
                addr: 0x1000,
                size: 4,
            },
            is_read: true,
            count: 3,
            is_down,
            data: Data::Value(0),
        }
    }

    #[test]
    fn repeated_accesses_go_through_memory_and_stay_at_a_port() {
        let place = |space, is_down| accesses(space, is_down).nth(2).addr;

        assert_eq!(place(Space::Memory, false), 0x1008);
        assert_eq!(place(Space::Memory, true), 0xff8);
        assert_eq!(place(Space::Port, false), 0x1000);
    }

    #[test]
    fn a_function_is_named_as_xen_names_it() {
        assert_eq!(Sbdf::new(1, 2, 3, 4), Sbdf(0x0001_021c));
    }
}
