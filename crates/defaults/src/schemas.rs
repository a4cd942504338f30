//! What is declared of config: by the crates of every backend, and by the features that were added.
//!
//! It is in force before the logger is made, so that no line shows a secret. What loaders bring is added before anything
//! of theirs runs.

use std::collections::BTreeSet;

use greenroom_config::{ConfigError, ConfigSchemaText, RootConfig};
use greenroom_config_schema::{
    ConfigSchema, Schema,
    keys::{self, Unknown},
};
use greenroom_core::{Declarations, Fault, FeatureId};
use greenroom_errors::{Error, Result};

/// By crate. A text that is no schema is found by this crate's tests.
const OWN: [(&str, &str); 13] = [
    ("greenroom-http", greenroom_http::CONFIG_SCHEMA),
    ("greenroom-logging", greenroom_logging::CONFIG_SCHEMA),
    ("greenroom-log-store", greenroom_log_store::CONFIG_SCHEMA),
    ("greenroom-auth", greenroom_auth::CONFIG_SCHEMA),
    ("greenroom-health", greenroom_health::CONFIG_SCHEMA),
    ("greenroom-http-client", greenroom_http_client::CONFIG_SCHEMA),
    ("greenroom-data-dir", greenroom_data_dir::CONFIG_SCHEMA),
    ("greenroom-database", greenroom_database::CONFIG_SCHEMA),
    ("greenroom-metrics", greenroom_metrics::CONFIG_SCHEMA),
    ("greenroom-ops", greenroom_ops::CONFIG_SCHEMA),
    ("greenroom-otlp", greenroom_otlp::CONFIG_SCHEMA),
    ("greenroom-traces", greenroom_traces::CONFIG_SCHEMA),
    ("greenroom-defaults", crate::CONFIG_SCHEMA),
];

/// The schemas of the crates that make up every backend.
pub fn config_schemas() -> Vec<Schema> {
    OWN.iter().filter_map(|(package, text)| Schema::parse(package, "config.schema.json", text).ok()).collect()
}

/// The config that features say they read.
#[derive(Debug)]
pub struct FeatureSchemas {
    well_formed: Vec<(FeatureId, Schema)>,
    faults: Vec<Fault>,
}

impl FeatureSchemas {
    /// Takes what was declared by `config_schema`, each text by itself; what holds in `config` already is well-formed.
    pub fn of(declarations: &Declarations, config: &RootConfig) -> Self {
        let holding = ConfigSchema::declared(config);
        let mut out = Self { well_formed: vec![], faults: vec![] };
        for (by, declared) in declarations.of::<ConfigSchemaText>() {
            let checked = Schema::parse(&by.to_string(), "config.schema.json", declared.schema());
            let checked = checked.and_then(|schema| {
                if holding.as_deref().is_some_and(|all| all.holds(&schema)) {
                    return Ok(schema);
                }
                let before = of_every_backend().chain(out.schemas());
                ConfigSchema::new(before.chain([schema.clone()])).map(|_| schema)
            });
            match checked {
                Ok(schema) => out.well_formed.push((by, schema)),
                Err(error) => out.faults.push(fault(&by, Error::new(error.to_string()))),
            }
        }
        out
    }

    /// The schemas, in the order of adding.
    pub fn schemas(&self) -> Vec<Schema> {
        self.well_formed.iter().map(|(_, schema)| schema.clone()).collect()
    }

    /// Features whose declaration is no schema, or contradicts one before it.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// What is wrong with a config by them: by whose, and where.
    pub fn refusals(&self, config: &RootConfig) -> Vec<(FeatureId, ConfigError)> {
        let each = self.well_formed.iter().filter_map(|(by, schema)| {
            let alone = ConfigSchema::new([schema.clone()]).ok()?;
            Some(alone.faults(config).into_iter().map(|fault| (by.clone(), fault)))
        });
        each.flatten().collect()
    }

    /// The keys that nobody reads, where that is known: in sections of Greenroom's own, and in those of the features.
    pub fn unknown(&self, config: &RootConfig) -> Vec<Unknown> {
        let (Some(all), Some(backstages)) = (ConfigSchema::declared(config), backstages()) else {
            return vec![];
        };
        let backends = backend_sections();
        let known: Vec<String> = self.sections().into_iter().chain(["greenroom".to_owned()]).collect();
        let is_below = |sections: &[String], key: &str| {
            let below = |section: &String| {
                key.strip_prefix(section.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']))
            };
            sections.iter().any(below)
        };
        // Elsewhere others may have keys too: only what is nearly a known key is told, in sections of which the schemas of
        // features say more than the built-in tables.
        let read = self.top_level();
        let is_slip = |unknown: &Unknown| {
            let (section, below) = match unknown.key.find(['.', '[']) {
                Some(end) => (&unknown.key[..end], true),
                None => (&*unknown.key, false),
            };
            let looked_at = !below || section == "backend" || read.contains(section);
            looked_at && unknown.suggestion.is_some()
        };
        let all = keys::unknown(&[all.merged(), &backstages.value], config).into_iter();
        all.filter_map(|mut unknown| {
            if is_below(&backends, &unknown.key) {
                return Some(unknown);
            }
            // It may be somebody else's.
            unknown.known.clear();
            (is_below(&known, &unknown.key) || is_slip(&unknown)).then_some(unknown)
        })
        .collect()
    }

    /// The sections that they read something of.
    fn top_level(&self) -> BTreeSet<&str> {
        let properties =
            self.well_formed.iter().filter_map(|(_, schema)| schema.value["properties"].as_object());
        properties.flat_map(|named| named.keys().map(String::as_str)).collect()
    }

    /// What only they declare.
    fn sections(&self) -> Vec<String> {
        match ConfigSchema::new(self.schemas()) {
            Ok(own) if !self.well_formed.is_empty() => {
                keys::sections(&own, &of_every_backend().collect::<Vec<_>>())
            }
            _ => vec![],
        }
    }

    /// Makes them hold in the config, with those of every backend. Whether that is news.
    pub(crate) fn declare(&self, config: &RootConfig) -> Result<bool> {
        let all = config_schemas().into_iter().chain(self.schemas()).collect();
        Ok(ConfigSchema::declare(config, all).map_err(|error| Error::new(error.to_string()))?)
    }

    /// All that keeps features from starting.
    pub(crate) fn refused(&self, config: &RootConfig) -> Vec<Fault> {
        let refused = self.refusals(config);
        let refused = refused.into_iter().map(|(by, error)| fault(&by, Error::from(error)));
        self.faults.iter().cloned().chain(refused).collect()
    }
}

/// What holds in every backend.
fn of_every_backend() -> impl Iterator<Item = Schema> {
    config_schemas().into_iter().chain([Schema::built_in()])
}

/// The sections of `backend` of which the crates of every backend read something: with those of Backstage all keys are known
/// there, and nobody else has any.
fn backend_sections() -> Vec<String> {
    let schemas = config_schemas();
    let sections =
        schemas.iter().filter_map(|schema| schema.value["properties"]["backend"]["properties"].as_object());
    let with_keys = sections.flatten().filter(|(_, section)| section.get("properties").is_some());
    with_keys.map(|(name, _)| format!("backend.{name}")).collect()
}

/// Backstage's keys that nobody here reads: they are no slips.
fn backstages() -> Option<Schema> {
    Schema::parse("backstage", "known.json", include_str!("../known.json")).ok()
}

/// A fault of a feature that cannot fail by itself says whose it is, unless it points at the place in the config.
pub(crate) fn fault(by: &FeatureId, error: Error) -> Fault {
    match by.owner() {
        Some(owner) => Fault { owner: Some(owner.clone()), error },
        None if error.downcast_ref::<ConfigError>().is_some() => Fault { owner: None, error },
        None => Fault { owner: None, error: Error::named(error.name().to_owned(), format!("{by}: {error}")) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_own_schema_is_one() {
        let schemas = config_schemas();
        assert_eq!(schemas.len(), OWN.len(), "a text that is none is left out");
        ConfigSchema::new(schemas).unwrap();
    }

    fn slips(yaml: &str) -> Vec<(String, String)> {
        told(FeatureSchemas { well_formed: vec![], faults: vec![] }, yaml)
    }

    fn told(features: FeatureSchemas, yaml: &str) -> Vec<(String, String)> {
        let config = RootConfig::from_yaml(yaml).unwrap();
        features.declare(&config).unwrap();
        let told = features.unknown(&config).into_iter();
        told.map(|unknown| (unknown.key, unknown.suggestion.unwrap_or_default())).collect()
    }

    #[test]
    fn a_key_one_or_two_letters_off_a_known_one_is_told_wherever_it_stands() {
        for (yaml, meant) in [
            ("greenrom: {}", "greenroom"),
            ("integration: {}", "integrations"),
            ("backend: {corss: {}}", "backend.cors"),
            ("backend: {listn: 1}", "backend.listen"),
            ("backend: {listen: {prot: 1}}", "backend.listen.port"),
            ("backend: {cors: {orgin: x}}", "backend.cors.origin"),
            ("backend: {csp: {image-src: [x]}}", "backend.csp.img-src"),
            ("backend: {server: {keepAliveTimeouts: 1}}", "backend.server.keepAliveTimeout"),
            ("backend: {server: {headerTimeout: 1}}", "backend.server.headersTimeout"),
            (
                "backend: {rateLimit: {skipSuccesfulRequests: true}}",
                "backend.rateLimit.skipSuccessfulRequests",
            ),
            ("backend: {auth: {externalAcces: []}}", "backend.auth.externalAccess"),
            (
                "backend: {auth: {dangerouslyDisableDefaultAuthPolcy: true}}",
                "backend.auth.dangerouslyDisableDefaultAuthPolicy",
            ),
        ] {
            let told = slips(yaml);
            assert_eq!(told.iter().map(|(_, meant)| meant.as_str()).collect::<Vec<_>>(), [meant], "{yaml}");
        }
    }

    #[test]
    fn in_sections_of_the_backend_every_key_is_known_and_others_are_told_with_those() {
        let told = |yaml: &str| {
            let config = RootConfig::from_yaml(yaml).unwrap();
            let features = FeatureSchemas { well_formed: vec![], faults: vec![] };
            features.declare(&config).unwrap();
            features.unknown(&config).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let known = "known there are 'host', 'port'";
        assert_eq!(
            told("backend:\n  listen:\n    adress: 127.0.0.1\n    path: /run/x.sock\n"),
            [
                format!("nobody reads 'backend.listen.adress', {known} (mock-config:3:13)"),
                format!("nobody reads 'backend.listen.path', {known} (mock-config:4:11)"),
            ]
        );
        let sections = backend_sections();
        for section in [
            "listen",
            "server",
            "https",
            "cors",
            "referrer",
            "rateLimit",
            "auth",
            "health",
            "lifecycle",
            "logger",
            "startup",
        ] {
            assert!(sections.contains(&format!("backend.{section}")), "{section}");
            assert_eq!(told(&format!("backend: {{{section}: {{elsewhere: 1}}}}")).len(), 1, "{section}");
        }
        let theirs = "backend: {rateLimit: {store: {type: redis, connection: x}}, csp: {x-own: [y]}, cache: {store: x}, \
                      auth: {keys: [{secret: x}], pluginKeyStore: {type: static}}, https: {certificate: {key: x, cert: y}}, \
                      logger: {meta: {any: x}}, health: {headers: {x-any: y}}}";
        assert_eq!(told(theirs), [""; 0]);
        assert_eq!(told("greenroom: {plugin: {x: 1}}\nbackend: {ours: 1}").len(), 1);
    }

    /// With a feature that reads `auth`.
    fn slips_beside_auth(yaml: &str) -> Vec<(String, String)> {
        let text = r#"{"type": "object", "properties": {"auth": {"type": "object", "properties": {
            "providers": {"type": "object", "properties": {"guest": {"type": "object"}}},
            "keyStore": {"type": "object", "properties": {"provider": {"type": "string"}}}}}}}"#;
        let schema = Schema::parse("auth", "config.schema.json", text).unwrap();
        let by = FeatureId::Service("auth");
        told(FeatureSchemas { well_formed: vec![(by, schema)], faults: vec![] }, yaml)
    }

    #[test]
    fn a_slip_is_told_in_the_sections_of_features_too() {
        for (yaml, meant) in [
            ("auth: {provider: {}}", "auth.providers"),
            ("auth: {provders: {}}", "auth.providers"),
            ("auth: {providers: {gest: {}}}", "auth.providers.guest"),
            ("auth: {keystore: {}}", "auth.keyStore"),
            ("auth: {enviroment: x}", "auth.environment"),
        ] {
            let told = slips_beside_auth(yaml);
            assert_eq!(told.iter().map(|(_, meant)| meant.as_str()).collect::<Vec<_>>(), [meant], "{yaml}");
        }
        let others = "auth: {providers: {github: {development: {clientId: x}}, saml: {}}, ours: 1, session: {secret: x}}\n\
                      catalog: {provider: {}}\n";
        assert_eq!(slips_beside_auth(others), []);
    }

    #[test]
    fn keys_of_others_and_backstages_own_are_not_told() {
        let yaml = "app: {title: x}\nauth: {providers: {}}\ncatalog: {rules: []}\nmyCompany: {x: 1}\norganization: {name: x}\n\
                    backend: {baseUrl: http://x, cache: {store: memory}, database: {client: pg}, reading: {allow: []}, ours: 1, \
                    csp: {imgSrc: [x], x-own: [y]}}\n";
        assert_eq!(slips(yaml), []);
    }
}
