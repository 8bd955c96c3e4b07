// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What is asked of a disk.

use crate::Result;

/// Bytes of a sector, in which places on a disk are given.
pub const SECTOR: u64 = 512;

/// A way to use a disk.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub name: &'static str,
    pub write: bool,
    /// Bytes of each request.
    pub len: u32,
    pub queues: usize,
    /// Requests of each queue that are under way.
    pub depth: u16,
    /// Anywhere on the disk, or one behind the other.
    pub random: bool,
}

const fn random(name: &'static str, write: bool, queues: usize, depth: u16) -> Case {
    Case {
        name,
        write,
        len: 4096,
        queues,
        depth,
        random: true,
    }
}

const fn sequential(name: &'static str, write: bool, depth: u16) -> Case {
    Case {
        name,
        write,
        len: 1 << 20,
        queues: 1,
        depth,
        random: false,
    }
}

pub const CASES: &[Case] = &[
    random("read-1", false, 1, 1),
    random("read-32", false, 1, 32),
    random("read-4x32", false, 4, 32),
    random("write-1", true, 1, 1),
    random("write-32", true, 1, 32),
    random("write-4x32", true, 4, 32),
    sequential("read-mib-1", false, 1),
    sequential("read-mib-4", false, 4),
    sequential("write-mib-1", true, 1),
    sequential("write-mib-4", true, 4),
];

/// The places of one request after the other.
#[derive(Debug)]
pub struct Places {
    random: bool,
    state: u64,
    /// How many there are.
    count: u64,
    /// Sectors of each.
    sectors: u64,
}

impl Places {
    /// On a disk with so many sectors.
    pub fn new(case: &Case, sectors: u64) -> Result<Self> {
        let each = u64::from(case.len) / SECTOR;
        match sectors / each {
            0 => Err("the disk is too small".into()),
            count => Ok(Self {
                random: case.random,
                state: 0x9e37_79b9_7f4a_7c15,
                count,
                sectors: each,
            }),
        }
    }

    /// The first sector of the next request.
    pub fn next(&mut self) -> u64 {
        if self.random {
            // Marsaglia's xorshift64.
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
        } else {
            self.state = self.state.wrapping_add(1);
        }
        self.state % self.count * self.sectors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_order_go_round_the_disk() {
        let case = sequential("", false, 1);
        let mut places = Places::new(&case, 3 * 2048 + 1).unwrap();
        places.state = 0;
        let next: Vec<u64> = (0..4).map(|_| places.next()).collect();
        assert_eq!(next, [2048, 4096, 0, 2048]);
    }

    #[test]
    fn random_places_are_whole_and_on_the_disk() {
        let case = random("", false, 1, 1);
        let mut places = Places::new(&case, 80).unwrap();
        let mut seen: Vec<u64> = (0..1000).map(|_| places.next()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, [0, 8, 16, 24, 32, 40, 48, 56, 64, 72]);
    }

    #[test]
    fn a_disk_has_to_have_room_for_a_request() {
        assert!(Places::new(&random("", false, 1, 1), 7).is_err());
    }
}
