use greenroom_logging::{Logger, fields, info};

struct Opaque;

fn main() {
    let log = Logger::noop();
    log.child(fields! { state: Opaque });
    info!(log, state = Opaque, "x");
}
