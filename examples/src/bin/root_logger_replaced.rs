//! A root logger of one's own, made of what config says and one field more.

use greenroom::prelude::*;
use greenroom_defaults::create_backend;

// region: replace
fn my_root_logger() -> ServiceFactory {
    service(async |config: RootConfig| Ok(RootLogger::builder_from(&config)?.field("region", "eu-1").build()))
}

#[tokio::main]
async fn main() {
    create_backend().add(my_root_logger()).run().await
}
// endregion
