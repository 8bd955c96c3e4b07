// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause

//! The test list that runs against any server (`examples/conformance`), against the simulated
//! one.

#![cfg(feature = "sim")]

#[path = "../examples/conformance/list.rs"]
mod list;

/// The list finds its server through the environment, which a process cannot change safely once
/// it has threads: the test runs itself again in one that has it.
#[test]
fn the_simulated_server_passes_the_list() {
    const TEST: &str = "the_simulated_server_passes_the_list";
    if std::env::var_os("XENSTORED_PATH").is_some() {
        let (passed, failed) = list::run();
        println!("{passed} passed, {failed} failed");
        assert_eq!(failed, 0);
        assert_ne!(passed, 0);
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("socket");
    let server = xen_store::sim::Server::new();
    let _listener = server.listen(&path);
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env("XENSTORED_PATH", &path)
        .status()
        .unwrap();
    assert!(status.success());
}
