// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Rules: which hardware of the host goes to which guest.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Deserialize;

use crate::channel::DeviceId;
use crate::x86;

/// Which devices a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The name or the UUID of a guest, or `*`.
    pub guest: String,
    /// The device's place in the guest's `virtio=` line, from 0 on; any, without one.
    pub index: Option<u32>,
}

/// Hardware of the host.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Called")]
pub enum Hardware {
    /// None: a simulation.
    Simulated,
    /// By the number in its device node.
    Number(u32),
    /// By its device node.
    Path(PathBuf),
    /// By the name that its driver has given it.
    Name(String),
}

/// What a file has for [`Hardware`].
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number, a name or \"sim\"")]
enum Called {
    Number(u32),
    Name(String),
}

impl TryFrom<Called> for Hardware {
    type Error = &'static str;

    fn try_from(called: Called) -> Result<Self, Self::Error> {
        Ok(match called {
            Called::Number(number) => Self::Number(number),
            Called::Name(name) if name.is_empty() => return Err("an empty name"),
            Called::Name(name) if name == "sim" => Self::Simulated,
            Called::Name(name) if name.starts_with('/') => Self::Path(name.into()),
            Called::Name(name) => match node_number(&name) {
                Some(number) => Self::Number(number),
                None => Self::Name(name),
            },
        })
    }
}

impl FromStr for Hardware {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(match text.parse() {
            Ok(number) => Called::Number(number),
            Err(_) => Called::Name(text.into()),
        })
    }
}

/// The number in `i2c-N` or `gpiochipN`.
fn node_number(name: &str) -> Option<u32> {
    let digits = name
        .strip_prefix("i2c-")
        .or_else(|| name.strip_prefix("gpiochip"))?;
    let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

/// A rule for I2C adapters.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "RawI2c")]
pub struct I2c {
    /// Which devices it is for.
    pub scope: Scope,
    /// Which adapter they are.
    pub adapter: Hardware,
    /// The 7-bit addresses that the guest may use; all, without it. On a simulated bus, where the
    /// chips are.
    pub addresses: Option<Addresses>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawI2c {
    guest: GuestName,
    index: Option<u32>,
    adapter: Hardware,
    addresses: Option<Addresses>,
}

impl From<RawI2c> for I2c {
    fn from(raw: RawI2c) -> Self {
        Self {
            scope: Scope {
                guest: raw.guest.0,
                index: raw.index,
            },
            adapter: raw.adapter,
            addresses: raw.addresses,
        }
    }
}

/// A rule for GPIO chips.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "RawGpio")]
pub struct Gpio {
    /// Which devices it is for.
    pub scope: Scope,
    /// Which chip they are.
    pub chip: Hardware,
    /// The lines that the guest may use, which it knows by their places here; all, without it.
    pub lines: Option<Lines>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGpio {
    guest: GuestName,
    index: Option<u32>,
    chip: Hardware,
    lines: Option<Lines>,
}

impl From<RawGpio> for Gpio {
    fn from(raw: RawGpio) -> Self {
        Self {
            scope: Scope {
                guest: raw.guest.0,
                index: raw.index,
            },
            chip: raw.chip,
            lines: raw.lines,
        }
    }
}

/// A rule for all devices of guests.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(from = "RawWhole")]
pub struct Whole {
    /// Which guests.
    pub scope: Scope,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWhole {
    guest: GuestName,
}

impl From<RawWhole> for Whole {
    fn from(raw: RawWhole) -> Self {
        Self {
            scope: Scope {
                guest: raw.guest.0,
                index: None,
            },
        }
    }
}

/// A rule for the place of one device.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "RawSlot")]
pub struct Slot {
    /// Whose devices.
    pub scope: Scope,
    /// Which of theirs.
    pub device: DeviceId,
    /// Where it is: its device number on the PCI bus.
    pub slot: u8,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSlot {
    guest: GuestName,
    device: String,
    slot: u8,
}

/// A bus has so many; the first are the chipset's, and those of devices that every guest has.
const SLOTS: RangeInclusive<u8> = 4..=31;

impl TryFrom<RawSlot> for Slot {
    type Error = String;

    fn try_from(raw: RawSlot) -> Result<Self, Self::Error> {
        let RawSlot { device, slot, .. } = raw;
        if !SLOTS.contains(&slot) {
            let (first, last) = SLOTS.into_inner();
            return Err(format!("slot: {slot} is not between {first} and {last}"));
        }
        let Some(device) = x86::device(&device) else {
            return Err(format!(
                "device: {device:?} is none, as virtio/0 or xvde is"
            ));
        };
        Ok(Self {
            scope: Scope {
                guest: raw.guest.0,
                index: None,
            },
            device,
            slot,
        })
    }
}

/// A rule for devices that another process serves.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "RawExternal")]
pub struct External {
    /// Which devices it is for.
    pub scope: Scope,
    /// Of these, the ones of this type: the virtio device ID.
    pub device: u32,
    /// Where the backend listens.
    pub socket: PathBuf,
    /// How many queues the device has.
    pub queues: u16,
    /// The largest size of each.
    pub queue_size: u16,
    /// Bytes of configuration space.
    pub config: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExternal {
    guest: GuestName,
    index: Option<u32>,
    device: DeviceType,
    socket: PathBuf,
    queues: Option<u16>,
    #[serde(default = "usual_queue_size")]
    queue_size: u16,
    config: Option<u32>,
}

fn usual_queue_size() -> u16 {
    256
}

/// A virtio device type, by name or by number.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a name or a number of a virtio device")]
enum DeviceType {
    Number(u32),
    Name(String),
}

/// Device types that have names: number, queues, and bytes of configuration space.
const TYPES: [(&str, u32, u16, u32); 4] = [
    ("block", 2, 1, 60),
    ("rng", 4, 1, 0),
    ("i2c", 34, 1, 0),
    ("gpio", 41, 2, 8),
];

/// More queues than any device has of which memory can be shared with a backend.
const MOST_QUEUES: u16 = 256;
/// As much as vhost-user allows, and registers have room for.
const MOST_CONFIG: u32 = 0x100;

impl RawExternal {
    /// Whether there can be such a device.
    fn check(&self, queues: u16, config: u32) -> Result<(), String> {
        if !(1..=MOST_QUEUES).contains(&queues) {
            return Err(format!(
                "queues: {queues} is not between 1 and {MOST_QUEUES}"
            ));
        }
        if !self.queue_size.is_power_of_two() || self.queue_size > 1 << 15 {
            return Err(format!(
                "queue_size: {} is no power of two",
                self.queue_size
            ));
        }
        if config > MOST_CONFIG {
            return Err(format!("config: more than {MOST_CONFIG} bytes"));
        }
        Ok(())
    }
}

impl TryFrom<RawExternal> for External {
    type Error = String;

    fn try_from(raw: RawExternal) -> Result<Self, Self::Error> {
        let known = TYPES.iter().find(|(name, number, ..)| match &raw.device {
            DeviceType::Number(wanted) => wanted == number,
            DeviceType::Name(wanted) => wanted == name,
        });
        let device = match (&raw.device, known) {
            (DeviceType::Number(number), _) => *number,
            (_, Some((_, number, ..))) => *number,
            (DeviceType::Name(name), None) => {
                return Err(format!("device: {name:?} has no number here"));
            }
        };
        let queues = raw
            .queues
            .unwrap_or(known.map_or(1, |(_, _, queues, _)| *queues));
        let config = raw
            .config
            .unwrap_or(known.map_or(0, |(.., config)| *config));
        raw.check(queues, config)?;
        Ok(Self {
            scope: Scope {
                guest: raw.guest.0,
                index: raw.index,
            },
            device,
            socket: raw.socket,
            queues,
            queue_size: raw.queue_size,
            config,
        })
    }
}

/// The name of a guest, which is not empty.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(super) struct GuestName(pub(super) String);

impl TryFrom<String> for GuestName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        if name.is_empty() {
            return Err("guest: an empty name");
        }
        Ok(Self(name))
    }
}

/// Addresses of chips.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Vec<i64>")]
pub struct Addresses(Vec<u8>);

impl TryFrom<Vec<i64>> for Addresses {
    type Error = String;

    fn try_from(numbers: Vec<i64>) -> Result<Self, Self::Error> {
        let address = |number: &i64| match u8::try_from(*number) {
            Ok(address) if address < 0x80 => Ok(address),
            _ => Err(format!("addresses: {number:#x} is not of 7 bits")),
        };
        numbers
            .iter()
            .map(address)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// Lines of a chip, each once.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Vec<i64>")]
pub struct Lines(Vec<u32>);

impl Lines {
    /// More than any chip has, and few enough for a message between processes.
    pub const MAX: i64 = 1023;
}

impl TryFrom<Vec<i64>> for Lines {
    type Error = String;

    fn try_from(numbers: Vec<i64>) -> Result<Self, Self::Error> {
        if numbers.is_empty() {
            return Err("lines: an empty list".into());
        }
        let mut lines = Vec::new();
        for number in numbers {
            match u32::try_from(number) {
                Ok(line) if lines.contains(&line) => return Err(format!("lines: {line} twice")),
                Ok(line) if number <= Self::MAX => lines.push(line),
                _ => return Err(format!("lines: {number} is no line")),
            }
        }
        Ok(Self(lines))
    }
}

impl From<Lines> for Vec<u32> {
    fn from(lines: Lines) -> Self {
        lines.0
    }
}

impl From<Addresses> for Vec<u8> {
    fn from(addresses: Addresses) -> Self {
        addresses.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    /// The hardware that a text means.
    fn hardware(text: &str) -> Hardware {
        let text = format!("[[i2c]]\nguest = \"*\"\nadapter = {text}\n");
        let config: Config = toml::from_str(&text).unwrap();
        config.i2c[0].adapter.clone()
    }

    /// What is wrong with a text, and the line where.
    fn wrong(text: &str) -> (usize, String) {
        let error = toml::from_str::<Config>(text).unwrap_err();
        let start = error.span().unwrap().start;
        (text[..start].lines().count().max(1), error.message().into())
    }

    #[test]
    fn hardware_has_numbers_names_and_nodes() {
        assert_eq!(hardware("1"), Hardware::Number(1));
        assert_eq!(hardware("\"i2c-12\""), Hardware::Number(12));
        assert_eq!(hardware("\"gpiochip3\""), Hardware::Number(3));
        assert_eq!(hardware("\"sim\""), Hardware::Simulated);
        assert_eq!(hardware("\"/dev/x\""), Hardware::Path("/dev/x".into()));
        assert_eq!(hardware("\"i2c-x\""), Hardware::Name("i2c-x".into()));
        assert_eq!(
            hardware("\"SMBus I801 adapter\""),
            Hardware::Name("SMBus I801 adapter".into())
        );
    }

    #[test]
    fn a_rule_has_its_keys() {
        let config: Config = toml::from_str(
            "[[i2c]]\nguest = \"a\"\nindex = 2\nadapter = 1\naddresses = [0x20, 0x7f]\n",
        )
        .unwrap();

        let rule = &config.i2c[0];
        assert_eq!(
            (rule.scope.guest.as_str(), rule.scope.index),
            ("a", Some(2))
        );
        assert_eq!(rule.addresses, Some(Addresses(vec![0x20, 0x7f])));
    }

    #[test]
    fn an_unknown_key_of_a_rule_is_refused() {
        let (_, message) = wrong("[[i2c]]\nguest = \"a\"\nadapter = 1\nspeed = 400\n");

        assert!(message.starts_with("unknown field `speed`"), "{message}");
    }

    #[test]
    fn a_missing_key_of_a_rule_is_named() {
        let (_, message) = wrong("[[i2c]]\nguest = \"a\"\n");

        assert_eq!(message, "missing field `adapter`");
    }

    #[test]
    fn an_address_of_8_bits_is_refused_with_its_line() {
        let found = wrong("[[i2c]]\nguest = \"a\"\nadapter = 1\naddresses = [0x20, 0x80]\n");

        assert_eq!(found, (4, "addresses: 0x80 is not of 7 bits".into()));
    }

    #[test]
    fn a_rule_for_a_chip_has_its_keys() {
        let config: Config =
            toml::from_str("[[gpio]]\nguest = \"a\"\nchip = \"sim\"\nlines = [5, 4]\n").unwrap();

        let rule = &config.gpio[0];
        assert_eq!((&rule.chip, rule.scope.index), (&Hardware::Simulated, None));
        assert_eq!(rule.lines, Some(Lines(vec![5, 4])));
    }

    #[test]
    fn lines_that_cannot_be_are_refused_with_their_line() {
        let lines = |list: &str| {
            let text = format!("[[gpio]]\nguest = \"a\"\nchip = 0\nlines = {list}\n");
            wrong(&text)
        };

        assert_eq!(lines("[1, 1]"), (4, "lines: 1 twice".into()));
        assert_eq!(lines("[-1]"), (4, "lines: -1 is no line".into()));
        assert_eq!(lines("[1024]"), (4, "lines: 1024 is no line".into()));
        assert_eq!(lines("[]"), (4, "lines: an empty list".into()));
    }

    #[test]
    fn a_device_of_another_process_has_what_its_type_has() {
        let config: Config =
            toml::from_str("[[external]]\nguest = \"*\"\ndevice = \"gpio\"\nsocket = \"/s\"\n")
                .unwrap();

        let rule = &config.external[0];
        assert_eq!((rule.device, rule.queues, rule.config), (41, 2, 8));
        assert_eq!((rule.queue_size, rule.socket.to_str()), (256, Some("/s")));
    }

    #[test]
    fn a_device_of_another_process_may_be_of_any_type() {
        let config: Config = toml::from_str(
            "[[external]]\nguest = \"*\"\ndevice = 19\nsocket = \"/s\"\nqueues = 3\nconfig = 8\n",
        )
        .unwrap();

        let rule = &config.external[0];
        assert_eq!((rule.device, rule.queues, rule.config), (19, 3, 8));
    }

    #[test]
    fn shapes_that_cannot_be_are_refused() {
        let message = |more: &str| {
            wrong(&format!(
                "[[external]]\nguest = \"*\"\ndevice = 19\nsocket = \"/s\"\n{more}\n"
            ))
            .1
        };

        assert_eq!(message("queues = 0"), "queues: 0 is not between 1 and 256");
        assert_eq!(
            message("queue_size = 3"),
            "queue_size: 3 is no power of two"
        );
        assert_eq!(message("config = 257"), "config: more than 256 bytes");
        let (_, unknown) = wrong("[[external]]\nguest = \"*\"\ndevice = \"x\"\nsocket = \"/s\"\n");
        assert_eq!(unknown, "device: \"x\" has no number here");
    }

    #[test]
    fn an_adapter_that_is_a_list_is_refused() {
        let (_, message) = wrong("[[i2c]]\nguest = \"a\"\nadapter = [1]\n");

        assert_eq!(message, "expected a number, a name or \"sim\"");
    }
}
