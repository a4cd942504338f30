//! The page of the app: rendered from the bundle's template where that can be, else as it was built.

use std::{path::Path, sync::Arc};

use greenroom::{
    config::{ConfigError, RootConfig},
    errors::{Error, Result},
    http::HttpSettings,
    prelude::{Logger, warn},
};

use greenroom_plugin_app_node::Additions;

use crate::{
    document::{finish, rewritten, with_config},
    file::File,
    frontend::{Frontend, read_text},
    index::{Index, TEMPLATE},
    routes::Rendered,
    settings::Settings,
    template::{Fault, Scope, Template},
};

/// The page as it was built.
const PAGE: &str = "index.html";
/// A longer page is none.
const MOST_BYTES: u64 = 4 << 20;

/// What is served as the page.
pub(crate) enum PageSource {
    Rendered(Box<Rendered>),
    /// With `app.disableConfigInjection`.
    AsBuilt(Arc<File>),
}

/// What of a bundle keeps a start from having a page, short of rendering it.
pub(crate) fn check(config: &RootConfig, settings: &Settings, dist: &Path) -> Result<(), ConfigError> {
    let refused = |why: String| ConfigError::invalid(config, settings.named_by, why);
    if !settings.injects_config {
        return if dist.join(PAGE).is_file() { Ok(()) } else { Err(refused(missing(dist, PAGE))) };
    }
    if !dist.join(TEMPLATE).is_file() {
        return Err(refused(too_old(dist)));
    }
    Frontend::read(config, dist, settings.named_by)?.public_path(config).map(drop)
}

/// What the page is made from.
pub(crate) struct Maker<'a> {
    pub(crate) config: &'a RootConfig,
    pub(crate) settings: &'a HttpSettings,
    pub(crate) additions: &'a Additions,
    pub(crate) logger: &'a Logger,
    pub(crate) dist: &'a Path,
    /// The key that says so.
    pub(crate) named_by: &'a str,
}

impl Maker<'_> {
    /// The page as it was built, nothing added.
    pub(crate) fn as_built(&self, index: &Index) -> Result<PageSource> {
        let file = index.page().ok_or_else(|| Error::new(missing(self.dist, PAGE)))?;
        if !self.additions.is_empty() {
            self.logger.warn(
                "The app is served as it was built (app.disableConfigInjection: true): what modules of the app add to its \
                 page is left out",
            );
        }
        Ok(PageSource::AsBuilt(file))
    }

    /// The page for this config.
    pub(crate) fn rendered(&self) -> Result<PageSource> {
        let frontend = Frontend::read(self.config, self.dist, self.named_by)?;
        let public_path = frontend.public_path(self.config)?;
        let template = read_text(&self.dist.join(TEMPLATE), MOST_BYTES)?
            .ok_or_else(|| Error::new(too_old(self.dist)))?;
        let scope = Scope { config: &frontend.config, public_path: &public_path };
        let template = rewritten(template, self.additions);
        let html = match Template::parse(&template).and_then(|template| template.render(&scope)) {
            Ok(html) => html,
            // What it was built with holds at the root of a host; the config behind it wins.
            Err(Fault::Unknown(line, what)) if public_path.is_empty() => {
                let place = self.dist.join(TEMPLATE);
                warn!(
                    self.logger,
                    "{}:{line}: {what} is not understood here; {PAGE} is served in its place, with the config of its build \
                     below that of today",
                    place.display()
                );
                let page = read_text(&self.dist.join(PAGE), MOST_BYTES)?
                    .ok_or_else(|| Error::new(missing(self.dist, PAGE)))?;
                rewritten(page, self.additions)
            }
            Err(fault) => Err(self.refused(fault))?,
        };
        let html = with_config(&html, &frontend.json()?);
        let page = finish(html, self.additions.clone(), &frontend.config, &public_path)?;
        let policy = page.policy(self.settings.security_headers.content_security_policy());
        Ok(PageSource::Rendered(Box::new(Rendered::new(page, policy)?)))
    }

    fn refused(&self, fault: Fault) -> Error {
        let place = self.dist.join(TEMPLATE);
        let place = place.display();
        match fault {
            Fault::Config(line, error) => Error::new(format!("{error} ({place}:{line})")),
            Fault::Unknown(line, what) => Error::new(format!(
                "{place}:{line}: {what} is not understood here, and below a path {PAGE} cannot stand in for the template; \
                 write it with config.getString and the like, `||`, `??`, `? :` and if/else"
            )),
        }
    }
}

fn missing(dist: &Path, name: &str) -> String {
    format!("{} has no {name}: it is not the dist of an app", dist.display())
}

fn too_old(dist: &Path) -> String {
    if !dist.join(PAGE).is_file() {
        return missing(dist, TEMPLATE);
    }
    format!(
        "{} has no {TEMPLATE}: the app was built by a Backstage before 1.30; build it by a newer one, or serve it with the config \
         that it was built with (app.disableConfigInjection: true)",
        dist.display()
    )
}
