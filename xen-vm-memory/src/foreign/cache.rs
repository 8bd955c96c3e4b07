// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Which buckets are kept: the rules of eviction and invalidation, whatever a bucket is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::batch::ByNumber;

/// Says of which state of the guest's memory a mapping is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generation(u64);

/// Buckets by number, the least recently used ones dropped for others.
///
/// It holds one share in each bucket. Who [looks one up](Self::find) has another, so neither an
/// eviction nor an invalidation takes memory from under anybody.
#[derive(Debug)]
pub(super) struct Cache<T> {
    entries: ByNumber<Entry<T>>,
    generation: u64,
    budget: usize,
}

#[derive(Debug)]
struct Entry<T> {
    bucket: Arc<T>,
    /// The batch that used it last.
    used: AtomicU64,
}

impl<T> Cache<T> {
    /// Keeps `budget` buckets at most, and at least one.
    pub fn new(budget: usize) -> Self {
        Self {
            entries: ByNumber::default(),
            generation: 0,
            budget: budget.max(1),
        }
    }

    pub fn budget(&self) -> usize {
        self.budget
    }

    /// A bucket, or, where it is to be made, the generation to [insert](Self::insert) it with.
    pub fn find(&self, number: u64, batch: u64) -> Result<Arc<T>, Generation> {
        match self.entries.get(&number) {
            Some(entry) => {
                entry.used.store(batch, Relaxed);
                Ok(entry.bucket.clone())
            }
            None => Err(self.generation()),
        }
    }

    pub fn generation(&self) -> Generation {
        Generation(self.generation)
    }

    /// Keeps a bucket that was made after `generation` was asked for; returns those that it
    /// replaces. One that an invalidation has overtaken is not kept.
    #[must_use = "to be dropped without the lock"]
    pub fn insert(
        &mut self,
        number: u64,
        generation: Generation,
        bucket: Arc<T>,
        batch: u64,
    ) -> Vec<Arc<T>> {
        if generation != self.generation() {
            return Vec::new();
        }
        let entry = Entry {
            bucket,
            used: AtomicU64::new(batch),
        };
        let mut gone: Vec<_> = self.entries.insert(number, entry).into_iter().collect();
        while self.entries.len() > self.budget {
            let others = self.entries.iter().filter(|(n, _)| **n != number);
            let oldest = others.min_by_key(|(_, entry)| entry.used.load(Relaxed));
            let Some(oldest) = oldest.map(|(n, _)| *n) else {
                break;
            };
            gone.extend(self.entries.remove(&oldest));
        }
        gone.into_iter().map(|entry| entry.bucket).collect()
    }

    /// Forgets all buckets, and those that are being made; returns them.
    #[must_use = "to be dropped without the lock"]
    pub fn invalidate(&mut self) -> Vec<Arc<T>> {
        self.generation += 1;
        self.entries
            .drain()
            .map(|(_, entry)| entry.bucket)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &mut Cache<u64>, number: u64, batch: u64) -> Vec<u64> {
        let generation = cache.find(number, batch).unwrap_err();
        let gone = cache.insert(number, generation, Arc::new(number), batch);
        gone.iter().map(|bucket| **bucket).collect()
    }

    #[test]
    fn the_least_recently_used_bucket_makes_room() {
        let mut cache = Cache::new(2);
        put(&mut cache, 1, 1);
        put(&mut cache, 2, 2);
        assert!(cache.find(1, 3).is_ok());

        assert_eq!(put(&mut cache, 3, 4), [2]);

        assert!(cache.find(1, 5).is_ok());
        assert!(cache.find(2, 5).is_err());
    }

    #[test]
    fn a_bucket_replaces_itself_only() {
        let mut cache = Cache::new(2);
        put(&mut cache, 1, 1);
        put(&mut cache, 2, 1);

        let generation = cache.generation();
        let gone = cache.insert(1, generation, Arc::new(10), 2);

        assert_eq!(gone, [Arc::new(1)]);
        assert_eq!(cache.find(1, 3).unwrap(), Arc::new(10));
        assert!(cache.find(2, 3).is_ok());
    }

    #[test]
    fn a_budget_of_nothing_is_one_bucket() {
        let mut cache = Cache::new(0);
        put(&mut cache, 1, 1);

        assert_eq!(put(&mut cache, 2, 2), [1]);
    }

    /// A worker that reaches bucket 0, step by step: each step is what happens under the lock,
    /// or, when it maps, between two.
    #[derive(Clone, Debug, Default)]
    struct Worker {
        step: usize,
        generation: Option<Generation>,
        bucket: Option<Arc<u64>>,
    }

    /// All that is shared: the guest's memory is a number that grows when it changes.
    #[derive(Debug)]
    struct World {
        cache: Cache<u64>,
        memory: u64,
        workers: [Worker; 2],
        guest: usize,
        /// What an invalidation has promised: nobody who begins after it sees anything older.
        promised: u64,
    }

    impl World {
        fn new() -> Self {
            Self {
                cache: Cache::new(1),
                memory: 0,
                workers: Default::default(),
                guest: 0,
                promised: 0,
            }
        }

        /// Takes one step of an actor; whether it had one.
        fn step(&mut self, actor: usize) -> bool {
            let Some(worker) = self.workers.get_mut(actor) else {
                return self.guest_step();
            };
            match worker.step {
                0 => match self.cache.find(0, 1) {
                    Ok(bucket) => {
                        assert!(*bucket >= self.promised, "an old bucket was found");
                        worker.bucket = Some(bucket);
                        worker.step = 2;
                    }
                    Err(generation) => worker.generation = Some(generation),
                },
                1 => worker.bucket = Some(Arc::new(self.memory)),
                2 => {
                    let bucket = worker.bucket.clone().expect("step 1");
                    if let Some(generation) = worker.generation {
                        drop(self.cache.insert(0, generation, bucket.clone(), 1));
                    }
                    // The worker's own share is as it was, whatever the cache does.
                    assert!(Arc::strong_count(&bucket) >= 2);
                }
                _ => return false,
            }
            worker.step += 1;
            true
        }

        fn guest_step(&mut self) -> bool {
            match self.guest {
                0 | 2 => self.memory += 1,
                1 | 3 => {
                    drop(self.cache.invalidate());
                    self.promised = self.memory;
                }
                _ => return false,
            }
            self.guest += 1;
            true
        }
    }

    /// Every order in which two workers and a guest that changes its memory twice can go.
    #[test]
    #[cfg_attr(miri, ignore = "slow, and without pointers")]
    fn no_order_of_events_leaves_old_memory_behind() {
        let mut pending = vec![Vec::new()];
        let mut complete = 0;
        while let Some(order) = pending.pop() {
            let mut world = World::new();
            assert!(order.iter().all(|actor| world.step(*actor)));
            if let Ok(bucket) = world.cache.find(0, 9) {
                assert!(*bucket >= world.promised, "{order:?}");
            }
            let next = (0..3).filter(|actor| {
                let guest_left = world.guest < 4;
                world.workers.get(*actor).map_or(guest_left, |w| w.step < 3)
            });
            let longer: Vec<_> = next
                .map(|actor| [order.as_slice(), &[actor]].concat())
                .collect();
            complete += usize::from(longer.is_empty());
            pending.extend(longer);
        }
        assert!(complete > 1000, "{complete} orders");
    }
}
