//! A run: by the command as an operator runs it, or by what is behind the command, which waits less.

use std::{collections::BTreeSet, ffi::OsString, net::Ipv4Addr, path::Path, process::Stdio, time::Duration};

use greenroom_gateway_tests::setup::greenroom;
use greenroom_http_client::ClientEnvironment;
use greenroom_look::{Limits, Look, Report, Token};
use serde_json::Value;
use tokio::process::Command;

/// How long a silent stream is held open.
pub(crate) const SILENCE: Duration = Duration::from_secs(3);

/// A run to make.
pub(crate) struct Run<'a> {
    pub(crate) url: String,
    pub(crate) token: Option<&'a str>,
    pub(crate) is_active: bool,
    /// A file of certificates that are trusted.
    pub(crate) trusted: Option<&'a Path>,
}

impl Run<'_> {
    pub(crate) fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), token: None, is_active: false, trusted: None }
    }

    /// Without the pace of a real run.
    pub(crate) async fn quickly(&self) -> Report {
        let limits = Limits { per_second: 1000, silence: SILENCE, ..Limits::default() };
        let trusted = self.trusted.map(OsString::from);
        let environment = ClientEnvironment::from_variables(|name| {
            trusted.clone().filter(|_| name == "NODE_EXTRA_CA_CERTS")
        });
        assert_eq!(environment.warnings(), [""; 0]);
        let token = self.token.map(|token| Token::parse(token).expect("a token"));
        let look = Look::new(self.url.parse().expect("a URL")).token(token).active(self.is_active);
        look.environment(environment).limits(limits).run().await
    }

    /// By the command; its exit code, and what it printed.
    pub(crate) async fn by_the_command(&self, arguments: &[&str]) -> (i32, String) {
        let mut command = Command::new(greenroom());
        command
            .env_clear()
            .arg("look")
            .args(arguments)
            .arg(&self.url)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(file) = self.trusted {
            command.env("NODE_EXTRA_CA_CERTS", file);
        }
        if let Some(token) = self.token {
            command.env("TOKEN", token).args(["--token-env", "TOKEN"]);
        }
        let done = command.output().await.expect("the command");
        assert_eq!(String::from_utf8_lossy(&done.stderr), "", "{}", self.url);
        (done.status.code().expect("an exit code"), String::from_utf8_lossy(&done.stdout).into_owned())
    }
}

/// The names of what is a problem.
pub(crate) fn problems(report: &Report) -> BTreeSet<String> {
    let told: Value = serde_json::from_str(&report.json()).expect("JSON");
    let found = told["findings"].as_array().expect("findings").iter();
    let found = found.filter(|finding| finding["class"] == "problem");
    found.map(|finding| finding["id"].as_str().expect("an id").to_owned()).collect()
}

/// Method and URL of all requests to this origin as a report names them, sorted.
pub(crate) fn named(report: &Report, origin: &str) -> Vec<String> {
    let path = |url: &str| url.strip_prefix(origin).map(str::to_owned);
    let asked = report.requests().iter();
    let mut named: Vec<_> =
        asked.filter_map(|request| Some(format!("{} {}", request.method, path(&request.url)?))).collect();
    named.sort();
    named
}

/// An address of this machine by which it is not known to be this machine.
pub(crate) fn outside() -> Ipv4Addr {
    // Nothing is sent: the system only chooses the way.
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a socket");
    let chosen = socket.connect(("198.51.100.1", 9)).and_then(|()| socket.local_addr());
    match chosen.map(|address| address.ip()) {
        Ok(std::net::IpAddr::V4(address)) if !address.is_loopback() => address,
        other => panic!(
            "this machine has no address but those of its own, so nothing looks from outside: {other:?}"
        ),
    }
}
