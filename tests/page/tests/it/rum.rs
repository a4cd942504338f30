//! `greenroom rum doctor` beside a running `greenroom`.

use greenroom_page::{Finished, Program, Server};

const TOKEN: &str = "page-test-secret";

fn config(more: &str) -> String {
    format!(
        "app:
  datadogRum:
    clientToken: pub0123456789abcdef0123456789abcdef
    applicationId: 11111111-2222-4333-8444-555555555555
    site: datadoghq.eu
{more}backend:
  auth:
    externalAccess:
      - type: static
        options: {{token: {TOKEN}, subject: tests}}
greenroom:
  app: {{dist: dist}}
  rum: {{sdk: sdk}}
"
    )
}

/// The program with a front end and an SDK beside its config.
fn portal(more: &str) -> Program {
    let page = "<html><head><title>Portal</title><script src=\"/static/main.js\"></script></head></html>";
    let schema = r#"{"backstageConfigSchemaVersion": 1, "schemas": []}"#;
    Program::greenroom()
        .config(&config(more))
        .file("dist/index.html.tmpl", page)
        .file("dist/.config-schema.json", schema)
        .file("sdk/datadog-rum.js", "window.DD_RUM = {};")
        .file("token", &format!("{TOKEN}\n"))
}

async fn doctor(of: &Server, more: &str, arguments: &str) -> Finished {
    let url = format!("http://127.0.0.1:{}", of.port());
    portal(more).args("rum doctor --url").arg(url).args(arguments).run().await
}

#[tokio::test]
async fn rum_41_the_doctor_ends_with_the_code_that_its_help_says() {
    let help = Program::greenroom().args("rum doctor --help").run().await;
    assert_eq!(help.code, Some(0));
    assert!(
        help.stdout.contains("Exit codes: 0 nothing is in the way, 1 something keeps"),
        "{}",
        help.stdout
    );

    let server = portal("").start().await;
    let well = doctor(&server, "", "").await;
    assert_eq!(well.code, Some(0), "{well:?}");
    assert!(well.stdout.starts_with("Nothing keeps browser events from arriving"), "{}", well.stdout);
    assert!(well.stdout.contains("--token-file"), "{}", well.stdout);

    let counted = doctor(&server, "", "--token-file token").await;
    assert_eq!(counted.code, Some(0), "{counted:?}");
    // The doctor itself, who has asked for pages and scripts, is no browser.
    assert!(counted.stdout.contains(": 0 pages, 0 init scripts, 0 SDK files"), "{}", counted.stdout);
    for ended in [&well, &counted] {
        assert!(
            !ended.stdout.contains(TOKEN) && !ended.stdout.contains("0123456789abcdef"),
            "{}",
            ended.stdout
        );
    }

    let ill = portal("    sessionSampleRate: many\n").args("rum doctor").run().await;
    assert_eq!(ill.code, Some(1), "{ill:?}");
    let told = "is no number from 0 to 100\n where: app-config.yaml:6:24 (app.datadogRum.sessionSampleRate)";
    assert!(ill.stdout.contains(told), "{}", ill.stdout);

    // The backend runs with what the file said at its start.
    let later = doctor(&server, "    sessionSampleRate: many\n", "").await;
    assert_eq!(later.code, Some(0), "{later:?}");
    assert!(later.stdout.contains("warning: From the next start on: app.datadogRum"), "{}", later.stdout);

    let url = format!("http://127.0.0.1:{}", server.port());
    let alone = Program::greenroom().without("app-config.yaml").args("rum doctor --url").arg(url).run().await;
    assert_eq!(alone.code, Some(0), "{alone:?}");
    assert!(alone.stdout.contains("note: No config was read"), "{}", alone.stdout);

    let wrong = Program::greenroom().args("rum doctor --url localhost").run().await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");

    let no_token = Program::greenroom().args("rum doctor --token-file nowhere").run().await;
    assert_eq!(no_token.code, Some(2), "{no_token:?}");

    let url = format!("http://127.0.0.1:{}", server.port());
    server.stop().await;
    let gone = portal("").args("rum doctor --json --url").arg(url).run().await;
    assert_eq!(gone.code, Some(3), "{gone:?}");
    let json = "{\"verdict\":\"unknown\",\"exitCode\":3,\"answered\":false,\"answer\":\"It cannot be told";
    assert!(gone.stdout.starts_with(json), "{}", gone.stdout);
}

#[tokio::test]
async fn a_config_that_is_no_yaml_is_a_finding_of_the_doctor() {
    let broken = Program::greenroom().config("app: [\n").args("rum doctor").run().await;
    assert_eq!(broken.code, Some(1), "{broken:?}");
    assert!(
        broken.stdout.starts_with("Browser events do not arrive: the config cannot be read."),
        "{}",
        broken.stdout
    );
    let gone = Program::greenroom().args("--config app-confg.yaml rum doctor").run().await;
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.stdout.contains(" help: did you mean app-config.yaml?"), "{}", gone.stdout);
}

#[tokio::test]
async fn rum_41_a_token_that_is_none_is_wrong_usage() {
    for (file, why) in [("", "it is empty"), ("one\ntwo\n", "it holds more than a token")] {
        let ended = portal("").file("token", file).args("rum doctor --token-file token").run().await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(why), "{ended:?}");
    }
    let ended = portal("").env("GREENROOM_TOKEN", "").args("rum doctor").run().await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("GREENROOM_TOKEN is empty"), "{ended:?}");
}

/// A start logs it at error, and the two commands fail.
#[tokio::test]
async fn a_mode_that_is_none_is_an_error_wherever_it_is_told() {
    let of = |command: &str| {
        let mode = "greenroom: {rum: {mode: foward}}";
        let files = format!("--config app-config.yaml --config more.yaml {command}");
        portal("").file("more.yaml", mode).args(&files).run()
    };
    let told = "is none of auto, off, direct, forward, store, both: 'foward', did you mean 'forward'?";
    let (check, doctor) = (of("config check").await, of("rum doctor").await);
    assert_eq!((check.code, doctor.code), (Some(1), Some(1)), "{check:?}");
    assert!(check.stderr.contains(told) && doctor.stdout.contains(told), "{check:?} {doctor:?}");
}

#[tokio::test]
async fn rum_43_keys_that_nobody_reads_are_told_with_what_was_meant() {
    let more = "greenroom: {rmu: {mode: direct}}\nbackend: {csp: {script_src: [https://x.example]}}\n\
                app: {datadogRum: {clienttoken: x}}";
    let files = "--config app-config.yaml --config more.yaml rum doctor";
    let ended = portal("").file("more.yaml", more).args(files).run().await;
    for key in ["greenroom.rmu", "backend.csp.script_src", "app.datadogRum.clienttoken"] {
        assert!(ended.stdout.contains(key), "{key}: {}", ended.stdout);
    }
}

/// What `config check` refuses, the doctor does not find fine.
#[tokio::test]
async fn rum_43_a_config_that_does_not_start_keeps_events_from_arriving() {
    for (more, why) in [
        ("greenroom: {httpClient: {allowedAddresses: [nonsense]}}", "'nonsense' in greenroom.httpClient"),
        ("greenroom: {plugins: {healthcheck: maybe}}", "greenroom.plugins.healthcheck is \"maybe\""),
        ("greenroom: {plugins: {rum: 'off'}}", "greenroom.plugins.rum is \"off\", expected true or false"),
        ("greenroom: {plugins: {app: false}}", "and it is off: greenroom.plugins.app is false"),
    ] {
        let ended =
            portal("").file("more.yaml", more).args("--config app-config.yaml --config more.yaml rum doctor");
        let ended = ended.run().await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stdout.contains(why), "{}", ended.stdout);
    }
    let rum = "app: {datadogRum: {clientToken: pub0123456789abcdef, applicationId: b}BASE}\n\
               greenroom: {rum: {sdk: cdn}}\n";
    for (base, code, why) in [
        ("", 1, "none of app.baseUrl, app.packageName, greenroom.app.dist is set"),
        // A gateway has no front end either: offline it cannot be known.
        (", baseUrl: 'http://localhost:7007'", 0, "there is no package 'app' in the node_modules"),
    ] {
        let config = rum.replace("BASE", base);
        let ended = Program::greenroom().config(&config).args("rum doctor").run().await;
        assert_eq!(ended.code, Some(code), "{ended:?}");
        assert!(ended.stdout.contains(why), "{}", ended.stdout);
    }
}
