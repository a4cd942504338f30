//! What is compiled into the binary, as cargo resolves it for one target: packages, and which of them uses which.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
    process::Command,
};

use super::output;

/// A name and a version: the workspace has no two packages with the same of both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// What is known of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Package {
    /// An expression of SPDX's.
    pub(crate) license: String,
    pub(crate) repository: String,
    /// Whether it is of this workspace.
    pub(crate) is_own: bool,
    /// Of what the registry served, SHA-256.
    pub(crate) checksum: Option<String>,
    pub(crate) uses: BTreeSet<Id>,
}

/// All of them, the command among them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packages(pub(crate) BTreeMap<Id, Package>);

/// The package whose binary it is.
pub(crate) const ROOT: &str = "greenroom-cli";

impl Packages {
    /// Those of the lock file.
    pub(crate) fn read(workspace: &Path, target: &str) -> io::Result<Self> {
        let mut cargo = Command::new("cargo");
        cargo.args(["tree", "--locked", "--package", ROOT, "--target", target]);
        // What runs while it is compiled is not in it.
        cargo.args(["--edges", "normal,no-proc-macro", "--prefix", "depth", "--format", "{p}|{l}|{r}"]);
        let tree = output(cargo.current_dir(workspace))?;
        let mut packages = Self::of_tree(&tree)?;
        packages.add_checksums(&fs::read_to_string(workspace.join("Cargo.lock"))?);
        Ok(packages)
    }

    /// Reads what `cargo tree` prints, a line for each use.
    fn of_tree(tree: &str) -> io::Result<Self> {
        let mut packages = BTreeMap::<Id, Package>::new();
        let mut above: Vec<Id> = vec![];
        for line in tree.lines().filter(|line| !line.is_empty()) {
            let bad = || io::Error::other(format!("cargo tree printed an unknown line: {line}"));
            // A star says that what stands below it stands below an earlier line.
            let told = line.strip_suffix(" (*)").unwrap_or(line);
            let digits = told.find(|char: char| !char.is_ascii_digit()).ok_or_else(bad)?;
            let depth: usize = told[..digits].parse().map_err(|_| bad())?;
            let [package, license, repository] =
                <[&str; 3]>::try_from(told[digits..].split('|').collect::<Vec<_>>()).map_err(|_| bad())?;
            let mut words = package.split(' ');
            let (name, version) = words.next().zip(words.next()).ok_or_else(bad)?;
            let version = version.strip_prefix('v').ok_or_else(bad)?.to_owned();
            let id = Id { name: name.to_owned(), version };
            if depth > above.len() {
                return Err(bad());
            }
            above.truncate(depth);
            if let Some(user) = above.last() {
                packages.entry(user.clone()).or_default().uses.insert(id.clone());
            }
            let known = packages.entry(id.clone()).or_default();
            (known.license, known.repository) = (license.to_owned(), repository.to_owned());
            known.is_own = package.contains(" (/");
            above.push(id);
        }
        Ok(Self(packages))
    }

    /// Adds those that a lock file tells.
    fn add_checksums(&mut self, lock: &str) {
        for section in lock.split("[[package]]") {
            let value = |key: &str| {
                let quoted = section.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
                quoted.and_then(|value| value.strip_suffix('"')).map(str::to_owned)
            };
            let Some((name, version)) = value("name").zip(value("version")) else { continue };
            if let Some(package) = self.0.get_mut(&Id { name, version }) {
                package.checksum = value("checksum");
            }
        }
    }

    /// The command itself.
    pub(crate) fn root(&self) -> io::Result<&Id> {
        let root = self.0.keys().find(|id| id.name == ROOT);
        root.ok_or_else(|| io::Error::other(format!("cargo tree does not tell of {ROOT}")))
    }

    /// What `--version` tells.
    pub(crate) fn version(&self) -> io::Result<&str> {
        Ok(&self.root()?.version)
    }

    /// Those of others.
    pub(crate) fn foreign(&self) -> impl Iterator<Item = (&Id, &Package)> {
        self.0.iter().filter(|(_, package)| !package.is_own)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const TREE: &str = "\
0greenroom-cli v0.1.0 (/src/crates/cli)|Apache-2.0|
1clap v4.6.9|MIT OR Apache-2.0|https://github.com/clap-rs/clap
2anstyle v1.0.14|MIT|
1greenroom v0.1.0 (/src/crates/greenroom)|Apache-2.0|
2clap v4.6.9|MIT OR Apache-2.0|https://github.com/clap-rs/clap (*)
";
    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"anstyle\"\nversion = \"1.0.14\"\n\
        source = \"registry+x\"\nchecksum = \"ab12\"\n\n[[package]]\nname = \"greenroom-cli\"\nversion = \"0.1.0\"\n";

    pub(crate) fn packages() -> Packages {
        let mut packages = Packages::of_tree(TREE).unwrap();
        packages.add_checksums(LOCK);
        packages
    }

    #[test]
    fn who_uses_whom_is_read_from_the_tree_and_the_sums_from_the_lock() {
        let packages = packages();
        assert_eq!(packages.version().unwrap(), "0.1.0");
        let named = |name: &str| packages.0.iter().find(|(id, _)| id.name == name).unwrap().1;
        let uses = |name| named(name).uses.iter().map(|id| id.name.as_str()).collect::<Vec<_>>();
        assert_eq!(uses("greenroom-cli"), ["clap", "greenroom"]);
        assert_eq!((uses("clap"), uses("greenroom")), (vec!["anstyle"], vec!["clap"]));
        assert_eq!(named("clap").license, "MIT OR Apache-2.0");
        assert_eq!(named("clap").repository, "https://github.com/clap-rs/clap");
        assert_eq!(named("anstyle").checksum.as_deref(), Some("ab12"));
        assert!(named("greenroom").is_own && named("greenroom").checksum.is_none());
        assert_eq!(
            packages.foreign().map(|(id, _)| id.name.as_str()).collect::<Vec<_>>(),
            ["anstyle", "clap"]
        );
    }

    #[test]
    fn what_cargo_never_printed_so_far_is_told_and_not_passed_over() {
        for line in ["clap v4", "0clap|MIT", "0clap 4.6|MIT|", "1clap v4.6.9|MIT|"] {
            assert!(Packages::of_tree(line).unwrap_err().to_string().contains(line), "{line}");
        }
    }
}
