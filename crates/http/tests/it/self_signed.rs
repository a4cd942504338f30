//! `backend.https: true`.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use greenroom_config::RootConfig;
use greenroom_http::{HttpSettings, Https, SELF_SIGNED_FILE};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    kit::{Kit, Up},
    tls::{DAY, certificate, connect, trusting},
};

const MADE: &str = "Generating new self-signed certificate";
const USED: &str = "Using existing self-signed certificate";
const UNUSABLE: &str = "Unable to use existing self-signed certificate, ";

async fn start(data_dir: &Path, base_url: &str) -> Up {
    Kit::new()
        .config("backend.https", json!(true))
        .config("backend.baseUrl", json!(base_url))
        .config("greenroom.dataDir", json!(data_dir))
        .start()
        .await
}

fn place() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("state").join(SELF_SIGNED_FILE);
    (dir, file)
}

/// What was said of the certificate.
fn said(up: &Up) -> Vec<String> {
    let lines = up.lines.json();
    let messages = lines.iter().filter_map(|line| line["message"].as_str());
    messages.filter(|message| message.contains("self-signed")).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_self_signed_certificate_is_made_once_and_used_again() {
    let (_dir, file) = place();
    let up = start(file.parent().unwrap(), "https://Dev.example.com:7007/x").await;
    assert_eq!(said(&up), [MADE]);
    let kept = fs::read_to_string(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for name in ["localhost", "localhost.localdomain", "127.0.0.1", "::1", "dev.example.com"] {
        let mut connection = connect(up.client, trusting(&kept), name).await.unwrap();
        assert_eq!(connection.ask("GET", "/nope", &[], b"").await.status, 404, "{name}");
    }
    assert!(connect(up.client, trusting(&kept), "example.com").await.is_err());
    up.stop().await.unwrap();

    let again = start(file.parent().unwrap(), "https://dev.example.com").await;
    assert_eq!((said(&again), fs::read_to_string(&file).unwrap()), (vec![USED.to_owned()], kept.clone()));
    connect(again.client, trusting(&kept), "localhost").await.unwrap();
}

#[tokio::test]
async fn a_self_signed_certificate_is_made_anew_near_its_end_or_for_another_host() {
    for (valid, host, expected) in [(4, "localhost", MADE), (6, "localhost", USED), (6, "dev.example", MADE)]
    {
        let (_dir, file) = place();
        fs::create_dir(file.parent().unwrap()).unwrap();
        let (cert, key) = certificate(DAY * valid);
        fs::write(&file, cert + &key).unwrap();
        let up = start(file.parent().unwrap(), &format!("https://{host}")).await;
        assert_eq!(said(&up), [expected], "{valid} days, {host}");
    }
}

#[tokio::test]
async fn a_file_that_is_none_is_told_and_replaced() {
    let (_dir, file) = place();
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(&file, "nonsense").unwrap();
    let up = start(file.parent().unwrap(), "https://localhost").await;
    let said = said(&up);
    assert!(said[0].starts_with(UNUSABLE) && said[1] == MADE, "{said:?}");
    connect(up.client, trusting(&fs::read_to_string(&file).unwrap()), "localhost").await.unwrap();
}

#[tokio::test]
async fn without_a_place_to_keep_it_it_is_served_all_the_same() {
    let (dir, _) = place();
    let taken = dir.path().join("taken");
    fs::write(&taken, "").unwrap();
    let up = start(&taken, "https://localhost").await;
    let lines = up.lines.json();
    let line = lines.iter().find(|line| line["level"] == "warn").unwrap();
    let message = line["message"].as_str().unwrap();
    assert!(message.contains("self-signed certificate"), "{message}");
    assert!(said(&up).contains(&MADE.to_owned()), "{:?}", said(&up));
}

#[test]
fn a_base_url_is_needed_and_names_the_host() {
    let read = |base_url: &str| {
        let config = RootConfig::from_yaml(&format!("backend:\n  https: true\n{base_url}\n")).unwrap();
        HttpSettings::from_config(&config, None)
    };
    let missing = read("").unwrap_err().to_string();
    assert!(missing.contains("Missing required config value at 'backend.baseUrl'"), "{missing}");
    let bad = read("  baseUrl: nonsense").unwrap_err().to_string();
    assert!(bad.contains("Invalid baseUrl \"nonsense\"") && bad.contains("mock-config:3"), "{bad}");
    for url in ["http://me:hunter2@a b", "http//me:hunter2@a", "me:hunter2@a", "http:///me:hun/hunter2@a"] {
        let secret = read(&format!("  baseUrl: '{url}'")).unwrap_err().to_string();
        assert!(!secret.contains("hunter2") && secret.contains("***@a"), "{secret}");
    }
    for (url, host) in [("https://Dev.example.com:7007/x", "dev.example.com"), ("http://[::1]:7007", "::1")] {
        let https = read(&format!("  baseUrl: '{url}'")).unwrap().https;
        assert!(matches!(https, Some(Https::SelfSigned { hostname }) if hostname == host), "{url}");
    }
    let off = RootConfig::from_json(json!({"backend": {"https": false}})).unwrap();
    assert!(HttpSettings::from_config(&off, None).unwrap().https.is_none());
}
