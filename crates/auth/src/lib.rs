//! Who is calling: principals, credentials, external tokens.
