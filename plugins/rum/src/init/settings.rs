//! What the script is told: written here, and read by the script and by whoever has the script.

use greenroom_redact::NAME_LISTS;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use crate::{settings::Rum, urls::INTAKE};

/// The script's last argument. One that another version has written may lack members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ScriptSettings {
    pub(crate) options: SdkOptions,
    /// The backend's origin, where the page is of another one.
    pub(crate) backend: Option<String>,
    /// The path at which the backend's routes begin.
    pub(crate) path: String,
    /// The route of the intake behind it.
    pub(crate) intake: String,
    /// Whether events go through this backend, wherever they end.
    pub(crate) forwards: bool,
    pub(crate) traces: bool,
    pub(crate) needs_consent: bool,
    /// Parameters of URLs that keep their values.
    pub(crate) kept: Vec<String>,
}

/// What `DD_RUM.init` takes; the script adds what depends on the page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct SdkOptions {
    pub(crate) application_id: String,
    pub(crate) client_token: String,
    pub(crate) service: String,
    pub(crate) session_sample_rate: Option<Number>,
    pub(crate) session_replay_sample_rate: Option<Number>,
    pub(crate) telemetry_sample_rate: Option<Number>,
    pub(crate) telemetry_configuration_sample_rate: Option<Number>,
    pub(crate) telemetry_usage_sample_rate: Option<Number>,
    pub(crate) track_user_interactions: bool,
    pub(crate) track_resources: bool,
    pub(crate) track_long_tasks: bool,
    pub(crate) track_anonymous_user: bool,
    pub(crate) default_privacy_level: String,
    pub(crate) silent_multiple_init: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) site: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
}

impl ScriptSettings {
    pub(crate) fn of(rum: &Rum) -> Self {
        let options = SdkOptions {
            application_id: rum.application_id.clone(),
            client_token: rum.client_token.clone(),
            service: rum.service.clone(),
            session_sample_rate: Some(number(rum.session_rate)),
            session_replay_sample_rate: Some(number(rum.replay_rate)),
            telemetry_sample_rate: Some(0.into()),
            telemetry_configuration_sample_rate: Some(0.into()),
            telemetry_usage_sample_rate: Some(0.into()),
            track_user_interactions: true,
            track_resources: true,
            track_long_tasks: true,
            track_anonymous_user: false,
            default_privacy_level: "mask".to_owned(),
            silent_multiple_init: true,
            site: rum.site.map(|site| site.name.to_owned()),
            env: rum.env.clone(),
            version: rum.version.clone(),
        };
        Self {
            options,
            backend: rum.portal.foreign_backend().map(|origin| origin.as_str().to_owned()),
            path: rum.portal.path().to_owned(),
            intake: INTAKE.to_owned(),
            forwards: rum.way.has_intake(),
            traces: rum.has_tracing,
            needs_consent: rum.needs_consent,
            kept: rum.kept.names().map(str::to_owned).collect(),
        }
    }
}

/// A rate is between 0 and 100; whole ones are written as such.
fn number(rate: f64) -> Number {
    match rate.fract() == 0.0 {
        true => Number::from(rate as i64),
        false => Number::from_f64(rate).unwrap_or_else(|| Number::from(0)),
    }
}

/// The lists of `greenroom-redact`, by the names that the mask has for them.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Lists {
    endings: &'static [&'static str],
    anywhere: &'static [&'static str],
    words: &'static [&'static str],
    about_secrets: &'static [&'static str],
    names: &'static [&'static str],
    parameter_endings: &'static [&'static str],
    parameters: &'static [&'static str],
    harmless: &'static [&'static str],
}

pub(super) const LISTS: Lists = Lists {
    endings: NAME_LISTS.endings,
    anywhere: NAME_LISTS.anywhere,
    words: NAME_LISTS.words,
    about_secrets: NAME_LISTS.about_secrets,
    names: NAME_LISTS.names,
    parameter_endings: NAME_LISTS.parameter_endings,
    parameters: NAME_LISTS.parameters,
    harmless: NAME_LISTS.harmless,
};
