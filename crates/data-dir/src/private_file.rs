//! Files of Greenroom's own that only their owner reads.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::made::make_dir;

/// The longest that is read.
const MOST_BYTES: u64 = 64 * 1024;

/// How many were written by this process: each has a name of its own beside its place.
static WRITTEN: AtomicU64 = AtomicU64::new(0);

/// A file with a secret, written beside its place and not yet put there.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// use greenroom_data_dir::PrivateFile;
///
/// let file = dir.path().join("state/key.pem");
/// let key = PrivateFile::write(&file, "secret")?; // its mode is 0600
/// assert!(!file.exists());
/// key.publish()?;                                 // replaces what is there, at once
/// assert_eq!(std::fs::read_to_string(&file)?, "secret");
/// # Ok::<_, std::io::Error>(())
/// ```
///
/// Nobody reads half of it, nor can have it written through a link that was left in its place. Its directory is
/// [made](crate::make) for it.
#[derive(Debug)]
pub struct PrivateFile {
    place: PathBuf,
    beside: PathBuf,
}

impl PrivateFile {
    /// Writes the text beside `place`, with the directories that are missing.
    ///
    /// # Errors
    /// When a directory or the file cannot be made or written.
    pub fn write(place: &Path, text: &str) -> io::Result<Self> {
        let dir = place.parent().unwrap_or(Path::new("."));
        make_dir(dir)?;
        let mut name = place.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.{}", std::process::id(), WRITTEN.fetch_add(1, Relaxed)));
        let beside = dir.join(name);
        let _ = fs::remove_file(&beside);
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        let written = Self { place: place.to_owned(), beside };
        out.write_all(text.as_bytes())?;
        Ok(written)
    }

    /// The text of one that is there, where nobody but its owner, who runs this process, can have read or written it.
    ///
    /// # Errors
    /// When it is not there, cannot be read, is not private, or is longer than 64 KiB.
    pub fn read(place: &Path) -> io::Result<String> {
        // What is looked at is what is read, and a link in its place is neither.
        let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
        let mut file = OpenOptions::new().read(true).custom_flags(flags).open(place)?;
        let known = file.metadata()?;
        let own = rustix::process::geteuid().as_raw();
        if !known.is_file() || known.mode() & 0o077 != 0 || known.uid() != own {
            let text = "others than the owner of this process may have read or written it; \
                        make its mode 0600 and its owner the user who runs this, or remove it";
            return Err(io::Error::other(text));
        }
        let mut text = String::new();
        (&mut file).take(MOST_BYTES + 1).read_to_string(&mut text)?;
        if text.len() as u64 > MOST_BYTES {
            return Err(io::Error::other("it is longer than 64 KiB"));
        }
        Ok(text)
    }

    /// Puts it in its place, unless something is there already: whether it is there now.
    ///
    /// # Errors
    /// When the system refuses that.
    pub fn publish_first(&self) -> io::Result<bool> {
        match fs::hard_link(&self.beside, &self.place) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            // Some file systems have no links: nobody else is likely to come at the same moment.
            Err(_) if !self.place.exists() => self.publish().map(|()| true),
            Err(error) => Err(error),
        }
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// When the system refuses that, as where a directory is in its place.
    pub fn publish(&self) -> io::Result<()> {
        fs::rename(&self.beside, &self.place)
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // Gone already, if it was published.
        let _ = fs::remove_file(&self.beside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_published_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("token");
        fs::write(&place, "older").unwrap();
        drop(PrivateFile::write(&place, "newer").unwrap());
        assert_eq!(fs::read_to_string(&place).unwrap(), "older");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn who_comes_first_puts_it_there_and_others_leave_it() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("token");
        let (first, second) =
            (PrivateFile::write(&place, "first").unwrap(), PrivateFile::write(&place, "second").unwrap());
        assert!(first.publish_first().unwrap() && !second.publish_first().unwrap());
        drop((first, second));
        assert_eq!(PrivateFile::read(&place).unwrap(), "first");
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_others_could_have_read_or_written_is_not_read() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("token");
        assert_eq!(PrivateFile::read(&place).unwrap_err().kind(), io::ErrorKind::NotFound);
        PrivateFile::write(&place, "x").unwrap().publish().unwrap();
        let link = root.path().join("link");
        symlink(&place, &link).unwrap();
        assert!(PrivateFile::read(&link).is_err(), "somebody else may change where it leads");
        assert!(PrivateFile::read(root.path()).is_err(), "a directory is no file");
        fs::set_permissions(&place, fs::Permissions::from_mode(0o604)).unwrap();
        assert!(PrivateFile::read(&place).unwrap_err().to_string().contains("0600"));
        fs::set_permissions(&place, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&place, vec![b'x'; MOST_BYTES as usize + 1]).unwrap();
        assert!(PrivateFile::read(&place).is_err(), "it is too long for a secret");
    }

    #[test]
    fn only_its_owner_reads_it_and_a_link_in_its_place_is_not_followed() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let root = tempfile::tempdir().unwrap();
        let (place, elsewhere) = (root.path().join("token"), root.path().join("elsewhere"));
        symlink(&elsewhere, &place).unwrap();
        PrivateFile::write(&place, "x").unwrap().publish().unwrap();
        assert_eq!(fs::symlink_metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!elsewhere.exists());
    }
}
