//! Sources that can be read but once.

use crate::{
    support::World,
    watching::{Told, watch, write},
};

#[cfg(unix)]
#[test]
fn a_pipe_is_read_once_and_what_it_includes_is_followed() {
    let world = World::new().file("x.txt", "one").args(&["--config", "pipe"]);
    let made = std::process::Command::new("mkfifo").arg(world.path("pipe")).status().unwrap();
    assert!(made.success());
    let pipe = world.path("pipe");
    #[expect(clippy::disallowed_methods, reason = "the other end of the pipe belongs to nobody here")]
    let writer = std::thread::spawn(move || std::fs::write(pipe, "# ours\na: {$file: x.txt}\nb: 1\n"));
    let watched = watch(&world);
    writer.join().unwrap().unwrap();
    assert_eq!(watched.config.place("b").unwrap().to_string(), "pipe:3:4");
    assert_eq!(watched.config.files(), [world.path("x.txt")]);
    assert_eq!(watched.config.file(), None);
    write(&world, "x.txt", "two");
    watched.until(&Told::Read(true));
    assert_eq!(watched.config.string("a").unwrap(), "two");
    assert_eq!(watched.config.number("b").unwrap(), 1.0);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_is_refused_while_the_backend_runs_and_the_file_read_again() {
    let world = World::new().file("app-config.yaml", "a: 1\n");
    let config = world.load();
    let path = world.path("app-config.yaml");
    std::fs::remove_file(&path).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());

    // Nobody writes to it: to open it would take for ever.
    let refused = config.reload().unwrap_err().to_string();
    assert!(refused.contains("pipes are read at the start alone"), "{refused}");
    assert_eq!(config.number("a").unwrap(), 1.0);

    std::fs::remove_file(&path).unwrap();
    write(&world, "app-config.yaml", "a: 2\n");
    assert!(config.reload().unwrap());
    assert_eq!(config.number("a").unwrap(), 2.0);
}
