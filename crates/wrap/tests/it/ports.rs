//! Ports of the child.

use std::net::TcpListener;

use greenroom_wrap::{Child, Target, free_port, is_taken, listening_ports, listens_on, who_listens_on};

use crate::kit::{Told, this_program};

#[test]
fn a_free_port_is_one_and_is_no_more_when_somebody_listens() {
    let port = free_port().unwrap();
    assert!(!is_taken(port));
    let _listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert!(is_taken(port));
}

#[test]
fn who_listens_on_all_addresses_has_the_port_too() {
    let listener = TcpListener::bind(("0.0.0.0", 0)).unwrap();
    assert!(is_taken(listener.local_addr().unwrap().port()));
}

#[tokio::test]
async fn a_child_that_listens_elsewhere_is_found_behind_whatever_has_started_it() {
    let mut told = Told::new();
    let program = this_program("ports::as_one_that_listens");
    let quoted: Vec<_> = program.iter().map(|word| format!("'{word}'")).collect();
    let child =
        Child::start(&told.shell(&format!("{} & wait", quoted.join(" "))), &Target::default(), None).unwrap();
    let (v4, v6) = (told.number().await, told.number().await);
    let mut expected = [v4, v6].map(|port| u16::try_from(port).unwrap());
    expected.sort_unstable();
    assert_eq!(listening_ports(child.pid()), expected);
    assert!(listening_ports(u32::MAX).is_empty());
    let another_program = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let its = another_program.local_addr().unwrap().port();
    for (pid, port, listens) in [
        (child.pid(), expected[0], true),
        (child.pid(), expected[1], true),
        (child.pid(), its, false),
        (std::process::id(), its, true),
        (u32::MAX, its, false),
    ] {
        assert_eq!(listens_on(pid, port), Some(listens), "{pid} {port}");
    }
    let found = expected.map(|port| who_listens_on(child.pid(), port).unwrap());
    assert_eq!(found[0], found[1]);
    assert_ne!(found[0], child.pid(), "the shell only waits");
    assert_eq!(listening_ports(found[0]), expected);
    assert_eq!(who_listens_on(std::process::id(), its), Some(std::process::id()));
    for (pid, port) in [(child.pid(), its), (u32::MAX, its)] {
        assert_eq!(who_listens_on(pid, port), None, "{pid} {port}");
    }
}

#[tokio::test]
#[ignore = "a process of its own, started by the test above"]
async fn as_one_that_listens() {
    let v4 = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    // Where there is no IPv6, another one.
    let v6 = TcpListener::bind(("::1", 0)).or_else(|_| TcpListener::bind(("127.0.0.1", 0))).unwrap();
    let ports = [v4, v6].map(|listener| (listener.local_addr().unwrap().port(), listener));
    let lines: String = ports.iter().map(|(port, _)| format!("{port}\n")).collect();
    std::fs::write(std::env::var_os("OUT").unwrap(), lines).unwrap();
    std::future::pending::<()>().await;
}
