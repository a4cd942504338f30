//! An operator with a browser.

use std::{
    env,
    path::{Path, PathBuf},
};

use greenroom::prelude::*;
use greenroom_portal::Browser;
use greenroom_test::RunningTestBackend;

/// A window on a desk, and a phone.
pub(crate) const SIZES: [(&str, (u32, u32)); 2] = [("1280", (1280, 900)), ("390", (390, 844))];
pub(crate) const SCHEMES: [&str; 2] = ["light", "dark"];

/// An operator who has signed in by a link, and looks at the first page.
pub(crate) async fn operator(backend: &RunningTestBackend) -> Browser {
    let link = backend.service::<Ops>().await.unwrap().link().unwrap();
    let mut browser = Browser::on_loopback().await;
    browser.open(&format!("{}{link}", backend.url())).await;
    browser.see("The start at").await;
    browser
}

/// Looks at a page in every way that people do, and keeps a picture of each.
///
/// People look at them: in the target directory, and some, by `UPDATE_DOCS=1`, in `docs/pages/`.
pub(crate) async fn look(browser: &mut Browser, name: &str, url: &str) {
    look_at(browser, name, url, 200).await;
}

/// The same of a page that is answered by this status.
pub(crate) async fn look_at(browser: &mut Browser, name: &str, url: &str, status: u16) {
    for (width, size) in SIZES {
        for scheme in SCHEMES {
            browser.look(size, scheme).await;
            browser.meet(url, status).await;
            let overflow = browser.run("document.documentElement.scrollWidth - innerWidth").await;
            assert!(
                overflow.as_i64().unwrap_or_default() <= 0,
                "{name} {width}: {overflow} px scroll sideways"
            );
            assert_eq!(browser.barriers().await, [""; 0], "{name} {width} {scheme}");
            let picture = format!("{name}-{width}-{scheme}.webp");
            // Two of the four show what is to be seen, and a repository should stay small.
            let is_of_docs = matches!((width, scheme), ("1280", "light") | ("390", "dark"));
            browser.keep(&pictures(is_of_docs).join(picture)).await;
        }
    }
}

/// Nothing was loaded from elsewhere, nothing was forbidden, nothing failed.
pub(crate) fn assert_is_clean(browser: &Browser, backend: &RunningTestBackend) {
    let seen = browser.seen();
    let foreign: Vec<_> = seen.responses.iter().filter(|(url, _)| !url.starts_with(&backend.url())).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(seen.violations.is_empty() && seen.errors.is_empty() && seen.exceptions.is_empty(), "{seen:#?}");
}

/// Where pictures are kept: those of the docs in `docs/pages/`, if they are to be made anew.
pub(crate) fn pictures(is_of_docs: bool) -> PathBuf {
    let place = match is_of_docs && env::var_os("UPDATE_DOCS").is_some() {
        true => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/pages"),
        false => Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages"),
    };
    std::fs::create_dir_all(&place).unwrap();
    place
}
