use greenroom_logging::{Logger, warn};

fn main() {
    let log = Logger::noop();
    warn!(log, "Refreshed", entities = 12);
}
