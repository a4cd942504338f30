//! The device of a session, by what its browser says of itself: `User-Agent`, and `Sec-CH-UA-Platform` where it is sent.
//!
//! The SDK runs in few browsers, and they have frozen what they say, so that a short list does: no file of expressions
//! that grows old.

/// How much of a header is read.
const MOST_BYTES: usize = 1024;

/// What a browser runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// As people call it: `Chrome`; empty where it is none that is known.
    pub browser: &'static str,
    /// The major version.
    pub version: Option<u32>,
    /// `Windows`, `macOS`, …; empty where it is none that is known.
    pub os: &'static str,
    /// What kind it is.
    pub class: Class,
}

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A computer.
    Desktop,
    /// A telephone.
    Mobile,
    /// A tablet. An iPad that asks for pages as they are made for computers is told as one.
    Tablet,
    /// A program that fetches pages for nobody who looks at them.
    Bot,
    /// It says nothing that is known.
    Unknown,
}

impl Class {
    /// The word for it, which is stored and filtered by.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::Bot => "bot",
            Self::Unknown => "unknown",
        }
    }
}

/// Browsers by the sign before their version. Those that also bear another's sign stand before it.
const BROWSERS: [(&str, &str); 20] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("GSA/", "Google app"),
    ("HeadlessChrome/", "Headless Chrome"),
    ("Electron/", "Electron"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("MSIE ", "Internet Explorer"),
    // Safari's own version is not behind its name.
    ("Version/", "Safari"),
];

/// Systems by a part of the header. iPhones say that they are like a Mac, Android that it is Linux.
const SYSTEMS: [(&str, &str); 12] = [
    ("iPhone", "iOS"),
    ("iPod", "iOS"),
    ("iPad", "iPadOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Macintosh", "macOS"),
    ("KAIOS", "KaiOS"),
    ("FreeBSD", "FreeBSD"),
    ("Linux", "Linux"),
    ("X11", "Linux"),
];

/// Systems by the name that `Sec-CH-UA-Platform` has for them.
const PLATFORMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("macOS", "macOS"),
    ("Linux", "Linux"),
    ("Android", "Android"),
    ("iOS", "iOS"),
    ("Chrome OS", "ChromeOS"),
    ("Chromium OS", "ChromeOS"),
];

/// Parts that only bots have, in small letters.
const BOTS: [&str; 14] = [
    "bot/",
    "bot;",
    "bot)",
    "bot-",
    "crawl",
    "spider",
    "slurp",
    "lighthouse",
    "synthetics",
    "pingdom",
    "phantomjs",
    "facebookexternalhit",
    "google-inspectiontool",
    "headless-render",
];

impl Device {
    /// Reads the headers as they were sent.
    pub fn from_headers(user_agent: &str, platform: Option<&str>) -> Self {
        let agent = crate::text::first_bytes(user_agent, MOST_BYTES);
        let part_of = |(sign, _): &&(&str, &str)| agent.contains(sign);
        let (sign, browser) = BROWSERS.iter().find(part_of).copied().unwrap_or_default();
        let version = match sign {
            "" => None,
            sign => agent.split_once(sign).and_then(|(_, behind)| major(behind)),
        };
        let platform = platform.map(|name| name.trim().trim_matches('"'));
        let of_platform = PLATFORMS.iter().find(|(name, _)| Some(*name) == platform);
        let os = of_platform.or_else(|| SYSTEMS.iter().find(part_of)).map_or("", |(_, os)| os);
        Self { browser, version, os, class: class(agent, os) }
    }
}

fn major(behind: &str) -> Option<u32> {
    let end = behind.find(|next: char| !next.is_ascii_digit()).unwrap_or(behind.len());
    behind[..end].parse().ok()
}

fn class(agent: &str, os: &str) -> Class {
    let small = agent.to_ascii_lowercase();
    // A maker of telephones has the word in its name.
    let is_bot = BOTS.iter().any(|part| small.contains(part)) || small.ends_with("bot");
    if is_bot && !small.contains("cubot") {
        return Class::Bot;
    }
    match os {
        "iOS" | "KaiOS" => Class::Mobile,
        "iPadOS" => Class::Tablet,
        // Chrome and Firefox say `Mobile` on telephones alone.
        "Android" if agent.contains("Mobile") => Class::Mobile,
        "Android" => Class::Tablet,
        "" => Class::Unknown,
        _ => Class::Desktop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_and_devices_are_told_apart() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let windows = format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT}");
        let android = format!("Mozilla/5.0 (Linux; Android 10; K) {WEBKIT}");
        for (agent, expected) in [
            (format!("{windows} Chrome/142.0.0.0 Safari/537.36"), "Chrome 142, Windows, desktop"),
            (format!("{windows} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"), "Edge 142, Windows, desktop"),
            (format!("{windows} Chrome/142.0.0.0 Safari/537.36 OPR/125.0.0.0"), "Opera 125, Windows, desktop"),
            (
                format!("Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/156.0.0.0 Safari/537.36"),
                "Headless Chrome 156, Linux, desktop",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0".to_owned(),
                "Firefox 145, Linux, desktop",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 \
                 Safari/605.1.15"
                    .to_owned(),
                "Safari 26, macOS, desktop",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/26.1 Mobile/15E148 Safari/604.1"
                    .to_owned(),
                "Safari 26, iOS, mobile",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 CriOS/142.0.0.0 Mobile/15E148 Safari/604.1"
                    .to_owned(),
                "Chrome 142, iPadOS, tablet",
            ),
            (format!("{android} Chrome/142.0.0.0 Mobile Safari/537.36"), "Chrome 142, Android, mobile"),
            (format!("{android} Chrome/142.0.0.0 Safari/537.36"), "Chrome 142, Android, tablet"),
            (
                format!("{android} SamsungBrowser/29.0 Chrome/136.0.0.0 Mobile Safari/537.36"),
                "Samsung Internet 29, Android, mobile",
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 13; CUBOT NOTE 50) {WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36"),
                "Chrome 142, Android, mobile",
            ),
            (
                format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/142.0.0.0 Safari/537.36"),
                "Chrome 142, ChromeOS, desktop",
            ),
            (
                format!(
                    "Mozilla/5.0 {WEBKIT}; compatible; Googlebot/2.1; +http://www.google.com/bot.html) Chrome/142.0.0.0 \
                     Safari/537.36"
                ),
                "Chrome 142, , bot",
            ),
            ("curl/8.5.0".to_owned(), " -, , unknown"),
            (String::new(), " -, , unknown"),
        ] {
            let Device { browser, version, os, class } = Device::from_headers(&agent, None);
            let version = version.map_or("-".to_owned(), |version| version.to_string());
            assert_eq!(format!("{browser} {version}, {os}, {}", class.as_str()), expected, "{agent}");
        }
    }

    #[test]
    fn the_platform_that_the_browser_tells_is_the_system() {
        let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36";
        let os = |platform| Device::from_headers(agent, platform).os;
        assert_eq!(os(Some("\"Chrome OS\"")), "ChromeOS");
        assert_eq!(os(Some("\"Unknown\"")), "Linux");
        assert_eq!(os(None), "Linux");
    }

    proptest::proptest! {
        #[test]
        fn any_header_has_a_device(agent in r"(Chrome/|Version/|Android|Mobile|bot|[0-9]{1,12}|é|[^\n]){0,40}", platform in ".{0,8}") {
            let device = Device::from_headers(&agent, Some(&platform));
            proptest::prop_assert!(device.version.is_none() || !device.browser.is_empty());
        }
    }
}
