//! `greenroom rum doctor`.

use std::fs;

use greenroom::{
    errors::{Error, Result},
    http_client::{Call, ClientEnvironment, HttpClient},
};
use greenroom_defaults::Finding;
use greenroom_plugin_app::{FrontEnd, front_end};
use greenroom_plugin_rum::{ConfigRemark, Examination, PlannedStart};
use greenroom_program::{Answer, CommandContext, UsageError};

use crate::pages::is_of_gateway;

const TOKEN: &str = "GREENROOM_TOKEN";

/// Say why no browser events arrive at Datadog, and what to do about it.
///
/// It looks at the config; with --url at the page of a running backend, too, which may be a Node Backstage, at the scripts that
/// it names, and at what a running Greenroom has counted. A config without any key of `greenroom` is read as a Node Backstage
/// reads it, unless a Greenroom answers. It sends no events and changes nothing.
#[derive(clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct RumDoctor {
    /// The portal's page, such as https://portal.example.com.
    #[arg(long, value_name = "URL", value_parser = url)]
    url: Option<String>,

    /// A file with a token of backend.auth.externalAccess, by which a running Greenroom tells what it has counted.
    #[arg(long, value_name = "FILE", value_parser = token_in)]
    token_file: Option<Token>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What is never shown.
#[derive(Clone)]
struct Token(String);

impl Token {
    /// One by itself, or as it is written for curl.
    fn of(text: &str) -> std::result::Result<Self, String> {
        let text = text.trim();
        let text = text.strip_prefix("Authorization:").map_or(text, str::trim_start);
        let token = text.strip_prefix("Bearer").map_or(text, str::trim);
        if token.is_empty() {
            return Err("is empty".to_owned());
        }
        if !token.chars().all(|c| c.is_ascii_graphic()) {
            return Err(
                "holds more than a token: one has no blanks, no second line and no letters beyond ASCII"
                    .to_owned(),
            );
        }
        Ok(Self(token.to_owned()))
    }
}

fn token_in(file: &str) -> std::result::Result<Token, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("it cannot be read: {error}"))?;
    Token::of(&text).map_err(|why| format!("it {why}"))
}

/// That of the environment; an empty one is a mistake, as an empty file is.
fn token_of_environment() -> Result<Option<Token>> {
    let Some(text) = std::env::var_os(TOKEN) else { return Ok(None) };
    let token = Token::of(&text.to_string_lossy());
    Ok(Some(token.map_err(|why| UsageError::new(format!("{TOKEN} {why}")))?))
}

const HELP: &str = "\
Environment:
  GREENROOM_TOKEN   the token itself, where there is no --token-file

Exit codes: 0 nothing is in the way, 1 something keeps browser events from arriving, \
2 usage, or the answer cannot be printed, 3 the server does not answer";

fn url(text: &str) -> std::result::Result<String, String> {
    let why = match text.split_once("://") {
        Some((scheme, rest)) if ["http", "https"].contains(&&*scheme.to_ascii_lowercase()) => {
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            match (host.contains('@'), host.rsplit_once(':')) {
                (true, _) => "it holds a user or a password",
                (false, Some((_, port)))
                    if !port.ends_with(']') && !port.parse::<u16>().is_ok_and(|port| port > 0) =>
                {
                    "its port is none from 1 to 65535"
                }
                _ if host.is_empty() => "it names no host",
                _ => "it holds a character that no URL may have",
            }
        }
        _ => "it begins with neither http:// nor https://",
    };
    let is_port_wrong = why.starts_with("its port");
    match Call::get(text) {
        Ok(_) if !is_port_wrong => Ok(text.to_owned()),
        _ => Err(format!("{why}: expected the URL of a page, such as https://portal.example.com")),
    }
}

pub(crate) fn run(
    RumDoctor { url, token_file, json }: RumDoctor,
    context: &CommandContext<'_>,
) -> Result<Answer> {
    let token = match token_file {
        Some(token) => Some(token),
        None => token_of_environment()?,
    };
    let config = context.config_if_any().map_err(Error::from_any);
    let start = planned(context).unwrap_or_default();
    let data_dir = context.data_dir().ok();
    // Why a start makes none is among what it refuses.
    let client = context
        .http_client()
        .unwrap_or_else(|_| HttpClient::builder(ClientEnvironment::from_process()).build());
    let examination = Examination {
        config: config.as_ref().map(Option::as_ref).map_err(Clone::clone),
        start: &start,
        data_dir: data_dir.as_deref(),
        url: url.as_deref(),
        token: token.as_ref().map(|Token(token)| token.as_str()),
        client: &client,
    };
    let diagnosis = context.wait_for(examination.examine())?;
    let text = if json { diagnosis.json() } else { diagnosis.text() };
    Ok(Answer::from(text).exit_code(diagnosis.exit_code()))
}

/// What a start would make of the config.
fn planned(context: &CommandContext<'_>) -> Result<PlannedStart> {
    let report = context.config_report()?;
    let remark = |found: &Finding| {
        let place = found.place.as_ref().map(ToString::to_string);
        Some(ConfigRemark { key: found.key.clone()?, place, text: found.text.clone() })
    };
    Ok(PlannedStart {
        faults: report.faults_for(&["rum", "app"]),
        remarks: report.findings().iter().filter(|found| !found.is_fault()).filter_map(remark).collect(),
        rum_off: context.why_off("rum")?,
        app_off: context.why_off("app")?,
        gateway: is_of_gateway(&context.config()?),
        other_page: context.why_off("demo")?.is_none().then(|| "the demo's page at /demo".to_owned()),
        // What its reader refuses is a fault.
        no_front_end: match front_end(&context.config()?) {
            Ok(FrontEnd::Nowhere(looked)) => Some(looked),
            Ok(FrontEnd::Here(_)) | Err(_) => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_stand_in_a_file_that_is_written_for_curl() {
        for text in ["abc\n", " Bearer abc", "Authorization: Bearer abc\n"] {
            assert_eq!(Token::of(text).ok().map(|Token(token)| token).as_deref(), Some("abc"));
        }
        let why = |text| Token::of(text).err();
        for empty in ["", "\n", "Bearer ", "Authorization: Bearer"] {
            assert_eq!(why(empty).as_deref(), Some("is empty"), "{empty:?}");
        }
        for more in ["abc\ndef", "a b", "abc\u{e9}", "a\0b"] {
            assert!(why(more).is_some_and(|why| why.starts_with("holds more than a token")), "{more:?}");
        }
    }

    #[test]
    fn a_token_file_that_cannot_be_read_is_wrong_usage() {
        use clap::Args;
        let command = RumDoctor::augment_args(clap::Command::new("doctor"));
        let told = command.try_get_matches_from(["doctor", "--token-file", "/nowhere/token"]).unwrap_err();
        assert_eq!(told.exit_code(), 2);
        assert!(told.to_string().contains("--token-file <FILE>': it cannot be read: No such file"), "{told}");
    }

    #[test]
    fn a_url_is_one_of_http_without_credentials() {
        assert_eq!(url("http://localhost:7007").unwrap(), "http://localhost:7007");
        for (refused, why) in [
            ("localhost:7007", "it begins with neither http:// nor https://"),
            ("", "it begins with neither"),
            ("file:///etc/passwd", "it begins with neither"),
            ("http://localhost:99999", "its port is none from 1 to 65535"),
            ("http://localhost:x/", "its port is none"),
            ("https://me:pw@x", "it holds a user or a password"),
            ("http:///x", "it names no host"),
            ("http://a b", "it holds a character that no URL may have"),
        ] {
            let told = url(refused).unwrap_err();
            assert!(told.starts_with(why) && !told.contains("pw"), "{refused}: {told}");
        }
        assert!(url("http://[::1]/").is_ok() && url("http://[::1]:7007/").is_ok());
    }
}
