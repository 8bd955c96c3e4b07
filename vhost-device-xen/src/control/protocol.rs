// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Requests and answers: a JSON object in a line each. What is here is described in
//! `docs/control.md`, and does not change without another [`VERSION`].

use serde::{Deserialize, Serialize};

use crate::stats::Stats;

/// The version of the answers. New fields may come without a new one.
pub const VERSION: u32 = 1;

/// What may be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "lowercase", deny_unknown_fields)]
pub enum Request {
    /// All devices.
    List,
    /// All devices, or those of one guest, with what they have done.
    Stats {
        /// Its domain number, name or UUID.
        #[serde(default)]
        guest: Option<String>,
    },
    /// Serve a device that was detached or refused.
    Attach {
        /// As above.
        guest: String,
        /// As the list calls it.
        device: String,
    },
    /// Take a device away from its guest.
    Detach {
        /// As above.
        guest: String,
        /// As the list calls it.
        device: String,
    },
    /// Look at a disk's size, after setting it.
    Resize {
        /// As above.
        guest: String,
        /// As the list calls it.
        device: String,
        /// The new length of the image; without it, somebody else has set it.
        #[serde(default)]
        bytes: Option<u64>,
        /// It may be less than before.
        #[serde(default)]
        shrink: bool,
    },
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// [`VERSION`].
    pub version: u32,
    /// Why the request was not carried out. Nothing else is there then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Of a list and of statistics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub devices: Option<Vec<Device>>,
    /// The length of a disk's image after a resize.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl Answer {
    /// It is done.
    pub fn done() -> Self {
        Self {
            version: VERSION,
            error: None,
            devices: None,
            bytes: None,
        }
    }

    /// It cannot be done.
    pub fn error(why: impl Into<String>) -> Self {
        Self {
            error: Some(why.into()),
            ..Self::done()
        }
    }

    /// These are the devices.
    pub fn devices(devices: Vec<Device>) -> Self {
        Self {
            devices: Some(devices),
            ..Self::done()
        }
    }
}

/// A device that a guest has, or should have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The guest's number.
    pub domain: u16,
    /// Its name; empty if it has none.
    pub guest: String,
    /// Its UUID; empty if it has none.
    pub uuid: String,
    /// `virtio/INDEX` or `virtio_disk/NUMBER`, as XenStore has it.
    pub device: String,
    /// `rng`, `block`, `i2c`, `gpio` or `external`, if it was found out.
    pub kind: Option<String>,
    /// What `disk=` calls it.
    pub vdev: Option<String>,
    /// How it fares.
    pub state: State,
    /// Why it is refused, or why it could not be attached again.
    pub reason: Option<String>,
    /// How its guest shares memory.
    pub mode: Option<Mode>,
    /// The guest's process.
    pub pid: Option<u32>,
    /// What is behind it: an image, a node, a socket.
    pub source: Option<String>,
    /// What it has done. Only of statistics, and of what this daemon serves itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stats: Option<Stats>,
    /// Its process was asked what it has done, and has not answered in time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
}

/// How a device fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Its process has been asked to serve it.
    Attaching,
    /// The guest can find it.
    Served,
    /// The guest's driver uses it, or has used it.
    Connected,
    /// Its process has been asked to let it go on the operator's wish.
    Detaching,
    /// The operator has taken it away.
    Detached,
    /// The toolstack takes it away.
    Ending,
    /// It is not served, and `reason` says why.
    Refused,
    /// It is no more.
    Closed,
}

impl State {
    /// As people read it, and as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attaching => "attaching",
            Self::Served => "served",
            Self::Connected => "connected",
            Self::Detaching => "detaching",
            Self::Detached => "detached",
            Self::Ending => "ending",
            Self::Refused => "refused",
            Self::Closed => "closed",
        }
    }
}

/// How a guest shares memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It grants what it hands out.
    Grants,
    /// All of it, by its addresses.
    Foreign,
}

impl Mode {
    /// As people read it, and as JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Grants => "grants",
            Self::Foreign => "foreign",
        }
    }
}

/// Devices for tests.
#[cfg(test)]
pub mod samples {
    use super::*;
    use crate::stats::Memory;

    /// A disk that is used.
    pub fn disk() -> Device {
        Device {
            domain: 3,
            guest: "web".into(),
            uuid: "4b7c9e6e-9f8e-4c39-8d0e-6f4a0d9a3c11".into(),
            device: "virtio_disk/51712".into(),
            kind: Some("block".into()),
            vdev: Some("xvda".into()),
            state: State::Connected,
            reason: None,
            mode: Some(Mode::Grants),
            pid: Some(4711),
            source: Some("/srv/web.img".into()),
            stats: None,
            silent: false,
        }
    }

    /// An I2C adapter for which there is no rule.
    pub fn refused() -> Device {
        Device {
            device: "virtio/0".into(),
            kind: None,
            vdev: None,
            state: State::Refused,
            reason: Some("the configuration has no [[i2c]] for device 0 of guest \"web\"".into()),
            mode: None,
            pid: None,
            source: None,
            ..disk()
        }
    }

    /// Some numbers, each of them another one.
    pub fn stats() -> Stats {
        let mut latency = vec![0; backends::LATENCIES];
        latency[5..9].copy_from_slice(&[10, 500, 400, 90]);
        Stats {
            driver_ready: true,
            requests: 1000,
            batches: 800,
            bytes_from_guest: 1_048_576,
            bytes_to_guest: 4_194_304,
            kicks: 790,
            interrupts: 760,
            interrupts_suppressed: 40,
            malformed: 2,
            failed: 1,
            in_flight: 4,
            latency,
            memory: Memory {
                maps: 11,
                pages: 120,
                unmaps: 8,
                copies: 1600,
                copied_from_guest: 16_000,
                copied_to_guest: 1000,
                hits: 30,
                evictions: 0,
                unreachable: 3,
                undelivered: 5,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::{disk, refused, stats};
    use super::*;

    const DOCUMENT: &str = include_str!("../../docs/control.md");

    /// Whether the document has the JSON of something, however its lines are broken.
    fn is_documented(what: &impl Serialize) -> bool {
        let bare = |text: &str| text.split_whitespace().collect::<String>();
        let json = serde_json::to_string(what).unwrap();
        bare(DOCUMENT).contains(&bare(&json))
    }

    fn of(guest: &str, device: &str) -> (String, String) {
        (guest.into(), device.into())
    }

    #[test]
    fn requests_are_as_the_document_says() {
        let (guest, device) = of("web", "virtio_disk/51712");
        let requests = [
            Request::List,
            Request::Stats { guest: None },
            Request::Stats {
                guest: Some("web".into()),
            },
            Request::Attach {
                guest: guest.clone(),
                device: device.clone(),
            },
            Request::Detach {
                guest: guest.clone(),
                device: device.clone(),
            },
            Request::Resize {
                guest,
                device,
                bytes: Some(21_474_836_480),
                shrink: false,
            },
        ];

        let missing: Vec<_> = requests.iter().filter(|r| !is_documented(r)).collect();

        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn answers_are_as_the_document_says() {
        let with_stats = Device {
            stats: Some(stats()),
            ..disk()
        };
        let silent = Device {
            silent: true,
            ..disk()
        };
        let answers = [
            Answer::done(),
            Answer::error("no guest \"wbe\""),
            Answer::devices(vec![disk(), refused()]),
            Answer::devices(vec![with_stats]),
            Answer::devices(vec![silent]),
            Answer {
                bytes: Some(21_474_836_480),
                ..Answer::done()
            },
        ];

        let missing: Vec<_> = answers
            .iter()
            .filter(|answer| !is_documented(answer))
            .map(|answer| serde_json::to_string_pretty(answer).unwrap())
            .collect();

        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }

    #[test]
    fn states_and_modes_have_one_name() {
        let states = [
            State::Attaching,
            State::Served,
            State::Connected,
            State::Detaching,
            State::Detached,
            State::Ending,
            State::Refused,
            State::Closed,
        ];

        let names = states.map(|state| serde_json::to_value(state).unwrap());

        assert_eq!(names.to_vec(), states.map(State::name).to_vec());
        assert!(states.iter().all(|state| DOCUMENT.contains(state.name())));
        assert_eq!(
            serde_json::to_value([Mode::Grants, Mode::Foreign]).unwrap(),
            serde_json::json!([Mode::Grants.name(), Mode::Foreign.name()])
        );
    }

    #[test]
    fn what_may_be_left_out_may_be_left_out() {
        let stats: Request = serde_json::from_str("{\"command\":\"stats\"}").unwrap();
        let resize = "{\"command\":\"resize\",\"guest\":\"1\",\"device\":\"xvda\"}";
        let resize: Request = serde_json::from_str(resize).unwrap();

        assert_eq!(stats, Request::Stats { guest: None });
        assert!(matches!(
            resize,
            Request::Resize {
                bytes: None,
                shrink: false,
                ..
            }
        ));
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        let unknown = "{\"command\":\"stats\",\"gest\":\"web\"}";

        assert!(serde_json::from_str::<Request>(unknown).is_err());
        assert!(serde_json::from_str::<Request>("{\"command\":\"reboot\"}").is_err());
    }
}
