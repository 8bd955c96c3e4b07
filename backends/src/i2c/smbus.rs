// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Transfers in the words of an adapter that knows SMBus commands only.
//!
//! Such adapters (PCs have them, and Linux's i2c-stub is one) cannot send any bytes, only the
//! forms that the SMBus specification has names for. Most of what drivers do has one.

use super::{Action, Address, Segment};

/// Data bytes of a block command.
pub(super) const BLOCK_BYTES: usize = 32;

/// A command: `I2C_SMBUS_*` of include/uapi/linux/i2c.h, with the data that goes out, and the
/// place of the segment that what comes in is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Command {
    pub(super) address: u8,
    pub(super) kind: Kind,
    /// The command byte.
    pub(super) code: u8,
    /// What is written, or nothing.
    pub(super) out: Vec<u8>,
    /// Where what is read goes, and how many bytes that are.
    pub(super) into: Option<(usize, usize)>,
}

/// The form of a command, by its number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub(super) enum Kind {
    Quick = 0,
    Byte = 1,
    ByteData = 2,
    WordData = 3,
    ProcessCall = 4,
    Block = 5,
    I2cBlock = 8,
}

/// Finds the commands that put the same on the bus as `segments`; `None` if there are none.
pub(super) fn commands(segments: &[Segment]) -> Option<Vec<Command>> {
    let mut commands = Vec::new();
    let mut place = 0;
    while let Some(first) = segments.get(place) {
        let pair = segments
            .get(place + 1)
            .and_then(|second| combined(first, second, place + 1));
        if let Some(command) = pair {
            commands.push(command);
            place += 2;
        } else {
            commands.push(single(first, place)?);
            place += 1;
        }
    }
    Some(commands)
}

/// A write and a read with nothing but a repeated start between them.
fn combined(first: &Segment, second: &Segment, place: usize) -> Option<Command> {
    let (Action::Write(out), Action::Read(into)) = (&first.action, &second.action) else {
        return None;
    };
    let kind = match (out.len(), into.len()) {
        (1, 1) => Kind::ByteData,
        (1, 2) => Kind::WordData,
        (1, 3..=BLOCK_BYTES) => Kind::I2cBlock,
        (3, 2) => Kind::ProcessCall,
        _ => return None,
    };
    let address = seven(first).filter(|_| first.address == second.address)?;
    Some(Command {
        address,
        kind,
        code: out[0],
        out: out[1..].to_vec(),
        into: Some((place, into.len())),
    })
}

fn single(segment: &Segment, place: usize) -> Option<Command> {
    let address = seven(segment)?;
    let (kind, into) = match &segment.action {
        Action::Read(bytes) if bytes.is_empty() => (Kind::Quick, Some((place, 0))),
        Action::Read(bytes) if bytes.len() == 1 => (Kind::Byte, Some((place, 1))),
        Action::Read(_) => return None,
        Action::Write(bytes) => {
            let kind = match bytes.len() {
                0 => Kind::Quick,
                1 => Kind::Byte,
                2 => Kind::ByteData,
                3 => Kind::WordData,
                4..=33 => Kind::I2cBlock,
                // The one that is too long for the general form.
                34 if usize::from(bytes[1]) == BLOCK_BYTES => Kind::Block,
                _ => return None,
            };
            (kind, None)
        }
    };
    let bytes: &[u8] = match &segment.action {
        Action::Write(bytes) => bytes,
        Action::Read(_) => &[],
    };
    let after = if kind == Kind::Block { 2 } else { 1 };
    Some(Command {
        address,
        kind,
        code: bytes.first().copied().unwrap_or(0),
        out: bytes.get(after..).unwrap_or_default().to_vec(),
        into,
    })
}

fn seven(segment: &Segment) -> Option<u8> {
    match segment.address {
        Address::Seven(address) => Some(address),
        Address::Ten(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(bytes: &[u8]) -> Segment {
        Segment {
            address: Address::Seven(0x50),
            action: Action::Write(bytes.to_vec()),
        }
    }

    fn read(len: usize) -> Segment {
        Segment {
            address: Address::Seven(0x50),
            action: Action::Read(vec![0; len]),
        }
    }

    fn kinds(segments: &[Segment]) -> Option<Vec<(Kind, bool)>> {
        let commands = commands(segments)?;
        Some(
            commands
                .iter()
                .map(|c| (c.kind, c.into.is_some()))
                .collect(),
        )
    }

    #[test]
    fn single_segments_are_commands() {
        let lens = [0, 1, 2, 3, 4, 33].map(|len| kinds(&[write(&vec![0; len])]).unwrap()[0]);

        let writes = [
            Kind::Quick,
            Kind::Byte,
            Kind::ByteData,
            Kind::WordData,
            Kind::I2cBlock,
            Kind::I2cBlock,
        ];
        assert_eq!(lens, writes.map(|kind| (kind, false)));
        assert_eq!(kinds(&[read(0)]), Some(vec![(Kind::Quick, true)]));
        assert_eq!(kinds(&[read(1)]), Some(vec![(Kind::Byte, true)]));
    }

    #[test]
    fn a_write_and_a_read_are_one_command() {
        let lens = [1, 2, 3, 32].map(|len| kinds(&[write(&[7]), read(len)]).unwrap());

        let reads = [
            Kind::ByteData,
            Kind::WordData,
            Kind::I2cBlock,
            Kind::I2cBlock,
        ];
        assert_eq!(lens, reads.map(|kind| vec![(kind, true)]));
        let call = kinds(&[write(&[7, 1, 2]), read(2)]);
        assert_eq!(call, Some(vec![(Kind::ProcessCall, true)]));
    }

    #[test]
    fn the_longest_block_of_smbus_has_a_form_of_its_own() {
        let mut bytes = vec![7, 32];
        bytes.extend([9; 32]);

        let commands = commands(&[write(&bytes)]).unwrap();

        assert_eq!((commands[0].kind, commands[0].code), (Kind::Block, 7));
        assert_eq!(commands[0].out, [9; 32]);
        bytes[1] = 31;
        assert_eq!(super::commands(&[write(&bytes)]), None);
    }

    #[test]
    fn what_has_no_name_is_not_sent() {
        assert_eq!(kinds(&[read(2)]), None);
        assert_eq!(kinds(&[write(&[7]), read(33)]), None);
        assert_eq!(kinds(&[write(&[7, 8]), read(1), read(2)]), None);
        let ten = Segment {
            address: Address::Ten(0x50),
            ..read(1)
        };
        assert_eq!(kinds(&[ten]), None);
    }

    #[test]
    fn reads_of_another_chip_are_not_combined() {
        let other = Segment {
            address: Address::Seven(0x51),
            ..read(1)
        };

        let found = kinds(&[write(&[7]), other]).unwrap();

        assert_eq!(found, [(Kind::Byte, false), (Kind::Byte, true)]);
    }
}
