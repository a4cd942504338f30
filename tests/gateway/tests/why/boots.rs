//! `greenroom boot` and `greenroom probes` of starts that went well.

use std::io::Write;

use greenroom_conformance::version::Version;
use greenroom_gateway_tests::{Setup, in_time};

use crate::told::{TOKEN, at, greenroom_says};

#[tokio::test]
async fn why_8_the_start_of_a_wrapped_node_and_our_own_are_shown_in_one_form_and_kept() {
    let place = tempfile::tempdir().expect("a directory");
    let config = format!("greenroom: {{dataDir: '{}'}}", place.path().display());
    let setup = Setup::new(Version::newest())
        .features("healthcheck,gw")
        .env("GREENROOM_OPS_TOKEN", TOKEN)
        .config(&config);
    let mut greenroom = setup.wrapped().await;
    let url = at(greenroom.port());
    let shown = greenroom_says(&["boot", &url], Some(TOKEN)).await;
    assert_eq!(shown.code, Some(0), "{shown:?}");
    for part in [
        "The Node backend started in ",
        "What held it: loading 'packages' ",
        "plugin 'gw'",
        "Greenroom started in ",
        "* held the start",
    ] {
        assert!(shown.text.contains(part), "{part}\n{}", shown.text);
    }
    // It is kept once it is looked at.
    in_time("both starts", async {
        loop {
            let kept = std::fs::read_to_string(place.path().join("boots.jsonl")).unwrap_or_default();
            if kept.contains("\"backend\":\"node\"") && kept.contains("\"backend\":\"greenroom\"") {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    })
    .await;
    greenroom.terminate().expect("it runs");
    greenroom.exit().await.expect("it ends");
    // What is kept tells as much as what runs.
    let kept = std::fs::read_to_string(place.path().join("boots.jsonl")).expect("it is kept");
    for line in kept.lines() {
        let boot: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert!(boot["criticalPath"].as_array().is_some_and(|path| !path.is_empty()), "{boot}");
    }

    let again = setup.wrapped().await;
    let shown = greenroom_says(&["boot", "--json", &at(again.port())], Some(TOKEN)).await.json();
    let boots = shown["boots"].as_array().cloned().unwrap_or_default();
    assert_eq!(boots.len(), 2, "{shown}");
    for boot in &boots {
        assert!(boot["before"]["byMs"].is_number(), "a start is compared with the one before: {boot}");
        assert!(boot["criticalPath"].as_array().is_some_and(|path| !path.is_empty()), "{boot}");
    }
    let probes = greenroom_says(&["probes", &at(again.port())], Some(TOKEN)).await;
    let measured = "of 2 starts that Greenroom tells of took ";
    assert!(probes.code == Some(0) && probes.text.contains(measured), "{}", probes.text);
}

#[tokio::test]
async fn why_9_probes_for_a_plain_node_have_the_paths_that_answer_and_are_sized_by_its_log() {
    let node = Setup::new(Version::newest()).features("healthcheck,gw").node_alone().await;
    let url = at(node.port());
    let guessed = greenroom_says(&["probes", &url], None).await;
    assert_eq!(guessed.code, Some(0), "{guessed:?}");
    for part in [
        "Paths: both were asked and answer.",
        &format!("port: {}", node.port()),
        "path: /.backstage/health/v1/readiness",
        "path: /.backstage/health/v1/liveness",
        "no start was measured",
    ] {
        assert!(guessed.text.contains(part), "{part}\n{}", guessed.text);
    }
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(node.output().as_bytes()).expect("it is written");
    let path = file.path().to_str().expect("a path");
    let sized = greenroom_says(&["probes", &url, "--log", path], None).await;
    assert!(
        sized.text.contains("the start that the log, from its first line on, tells of took "),
        "{}",
        sized.text
    );
    let shown = greenroom_says(&["boot", "--log", path], None).await;
    assert!(shown.code == Some(0) && shown.text.starts_with("The Node backend started in "), "{shown:?}");
    let none = greenroom_says(&["boot", &url], None).await;
    assert!(none.code == Some(3) && none.text.contains("--log -"), "{none:?}");
}
