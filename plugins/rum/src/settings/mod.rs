//! What the config says: `app.datadogRum`, whose keys are Backstage's, and `greenroom.rum`.
//!
//! Monitoring must not keep a portal from its users: what is wrong here switches RUM off, with one error line, and fails
//! nothing.

mod policy;
mod portal;
mod read;
mod reader;
mod retention;
mod site;
mod unnamed;

use greenroom::config::{ConfigError, Remark, RootConfig, nearest};

use crate::scrub::Parameters;

pub(crate) use policy::{Policy, TRACE_HEADERS};
pub(crate) use portal::{Origin, Portal};
pub(crate) use retention::Retention;
pub(crate) use site::{CDN, Site};

/// Who gets events, unless `greenroom.rum.intakeUrl` is set.
pub(crate) const DATADOG: &str = "Datadog";

/// Where browser events go.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    /// Nowhere, because nobody asks for it.
    Off,
    /// Nowhere, because of what is wrong, each by itself.
    Broken(Vec<ConfigError>),
    /// Out of the browser.
    On(Box<Rum>),
}

/// What there is to know of it once it is on.
#[derive(Clone, Debug)]
pub(crate) struct Rum {
    pub(crate) way: Way,
    pub(crate) application_id: String,
    pub(crate) client_token: String,
    /// `None` for one that only `greenroom.rum.intakeUrl` knows.
    pub(crate) site: Option<Site>,
    pub(crate) env: Option<String>,
    pub(crate) session_rate: f64,
    pub(crate) replay_rate: f64,
    pub(crate) service: String,
    pub(crate) version: Option<String>,
    /// Whether calls of the portal carry the headers of a trace.
    pub(crate) has_tracing: bool,
    pub(crate) needs_consent: bool,
    pub(crate) sdk: SdkSetting,
    /// Whether pages get the scripts by themselves.
    pub(crate) injects: bool,
    pub(crate) kept: Parameters,
    pub(crate) portal: Portal,
    /// Where events may come from besides the portal's own pages.
    pub(crate) origins: Vec<Origin>,
    pub(crate) policy: Policy,
}

/// What becomes of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The browser sends them to Datadog.
    Direct,
    /// This backend does.
    Forward(Forwarding),
    /// This backend keeps them, and nobody else gets them.
    Store(Retention),
    /// It keeps them, and sends them on.
    Both(Retention, Forwarding),
}

/// How events leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Forwarding {
    /// The URL in front of `/api/v2/…`, without a slash at its end.
    pub(crate) intake: String,
    /// Whether Datadog gets to know roughly where a user is.
    pub(crate) tells_address: bool,
}

impl Way {
    /// Whether browsers send to this backend.
    pub(crate) fn has_intake(&self) -> bool {
        *self != Self::Direct
    }

    pub(crate) fn forwarding(&self) -> Option<&Forwarding> {
        match self {
            Self::Forward(forwarding) | Self::Both(_, forwarding) => Some(forwarding),
            Self::Direct | Self::Store(_) => None,
        }
    }

    /// For how long events are kept here, where they are.
    pub(crate) fn retention(&self) -> Option<&Retention> {
        match self {
            Self::Store(retention) | Self::Both(retention, _) => Some(retention),
            Self::Direct | Self::Forward(_) => None,
        }
    }
}

/// Where the SDK's files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SdkSetting {
    /// In the data directory.
    Auto,
    /// On Datadog's content network.
    Cdn,
    /// In this directory.
    Path(String),
}

/// `app.datadogRum` and `greenroom.rum`.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    pub(crate) warnings: Vec<ConfigError>,
}

impl Settings {
    /// Reads them. What is wrong is a part of them.
    pub(crate) fn from_config(config: &RootConfig) -> Self {
        read::settings(config)
    }

    /// What an operator should know.
    pub(crate) fn remarks(&self) -> Vec<Remark> {
        match &self.mode {
            // Said of a start, as of a config that was changed meanwhile.
            Mode::Broken(faults) => faults
                .iter()
                .map(|fault| Remark::off_by("A start with this config leaves RUM off", fault))
                .collect(),
            Mode::Off | Mode::On(_) => {
                self.warnings.iter().map(ToString::to_string).map(Remark::Warning).collect()
            }
        }
    }
}

/// With `true` the front end is served as it was built, and nothing is added to its pages.
pub(crate) const AS_BUILT: &str = "app.disableConfigInjection";

/// With `false` no page is changed, neither of the plugin `app` nor of a server behind.
pub(crate) const INJECT: &str = "greenroom.rum.inject";

/// Whether pages are served as they were built.
pub(crate) fn is_as_built(config: &RootConfig) -> bool {
    config.optional_boolean(AS_BUILT).is_ok_and(|set| set == Some(true))
}

/// What is wrong with a client token that is an API key.
pub(crate) const SHOWS_API_KEY: &str = "app.datadogRum.clientToken looks like an API key, which is a secret, and every page shows \
    it: revoke the key in Datadog, and write the client token of the application, which begins with pub";

/// Whether it has the form of an API key of Datadog.
pub(crate) fn is_api_key(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A section whose name is written like that of one which is not there.
pub(crate) fn misspelt(config: &RootConfig, above: &str, section: &str) -> Option<String> {
    let names = config.optional_config(above).ok().flatten()?.keys();
    if names.iter().any(|name| name == section) {
        return None;
    }
    nearest(section, names.iter().map(String::as_str)).map(|name| format!("{above}.{name}"))
}

impl Rum {
    /// Where this backend is a gateway, the pages are those that pass it: scripts and intake are of their own origin, whatever the
    /// config calls the backend. Without injection they may be anywhere.
    pub(crate) fn is_of_pages_that_pass(&mut self) {
        if self.injects {
            self.portal.is_of_one_origin();
        }
    }

    /// Its own, or the one that Datadog takes for granted.
    pub(crate) fn site(&self) -> Site {
        self.site.unwrap_or(Site::default())
    }

    /// Where events go if nothing but the site decides on it.
    pub(crate) fn intake(&self) -> &'static str {
        self.site().intake
    }

    /// Who gets the events in the end, as people call it: a host, where it is not Datadog's.
    pub(crate) fn recipient(&self) -> String {
        let host = match &self.way {
            Way::Store(_) => return "this backend".to_owned(),
            Way::Direct => self.intake().to_owned(),
            Way::Forward(Forwarding { intake, .. }) | Way::Both(_, Forwarding { intake, .. }) => {
                let uri = intake.parse::<http::Uri>().ok();
                uri.and_then(|uri| Some(uri.authority()?.to_string())).unwrap_or_else(|| intake.clone())
            }
        };
        if Site::has_intake(&host) { DATADOG.to_owned() } else { host }
    }

    /// Why the page's policy, as the operator has set it, lets no event out.
    pub(crate) fn held_back(&self) -> Option<String> {
        let intake = self.intake();
        let is_held = self.way == Way::Direct && self.policy.lets_connect_to(intake) == Some(false);
        is_held.then(|| {
            format!(
                "backend.csp does not let the page send browser events: add https://{intake} to backend.csp.connect-src, or \
                 set greenroom.rum.mode: forward or store"
            )
        })
    }

    /// Where browser events go, for the one line that a start writes about it. `place` is the database in which they are kept.
    pub(crate) fn summary(&self, place: &str) -> String {
        let kept = |retention: &Retention| {
            format!("Browser events are kept here for {}, in {place}", retention.time())
        };
        let (to, unmasked) = match &self.way {
            Way::Direct => (
                format!("Browsers send events to {} directly", self.intake()),
                ". Causes of errors, names of vitals, and users are not masked; greenroom.rum.mode: forward masks them",
            ),
            Way::Forward(Forwarding { intake, .. }) => {
                (format!("Browsers send events to {intake} through this backend"), "")
            }
            Way::Store(retention) => (kept(retention), ""),
            Way::Both(retention, Forwarding { intake, .. }) => {
                (format!("{}, and sent on to {intake}", kept(retention)), "")
            }
        };
        let rate = |rate: f64| greenroom_js::number::to_string(rate);
        let (sessions, replays) = (rate(self.session_rate), rate(self.replay_rate));
        let replays = match self.way {
            Way::Store(_) => String::new(),
            _ => format!(", {replays} % of them with replay"),
        };
        let consent = if self.needs_consent { ", once users consent" } else { "" };
        format!("{to}: {sessions} % of sessions{replays}{consent}{unmasked}")
    }
}

/// The line in place of [`Rum::summary`] where no page was made.
pub(crate) fn no_page(config: &RootConfig) -> String {
    const NONE: &str = "No browser sends events, because no page of this backend has the scripts for it: ";
    if is_as_built(config) {
        let why = format!("{NONE}the front end is served as it was built ({AS_BUILT}: true)");
        return ConfigError::invalid(config, AS_BUILT, why).to_string();
    }
    format!("{NONE}it serves no front end")
}

#[cfg(test)]
mod tests;
