//! What of Datadog's package is needed, read out of npm's archive of it.

use std::{collections::BTreeMap, io::Read};

use aws_lc_rs::digest::{SHA512, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;

use super::files::MOST;
use crate::urls::SDK_FILE;

/// A package by its name, version and content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// SHA-512 of the archive, in base64, as npm writes it.
    pub(crate) sha512: &'static str,
}

/// The SDK that this version of Greenroom is tested with.
pub(crate) const PINNED: Package = Package {
    name: "@datadog/browser-rum",
    version: "7.16.2",
    sha512: "Qc+KAfmaWaGdE0sj350Bmhzf824gLgnisrLoP9HcCOn3b/OSj9Pi19QUQWf+x24ioJfdAfBwUUH9YTZi7Q0QHg==",
};

/// How large an archive may be.
pub(crate) const LARGEST: u64 = 16 << 20;

/// Why an archive is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    OtherContent,
    NoArchive,
    Incomplete,
}

impl Package {
    /// Its files by their place below the bundle. Nothing else is read, and no name of the archive becomes a path.
    pub(crate) fn files(&self, archive: &[u8]) -> Result<BTreeMap<String, Vec<u8>>, Unusable> {
        if STANDARD.encode(digest(&SHA512, archive)) != self.sha512 {
            return Err(Unusable::OtherContent);
        }
        let mut files = BTreeMap::new();
        let mut archive = tar::Archive::new(GzDecoder::new(archive).take(8 * LARGEST));
        for entry in archive.entries().map_err(|_| Unusable::NoArchive)? {
            let entry = entry.map_err(|_| Unusable::NoArchive)?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let Some(name) = name.strip_prefix("package/bundle/").filter(|name| is_needed(name)) else {
                continue;
            };
            let mut content = vec![];
            entry.take(MOST as u64).read_to_end(&mut content).map_err(|_| Unusable::NoArchive)?;
            files.insert(name.to_owned(), content);
        }
        if files.contains_key(SDK_FILE) { Ok(files) } else { Err(Unusable::Incomplete) }
    }
}

/// The bundle, and the parts that it loads when a page asks for them. Those of Salesforce are for other pages.
fn is_needed(name: &str) -> bool {
    let is_chunk = |chunk: &str| chunk.ends_with("-datadog-rum.js") && super::files::is_name(chunk);
    name == SDK_FILE || name.strip_prefix("chunks/").is_some_and(is_chunk)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// A package of these files.
    pub(crate) fn archive(files: &[(&str, &str)]) -> (Package, Vec<u8>) {
        let mut archive = tar::Builder::new(GzEncoder::new(vec![], Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append(&header, content.as_bytes()).unwrap();
        }
        let archive = archive.into_inner().unwrap().finish().unwrap();
        (of(&archive), archive)
    }

    fn of(archive: &[u8]) -> Package {
        let sha512 = STANDARD.encode(digest(&SHA512, archive)).leak();
        Package { name: "@datadog/browser-rum", version: "7.16.2", sha512 }
    }

    #[test]
    fn only_what_pages_need_is_taken() {
        let (package, archive) = archive(&[
            ("package/package.json", "{}"),
            ("package/bundle/datadog-rum.js", "main"),
            ("package/bundle/datadog-rum-salesforce.js", "other"),
            ("package/bundle/chunks/recorder-1-datadog-rum.js", "chunk"),
            ("package/bundle/chunks/recorder-1-datadog-rum-salesforce.js", "other"),
            ("package/bundle/chunks/../../../x-datadog-rum.js", "evil"),
            ("package/bundle/chunks/a/b-datadog-rum.js", "evil"),
            ("/package/bundle/chunks/c-datadog-rum.js", "evil"),
        ]);
        let files = package.files(&archive).unwrap();
        let names: Vec<_> = files.keys().map(String::as_str).collect();
        assert_eq!(names, ["chunks/recorder-1-datadog-rum.js", "datadog-rum.js"]);
        assert_eq!(files["datadog-rum.js"], b"main");
    }

    #[test]
    fn rum_29_another_archive_than_the_pinned_one_is_refused() {
        let (package, mut archive) = archive(&[("package/bundle/datadog-rum.js", "main")]);
        *archive.last_mut().unwrap() ^= 1;
        assert_eq!(package.files(&archive), Err(Unusable::OtherContent));
        let mut text = GzEncoder::new(vec![], Compression::fast());
        text.write_all(&[7; 2000]).unwrap();
        let text = text.finish().unwrap();
        assert_eq!(of(&text).files(&text), Err(Unusable::NoArchive));
        let (empty, archive) = self::archive(&[("package/package.json", "{}")]);
        assert_eq!(empty.files(&archive), Err(Unusable::Incomplete));
    }
}
