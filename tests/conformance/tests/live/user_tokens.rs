//! What a Node backend makes of the tokens that Greenroom issues: its own code verifies them, by the keys that we publish.

use std::{path::Path, process::Stdio, time::Duration};

use greenroom::auth::{AuthenticateOptions, UserTokens};
use greenroom_conformance::{peer, version::Version};
use greenroom_plugin_auth::auth;
use greenroom_test::TestBackend;
use serde_json::{Value, json};
use tokio::process::Command;

/// How long Node may take.
const PATIENCE: Duration = Duration::from_secs(60);

async fn nodes_word(version: Version, url: &str, token: &str) -> Value {
    let (node, installed) = peer::node(version).unwrap_or_else(|error| panic!("{error}"));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peer/user-token.js");
    let mut command = Command::new(node);
    command.arg(script).env("NODE_PATH", installed.join("node_modules")).current_dir(&installed);
    command.env("AUTH_URL", url).env("USER_TOKEN", token).stdin(Stdio::null()).kill_on_drop(true);
    let output =
        tokio::time::timeout(PATIENCE, command.output()).await.expect("Node ends").expect("Node starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"))
}

beside_each! {
    async fn node_verifies_our_user_token_and_the_limited_one_that_it_cuts_out_of_it(version: Version) {
        let config = json!({
            "backend": {"baseUrl": "http://localhost:7007"},
            "auth": {"providers": {"guest": {}}},
        });
        let backend = TestBackend::new().config(config).node_env("development").add(auth()).start().await.unwrap();
        let session = backend.post("/api/auth/guest/refresh").await.json();
        let token = session["backstageIdentity"]["token"].as_str().unwrap();
        let said = nodes_word(version, &format!("{}/api/auth", backend.url()), token).await;
        let guest = json!({"userEntityRef": "user:development/guest"});
        assert_eq!((&said["user"], &said["limitedUser"]), (&guest, &guest), "{said}");
        assert_eq!(said["tampered"], "Failed user token verification");
        assert_eq!(said["refused"].as_array().map(Vec::len), Some(1), "{said}");

        // And back: what Node has cut out is what we cut out, and we know whose it is.
        let users = backend.service::<UserTokens>().await.unwrap();
        let limited = said["limited"]["token"].as_str().unwrap();
        let options = AuthenticateOptions { allow_limited_access: true };
        let read = users.authenticate(limited, options, None).await.unwrap().unwrap();
        assert_eq!(read.require_user().unwrap(), "user:development/guest");
        let whole = users.authenticate(token, AuthenticateOptions::default(), None).await.unwrap().unwrap();
        let auth = greenroom_test::mock::auth_of("catalog");
        assert_eq!(auth.limited_user_token(&whole).await.unwrap().token, limited);
    }
}
