//! `GREENROOM=off`: the way out that needs no other deployment. The child takes our place, as if we had never been there.

use std::{
    ffi::{OsStr, OsString},
    io,
    os::unix::process::CommandExt,
    process::Command,
};

/// The variable that switches us off.
pub const SWITCH: &str = "GREENROOM";

/// What [`SWITCH`] says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switch {
    /// Not there, empty or `on`: all of it.
    #[default]
    On,
    /// `pass`: requests and log lines go through as they are, and nothing is added.
    Pass,
    /// `off`: the child runs in our place.
    Off,
}

impl Switch {
    /// Reads it. A kill switch that is misspelt must not be passed over in silence.
    ///
    /// # Errors
    /// What it may be.
    pub fn parse(value: Option<&OsStr>) -> Result<Self, String> {
        let value = value.map(OsStr::to_string_lossy).unwrap_or_default();
        // As people write it in a hurry.
        match &*value.trim().to_ascii_lowercase() {
            "" | "on" | "true" | "1" => Ok(Self::On),
            "pass" => Ok(Self::Pass),
            "off" | "false" | "0" => Ok(Self::Off),
            _ => {
                Err(format!("{SWITCH}={value} is unknown: write {SWITCH}=off, {SWITCH}=pass or {SWITCH}=on"))
            }
        }
    }
}

/// With `GREENROOM=off`, and a command line of the form `greenroom run … -- program …`, the program takes the place of this
/// process: same pid, arguments, environment, directory and descriptors. Returns only if there is nothing to do, with `None`,
/// or if the program cannot be run, with the reason.
///
/// To be called first of all, before there is any thread, with the arguments as they come, the program's name among them:
///
/// ```no_run
/// use greenroom_wrap::exec_if_off;
///
/// if let Some(error) = exec_if_off(std::env::args_os(), |name| std::env::var_os(name)) {
///     eprintln!("{error}");
///     std::process::exit(127);
/// }
/// ```
pub fn exec_if_off(
    args: impl Iterator<Item = OsString>,
    env: impl FnOnce(&str) -> Option<OsString>,
) -> Option<io::Error> {
    if Switch::parse(env(SWITCH).as_deref()) != Ok(Switch::Off) {
        return None;
    }
    let mut child = args.skip(1);
    // Our own options are of no interest: they may be of a newer version, or wrong.
    let own: Vec<_> = child.by_ref().take_while(|arg| arg != "--").collect();
    if !own.iter().any(|arg| arg == "run") {
        return None;
    }
    let Some(program) = child.next() else {
        let text = format!("{SWITCH}=off needs a program to run: greenroom run -- node packages/backend");
        return Some(io::Error::new(io::ErrorKind::InvalidInput, text));
    };
    let error = Command::new(&program).args(child).exec();
    Some(io::Error::new(error.kind(), format!("{SWITCH}=off: cannot run {}: {error}", program.display())))
}
