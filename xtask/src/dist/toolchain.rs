//! Whether a target can be built for here, and what cargo has to be told for it.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::Command,
};

use super::output;

/// Where cargo looks first for what it tells the compiler.
pub(crate) const RUST_FLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";
/// What stands between two flags there.
const SEPARATOR: &str = "\u{1f}";

/// What builds for one target.
#[derive(Debug)]
pub(crate) struct Toolchain {
    pub(crate) target: String,
    /// The compiler's own.
    host: String,
    /// Whose sources' paths are in panics, and say where on this machine they were.
    cargo_home: PathBuf,
}

impl Toolchain {
    /// That of this machine.
    pub(crate) fn find(target: &str) -> io::Result<Self> {
        let rustc = |arguments: &[&str]| output(Command::new("rustc").args(arguments));
        let std = rustc(&["--print", "target-libdir", "--target", target])?;
        if !Path::new(std.trim()).is_dir() {
            let text = format!(
                "Rust's standard library for {target} is not installed: `rustup target add {target}`, of the toolchain that \
                 `rustc --version` tells"
            );
            return Err(io::Error::other(text));
        }
        let told = rustc(&["--version", "--verbose"])?;
        let host = told.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        if let Some(missing) = missing_compiler(target, |name| std::env::var_os(name), is_installed) {
            return Err(io::Error::other(missing));
        }
        Ok(Self { target: target.to_owned(), host, cargo_home: cargo_home() })
    }

    /// What the compiler is told, as [`RUST_FLAGS`]: no path of this machine is to be in what is handed on, and nothing is to be
    /// loaded at run time that the machine may not have.
    ///
    /// By the environment, and after what it says already: cargo takes flags from one place only, and passes over those of its
    /// configuration wherever the environment has any.
    pub(crate) fn rust_flags(&self, env: impl Fn(&str) -> Option<String>) -> String {
        // As cargo reads them.
        let mut flags: Vec<_> = match (env(RUST_FLAGS), env("RUSTFLAGS")) {
            (Some(encoded), _) => {
                encoded.split(SEPARATOR).filter(|flag| !flag.is_empty()).map(str::to_owned).collect()
            }
            (None, plain) => plain.unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect(),
        };
        if let Some(home) = self.cargo_home.to_str().filter(|home| !home.is_empty()) {
            flags.push(format!("--remap-path-prefix={home}=/cargo"));
        }
        if self.target.ends_with("-musl") {
            // musl's targets do so today; that has been promised to change.
            flags.push("-Ctarget-feature=+crt-static".to_owned());
        }
        flags.join(SEPARATOR)
    }

    /// Whether this machine runs what it builds: by its processor and system, whatever the C library.
    pub(crate) fn runs_here(&self) -> bool {
        let kind = |triple: &str| {
            let mut parts = triple.split('-');
            let processor = parts.next().map(str::to_owned);
            (processor, triple.contains("-linux-"))
        };
        kind(&self.target) == kind(&self.host)
    }
}

/// SQLite, the allocator and the cryptography are C: a musl target needs a compiler that knows musl's headers.
fn missing_compiler(
    target: &str,
    env: impl Fn(&str) -> Option<OsString>,
    is_there: impl Fn(&str) -> bool,
) -> Option<String> {
    if !target.ends_with("-musl") {
        return None;
    }
    let underscored = target.replace('-', "_");
    let named =
        [format!("CC_{target}"), format!("CC_{underscored}"), "TARGET_CC".to_owned(), "CC".to_owned()];
    let processor = target.split('-').next().unwrap_or_default();
    let own = format!("{processor}-linux-musl-gcc");
    if named.iter().any(|name| env(name).is_some()) || is_there(&own) || is_there("musl-gcc") {
        return None;
    }
    Some(format!(
        "no C compiler for {target} was found ({own}): `apt-get install musl-tools` on Debian, or name one in \
         CC_{underscored}, such as a script that runs `zig cc -target {processor}-linux-musl \"$@\"`"
    ))
}

/// Where cargo keeps the sources of packages.
pub(crate) fn cargo_home() -> PathBuf {
    let home = || std::env::home_dir().map(|home| home.join(".cargo"));
    std::env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home).unwrap_or_default()
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUSL: &str = "x86_64-unknown-linux-musl";

    fn toolchain(target: &str) -> Toolchain {
        let host = "x86_64-unknown-linux-gnu".to_owned();
        Toolchain { target: target.to_owned(), host, cargo_home: "/home/ada/.cargo".into() }
    }

    #[test]
    fn no_path_of_the_machine_is_handed_on_and_nothing_is_loaded_at_run_time() {
        assert_eq!(
            toolchain(MUSL).rust_flags(|_| None),
            "--remap-path-prefix=/home/ada/.cargo=/cargo\u{1f}-Ctarget-feature=+crt-static"
        );
        let gnu = toolchain("x86_64-unknown-linux-gnu").rust_flags(|_| None);
        assert!(!gnu.contains("crt-static"), "glibc looks names up by what it loads: {gnu:?}");
    }

    #[test]
    fn flags_of_the_environment_stay_and_come_first() {
        let gnu = toolchain("x86_64-unknown-linux-gnu");
        let ours = "--remap-path-prefix=/home/ada/.cargo=/cargo";
        let plain = |name: &str| (name == "RUSTFLAGS").then(|| " -Cdebuginfo=1  --cfg x ".to_owned());
        assert_eq!(gnu.rust_flags(plain), format!("-Cdebuginfo=1\u{1f}--cfg\u{1f}x\u{1f}{ours}"));
        let both = |name: &str| plain(name).or_else(|| Some("--cfg\u{1f}a=\"b c\"".to_owned()));
        assert_eq!(
            gnu.rust_flags(both),
            format!("--cfg\u{1f}a=\"b c\"\u{1f}{ours}"),
            "cargo reads one of them"
        );
        let empty = |name: &str| plain(name).or_else(|| Some(String::new()));
        assert_eq!(gnu.rust_flags(empty), ours);
    }

    #[test]
    fn what_is_for_another_kind_of_machine_is_not_run() {
        assert!(toolchain(MUSL).runs_here());
        assert!(!toolchain("aarch64-unknown-linux-musl").runs_here());
        assert!(!toolchain("x86_64-apple-darwin").runs_here());
    }

    #[test]
    fn a_compiler_that_is_missing_is_told_with_what_to_do() {
        let nothing = |_: &str| None;
        assert_eq!(missing_compiler("x86_64-unknown-linux-gnu", nothing, |_| false), None);
        assert_eq!(missing_compiler(MUSL, nothing, |program| program == "x86_64-linux-musl-gcc"), None);
        let named = |name: &str| (name == "CC_x86_64_unknown_linux_musl").then(|| "zig".into());
        assert_eq!(missing_compiler(MUSL, named, |_| false), None);
        let told = missing_compiler(MUSL, nothing, |_| false).unwrap();
        assert!(told.contains("musl-tools") && told.contains("CC_x86_64_unknown_linux_musl"), "{told}");
    }
}
