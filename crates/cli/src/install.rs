//! `greenroom install`: copies this program to where another container finds it.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    process::ExitCode,
};

use greenroom::{
    config::ConfigOptions,
    errors::{Error, Result},
};
use greenroom_program::{Program, Start, clap};

/// What the copy is called.
const NAME: &str = "greenroom";
/// For everybody to run and its owner to replace: the container that runs it may have another user.
const MODE: u32 = 0o755;

/// Copy this program into a directory, such as a volume that an init container shares with a Node backend's image.
///
/// What is there is replaced at once: who runs it meanwhile keeps what runs.
#[derive(clap::Args)]
pub(crate) struct Install {
    /// The directory, which has to be there.
    #[arg(value_name = "DIRECTORY")]
    dir: PathBuf,
}

/// Nothing is started, and no config is read.
#[expect(clippy::print_stdout, reason = "nothing logs yet: this is what the command has to say")]
pub(crate) fn plan(Install { dir }: Install, _: Program, options: ConfigOptions) -> Result<Start> {
    let own = std::env::current_exe().map_err(|error| cannot("find this program's own file", &error))?;
    let (path, bytes) = install(&own, &options.cwd.join(dir))?;
    println!("Installed greenroom {} as {} ({bytes} bytes)", env!("CARGO_PKG_VERSION"), path.display());
    Ok(Start::done(ExitCode::SUCCESS))
}

/// Copies it, and tells where to and how much.
fn install(own: &Path, dir: &Path) -> Result<(PathBuf, u64)> {
    let (path, part) = (dir.join(NAME), dir.join(format!(".{NAME}.{}", std::process::id())));
    // A directory would be found by the last step only, and in words that help nobody.
    if path.is_dir() {
        let text = format!("cannot install into {}: {} is a directory", dir.display(), path.display());
        return Err(Error::new(text).into());
    }
    let copied = copy(own, &part, &path);
    if copied.is_err() {
        // What there is of it is of no use; where there is nothing, nothing is removed.
        let _ = fs::remove_file(&part);
    }
    match copied {
        Ok(bytes) => Ok((path, bytes)),
        Err(error) => Err(cannot(&format!("install into {}", dir.display()), &error).into()),
    }
}

/// The whole file is there under its name, or nothing of it.
fn copy(own: &Path, part: &Path, path: &Path) -> io::Result<u64> {
    let mut from = fs::File::open(own)?;
    // One that was ended in the middle of it, as process 1 of a container like this one.
    let _ = fs::remove_file(part);
    let mut to = OpenOptions::new().write(true).create_new(true).mode(MODE).open(part)?;
    let bytes = io::copy(&mut from, &mut to)?;
    // Whatever the umask left of it.
    to.set_permissions(fs::Permissions::from_mode(MODE))?;
    to.sync_all()?;
    fs::rename(part, path)?;
    Ok(bytes)
}

fn cannot(what: &str, error: &io::Error) -> Error {
    let help = match error.kind() {
        io::ErrorKind::NotFound => ": make the directory, or mount a volume there",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": it has to be writable for the user that this runs as"
        }
        io::ErrorKind::StorageFull => ": it has to have room for this program",
        _ => "",
    };
    Error::new(format!("cannot {what}: {error}{help}"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    /// A file that stands for this program.
    fn own(dir: &Path) -> PathBuf {
        let own = dir.join("own");
        fs::write(&own, "#!/bin/sh\n").unwrap();
        own
    }

    #[test]
    fn the_copy_is_whole_for_everybody_to_run_and_takes_the_place_of_an_older_one() {
        let dir = tempfile::tempdir().unwrap();
        let own = own(dir.path());
        let target = tempfile::tempdir().unwrap();
        fs::write(target.path().join(NAME), "an older and longer version").unwrap();
        fs::write(target.path().join(format!(".{NAME}.{}", std::process::id())), "half of one").unwrap();
        let older = fs::metadata(target.path().join(NAME)).unwrap().ino();
        let (path, bytes) = install(&own, target.path()).unwrap();
        let placed = fs::metadata(&path).unwrap();
        assert_eq!((path.as_path(), bytes), (&*target.path().join(NAME), 10));
        assert_eq!(fs::read_to_string(&path).unwrap(), "#!/bin/sh\n");
        assert_eq!(placed.permissions().mode() & 0o777, MODE);
        assert_ne!(placed.ino(), older, "who runs the older one keeps it");
        assert_eq!(fs::read_dir(target.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_refused_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let own = own(dir.path());
        let missing = install(&own, &dir.path().join("missing")).unwrap_err().to_string();
        assert!(
            missing.starts_with("cannot install into ") && missing.ends_with("mount a volume there"),
            "{missing}"
        );
        let file = install(&own, &own).unwrap_err().to_string();
        assert!(file.contains("Not a directory"), "{file}");
        fs::create_dir(dir.path().join(NAME)).unwrap();
        let occupied = install(&own, dir.path()).unwrap_err().to_string();
        assert!(occupied.ends_with("is a directory"), "{occupied}");
    }

    #[test]
    fn each_cause_has_its_remedy() {
        for (kind, remedy) in [
            (io::ErrorKind::PermissionDenied, "writable for the user"),
            (io::ErrorKind::ReadOnlyFilesystem, "writable for the user"),
            (io::ErrorKind::StorageFull, "room for this program"),
        ] {
            let said = cannot("install into /out", &kind.into()).to_string();
            assert!(said.starts_with("cannot install into /out: ") && said.contains(remedy), "{said}");
        }
    }
}
