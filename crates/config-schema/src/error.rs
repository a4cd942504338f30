//! What can be wrong with schemas, and with config by them.

/// A fault of a schema, or of a config by its schema. The text is Backstage's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A file that cannot be used.
    #[error("{0}")]
    Unreadable(String),
    /// A schema that is none.
    #[error("Schema at {path} is invalid, Error: {reason}")]
    Invalid {
        /// Where it was found.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// One place is declared to be for everybody and to be secret.
    #[error("Config schema visibility is both 'frontend' and 'secret' for {0}")]
    Conflict(String),
    /// A config that is not what its schema asks for: one text for each fault.
    #[error("Config validation failed, {}", .0.join("; "))]
    Config(Vec<String>),
}

/// The result of work with schemas.
pub type Result<T, E = SchemaError> = std::result::Result<T, E>;
