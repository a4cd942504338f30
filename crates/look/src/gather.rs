//! Asks for all that the checks read, the most telling first.

use futures_util::future::{join, join_all};
use http::Uri;
use serde_json::Value;

use crate::{
    active,
    known::{self, PLUGINS, PROBES, PROVIDERS, WITH_TASKS},
    look::Look,
    page::Page,
    report::NothingSeen,
    seen::{Asked, Asset, Map, Reply, Seen, WithToken, said},
    source_map::SourceMap,
    target::{Origin, Target},
    web::{Ask, Web},
};

/// How many redirections are followed, on the origin.
const REDIRECTIONS: usize = 3;

/// How many of the page's scripts and styles are fetched.
const ASSETS: usize = 4;

/// How many maps are read, and how long one may be.
const MAPS: usize = 2;
const LONGEST_MAP: usize = 8 << 20;

/// How many connections of their own ask for the keys, and how many for the index.
const AGAIN: usize = 3;

pub(crate) async fn gather(web: &Web<'_>, look: &Look) -> Result<Seen, NothingSeen> {
    let mut seen = Seen { now: jiff::Timestamp::now().as_second(), ..Seen::default() };
    let (index, moved) = index(web, &look.target).await;
    seen.index = index;
    if let Some(reply) = seen.index.with(200).cloned() {
        seen.page = web.work(move || Page::parse(&reply.text())).await;
    }
    let target = &based(&look.target, &seen);
    seen.target = Some(target.clone());
    let url = |path: &str| target.url(path);
    // A server that does not answer is not asked for everything.
    seen.readiness = web.ask(Ask::get(url(known::READINESS))).await;
    if let (Asked::Failed(why), Asked::Failed(_)) = (&seen.index, &seen.readiness) {
        return Err(NothingSeen::NotReachable(why.clone()));
    }
    let (openid, catalog) =
        join(web.ask(Ask::get(url(known::OPENID))), web.ask(Ask::get(url(&known::keys_of(PLUGINS[0])))))
            .await;
    seen.openid = openid;
    seen.plugins.push((PLUGINS[0], catalog));
    if !is_backstage(&seen) {
        return Err(NothingSeen::NotBackstage(not_backstage(&seen, moved)));
    }
    first(web, target, &mut seen).await;
    second(web, target, &mut seen).await;
    if let Some(token) = &look.token {
        seen.token = Some(with_token(web, target, token.text(), &seen).await);
    }
    let mut running = None;
    if look.is_active {
        let (active, task) = active::try_out(web, target, seen.token.is_some()).await;
        (seen.active, running) = (Some(active), task);
    }
    // Last: a guest's sign-in may have made the first key.
    let alike = async {
        let keys = again(web, &url(known::USER_KEYS), false).await;
        (keys, again(web, &url("/"), true).await)
    };
    ((seen.keys_again, seen.index_again), ()) = join(alike, async {
        if let Some(active) = &mut seen.active {
            active.silence = active::silence(web, target, running.as_deref()).await;
        }
    })
    .await;
    Ok(seen)
}

/// The portal that a page is of: who asks for one of its pages means the whole.
fn based(target: &Target, seen: &Seen) -> Target {
    let app = seen.config_text("app.baseUrl").and_then(|url| url.parse::<Target>().ok());
    let path = app.map(|app| app.base).filter(|base| is_plain(base));
    Target { origin: target.origin.clone(), base: path.unwrap_or_else(|| target.base.clone()) }
}

/// Whether a path is one under which a portal may be. A page may name any: it is asked for, and stands in what the operator is told to do.
fn is_plain(base: &str) -> bool {
    const LONGEST: usize = 200;
    let is_word = |word: &str| {
        !["", ".", ".."].contains(&word)
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    base.len() <= LONGEST && base.split('/').skip(1).all(is_word)
}

/// The index, after redirections on its origin; and where one led away.
async fn index(web: &Web<'_>, target: &Target) -> (Asked, Option<String>) {
    let mut url = target.url("/");
    for _ in 0..=REDIRECTIONS {
        let ask = Ask::get(&*url).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
        let asked = web.ask(ask.header("accept-encoding", "identity")).await;
        let Some(to) = asked
            .reply()
            .filter(|reply| (300..400).contains(&reply.status))
            .and_then(|reply| reply.header("location"))
        else {
            return (asked, None);
        };
        match on_origin(target, to) {
            Some(next) if next != url => url = next,
            _ => {
                let to = said(to);
                return (asked, Some(to));
            }
        }
    }
    (Asked::Failed("it redirects again and again".to_owned()), None)
}

/// The URL of a redirection that stays on the origin.
fn on_origin(target: &Target, to: &str) -> Option<String> {
    if to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\") {
        return Some(format!("{}{to}", target.origin));
    }
    (Origin::of(to)? == target.origin).then(|| to.to_owned())
}

fn is_backstage(seen: &Seen) -> bool {
    let says_ready = |reply: &Reply| {
        let told = reply.json();
        told.is_some_and(|told| told.get("status").is_some_and(Value::is_string))
    };
    let has_page = seen.page.as_ref().is_some_and(Page::is_backstage);
    let has_sign_in = seen.openid.with(200).and_then(Reply::json).is_some_and(|told| {
        told.get("issuer").and_then(Value::as_str).is_some_and(|issuer| issuer.contains("/api/auth"))
    });
    let has_catalog = seen.installed().next().is_some();
    let answers_health = seen.readiness.reply().is_some_and(says_ready);
    has_page || has_sign_in || has_catalog || answers_health
}

/// What is there instead.
fn not_backstage(seen: &Seen, moved: Option<String>) -> String {
    if let Some(to) = moved {
        return format!(
            "it redirects to {to}, which is no page of this origin and was not asked; if the portal is there, look there"
        );
    }
    let title = seen.page.as_ref().and_then(|page| page.title.as_deref()).filter(|title| !title.is_empty());
    let page = match title {
        Some(title) => format!("its page is titled '{}'", said(title)),
        None => format!("its page came with {}", seen.index.outcome()),
    };
    format!(
        "{page} and holds no config of a Backstage; {}: {}; neither are there keys of the plugins auth and catalog",
        known::READINESS,
        seen.readiness.outcome()
    )
}

/// What says most.
async fn first(web: &Web<'_>, target: &Target, seen: &mut Seen) {
    let url = |path: &str| target.url(path);
    let catalog = |origin| web.ask(Ask::get(url(known::CATALOG)).header("origin", origin));
    let environment = environment(seen);
    let refresh = |provider: &&'static str| {
        let ask = Ask::get(url(&format!("/api/auth/{provider}/refresh?env={environment}")));
        web.ask(ask.header("x-requested-with", "XMLHttpRequest"))
    };
    let plugins = &PLUGINS[1..];
    let (tls, (foreign, (probes, (metrics, (health, (socket, localhost)))))) = join(
        web.tls(),
        join(
            catalog(known::FOREIGN),
            join(
                join_all(PROBES.iter().map(|path| web.ask(Ask::get(url(path))))),
                join(
                    web.ask(Ask::get(url("/metrics"))),
                    join(
                        web.ask(Ask::get(url("/api/signals/health"))),
                        join(web.upgrade(target, known::SIGNALS), catalog(known::DEVELOPMENT)),
                    ),
                ),
            ),
        ),
    )
    .await;
    (seen.tls, seen.foreign_catalog, seen.localhost_catalog) = (tls, foreign, localhost);
    seen.probes = PROBES.iter().copied().zip(probes).collect();
    (seen.metrics, seen.signals_health, seen.signals_socket) = (metrics, health, socket);
    let metrics = format!("http://{}:9464/metrics", target.origin.host);
    let (refreshed, (keys, port)) = join(
        join_all(PROVIDERS.iter().map(refresh)),
        join(
            join_all(plugins.iter().map(|id| web.ask(Ask::get(url(&known::keys_of(id)))))),
            web.ask(Ask::get(&*metrics)),
        ),
    )
    .await;
    seen.providers = PROVIDERS.iter().copied().zip(refreshed).collect();
    seen.plugins.extend(plugins.iter().copied().zip(keys));
    seen.metrics_port = (metrics, port);
}

/// Of the sign-in providers, as the front end asks for them; those with OAuth answer nobody who does not name one.
fn environment(seen: &Seen) -> String {
    let environment = seen.config_text("auth.environment").unwrap_or("development");
    percent_encoding::utf8_percent_encode(environment, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// What the first answers have led to.
async fn second(web: &Web<'_>, target: &Target, seen: &mut Seen) {
    let url_on_origin = |path: &str| format!("{}{path}", target.origin);
    let configured = seen.providers.iter().find(|(id, asked)| *id != "guest" && asked.status() == Some(401));
    if let Some((provider, _)) = configured {
        let environment = environment(seen);
        let ask = Ask::get(target.url(&format!("/api/auth/{provider}/start?env={environment}")));
        seen.sign_in = Some(((*provider).to_owned(), web.ask(ask).await));
    }
    let Some(page) = &seen.page else { return };
    let origin = target.origin.to_string();
    let mut scripts = Page::local(&origin, page.scripts.iter().filter_map(|script| script.src.as_deref()));
    // The app's own code, then what is largest.
    scripts.sort_by_key(|path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        !name.starts_with("main") as u8 * (1 + !name.starts_with("vendor") as u8)
    });
    let styles = Page::local(&origin, page.styles.iter().map(|href| &**href));
    let assets = scripts.iter().take(ASSETS - 1).chain(styles.iter().take(1));
    let fetched = join_all(assets.map(async |path| {
        let ask = Ask::get(url_on_origin(path)).header("accept-encoding", "gzip, br").at_most(LONGEST_MAP);
        Asset { path: path.clone(), asked: web.ask(ask.length_only()).await }
    }));
    let maps = join_all(scripts.iter().take(MAPS).map(async |script| {
        let path = format!("{}.map", script.split('?').next().unwrap_or(script));
        let asked = web.ask(Ask::head(url_on_origin(&path))).await;
        let is_there = asked.with(200).is_some_and(|reply| !reply.is_html());
        let content = match is_there {
            true => {
                let got = web.ask(Ask::get(url_on_origin(&path)).at_most(LONGEST_MAP)).await;
                match got.with(200).map(|reply| reply.body.clone()) {
                    Some(body) => web.work(move || SourceMap::parse(&body)).await.flatten(),
                    None => None,
                }
            }
            false => None,
        };
        Map { path, asked, content }
    }));
    (seen.assets, seen.maps) = join(fetched, maps).await;
}

async fn again(web: &Web<'_>, url: &str, is_head: bool) -> Vec<Asked> {
    let mut all = vec![];
    for _ in 0..AGAIN {
        let ask = if is_head { Ask::head(url) } else { Ask::get(url) };
        all.push(web.ask(ask.fresh()).await);
    }
    all
}

async fn with_token(web: &Web<'_>, target: &Target, token: &str, seen: &Seen) -> WithToken {
    let ask = |path: &str| web.ask(Ask::get(target.url(path)).with_token());
    let installed: Vec<_> = seen.installed().filter(|id| WITH_TASKS.contains(id)).collect();
    let catalog = ask(known::CATALOG).await;
    let devtools = ask(known::DEVTOOLS).await;
    let tasks =
        join_all(installed.into_iter().map(async |id| (id.to_owned(), ask(&known::tasks_of(id)).await)));
    WithToken { token: token.to_owned(), catalog, devtools, tasks: tasks.await }
}

/// The query of a URL as pairs, decoded.
pub(crate) fn query_of(url: &str, name: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    let found = uri.query()?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
    Some(percent_encoding::percent_decode_str(found).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_redirections_of_the_origin_are_followed() {
        let target: Target = "https://p.example/portal".parse().unwrap();
        assert_eq!(on_origin(&target, "/x").as_deref(), Some("https://p.example/x"));
        assert!(on_origin(&target, "https://p.example/y").is_some());
        for away in ["//evil.example", "https://evil.example/", "http://p.example/", "/\\evil.example", "x"] {
            assert_eq!(on_origin(&target, away), None, "{away}");
        }
    }

    #[test]
    fn one_page_of_a_portal_stands_for_the_portal() {
        let asked: Target = "https://p.example/catalog/default".parse().unwrap();
        let of = |config: &str| {
            let html = format!("<script type=\"backstage.io/config\">[{{\"data\":{config}}}]</script>");
            based(&asked, &Seen { page: Some(Page::parse(&html)), ..Seen::default() }).to_string()
        };
        assert_eq!(of(r#"{"app":{"baseUrl":"https://p.example"}}"#), "https://p.example");
        assert_eq!(of(r#"{"app":{"baseUrl":"http://localhost:3000/portal/"}}"#), "https://p.example/portal");
        for none in ["x;curl$IFS-s|sh", "a'b", "a//b", "../b", "a%0ab", "a b", "\u{e9}"] {
            let config = serde_json::json!({"app": {"baseUrl": format!("https://p.example/{none}")}});
            assert_eq!(of(&config.to_string()), "https://p.example/catalog/default", "{none}");
        }
        assert_eq!(of("{}"), "https://p.example/catalog/default");
    }

    #[test]
    fn a_parameter_of_a_query_is_decoded() {
        let url = "https://idp.example/a?client_id=x&redirect_uri=https%3A%2F%2Fp.example%2Fcb";
        assert_eq!(query_of(url, "redirect_uri").as_deref(), Some("https://p.example/cb"));
        assert_eq!(query_of("https://idp.example/", "redirect_uri"), None);
    }
}
