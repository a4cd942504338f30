use greenroom_logging::{Logger, fields};

fn main() {
    let log = Logger::noop();
    log.info("Refreshed", fields! { entities: 12 });
}
