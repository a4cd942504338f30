//! Greenroom and the real Node backend in one run. Needs the Node backend: `sh tests/conformance/peer/install.sh`.

/// Makes two tests of each function: beside the newest Node, and beside the one before.
macro_rules! beside_each {
    ($($(#[$attribute:meta])? async fn $name:ident($version:ident: Version) $body:block)*) => {
        $(async fn $name($version: Version) $body)*

        mod newest {
            $(#[tokio::test] $(#[$attribute])? async fn $name() {
                super::$name(super::Version::newest()).await;
            })*
        }

        mod before {
            $(#[tokio::test] $(#[$attribute])? async fn $name() {
                super::$name(super::Version::before()).await;
            })*
        }
    };
}

mod app;
mod cookies;
mod differential;
mod https;
mod lifecycle;
mod user_tokens;
