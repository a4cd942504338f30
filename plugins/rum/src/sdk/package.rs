//! What of Datadog's package is needed, read out of npm's archive of it, and known again wherever it lies.

use std::{collections::BTreeMap, fmt::Write, io::Read};

use aws_lc_rs::digest::{SHA256, SHA512, digest};
use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;

use super::files::MOST;

/// A package by its name, version and content.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// SHA-512 of the archive, in base64, as npm writes it.
    pub(crate) sha512: &'static str,
    /// What pages load of it.
    pub(crate) files: &'static [PackageFile],
}

/// A file of a package.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PackageFile {
    /// Its place below the bundle.
    pub(crate) name: &'static str,
    /// SHA-256 of it, in hexadecimal digits, as `sha256sum` writes it.
    pub(crate) sha256: &'static str,
}

/// The SDK that this version of Greenroom is tested with: the bundle, and the parts that it loads when a page asks for them.
/// Those of Salesforce are for other pages.
pub(crate) const PINNED: Package = Package {
    name: "@datadog/browser-rum",
    version: "7.16.2",
    sha512: "Qc+KAfmaWaGdE0sj350Bmhzf824gLgnisrLoP9HcCOn3b/OSj9Pi19QUQWf+x24ioJfdAfBwUUH9YTZi7Q0QHg==",
    files: &[
        PackageFile {
            name: "datadog-rum.js",
            sha256: "b31e789a11ef020d404d2ce460dcaba36209c4446251e0a2278396822c4817b8",
        },
        PackageFile {
            name: "chunks/datadogProfiler-3cbd6ffef10ac40eb2cd-datadog-rum.js",
            sha256: "7e44d96b06abcb116fc5ae9003d10c396703bd8eb19d1407f05a0e4a5a047574",
        },
        PackageFile {
            name: "chunks/datadogRecorder-531f1c41bdc9a22e4845-datadog-rum.js",
            sha256: "d89f6b556e3ed593aeab7c0e823e7eaf7ca3b06ea0db3d92490d514897f19cb3",
        },
    ],
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

impl PackageFile {
    /// Whether this is its content, as it was published.
    pub(crate) fn is(&self, content: &[u8]) -> bool {
        hex(digest(&SHA256, content).as_ref()) == self.sha256
    }
}

impl Package {
    /// Its files by their names. Nothing else is read, and no name of the archive becomes a path.
    pub(crate) fn unpack(&self, archive: &[u8]) -> Result<BTreeMap<&'static str, Vec<u8>>, Unusable> {
        if STANDARD.encode(digest(&SHA512, archive)) != self.sha512 {
            return Err(Unusable::OtherContent);
        }
        let mut found = BTreeMap::new();
        let mut archive = tar::Archive::new(GzDecoder::new(archive).take(8 * LARGEST));
        for entry in archive.entries().map_err(|_| Unusable::NoArchive)? {
            let entry = entry.map_err(|_| Unusable::NoArchive)?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let name = path.strip_prefix("package/bundle/");
            let Some(file) = self.files.iter().find(|file| Some(file.name) == name) else { continue };
            let mut content = vec![];
            entry.take(MOST as u64).read_to_end(&mut content).map_err(|_| Unusable::NoArchive)?;
            if file.is(&content) {
                found.insert(file.name, content);
            }
        }
        if found.len() == self.files.len() { Ok(found) } else { Err(Unusable::Incomplete) }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// A package of these files, and what else is in its archive.
    pub(crate) fn package_of(
        files: &[(&'static str, &str)],
        more: &[(&'static str, &str)],
    ) -> (Package, Vec<u8>) {
        let mut archive = tar::Builder::new(GzEncoder::new(vec![], Compression::fast()));
        let bundled = files.iter().map(|(name, content)| (format!("package/bundle/{name}"), content));
        for (path, content) in bundled.chain(more.iter().map(|(path, content)| ((*path).to_owned(), content)))
        {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            archive.append(&header, content.as_bytes()).unwrap();
        }
        let archive = archive.into_inner().unwrap().finish().unwrap();
        let file = |(name, content): &(&'static str, &str)| PackageFile {
            name,
            sha256: hex(digest(&SHA256, content.as_bytes()).as_ref()).leak(),
        };
        let files: Vec<_> = files.iter().map(file).collect();
        (Package { files: files.leak(), ..of(&archive) }, archive)
    }

    fn of(archive: &[u8]) -> Package {
        Package { sha512: STANDARD.encode(digest(&SHA512, archive)).leak(), ..PINNED }
    }

    #[test]
    fn only_what_pages_need_is_taken() {
        let (package, archive) = package_of(
            &[("datadog-rum.js", "main"), ("chunks/recorder-1-datadog-rum.js", "chunk")],
            &[
                ("package/package.json", "{}"),
                ("package/bundle/datadog-rum-salesforce.js", "other"),
                ("package/bundle/chunks/../../../x-datadog-rum.js", "evil"),
                ("/package/bundle/datadog-rum.js", "evil"),
            ],
        );
        let files = package.unpack(&archive).unwrap();
        let names: Vec<_> = files.keys().copied().collect();
        assert_eq!(names, ["chunks/recorder-1-datadog-rum.js", "datadog-rum.js"]);
        assert_eq!(files["datadog-rum.js"], b"main");
    }

    #[test]
    fn rum_29_another_archive_than_the_pinned_one_is_refused() {
        let main = [("datadog-rum.js", "main")];
        let (package, mut archive) = package_of(&main, &[]);
        *archive.last_mut().unwrap() ^= 1;
        assert_eq!(package.unpack(&archive), Err(Unusable::OtherContent));
        let mut text = GzEncoder::new(vec![], Compression::fast());
        text.write_all(&[7; 2000]).unwrap();
        let text = text.finish().unwrap();
        assert_eq!(of(&text).unpack(&text), Err(Unusable::NoArchive));
        let (_, archive) = package_of(&[], &[("package/package.json", "{}")]);
        assert_eq!(of(&archive).unpack(&archive), Err(Unusable::Incomplete));
    }
}
