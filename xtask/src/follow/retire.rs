//! What becomes of versions that are held no longer.

use std::fs;
use std::io;
use std::path::Path;

use super::versions;

/// Removes the locks of all but the newest versions. A recording of theirs passes to the next version, unless that has one
/// of its own. Returns who is gone.
pub(super) fn retire(package: &Path, held: usize) -> io::Result<Vec<String>> {
    let (peers, fixtures) = (package.join("peer"), package.join("fixtures"));
    let mut locked = versions(&peers)?;
    let kept = locked.split_off(locked.len().saturating_sub(held));
    let Some(oldest_kept) = kept.first() else { return Ok(Vec::new()) };
    // The latest first: what it says wins over what was said before.
    for gone in locked.iter().rev() {
        if fixtures.join(gone).is_dir() {
            pass_on(&fixtures.join(gone), &fixtures.join(oldest_kept))?;
            fs::remove_dir_all(fixtures.join(gone))?;
        }
        fs::remove_dir_all(peers.join(gone))?;
    }
    Ok(locked)
}

fn pass_on(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            pass_on(&entry.path(), &target)?;
        } else if !target.exists() {
            fs::rename(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_newest_stay_and_what_still_holds_passes_to_the_older_of_them() {
        let package = std::env::temp_dir().join(format!("greenroom-retire-{}", std::process::id()));
        let write = |file: &str, text: &str| {
            let file = package.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        for version in ["0.9", "0.10", "0.11", "0.12"] {
            write(&format!("peer/{version}/package.json"), "{}");
        }
        write("peer/plugins/http.js", "");
        write("fixtures/0.9/http/first.http", "of 0.9");
        write("fixtures/0.9/http/second.http", "of 0.9");
        write("fixtures/0.9/log/third.log", "of 0.9");
        write("fixtures/0.10/http/second.http", "of 0.10");
        write("fixtures/0.11/log/third.log", "of 0.11");
        write("fixtures/0.12/log/third.log", "of 0.12");

        assert_eq!(retire(&package, 2).unwrap(), ["0.9", "0.10"]);
        assert_eq!(versions(&package.join("peer")).unwrap(), ["0.11", "0.12"]);
        assert_eq!(versions(&package.join("fixtures")).unwrap(), ["0.11", "0.12"]);
        let read = |file: &str| fs::read_to_string(package.join("fixtures").join(file)).unwrap();
        assert_eq!(read("0.11/http/first.http"), "of 0.9");
        assert_eq!(read("0.11/http/second.http"), "of 0.10");
        assert_eq!(read("0.11/log/third.log"), "of 0.11");
        assert_eq!(read("0.12/log/third.log"), "of 0.12");
        assert!(package.join("peer/plugins/http.js").exists());
        assert!(retire(&package, 2).unwrap().is_empty());
        fs::remove_dir_all(package).unwrap();
    }
}
