// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! A chip of the host: `/dev/gpiochipN` of Linux, by the second version of its interface.

// UNSAFE: ioctls of gpiolib's character devices have no safe wrapper.
#![expect(unsafe_code)]

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use zerocopy::FromZeros;

use self::abi::{ChipInfo, LineConfig, LineInfo, LineRequest, LineValues};
use super::{Chip, Edge, Edges};
use crate::error::Error;
use crate::log_limited;
use crate::ratelimit::Level;
use crate::sys::check;

/// include/uapi/linux/gpio.h.
mod abi {
    use zerocopy::FromZeros;

    /// `struct gpiochip_info`.
    #[derive(FromZeros)]
    #[repr(C)]
    pub struct ChipInfo {
        pub name: [u8; 32],
        pub label: [u8; 32],
        pub lines: u32,
    }

    /// `struct gpio_v2_line_values`.
    #[derive(FromZeros)]
    #[repr(C)]
    pub struct LineValues {
        pub bits: u64,
        pub mask: u64,
    }

    /// `struct gpio_v2_line_attribute`; the union is as long as its longest part.
    #[derive(Clone, Copy, FromZeros)]
    #[repr(C)]
    pub struct LineAttribute {
        pub id: u32,
        pub padding: u32,
        pub value: u64,
    }

    /// `struct gpio_v2_line_config_attribute`.
    #[derive(Clone, Copy, FromZeros)]
    #[repr(C)]
    pub struct LineConfigAttribute {
        pub attr: LineAttribute,
        pub mask: u64,
    }

    /// `struct gpio_v2_line_config`.
    #[derive(FromZeros)]
    #[repr(C)]
    pub struct LineConfig {
        pub flags: u64,
        pub num_attrs: u32,
        pub padding: [u32; 5],
        pub attrs: [LineConfigAttribute; 10],
    }

    /// `struct gpio_v2_line_request`.
    #[derive(FromZeros)]
    #[repr(C)]
    pub struct LineRequest {
        pub offsets: [u32; 64],
        pub consumer: [u8; 32],
        pub config: LineConfig,
        pub num_lines: u32,
        pub event_buffer_size: u32,
        pub padding: [u32; 5],
        pub fd: i32,
    }

    /// `struct gpio_v2_line_info`.
    #[derive(FromZeros)]
    #[repr(C)]
    pub struct LineInfo {
        pub name: [u8; 32],
        pub consumer: [u8; 32],
        pub offset: u32,
        pub num_attrs: u32,
        pub flags: u64,
        pub attrs: [LineAttribute; 10],
        pub padding: [u32; 4],
    }

    const _: () = assert!(size_of::<ChipInfo>() == 68 && size_of::<LineValues>() == 16);
    const _: () = assert!(size_of::<LineConfig>() == 272 && size_of::<LineRequest>() == 592);
    const _: () = assert!(size_of::<LineInfo>() == 256);

    /// The size of a `struct gpio_v2_line_event`, and where its `id` is.
    pub const EVENT_BYTES: usize = 48;
    pub const EVENT_ID: usize = 8;
    pub const EVENT_RISING: u32 = 1;

    pub const FLAG_INPUT: u64 = 1 << 2;
    pub const FLAG_OUTPUT: u64 = 1 << 3;
    pub const FLAG_EDGE_RISING: u64 = 1 << 4;
    pub const FLAG_EDGE_FALLING: u64 = 1 << 5;
    pub const ATTR_OUTPUT_VALUES: u32 = 2;

    /// `_IOR(0xB4, 0x01, struct gpiochip_info)`.
    pub const GET_CHIPINFO: u32 = 0x8044_b401;
    /// `_IOWR(0xB4, 0x05, struct gpio_v2_line_info)`.
    pub const GET_LINEINFO: u32 = 0xc100_b405;
    /// `_IOWR(0xB4, 0x07, struct gpio_v2_line_request)`.
    pub const GET_LINE: u32 = 0xc250_b407;
    /// `_IOWR(0xB4, 0x0D, struct gpio_v2_line_config)`.
    pub const SET_CONFIG: u32 = 0xc110_b40d;
    /// `_IOWR(0xB4, 0x0E, struct gpio_v2_line_values)`.
    pub const GET_VALUES: u32 = 0xc010_b40e;
    /// `_IOWR(0xB4, 0x0F, struct gpio_v2_line_values)`.
    pub const SET_VALUES: u32 = 0xc010_b40f;
}

/// Who uses a line, as the host's tools show it.
const CONSUMER: &[u8] = b"virtio-gpio";
/// Events of one line that are read at once; Linux keeps as many.
const EVENTS: usize = 16;

/// A GPIO chip of the host.
///
/// A line belongs to the host, or to another guest, until it is used, and again when it is
/// released.
#[derive(Debug)]
pub struct HostChip {
    chip: File,
    names: Vec<String>,
    /// The lines in use, each a file of its own.
    lines: BTreeMap<u32, File>,
    /// Watches all of those.
    epoll: Epoll,
    edges: VecDeque<(u32, Edge)>,
}

impl HostChip {
    /// Uses the chip whose device node, `/dev/gpiochipN`, the caller has opened for reading and
    /// writing.
    ///
    /// # Errors
    ///
    /// [`Error::GpioChip`] if the file is something else, or there are no descriptors left.
    pub fn new(chip: File) -> Result<Self, Error> {
        let wrong = |source| Error::GpioChip { source };
        let count = chip_info(&chip).map_err(wrong)?.lines;
        let names = (0..count).map(|line| line_name(&chip, line));
        let names = names.collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Self {
            chip,
            names,
            lines: BTreeMap::new(),
            epoll: Epoll::new().map_err(wrong)?,
            edges: VecDeque::new(),
        })
    }

    /// The label that the chip's driver has given it.
    ///
    /// # Errors
    ///
    /// When `chip` is no such file.
    pub fn label(chip: &File) -> io::Result<String> {
        chip_info(chip).map(|info| text(&info.label))
    }

    /// Takes a line from the host.
    fn request(&self, line: u32, config: LineConfig) -> io::Result<File> {
        let mut request = LineRequest::new_zeroed();
        request.offsets[0] = line;
        request.num_lines = 1;
        request.consumer[..CONSUMER.len()].copy_from_slice(CONSUMER);
        request.config = config;
        // SAFETY: GET_LINE (drivers/gpio/gpiolib-cdev.c, `linereq_create`) reads and writes one
        // `struct gpio_v2_line_request`; `request` is one and outlives the call.
        let result = unsafe {
            libc::ioctl(
                self.chip.as_raw_fd(),
                ioctl(abi::GET_LINE),
                &raw mut request,
            )
        };
        check(result)?;
        // SAFETY: the driver has just installed `fd` for this process, close-on-exec, and nobody
        // else knows of it.
        let fd = unsafe { OwnedFd::from_raw_fd(request.fd) };
        set_nonblocking(&fd)?;
        Ok(File::from(fd))
    }

    /// Sets a line up, and takes it from the host if need be.
    fn configure(&mut self, line: u32, mut config: LineConfig) -> io::Result<()> {
        if let Some(file) = self.lines.get(&line) {
            // SAFETY: SET_CONFIG reads one `struct gpio_v2_line_config`; `config` is one and
            // outlives the call.
            let result =
                unsafe { libc::ioctl(file.as_raw_fd(), ioctl(abi::SET_CONFIG), &raw mut config) };
            return check(result);
        }
        let file = self.request(line, config)?;
        let event = EpollEvent::new(EventSet::IN, line.into());
        self.epoll
            .ctl(ControlOperation::Add, file.as_raw_fd(), event)?;
        self.lines.insert(line, file);
        Ok(())
    }

    /// Reads the edges of one line, and says whether there were any.
    fn read(&mut self, line: u32) -> io::Result<bool> {
        let Some(file) = self.lines.get_mut(&line) else {
            return Ok(false);
        };
        let mut bytes = [0; EVENTS * abi::EVENT_BYTES];
        let len = match file.read(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            result => result?,
        };
        for event in bytes[..len].chunks_exact(abi::EVENT_BYTES) {
            let mut id = [0; 4];
            id.copy_from_slice(&event[abi::EVENT_ID..abi::EVENT_ID + 4]);
            let edge = if u32::from_ne_bytes(id) == abi::EVENT_RISING {
                Edge::Rising
            } else {
                Edge::Falling
            };
            self.edges.push_back((line, edge));
        }
        Ok(len > 0)
    }
}

impl Chip for HostChip {
    fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    fn input(&mut self, line: u32, edges: Edges) -> io::Result<()> {
        let mut config = LineConfig::new_zeroed();
        config.flags = abi::FLAG_INPUT;
        if edges.rising {
            config.flags |= abi::FLAG_EDGE_RISING;
        }
        if edges.falling {
            config.flags |= abi::FLAG_EDGE_FALLING;
        }
        let was_used = self.lines.contains_key(&line);
        self.configure(line, config)?;
        // What was seen before is for nobody. Of a line that was not used there is nothing, and one
        // that changes without end must not keep us: Linux keeps no more than it can hold.
        if was_used {
            self.read(line)?;
        }
        self.edges.retain(|(of, _)| *of != line);
        Ok(())
    }

    fn output(&mut self, line: u32, value: bool) -> io::Result<()> {
        let mut config = LineConfig::new_zeroed();
        config.flags = abi::FLAG_OUTPUT;
        config.num_attrs = 1;
        config.attrs[0].attr.id = abi::ATTR_OUTPUT_VALUES;
        config.attrs[0].attr.value = value.into();
        config.attrs[0].mask = 1;
        self.configure(line, config)
    }

    fn set(&mut self, line: u32, value: bool) -> io::Result<()> {
        let file = self.lines.get(&line).ok_or(io::ErrorKind::NotFound)?;
        values(file, abi::SET_VALUES, value).map(drop)
    }

    fn value(&mut self, line: u32) -> io::Result<bool> {
        match self.lines.get(&line) {
            Some(file) => values(file, abi::GET_VALUES, false),
            // As it is, for a moment.
            None => {
                let file = self.request(line, LineConfig::new_zeroed())?;
                values(&file, abi::GET_VALUES, false)
            }
        }
    }

    fn release(&mut self, line: u32) -> io::Result<()> {
        // The kernel forgets a file that is closed, also in the epoll instance.
        self.lines.remove(&line);
        self.edges.retain(|(of, _)| *of != line);
        Ok(())
    }

    fn next_edge(&mut self) -> Option<(u32, Edge)> {
        while self.edges.is_empty() {
            let mut events = [EpollEvent::default(); 1];
            let count = self.epoll.wait(0, &mut events).ok()?;
            let line = u32::try_from(events[..count].first()?.data()).ok()?;
            match self.read(line) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    log_limited!(
                        Level::Error,
                        "line {line} of the GPIO chip is lost: {error}"
                    );
                    self.lines.remove(&line);
                }
            }
        }
        self.edges.pop_front()
    }

    fn events(&self) -> Option<&dyn AsRawFd> {
        Some(&self.epoll)
    }
}

fn chip_info(chip: &File) -> io::Result<ChipInfo> {
    let mut info = ChipInfo::new_zeroed();
    // SAFETY: GET_CHIPINFO writes one `struct gpiochip_info`; `info` is one and outlives the call.
    // Its number carries that size: no other driver takes it for something else.
    let result = unsafe { libc::ioctl(chip.as_raw_fd(), ioctl(abi::GET_CHIPINFO), &raw mut info) };
    check(result).map(|()| info)
}

fn line_name(chip: &File, line: u32) -> io::Result<String> {
    let mut info = LineInfo::new_zeroed();
    info.offset = line;
    // SAFETY: GET_LINEINFO reads and writes one `struct gpio_v2_line_info`; `info` is one and
    // outlives the call.
    let result = unsafe { libc::ioctl(chip.as_raw_fd(), ioctl(abi::GET_LINEINFO), &raw mut info) };
    check(result).map(|()| text(&info.name))
}

/// Gets or sets the value of the only line of a request.
fn values(line: &File, request: u32, value: bool) -> io::Result<bool> {
    let mut values = LineValues {
        bits: value.into(),
        mask: 1,
    };
    // SAFETY: GET_VALUES and SET_VALUES read and write one `struct gpio_v2_line_values`; `values`
    // is one and outlives the call.
    let result = unsafe { libc::ioctl(line.as_raw_fd(), ioctl(request), &raw mut values) };
    check(result).map(|()| values.bits & 1 != 0)
}

fn set_nonblocking(fd: &OwnedFd) -> io::Result<()> {
    // SAFETY: F_SETFL takes a number and touches no memory.
    check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) })
}

/// A number as this C library has it.
fn ioctl(number: u32) -> libc::Ioctl {
    libc::Ioctl::from(number)
}

/// A name: up to the first zero.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_chip_is_refused() {
        let file = tempfile::tempfile().unwrap();

        let error = HostChip::new(file).unwrap_err();

        assert!(matches!(error, Error::GpioChip { .. }));
    }

    #[test]
    fn names_end_at_the_first_zero_or_with_their_field() {
        assert_eq!(text(b"led\0junk"), "led");
        assert_eq!(text(b"full"), "full");
        assert_eq!(text(b"\0"), "");
    }
}
