//! Root, plugin and child loggers: records, level rules, formats, redaction, sinks.
