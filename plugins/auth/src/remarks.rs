//! What an operator should know of a config of sign-ins that nothing is wrong with.

use greenroom::{
    config::{ReadContext, Remark, nearest},
    core::Declare,
};

use crate::settings::{GUEST, PROVIDERS, Settings};

/// The provider that is always there.
pub(crate) const GUEST_ID: &str = "guest";

/// Declares which providers a module adds, before anything of it runs: a check of the config knows them.
pub trait DeclareAuthProvider: Declare {
    /// It [registers](crate::AuthProviders::register) a provider of this id. One that is registered and not declared fails the
    /// plugin.
    #[must_use]
    fn auth_provider(self, id: impl Into<String>) -> Self {
        self.declare(DeclaredProvider(id.into()))
    }
}

impl<F: Declare> DeclareAuthProvider for F {}

pub(crate) struct DeclaredProvider(pub(crate) String);

/// Each a sentence.
pub(crate) fn of(settings: &Settings, context: &ReadContext) -> Vec<Remark> {
    let declared = context.declarations.of::<DeclaredProvider>();
    let is_served = |id: &str| id == GUEST_ID || declared.iter().any(|(_, provider)| provider.0 == id);
    let clamped = settings.clamped.iter().cloned();
    let told = clamped
        .chain(without_provider(settings))
        .chain(settings.configured.iter().filter(|(id, _)| !is_served(id)).map(not_served))
        .chain(guest_outside_development(settings, context.node_env.as_deref()));
    told.map(Remark::Warning).collect()
}

/// That nobody can sign in.
fn without_provider(settings: &Settings) -> Option<String> {
    let place = &settings.providers_place;
    settings.configured.is_empty().then(|| {
        format!(
            "{PROVIDERS} has no provider, so that nobody can sign in; for guests, write 'guest: {{}}', with the braces{place}"
        )
    })
}

/// Of what is nearly the guest the words are those of a key that nobody reads, so that a report tells it once.
fn not_served((id, place): &(String, String)) -> String {
    match nearest(id, [GUEST_ID]) {
        Some(_) => format!("nobody reads '{PROVIDERS}.{id}', did you mean '{GUEST}'?{place}"),
        None => format!("The auth provider '{id}' is not served by this backend{place}"),
    }
}

fn guest_outside_development(settings: &Settings, node_env: Option<&str>) -> Option<String> {
    let (_, place) = settings.configured.iter().find(|(id, _)| id == GUEST_ID)?;
    let key = format!("{GUEST}.dangerouslyAllowOutsideDevelopment");
    let is_allowed = settings.guest.is_allowed_outside_development;
    (node_env != Some("development")).then(|| {
        if is_allowed {
            format!(
                "Whoever reaches this backend is a user of it: NODE_ENV is not 'development', and {key} is true{place}"
            )
        } else {
            format!(
                "Guests are refused: NODE_ENV is not 'development', and {key} is not true; to let them in on your own \
                 machine, start with NODE_ENV=development{place}"
            )
        }
    })
}
