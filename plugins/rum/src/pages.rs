//! What any page of this backend takes to be measured as the page of the app is.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use greenroom::{data_dir::DataDirectory, prelude::*};
use tokio::sync::Mutex;

use crate::{
    markup::Markup,
    page::trace_of_the_request,
    sdk::{InstallError, InstallFrom, Installed, SdkLocation, install_sdk},
    settings::SdkSetting,
    setup::{RumSetup, Setup},
};

/// Lets a plugin have a page of its own measured: a root service. The page of the app is [`rum_page`](crate::rum_page)'s.
///
/// ```
/// # use greenroom::prelude::*;
/// use greenroom_plugin_rum::MeasuredPages;
///
/// plugin("status", |env| {
///     env.register_init(async |pages: MeasuredPages| {
///         pages.serve_one();
///         // In the handler of the page, for each answer anew:
///         let head = pages.markup().map(|markup| markup.head).unwrap_or_default();
/// #       drop(head);
///         Ok(())
///     });
/// });
/// ```
#[derive(Clone)]
pub struct MeasuredPages(Arc<Inner>);

struct Inner {
    setup: Option<Arc<Setup>>,
    config: RootConfig,
    data: DataDirectory,
    /// Held while the SDK is laid out.
    installs: Mutex<()>,
}

/// Where pages get Datadog's SDK from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SdkState {
    /// RUM is off: pages load nothing.
    Off,
    /// It is served, here or by Datadog.
    There,
    /// It is not, and [`MeasuredPages::install`] lays it out.
    NotLaidOut,
    /// It is not, for a reason that an operator has to see to: a sentence.
    Missing(String),
}

/// What a page takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageMarkup {
    /// HTML in front of the first script of `<head>`.
    pub head: String,
    /// Directives of the page's `Content-Security-Policy`, each with one source that it needs besides its own origin.
    pub policy: Vec<(&'static str, String)>,
}

impl Service for MeasuredPages {
    const ID: &'static str = "greenroom.rum.pages";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async |setup: RumSetup, config: RootConfig, data: DataDirectory| {
            Ok(Self(Arc::new(Inner { setup: setup.0, config, data, installs: Mutex::new(()) })))
        }))
    }
}

impl MeasuredPages {
    /// Says that there is such a page: without any, the start warns that events come from nowhere.
    pub fn serve_one(&self) {
        if let Some(setup) = &self.0.setup {
            setup.has_page.store(true, Ordering::SeqCst);
        }
    }

    /// Whether pages can load the SDK now.
    pub fn sdk(&self) -> SdkState {
        let Some(setup) = &self.0.setup else { return SdkState::Off };
        match &*setup.sdk() {
            SdkLocation::Own(_) | SdkLocation::Cdn(_) => SdkState::There,
            SdkLocation::Missing(missing) if missing.is_absent && setup.rum.sdk == SdkSetting::Auto => {
                SdkState::NotLaidOut
            }
            SdkLocation::Missing(missing) => SdkState::Missing(missing.told.clone()),
        }
    }

    /// What the page takes that answers the current request; `None` where there is nothing to load.
    pub fn markup(&self) -> Option<PageMarkup> {
        let Markup { html, policy } = self.0.setup.as_ref()?.markup()?;
        Some(PageMarkup { head: [trace_of_the_request(), html].concat(), policy })
    }

    /// Lays the SDK out as [`install_sdk`] does, by npm as it is set up for this directory, and has pages load it from then on.
    /// Where it is there already, nothing is fetched.
    ///
    /// # Errors
    /// As those of [`install_sdk`], and while somebody else is at it.
    pub async fn install(&self, npm_in: PathBuf) -> Result<Installed> {
        let _alone =
            self.0.installs.try_lock().map_err(|_| Error::conflict("The SDK is being laid out already"))?;
        let inner = self.0.clone();
        let installed = spawn_blocking("lay out the SDK", move || {
            let installed = install_sdk(&InstallFrom::Npm { dir: npm_in }, inner.data.path())?;
            if let Some(setup) = &inner.setup {
                setup.look_again(&inner.config, &inner.data);
            }
            Ok::<_, InstallError>(installed)
        });
        Ok(installed.await??)
    }
}
