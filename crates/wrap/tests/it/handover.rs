//! What a backend is told so that we listen where it would: P1 to P3 of what people have in their config.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use greenroom_config::RootConfig;
use greenroom_wrap::{ChildCommand, Environment, Handover};
use tempfile::TempDir;

const PORT: u16 = 41234;

/// A project with a config file, and a command in it.
struct Project {
    dir: TempDir,
    command: ChildCommand,
}

impl Project {
    fn new(yaml: &str, env: &[(&str, &str)], words: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("app-config.yaml"), yaml).unwrap();
        let env: Environment = env.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let command = ChildCommand::new(words.iter().map(Into::into), dir.path(), env).unwrap();
        Self { dir, command }
    }

    fn of(yaml: &str, env: &[(&str, &str)]) -> Self {
        Self::new(yaml, env, &["node", "packages/backend"])
    }

    fn config(&self) -> RootConfig {
        RootConfig::load(&self.command.config_options()).unwrap()
    }

    fn handover(&self) -> Handover {
        Handover::new(&self.config(), &self.command, &[], PORT, Path::new("/tmp/last.yaml")).unwrap()
    }

    /// The config that the backend reads then. A process gets its variables in the order of their names: it must not matter.
    fn moved(&self) -> RootConfig {
        let launch = Handover::prepare(&self.config(), &self.command, PORT).unwrap();
        let mut options = launch.command.config_options();
        let config = RootConfig::load(&options).unwrap();
        options.env.sort_keys();
        assert_eq!(RootConfig::load(&options).unwrap().get("").ok(), config.get("").ok());
        config
    }
}

fn variable<'a>(handover: &'a Handover, name: &str) -> Option<&'a str> {
    handover.env.get(std::ffi::OsStr::new(name)).map(|value| value.to_str().unwrap())
}

#[test]
fn wherever_it_would_listen_it_listens_on_the_port_of_the_loopback_interface() {
    for (listen, env) in [
        ("listen: ':7007'", &[][..]),
        ("listen: {port: 7007}", &[]),
        ("listen: {host: 0.0.0.0, port: 7007}", &[]),
        ("cors: {}", &[]),
        ("listen: ':7007'", &[("APP_CONFIG_backend_listen", "0.0.0.0:7007")]),
        (
            "cors: {}",
            &[("APP_CONFIG_backend_listen_port", "7007"), ("APP_CONFIG_backend_listen_host", "0.0.0.0")],
        ),
        ("cors: {}", &[("APP_CONFIG_backend", r#"{"listen":{"port":7007},"reading":{"allow":[]}}"#)]),
        (
            "cors: {}",
            &[("APP_CONFIG_backend", r#"{"listen":":7007"}"#), ("APP_CONFIG_backend_trustProxy", "true")],
        ),
        (
            "cors: {}",
            &[("APP_CONFIG_backend", r#"{"trustProxy":"loopback","server":{"keepAliveTimeout":100}}"#)],
        ),
        ("cors: {}", &[("APP_CONFIG_backend_server", r#"{"keepAliveTimeout":{"seconds":1},"timeout":7}"#)]),
        (
            "server: {keepAliveTimeout: {seconds: 5}}",
            &[("APP_CONFIG_backend_server_keepAliveTimeout_seconds", "2")],
        ),
    ] {
        let project = Project::of(&format!("backend: {{baseUrl: 'https://portal.example', {listen}}}"), env);
        let moved = project.moved();
        assert_eq!(moved.string("backend.listen").unwrap(), "127.0.0.1:41234", "{listen} {env:?}");
        assert_eq!(moved.string("backend.baseUrl").unwrap(), "https://portal.example");
        assert_eq!(moved.number("backend.trustProxy").unwrap(), 1.0);
        assert_eq!(moved.number("backend.server.keepAliveTimeout").unwrap(), 75_000.0);
    }
}

#[test]
fn what_else_variables_say_stays() {
    let object = r#"{"listen":":7007","reading":{"allow":[{"host":"a"}]},"z":1,"a":0.1}"#;
    let env = [
        ("APP_CONFIG_backend", object),
        ("APP_CONFIG_backend_listener", "1"),
        ("APP_CONFIG_backendX", "{ }"),
        ("A", "b"),
    ];
    let handover = Project::of("{}", &env).handover();
    assert_eq!(
        variable(&handover, "APP_CONFIG_backend"),
        Some(r#"{"reading":{"allow":[{"host":"a"}]},"z":1,"a":0.1}"#)
    );
    assert_eq!(variable(&handover, "APP_CONFIG_backend_listener"), Some("1"));
    assert_eq!(variable(&handover, "APP_CONFIG_backendX"), Some("{ }"));
    assert_eq!(variable(&handover, "A"), Some("b"));
    // An object that says nothing of it is left byte for byte.
    let handover = Project::of("{}", &[("APP_CONFIG_backend", "{ \"a\" : 1 }")]).handover();
    assert_eq!(variable(&handover, "APP_CONFIG_backend"), Some("{ \"a\" : 1 }"));
}

#[test]
fn a_variable_comes_after_the_object_around_it() {
    let env = [("APP_CONFIG_backend_listen", ":7007"), ("APP_CONFIG_backend_cors", "{}")];
    let command = Project::of("{}", &env);
    let names: Vec<_> = command.handover().env.keys().map(|name| name.to_str().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        [
            "APP_CONFIG_backend_cors",
            "APP_CONFIG_backend_listen",
            "APP_CONFIG_backend_trustProxy",
            "APP_CONFIG_backend_server_keepAliveTimeout",
            "NODE_OPTIONS"
        ]
    );
}

#[test]
fn a_keep_alive_that_is_longer_than_ours_stays() {
    for (timeout, stays) in [
        ("75001", true),
        ("'80000'", true),
        ("2m", true),
        ("{minutes: 2}", true),
        ("0", true),
        ("75000", false),
        ("5s", false),
    ] {
        let handover =
            Project::of(&format!("backend: {{server: {{keepAliveTimeout: {timeout}}}}}"), &[]).handover();
        let set = variable(&handover, "APP_CONFIG_backend_server_keepAliveTimeout");
        assert_eq!(set, (!stays).then_some("75000"), "{timeout}");
    }
    let wrong = Project::of("backend: {server: {keepAliveTimeout: soon}}", &[]);
    let error =
        Handover::new(&wrong.config(), &wrong.command, &[], PORT, Path::new("/f")).unwrap_err().to_string();
    assert!(
        error.contains("Invalid duration 'soon' in config at 'backend.server.keepAliveTimeout'"),
        "{error}"
    );
}

#[test]
fn https_is_taken_over_and_the_backend_speaks_plain_http() {
    let pem = "{certificate: {cert: a, key: b}}";
    for (https, env) in [
        ("true", &[][..]),
        (pem, &[]),
        ("false", &[("APP_CONFIG_backend_https", "true")]),
        ("false", &[("APP_CONFIG_backend", r#"{"https":true}"#)]),
        (pem, &[("APP_CONFIG_backend_https_certificate_key", "c")]),
    ] {
        let project = Project::of(&format!("{{app: {{title: Ours}}, backend: {{https: {https}}}}}"), env);
        let moved = project.moved();
        assert!(moved.optional_get("backend.https").unwrap().is_none(), "{https} {env:?}");
        // The default files are read as before.
        assert_eq!(moved.string("app.title").unwrap(), "Ours");
    }
}

#[test]
fn without_https_the_arguments_stay_as_they_are_and_there_is_no_file() {
    for yaml in ["{}", "backend: {https: false}", "backend: {https: null}"] {
        let project = Project::of(yaml, &[]);
        assert_eq!((project.handover().args, project.handover().file), (project.command.args.clone(), None));
        let launch = Handover::prepare(&project.config(), &project.command, PORT).unwrap();
        assert!(launch.file.is_none() && launch.port == Some(PORT));
    }
}

#[test]
fn the_last_file_only_its_owner_reads_and_it_is_gone_with_the_child() {
    let project = Project::of("backend: {https: true}", &[]);
    let launch = Handover::prepare(&project.config(), &project.command, PORT).unwrap();
    let path = launch.file.as_ref().unwrap().path().to_owned();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap(), "backend:\n  https: null\n");
    drop(launch);
    assert!(!path.exists());
}

#[test]
fn the_last_file_comes_after_those_that_the_backend_would_have_read() {
    let args = |words: &[&str]| {
        let project = Project::new("backend: {https: true}", &[], words);
        let path = project.dir.path().join("app-config.yaml");
        let handover = Handover::new(
            &project.config(),
            &project.command,
            std::slice::from_ref(&path),
            PORT,
            Path::new("/tmp/last file"),
        );
        let args = handover.unwrap().args.into_iter().map(|arg| arg.into_string().unwrap());
        args.map(|arg| arg.replace(path.to_str().unwrap(), "/app/default.yaml")).collect::<Vec<_>>()
    };
    let default = ["--config", "/app/default.yaml", "--config", "/tmp/last file"];
    let named = ["--config", "app-config.yaml", "--config", "/tmp/last file"];
    assert_eq!(args(&["node", "packages/backend"])[1..], default);
    assert_eq!(args(&["node", "packages/backend", "--config", "app-config.yaml"])[1..], named);
    assert_eq!(
        args(&["node", "packages/backend", "--", "--more"])[1..],
        [&default[..], &["--", "--more"]].concat()
    );
    assert_eq!(args(&["npm", "start"])[1..], [&["--"], &default[..]].concat());
    assert_eq!(args(&["npm", "start", "--", "--config", "app-config.yaml"])[2..], named);
    assert_eq!(args(&["yarn", "start", "--config", "app-config.yaml"])[1..], named);
    assert_eq!(args(&["tini", "--", "node", "packages/backend"])[3..], default);
    assert_eq!(
        args(&["sh", "-c", "exec node packages/backend"]),
        ["-c", "exec node packages/backend --config /app/default.yaml --config '/tmp/last file'"]
    );
}

#[test]
fn https_in_a_script_that_is_more_than_one_command_is_refused_with_what_to_write() {
    let project =
        Project::new("backend: {https: true}", &[], &["sh", "-c", "migrate && node packages/backend"]);
    let error = Handover::prepare(&project.config(), &project.command, PORT).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`backend.https` cannot be taken over: the backend's arguments cannot be found in a script of sh: run it without a shell, as in `-- node packages/backend`"
    );
}

#[test]
fn options_of_node_stay_in_effect_and_its_header_limit_has_room_for_what_we_add() {
    for (given, words, options, args, limit) in [
        (None, &["node", "b"][..], "--max-http-header-size=17408", &["b"][..], 16384),
        (Some(""), &["node", "b"], "--max-http-header-size=17408", &["b"], 16384),
        (
            Some("--no-node-snapshot --max-old-space-size=900"),
            &["node", "b"],
            "--no-node-snapshot --max-old-space-size=900 --max-http-header-size=17408",
            &["b"],
            16384,
        ),
        (
            Some("--max-http-header-size=65536"),
            &["yarn", "start"],
            "--max-http-header-size=65536 --max-http-header-size=66560",
            &["start"],
            65536,
        ),
        // Those of the command count more.
        (
            Some("--max-http-header-size=8192"),
            &["node", "--max-http-header-size=32768", "--inspect", "b", "--max-http-header-size=1"],
            "--max-http-header-size=8192",
            &[
                "--max-http-header-size=32768",
                "--max-http-header-size=33792",
                "--inspect",
                "b",
                "--max-http-header-size=1",
            ],
            32768,
        ),
        (
            None,
            &["tini", "node", "--max-http-header-size", "32768", "b"],
            "",
            &["node", "--max-http-header-size", "32768", "--max-http-header-size=33792", "b"],
            32768,
        ),
    ] {
        let env: Vec<_> = given.map(|given| ("NODE_OPTIONS", given)).into_iter().collect();
        let project = Project::new("{}", &env, words);
        let handover = project.handover();
        assert_eq!(variable(&handover, "NODE_OPTIONS").unwrap_or_default(), options);
        let args: Vec<_> = args.iter().map(Into::into).collect();
        assert_eq!((handover.args, project.command.header_limit()), (args, limit));
    }
}
