//! A program that leaves work of a minute behind, wherever it is asked to do anything.

use std::{process::ExitCode, thread::sleep, time::Duration};

use greenroom::{
    context::{spawn_blocking, spawn_thread},
    prelude::*,
};
use greenroom_program::Program;
use tokio::runtime::Handle;

const LONG: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    Program::new("program-under-test", "1.0.0").plugin(blocks).run()
}

#[expect(clippy::print_stdout, reason = "the test waits for this line")]
fn blocks() -> Plugin {
    leave_work();
    plugin("blocks", |env| {
        env.register_init(async || {
            drop(spawn_blocking("blocks", || {
                println!("\nblocks");
                sleep(LONG);
            }));
            Ok(())
        });
    })
}

/// On a runtime, if there is one: it would wait for that at its end.
fn leave_work() {
    if Handle::try_current().is_ok() {
        drop(spawn_blocking("left", || sleep(LONG)));
    }
    drop(spawn_thread("left", || sleep(LONG)));
}
