// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Rules for disks: how an image is used and presented.

use serde::{Deserialize, Serialize};

use super::rules::{GuestName, Scope};

/// A rule for disks.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(from = "RawBlock")]
pub struct Block {
    /// Which guests it is for.
    pub scope: Scope,
    /// Which disk of theirs, as `disk=` calls it; any, without it.
    pub vdev: Option<String>,
    /// What it says.
    pub options: BlockOptions,
}

/// How a disk is used and presented.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct BlockOptions {
    /// Do without the host's page cache.
    pub direct: bool,
    /// Have every write on the disk before it is reported done.
    pub write_through: bool,
    /// How many queues the guest may use.
    pub queues: Queues,
    /// The smallest piece that the guest should address; without it, what the image has.
    pub block_size: Option<BlockSize>,
    /// Give back to the host what the guest discards.
    pub discard: bool,
    /// How the host is asked to read and write.
    pub engine: Engine,
}

impl Default for BlockOptions {
    fn default() -> Self {
        Self {
            direct: false,
            write_through: false,
            queues: Queues::default(),
            block_size: None,
            discard: true,
            engine: Engine::Auto,
        }
    }
}

/// How the host is asked to read and write.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// As is best for the image.
    #[default]
    Auto,
    /// One request after the other.
    Sync,
    /// A batch in one system call. The disk is not served without it.
    IoUring,
}

impl From<Engine> for backends::block::Engine {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Auto => Self::Auto,
            Engine::Sync => Self::Sync,
            Engine::IoUring => Self::Uring,
        }
    }
}

/// A number of queues.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "i64")]
pub struct Queues(pub u16);

impl Default for Queues {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<i64> for Queues {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        match u16::try_from(number) {
            Ok(queues @ 1..=backends::limits::BLOCK_QUEUES) => Ok(Self(queues)),
            _ => Err(format!("queues: {number} is not one to 16")),
        }
    }
}

/// A size of blocks in bytes.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(try_from = "i64")]
pub struct BlockSize(pub u32);

impl TryFrom<i64> for BlockSize {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, Self::Error> {
        match u32::try_from(number) {
            Ok(size @ (512 | 1024 | 2048 | 4096)) => Ok(Self(size)),
            _ => Err(format!(
                "block_size: {number} is not 512, 1024, 2048 or 4096"
            )),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBlock {
    guest: GuestName,
    vdev: Option<String>,
    #[serde(default)]
    direct: bool,
    #[serde(default)]
    write_through: bool,
    #[serde(default)]
    queues: Queues,
    block_size: Option<BlockSize>,
    discard: Option<bool>,
    #[serde(default)]
    engine: Engine,
}

impl From<RawBlock> for Block {
    fn from(raw: RawBlock) -> Self {
        Self {
            scope: Scope {
                guest: raw.guest.0,
                index: None,
            },
            vdev: raw.vdev,
            options: BlockOptions {
                direct: raw.direct,
                write_through: raw.write_through,
                queues: raw.queues,
                block_size: raw.block_size,
                discard: raw.discard.unwrap_or(true),
                engine: raw.engine,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn wrong(line: &str) -> String {
        let text = format!("[[block]]\nguest = \"a\"\n{line}\n");
        toml::from_str::<Config>(&text)
            .unwrap_err()
            .message()
            .into()
    }

    #[test]
    fn a_rule_has_its_keys() {
        let config: Config = toml::from_str(
            "[[block]]\nguest = \"a\"\nvdev = \"xvdb\"\ndirect = true\nwrite_through = true\n\
             queues = 4\nblock_size = 4096\ndiscard = false\nengine = \"io_uring\"\n",
        )
        .unwrap();

        let rule = &config.block[0];
        assert_eq!(
            (rule.scope.guest.as_str(), rule.vdev.as_deref()),
            ("a", Some("xvdb"))
        );
        assert_eq!(
            rule.options,
            BlockOptions {
                direct: true,
                write_through: true,
                queues: Queues(4),
                block_size: Some(BlockSize(4096)),
                discard: false,
                engine: Engine::IoUring,
            }
        );
    }

    #[test]
    fn what_a_rule_does_not_say_is_the_default() {
        let config: Config = toml::from_str("[[block]]\nguest = \"a\"\n").unwrap();

        assert_eq!(config.block[0].options, BlockOptions::default());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert_eq!(wrong("queues = 0"), "queues: 0 is not one to 16");
        assert_eq!(wrong("queues = 17"), "queues: 17 is not one to 16");
        assert_eq!(
            wrong("block_size = 8192"),
            "block_size: 8192 is not 512, 1024, 2048 or 4096"
        );
        assert!(wrong("engine = \"threads\"").starts_with("unknown variant `threads`"));
        assert!(wrong("cache = true").starts_with("unknown field `cache`"));
    }
}
