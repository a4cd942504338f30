//! Where the token comes from.

use greenroom_data_dir::DataDirectory;
use greenroom_ops::{OpsEnvironment, OpsToken, TOKEN_FILE};
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::{Value, json};

use crate::kit;

async fn backend(config: Value, variable: Option<&str>, node_env: &str) -> RunningTestBackend {
    let token = OpsToken::factory(OpsEnvironment::of(variable.map(str::to_owned)), Some(node_env.to_owned()));
    let backend = TestBackend::new().config(kit::config(config)).add(kit::queue()).add(token);
    backend.start().await.unwrap()
}

async fn status(backend: &RunningTestBackend, token: &str) -> u16 {
    backend.get("/.greenroom").with_token(token).await.status.as_u16()
}

#[tokio::test]
async fn ops_13_a_token_is_made_at_the_first_start_and_is_the_same_at_the_next() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let config = json!({"greenroom": {"dataDir": dir.path()}});
    let first = backend(config.clone(), None, "development").await;
    let file = first.service::<DataDirectory>().await.unwrap().path().join(TOKEN_FILE);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let token = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!((status(&first, &token).await, status(&first, "wrong").await), (200, 401));
    let next = backend(config, None, "development").await;
    assert_eq!(status(&next, &token).await, 200);
}

#[tokio::test]
async fn ops_13_the_variable_wins_over_the_config() {
    let (variable, configured) = ("the-token-of-the-variable", "the-token-of-the-config-1");
    let config = json!({"greenroom": {"ops": {"token": configured}}});
    let both = backend(config.clone(), Some(variable), "production").await;
    assert_eq!((status(&both, variable).await, status(&both, configured).await), (200, 401));
    let one = backend(config, Some(""), "production").await;
    assert_eq!(status(&one, configured).await, 200);
}

#[tokio::test]
async fn ops_13_in_production_nothing_is_there_unless_a_token_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let off = backend(json!({"greenroom": {"dataDir": dir.path()}}), None, "production").await;
    for path in
        ["/.greenroom", "/.greenroom/sign-in", "/.greenroom/assets/sign-in.js", "/.greenroom/v1/queue/depth"]
    {
        let answer = off.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (404, 0), "{path}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "no token is made");
    let token = off.service::<OpsToken>().await.unwrap();
    assert!(token.why_absent().unwrap().contains("greenroom.ops.token"));
}

#[tokio::test]
async fn ops_13_where_no_token_can_be_kept_the_backend_runs_without_the_surface() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a-file");
    std::fs::write(&file, "").unwrap();
    let off = backend(json!({"greenroom": {"dataDir": file}}), None, "development").await;
    assert_eq!(off.get("/.backstage/health/v1/readiness").await.status, 200);
    assert_eq!(status(&off, "x").await, 404);
}
