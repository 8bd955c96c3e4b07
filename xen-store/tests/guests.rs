// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! What the simulated server lets guests do, and what only domain 0 may ask.

#![cfg(feature = "sim")]
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use xen_store::{Access, Client, Errno, Error, Features, Permissions, Store, WatchEvent, sim};

fn permissions(owner: u16, others: Access, domains: &[(u16, Access)]) -> Permissions {
    Permissions {
        owner,
        others,
        domains: domains.into(),
    }
}

fn errno<T: std::fmt::Debug>(result: Result<T, Error>) -> Errno {
    result.unwrap_err().errno().unwrap().clone()
}

/// A guest's home that the guest owns.
fn home(server: &sim::Server, domain: u16) -> Client {
    let home = format!("/local/domain/{domain}");
    let client = server.client();
    client.mkdir(&home).unwrap();
    client
        .set_permissions(&home, &permissions(domain, Access::None, &[]))
        .unwrap();
    server.guest(domain)
}

#[test]
fn a_guest_reads_what_it_may_and_nothing_else() {
    let server = sim::Server::new();
    let (host, guest) = (server.client(), server.guest(5));
    host.write("/shared", "1").unwrap();
    let readers = permissions(0, Access::None, &[(5, Access::Read)]);
    host.set_permissions("/shared", &readers).unwrap();
    host.write("/secret", "2").unwrap();

    assert_eq!(guest.read("/shared").unwrap().unwrap(), b"1");
    assert_eq!(errno(guest.read("/secret")), Errno::Access);
    assert_eq!(errno(guest.read("/none")), Errno::Access);
    assert_eq!(errno(guest.write("/shared", "3")), Errno::Access);
    assert_eq!(errno(guest.rm("/shared")), Errno::Access);
    assert_eq!(errno(server.guest(6).read("/shared")), Errno::Access);
}

#[test]
fn a_guest_owns_what_it_creates_and_keeps_it() {
    let server = sim::Server::new();
    let guest = home(&server, 5);

    guest.write("device/state", "1").unwrap();

    let path = "/local/domain/5/device/state";
    let own = guest.permissions(path).unwrap().unwrap();
    assert_eq!(own.owner, 5);
    let stolen = permissions(6, Access::None, &[]);
    assert_eq!(
        errno(guest.set_permissions(path, &stolen)),
        Errno::NotPermitted
    );
    guest
        .set_permissions(path, &permissions(5, Access::Read, &[]))
        .unwrap();
    assert_eq!(server.guest(6).read(path).unwrap().unwrap(), b"1");
}

#[test]
fn a_guest_hears_only_of_what_it_may_read() {
    let server = sim::Server::new();
    let guest = home(&server, 5);
    let mut watch = guest.watch("/").unwrap();
    watch.next().unwrap().unwrap();
    guest.domain_path(5).unwrap();
    while watch.try_next().is_some() {}

    server.write("/secret", "");
    server.write("/local/domain/5/mine", "");
    guest.domain_path(5).unwrap();

    let path = "/local/domain/5/mine".into();
    assert_eq!(
        watch.try_next().unwrap().unwrap(),
        WatchEvent::Changed { path }
    );
    assert!(watch.try_next().is_none());
}

#[test]
fn special_watches_reach_guests_that_were_let_in() {
    let server = sim::Server::new();
    let guest = server.guest(5);
    let watch = guest.watch("@releaseDomain").unwrap();
    guest.domain_path(5).unwrap();
    while watch.try_next().is_some() {}

    server.release(7);
    guest.domain_path(5).unwrap();
    assert!(watch.try_next().is_none());

    let let_in = permissions(0, Access::None, &[(5, Access::Read)]);
    let host = server.client();
    host.set_permissions("@releaseDomain", &let_in).unwrap();
    server.release(8);
    guest.domain_path(5).unwrap();
    assert!(watch.try_next().is_some());
    assert_eq!(host.permissions("@releaseDomain").unwrap(), Some(let_in));
}

#[test]
fn quotas_bind_guests_and_not_domain_0() {
    let server = sim::Server::new();
    let guest = home(&server, 5);
    ["nodes", "node-size", "watches", "transactions"]
        .iter()
        .for_each(|name| server.set_quota(name, 3));

    assert_eq!(errno(guest.write("a", "long")), Errno::NoSpace);
    guest.write("a/b", "1").unwrap();
    assert_eq!(errno(guest.write("c", "1")), Errno::NoSpace);
    let watches = ["a", "b", "c"].map(|path| guest.watch(path).unwrap());
    assert_eq!(errno(guest.watch("d")), Errno::TooBig);
    drop(watches);
    assert!(guest.watch("d").is_ok());
    assert!(server.client().write("/a", "longer").is_ok());
}

#[test]
fn only_domain_0_asks_about_domains() {
    let server = sim::Server::new();
    let guest = server.guest(5);

    assert_eq!(errno(guest.is_introduced(5)), Errno::Access);
    assert_eq!(errno(guest.introduce(6, 1, 1)), Errno::Access);
    assert_eq!(errno(guest.quotas()), Errno::Access);
    assert_eq!(guest.domain_path(5).unwrap(), "/local/domain/5");
}

#[test]
fn domains_are_introduced_and_released() {
    let server = sim::Server::new();
    let client = server.client();

    client.introduce(9, 0x1000, 3).unwrap();
    assert!(client.is_introduced(9).unwrap());
    client.resume(9).unwrap();
    client.set_target(9, 8).unwrap();
    client.release(9).unwrap();
    assert!(!client.is_introduced(9).unwrap());
    assert_eq!(errno(client.release(9)), Errno::NotFound);
    client.reset_watches().unwrap();
}

#[test]
fn features_and_quotas_are_asked_for_and_set() {
    let server = sim::Server::new();
    let client = server.client();

    assert!(
        client
            .features(None)
            .unwrap()
            .contains(Features::WATCH_DEPTH)
    );
    client.set_features(3, Features(0)).unwrap();
    assert_eq!(client.features(Some(3)).unwrap(), Features(0));
    assert_eq!(
        errno(client.set_features(3, Features(1 << 20))),
        Errno::Invalid
    );
    assert_eq!(errno(client.set_features(0, Features(0))), Errno::Busy);
    assert!(client.quotas().unwrap().contains(&"nodes".into()));
    client.set_quota(Some(3), "nodes", 7).unwrap();
    assert_eq!(client.quota(Some(3), "nodes").unwrap(), 7);
    assert_eq!(client.quota(None, "nodes").unwrap(), 1000);
    assert_eq!(errno(client.quota(None, "wishes")), Errno::Invalid);
}

#[test]
fn a_watch_with_a_depth_leaves_out_what_is_deeper() {
    let server = sim::Server::new();
    let client = server.client();
    let watch = client.watch_depth("/a", 1).unwrap();

    server.write("/a/b/c", "");
    server.write("/a/b", "");
    client.domain_path(0).unwrap();

    let events: Vec<_> = std::iter::from_fn(|| watch.try_next())
        .map(Result::unwrap)
        .collect();
    let changed = |path: &str| WatchEvent::Changed { path: path.into() };
    assert_eq!(events, [changed("/a"), changed("/a/b")]);
}

#[test]
fn equal_events_that_wait_are_merged() {
    let server = sim::Server::new();
    let client = server.client();
    let mut watch = client.watch("/a").unwrap();
    watch.next().unwrap().unwrap();

    server.hold_events();
    server.write("/a", "1");
    server.write("/a", "2");
    server.deliver_events();
    client.domain_path(0).unwrap();

    assert_eq!(std::iter::from_fn(|| watch.try_next()).count(), 1);
}
