//! The page of a running backend, as it is served.

use greenroom::config::RootConfig;
use http::header;

use super::{
    Diagnosis, Finding,
    finding::and,
    html::{Html, Injected, Script},
    start::SdkStart,
    web::{Got, Web, resolve},
};
use crate::{
    csp::Csp,
    settings::{CDN, Origin, Site},
};

/// A page that was answered, or the template of one.
pub(super) struct Page {
    /// Of a template, where it lies.
    pub(super) url: String,
    /// What its references are relative to.
    pub(super) base: String,
    pub(super) origin: Origin,
    pub(super) policies: Vec<Csp>,
    pub(super) scripts: Vec<Script>,
    /// What a backend has put into it.
    pub(super) injected: Option<Injected>,
    /// What a template is rendered with.
    pub(super) template_of: Option<RootConfig>,
}

const RATE: &str = "app.datadogRum.sessionSampleRate";
const SITE: &str = "app.datadogRum.site";

impl Page {
    /// Gets it. What keeps one from seeing a page is told.
    pub(super) async fn look(web: &Web<'_>, url: &str, told: &mut Diagnosis) -> Option<Self> {
        let got = match web.page(url).await {
            Ok(got) => got,
            Err(why) => {
                told.unseen = Some(format!("{url} could not be looked at: {}", why.trim_end_matches('.')));
                return None;
            }
        };
        let status = got.status;
        if status.is_redirection() {
            let to = got
                .header("location")
                .and_then(|to| resolve(url, to))
                .map(|to| greenroom_redact::url(&to).into_owned());
            let to = to.map_or_else(|| "another place".to_owned(), |to| web.said(&to));
            told.unseen = Some(format!(
                "{url} sends browsers on to {to}: give the URL behind it, or one at which no proxy asks to sign in"
            ));
            return None;
        }
        if status.is_server_error() {
            told.unseen = Some(format!("{url} answers {}", status.as_u16()));
            return None;
        }
        let is_html = got.header("content-type").is_some_and(|kind| kind.contains("html"));
        if !status.is_success() || !is_html {
            told.add(
                Finding::error(
                    "no page is served there",
                    format!("{url} answers {} and no page, so that no script gets into one", status.as_u16()),
                )
                .help(
                    "Give the URL of the portal's page. Greenroom serves it where it finds the front end \
                     (greenroom.app.dist); a page of another server it changes only as a gateway, which that page passes",
                ),
            );
            return None;
        }
        Self::of(url, &got)
    }

    pub(super) fn of(url: &str, got: &Got) -> Option<Self> {
        let headers = got.headers.get_all(header::CONTENT_SECURITY_POLICY);
        let of_headers =
            headers.iter().filter_map(|policy| policy.to_str().ok()).flat_map(|policy| policy.split(','));
        let html = Html::of(&got.text);
        Some(Self {
            url: url.to_owned(),
            base: html.base.and_then(|base| resolve(url, &base)).unwrap_or_else(|| url.to_owned()),
            origin: Origin::of(url)?,
            policies: of_headers.chain(html.policies.iter().map(String::as_str)).map(Csp::parse).collect(),
            scripts: html.scripts,
            injected: html.injected,
            template_of: None,
        })
    }

    /// What a Node Backstage with this config makes of a template.
    pub(super) fn of_template(config: &RootConfig, place: &str, html: &str, policy: Csp) -> Option<Self> {
        let origin = config.optional_string("app.baseUrl").ok().flatten().and_then(|url| Origin::of(&url));
        let Html { policies, scripts, .. } = Html::of(html);
        Some(Self {
            url: place.to_owned(),
            base: place.to_owned(),
            origin: origin.or_else(|| Origin::of("http://localhost"))?,
            policies: [policy].into_iter().chain(policies.iter().map(|text| Csp::parse(text))).collect(),
            scripts,
            injected: None,
            template_of: Some(config.clone()),
        })
    }

    pub(super) fn at(&self, line: usize) -> String {
        match (line, &self.template_of) {
            (0, _) => self.url.clone(),
            (_, Some(_)) => format!("{}:{line}", self.url),
            (_, None) => format!("{}, line {line}", self.url),
        }
    }

    /// Where its policy comes from, as far as is known.
    fn policy_at(&self, line: usize) -> String {
        match self.template_of.as_ref().map(|config| config.place("backend.csp")) {
            None => self.at(line),
            Some(Some(place)) => format!("{place} (backend.csp)"),
            Some(None) => "Backstage's own policy, because backend.csp is not set".to_owned(),
        }
    }

    /// How many sessions of a hundred its config says.
    fn rate(&self) -> Option<f64> {
        match &self.template_of {
            Some(config) => config.optional_number(RATE).ok().flatten(),
            None => self.injected.as_ref()?.get(RATE)?.as_f64(),
        }
    }

    /// The site that a script of it sends to, or what is wrong with its name.
    fn site(&self, start: &SdkStart, place: &str) -> Result<Site, Finding> {
        let why = "the site is none of Datadog's";
        let of_config = || self.template_of.as_ref()?.optional_string(SITE).ok().flatten();
        match (start.site.as_deref(), of_config()) {
            (Some(name), _) => Site::named(name).ok_or_else(|| {
                Finding::error(why, format!("The script names no site of Datadog ({})", Site::names()))
                    .at(place)
            }),
            (None, Some(name)) => Site::named(name.trim()).ok_or_else(|| {
                let found = Finding::error(why, format!("{SITE} is no site of Datadog ({})", Site::names()));
                self.template_of.iter().fold(found, |found, config| found.at_key(config, SITE))
            }),
            (None, None) => Ok(Site::default()),
        }
    }

    pub(super) fn lets(&self, directive: &str, url: &str) -> bool {
        self.policies.iter().all(|policy| policy.lets(directive, url, &self.origin))
    }

    /// The scripts in it that start the SDK.
    pub(super) fn starts(&self) -> Vec<(&Script, SdkStart)> {
        self.scripts.iter().filter_map(|script| Some((script, SdkStart::of(&script.text)?))).collect()
    }
}

/// The page of a backend that puts no scripts of its own into it, as Node's.
pub(super) fn check_of_node(page: &Page, told: &mut Diagnosis) {
    let starts = page.starts();
    if starts.is_empty() {
        let help = match page.injected.as_ref().and_then(|config| config.get("app.datadogRum")) {
            Some(_) => {
                "Its config has app.datadogRum: paste the script of Backstage's documents into index.html, or let \
                        Greenroom serve the page, which needs none"
            }
            None => {
                "Set app.datadogRum, and let Greenroom serve the page; with Node, paste the script of Backstage's documents \
                     into index.html, too"
            }
        };
        told.add(
            Finding::error(
                "the page starts no SDK",
                "The page has no script that starts Datadog's SDK; unless the app's own code does, nothing is measured",
            )
            .at(page.url.clone())
            .help(help),
        );
    }
    for (script, start) in starts {
        of_start(page, script, &start, told);
    }
    if page.injected.is_none() {
        told.add(
            Finding::note(
                "No config is injected into the page: it was given out as it was built, and its values are those of the build",
            )
            .at(page.url.clone()),
        );
    }
}

/// What is wrong with a script that starts the SDK in this page, and with what the page lets it do.
pub(super) fn of_start(page: &Page, script: &Script, start: &SdkStart, told: &mut Diagnosis) {
    let place = page.at(script.line);
    if start.is_template && page.template_of.is_none() {
        told.add(
            Finding::error(
                "the page is a template",
                "The page is the template as it was written: nothing has rendered it",
            )
            .at(place)
            .help("Serve it by a backend, or build it with its config"),
        );
        return;
    }
    let at = |line: usize| page.at(script.line_of_text + line);
    start.check(at, told);
    if let (Some(rate), Some(configured)) = (start.rate, page.rate())
        && rate != configured
    {
        let shown = greenroom_js::number::to_string;
        told.add(
            Finding::warning(format!(
                "The script measures {} of a hundred sessions, and {RATE} of its config is {}",
                shown(rate),
                shown(configured)
            ))
            .at(at(start.lines.rate)),
        );
    }
    let site = page.site(start, &at(start.lines.site)).unwrap_or_else(|unknown| {
        told.add(unknown);
        Site::default()
    });
    policy(page, script, start, site, told);
}

/// What the page's policy says of the script, the SDK and the intake.
fn policy(page: &Page, script: &Script, start: &SdkStart, site: Site, told: &mut Diagnosis) {
    let mut blocked = vec![];
    if !page.policies.iter().all(|policy| policy.lets_inline(&script.text, script.nonce.as_deref())) {
        blocked.push(("the script that stands in the page", "'unsafe-inline' to script-src".to_owned()));
    }
    if start.sdk.as_deref().is_some_and(|sdk| !page.lets("script-src", sdk)) {
        blocked.push(("Datadog's SDK", format!("{CDN} to script-src")));
    }
    let intake = format!("https://{}", site.intake);
    if !start.has_proxy && !page.lets("connect-src", &format!("{intake}/api/v2/rum")) {
        blocked.push(("what the SDK sends", format!("{intake} to connect-src")));
    }
    if blocked.is_empty() {
        told.fine("the policy lets the script, the SDK and its events through");
        return;
    }
    let (whats, needs): (Vec<_>, Vec<_>) = blocked.into_iter().unzip();
    let what = format!("Browsers block {}: the page's Content-Security-Policy does not list it", and(&whats));
    let found = Finding::error("the page's Content-Security-Policy blocks them", what);
    told.add(found.at(page.policy_at(script.line)).help(format!(
        "In backend.csp add {}, beside what Backstage lists itself; or let Greenroom serve the page, which needs none of it",
        and(&needs)
    )));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;
    use crate::doctor::tests::only_error;

    const BACKSTAGE: &str = "default-src 'self';script-src 'self' 'unsafe-eval';object-src 'none'";
    const OPEN: &str = "script-src 'self' 'unsafe-inline' https://www.datadoghq-browser-agent.com; connect-src 'self' https:";

    fn fixture(name: &str) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pages").join(name);
        std::fs::read_to_string(path).unwrap()
    }

    fn told(html: String, policy: &'static str) -> Diagnosis {
        let headers =
            HeaderMap::from_iter([(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))]);
        let got = Got { status: StatusCode::OK, headers, text: html };
        let mut told = Diagnosis::default();
        check_of_node(&Page::of("http://localhost:7007/", &got).unwrap(), &mut told);
        told
    }

    #[test]
    fn rum_45_a_recorded_page_of_node_is_blocked_by_its_default_policy() {
        let told = told(fixture("rt-snippet-rumcfg.html"), BACKSTAGE);
        let text = told.text();
        assert!(
            text.starts_with("Browser events do not arrive: the page's Content-Security-Policy blocks them."),
            "{text}"
        );
        for blocked in ["the script that stands in the page", "Datadog's SDK", "what the SDK sends"] {
            assert!(text.contains(blocked), "{text}");
        }
        assert!(text.contains("where: http://localhost:7007/, line 4"), "{text}");
    }

    #[test]
    fn rum_45_a_page_whose_policy_lets_it_through_is_fine_but_for_an_old_sdk() {
        let told = told(fixture("rt-snippet-rumcfg.html"), OPEN);
        assert!(!told.has_errors(), "{told:?}");
        assert!(told.text().contains("warning: The page loads version 3"), "{}", told.text());
    }

    #[test]
    fn rum_45_a_script_with_another_rate_than_the_config_is_told() {
        let html = fixture("rt-snippet-rumcfg.html")
            .replace("\"sessionSampleRate\": 100", "\"sessionSampleRate\": 0");
        let told = told(html, OPEN);
        let said = "The script measures 100 of a hundred sessions, and app.datadogRum.sessionSampleRate of its config is 0";
        assert!(told.text().contains(said), "{}", told.text());
    }

    #[test]
    fn rum_45_quoted_rates_and_pages_that_nobody_rendered_are_seen() {
        let quoted = fixture("rt-snippet-rumcfg.html").replace("sampleRate: 100", "sampleRate: '100'");
        assert_eq!(only_error(&told(quoted, OPEN)).why, "the SDK refuses its rates");
        assert_eq!(
            only_error(&told(fixture("build-rumB.index.html.tmpl"), OPEN)).why,
            "the page is a template"
        );
    }

    #[test]
    fn rum_45_a_page_without_any_script_starts_no_sdk() {
        let told = told(fixture("rt-snippet-norum.html"), BACKSTAGE);
        let error = only_error(&told);
        assert_eq!(error.why, "the page starts no SDK");
        assert!(error.help.as_deref().unwrap().starts_with("Set app.datadogRum"), "{error:?}");
    }

    #[test]
    fn references_are_relative_to_what_the_page_says() {
        let of = |head: &str| {
            let text = format!("<head>{head}<script src=x.js></script></head>");
            let got = Got { status: StatusCode::OK, headers: HeaderMap::new(), text };
            Page::of("https://p.example/portal/catalog", &got).unwrap().base
        };
        assert_eq!(of(""), "https://p.example/portal/catalog");
        assert_eq!(of("<base href=../assets/>"), "https://p.example/assets/");
        assert_eq!(of("<base href=\"https://cdn.example/a/\">"), "https://cdn.example/a/");
    }

    proptest! {
        #[test]
        fn whatever_a_server_answers_is_looked_at(
            html in "(<script|</script>|<!--|-->|<meta http-equiv=content-security-policy content='|src=|nonce='|type=\"backstage.io/config\"|DD_RUM.init\\(\\{|sampleRate: '|site: '|<%|[\\[{}\\]\"'<> ]|\u{e9}){0,30}",
            policy in "[a-z'*:;/ .-]{0,40}",
        ) {
            let policy = HeaderValue::try_from(policy).unwrap();
            let headers = HeaderMap::from_iter([(header::CONTENT_SECURITY_POLICY, policy)]);
            let got = Got { status: StatusCode::OK, headers, text: html };
            let page = Page::of("http://localhost:7007/", &got).unwrap();
            let mut told = Diagnosis::default();
            check_of_node(&page, &mut told);
            prop_assert_eq!(told.has_errors(), told.exit_code() == 1);
        }
    }
}
