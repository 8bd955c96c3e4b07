// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The options of `backend`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Error, Served};
use crate::channel::DeviceKind;
use crate::config::{Addresses, BlockEngine, BlockOptions, BlockSize, Hardware, Lines, Queues};
use crate::supervisor::{SpecError, adapter, chip, image, open};

/// Where front ends connect: one socket for each device.
#[derive(Clone, Debug, Args)]
pub struct Sockets {
    /// Where a front end connects. Repeated, there are as many devices; the n-th of each
    /// other option is for the n-th device.
    #[arg(long, value_name = "PATH", required = true)]
    socket_path: Vec<PathBuf>,
}

/// How disks are used: as `[[block]]` in the configuration says.
#[derive(Clone, Debug, Args)]
pub struct Use {
    /// Do without the host's page cache.
    #[arg(long)]
    direct: bool,
    /// Have every write on the disk before it is reported done.
    #[arg(long)]
    write_through: bool,
    /// How many queues the guest may use.
    #[arg(long, value_name = "NUMBER", default_value = "1", value_parser = queues)]
    num_queues: Queues,
    /// The smallest piece that the guest should address [default: what the image has].
    #[arg(long, value_name = "BYTES", value_parser = block_size)]
    block_size: Option<BlockSize>,
    /// Keep what the guest discards.
    #[arg(long)]
    no_discard: bool,
    /// How the host is asked to read and write; only `sync` answers in order, and so lets a front
    /// end go on with another process after this one was killed with requests on the way.
    #[arg(long, value_enum, default_value = "sync")]
    engine: BlockEngine,
}

impl From<Use> for BlockOptions {
    fn from(r#use: Use) -> Self {
        Self {
            direct: r#use.direct,
            write_through: r#use.write_through,
            queues: r#use.num_queues,
            block_size: r#use.block_size,
            discard: !r#use.no_discard,
            engine: r#use.engine,
        }
    }
}

/// Which device to serve.
#[derive(Clone, Debug, Subcommand)]
pub enum Backend {
    /// Entropy sources.
    Rng {
        /// Their sockets.
        #[command(flatten)]
        sockets: Sockets,
        /// Where entropy comes from [default: getrandom(2)].
        #[arg(long, value_name = "FILE")]
        source: Option<PathBuf>,
        /// Bytes in a second, at most.
        #[arg(long, value_name = "BYTES")]
        rate: Option<NonZeroU32>,
    },
    /// Disks.
    Block {
        /// Their sockets.
        #[command(flatten)]
        sockets: Sockets,
        /// The raw image or block device.
        #[arg(long, value_name = "FILE", required = true)]
        image: Vec<PathBuf>,
        /// Refuse writes.
        #[arg(long)]
        read_only: bool,
        /// What the guest reads as the disk's identity.
        #[arg(long, value_name = "TEXT")]
        serial: Vec<String>,
        /// How they are used.
        #[command(flatten)]
        options: Use,
    },
    /// I2C adapters.
    I2c {
        /// Their sockets.
        #[command(flatten)]
        sockets: Sockets,
        /// The adapter: its number, name or node, or "sim"; with the addresses that the guest
        /// may use, if not all: 3:0x20,0x21.
        #[arg(long, value_name = "BUS", required_unless_present = "simulated", value_parser = bus)]
        bus: Vec<(Hardware, Option<Addresses>)>,
        /// Simulated adapters, each with one chip.
        #[arg(long, conflicts_with = "bus")]
        simulated: bool,
    },
    /// GPIO chips.
    Gpio {
        /// Their sockets.
        #[command(flatten)]
        sockets: Sockets,
        /// The chip: its number, label or node, or "sim".
        #[arg(long, value_name = "CHIP", required = true, value_parser = hardware)]
        chip: Vec<Hardware>,
        /// The lines that the guest may use, if not all, in its order: 0-3,7.
        #[arg(long, value_name = "LINES", value_parser = lines)]
        lines: Vec<Lines>,
    },
}

impl Backend {
    /// The devices, with what they need open.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub(super) fn devices(self) -> Result<Vec<Served>, Error> {
        match self {
            Self::Rng {
                sockets,
                source,
                rate,
            } => sockets.each(|_| {
                let file = source.clone().map(|path| open("--source", path, false));
                Ok((DeviceKind::Rng { rate }, file.transpose()?))
            }),
            Self::Block {
                sockets,
                image,
                read_only,
                serial,
                options,
            } => disks(sockets, image, read_only, &serial, options.into()),
            Self::I2c {
                sockets,
                simulated: true,
                ..
            } => sockets.each(|_| Ok((DeviceKind::I2c { addresses: None }, None))),
            Self::I2c { sockets, bus, .. } => buses(sockets, &bus),
            Self::Gpio {
                sockets,
                chip: chips,
                lines,
            } => {
                sockets.expect("--chip", chips.len())?;
                sockets.each(|n| {
                    let lines = lines.get(n).cloned().map(Into::into);
                    Ok((DeviceKind::Gpio { lines }, chip("--chip", &chips[n])?))
                })
            }
        }
    }
}

impl Sockets {
    /// A device for each socket.
    fn each<F>(self, make: F) -> Result<Vec<Served>, Error>
    where
        F: Fn(usize) -> Result<(DeviceKind, Option<std::fs::File>), SpecError>,
    {
        let device = |(n, path)| {
            let (kind, file) = make(n)?;
            Ok(Served { path, kind, file })
        };
        self.socket_path
            .into_iter()
            .enumerate()
            .map(device)
            .collect()
    }

    /// One of an option for each socket.
    fn expect(&self, option: &'static str, count: usize) -> Result<(), Error> {
        let sockets = self.socket_path.len();
        match count == sockets {
            true => Ok(()),
            false => Err(Error::Option {
                option,
                reason: format!("{count} for {sockets} sockets"),
            }),
        }
    }
}

/// A disk for each socket.
fn disks(
    sockets: Sockets,
    images: Vec<PathBuf>,
    read_only: bool,
    serials: &[String],
    options: BlockOptions,
) -> Result<Vec<Served>, Error> {
    const OPTION: &str = "--image";
    sockets.expect(OPTION, images.len())?;
    sockets.each(|n| {
        let kind = DeviceKind::Block {
            read_only,
            serial: serials.get(n).cloned().unwrap_or_default(),
            options,
        };
        Ok((kind, Some(image(OPTION, images[n].clone(), !read_only)?)))
    })
}

fn queues(text: &str) -> Result<Queues, String> {
    Queues::try_from(number(text).ok_or("not a number")?)
}

fn block_size(text: &str) -> Result<BlockSize, String> {
    BlockSize::try_from(number(text).ok_or("not a number")?)
}

/// An I2C adapter for each socket.
fn buses(sockets: Sockets, buses: &[(Hardware, Option<Addresses>)]) -> Result<Vec<Served>, Error> {
    const OPTION: &str = "--bus";
    sockets.expect(OPTION, buses.len())?;
    sockets.each(|n| {
        let (hardware, addresses) = &buses[n];
        let addresses = addresses.clone().map(Into::into);
        Ok((DeviceKind::I2c { addresses }, adapter(OPTION, hardware)?))
    })
}

fn hardware(text: &str) -> Result<Hardware, &'static str> {
    text.parse()
}

/// `BUS[:ADDRESS,...]`.
fn bus(text: &str) -> Result<(Hardware, Option<Addresses>), String> {
    let listed = text
        .rsplit_once(':')
        .and_then(|(bus, list)| Some((bus, numbers(list)?)));
    // Adapters' names may have a colon.
    let (bus, list) = listed.map_or((text, None), |(bus, list)| (bus, Some(list)));
    let addresses = list.map(Addresses::try_from).transpose()?;
    Ok((bus.parse()?, addresses))
}

/// `FIRST[-LAST],...`.
fn lines(text: &str) -> Result<Lines, String> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(number(first)?..=number(last)?)
    };
    let ranges: Option<Vec<_>> = text.split(',').map(range).collect();
    let ranges = ranges.ok_or("not a list of lines")?;
    // Each is bounded before there is a list of it.
    if ranges.iter().any(|range| *range.end() > Lines::MAX) {
        return Err(format!("lines: more than {}", Lines::MAX));
    }
    Lines::try_from(ranges.into_iter().flatten().collect::<Vec<_>>())
}

fn numbers(list: &str) -> Option<Vec<i64>> {
    list.split(',').map(number).collect()
}

/// A number, in hexadecimal behind `0x`.
fn number(text: &str) -> Option<i64> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse::<u32>(),
    };
    parsed.ok().map(i64::from)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(subcommand)]
        backend: Backend,
    }

    /// What the words of a line make.
    fn served(line: &str) -> Result<Vec<Served>, String> {
        let words = ["backend"].into_iter().chain(line.split(' '));
        let line = Line::try_parse_from(words).map_err(|e| e.to_string())?;
        line.backend.devices().map_err(|e| e.to_string())
    }

    fn kinds(line: &str) -> Vec<DeviceKind> {
        let served = served(line).unwrap();
        served.into_iter().map(|served| served.kind).collect()
    }

    #[test]
    fn each_socket_has_a_device() {
        let served = served("rng --socket-path /a --socket-path /b").unwrap();

        let paths: Vec<_> = served.iter().map(|served| served.path.clone()).collect();
        assert_eq!(paths, [PathBuf::from("/a"), PathBuf::from("/b")]);
    }

    #[test]
    fn each_socket_needs_an_image() {
        let error = served("block --socket-path /a --socket-path /b --image /c").unwrap_err();

        assert_eq!(error, "--image: 1 for 2 sockets");
    }

    #[test]
    fn an_image_that_is_not_there_is_named_with_its_option() {
        let error = served("block --socket-path /a --image /nonexistent").unwrap_err();

        assert_eq!(
            error,
            "--image: cannot open /nonexistent for reading and writing"
        );
    }

    #[test]
    fn a_bus_has_addresses() {
        let line = "i2c --socket-path /a --bus sim:0x20,33 --socket-path /b --bus sim";

        let addresses = [Some(vec![0x20, 33]), None];
        assert_eq!(
            kinds(line),
            addresses.map(|addresses| DeviceKind::I2c { addresses })
        );
    }

    #[test]
    fn a_name_may_have_a_colon() {
        assert_eq!(bus("a:b").unwrap(), (Hardware::Name("a:b".into()), None));
        assert_eq!(bus("i2c-3:1").unwrap().0, Hardware::Number(3));
    }

    #[test]
    fn an_address_of_8_bits_is_refused() {
        assert_eq!(
            bus("3:0x80").unwrap_err(),
            "addresses: 0x80 is not of 7 bits"
        );
    }

    #[test]
    fn a_bus_or_a_simulation_is_needed() {
        assert!(served("i2c --socket-path /a").is_err());
        assert!(served("i2c --socket-path /a --bus 1 --simulated").is_err());
        assert_eq!(
            kinds("i2c --socket-path /a --simulated"),
            [DeviceKind::I2c { addresses: None }]
        );
    }

    #[test]
    fn lines_have_ranges() {
        let kind = DeviceKind::Gpio {
            lines: Some(vec![0, 1, 2, 3, 7]),
        };

        assert_eq!(
            kinds("gpio --socket-path /a --chip sim --lines 0-3,7"),
            [kind]
        );
    }

    #[test]
    fn lines_that_cannot_be_are_refused() {
        assert_eq!(lines("0,0").unwrap_err(), "lines: 0 twice");
        assert_eq!(lines("3-1").unwrap_err(), "lines: an empty list");
        assert_eq!(lines("x").unwrap_err(), "not a list of lines");
        assert_eq!(lines("0-4000000000").unwrap_err(), "lines: more than 1023");
    }
}
