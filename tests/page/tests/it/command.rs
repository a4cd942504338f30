//! `greenroom --help`, `config check`, `config print`.

use greenroom_page::{Finished, Program};

const CONFIG: &str = "app:\n  title: Greenroom\nbackend:\n  baseUrl: http://localhost:7007\n  \
                      auth:\n    externalAccess:\n      - type: static\n        options: {token: page-test-secret, subject: tests}\n";

/// What a person sees, less the directory, which is another each time.
fn seen(ended: &Finished) -> String {
    let text = format!("code {:?}\n{}\n---\n{}", ended.code, ended.stdout, ended.stderr);
    let directory = std::env::temp_dir();
    let pattern = format!("{}/[.A-Za-z0-9]+", directory.display().to_string().trim_end_matches('/'));
    regress::Regex::new(&pattern).expect("a pattern").replace_all(&text, "<directory>")
}

#[tokio::test]
async fn help() {
    insta::assert_snapshot!(seen(&Program::greenroom().args("--help").run().await), @r#"
    code Some(0)
    A backend for Backstage that says what it does and why

    Usage: greenroom [OPTIONS] [COMMAND]

    Commands:
      start      Start the backend and serve until SIGTERM or SIGINT (the default command)
      config     Look at the configuration
      ops        Look after the running backend
      telemetry  Look after traces and metrics
      rum        Commands of the plugin `rum`
      gateway    Stand in front of a Node backend that somebody else runs: take `backend.listen`, and
                 pass on what is not ours
      run        Run a Node backend as a child process: signals, its end and its exit code are passed on
      look       Look at a running Backstage from outside, by its URL, and say what its operator should
                 know
      logs       Show and filter log lines, of Node's backend and of this one
      why        Say in one sentence what is wrong with a Backstage: since when, whom it hits, what to
                 do
      probes     Print Kubernetes' probes for a backend, sized from the starts that were measured; each
                 figure says what it comes from
      boot       Show how the last start went: what it did when, what held it, what failed and why, and
                 what took longer than before
      conform    Ask two live backends the same, and tell in what their answers differ
      install    Copy this program into a directory, such as a volume that an init container shares with
                 a Node backend's image
      help       Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>  A config file; repeat it to layer several, the last one wins. Without it:
                           app-config.yaml and its variants
      -h, --help           Print help
      -V, --version        Print version

    Environment:
      APP_CONFIG_<key>   sets a config key, such as APP_CONFIG_backend_listen=':7008'
      NODE_ENV           `production`: JSON log lines; `development`: stacks in error bodies
      LOG_LEVEL          error, warn, info or debug; wins over backend.logger.level
      LOG_FORMAT         backstage, pretty or node; wins over greenroom.logger.format
      BACKSTAGE_ENV      which app-config.<env>.yaml files are read besides

    Exit codes: 0 stopped, 1 start or config failed, 2 usage, 130/143 forced by a second signal;
      of a child process its own, and 127 where it cannot take our place
    ---
    "#);
}

#[tokio::test]
async fn version() {
    insta::assert_snapshot!(seen(&Program::greenroom().args("--version").run().await), @r#"
    code Some(0)
    greenroom 0.1.0
    ---
    "#);
}

#[tokio::test]
async fn config_check_of_a_fine_config() {
    insta::assert_snapshot!(seen(&Program::greenroom().config(CONFIG).args("config check").run().await), @r#"
    code Some(0)
    Loading config from MergedConfigSource{FileConfigSource{path="<directory>/app-config.yaml"}, EnvConfigSource{count=0}}
    1 secret will be redacted in logs
    The configuration is fine
    ---
    "#);
}

#[tokio::test]
async fn config_check_reports_all_that_is_wrong() {
    let config =
        "backend:\n  listen: nowhere\n  logger:\n    level: loud\ngreenroom:\n  plugins:\n    tasks: 7\n";
    insta::assert_snapshot!(seen(&Program::greenroom().config(config).args("config check").run().await), @r#"
    code Some(1)
    Loading config from MergedConfigSource{FileConfigSource{path="<directory>/app-config.yaml"}, EnvConfigSource{count=0}}
    0 secrets will be redacted in logs
    ---
    warning: backend.baseUrl is not set: a Node backend on this config does not get ready
      × Invalid config at backend.logger.level, 'loud' is not a valid logging level, must be one of 'error', 'warn', 'info' or 'debug'. (app-config.yaml:4:12)
       ╭─[app-config.yaml:4:12]
     4 │     level: loud
       ·            ────
       ╰────
      × Unable to parse listen address nowhere, expected <port> or <host>:<port> (app-config.yaml:2:11)
       ╭─[app-config.yaml:2:11]
     2 │   listen: nowhere
       ·           ───┬───
       ·              ╰── backend.listen
       ╰────
      × greenroom.plugins.tasks is 7, expected true or false (app-config.yaml:7:12)
       ╭─[app-config.yaml:7:12]
     7 │     tasks: 7
       ·            ─
       ╰────
    error: 3 things in the configuration are wrong
    "#);
}

/// What a start would fail for, or a plugin in it, the command tells before.
#[tokio::test]
async fn config_check_knows_which_databases_are_here() {
    let checked = async |client: &str| {
        let config = format!("backend:\n  database:\n    client: {client}\n    connection: {{}}\n");
        Program::greenroom().config(&config).args("config check").run().await
    };
    let typo = checked("postgress").await;
    assert_eq!(typo.code, Some(1), "{typo:?}");
    let told = "backend.database.client is 'postgress', expected 'better-sqlite3', 'sqlite3' or 'pg' (app-config.yaml:3:13)";
    assert!(typo.stderr.contains(told), "{}", typo.stderr);
    assert!(typo.stderr.contains("`pg`, which is PostgreSQL"), "{}", typo.stderr);

    let of_node = checked("mysql2").await;
    assert_eq!(of_node.code, Some(0), "{of_node:?}");
    let told = "warning: A plugin that asks for a database does not start, unless it has a client of its own: \
                backend.database.client is 'mysql2', and Greenroom has 'better-sqlite3', 'sqlite3' and 'pg' \
                (app-config.yaml:3:13)";
    assert!(of_node.stderr.contains(told), "{}", of_node.stderr);
}

#[tokio::test]
async fn config_print_hides_secrets() {
    insta::assert_snapshot!(seen(&Program::greenroom().config(CONFIG).args("config print").run().await), @r#"
    code Some(0)
    app:
      title: Greenroom
    backend:
      baseUrl: http://localhost:7007
      auth:
        externalAccess:
          -
            type: static
            options:
              token: <secret>
              subject: tests
    ---
    "#);
}

#[tokio::test]
async fn config_print_with_sources_tells_file_and_line() {
    let program = Program::greenroom().config(CONFIG).env("APP_CONFIG_app_title", "From outside");
    insta::assert_snapshot!(seen(&program.args("config print --with-sources").run().await), @r#"
    code Some(0)
    app:
      title: From outside  # environment variable APP_CONFIG_app_title
    backend:
      baseUrl: http://localhost:7007  # app-config.yaml:4
      auth:
        externalAccess:
          -
            type: static  # app-config.yaml:7
            options:
              token: <secret>  # app-config.yaml:8
              subject: tests  # app-config.yaml:8
    ---
    "#);
}

#[tokio::test]
async fn what_a_schema_beside_the_config_declares_secret_is_hidden_and_counted() {
    let declared = r#"{"backstageConfigSchemaVersion": 1, "schemas": [{"packageName": "pager", "path": "p", "value":
        {"type": "object", "properties": {"pager": {"type": "object", "properties": {"key": {"type": "string", "visibility": "secret"}}}}}}]}"#;
    let program = || {
        let program = Program::greenroom().config("pager: {key: page-test-secret, region: eu}\n");
        program.file(".config-schema.json", declared)
    };
    let printed = program().args("config print").run().await;
    assert_eq!(printed.stdout.trim_end(), "pager:\n  key: <secret>\n  region: eu");
    let checked = program().args("config check").run().await;
    assert!(checked.stdout.contains("1 secret will be redacted in logs"), "{}", checked.stdout);
}

#[tokio::test]
async fn all_config_files_count_wherever_they_stand_among_the_arguments() {
    let (one, two) = ("a: one\nb: one\nc: one\n", "b: two\nc: two\n");
    let program =
        || Program::greenroom().file("1.yaml", one).file("2.yaml", two).file("3.yaml", "c: three\n");
    for args in [
        "--config 1.yaml --config=2.yaml config print --config 3.yaml",
        "--config 1.yaml config --config 2.yaml print --config 3.yaml",
        "config print --config 1.yaml --config 2.yaml --config 3.yaml",
    ] {
        let printed = program().args(args).run().await;
        let mut lines: Vec<_> = printed.stdout.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["a: one", "b: two", "c: three"], "{args}\n{}", printed.stderr);
    }
}
