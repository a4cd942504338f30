//! Reads the keys. A value of another type than it should be is taken for what it was meant to be, with a warning.

use greenroom::config::{ConfigError, RootConfig, nearest};
use greenroom_js::number;
use http::Uri;
use serde_json::Value;

use super::{
    Mode, Origin, Policy, Portal, Rum, SHOWS_API_KEY, SdkSetting, Settings, Way, is_api_key, misspelt,
    policy::lets_traces_through, site::Site,
};
use crate::scrub::Parameters;

const MODE: &str = "greenroom.rum.mode";
const MODES: [&str; 4] = ["auto", "off", "direct", "forward"];
const APPLICATION_ID: &str = "app.datadogRum.applicationId";
const SECTION: &str = "app.datadogRum";
const CLIENT_TOKEN: &str = "app.datadogRum.clientToken";
const SITE: &str = "app.datadogRum.site";
const INTAKE_URL: &str = "greenroom.rum.intakeUrl";
const ALLOWED_ORIGINS: &str = "greenroom.rum.allowedOrigins";
const CLIENT_ADDRESS: &str = "greenroom.rum.clientAddress";
const SDK: &str = "greenroom.rum.sdk";

#[derive(Clone, Copy, PartialEq, Eq)]
enum RequestedMode {
    Auto,
    Off,
    Direct,
    Forward,
}

pub(super) fn settings(config: &RootConfig) -> Result<Settings, ConfigError> {
    let mut reader = Reader { config, warnings: vec![], faults: vec![] };
    let no_sections = reader.no_sections();
    let requested = reader.mode()?;
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
    Ok(Settings { mode, warnings })
}

struct Reader<'a> {
    config: &'a RootConfig,
    warnings: Vec<ConfigError>,
    faults: Vec<ConfigError>,
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

    fn mode(&mut self) -> Result<RequestedMode, ConfigError> {
        // To YAML of old, and in variables, `off` is a boolean.
        if self.value(MODE) == Some(Value::Bool(false)) {
            return Ok(RequestedMode::Off);
        }
        Ok(match self.text(MODE).as_deref() {
            None | Some("auto") => RequestedMode::Auto,
            Some("off") => RequestedMode::Off,
            Some("direct") => RequestedMode::Direct,
            Some("forward") => RequestedMode::Forward,
            Some(later @ ("store" | "both")) => {
                let text =
                    format!("{MODE}: {later} is not here yet; write direct or forward, or leave it out");
                return Err(ConfigError::invalid(self.config, MODE, text));
            }
            Some(other) => {
                self.no_word(MODE, other, &MODES);
                RequestedMode::Off
            }
        })
    }

    /// `None` if it is off, or something is wrong.
    fn rum(&mut self, requested: RequestedMode) -> Option<Rum> {
        if requested == RequestedMode::Off {
            return None;
        }
        let before = self.faults.len();
        let (id, token) = (self.text(APPLICATION_ID), self.text(CLIENT_TOKEN));
        if id.is_none() && token.is_none() && requested == RequestedMode::Auto {
            return None;
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
        let (site, way) = match requested {
            RequestedMode::Forward => self.forward(),
            _ => (self.site(false), Some(Way::Direct)),
        };
        let portal = Portal::of(self.config);
        let rum = Rum {
            way: way?,
            application_id: id?,
            client_token: token?,
            site,
            env: self.text("app.datadogRum.env"),
            session_rate: self.rate("app.datadogRum.sessionSampleRate", 100.0),
            replay_rate: self.rate("app.datadogRum.sessionReplaySampleRate", 0.0),
            service: self.text("greenroom.rum.service").unwrap_or_else(|| "backstage".to_owned()),
            version: self.text("greenroom.rum.version"),
            has_tracing: self.tracing(&portal),
            needs_consent: self.word("greenroom.rum.consent", &["none", "required"]) == "required",
            sdk: self.sdk(),
            kept: Parameters::with(self.texts("greenroom.rum.keptParameters")),
            origins: self.origins(),
            policy: Policy::of(self.config),
            portal,
        };
        self.look_at_policy(&rum);
        if is_api_key(&rum.client_token) {
            self.warnings.push(ConfigError::invalid(self.config, CLIENT_TOKEN, SHOWS_API_KEY));
        }
        Some(rum)
    }

    /// The way is `None` where neither a URL nor the site decides on the intake.
    fn forward(&mut self) -> (Option<Site>, Option<Way>) {
        let tells_address = self.word(CLIENT_ADDRESS, &["none", "truncated"]) == "truncated";
        let url = self.intake_url();
        let site = self.site(url.is_some());
        let intake = url.or_else(|| Some(format!("https://{}", site?.intake)));
        (site, intake.map(|intake| Way::Forward { intake, tells_address }))
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
        if rum.way == Way::Direct {
            for key in [INTAKE_URL, ALLOWED_ORIGINS, CLIENT_ADDRESS] {
                if self.value(key).is_some() {
                    self.warn(key, &format!("is not used: it is for {MODE}: forward"));
                }
            }
        }
    }

    fn value(&mut self, key: &str) -> Option<Value> {
        match self.config.optional_get(key) {
            Ok(value) => value.filter(|value| !value.is_null()),
            Err(error) => {
                self.faults.push(error);
                None
            }
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        match self.value(key)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Number(number) => {
                self.warn(key, "is a number, and is read as a text: put it in quotes");
                Some(greenroom_js::string(&Value::Number(number)))
            }
            Value::String(_) => {
                self.fault(key, "is empty");
                None
            }
            _ => {
                self.fault(key, "is no text");
                None
            }
        }
    }

    fn texts(&mut self, key: &str) -> Vec<String> {
        match self.config.optional_string_array(key) {
            Ok(texts) => texts.unwrap_or_default(),
            Err(error) => {
                self.faults.push(error);
                vec![]
            }
        }
    }

    /// One of a few words; the first one unless it is set.
    fn word(&mut self, key: &str, words: &[&'static str]) -> &'static str {
        let Some(text) = self.text(key) else { return words[0] };
        let known = words.iter().find(|word| **word == text);
        if known.is_none() {
            self.no_word(key, &text, words);
        }
        known.unwrap_or(&words[0])
    }

    fn no_word(&mut self, key: &str, text: &str, words: &[&str]) {
        let shown = shown(text, words.iter().copied());
        self.fault(key, &format!("is none of {}: {shown}", words.join(", ")));
    }

    fn rate(&mut self, key: &str, default: f64) -> f64 {
        let rate = match self.value(key) {
            None => return default,
            Some(Value::Number(rate)) => rate.as_f64(),
            // What a variable of the environment holds is always text; the SDK refuses it.
            Some(Value::String(text)) => {
                let rate = number::parse(&text).filter(|_| !text.trim().is_empty());
                if rate.is_some() {
                    self.warn(key, "is a text, and is read as a number");
                }
                rate
            }
            Some(_) => None,
        };
        match rate.filter(|rate| (0.0..=100.0).contains(rate)) {
            Some(rate) => rate,
            None => {
                self.fault(key, "is no number from 0 to 100");
                default
            }
        }
    }

    fn fault(&mut self, key: &str, what: &str) {
        self.faults.push(ConfigError::invalid(self.config, key, format!("{key} {what}")));
    }

    fn warn(&mut self, key: &str, what: &str) {
        self.warnings.push(ConfigError::invalid(self.config, key, format!("{key} {what}")));
    }
}

/// A word that is none of those which are known, with the one that was probably meant.
fn shown<'n>(text: &str, known: impl IntoIterator<Item = &'n str>) -> String {
    const MOST: usize = 60;
    let meant = nearest(text, known).map(|word| format!(", did you mean '{word}'?")).unwrap_or_default();
    let more = if text.chars().count() > MOST { "…" } else { "" };
    format!("'{}{more}'{meant}", text.chars().take(MOST).collect::<String>())
}
