//! `greenroom rum doctor`: why no browser events arrive, as somebody would say it who has looked.
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
mod running;
mod scripts;
mod sends;
mod start;
mod template;
mod web;

use std::path::Path;

use greenroom::{config::RootConfig, prelude::HttpClient};

use crate::settings::Origin;

pub use finding::Diagnosis;
use finding::{Finding, Severity};
use page::Page;
use scripts::Ours;
use web::Web;

/// What to look at.
pub struct Examination<'a> {
    /// The config, or why there is none.
    pub config: Result<&'a RootConfig, String>,
    /// Where the SDK's files are looked for.
    pub data_dir: Option<&'a Path>,
    /// The portal's page.
    pub url: Option<&'a str>,
    /// A token of a service, for what the backend has counted.
    pub token: Option<&'a str>,
    /// What calls out.
    pub client: &'a HttpClient,
}

impl Examination<'_> {
    /// Looks, and says what is in the way. It reads files.
    pub async fn examine(self) -> Diagnosis {
        let mut told = Diagnosis { looked_at: vec!["the config"], ..Diagnosis::default() };
        if let Err(why) = &self.config {
            told.add(Finding::error("the config cannot be read", why.clone()));
        }
        let web = Web(self.client);
        match self.url {
            None => self.without_page(&mut told).await,
            Some(url) => self.with_page(&web, url, &mut told).await,
        }
        match &self.config {
            Ok(config) => told.map(|text| config.masked(text)),
            Err(_) => told,
        }
    }

    /// A config in which nothing is Greenroom's own is read as Node does.
    async fn without_page(&self, told: &mut Diagnosis) {
        let Ok(config) = &self.config else { return };
        if self.has_own_keys() {
            self.of_config(told).await;
            return;
        }
        told.is_of_node = true;
        node::check(config, told);
        self.served_by_greenroom(told);
    }

    fn has_own_keys(&self) -> bool {
        self.config.as_ref().is_ok_and(|config| config.has("greenroom").unwrap_or(false))
    }

    /// What Greenroom would make of a config that has nothing of its own.
    fn served_by_greenroom(&self, told: &mut Diagnosis) {
        let Ok(config) = &self.config else { return };
        let mut ours = Diagnosis::default();
        config::check(config, self.data_dir, &mut ours);
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

    async fn of_config(&self, told: &mut Diagnosis) -> Option<config::Asked> {
        let asked = config::check(self.config.as_ref().ok()?, self.data_dir, told)?;
        egress::check(self.client, &asked.rum, told).await;
        Some(asked)
    }

    /// Whether the operator has named this backend: a page may name any.
    fn trusts(&self, backend: &str, url: &str) -> bool {
        let origin = Origin::of(backend);
        let configured = self
            .config
            .as_ref()
            .ok()
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
        let token =
            self.token.filter(|_| backend.as_deref().is_some_and(|backend| self.trusts(backend, url)));
        let counted = match (&told.unseen, &backend) {
            (None, Some(backend)) => counts::ask(web, backend, token).await,
            _ => counts::Asked::None,
        };
        if ours.backend().is_none() && counted == counts::Asked::None {
            match &page {
                None => return self.without_page(told).await,
                // What Node does is seen in its page; where RUM is off, Greenroom's has no script of ours.
                Some(page) if !self.has_own_keys() || !page.starts().is_empty() => {
                    told.looked_at = vec!["the page"];
                    page::check_of_node(page, told);
                    if !self.has_own_keys() {
                        self.served_by_greenroom(told);
                    }
                    return;
                }
                Some(_) => {}
            }
        }
        let asked = self.of_config(told).await;
        let running = match &page {
            Some(page) => {
                told.looked_at.push("the page");
                let is_explained = self.config.is_ok() && !asked.as_ref().is_some_and(|asked| asked.serves);
                scripts::check(web, page, &ours, asked.as_ref(), is_explained, told).await
            }
            None => None,
        };
        match counted {
            counts::Asked::Told(counted) => {
                told.looked_at.push("the backend's counts");
                let forwards =
                    running.as_ref().is_some_and(running::Running::forwards) || counted.received > 0;
                let rate = running.as_ref().map_or(100.0, running::Running::session_rate);
                counts::check(&counted, forwards, rate, told);
            }
            counts::Asked::Barred(_) if self.token.is_some() && token.is_none() => told.add(Finding::warning(format!(
                "The token was not sent to {}, which the page names, and neither --url nor backend.baseUrl does",
                backend.unwrap_or_default()
            ))),
            counts::Asked::Barred(status) => told.add(counts::barred(status, token.is_some())),
            counts::Asked::None => {}
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
