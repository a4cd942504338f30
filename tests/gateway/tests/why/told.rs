//! What the command says, and what a sentence must be.

use std::{ffi::OsStr, process::Stdio};

use greenroom_gateway_tests::setup::greenroom;
use serde_json::Value;
use tokio::process::Command;

/// The ops token of all backends here.
pub(crate) const TOKEN: &str = "a-token-for-who-asks-it-why";

/// What a command has said.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    errors: String,
}

/// Runs `greenroom` with these words, in a directory of its own unless there is one.
pub(crate) async fn greenroom_says(words: &[impl AsRef<OsStr>], token: Option<&str>) -> Told {
    let directory = tempfile::tempdir().expect("a directory");
    let mut command = Command::new(greenroom());
    command.args(words).current_dir(directory.path()).stdin(Stdio::null()).kill_on_drop(true);
    command.env_remove("GREENROOM_OPS_TOKEN").env("NO_PROXY", "*").env("NODE_ENV", "production");
    command.envs(token.map(|token| ("GREENROOM_OPS_TOKEN", token)));
    let ended = command.output().await.expect("it runs");
    Told {
        code: ended.status.code(),
        text: String::from_utf8(ended.stdout).expect("text"),
        errors: String::from_utf8_lossy(&ended.stderr).into_owned(),
    }
}

/// `greenroom why` with these words.
pub(crate) async fn why(words: &[&str], token: Option<&str>) -> Told {
    let words: Vec<_> = ["why", "--json"].iter().chain(words).collect();
    greenroom_says(&words.iter().map(|word| **word).collect::<Vec<_>>(), token).await
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It ends with this code and this cause, and its one sentence has these words. No request of it took longer than a run may, and
    /// there are at most 15.
    #[track_caller]
    pub(crate) fn names(&self, code: i32, cause: &str, words: &[&str]) {
        let told = self.json();
        let sentence = told["sentence"].as_str().unwrap_or_default();
        assert_eq!((self.code, &told["cause"]), (Some(code), &cause.into()), "{sentence}\n{}", self.text);
        for word in words {
            assert!(sentence.contains(word), "{word:?} is not in: {sentence}");
        }
        assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
        let requests = told["requests"].as_array().map_or(0, Vec::len);
        assert!(requests <= 15, "{requests} requests");
        let last =
            told["requests"].as_array().into_iter().flatten().filter_map(|one| one["ms"].as_u64()).max();
        assert!(last.unwrap_or_default() < 5000, "{last:?} ms");
        assert!(!self.text.contains(TOKEN) && !self.errors.contains(TOKEN), "the token is shown");
    }
}

/// The URL of a port here.
pub(crate) fn at(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}
