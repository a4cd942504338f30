//! Who is calling, and whether they are let in.

use greenroom_http::ClientAddress;
use http::{HeaderMap, header};

use crate::{
    cookie::CookieName,
    guesses::{Claim, Guesses},
    links::Links,
    operator::Operator,
    refusal::Refusal,
    sessions::Sessions,
    token::OpsToken,
};

/// What lets operators in.
pub(crate) struct Guard {
    pub(crate) token: OpsToken,
    pub(crate) sessions: Sessions,
    pub(crate) links: Links,
    pub(crate) guesses: Guesses,
    pub(crate) cookie: CookieName,
}

impl Guard {
    pub(crate) fn new(token: OpsToken, cookie: CookieName) -> Self {
        let (sessions, links, guesses) = Default::default();
        Self { token, sessions, links, guesses, cookie }
    }

    /// The operator that these headers are of. Who sends a bearer token means it: no cookie counts beside it.
    pub(crate) fn operator(&self, headers: &HeaderMap, client: &ClientAddress) -> Result<Operator, Refusal> {
        if headers.contains_key(header::AUTHORIZATION) {
            let token = bearer(headers).unwrap_or_default();
            return self.check(client, self.token.is(token).into()).map(|()| Operator::by_token());
        }
        // Nobody guesses the id of a session, and a tab whose session is over asks again and again: that counts as no guess.
        let session = self.cookie.read(headers).ok_or(Refusal::Unauthenticated)?;
        let csrf = self.sessions.using(&session).ok_or(Refusal::Unauthenticated)?;
        Ok(Operator::by_session(session, csrf))
    }

    /// Whether a claim lets its client in. The right one does in any case: many clients may have one address, and whoever is
    /// wrong there keeps nobody else out. What is claimed is too long to be guessed; that somebody tries is told.
    pub(crate) fn check(&self, client: &ClientAddress, claim: Claim) -> Result<(), Refusal> {
        if claim == Claim::Right {
            return Ok(());
        }
        let counted = client.counted();
        if let Some(wait) = self.guesses.wait(counted) {
            return Err(Refusal::TooManyGuesses { wait, is_first: false });
        }
        match claim == Claim::Wrong && self.guesses.wrong(counted) {
            false => Err(Refusal::Unauthenticated),
            true => Err(Refusal::TooManyGuesses { wait: crate::guesses::WINDOW, is_first: true }),
        }
    }
}

/// The token of the one `Authorization: Bearer …`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).into_iter();
    let (scheme, token) = all.next()?.to_str().ok()?.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && all.next().is_none()).then(|| token.trim())
}
