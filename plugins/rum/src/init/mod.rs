//! The script that starts the SDK: one file for all pages, external because Backstage's `Content-Security-Policy` lets no
//! inline script run.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use serde_json::{Number, Value, json};

use crate::settings::{Rum, Way};

/// Where events go when they go through this backend, from the path of the backend on.
pub(crate) const INTAKE: &str = "/api/rum/intake";

const SCRIPT: &str = include_str!("init.js");
const SETTINGS: &str = "/*settings*/";

/// The script and its name, which changes with it.
#[derive(Clone, Debug)]
pub(crate) struct InitScript {
    pub(crate) hash: String,
    pub(crate) text: Bytes,
}

impl InitScript {
    pub(crate) fn of(rum: &Rum) -> Self {
        let text = SCRIPT.replace(SETTINGS, &in_script(&settings(rum)));
        Self { hash: hash(text.as_bytes()), text: text.into() }
    }
}

/// A name for content: so much of its SHA-256 that no two are alike by accident.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref()[..10].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn settings(rum: &Rum) -> Value {
    let mut options = json!({
        "applicationId": rum.application_id,
        "clientToken": rum.client_token,
        "service": rum.service,
        "sessionSampleRate": number(rum.session_rate),
        "sessionReplaySampleRate": number(rum.replay_rate),
        "telemetrySampleRate": 0,
        "telemetryConfigurationSampleRate": 0,
        "telemetryUsageSampleRate": 0,
        "trackUserInteractions": true,
        "trackResources": true,
        "trackLongTasks": true,
        "trackAnonymousUser": false,
        "defaultPrivacyLevel": "mask",
        "silentMultipleInit": true,
    });
    let site = rum.site.map(|site| site.name.to_owned());
    for (name, value) in [("site", site), ("env", rum.env.clone()), ("version", rum.version.clone())] {
        if let Some(value) = value {
            options[name] = value.into();
        }
    }
    json!({
        "options": options,
        "backend": rum.portal.foreign_backend().map(|origin| origin.as_str()),
        "path": rum.portal.path(),
        "intake": INTAKE,
        "forwards": matches!(rum.way, Way::Forward { .. }),
        "traces": rum.has_tracing,
        "needsConsent": rum.needs_consent,
        "kept": rum.kept.names().collect::<Vec<_>>(),
    })
}

/// A rate is between 0 and 100; whole ones are written as such.
fn number(rate: f64) -> Number {
    match rate.fract() == 0.0 {
        true => Number::from(rate as i64),
        false => Number::from_f64(rate).unwrap_or_else(|| Number::from(0)),
    }
}

/// JSON that means the same in a script, also in one that stands in a page.
fn in_script(value: &Value) -> String {
    let json = value.to_string();
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests;
