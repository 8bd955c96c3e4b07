// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! Whether to look for requests for a while, or to sleep until the driver notifies.

/// How many notifications in a row have to come soon before looking for requests is tried.
const FEWEST: u32 = 4;

/// The same, after it was in vain many times. So a driver that cannot run meanwhile, as there is only
/// one processor, costs nothing to speak of.
const MOST: u32 = 4096;

/// What was learnt from the requests so far.
#[derive(Debug)]
pub(super) struct Patience {
    /// There is a processor for the driver meanwhile.
    is_possible: bool,
    /// Notifications in a row that came soon.
    soon: u32,
    /// How many it takes.
    needed: u32,
}

impl Patience {
    /// On a host with so many processors.
    pub(super) fn new(processors: usize) -> Self {
        Self {
            is_possible: processors > 1,
            soon: 0,
            needed: FEWEST,
        }
    }

    /// Whether to look for requests before sleeping.
    pub(super) fn is_worth_it(&self) -> bool {
        self.is_possible && self.soon >= self.needed
    }

    /// The driver has notified after it was asked to: so soon that looking would have found its
    /// request, or not.
    pub(super) fn notified(&mut self, soon: bool) {
        self.soon = if soon { self.soon.saturating_add(1) } else { 0 };
    }

    /// Requests were found.
    pub(super) fn paid(&mut self) {
        self.needed = (self.needed / 2).max(FEWEST);
    }

    /// None was found.
    pub(super) fn failed(&mut self) {
        self.soon = 0;
        self.needed = (self.needed * 2).min(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(notifications: &[bool]) -> Patience {
        let mut patience = Patience::new(2);
        notifications
            .iter()
            .for_each(|soon| patience.notified(*soon));
        patience
    }

    #[test]
    fn it_takes_some_in_a_row() {
        assert!(!after(&[true; 3]).is_worth_it());
        assert!(after(&[true; 4]).is_worth_it());
        assert!(!after(&[true, true, true, false, true]).is_worth_it());
    }

    #[test]
    fn one_processor_is_left_to_others() {
        let mut patience = Patience::new(1);
        (0..100).for_each(|_| patience.notified(true));
        assert!(!patience.is_worth_it());
    }

    #[test]
    fn it_takes_more_after_each_failure_and_fewer_after_success() {
        let mut patience = after(&[true; 4]);
        patience.failed();
        (0..7).for_each(|_| patience.notified(true));
        assert!(!patience.is_worth_it());
        patience.notified(true);
        assert!(patience.is_worth_it());
        patience.paid();
        patience.failed();
        (0..8).for_each(|_| patience.notified(true));
        assert!(patience.is_worth_it());
    }

    #[test]
    fn it_is_tried_again_after_any_number_of_failures() {
        let mut patience = Patience::new(2);
        (0..40).for_each(|_| patience.failed());
        (0..MOST).for_each(|_| patience.notified(true));
        assert!(patience.is_worth_it());
    }
}
