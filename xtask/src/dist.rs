//! `cargo xtask dist`: what is handed to people who do not build: one static binary in an archive, what it is made of, and sums.
//!
//! [`toolchain`] says whether it can be built here, [`packages`] what is in it, [`sbom`] and [`notices`] tell that, [`archive`]
//! packs it: twice the same source is twice the same archive.

mod archive;
mod notices;
mod packages;
mod sbom;
mod toolchain;

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use self::{
    packages::Packages,
    toolchain::{RUST_FLAGS, Toolchain},
};

/// What to build, and where to put it.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// What it is to run on; the default needs nothing of the machine but Linux
    #[arg(long, value_name = "TRIPLE", default_value = "x86_64-unknown-linux-musl")]
    target: String,
    /// The directory that gets the archive, its bill of materials and the sums; target/dist if it is left out
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
}

/// `cargo xtask dist`
pub(crate) fn dist(options: &Options) -> io::Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let target_dir =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let out = options.out.clone().unwrap_or_else(|| target_dir.join("dist"));
    let toolchain = Toolchain::find(&options.target)?;
    let written = Written::of(&workspace)?;
    if written.has_changes {
        println!("note: the checkout has changes that are in no commit, and so has what is built");
    }
    build(&workspace, &toolchain)?;
    let binary = target_dir.join(&options.target).join("release/greenroom");
    let packages = Packages::read(&workspace, &options.target)?;
    let name = format!("greenroom-{}-{}", packages.version()?, options.target);

    // What an earlier version left would be in the sums.
    if out.exists() {
        archive::remove_earlier(&out)?;
    }
    fs::create_dir_all(&out)?;
    let staged = out.join(&name);
    // What a run that broke off left would be in the archive.
    if staged.exists() {
        fs::remove_dir_all(&staged)?;
    }
    fs::create_dir_all(&staged)?;
    fs::copy(&binary, staged.join("greenroom"))?;
    for file in ["LICENSE", "README.md"] {
        fs::copy(workspace.join(file), staged.join(file))?;
    }
    fs::write(staged.join("THIRD-PARTY.txt"), notices::text(&packages)?)?;
    let bill = sbom::json(&packages, &options.target, written.at);
    fs::write(out.join(format!("{name}.cdx.json")), bill)?;
    archive::pack(&out, &name, written.at)?;
    fs::remove_dir_all(&staged)?;
    archive::sums(&out)?;

    println!(
        "\n{name}: the binary has {:.1} MB, {} packages are in it",
        fs::metadata(&binary)?.len() as f64 / 1e6,
        packages.foreign().count()
    );
    for file in archive::listed(&out)? {
        println!("  {} ({:.1} MB)", file.display(), fs::metadata(&file)?.len() as f64 / 1e6);
    }
    says_its_version(&binary, &toolchain)
}

fn build(workspace: &Path, toolchain: &Toolchain) -> io::Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--package", "greenroom-cli", "--bin", "greenroom"]);
    cargo.args(["--target", &toolchain.target]).current_dir(workspace);
    cargo.env(RUST_FLAGS, toolchain.rust_flags(|name| std::env::var(name).ok()));
    succeed(&mut cargo, "the binary could not be built: the last lines above say why")
}

/// Runs what was built, where this machine can.
fn says_its_version(binary: &Path, toolchain: &Toolchain) -> io::Result<()> {
    if !toolchain.runs_here() {
        println!("It is for another kind of machine: nobody has run it here.");
        return Ok(());
    }
    let told = output(Command::new(binary).arg("--version").env_clear())?;
    println!("It runs: {}", told.trim());
    Ok(())
}

/// When the source was written, and whether it is as it was committed.
struct Written {
    at: u64,
    has_changes: bool,
}

impl Written {
    /// `SOURCE_DATE_EPOCH`, else the time of the last commit.
    fn of(workspace: &Path) -> io::Result<Self> {
        let git = |arguments: &[&str]| output(Command::new("git").args(arguments).current_dir(workspace));
        let changes = git(&["status", "--porcelain", "--untracked-files=no"]);
        let has_changes = changes.is_ok_and(|changes| !changes.is_empty());
        let at = match std::env::var("SOURCE_DATE_EPOCH") {
            Ok(said) => said,
            Err(_) => git(&["log", "-1", "--format=%ct"])?,
        };
        let bad = |_| io::Error::other(format!("'{}' is no number of seconds since 1970", at.trim()));
        Ok(Self { at: at.trim().parse().map_err(bad)?, has_changes })
    }
}

/// What a command prints.
fn output(command: &mut Command) -> io::Result<String> {
    let shown = format!("{command:?}");
    let output = command.stderr(std::process::Stdio::inherit()).output();
    let output = output.map_err(|error| io::Error::other(format!("{shown}: {error}")))?;
    if !output.status.success() {
        return Err(io::Error::other(format!("{shown} failed: {}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| io::Error::other(format!("{shown} printed no text")))
}

fn succeed(command: &mut Command, otherwise: &str) -> io::Result<()> {
    if command.status()?.success() { Ok(()) } else { Err(io::Error::other(otherwise.to_owned())) }
}
