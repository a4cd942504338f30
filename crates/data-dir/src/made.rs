//! Makes the directory for own files.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

/// The directory's name where the config says nothing of it.
pub(crate) const NAME: &str = ".greenroom";

/// Makes a directory for own files, unless it is there, with a `.gitignore`, because it often lies in a repository. A
/// `.greenroom` that is there and lacks one gets it; what others have made and named is theirs.
///
/// ```
/// # let root = tempfile::tempdir()?;
/// let dir = root.path().join("state");
/// greenroom_data_dir::make_dir(&dir)?;
/// assert_eq!(std::fs::read_to_string(dir.join(".gitignore"))?, "*\n");
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// # Errors
/// Where it cannot be written.
pub fn make_dir(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return if dir.file_name().is_some_and(|name| name == NAME) { ignore(dir) } else { Ok(()) };
    }
    if let Some(above) = dir.parent() {
        fs::create_dir_all(above)?;
    }
    match DirBuilder::new().mode(0o711).create(dir) {
        // Nobody else lists it. Others may pass, whatever the umask: the SDK is often put there by root, in an image, and served by
        // somebody else; each file with a secret is its owner's alone.
        Ok(()) => fs::set_permissions(dir, Permissions::from_mode(0o711))?,
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Err(_) => {}
    }
    ignore(dir)
}

fn ignore(dir: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).open(dir.join(".gitignore")) {
        Ok(mut file) => file.write_all(b"*\n"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn ignored(dir: &Path) -> Option<String> {
        fs::read_to_string(dir.join(".gitignore")).ok()
    }

    #[test]
    fn what_is_kept_in_a_repository_is_ignored_there_whoever_made_the_directory() {
        let root = tempfile::tempdir().unwrap();
        let (own, named) = (root.path().join("a/.greenroom"), root.path().join("a/state"));
        make_dir(&own).unwrap();
        make_dir(&named).unwrap();
        assert_eq!((ignored(&own), ignored(&named)), (Some("*\n".to_owned()), Some("*\n".to_owned())));
        assert_eq!(fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o711);

        // An earlier version made it without one; what stands in one is kept.
        fs::remove_file(own.join(".gitignore")).unwrap();
        make_dir(&own).unwrap();
        assert_eq!(ignored(&own).as_deref(), Some("*\n"));
        fs::write(own.join(".gitignore"), "mine\n").unwrap();
        make_dir(&own).unwrap();
        assert_eq!(ignored(&own).as_deref(), Some("mine\n"));
    }

    #[test]
    fn a_directory_of_somebody_elses_is_left_as_it_is() {
        let root = tempfile::tempdir().unwrap();
        make_dir(root.path()).unwrap();
        assert_eq!(ignored(root.path()), None);
    }
}
