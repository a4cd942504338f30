//! Which paths hold secrets, which the browser may see, and which name files: tables of path patterns.
//!
//! Must not know of values. More patterns come from the schemas that packages bring along.

use std::collections::HashMap;

use crate::{
    Visibility,
    key::{Step, pointer},
};

/// Paths whose string values are secrets, from the schema of Backstage's own backend packages and command line, and of
/// what nearly every Backstage has: sign-in providers and the proxy.
///
/// The object forms of `connection` name their secret members one by one, as the schema does: a host or user name
/// hidden wherever it occurs would make logs unreadable.
const SECRET: &[&str] = &[
    "app.https.certificate.cert",
    "app.https.certificate.key",
    "auth.providers.*.*.clientSecret",
    "auth.session.secret",
    "aws.accountDefaults.externalId",
    "aws.accounts[].accessKeyId",
    "aws.accounts[].externalId",
    "aws.accounts[].secretAccessKey",
    "aws.mainAccount.accessKeyId",
    "aws.mainAccount.secretAccessKey",
    "backend.auth.externalAccess[].options.secret",
    "backend.auth.externalAccess[].options.token",
    "backend.auth.keys[].secret",
    "backend.cache.connection",
    "backend.cache.infinispan.authentication.password",
    "backend.cache.infinispan.authentication.token",
    "backend.cache.redis.cluster.defaults.**",
    "backend.cache.redis.cluster.rootNodes.**",
    "backend.cache.valkey.cluster.defaults.**",
    "backend.cache.valkey.cluster.rootNodes.**",
    "backend.database.connection",
    "backend.database.connection.connectionString",
    "backend.database.connection.password",
    "backend.database.connection.ssl.key",
    "backend.database.connection.tokenCredential.clientSecret",
    "backend.database.plugin.*.connection",
    "backend.database.plugin.*.connection.connectionString",
    "backend.database.plugin.*.connection.password",
    "backend.database.plugin.*.connection.ssl.key",
    "backend.database.plugin.*.connection.tokenCredential.clientSecret",
    "backend.https.certificate.key",
    "greenroom.ops.token",
    "integrations.awsS3[].secretAccessKey",
    "integrations.azureBlobStorage[].aadCredential.clientSecret",
    "integrations.azureBlobStorage[].accountKey",
    "integrations.azureBlobStorage[].connectionString",
    "integrations.azureBlobStorage[].sasToken",
    "integrations.azure[].commitSigningKey",
    "integrations.azure[].credentials[].clientSecret",
    "integrations.azure[].credentials[].personalAccessToken",
    "integrations.bitbucketCloud[].appPassword",
    "integrations.bitbucketCloud[].clientId",
    "integrations.bitbucketCloud[].clientSecret",
    "integrations.bitbucketCloud[].commitSigningKey",
    "integrations.bitbucketCloud[].token",
    "integrations.bitbucketServer[].commitSigningKey",
    "integrations.bitbucketServer[].password",
    "integrations.bitbucketServer[].token",
    "integrations.bitbucketServer[].username",
    "integrations.gerrit[].commitSigningKey",
    "integrations.gerrit[].password",
    "integrations.gerrit[].username",
    "integrations.gitea[].commitSigningKey",
    "integrations.gitea[].password",
    "integrations.gitea[].username",
    "integrations.github[].apps[].clientSecret",
    "integrations.github[].apps[].privateKey",
    "integrations.github[].apps[].webhookSecret",
    "integrations.github[].token",
    "integrations.gitlab[].commitSigningKey",
    "integrations.gitlab[].token",
    "integrations.googleGcs.privateKey",
    "integrations.harness[].apiKey",
    "integrations.harness[].token",
    "proxy.endpoints.*.headers.Authorization",
    "proxy.endpoints.*.headers.X-Api-Key",
    "proxy.endpoints.*.headers.authorization",
    "proxy.endpoints.*.headers.x-api-key",
];

/// Paths that Backstage's own packages declare visible to the browser (contract: config-39).
const FRONTEND: &[&str] = &[
    "app.baseUrl",
    "app.routes.bindings.**",
    "app.support.**",
    "app.title",
    "auth.autologout.**",
    "auth.environment",
    "backend.baseUrl",
    "catalog.experimentalPagination.**",
    "discovery.endpoints[].plugins[]",
    "discovery.endpoints[].target",
    "discovery.endpoints[].target.external",
    "enableExperimentalRedirectFlow",
    "integrations.*[].apiBaseUrl",
    "integrations.*[].baseUrl",
    "integrations.*[].host",
    "integrations.*[].rawBaseUrl",
    "organization.name",
    "permission.EXPERIMENTAL_enableBatchedRequests",
    "permission.enabled",
];

/// Paths whose values name a file or directory that the log tells at a start: who looks for one that is not there has to see
/// where it was looked for, also where a variable has named it.
const FILE: &[&str] = &["app.packageName", "greenroom.app.dist", "greenroom.dataDir", "greenroom.rum.sdk"];

/// The tables, with the words of schemas.
pub(crate) fn tables() -> [(&'static str, &'static [&'static str]); 2] {
    [("secret", SECRET), ("frontend", FRONTEND)]
}

/// What is declared of paths.
#[derive(Debug)]
pub(crate) struct VisibilityRules {
    secret: Vec<Pattern>,
    frontend: Vec<Pattern>,
    file: Vec<Pattern>,
    /// By JSON pointer, from schemas.
    more: HashMap<String, Visibility>,
}

impl VisibilityRules {
    pub(crate) fn built_in() -> Self {
        let parse = |table: &[&str]| table.iter().map(|text| Pattern::parse(text)).collect();
        Self { secret: parse(SECRET), frontend: parse(FRONTEND), file: parse(FILE), more: HashMap::new() }
    }

    /// The same, and what schemas say.
    pub(crate) fn with(more: HashMap<String, Visibility>) -> Self {
        Self { more, ..Self::built_in() }
    }

    pub(crate) fn is_secret(&self, path: &[Step]) -> bool {
        self.secret.iter().any(|pattern| pattern.matches(path)) || self.says(path, Visibility::Secret)
    }

    pub(crate) fn is_frontend(&self, path: &[Step]) -> bool {
        self.frontend.iter().any(|pattern| pattern.matches(path)) || self.says(path, Visibility::Frontend)
    }

    /// Whether the value names a file.
    pub(crate) fn is_file(&self, path: &[Step]) -> bool {
        self.file.iter().any(|pattern| pattern.matches(path))
    }

    /// From now on, the value of this path is not taken for the name of a file.
    pub(crate) fn withhold_file(&mut self, path: &[Step]) {
        self.file.retain(|pattern| !pattern.matches(path));
    }

    fn says(&self, path: &[Step], visibility: Visibility) -> bool {
        !self.more.is_empty() && self.more.get(&pointer(path)) == Some(&visibility)
    }
}

/// `a.*.b[].c` or `a.**`: `*` is any key, `[]` any index, a trailing `**` everything at and below.
#[derive(Debug)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    deep: bool,
}

#[derive(Debug)]
enum Part {
    Key(String),
    AnyKey,
    AnyIndex,
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut deep = false;
        for part in text.split('.') {
            let name = part.trim_end_matches("[]");
            match name {
                "**" => deep = true,
                "*" => parts.push(Part::AnyKey),
                name => parts.push(Part::Key(name.to_owned())),
            }
            parts.extend((0..(part.len() - name.len()) / 2).map(|_| Part::AnyIndex));
        }
        Self { parts, deep }
    }

    pub(crate) fn matches(&self, path: &[Step]) -> bool {
        let long_enough =
            if self.deep { path.len() >= self.parts.len() } else { path.len() == self.parts.len() };
        long_enough
            && self.parts.iter().zip(path).all(|(part, step)| match (part, step) {
                (Part::Key(name), Step::Key(key)) => name == key,
                (Part::AnyKey, Step::Key(_)) | (Part::AnyIndex, Step::Index(_)) => true,
                _ => false,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::steps;

    /// Where schemas are missing, as in a file that cannot be read, a name is all there is to go by.
    #[test]
    fn what_is_declared_secret_is_known_by_name_or_has_one_that_tells_nothing() {
        let mut names: Vec<_> = SECRET
            .iter()
            .filter_map(|path| path.trim_end_matches(".**").rsplit(['.', ']']).next())
            .filter(|name| !greenroom_redact::name_is_secret(name))
            .collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(
            names,
            ["cert", "clientId", "connection", "defaults", "externalId", "key", "rootNodes", "username"]
        );
    }

    /// Nothing that the browser may see is hidden because of its name.
    #[test]
    fn what_is_public_is_not_named_like_a_secret() {
        let names =
            FRONTEND.iter().flat_map(|path| path.split(['.', '[', ']'])).filter(|name| !name.is_empty());
        assert_eq!(names.filter(|name| greenroom_redact::name_is_secret(name)).count(), 0);
    }

    #[test]
    fn patterns_match_keys_indices_and_subtrees() {
        let matches = |pattern: &str, path: &str| Pattern::parse(pattern).matches(&steps(path));
        assert!(matches("a.keys[].secret", "a.keys[3].secret"));
        assert!(!matches("a.keys[].secret", "a.keys.x.secret"));
        assert!(matches("a.*.b", "a.x.b"));
        assert!(!matches("a.*.b", "a.x.b.c"));
        assert!(matches("a.**", "a") && matches("a.**", "a[0].b.c"));
        assert!(!matches("a.**", "b"));
    }
}
