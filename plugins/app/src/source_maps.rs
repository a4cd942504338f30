//! Source maps of the bundle, which are never served: they are for those who may read the sources.

use std::{collections::HashMap, sync::Arc};

use greenroom_plugin_app_node::SourceMapFile;

use crate::{file::File, path, walk::Found};

/// A larger one is left out: reading it takes several times its memory.
const MOST_BYTES: u64 = 32 << 20;

/// The maps by the names of their scripts.
pub(crate) struct SourceMapIndex {
    of_scripts: HashMap<String, Arc<File>>,
}

impl SourceMapIndex {
    pub(crate) fn new(found: &Found) -> Self {
        let small = found.files.iter().filter(|(_, seen)| seen.size <= MOST_BYTES);
        let of_scripts = small.filter_map(|(name, seen)| {
            let script = name.strip_suffix(".map").filter(|script| found.files.contains_key(*script))?;
            Some((script.to_owned(), Arc::new(File::new(name, seen.clone(), false))))
        });
        Self { of_scripts: of_scripts.collect() }
    }

    /// The map of what is served at this path.
    pub(crate) fn find(&self, path: &str) -> Option<SourceMapFile> {
        let asked = path::asked(path).filter(|asked| !asked.is_directory)?;
        let map = self.of_scripts.get(&asked.name)?.clone();
        Some(SourceMapFile::new(map.name.clone(), move || map.bytes()))
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::walk::walk;

    #[test]
    fn rum_72_a_map_is_found_by_the_path_of_its_script_and_by_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let dist = dir.path().join("dist");
        fs::create_dir_all(dist.join("static")).unwrap();
        let files =
            ["dist/static/main.js", "dist/static/main.js.map", "dist/static/lone.js.map", "secret.js.map"];
        for file in files.into_iter().chain(["dist/static/big.js", "dist/static/linked.js"]) {
            fs::write(dir.path().join(file), file).unwrap();
        }
        let big = fs::File::create(dist.join("static/big.js.map")).unwrap();
        big.set_len(MOST_BYTES + 1).unwrap();
        symlink("../../secret.js.map", dist.join("static/linked.js.map")).unwrap();
        let index = SourceMapIndex::new(&walk(&dist.canonicalize().unwrap()).unwrap());
        let read = |path: &str| index.find(path).map(|map| String::from_utf8(map.read().unwrap()).unwrap());
        assert_eq!(read("/static/main.js").as_deref(), Some("dist/static/main.js.map"));
        assert_eq!(read("/static/%6dain.js"), read("/static/main.js"));
        for path in [
            "/static/main.js.map",
            "/static/lone.js",
            "/static/big.js",
            "/static/linked.js",
            "/static/../../secret.js",
            "/static/..%2f..%2fsecret.js",
            "/static/main.js/",
            "/static",
            "/",
            "",
            "%",
        ] {
            assert_eq!(read(path), None, "{path}");
        }
    }

    #[test]
    fn rum_72_a_map_that_has_changed_since_the_start_is_none() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("main.js"), "").unwrap();
        fs::write(dir.path().join("main.js.map"), "{}").unwrap();
        let index = SourceMapIndex::new(&walk(&dir.path().canonicalize().unwrap()).unwrap());
        let map = index.find("/main.js").unwrap();
        assert_eq!(map.read().unwrap(), b"{}");
        fs::write(dir.path().join("main.js.map"), "{\"version\": 3}").unwrap();
        assert!(map.read().is_err());
    }
}
