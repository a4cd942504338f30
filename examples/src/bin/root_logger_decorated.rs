//! One more field on every line, whichever root logger is installed.

use greenroom::prelude::*;
use greenroom_defaults::create_backend;

// region: decorate
fn region_on_every_line() -> Decorator {
    decorate(async |inner: RootLogger| Ok(inner.with_fields(fields! { region: "eu-1" })))
}

#[tokio::main]
async fn main() {
    create_backend().add(region_on_every_line()).run().await
}
// endregion
