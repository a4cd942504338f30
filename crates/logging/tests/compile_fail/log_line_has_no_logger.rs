use greenroom_logging::info;

fn main() {
    info!("hello");
}
