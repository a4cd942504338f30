//! Datadog's sites: where browser events go, and where its content network has the SDK.

/// A site, by the name that `app.datadogRum.site` has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) name: &'static str,
    pub(crate) intake: &'static str,
    /// The directory of the content network; sites without one share a file of another name.
    cdn: Option<&'static str>,
}

const fn site(name: &'static str, intake: &'static str, cdn: Option<&'static str>) -> Site {
    Site { name, intake, cdn }
}

/// A table and not the formula that Datadog's SDK has: what is asked for by config alone decides where data goes.
const SITES: [Site; 10] = [
    site("datadoghq.com", "browser-intake-datadoghq.com", Some("us1")),
    site("us3.datadoghq.com", "browser-intake-us3-datadoghq.com", Some("us3")),
    site("us5.datadoghq.com", "browser-intake-us5-datadoghq.com", Some("us5")),
    site("datadoghq.eu", "browser-intake-datadoghq.eu", Some("eu1")),
    site("ap1.datadoghq.com", "browser-intake-ap1-datadoghq.com", Some("ap1")),
    site("ap2.datadoghq.com", "browser-intake-ap2-datadoghq.com", None),
    site("uk1.datadoghq.com", "browser-intake-uk1-datadoghq.com", None),
    site("ddog-gov.com", "browser-intake-ddog-gov.com", None),
    site("us2.ddog-gov.com", "browser-intake-us2-ddog-gov.com", None),
    site("datad0g.com", "browser-intake-datad0g.com", None),
];

/// Where Datadog's content network is.
pub(crate) const CDN: &str = "https://www.datadoghq-browser-agent.com";

impl Site {
    pub(crate) fn named(name: &str) -> Option<Self> {
        SITES.into_iter().find(|site| site.name == name)
    }

    /// `datadoghq.com`, as in Backstage.
    pub(crate) fn default() -> Self {
        SITES[0]
    }

    /// Whether a host is where one of them takes events.
    pub(crate) fn has_intake(host: &str) -> bool {
        SITES.iter().any(|site| site.intake.eq_ignore_ascii_case(host))
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        SITES.into_iter()
    }

    pub(crate) fn names() -> String {
        SITES.map(|site| site.name).join(", ")
    }

    /// Where the content network has the SDK's seventh major version.
    pub(crate) fn sdk(self) -> String {
        match self.cdn {
            Some(directory) => format!("{CDN}/{directory}/v7/datadog-rum.js"),
            None => format!("{CDN}/datadog-rum-v7.js"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rum_27_each_site_has_its_intake_and_no_other_name_has_one() {
        for site in SITES {
            // The formula of Datadog's SDK.
            let (labels, end) = site.name.rsplit_once('.').unwrap();
            assert_eq!(site.intake, format!("browser-intake-{}.{end}", labels.replace('.', "-")));
            assert_eq!(Site::named(site.name), Some(site));
        }
        for name in
            ["", "https://datadoghq.com", "datadoghq.com.evil.test", "DATADOGHQ.COM", "evil.test/ddog"]
        {
            assert_eq!(Site::named(name), None, "{name}");
        }
    }

    #[test]
    fn the_content_network_has_directories_for_most_sites() {
        let sdk = |name| Site::named(name).unwrap().sdk();
        assert_eq!(sdk("datadoghq.eu"), "https://www.datadoghq-browser-agent.com/eu1/v7/datadog-rum.js");
        assert_eq!(sdk("ddog-gov.com"), "https://www.datadoghq-browser-agent.com/datadog-rum-v7.js");
    }
}
