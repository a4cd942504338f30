//! A Node backend with a database server and a browser of its own, and what a user does there.

use std::collections::BTreeSet;

use greenroom_portal::{Browser, Certificate, Node, Portal, Seen, portal::PORTAL};

use crate::cluster::Cluster;

/// All that a scenario needs.
pub(crate) struct Scene {
    pub(crate) browser: Browser,
    pub(crate) portal: Portal,
    pub(crate) node: Node,
    // What holds connections ends before the server does.
    pub(crate) cluster: Cluster,
}

impl Scene {
    /// With nothing in front of Node.
    pub(crate) async fn alone() -> Self {
        let (cluster, certificate, node) = prepared(|node| node);
        let portal = node.alone().await;
        Self::of(cluster, &certificate, node, portal).await
    }

    /// With Greenroom in front of it; `more` sets up the rest.
    pub(crate) async fn behind_greenroom(more: impl FnOnce(Node) -> Node) -> Self {
        let (cluster, certificate, node) = prepared(more);
        let portal = node.behind_greenroom().await;
        Self::of(cluster, &certificate, node, portal).await
    }

    /// With Greenroom in front of it, which keeps what browsers send.
    pub(crate) async fn measured() -> Self {
        let (cluster, certificate, node) = prepared(|node| node.with("/greenroom/rum/mode", "store"));
        node.lay_out_sdk().await;
        let portal = node.behind_greenroom().await;
        Self::of(cluster, &certificate, node, portal).await
    }

    async fn of(cluster: Cluster, certificate: &Certificate, node: Node, portal: Portal) -> Self {
        let browser = Browser::start(&[("portal.example", node.port())], certificate).await;
        Self { browser, portal, node, cluster }
    }

    /// Opens the portal, and signs in as a guest once the examples are found in it.
    pub(crate) async fn sign_in(&mut self) {
        self.browser.open(PORTAL).await;
        let found = "(async () => {
            const { backstageIdentity: { token } } = await (await fetch('/api/auth/guest/refresh')).json();
            const headers = { Authorization: `Bearer ${token}` };
            for (;;) {
                const answer = await fetch('/api/search/query?term=example-website', { headers });
                if ((await answer.json()).results.length > 0) return true;
                await new Promise(done => setTimeout(done, 200));
            }
        })()";
        self.browser.run(found).await;
        self.browser.click("button", "Enter").await;
        self.browser.see("All Components (1)").await;
    }

    /// Runs the template that says good morning, and then waits for so many seconds.
    pub(crate) async fn run_template(&mut self, seconds: u32) {
        self.browser.open(&format!("{PORTAL}/create/templates/default/greeting")).await;
        self.browser.fill("Name", "Ada").await;
        self.browser.fill("Seconds", &seconds.to_string()).await;
        self.browser.click("button", "Review").await;
        self.browser.click("button", "Create").await;
    }

    /// The lines of text on the page once it has come to rest, in any order; ids, times and durations are each visit's own.
    pub(crate) async fn shown(&mut self) -> Vec<String> {
        let rested = "(async () => {
            for (let before, now = '', turns = 0; turns < 5; turns = now === before ? turns + 1 : 0) {
                before = now;
                await new Promise(done => setTimeout(done, 200));
                now = document.body.innerText;
            }
            return document.body.innerText
                .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, '<id>')
                .replace(/\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z/g, '<time>')
                .replace(/\\d+ seconds?/g, '<duration>');
        })()";
        let text = self.browser.run(rested).await;
        let lines: BTreeSet<_> = text.as_str().unwrap_or_default().lines().map(str::to_owned).collect();
        lines.into_iter().collect()
    }

    /// Ends the browser, and then what it was looking at.
    pub(crate) async fn end(self) {
        self.browser.end().await;
        self.portal.terminate();
        let finished = self.portal.finished().await;
        assert_eq!(finished.code, Some(0), "{finished:?}");
        drop(self.cluster);
    }
}

fn prepared(more: impl FnOnce(Node) -> Node) -> (Cluster, Certificate, Node) {
    let cluster = Cluster::start();
    let certificate = Certificate::of(&["portal.example", "localhost", "127.0.0.1"]);
    let database = format!("postgresql://admin:secret@127.0.0.1:{}/postgres", cluster.port);
    let node = more(Node::new(&certificate, &database));
    (cluster, certificate, node)
}

/// A developer who looks at the console sees nothing. What a page gives up by itself, as it goes on to another, is no failure.
pub(crate) fn nothing_is_wrong(seen: &Seen) {
    assert_eq!(seen.errors, Vec::<String>::new());
    assert_eq!(seen.exceptions, Vec::<String>::new());
    assert_eq!(seen.violations, Vec::<String>::new());
    let failures: Vec<_> = seen.failures.iter().filter(|line| !line.ends_with("net::ERR_ABORTED")).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let refused: Vec<_> = seen.responses.iter().filter(|(_, status)| *status >= 400).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}
