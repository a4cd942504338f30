//! The plugin `guests` of docs/plugin-guide.md: it changes things, knows who is calling, and works in the background.

// region: use
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{delete, get, post},
};
use greenroom::{config::ConfigError, prelude::*};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
// endregion

// region: plugin
/// Who is invited, at `/api/guests`.
pub fn guests() -> Plugin {
    plugin("guests", |env| {
        env.register_init(
            async |config: RootConfig,
                   logger: Logger,
                   http: HttpRouter,
                   health: HealthChecks,
                   lifecycle: Lifecycle,
                   users: UserInfo,
                   book: GuestBook| {
                let Settings { keep, door_key } = Settings::from_config(&config)?;
                http.mount(routes(Party { book: book.clone(), users, door_key, logger: logger.clone() }));
                // The door has no credentials of Backstage; `arrive` asks for its key.
                http.add_auth_policy("/:name/arrival", AuthPolicy::Unauthenticated)?;

                let checked = book.clone();
                health.declare("book").readiness().run(async move || Check::from(checked.0.all().map(drop)));

                lifecycle.spawn("forget guests", forget(book.clone(), keep, logger.clone()));
                lifecycle.add_shutdown_hook("tell who is left", async move || {
                    info!(logger, count = book.0.all()?.len(), "The party is over.");
                    Ok(())
                })
            },
        );
    })
    .config_schema(include_str!("../guests.schema.json"))
    .reads(Settings::from_config)
}
// endregion

// region: settings
struct Settings {
    keep: Duration,
    door_key: Option<String>,
}

impl Settings {
    fn from_config(config: &RootConfig) -> Result<Self> {
        const KEEP: &str = "guests.keep";
        let keep = config.optional_duration(KEEP)?.unwrap_or(Duration::from_secs(24 * 60 * 60));
        if keep.is_zero() {
            Err(ConfigError::invalid(config, KEEP, format!("{KEEP} must be longer than nothing")))?;
        }
        Ok(Self { keep, door_key: config.optional_string("guests.doorKey")? })
    }
}
// endregion

// region: book
/// Somebody who is invited.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    /// Nobody else has the same.
    pub name: String,
    /// The user who has invited them.
    pub invited_by: String,
    /// Whether the door has seen them.
    pub arrived: bool,
    /// When they were invited.
    #[serde(skip)]
    pub invited_at: SystemTime,
}

/// Where guests are kept.
pub trait GuestStore: Send + Sync + 'static {
    /// All of them, by name.
    fn all(&self) -> Result<Vec<Guest>>;
    /// Keeps one; `false`, and nothing changes, if there is one with the same name.
    fn insert(&self, guest: Guest) -> Result<bool>;
    /// Notes that one has arrived; `false` if there is no such guest.
    fn note_arrival(&self, name: &str) -> Result<bool>;
    /// Keeps one no longer.
    fn remove(&self, name: &str) -> Result;
}

/// The guests that there are: a service, which tests and other backends replace.
#[derive(Clone)]
pub struct GuestBook(pub Arc<dyn GuestStore>);

impl Service for GuestBook {
    const ID: &'static str = "guests.book";
    type Scope = scope::Plugin;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async || Ok(Self(Arc::new(InMemory::default())))))
    }
}

impl GuestBook {
    fn find(&self, name: &str) -> Result<Guest> {
        let found = self.0.all()?.into_iter().find(|guest| guest.name == name);
        Ok(found.ok_or_else(|| Error::not_found("There is no such guest"))?)
    }
}

#[derive(Default)]
struct InMemory(Mutex<BTreeMap<String, Guest>>);

impl GuestStore for InMemory {
    fn all(&self) -> Result<Vec<Guest>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect())
    }

    fn insert(&self, guest: Guest) -> Result<bool> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(guest.name.clone()) {
            Entry::Occupied(_) => Ok(false),
            Entry::Vacant(place) => {
                place.insert(guest);
                Ok(true)
            }
        }
    }

    fn note_arrival(&self, name: &str) -> Result<bool> {
        let mut guests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(guest) = guests.get_mut(name) else { return Ok(false) };
        guest.arrived = true;
        Ok(true)
    }

    fn remove(&self, name: &str) -> Result {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
        Ok(())
    }
}
// endregion

// region: routes
#[derive(Clone)]
struct Party {
    book: GuestBook,
    users: UserInfo,
    door_key: Option<String>,
    logger: Logger,
}

fn routes(party: Party) -> Router {
    Router::new()
        .route("/", get(list).post(invite))
        .route("/{name}", delete(disinvite))
        .route("/{name}/arrival", post(arrive))
        .with_state(party)
}

async fn list(State(party): State<Party>) -> HandlerResult<Json<Vec<Guest>>> {
    Ok(Json(party.book.0.all()?))
}
// endregion

// region: invite
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invitation {
    name: String,
}

async fn invite(
    State(party): State<Party>,
    credentials: Credentials,
    Json(Invitation { name }): Json<Invitation>,
) -> HandlerResult<(StatusCode, Json<Guest>)> {
    let user = credentials.require_user()?;
    if name.trim().is_empty() || name.chars().count() > 100 {
        Err(Error::input("A name has 1 to 100 characters"))?
    }
    let invited_by = user.to_owned();
    let guest = Guest { name, invited_by, arrived: false, invited_at: SystemTime::now() };
    // A look before this would not do: two invitations may come at once.
    if !party.book.0.insert(guest.clone())? {
        Err(Error::conflict("This guest is invited already"))?
    }
    info!(party.logger, user = user, "Invited a guest.");
    Ok((StatusCode::CREATED, Json(guest)))
}
// endregion

// region: disinvite
async fn disinvite(
    State(party): State<Party>,
    credentials: Credentials,
    Path(name): Path<String>,
) -> HandlerResult<StatusCode> {
    credentials.require_user()?;
    let guest = party.book.find(&name)?;
    let caller = party.users.user_info(&credentials).await?;
    if !caller.ownership_entity_refs.contains(&guest.invited_by) {
        Err(Error::not_allowed("Only who has invited a guest may do that"))?
    }
    party.book.0.remove(&name)?;
    Ok(StatusCode::NO_CONTENT)
}
// endregion

// region: arrive
async fn arrive(
    State(party): State<Party>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> HandlerResult<StatusCode> {
    let given = headers.get("x-door-key").map(|key| key.as_bytes());
    let is_door = match (given, &party.door_key) {
        (Some(given), Some(key)) => bool::from(given.ct_eq(key.as_bytes())),
        _ => false,
    };
    if !is_door {
        Err(Error::authentication("Illegal door key"))?
    }
    if !party.book.0.note_arrival(&name)? {
        Err(Error::not_found("There is no such guest"))?
    }
    Ok(StatusCode::NO_CONTENT)
}
// endregion

// region: worker
/// Forgets, now and then, who was invited longer ago than `keep`. Ends with the backend.
async fn forget(book: GuestBook, keep: Duration, logger: Logger) {
    let mut ticks = tokio::time::interval(keep.min(Duration::from_secs(60)));
    loop {
        ticks.tick().await;
        match forget_once(&book, keep) {
            Ok(0) => {}
            Ok(count) => info!(logger, count = count, "Forgot guests."),
            // The next round may do better.
            Err(error) => warn!(logger, ..&*error, "Guests cannot be forgotten"),
        }
    }
}

fn forget_once(book: &GuestBook, keep: Duration) -> Result<usize> {
    let is_old = |guest: &Guest| guest.invited_at.elapsed().is_ok_and(|age| age >= keep);
    let old: Vec<_> = book.0.all()?.into_iter().filter(is_old).collect();
    for guest in &old {
        book.0.remove(&guest.name)?;
    }
    Ok(old.len())
}
// endregion
