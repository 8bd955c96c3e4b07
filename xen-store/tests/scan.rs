// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! `Scan` on the simulated server, with events that are merged, spurious, early and lost.

#![cfg(feature = "sim")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeSet;

use proptest::prelude::*;
use xen_store::{Client, QUEUE_LIMIT, Scan, ScanEvent, sim};

fn drain(client: &Client, scan: &mut Scan) -> Vec<ScanEvent> {
    client.domain_path(0).unwrap();
    std::iter::from_fn(|| scan.try_next())
        .map(Result::unwrap)
        .collect()
}

#[test]
fn a_node_that_does_not_exist_has_no_children_yet() {
    let server = sim::Server::new();
    let client = server.client();
    let mut scan = Scan::new(&client, "/a").unwrap();
    assert_eq!(drain(&client, &mut scan), []);

    server.write("/a/b/c", "");

    assert_eq!(drain(&client, &mut scan), [ScanEvent::Added("b".into())]);
    assert_eq!(scan.children().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn removing_the_node_removes_its_children() {
    let server = sim::Server::new();
    let client = server.client();
    server.write("/a/b/c", "");
    let mut scan = Scan::new(&client, "/a/b").unwrap();
    drain(&client, &mut scan);

    server.remove("/a");

    assert_eq!(drain(&client, &mut scan), [ScanEvent::Removed("c".into())]);
}

#[test]
fn an_overflow_of_the_queue_loses_no_child() {
    let server = sim::Server::new();
    let client = server.client();
    let mut scan = Scan::new(&client, "/a").unwrap();
    drain(&client, &mut scan);

    (0..2 * QUEUE_LIMIT).for_each(|i| server.write(&format!("/a/{i}"), ""));

    assert_eq!(drain(&client, &mut scan).len(), 2 * QUEUE_LIMIT);
}

#[derive(Clone, Debug)]
enum Step {
    Write(u8),
    Remove(u8),
    RemoveAll,
    Fire,
    Hold,
    Deliver,
    Take,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..6_u8).prop_map(Step::Write),
        3 => (0..6_u8).prop_map(Step::Remove),
        1 => Just(Step::RemoveAll),
        1 => Just(Step::Fire),
        1 => Just(Step::Hold),
        1 => Just(Step::Deliver),
        4 => Just(Step::Take),
    ]
}

fn apply(server: &sim::Server, step: &Step) {
    match step {
        Step::Write(child) => server.write(&format!("/a/{child}/key"), ""),
        Step::Remove(child) if server.read("/a").is_some() => {
            server.remove(&format!("/a/{child}"));
        }
        Step::RemoveAll => server.remove("/a"),
        Step::Fire => server.fire("/a"),
        Step::Hold => server.hold_events(),
        Step::Deliver => server.deliver_events(),
        Step::Remove(_) | Step::Take => {}
    }
}

fn follow(believed: &mut BTreeSet<String>, events: Vec<ScanEvent>) {
    for event in events {
        let consistent = match event {
            ScanEvent::Added(name) => believed.insert(name),
            ScanEvent::Removed(name) => believed.remove(&name),
            ScanEvent::Changed(name) => believed.contains(&name),
        };
        assert!(consistent);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_interleaving_ends_with_the_true_children(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let server = sim::Server::new();
        let client = server.client();
        let mut scan = Scan::new(&client, "/a").unwrap();
        let mut believed = BTreeSet::new();
        for step in &steps {
            apply(&server, step);
            if matches!(step, Step::Take) {
                follow(&mut believed, drain(&client, &mut scan));
            }
        }
        server.deliver_events();
        follow(&mut believed, drain(&client, &mut scan));

        let there = |child: &u8| server.read(&format!("/a/{child}")).is_some();
        let truth: BTreeSet<_> = (0..6_u8).filter(there).map(|child| child.to_string()).collect();
        prop_assert_eq!(believed, truth);
    }
}
