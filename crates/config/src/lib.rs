//! Reads Backstage's app-config files: sources, substitution, merge, typed readers.
