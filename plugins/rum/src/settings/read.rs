//! Reads the keys.

use greenroom::config::{ConfigError, RootConfig, nearest};
use http::Uri;
use serde_json::Value;

use super::{
    Forwarding, INJECT, Mode, Origin, Policy, Portal, Retention, Rum, SHOWS_API_KEY, SdkSetting, Settings,
    Way, is_api_key, misspelt,
    policy::lets_traces_through,
    reader::{Reader, shown},
    site::Site,
    unnamed,
};
use crate::scrub::Parameters;

const MODE: &str = "greenroom.rum.mode";
const MODES: [&str; 6] = ["auto", "off", "direct", "forward", "store", "both"];
const APPLICATION_ID: &str = "app.datadogRum.applicationId";
const SECTION: &str = "app.datadogRum";
const CLIENT_TOKEN: &str = "app.datadogRum.clientToken";
const SITE: &str = "app.datadogRum.site";
const INTAKE_URL: &str = "greenroom.rum.intakeUrl";
const ALLOWED_ORIGINS: &str = "greenroom.rum.allowedOrigins";
const CLIENT_ADDRESS: &str = "greenroom.rum.clientAddress";
const REPLAY_RATE: &str = "app.datadogRum.sessionReplaySampleRate";
const SDK: &str = "greenroom.rum.sdk";

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RequestedMode {
    Auto,
    Off,
    Direct,
    Forward,
    Store,
    Both,
}

impl RequestedMode {
    fn of(word: &str) -> Option<Self> {
        Some(match word {
            "auto" => Self::Auto,
            "off" => Self::Off,
            "direct" => Self::Direct,
            "forward" => Self::Forward,
            "store" => Self::Store,
            "both" => Self::Both,
            _ => return None,
        })
    }
}

pub(super) fn settings(config: &RootConfig) -> Settings {
    let mut reader = Reader { config, warnings: vec![], faults: vec![] };
    let no_sections = reader.no_sections();
    let requested = reader.mode();
    let rum = reader.rum(requested);
    let Reader { warnings, faults, .. } = reader;
    // Of what is no section, each key in it is wrong, which says no more.
    let is_of_key = |fault: &ConfigError| !no_sections.iter().any(|section| section.key() == fault.key());
    let faults: Vec<_> = faults.into_iter().filter(is_of_key).collect();
    let faults = [no_sections, faults].concat();
    let (mode, warnings) = match (rum, faults.is_empty()) {
        (_, false) => (Mode::Broken(faults), vec![]),
        (Some(rum), true) => (Mode::On(Box::new(rum)), warnings),
        (None, true) => (Mode::Off, vec![]),
    };
    Settings { mode, warnings }
}

impl Reader<'_> {
    /// What is wrong with sections that are none.
    fn no_sections(&self) -> Vec<ConfigError> {
        let sections = [
            ("app.datadogRum", "app.datadogRum.clientToken and the others of its keys"),
            ("greenroom.rum", MODE),
        ];
        let told = sections.into_iter().filter_map(|(section, keys)| {
            let error = self.config.optional_config(section).err()?;
            // One above it is told as it is.
            if error.key() != Some(section) {
                return Some(error);
            }
            let text = match self.config.optional_string(section).ok().flatten() {
                Some(mode) if keys == MODE && MODES.contains(&&*mode) => {
                    format!("{section} is a text, and has keys of its own: write {MODE}: {mode}")
                }
                _ => format!("{section} is no object: write {keys} below it"),
            };
            Some(ConfigError::invalid(self.config, section, text))
        });
        told.collect()
    }

    fn mode(&mut self) -> RequestedMode {
        // To YAML of old, and in variables, `off` is a boolean.
        if self.value(MODE) == Some(Value::Bool(false)) {
            return RequestedMode::Off;
        }
        let Some(word) = self.text(MODE) else { return RequestedMode::Auto };
        RequestedMode::of(&word).unwrap_or_else(|| {
            self.no_word(MODE, &word, &MODES);
            // What else is wrong is told at once: of the mode that was meant, else of the one that asks for least.
            nearest(&word, MODES).and_then(RequestedMode::of).unwrap_or(RequestedMode::Store)
        })
    }

    /// `None` if it is off, or something is wrong; then all that is wrong has been found.
    fn rum(&mut self, requested: RequestedMode) -> Option<Rum> {
        if requested == RequestedMode::Off {
            return None;
        }
        let (id, token) = self.names(requested)?;
        let portal = Portal::of(self.config);
        let (site, way) = self.way(requested);
        let rum = Rum {
            site,
            env: self.text("app.datadogRum.env"),
            session_rate: self.rate("app.datadogRum.sessionSampleRate", 100.0),
            replay_rate: self.replay_rate(requested),
            service: self.text("greenroom.rum.service").unwrap_or_else(|| "backstage".to_owned()),
            version: self.text("greenroom.rum.version"),
            has_tracing: self.tracing(&portal),
            needs_consent: self.word("greenroom.rum.consent", &["none", "required"]) == "required",
            sdk: self.sdk(),
            injects: self.injects(),
            kept: Parameters::with(self.texts("greenroom.rum.keptParameters")),
            origins: self.origins(),
            policy: Policy::of(self.config),
            // Behind what is read here: what is wrong with one of these hides nothing of the others.
            way: way?,
            application_id: id.or_else(|| unnamed::application_id(&portal, requested))?,
            client_token: token.or_else(|| unnamed::client_token(&portal, requested))?,
            portal,
        };
        self.look_at_policy(&rum);
        if is_api_key(&rum.client_token) {
            self.warnings.push(ConfigError::invalid(self.config, CLIENT_TOKEN, SHOWS_API_KEY));
        }
        Some(rum)
    }

    /// The id and the token that Datadog has given out; of neither there is one where nobody asks for RUM.
    fn names(&mut self, requested: RequestedMode) -> Option<(Option<String>, Option<String>)> {
        let before = self.faults.len();
        let (id, token) = (self.text(APPLICATION_ID), self.text(CLIENT_TOKEN));
        if id.is_none() && token.is_none() && requested == RequestedMode::Auto {
            return None;
        }
        // What stays here needs no names of Datadog's.
        if requested == RequestedMode::Store {
            return Some((id, token));
        }
        if id.is_none() && token.is_none() && !self.config.has(SECTION).unwrap_or(true) {
            let meant = misspelt(self.config, "app", "datadogRum");
            let meant = meant.map_or("".to_owned(), |written| format!(": did you mean it by {written}?"));
            self.fault(
                SECTION,
                &format!("is missing, and RUM needs its clientToken and applicationId{meant}"),
            );
        }
        for (value, key, other) in
            [(&id, APPLICATION_ID, CLIENT_TOKEN), (&token, CLIENT_TOKEN, APPLICATION_ID)]
        {
            if value.is_none() && self.faults.len() == before {
                self.fault(key, &format!("is missing: Datadog gives it out together with {other}"));
            }
        }
        Some((id, token))
    }

    /// The way is `None` where something about it is wrong.
    fn way(&mut self, requested: RequestedMode) -> (Option<Site>, Option<Way>) {
        match requested {
            RequestedMode::Forward => {
                let (site, forwarding) = self.forwarding();
                (site, forwarding.map(Way::Forward))
            }
            RequestedMode::Store => {
                let retention = self.retention();
                (self.site(true), retention.map(Way::Store))
            }
            RequestedMode::Both => {
                let (retention, (site, forwarding)) = (self.retention(), self.forwarding());
                (
                    site,
                    retention.zip(forwarding).map(|(retention, forwarding)| Way::Both(retention, forwarding)),
                )
            }
            RequestedMode::Auto | RequestedMode::Off | RequestedMode::Direct => {
                (self.site(false), Some(Way::Direct))
            }
        }
    }

    /// `None` where neither a URL nor the site decides on the intake.
    fn forwarding(&mut self) -> (Option<Site>, Option<Forwarding>) {
        let tells_address = self.word(CLIENT_ADDRESS, &["none", "truncated"]) == "truncated";
        let url = self.intake_url();
        let site = self.site(url.is_some());
        let intake = url.or_else(|| Some(format!("https://{}", site?.intake)));
        (site, intake.map(|intake| Forwarding { intake, tells_address }))
    }

    fn retention(&mut self) -> Option<Retention> {
        match Retention::from_config(self.config) {
            Ok(retention) => Some(retention),
            Err(error) => {
                self.faults.extend(error.each());
                None
            }
        }
    }

    /// Replays are not kept, so that none is made where nobody else gets them.
    fn replay_rate(&mut self, requested: RequestedMode) -> f64 {
        let rate = self.rate(REPLAY_RATE, 0.0);
        if rate > 0.0 && requested == RequestedMode::Store {
            self.warn(
                REPLAY_RATE,
                &format!("is not used: replays are not kept here; {MODE}: both sends them to Datadog"),
            );
            return 0.0;
        }
        rate
    }

    fn intake_url(&mut self) -> Option<String> {
        let url = self.text(INTAKE_URL)?;
        let is_url = url.parse().is_ok_and(|uri: Uri| {
            let (scheme, authority) = (uri.scheme_str(), uri.authority().map_or("@", |host| host.as_str()));
            matches!(scheme, Some("http" | "https")) && !authority.contains('@') && uri.query().is_none()
        });
        if !is_url || url.contains('#') {
            self.fault(INTAKE_URL, "is no URL of http or https without credentials and query");
            return None;
        }
        Some(url.trim_end_matches('/').to_owned())
    }

    /// Any name will do where the intake has a URL of its own.
    fn site(&mut self, has_intake: bool) -> Option<Site> {
        let Some(name) = self.text(SITE) else { return Some(Site::default()) };
        let site = Site::named(&name);
        if site.is_none() && !has_intake {
            let names = Site::names();
            self.fault(
                SITE,
                &format!(
                    "is no site of Datadog: {}. There are {names}; {MODE}: forward with {INTAKE_URL} takes others",
                    shown(&name, Site::all().map(|site| site.name))
                ),
            );
        }
        site
    }

    fn tracing(&mut self, portal: &Portal) -> bool {
        let key = "greenroom.rum.tracing";
        let asked = match self.config.optional_switch(key) {
            Ok(asked) => asked.unwrap_or(true),
            Err(error) => {
                self.faults.push(error);
                false
            }
        };
        let is_let_through = portal.foreign_backend().is_none() || lets_traces_through(self.config);
        if asked && !is_let_through {
            let text = "Browser events carry no traces: page and backend are of two origins, and backend.cors does not let the \
                        headers of a trace through. Leave backend.cors.allowedHeaders out, or add traceparent, tracestate, \
                        baggage and the x-datadog- headers; greenroom.rum.tracing: false ends this warning";
            self.warnings.push(ConfigError::invalid(
                self.config,
                "backend.cors.allowedHeaders",
                text.to_owned(),
            ));
        }
        asked && is_let_through
    }

    fn injects(&mut self) -> bool {
        self.config.optional_switch(INJECT).map_or_else(
            |error| {
                self.faults.push(error);
                true
            },
            |set| set.unwrap_or(true),
        )
    }

    fn sdk(&mut self) -> SdkSetting {
        let Some(text) = self.text(SDK) else { return SdkSetting::Auto };
        match ["auto", "cdn"].into_iter().find(|word| word.eq_ignore_ascii_case(&text)) {
            Some(word) if word != text => {
                self.fault(
                    SDK,
                    &format!("is {text}: did you mean {word}? A directory of that name is ./{text}"),
                );
            }
            Some("auto") => {}
            Some(_) => return SdkSetting::Cdn,
            None if text.contains("://") => {
                self.fault(SDK, "is a URL: write a directory, or cdn for Datadog's content network");
            }
            None => return SdkSetting::Path(text),
        }
        SdkSetting::Auto
    }

    fn origins(&mut self) -> Vec<Origin> {
        let mut origins = vec![];
        for (index, text) in self.texts(ALLOWED_ORIGINS).iter().enumerate() {
            match Origin::of(text) {
                Some(origin) => origins.push(origin),
                None => self.fault(
                    &format!("{ALLOWED_ORIGINS}[{index}]"),
                    "is no origin, such as https://portal.example.com",
                ),
            }
        }
        origins
    }

    fn look_at_policy(&mut self, rum: &Rum) {
        let held = rum.held_back().map(|text| ConfigError::invalid(self.config, "backend.csp", text));
        self.warnings.extend(held);
        let unused = [
            (rum.way.has_intake(), ALLOWED_ORIGINS, "forward, store and both"),
            (rum.way.forwarding().is_some(), INTAKE_URL, "forward and both"),
            (rum.way.forwarding().is_some(), CLIENT_ADDRESS, "forward and both"),
            (rum.way.retention().is_some(), Retention::KEY, "store and both"),
        ];
        for (_, key, modes) in unused.into_iter().filter(|(is_used, ..)| !is_used) {
            if self.value(key).is_some() {
                self.warn(key, &format!("is not used: it is for {MODE}: {modes}"));
            }
        }
    }
}
