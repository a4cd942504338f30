//! Names of what is secret and of what is none. The mask of the browser's events is held to the same ones.

/// Declared secret in the schemas of Backstage 1.57 (`backend-defaults`, `integration`, `integration-aws-node`, the plugins
/// auth, catalog, events, kubernetes, notifications, scaffolder, search and techdocs with their modules), or secret without
/// being declared (`passphrase`).
pub(crate) const OF_BACKSTAGE: &str = "\
    accessKey accessKeyId accountKey apiKey appPassword clientSecret commitSigningKey \
    connectionString credentials defaultCommitSigningKey googleServiceAccountCredentials password \
    personalAccessToken privateKey sasToken secret secretAccessKey serviceAccountToken token webhookSecret \
    passphrase";

/// Declared secret there, under names that tell nothing.
pub(crate) const DECLARED_ALONE: &str = "\
    connection key accountName authMetadata caData caFile clientCertificate clientId defaults externalId id pullOptions \
    rootNodes secrets serviceTokens subject username";

/// All other names of texts and numbers there.
pub(crate) const HARMLESS_IN_BACKSTAGE: &str = "\
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
pub(crate) const ALIKE: &str = "monkey keyboard keyword keywords donkey primaryKey sort_key SORTKEY partition-key publicKey projectKey \
    tokenizer tokens maxTokens tokenUrl token_endpoint secretName passwordPolicy bypass passenger keepAliveTimeout \
    csrfProtection csrfCookieName csrfHeader cookies connections maxConnections authorizationUrl codec encode \
    tokenEndpoint tokenExpiration clientSecretMode token_ttl SECRET_NAME secretary tokenize secretRef nonce session";

/// Names that say `secret` or the like, and go on.
pub(crate) const GO_ON: &str = "password_confirmation passwordConfirm passwordconfirmation newPasswordAgain tokenValue secretValue \
    client_secret_post bearer_token_value BEARER_TOKEN_VALUE XMLTokenValue xsrf-token passwort passwd2old secret-id \
    token1 Set-Cookie sessionCookie";

/// Secret in a URL alone.
pub(crate) const PARAMETERS: &str =
    "key code auth_code state sig X-Amz-Signature SAMLResponse PHPSESSID session _csrf nonce";

/// Those that are alike.
pub(crate) const NO_PARAMETERS: &str = "statusCode country_code estate region_state config unicode";
