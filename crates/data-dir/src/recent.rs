//! The last few documents of a kind, one line each, in a private file.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::PrivateFile;

/// So many are kept.
const MOST: usize = 8;

/// How long all of them may be: [`PrivateFile`] reads no longer file.
const MOST_BYTES: usize = 60 * 1024;

/// The last few documents of a kind, one line each, in a private file: eight of them, 60 KiB in all.
///
/// ```
/// # let dir = tempfile::tempdir()?;
/// use greenroom_data_dir::RecentLines;
///
/// let boots = RecentLines::at(&dir.path().join("boots.jsonl"));
/// for number in 0..10 {
///     boots.push(&format!("{{\"number\":{number}}}"))?;
/// }
/// assert_eq!((boots.read()?.len(), &*boots.read()?[7]), (8, r#"{"number":9}"#));
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecentLines(PathBuf);

impl RecentLines {
    /// The file with the last starts.
    pub const BOOTS: &'static str = "boots.jsonl";

    /// How long a line may be: as long, four of them are kept.
    pub const LONGEST: usize = MOST_BYTES / 4;

    /// Those of this file, which may not be there.
    pub fn at(file: &Path) -> Self {
        Self(file.to_owned())
    }

    /// The lines, the newest last.
    ///
    /// # Errors
    /// As [`PrivateFile::read`], except that no file is no lines.
    pub fn read(&self) -> io::Result<Vec<String>> {
        match PrivateFile::read(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(vec![]),
            read => Ok(read?.lines().map(str::to_owned).collect()),
        }
    }

    /// Adds one, and drops the oldest. A file that cannot be read begins anew: what it held is worth less than this line.
    ///
    /// # Errors
    /// When the line is too long or no line, and when the file cannot be written.
    pub fn push(&self, line: &str) -> io::Result<()> {
        if line.len() > Self::LONGEST || line.contains('\n') {
            let text = format!("a line of {} bytes is not kept, {} may be", line.len(), Self::LONGEST);
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        let mut lines = self.read().unwrap_or_default();
        lines.push(line.to_owned());
        let bytes = |lines: &[String]| lines.iter().map(|line| line.len() + 1).sum::<usize>();
        while lines.len() > MOST || bytes(&lines) > MOST_BYTES {
            lines.remove(0);
        }
        let text: String = lines.into_iter().map(|line| line + "\n").collect();
        PrivateFile::write(&self.0, &text)?.publish()
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn old_lines_make_room_for_long_ones_and_nobody_else_reads_them() {
        let dir = tempfile::tempdir().unwrap();
        let lines = RecentLines::at(&dir.path().join("state/x.jsonl"));
        assert_eq!(lines.read().unwrap(), Vec::<String>::new());
        for number in 0..10 {
            lines.push(&format!("{number}{}", "x".repeat(RecentLines::LONGEST - 1))).unwrap();
        }
        let kept = lines.read().unwrap();
        assert!(kept.len() == 3 && kept[2].starts_with('9'), "{}", kept.len());
        assert_eq!(fs::metadata(&lines.0).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_line_that_is_none_is_refused_and_a_file_that_others_may_write_begins_anew() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.jsonl");
        let lines = RecentLines::at(&file);
        assert!(lines.push("a\nb").is_err() && lines.push(&"x".repeat(RecentLines::LONGEST + 1)).is_err());
        fs::write(&file, "somebody's\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).unwrap();
        assert!(lines.read().is_err());
        lines.push("ours").unwrap();
        assert_eq!(lines.read().unwrap(), ["ours"]);
    }
}
