//! A portal, a browser and a stand-in for Datadog, and what a user does there.

use greenroom_portal::{
    Browser, Certificate, Intake, Portal,
    portal::{PORTAL, SITE_INTAKE, Setup},
};

/// A word that nobody but the user may learn.
pub(crate) const CANARY: &str = "kanarie";
/// Another name of the portal's host.
pub(crate) const ALIAS: &str = "https://alias.example";
/// The backend where it has an origin of its own.
pub(crate) const BACKEND: &str = "https://backend.example";

/// All that a scenario needs.
pub(crate) struct Scene {
    pub(crate) intake: Intake,
    pub(crate) portal: Portal,
    pub(crate) browser: Browser,
    /// The origin of the API.
    pub(crate) backend: &'static str,
}

impl Scene {
    /// Events go through the backend; `more` sets up the rest.
    pub(crate) async fn forwarding(more: impl FnOnce(Setup) -> Setup) -> Self {
        let certificate = certificate();
        let intake = Intake::in_plain();
        let setup = Setup::new(&certificate).with("/greenroom/rum/mode", "forward");
        let setup = more(setup.with("/greenroom/rum/intakeUrl", intake.url()));
        Self::of(setup.start().await, intake, &certificate).await
    }

    /// Events go from the browser to Datadog.
    pub(crate) async fn direct() -> Self {
        let certificate = certificate();
        let intake = Intake::over_tls(&certificate);
        Self::of(Setup::new(&certificate).start().await, intake, &certificate).await
    }

    pub(crate) async fn of(portal: Portal, intake: Intake, certificate: &Certificate) -> Self {
        let port = intake.port();
        Self::with_site_intake(portal, intake, port, certificate).await
    }

    /// The intake of the site is looked for at this port.
    pub(crate) async fn with_site_intake(
        portal: Portal,
        intake: Intake,
        port: u16,
        certificate: &Certificate,
    ) -> Self {
        let names = [PORTAL, ALIAS, BACKEND].map(|url| url.trim_start_matches("https://"));
        let mut hosts: Vec<_> = names.into_iter().map(|name| (name, portal.port())).collect();
        hosts.push((SITE_INTAKE, port));
        let browser = Browser::start(&hosts, certificate).await;
        Self { intake, portal, browser, backend: PORTAL }
    }

    /// Signs in as a guest.
    pub(crate) async fn sign_in(&mut self) {
        self.browser.click("button", "Enter").await;
        self.browser.see("Settings").await;
    }

    /// Has the portal queue a task; gives the status of the answer.
    pub(crate) async fn queue_task(&mut self) -> u64 {
        let backend = self.backend;
        let script = format!(
            "(async () => {{
                const signedIn = await (await fetch('{backend}/api/auth/guest/refresh')).json();
                const headers = {{ Authorization: `Bearer ${{signedIn.backstageIdentity.token}}` }};
                const url = '{backend}/api/tasks/task/1/queue?apiKey={CANARY}';
                return (await fetch(url, {{ method: 'POST', headers }})).status;
            }})()"
        );
        self.browser.run(&script).await.as_u64().unwrap_or_default()
    }

    /// A visit: signs in, clicks, calls a plugin, meets an error, changes the route. Canaries are wherever a user's data may be.
    pub(crate) async fn visit(&mut self, portal: &str) {
        self.browser.open(&format!("{portal}/?code={CANARY}#access_token={CANARY}")).await;
        self.sign_in().await;
        let write = format!(
            "document.title = 'Mail of {CANARY}@example.com';
             const button = document.createElement('button');
             button.textContent = 'Write to {CANARY}@example.com';
             document.querySelector('nav').prepend(button);"
        );
        self.browser.run(&write).await;
        self.browser.click("button", &format!("Write to {CANARY}@example.com")).await;
        assert_eq!(self.queue_task().await, 202);
        let fail = format!(
            "setTimeout(() => {{
                throw new Error('No answer for {CANARY}@example.com', {{ cause: new Error('token={CANARY}') }});
             }})"
        );
        self.browser.run(&fail).await;
        self.browser.click("link", "Settings").await;
        self.browser.see("Profile").await;
        self.rest().await;
    }

    /// Waits until the page has had nothing to do for some turns. The SDK makes events of calls in such turns, and those that it
    /// has not made when the tab is closed are lost.
    async fn rest(&mut self) {
        let rest = "(async () => {
            for (let turn = 0; turn < 10; turn++) {
                await new Promise(done => requestIdleCallback(done));
            }
        })()";
        self.browser.run(rest).await;
    }
}

pub(crate) fn certificate() -> Certificate {
    Certificate::of(&["portal.example"])
}
