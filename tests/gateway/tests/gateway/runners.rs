//! A backend that `npm start` has started: what stands between it and Greenroom keeps no signal from it and adds none.

use std::{env, fs, path::Path};

use greenroom_conformance::{
    backend::{Backend, Launch},
    peer,
    scenarios::{READINESS, Scenario, Stage},
    version::Version,
};
use greenroom_gateway_tests::{Connection, process, says, setup};
use serde_json::Value;

/// The hooks of a stop, each of which takes a while.
const HOOKS: [&str; 3] = ["root beforeShutdown", "plugin shutdown", "root shutdown"];

/// A package whose `start` is this.
fn package(dir: &Path, start: &str) {
    let package = format!(
        r#"{{"name": "backend", "version": "0.0.0", "private": true, "main": "src/index.js",
            "backstage": {{"role": "backend"}}, "scripts": {{"start": "{start}"}}}}"#
    );
    fs::write(dir.join("package.json"), package).expect("a file");
    fs::create_dir(dir.join("src")).expect("a directory");
    let index = format!("require('{}');\n", setup::script().display());
    fs::write(dir.join("src/index.js"), index).expect("a file");
}

/// Greenroom around `npm start` in that package.
fn around(dir: &Path) -> Launch {
    let (_, installed) = peer::node(Version::newest()).unwrap_or_else(|error| panic!("{error}"));
    let cli = peer::target().join("app/project/node_modules/.bin");
    assert!(cli.join("backstage-cli").exists(), "there is no backstage-cli: run `cargo xtask app`");
    let own = env::var_os("PATH").unwrap_or_default();
    let places = [installed.join("node_modules/.bin"), cli].into_iter().chain(env::split_paths(&own));
    let launch = Launch::new([setup::greenroom()]);
    let launch = launch.with_arguments(["run", "--gateway", "--", "npm", "start", "--"]);
    peer::set_up(launch, &installed)
        .in_directory(dir)
        .with_env("PATH", env::join_paths(places).expect("no colon is in them"))
        .with_env("npm_config_update_notifier", "false")
        .with_env("LOG_FORMAT", "backstage")
        .with_config("greenroom: {run: {delay: 0s}}")
}

/// All that it has started, and what these have.
fn below(id: u32) -> Vec<u32> {
    let mut all = process::children(id);
    let mut next = 0;
    while let Some(&one) = all.get(next) {
        all.extend(process::children(one));
        next += 1;
    }
    all
}

#[tokio::test]
async fn gateway_122_below_npm_and_backstage_cli_a_stop_lets_a_request_finish_runs_each_hook_once_and_leaves_nobody()
 {
    for start in ["node src/index.js", "backstage-cli package start"] {
        let dir = tempfile::tempdir().expect("a directory");
        package(dir.path(), start);
        let scenario = Scenario {
            name: "npm start",
            stage: Stage::One,
            features: "healthcheck,gw,hooks",
            config: "",
            env: &[],
            steps: &[],
        };
        let mut greenroom = Backend::spawn(&around(dir.path()), &scenario).expect("it starts");
        let ready = greenroom.await_status(READINESS, 200).await;
        ready.unwrap_or_else(|error| panic!("{start}: {error}\n{}", greenroom.output()));
        let all = below(greenroom.id().expect("it runs"));
        let told = Connection::to(greenroom.port()).await.get("/api/gw/process").await;
        let node: Value = serde_json::from_slice(&told.body).expect("JSON");
        // npm, a shell perhaps, and whoever that starts.
        assert!(all.len() > 1 && all.iter().any(|id| node["pid"] == *id), "{start}: {all:?}, {node}");

        let mut request = Connection::to(greenroom.port()).await;
        request.send("GET /api/gw/slow/1500 HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
        says(&greenroom, "GW slow 1500").await;
        greenroom.terminate().expect("it runs");
        assert_eq!(request.answer().await.head.status, 200, "{start}: {}", greenroom.output());
        let code = greenroom.exit().await.expect("it ends");

        let output = greenroom.output();
        let records: Vec<Value> = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        for hook in HOOKS {
            for part in ["begin", "end"] {
                let text = format!("HOOK {hook} {part}");
                let count = records.iter().filter(|record| record["message"] == text.as_str()).count();
                assert_eq!(count, 1, "{start}: {text}\n{output}");
            }
        }
        let left: Vec<_> = all.into_iter().filter(|id| process::runs(*id)).collect();
        assert!(left.is_empty(), "{start}: {left:?} are left behind: {output}");
        // npm itself dies of the signal, after which its code is nobody's.
        assert_eq!(code, Some(143), "{start}: {output}");
    }
}
