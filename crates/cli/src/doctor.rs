//! `greenroom rum doctor`.

use std::{fs, path::PathBuf};

use greenroom::{
    errors::{Error, Result},
    http_client::{Call, ClientEnvironment, ClientSettings, HttpClient},
};
use greenroom_plugin_rum::Examination;
use greenroom_program::{Answer, CommandContext};

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
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

const HELP: &str = "\
Environment:
  GREENROOM_TOKEN   the token itself, where there is no --token-file

Exit codes: 0 nothing is in the way, 1 something keeps browser events from arriving, 2 usage, \
3 the server does not answer";

fn url(text: &str) -> std::result::Result<String, String> {
    Call::get(text).map(|_| text.to_owned()).map_err(|_| {
        "expected a URL of http or https without user and password, such as https://portal.example.com"
            .to_owned()
    })
}

pub(crate) fn run(
    RumDoctor { url, token_file, json }: RumDoctor,
    context: &CommandContext<'_>,
) -> Result<Answer> {
    let token = match token_file {
        Some(file) => {
            let text = fs::read_to_string(&file);
            Some(text.map_err(|error| Error::new(format!("cannot read {}: {error}", file.display())))?)
        }
        None => std::env::var(TOKEN).ok(),
    };
    let token = token.as_deref().map(bare).filter(|token| !token.is_empty());
    let config = context.config();
    let data_dir = context.data_dir().ok();
    let settings = config.as_ref().ok().and_then(|config| ClientSettings::from_config(config).ok());
    let client =
        HttpClient::builder(ClientEnvironment::from_process()).settings(settings.unwrap_or_default());
    let client = client.build();
    let examination = Examination {
        config: config.as_ref().map_err(ToString::to_string),
        data_dir: data_dir.as_deref(),
        url: url.as_deref(),
        token,
        client: &client,
    };
    let diagnosis = context.wait_for(examination.examine())?;
    let text = if json { diagnosis.json() } else { diagnosis.text() };
    Ok(Answer::from(text).exit_code(diagnosis.exit_code()))
}

/// A token by itself, or in a file that is written for curl.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("Authorization:").map_or(text, str::trim_start);
    text.strip_prefix("Bearer ").map_or(text, str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_stand_in_a_file_that_is_written_for_curl() {
        for text in ["abc\n", " Bearer abc", "Authorization: Bearer abc\n"] {
            assert_eq!(bare(text), "abc");
        }
    }

    #[test]
    fn a_url_is_one_of_http_without_credentials() {
        assert_eq!(url("http://localhost:7007").unwrap(), "http://localhost:7007");
        for refused in ["localhost:7007", "ftp://x", "https://me:pw@x", "", "file:///etc/passwd"] {
            assert!(url(refused).unwrap_err().starts_with("expected a URL"), "{refused}");
        }
    }
}
