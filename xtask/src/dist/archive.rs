//! Packs what is handed on, so that the same files give the same bytes whoever packs them, and sums them up.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{output, succeed};

/// What names the sums of all others.
const SUMS: &str = "SHA256SUMS";

/// Removes what this command has made before, and nothing else.
pub(crate) fn remove_earlier(out: &Path) -> io::Result<()> {
    for file in listed(out)? {
        fs::remove_file(file)?;
    }
    Ok(())
}

/// What this command has made in a directory, by its names.
pub(crate) fn listed(out: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = vec![];
    for entry in fs::read_dir(out)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(is_ours) {
            files.push(out.join(name));
        }
    }
    files.sort();
    Ok(files)
}

fn is_ours(name: &str) -> bool {
    name == SUMS
        || name.starts_with("greenroom-") && (name.ends_with(".tar.gz") || name.ends_with(".cdx.json"))
}

/// Packs the directory `name` of `out`. Needs GNU's tar: no other can be told the order.
pub(crate) fn pack(out: &Path, name: &str, written: u64) -> io::Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--create", "--format=ustar", "--sort=name", "--owner=0", "--group=0", "--numeric-owner"]);
    tar.arg(format!("--mtime=@{written}")).args(["--mode=u=rwX,go=rX", name]).current_dir(out);
    let mut tar = tar.stdout(Stdio::piped()).spawn()?;
    let packed = tar.stdout.take().ok_or_else(|| io::Error::other("tar has no output"))?;
    // Without a name and a time of its own.
    let mut gzip = Command::new("gzip");
    gzip.args(["-9", "--no-name"])
        .stdin(packed)
        .stdout(fs::File::create(out.join(format!("{name}.tar.gz")))?);
    let zipped = succeed(&mut gzip, "gzip failed");
    if !tar.wait()?.success() {
        return Err(io::Error::other("tar failed: is it GNU's?"));
    }
    zipped
}

/// Writes the sums of all that is there, as `sha256sum --check` reads them.
pub(crate) fn sums(out: &Path) -> io::Result<()> {
    let files = listed(out)?;
    let names = files.iter().filter_map(|file| file.file_name()).filter(|name| *name != SUMS);
    let sums = output(Command::new("sha256sum").args(names).current_dir(out))?;
    fs::write(out.join(SUMS), sums)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_archive_and_only_what_was_made_is_removed() {
        let out = std::env::temp_dir().join(format!("greenroom-xtask-{}", std::process::id()));
        let pack_new = |files: [&str; 2]| {
            let staged = out.join("greenroom-1-x");
            fs::create_dir_all(&staged).unwrap();
            for file in files {
                fs::write(staged.join(file), file).unwrap();
            }
            pack(&out, "greenroom-1-x", 1_700_000_000).unwrap();
            fs::remove_dir_all(&staged).unwrap();
            fs::read(out.join("greenroom-1-x.tar.gz")).unwrap()
        };
        let first = pack_new(["a", "b"]);
        assert_eq!(first, pack_new(["b", "a"]));
        fs::write(out.join("mine.txt"), "").unwrap();
        sums(&out).unwrap();
        let told = fs::read_to_string(out.join(SUMS)).unwrap();
        assert!(told.ends_with("  greenroom-1-x.tar.gz\n") && told.lines().count() == 1, "{told}");
        let checked = Command::new("sha256sum").args(["--check", "--quiet", SUMS]).current_dir(&out).status();
        assert!(checked.unwrap().success());
        remove_earlier(&out).unwrap();
        let left: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["mine.txt"]);
        fs::remove_dir_all(&out).unwrap();
    }
}
