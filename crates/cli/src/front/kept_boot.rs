//! Keeps how a Node backend that we run has started, beside our own starts: for `greenroom boot` and `greenroom probes`.

use std::{path::PathBuf, time::Duration};

use greenroom::{data_dir::RecentLines, logging::Logger, ops::kept_boot};
use greenroom_plugin_gateway::Gateway;
use tokio::time::sleep;

/// A start is looked at so often until it has ended: no line of Node's tells that it is another one's turn.
const STARTING: Duration = Duration::from_secs(2);

/// The same once it has ended: Node may be started again.
const STARTED: Duration = Duration::from_secs(20);

/// Keeps each start once, when it has ended.
pub(super) async fn keep(gateway: Gateway, data_dir: PathBuf, logger: Logger) {
    let lines = RecentLines::at(&data_dir.join(RecentLines::BOOTS));
    let mut known = None;
    loop {
        let mut boot = gateway.boot_document();
        let has_ended = !boot["outcome"].is_null();
        let began = boot["beganAt"].as_str().map(str::to_owned);
        if has_ended && began != known {
            boot["backend"] = "node".into();
            if let Err(error) = lines.push(&kept_boot(boot)) {
                // Nothing is lost but a comparison.
                logger.debug(format!("How the Node backend started is not kept: {error}"));
            }
            known = began;
        }
        sleep(if has_ended { STARTED } else { STARTING }).await;
    }
}
