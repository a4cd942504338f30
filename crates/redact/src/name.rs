//! Names of what is secret: of config keys, headers, parameters of URLs.
//!
//! One list for all of them, so that what is hidden in one place is not shown in another. In doubt a name is secret: a
//! value that is hidden for nothing can be looked up, one that was shown cannot be taken back.

use std::borrow::Cow;

use crate::name_lists::NAME_LISTS as LISTS;

/// Whether what has this name is secret: a config key, a header, a field, a parameter. Only its letters count, in any
/// case.
///
/// ```
/// use greenroom_redact::name_is_secret;
///
/// assert!(["clientSecret", "API_KEY", "x-api-key", "password2", "tokenValue"].into_iter().all(name_is_secret));
/// assert!(!["tokenUrl", "keyboard", "primaryKey", "publicKey", "username"].into_iter().any(name_is_secret));
/// ```
///
/// A name is all that it knows: what is secret under another name must be declared so.
pub fn name_is_secret(name: &str) -> bool {
    (is_one_of(name, LISTS.names, LISTS.endings) && !is(name, "key")) || holds_word(name)
}

/// The same of what holds secrets, where many count as well as one: `tokens`.
///
/// ```
/// assert!(["token", "tokens", "apiKeys"].into_iter().all(greenroom_redact::names_secrets));
/// ```
pub fn names_secrets(name: &str) -> bool {
    name_is_secret(name) || name.strip_suffix(['s', 'S']).is_some_and(name_is_secret)
}

/// Whether a secret's own word stands in a name, and what follows does not tell of something else.
fn holds_word(name: &str) -> bool {
    let holds = || {
        let from = |at: usize, word: &str| {
            name.as_bytes()
                .get(at..at + word.len())
                .is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        };
        let is_word = |at: usize, word: &&str| {
            from(at, word) && begins_word(name, at) && begins_word(name, at + word.len())
        };
        (0..name.len()).any(|at| {
            LISTS.anywhere.iter().any(|word| from(at, word))
                || LISTS.words.iter().any(|word| is_word(at, word))
        })
    };
    holds()
        && ![LISTS.harmless, LISTS.about_secrets].into_iter().flatten().any(|ending| ends_in(name, ending))
}

/// Whether a word begins or ends here: of `fooBar`, `foo_bar` and `FOOBar` at `bar`.
fn begins_word(name: &str, at: usize) -> bool {
    let byte = |at: usize| name.as_bytes().get(at).filter(|byte| byte.is_ascii_alphabetic());
    let (Some(before), Some(here)) = (at.checked_sub(1).and_then(byte), byte(at)) else { return true };
    here.is_ascii_uppercase()
        && (before.is_ascii_lowercase() || byte(at + 1).is_some_and(u8::is_ascii_lowercase))
}

/// How often the percent-encoding of a parameter's name is undone.
const DECODINGS: usize = 3;

/// The same of a parameter in a URL, where also `code`, `state`, `sig` and the like let somebody in, and many as well as one.
/// Percent-encoding is undone first; of `token[a]` and `token.a`, what stands before the bracket or the dot counts too.
pub(crate) fn parameter_is_secret(name: &str) -> bool {
    let mut name = Cow::Borrowed(name);
    for _ in 0..DECODINGS {
        if !name.contains('%') {
            break;
        }
        name = percent_encoding::percent_decode_str(&name).decode_utf8_lossy().into_owned().into();
    }
    // What was encoded may hold more than the name.
    let name = name.rsplit(['/', '?', '&', ';', '#']).next().unwrap_or_default();
    let is_secret =
        |name: &str| name_is_secret(name) || is_one_of(name, LISTS.parameters, LISTS.parameter_endings);
    let is_of_secrets = |name: &str| is_secret(name) || name.strip_suffix(['s', 'S']).is_some_and(is_secret);
    let above = name.rsplit_once(['.', '[']).map(|(above, _)| above);
    is_of_secrets(name) || above.is_some_and(|above| above.split(['.', '[', ']']).any(is_of_secrets))
}

fn is_one_of(name: &str, names: &[&str], endings: &[&str]) -> bool {
    let ends_in_one_of = |endings: &[&str]| endings.iter().any(|ending| ends_in(name, ending));
    names.iter().any(|whole| is(name, whole)) || (ends_in_one_of(endings) && !ends_in_one_of(LISTS.harmless))
}

fn is(name: &str, whole: &str) -> bool {
    letters(name).eq(whole.bytes().rev())
}

fn ends_in(name: &str, ending: &str) -> bool {
    let mut letters = letters(name);
    ending.bytes().rev().all(|letter| letters.next() == Some(letter))
}

/// The letters of a name in lower case, the last one first.
fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().rev().filter(u8::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Declared secret in the schemas of Backstage 1.57 (`backend-defaults`, `integration`, `integration-aws-node`, the plugins
    /// auth, catalog, events, kubernetes, notifications, scaffolder, search and techdocs with their modules), or secret without
    /// being declared (`passphrase`).
    const OF_BACKSTAGE: &str = "\
        accessKey accessKeyId accountKey apiKey appPassword clientSecret commitSigningKey \
        connectionString credentials defaultCommitSigningKey googleServiceAccountCredentials password \
        personalAccessToken privateKey sasToken secret secretAccessKey serviceAccountToken token webhookSecret \
        passphrase";

    /// Declared secret there, under names that tell nothing.
    const DECLARED_ALONE: &str = "\
        connection key accountName authMetadata caData caFile clientCertificate clientId defaults externalId id pullOptions \
        rootNodes secrets serviceTokens subject username";

    /// All other names of texts and numbers there.
    const HARMLESS_IN_BACKSTAGE: &str = "\
        EXPERIMENTAL_recoverTasksTimeout EXPERIMENTAL_workspaceSerializationProvider accountId action \
        additionalScopes algorithm allow allowedClientIdPatterns allowedDomains allowedEmailDomains \
        allowedHeaders allowedInstallationOwners allowedRedirectUriPatterns allowlistEmailAddresses apiBaseUrl \
        apiVersion appId assumeRole attributes audience auth authProvider authServerId authUrl \
        authenticationTimeout authority authorizationCookieName authorizationUrl authzid \
        backstageTokenExpiration baseUrl batchKeyField batchSize beforeShutdownHook bindings bodyTimeout \
        broadcastChannels brokers bucketName bucketRootPath builder ca cacheName callbackUrl cert channel \
        clearBatchSize client clientCertificatePath clientEmail clientName cloneUrl cloudId compatibility \
        composed_of concurrencyLimit concurrentTasksLimit configmaps configurationSetName connectionTimeout \
        containerName critical cron cronjobs csp customresources daemonsets dangerouslyAllowAdditionalExtensions \
        dangerouslyAllowAdditionalKeys dangerouslyAllowAdditionalPlugins dangerouslyAllowClusterUrls dataDir \
        days defaultCommitMessage defaultEngine defaultLocationConflictStrategy defaultPlugins defaultTtl \
        denylistEmailAddresses deployments derefAliases description displayName dn dnAttributeName dockerImage \
        domainHint email endpoint endpointSuffix endpointType enterpriseInstanceUrl environment exact \
        excludedTopics expand experimentalExtraAllowedOrigins exposedHeaders external factor filter flush format \
        fragmentDelimiter fragmentSize frequency fromArn fuzziness gitilesBaseUrl group groupFilter groupId \
        groupSearch groupSelect headers headersTimeout heartbeatInterval high horizontalpodautoscalers host \
        hostname hours icon identityTokenAlgorithm idp includedTopics incomingRequestLimit indexPrefix \
        index_patterns ingresses initialDelay initialRetryTime instance internal ipAddressType ipAllowList \
        ipv6Prefix issuer jobs jwtHeaderName keepAliveTimeout keepResults keyFilename keyId keyPrefix \
        keyPrefixSeparator keyType kind label length level limitranges listen low managedIdentityClientId \
        matchers maxAge maxApiRequestsPerMinute maxBytes maxBytesPerPartition maxCommandRedirections \
        maxConnections maxHeadersCount maxInFlightRequests maxRequestsPerSocket maxRetries maxRetryTime \
        maxRotationLifetime maxSeverity maxSize maxTokensPerUser maxWaitTime mechanism mediaType medium memberOf \
        members meta metadataMaxAge metadataUrl methods milliseconds minBytes minSeverity minutes months \
        multiplier name namespace newline node numFragments objectTypes oidcTokenProvider onFailure \
        onPluginBootFailure onPluginModuleBootFailure optionsSuccessStatus organizations origin \
        orphanProviderStrategy orphanStrategy pageSize parameters partition path paths pattern permission phrase \
        picture plugin pluginDivisionMode pluginShutdownHook pluginSources plugins plural pods policy \
        pollingInterval port prefix prefixLength priority privateKeyFile profile projectId prompt provider \
        publicKeyFile publishDirectory query queryMode queueSize rawBaseUrl rdn readTimeout readiness \
        rebalanceTimeout receiver receiverEmails redactAllowlist redirectUris region replicasets replyTo \
        requestTimeout resolver resourcequotas retries retryStatusCodes role roleArn roleName runIn \
        saslMechanism schemaPrefix schemaUrl scope search seconds secureProtocol select sendTimeout sender \
        serverShutdownDelay serveraddress service services sessionDuration sessionTimeout set shutdownHook \
        sizeLimit sniHostName sse staleTimeout startUrlSearchParams startupHook startupRequestPauseTimeout \
        statefulsets stitchTimeout store subjectPrefix swiftUrl target taskParameterMaxLength taskTimeout \
        taskTimeoutJanitorFrequency tasks teamName tenantId throttleInterval timeLimit timeout timezone title \
        tokenEndpointAuthMethod tokenLifetime tokenRenewableOffsetTime tokenSignedResponseAlg tokenUrl topic \
        topics transactionTimeout transport trigger trustCerts trustProxy ttl type url user userFilter \
        userGroupMemberFilter userGroupMemberSearch userName userSelect uuidAttributeName valueType version \
        webIdentityTokenFile weeks window workers workspaceProvider years";

    /// Names that end in or hold what sounds like a secret.
    const ALIKE: &str = "monkey keyboard keyword keywords donkey primaryKey sort_key SORTKEY partition-key publicKey projectKey \
        tokenizer tokens maxTokens tokenUrl token_endpoint secretName passwordPolicy bypass passenger keepAliveTimeout \
        csrfProtection csrfCookieName csrfHeader cookies connections maxConnections authorizationUrl codec encode \
        tokenEndpoint tokenExpiration clientSecretMode token_ttl SECRET_NAME secretary tokenize secretRef nonce session";

    /// Names that say `secret` or the like, and go on.
    const GO_ON: &str = "password_confirmation passwordConfirm passwordconfirmation newPasswordAgain tokenValue secretValue \
        client_secret_post bearer_token_value BEARER_TOKEN_VALUE XMLTokenValue xsrf-token passwort passwd2old secret-id \
        token1 Set-Cookie sessionCookie";

    #[test]
    fn the_secrets_of_backstage_are_known_by_name_and_nothing_harmless_is() {
        let secret = |name: &&str| name_is_secret(name);
        for secrets in [OF_BACKSTAGE, GO_ON] {
            let missed: Vec<_> = secrets.split_whitespace().filter(|name| !secret(name)).collect();
            assert_eq!(missed, [""; 0]);
        }
        for harmless in [DECLARED_ALONE, HARMLESS_IN_BACKSTAGE, ALIKE] {
            let hidden: Vec<_> = harmless.split_whitespace().filter(secret).collect();
            assert_eq!(hidden, [""; 0]);
        }
    }

    #[test]
    fn a_code_and_a_state_are_secret_in_urls_alone() {
        for name in [
            "key",
            "code",
            "auth_code",
            "state",
            "sig",
            "X-Amz-Signature",
            "SAMLResponse",
            "PHPSESSID",
            "session",
            "_csrf",
            "nonce",
        ] {
            assert!(parameter_is_secret(name) && !name_is_secret(name), "{name}");
        }
        for name in ["statusCode", "country_code", "estate", "region_state", "config", "unicode"] {
            assert!(!parameter_is_secret(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn only_letters_count_in_any_case(name in "(client|api|x)?(secret|token|pass|apikey)", marks in "[-_. 0-9\\[\\]é]{0,3}") {
            let spelled: String = name.chars().flat_map(|c| marks.chars().chain([c.to_ascii_uppercase()])).collect();
            prop_assert!(name_is_secret(&name) && name_is_secret(&spelled), "{}", spelled);
        }
    }
}
