//! What is served by which path: made at start and asked for each request. No path of a request ever meets the disk.

use std::{collections::HashMap, path::Path, sync::Arc};

use crate::{
    file::File,
    path,
    walk::{Found, Seen},
};

/// The file that is rendered, and so never served itself.
pub(crate) const TEMPLATE: &str = "index.html.tmpl";
/// The directory whose files never change.
const STATIC: &str = "static";

/// The files of a bundle by name.
pub(crate) struct Index {
    entries: HashMap<String, Entry>,
}

enum Entry {
    File(Arc<File>),
    Directory,
}

/// What a path leads to.
pub(crate) enum Lookup {
    File(Arc<File>),
    /// The page in its place is the rendered one.
    Document,
    /// A directory that was asked for without the slash at its end.
    Directory,
    Nothing,
}

impl Index {
    pub(crate) fn new(found: &Found) -> Self {
        let index = found.files.get("index.html");
        let is_index = |seen: &Seen| index.is_some_and(|index| index.identity == seen.identity);
        let files = found.files.iter().filter(|(name, _)| is_served(name));
        let files = files.map(|(name, seen)| {
            (name.clone(), Entry::File(Arc::new(File::new(name, seen.clone(), is_index(seen)))))
        });
        let directories = found.directories.iter().map(String::as_str).chain([""]);
        let directories = directories.map(|name| (name.to_owned(), Entry::Directory));
        Self { entries: directories.chain(files).collect() }
    }

    /// What is below `static`.
    pub(crate) fn below_static(&self, path: &str) -> Lookup {
        self.lookup(STATIC, path)
    }

    /// What is anywhere in the bundle.
    pub(crate) fn at(&self, path: &str) -> Lookup {
        match self.lookup("", path) {
            Lookup::File(file) if file.is_index => Lookup::Document,
            // Of a directory whose page is the rendered one, too.
            Lookup::Directory => match self.lookup("", &format!("{path}/")) {
                Lookup::File(file) if file.is_index => Lookup::Document,
                _ => Lookup::Directory,
            },
            found => found,
        }
    }

    /// The page as it was built.
    pub(crate) fn page(&self) -> Option<Arc<File>> {
        match self.entries.get("index.html") {
            Some(Entry::File(file)) => Some(file.clone()),
            _ => None,
        }
    }

    fn lookup(&self, root: &str, path: &str) -> Lookup {
        let Some(asked) = path::asked(path) else { return Lookup::Nothing };
        let joined = [root, &asked.name].into_iter().filter(|part| !part.is_empty());
        let mut name = joined.collect::<Vec<_>>().join("/");
        if asked.is_directory {
            let index = [name.as_str(), "index.html"].into_iter().filter(|part| !part.is_empty());
            name = index.collect::<Vec<_>>().join("/");
        }
        match self.entries.get(&name) {
            Some(Entry::File(file)) => Lookup::File(file.clone()),
            Some(Entry::Directory) if !asked.is_directory => Lookup::Directory,
            _ => Lookup::Nothing,
        }
    }
}

/// Source maps are for those who may read the sources.
fn is_served(name: &str) -> bool {
    let name = Path::new(name);
    let is_map = name.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("map"));
    !is_map && name.file_name().is_some_and(|name| name != TEMPLATE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(names: &[&str], directories: &[&str]) -> Index {
        let seen = |at: usize| Seen { path: "".into(), size: 0, modified: 0, identity: (0, at as u64) };
        let files = names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), seen(at))).collect();
        let directories = directories.iter().map(|&name| name.to_owned()).collect();
        Index::new(&Found { files, directories, ..Found::default() })
    }

    fn told(found: Lookup) -> String {
        match found {
            Lookup::File(file) => file.name.clone(),
            Lookup::Document => "the document".to_owned(),
            Lookup::Directory => "a directory".to_owned(),
            Lookup::Nothing => "nothing".to_owned(),
        }
    }

    const NAMES: [&str; 8] = [
        "index.html",
        "index.html.tmpl",
        "manifest.json",
        "docs/index.html",
        "static/main.js",
        "static/main.js.map",
        "static/sub/.dot.css",
        "static/index.html.tmpl",
    ];

    #[test]
    fn a_path_leads_to_a_file_of_the_bundle_or_nowhere() {
        let index = index(&NAMES, &["docs", "static", "static/sub"]);
        for (path, expected) in [
            ("/manifest.json", "manifest.json"),
            ("//manifest.json", "manifest.json"),
            ("/manifest.json/", "nothing"),
            ("/index.html", "the document"),
            ("/%69ndex.html", "the document"),
            ("/docs/../index.html", "the document"),
            ("/", "the document"),
            ("/%2e", "the document"),
            ("/docs", "a directory"),
            ("/docs/", "docs/index.html"),
            ("/index.html.tmpl", "nothing"),
            ("/static/main.js", "static/main.js"),
            ("/static/main.js.map", "nothing"),
            ("/../manifest.json", "nothing"),
            ("/nope", "nothing"),
        ] {
            assert_eq!(told(index.at(path)), expected, "{path}");
        }
        for (path, expected) in [
            ("/main.js", "static/main.js"),
            ("/main.js.map", "nothing"),
            ("/index.html.tmpl", "nothing"),
            ("/..%2fmanifest.json", "nothing"),
            ("/sub", "a directory"),
            ("/sub/", "nothing"),
            ("/sub/.dot.css", "nothing"),
            ("/", "nothing"),
            ("", "a directory"),
        ] {
            let path = if path.is_empty() { "" } else { path };
            assert_eq!(told(index.below_static(path)), expected, "{path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_found_is_one_of_the_files(path in r"/([./\\%]|%2e|%2f|\.\.|static|docs|main\.js|[a-z]){0,10}") {
            let index = index(&NAMES, &["docs", "static", "static/sub"]);
            for found in [index.at(&path), index.below_static(&path)] {
                if let Lookup::File(file) = found {
                    proptest::prop_assert!(NAMES.contains(&file.name.as_str()) && is_served(&file.name));
                }
            }
        }
    }
}
