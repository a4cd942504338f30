//! `config print`: the merged config without its secrets on stdout, and on stderr what to know of what is hidden.

use std::process::ExitCode;

use greenroom::config::{ConfigOptions, Format, RootConfig};
use greenroom_config_schema::ConfigSchema;

use crate::{catalogue::Catalogue, explain, schema};

#[expect(clippy::print_stderr, reason = "printing is what the command is for")]
pub(crate) fn print(catalogue: &Catalogue, options: &ConfigOptions, format: Format) -> ExitCode {
    let config = match schema::load(catalogue, options) {
        Ok(config) => config,
        Err(error) => return explain::config_error(&error),
    };
    if let Err(failed) = explain::answer(&config.print(format)) {
        return failed;
    }
    for note in notes(&config) {
        eprintln!("note: {note}");
    }
    ExitCode::SUCCESS
}

/// Where secrets are only known by their names, and which hidden values the log may show all the same.
fn notes(config: &RootConfig) -> Vec<String> {
    let mut out = vec![];
    let sections = without_schema(config);
    if !sections.is_empty() {
        let what = "no schema is known for these sections, so that only values at or below a key that is named like a \
                    secret, or that come from outside of the files, are hidden in them";
        out.push(format!("{what}: {}", sections.join(", ")));
    }
    let hidden = config.hidden().into_iter();
    let unmasked = hidden.filter_map(|secret| Some((secret.unmasked?, secret)));
    out.extend(unmasked.map(|(why, secret)| {
        format!("{} is hidden here and not masked in the log, because {why} ({})", secret.key, secret.place)
    }));
    out
}

/// The sections of a config that no schema says anything of.
fn without_schema(config: &RootConfig) -> Vec<String> {
    let Some(schema) = ConfigSchema::declared(config) else { return vec![] };
    let is_known = |section: &String| schema.merged()["properties"].get(section).is_some();
    config.keys().into_iter().filter(|section| !is_known(section)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_and_not_masked_is_told_with_its_reason_and_so_are_sections_without_a_schema() {
        let dir = tempfile::tempdir().unwrap();
        let text = "backend: {baseUrl: http://x, auth: {keys: [{secret: s3cret-s3cret}]}}\n\
                    rollbar: {accessToken: '${SHORT}', organization: '${WORD}', region: '${UNSET:-eu-1}'}\n";
        std::fs::write(dir.path().join("app-config.yaml"), text).unwrap();
        let env = [("SHORT", "abc1"), ("WORD", "platform-team")];
        let options = ConfigOptions {
            cwd: dir.path().to_owned(),
            env: env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            ..ConfigOptions::default()
        };
        let config = schema::load(&Catalogue::default(), &options).unwrap();
        let notes = notes(&config);
        assert_eq!(notes.len(), 3, "{notes:?}");
        assert!(notes[0].ends_with("are hidden in them: rollbar"), "{notes:?}");
        assert_eq!(
            notes[1..],
            [
                "rollbar.accessToken is hidden here and not masked in the log, because it has less than 8 characters \
                 (app-config.yaml:2:24)",
                "rollbar.organization is hidden here and not masked in the log, because it is of ordinary words, or a path \
                 or host name (app-config.yaml:2:50)",
            ]
        );
        assert!(config.print(Format::Flat).contains("rollbar.region: eu-1"));
    }
}
