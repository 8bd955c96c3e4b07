// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;

fn changed(path: &str) -> WatchEvent {
    WatchEvent::Changed { path: path.into() }
}

fn names(payload: &str) -> Names {
    Names::from_payload("/a", payload.into()).unwrap()
}

fn drain(children: &mut Children) -> Vec<ScanEvent> {
    std::iter::from_fn(|| children.pop()).collect()
}

#[test]
fn a_touched_child_is_changed_and_no_other() {
    let mut children = Children::new("/a");
    children.list(&names("x\0y\0"));
    drain(&mut children);

    children.note(&changed("/a/x/deep/below"));
    children.note(&changed("/a/gone"));
    children.list(&names("x\0y\0"));

    assert_eq!(drain(&mut children), [ScanEvent::Changed("x".into())]);
}

#[test]
fn a_rescan_changes_every_child() {
    let mut children = Children::new("/");
    children.list(&names("x\0y\0"));
    drain(&mut children);

    children.note(&WatchEvent::Rescan);
    children.list(&names("y\0z\0"));

    let expected = [
        ScanEvent::Removed("x".into()),
        ScanEvent::Added("z".into()),
        ScanEvent::Changed("y".into()),
    ];
    assert_eq!(drain(&mut children), expected);
}

/// What happens to the model of a server and its receiver.
#[derive(Clone, Debug)]
enum Step {
    /// A child appears, or changes.
    Write(u8),
    /// A child goes.
    Remove(u8),
    /// The node goes with all its children: one event.
    RemoveAll,
    /// An event without a reason.
    Spurious(Option<u8>),
    /// Equal events that wait become one.
    Merge,
    /// The queue overflowed: all that waits becomes one rescan.
    Overflow,
    /// The receiver takes an event that has arrived, or reads the list.
    Take,
    List,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..6_u8).prop_map(Step::Write),
        3 => (0..6_u8).prop_map(Step::Remove),
        1 => Just(Step::RemoveAll),
        1 => prop::option::of(0..8_u8).prop_map(Step::Spurious),
        2 => Just(Step::Merge),
        1 => Just(Step::Overflow),
        6 => Just(Step::Take),
        4 => Just(Step::List),
    ]
}

/// A server that sends events, and the receiver that they go to.
struct Model {
    tree: BTreeSet<String>,
    /// Every child that ever was.
    ever: BTreeSet<String>,
    sent: VecDeque<WatchEvent>,
    children: Children,
    /// What a user of the scan believes.
    believed: BTreeSet<String>,
    /// Whether a child changed, or was made again, since the user was told.
    unseen: BTreeSet<String>,
}

impl Model {
    fn new() -> Self {
        Self {
            tree: BTreeSet::new(),
            ever: BTreeSet::new(),
            sent: VecDeque::from([changed("/a")]),
            children: Children::new("/a"),
            believed: BTreeSet::new(),
            unseen: BTreeSet::new(),
        }
    }

    fn apply(&mut self, step: Step) {
        match step {
            Step::Write(child) => {
                let name = child.to_string();
                self.sent.push_back(changed(&format!("/a/{name}")));
                self.tree.insert(name.clone());
                self.ever.insert(name.clone());
                self.unseen.insert(name);
            }
            Step::Remove(child) => {
                let name = child.to_string();
                if self.tree.remove(&name) {
                    self.sent.push_back(changed(&format!("/a/{name}")));
                }
            }
            Step::RemoveAll => {
                self.tree.clear();
                self.sent.push_back(changed("/a"));
            }
            Step::Spurious(None) => self.sent.push_back(changed("/a")),
            Step::Spurious(Some(child)) => self.sent.push_back(changed(&format!("/a/{child}"))),
            Step::Merge => {
                let mut seen = Vec::new();
                self.sent.retain(|event| {
                    let new = !seen.contains(event);
                    seen.push(event.clone());
                    new
                });
            }
            Step::Overflow if self.sent.is_empty() => {}
            Step::Overflow => self.sent = VecDeque::from([WatchEvent::Rescan]),
            Step::Take => self.take(),
            Step::List => self.list(),
        }
    }

    fn take(&mut self) {
        if let Some(event) = self.sent.pop_front() {
            self.children.note(&event);
        }
    }

    fn list(&mut self) {
        if self.children.is_stale() {
            let payload: String = self.tree.iter().map(|name| format!("{name}\0")).collect();
            self.children.list(&names(&payload));
        }
        while let Some(event) = self.children.pop() {
            let (consistent, name) = match event {
                ScanEvent::Added(name) => (self.believed.insert(name.clone()), name),
                ScanEvent::Removed(name) => (self.believed.remove(&name), name),
                ScanEvent::Changed(name) => (self.believed.contains(&name), name),
            };
            assert!(consistent, "an event contradicts those before it");
            assert!(self.ever.contains(&name), "a child that never was");
            self.unseen.remove(&name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    #[cfg_attr(miri, ignore = "slow, and without pointers")]
    fn after_quiescence_the_children_are_the_true_ones(
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut model = Model::new();
        for step in steps {
            model.apply(step);
        }
        while !model.sent.is_empty() {
            model.take();
        }
        model.list();

        prop_assert_eq!(&model.believed, &model.tree);
        // Nothing that is there changed without being reported.
        prop_assert!(model.unseen.is_disjoint(&model.tree));
    }
}
