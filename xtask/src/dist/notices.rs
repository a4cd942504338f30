//! The licences of others, which go along with a binary that has their code in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    packages::{Id, Packages},
    toolchain::cargo_home,
};

/// How files begin that hold licences and what has to be said with them.
const NAMES: [&str; 6] = ["license", "licence", "copying", "notice", "copyright", "unlicense"];
/// How deep they lie: packages of C code carry it in a directory, with its licence.
const DEPTH: usize = 4;
/// No licence is longer.
const LONGEST: u64 = 256 << 10;

const HEAD: &str = "\
What this binary is made of besides Greenroom, and under which licences. A text that several packages share is printed once.

The standard library of Rust is in it (MIT OR Apache-2.0, https://github.com/rust-lang/rust), and with a target of musl that C
library (MIT, https://musl.libc.org).
";

/// All that there is to say of these packages.
pub(crate) fn text(packages: &Packages) -> io::Result<String> {
    let registries = cargo_home().join("registry/src");
    let sources = fs::read_dir(&registries).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let sources: Vec<_> = sources?.into_iter().map(|entry| entry.path()).collect();
    let mut texts = BTreeMap::<String, BTreeSet<String>>::new();
    let mut all = HEAD.to_owned();
    all.push_str("\n# Packages\n\n");
    for (id, package) in packages.foreign() {
        all.push_str(&format!("{} {}: {}\n", id.name, id.version, package.license));
        for (file, text) in of(id, &sources)? {
            let named = format!("{} {}: {file}", id.name, id.version);
            texts.entry(text).or_default().insert(named);
        }
    }
    // In the order of those who have them first, and not by what they say.
    let mut texts: Vec<_> = texts.into_iter().map(|(text, whose)| (whose, text)).collect();
    texts.sort();
    for (whose, text) in texts {
        let whose: Vec<_> = whose.into_iter().collect();
        all.push_str(&format!("\n{}\n# {}\n\n{text}\n", "=".repeat(80), whose.join("\n# ")));
    }
    Ok(all)
}

/// The files of one package, and what is in them.
fn of(id: &Id, sources: &[PathBuf]) -> io::Result<Vec<(String, String)>> {
    let dirs = sources.iter().map(|source| source.join(format!("{}-{}", id.name, id.version)));
    let Some(dir) = dirs.into_iter().find(|dir| dir.is_dir()) else {
        return Err(io::Error::other(format!("the source of {} {} is not there", id.name, id.version)));
    };
    let mut found = vec![];
    collect(&dir, &dir, DEPTH, &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(root: &Path, dir: &Path, depth: usize, found: &mut Vec<(String, String)>) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let (entry, path) = entry.map(|entry| (entry.file_type(), entry.path()))?;
        let entry = entry?;
        if entry.is_dir() && depth > 1 {
            collect(root, &path, depth - 1, found)?;
        } else if entry.is_file() && is_notice(&path) && fs::metadata(&path)?.len() <= LONGEST {
            let file = path.strip_prefix(root).unwrap_or(&path).display().to_string();
            let text = String::from_utf8_lossy(&fs::read(&path)?).replace("\r\n", "\n");
            found.push((file, text.trim().to_owned()));
        }
    }
    Ok(())
}

/// By its name; sources may be called so, too.
fn is_notice(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let ending = Path::new(&name).extension().map(|ending| ending.to_string_lossy().into_owned());
    let is_text =
        ending.is_none_or(|ending| !["rs", "c", "h", "py", "go", "sh", "html", "cmake"].contains(&&*ending));
    is_text && NAMES.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_are_known_by_their_names() {
        for (name, is) in [
            ("LICENSE", true),
            ("LICENSE-MIT", true),
            ("license.md", true),
            ("COPYING", true),
            ("NOTICE.txt", true),
            ("UNLICENSE", true),
            ("licenses.rs", false),
            ("README.md", false),
            ("Cargo.toml", false),
        ] {
            assert_eq!(is_notice(Path::new(name)), is, "{name}");
        }
    }
}
