//! A backend with the plugin and its module.

use std::process::ExitCode;

use greenroom_defaults::create_backend;
use greetings::{greetings, loud};

#[tokio::main]
async fn main() -> ExitCode {
    create_backend().add(greetings()).add(loud()).run().await
}
