//! The plugin of docs/plugin-guide.md: greets people, in as many styles as modules add.

// region: use
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, extract::State, routing::get};
use greenroom::{config::ConfigError, prelude::*};
// endregion

// region: plugin
/// Greets at `/api/greetings/greet/{style}/{name}`.
pub fn greetings() -> Plugin {
    plugin("greetings", |env| {
        let styles = Styles::default();
        env.register_extension_point(styles.clone());
        env.register_init(
            async move |config: RootConfig, logger: Logger, http: HttpRouter, health: HealthChecks| {
                let phrase = phrase(&config)?;
                http.mount(routes(Greeter { phrase, styles: styles.clone(), logger }));
                // Callers need credentials unless a policy says otherwise.
                http.add_auth_policy("/greet", AuthPolicy::Unauthenticated)?;
                health.check("styles", async move || styles.check());
                Ok(())
            },
        );
    })
    .config_schema(include_str!("../config.schema.json"))
    .reads(phrase)
}
// endregion

// region: routes
#[derive(Clone)]
struct Greeter {
    phrase: String,
    styles: Styles,
    logger: Logger,
}

fn routes(greeter: Greeter) -> Router {
    Router::new().route("/greet/{style}/{name}", get(greet)).with_state(greeter)
}

async fn greet(
    State(greeter): State<Greeter>,
    Path((style, name)): Path<(String, String)>,
) -> HandlerResult<Json<String>> {
    let Some(apply) = greeter.styles.get(&style) else {
        Err(Error::not_found(format!("There is no style '{style}'")))?
    };
    // The style, not the name: people's data stays out of logs.
    let log = greeter.logger.child(fields! { style: style });
    log.info("Greeting.");
    Ok(Json(apply(&greeter.phrase.replace("{name}", &name))))
}
// endregion

// region: config
/// `greetings.phrase`: what is said; `{name}` stands for whom it is said to.
pub fn phrase(config: &RootConfig) -> Result<String> {
    const KEY: &str = "greetings.phrase";
    let phrase = config.optional_string(KEY)?.unwrap_or_else(|| "Good evening, {name}".to_owned());
    if !phrase.contains("{name}") {
        Err(ConfigError::invalid(config, KEY, format!("{KEY} must hold {{name}}")))?;
    }
    Ok(phrase)
}
// endregion

// region: extension-point
/// A way to say a phrase.
pub type Style = fn(&str) -> String;

/// The styles that there are; modules add theirs.
#[derive(Clone, Default)]
pub struct Styles(Arc<Mutex<BTreeMap<String, Style>>>);

impl Service for Styles {
    const ID: &'static str = "greetings.styles";
    type Scope = scope::Extension;
}

impl Styles {
    /// Adds a style, or replaces it.
    pub fn add(&self, name: &str, style: Style) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), style);
    }

    fn get(&self, name: &str) -> Option<Style> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied()
    }
}
// endregion

// region: check
impl Styles {
    fn check(&self) -> Check {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).len() {
            0 => Check::fail("no module has added a style"),
            _ => Check::pass(),
        }
    }
}
// endregion

// region: module
/// Adds the style `loud`.
pub fn loud() -> Module {
    module("greetings", "loud", |env| {
        env.register_init(async |styles: Styles| {
            styles.add("loud", |text| text.to_uppercase());
            Ok(())
        });
    })
}
// endregion

// region: guests
mod guests;

pub use guests::{Guest, GuestBook, GuestStore, guests};
// endregion
