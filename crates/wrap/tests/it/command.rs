//! What is run, and which config it reads.

use greenroom_wrap::{ChildCommand, Environment};
use proptest::prelude::*;

fn of(words: &[&str]) -> ChildCommand {
    ChildCommand::new(words.iter().map(Into::into), "/app", Environment::new()).unwrap()
}

fn config(words: &[&str]) -> Vec<String> {
    of(words).config_options().args
}

#[test]
fn config_is_read_where_the_backend_reads_it() {
    for words in [
        &["node", "packages/backend", "--config", "a.yaml", "--config=b.yaml"][..],
        &[
            "/usr/bin/node",
            "-r",
            "dotenv/config",
            "--no-node-snapshot",
            "index.cjs.js",
            "--config",
            "a.yaml",
            "--config=b.yaml",
        ],
        &[
            "node",
            "--",
            "packages/backend",
            "--config",
            "a.yaml",
            "--config=b.yaml",
            "--",
            "--config",
            "c.yaml",
        ],
        &["backstage-cli", "package", "start", "--config", "a.yaml", "--inspect", "--config", "b.yaml"],
        &["node_modules/.bin/backstage-cli", "repo", "start", "--config=a.yaml", "--config=b.yaml"],
        &["yarn", "start", "--config", "a.yaml", "--config", "b.yaml"],
        &["yarn", "start", "--", "--config", "a.yaml", "--config", "b.yaml"],
        &["npm", "start", "--config", "of-npm", "--", "--config", "a.yaml", "--config", "b.yaml"],
        &["npx", "backstage-cli", "package", "start", "--config", "a.yaml", "--config", "b.yaml"],
        &["tini", "-g", "--", "node", "packages/backend", "--config", "a.yaml", "--config", "b.yaml"],
        &["dumb-init", "node", "packages/backend", "--config", "a.yaml", "--config", "b.yaml"],
        &["sh", "-c", "exec node packages/backend --config a.yaml --config 'b.yaml'"],
        &["/bin/bash", "-ec", "node packages/backend --config=a.yaml --config \"b.yaml\""],
        &["./start.sh", "--config", "a.yaml", "--config", "", "--config=", "--config", "b.yaml"],
    ] {
        assert_eq!(config(words), ["--config=a.yaml", "--config=b.yaml"], "{words:?}");
        assert!(of(words).names_config());
    }
}

#[test]
fn without_config_the_default_files_are_read() {
    for words in [
        &["node", "packages/backend"][..],
        &["node", "packages/backend", "--", "--config", "a.yaml"],
        &["node", "packages/backend", "--configuration", "a.yaml", "--config-file=b.yaml"],
        &["npm", "start", "--config", "of-npm"],
        &["sh", "-c", "node packages/backend --config $FILE"],
        &["sh", "-c"],
        &["yarn"],
    ] {
        assert_eq!(config(words), Vec::<String>::new(), "{words:?}");
        assert!(!of(words).names_config());
    }
}

#[test]
fn config_without_a_file_is_left_for_the_reader_of_config_to_refuse() {
    for words in [
        &["node", "packages/backend", "--config"][..],
        &["node", "packages/backend", "--config", "--inspect"],
    ] {
        assert_eq!(config(words), ["--config"]);
        let error = greenroom_config::ConfigSources::find(&of(words).config_options()).unwrap_err();
        assert_eq!(error.message(), "Config argument --config needs a file");
    }
}

#[test]
fn the_environment_and_the_directory_are_the_childs() {
    let mut command = of(&["node", "packages/backend"]);
    command.env.insert("APP_CONFIG_app_title".into(), "Ours".into());
    command.env.insert("NODE_ENV".into(), "production".into());
    let options = command.config_options();
    assert_eq!((options.cwd.to_str(), options.env["APP_CONFIG_app_title"].as_str()), (Some("/app"), "Ours"));
    assert!(command.is_production() && !of(&["node"]).is_production());
}

#[test]
fn there_has_to_be_a_program() {
    let error = ChildCommand::new([], "/app", Environment::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no program to run: write it after `--`, as in `-- node packages/backend`"
    );
}

#[test]
fn who_keeps_signals_from_the_backend_is_told_with_the_line_to_use_instead() {
    let warning = |words: &[&str]| of(words).signal_warning();
    let begin = |name: &str| {
        format!(
            "`{name}` stands between Greenroom and the backend and may keep signals from it, so that a stop is no stop in order: "
        )
    };
    for (words, name, instead) in [
        (&["yarn", "start"][..], "yarn", "write `-- node packages/backend` instead"),
        (
            &["/usr/bin/npm", "start", "--", "--config", "a.yaml"],
            "npm",
            "write `-- node packages/backend --config=a.yaml` instead",
        ),
        (&["tini", "--", "pnpm", "start"], "pnpm", "write `-- node packages/backend` instead"),
        (&["npx", "backstage-cli", "package", "start"], "npx", "write `-- node packages/backend` instead"),
        (
            &["sh", "-c", "node packages/backend --token hunter2"],
            "sh",
            "write `-- node packages/backend` instead",
        ),
        (
            &["bash", "-c", "migrate && node packages/backend"],
            "bash",
            "begin the last command of its script with `exec` instead",
        ),
    ] {
        assert_eq!(warning(words), Some(begin(name) + instead), "{words:?}");
    }
    for words in [
        &["node", "packages/backend"][..],
        &["tini", "--", "node", "packages/backend"],
        &["backstage-cli", "package", "start"],
        &["sh", "-c", "exec node packages/backend --config $FILE"],
    ] {
        assert_eq!(warning(words), None, "{words:?}");
    }
}

#[test]
fn what_is_run_is_not_shown() {
    let mut command = of(&["node", "packages/backend", "--token=hunter2"]);
    command.env.insert("GITHUB_TOKEN".into(), "hunter2".into());
    assert!(!format!("{command:?}").contains("hunter2"));
}

proptest! {
    #[test]
    fn every_file_is_found_in_its_order_whatever_stands_between(
        files in prop::collection::vec(("[a-z./]{1,8}", any::<bool>(), prop::option::of("--?[a-bd-z]{1,6}(=[a-z]{0,3})?")), 0..6),
    ) {
        let mut words = vec!["node".to_owned(), "packages/backend".to_owned()];
        for (file, is_one_word, other) in &files {
            words.extend(other.clone());
            match is_one_word {
                true => words.push(format!("--config={file}")),
                false => words.extend(["--config".to_owned(), file.clone()]),
            }
        }
        let expected: Vec<_> = files.iter().map(|(file, ..)| format!("--config={file}")).collect();
        prop_assert_eq!(config(&words.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn whatever_the_words_are_they_are_read(words in prop::collection::vec(
        prop_oneof!["sh|node|npm|yarn|npx|tini|-c|--|--config|--config=", any::<String>()], 0..8,
    )) {
        if let Ok(command) = ChildCommand::new(words.into_iter().map(Into::into), "/app", Environment::new()) {
            let _ = (command.config_options(), command.signal_warning());
        }
    }
}
