//! The command `rum doctor`: why no browser events arrive, as somebody would say it who has looked.
//!
//! It reads the config, the page of a running backend, be it Greenroom or Node, and what a running Greenroom has counted. Each
//! kind of check is a file; none of them changes anything anywhere.

mod config;
mod counts;
mod egress;
mod finding;
mod html;
mod node;
mod page;
mod report;
mod running;
mod said;
mod scripts;
mod sends;
mod start;
mod template;
mod web;

use std::path::Path;

use greenroom::{
    config::{ConfigError, RootConfig},
    core::Fault,
    data_dir::DataDirectory,
    errors::Error,
    prelude::HttpClient,
};

use crate::{
    counts::Status,
    settings::{Origin, Portal},
    setup::Setup,
};

use config::ConfigView;
pub(crate) use config::why_off;
pub use finding::Diagnosis;
use finding::Finding;
pub(crate) use finding::Severity;
use page::Page;
use said::Secrets;
use scripts::Ours;
pub(crate) use start::SdkStart;
use web::{Web, bearer};

/// What a start would make of the config, as the program around the plugins knows it. Of the default, nothing is in the way.
#[derive(Clone, Debug, Default)]
pub struct PlannedStart {
    /// What fails the start of the backend, of the plugin `rum` or of the plugin `app`.
    pub faults: Vec<Fault>,
    /// Why the plugin `rum` does not run.
    pub rum_off: Option<String>,
    /// Why the plugin `app` does not run, which serves the page.
    pub app_off: Option<String>,
    /// Where a front end was looked for, if there is none.
    pub no_front_end: Option<String>,
    /// Whether it is to stand in front of another server, whose pages get the scripts as they pass.
    pub gateway: bool,
    /// A page that is measured besides those of the app, as one calls it.
    pub other_page: Option<String>,
    /// What a start says of keys of the config that fail nothing.
    pub remarks: Vec<ConfigRemark>,
}

/// What is to say of a key, such as that nobody reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRemark {
    /// As seen from the root of the config.
    pub key: String,
    /// File, line and column, where it stands in a file.
    pub place: Option<String>,
    /// A sentence, which may end with the place in parentheses.
    pub text: String,
}

impl PlannedStart {
    /// Where no front end is here, it may be at a server behind.
    fn serves_pages(&self) -> bool {
        self.rum_off.is_none() && (self.gateway || self.app_off.is_none() || self.other_page.is_some())
    }

    fn serves_app(&self) -> bool {
        self.app_off.is_none() && self.no_front_end.is_none()
    }
}

/// What to look at.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use greenroom::{config::RootConfig, http_client::ClientEnvironment, prelude::HttpClient};
/// use greenroom_plugin_rum::{Examination, PlannedStart};
///
/// let config = RootConfig::from_yaml("greenroom: {rum: {mode: auto}}").unwrap();
/// let client = HttpClient::builder(ClientEnvironment::default()).build();
/// let examination = Examination {
///     config: Ok(Some(&config)),
///     start: &PlannedStart::default(),
///     data_dir: None,
///     url: None,
///     token: None,
///     client: &client,
/// };
/// let diagnosis = examination.examine().await;
/// let said = "Browser events do not arrive: app.datadogRum has no client token and no application id.";
/// assert_eq!((diagnosis.exit_code(), diagnosis.text().lines().next()), (1, Some(said)));
/// # }
/// ```
pub struct Examination<'a> {
    /// The config; `None` where there is no file of one, so that the page alone is looked at; or why it cannot be read.
    pub config: Result<Option<&'a RootConfig>, Error>,
    /// What a start would make of it.
    pub start: &'a PlannedStart,
    /// Where the SDK's files are looked for.
    pub data_dir: Option<&'a Path>,
    /// The portal's page.
    pub url: Option<&'a str>,
    /// A token of a service, for what the backend has counted.
    pub token: Option<&'a str>,
    /// What calls out.
    pub client: &'a HttpClient,
}

/// What this backend can tell of itself, while it runs: its config, and what it has counted.
pub(crate) async fn look_here(
    config: &RootConfig,
    data: &DataDirectory,
    client: &HttpClient,
    counted: &Status,
    setup: &Setup,
) -> Diagnosis {
    let start = PlannedStart { gateway: setup.is_gateway, ..PlannedStart::default() };
    let data_dir = Some(data.path());
    let (url, token) = (None, None);
    let examination = Examination { config: Ok(Some(config)), start: &start, data_dir, url, token, client };
    let mut told = examination.examine().await;
    for why in setup.refusals.told() {
        told.add(Finding::warning(why));
    }
    counts::check(counted, true, setup.rum.session_rate, &mut told);
    told
}

impl Examination<'_> {
    /// Looks, and says what is in the way. It reads files.
    pub async fn examine(self) -> Diagnosis {
        let mut told = Diagnosis::default();
        let secrets = Secrets::of(self.config(), self.token);
        match self.url {
            None => self.without_page(&mut told).await,
            Some(url) => {
                self.with_page(&Web::new(self.client, self.named(url), &secrets), url, &mut told).await
            }
        }
        told.answered = self.url.map(|_| told.unseen.is_none());
        told.map(|text| secrets.hide(text)).bounded()
    }

    fn config(&self) -> Option<&RootConfig> {
        *self.config.as_ref().ok()?
    }

    /// The origins that the operator has named.
    fn named(&self, url: &str) -> Vec<Origin> {
        let portal = self.config().map(Portal::of).unwrap_or_default();
        portal.origins().cloned().chain(Origin::of(url)).collect()
    }

    /// Why nothing is said of a config.
    fn without_config(&self, told: &mut Diagnosis) {
        match (&self.config, self.url) {
            (Err(error), _) => {
                const WHY: &str = "the config cannot be read";
                match error.downcast_ref::<ConfigError>() {
                    Some(error) => error.clone().each().for_each(|one| {
                        told.add(Finding::error(WHY, one.to_string()).at_error(Some(&one)));
                    }),
                    None => told.add(Finding::error(WHY, error.message())),
                }
            }
            (Ok(None), None) => {
                let nothing = Finding::error(
                    "there is nothing to look at",
                    "There is no config file here, and no --url",
                );
                told.add(nothing.help(
                    "Start it beside app-config.yaml, name the files by --config, or give the portal's page by --url",
                ));
            }
            (Ok(None), Some(_)) => {
                told.add(Finding::note(
                    "No config was read, because there is no file of one here: the page alone was looked at",
                ));
            }
            (Ok(Some(_)), _) => {}
        }
    }

    /// A config in which nothing is Greenroom's own is read as Node does.
    async fn without_page(&self, told: &mut Diagnosis) {
        told.looked_at.push("the config");
        match self.config() {
            Some(config) if !self.has_own_keys() => {
                told.is_of_node = true;
                node::check(config, told);
                config::remarks(self.start, told);
                self.served_by_greenroom(told);
            }
            _ => {
                let view = self.of_config(false, told);
                self.egress(view.as_ref(), told).await;
            }
        }
    }

    fn has_own_keys(&self) -> bool {
        self.config().is_some_and(|config| config.has("greenroom").unwrap_or(false))
    }

    /// What Greenroom would make of a config that has nothing of its own.
    fn served_by_greenroom(&self, told: &mut Diagnosis) {
        let Some(config) = self.config() else { return };
        let mut ours = Diagnosis::default();
        config::check(config, self.start, self.data_dir, false, &mut ours);
        let errors = ours.findings.into_iter().filter(|finding| finding.severity == Severity::Error);
        let whats: Vec<_> = errors.map(|finding| finding.what).collect();
        told.add(Finding::note(match &*whats {
            [] => "The config has nothing of Greenroom's own, and what is said here is of a Node Backstage; served by Greenroom, \
                   nothing of it is in the way of browser events"
                .to_owned(),
            whats => format!(
                "The config has nothing of Greenroom's own, and what is said here is of a Node Backstage; served by Greenroom, \
                 this is in the way: {}",
                whats.join("; ")
            ),
        }));
    }

    fn of_config(&self, is_seen: bool, told: &mut Diagnosis) -> Option<ConfigView> {
        self.without_config(told);
        let view = config::check(self.config()?, self.start, self.data_dir, is_seen, told);
        config::remarks(self.start, told);
        view
    }

    async fn egress(&self, view: Option<&ConfigView>, told: &mut Diagnosis) {
        if let Some(view) = view {
            egress::check(self.client, &view.rum, told).await;
        }
    }

    /// Whether the operator has named this backend: a page may name any.
    fn trusts(&self, backend: &str, url: &str) -> bool {
        let origin = Origin::of(backend);
        let configured = self
            .config()
            .and_then(|config| Origin::of(&config.optional_string("backend.baseUrl").ok().flatten()?));
        origin.is_some() && (origin == Origin::of(url) || origin == configured)
    }

    async fn with_page(&self, web: &Web<'_>, url: &str, told: &mut Diagnosis) {
        let page = Page::look(web, url, told).await;
        let ours = page.as_ref().map(Ours::of).unwrap_or_default();
        let backend = match (ours.backend(), &page) {
            (Some(backend), _) => Some(backend.to_owned()),
            (None, Some(page)) => backend_of(page),
            (None, None) => None,
        };
        let backend = backend.or_else(|| Origin::of(url).map(|origin| origin.as_str().to_owned()));
        let bearer =
            self.token.and_then(|token| bearer(token).map_err(|why| told.add(Finding::warning(why))).ok());
        let is_trusted = backend.as_deref().is_some_and(|backend| self.trusts(backend, url));
        let has_token = bearer.is_some();
        let counted = match (&told.unseen, &backend) {
            (None, Some(backend)) => counts::ask(web, backend, bearer.filter(|_| is_trusted)).await,
            _ => counts::StatusReply::None,
        };
        if ours.backend().is_none() && counted == counts::StatusReply::None {
            match &page {
                None => return self.without_page(told).await,
                // What Node does is seen in its page; where RUM is off, Greenroom's has no script of ours.
                Some(page) if !self.has_own_keys() || !page.starts().is_empty() => {
                    told.looked_at = vec!["the page"];
                    self.without_config(told);
                    page::check_of_node(page, told);
                    if !self.has_own_keys() {
                        self.served_by_greenroom(told);
                    }
                    return;
                }
                Some(_) => {}
            }
        }
        told.looked_at.extend(self.config().map(|_| "the config"));
        let (mut config_says, mut seen) = (Diagnosis::default(), Diagnosis::default());
        let view = self.of_config(ours.backend().is_some(), &mut config_says);
        let running = match &page {
            Some(page) => {
                told.looked_at.push("the page");
                let is_explained = self.config().is_some() && !view.as_ref().is_some_and(|view| view.serves);
                scripts::check(web, page, &ours, view.as_ref(), is_explained, &mut seen).await
            }
            None => None,
        };
        if let Some(running) = &running {
            running.until_next_start(&mut config_says, &seen);
        }
        told.append(config_says);
        self.egress(view.as_ref(), told).await;
        told.append(seen);
        match counted {
            counts::StatusReply::Told(counted) => {
                told.looked_at.push("the backend's counts");
                let forwards =
                    running.as_ref().is_some_and(running::Running::forwards) || counted.received > 0;
                let rate = running.as_ref().map_or(100.0, running::Running::session_rate);
                counts::check(&counted, forwards, rate, told);
            }
            counts::StatusReply::Barred(_) if has_token && !is_trusted => told.add(Finding::warning(format!(
                "The token was not sent to {}, which the page names, and neither --url nor backend.baseUrl does",
                backend.unwrap_or_default()
            ))),
            counts::StatusReply::Barred(status) => told.add(counts::barred(status, has_token)),
            counts::StatusReply::None => {}
        }
    }
}

/// Where the front end of a page asks its backend, as the config in it says.
fn backend_of(page: &Page) -> Option<String> {
    let config = page.injected.as_ref()?;
    let (app, backend) = (config.text("app.baseUrl")?, config.text("backend.baseUrl")?);
    let is_one = Origin::of(app)? == Origin::of(backend)?;
    // Both of one origin: the front end asks the host that the page came from.
    let origin = if is_one { page.origin.clone() } else { Origin::of(backend)? };
    let path = backend.parse::<http::Uri>().ok()?.path().trim_end_matches('/').to_owned();
    Some(format!("{}{path}", origin.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn findings(told: &Diagnosis, severity: Severity) -> impl Iterator<Item = &Finding> {
        told.findings.iter().filter(move |finding| finding.severity == severity)
    }

    #[track_caller]
    pub(super) fn only_error(told: &Diagnosis) -> &Finding {
        let errors: Vec<_> = findings(told, Severity::Error).collect();
        assert_eq!(errors.len(), 1, "{told:?}");
        errors[0]
    }
}
