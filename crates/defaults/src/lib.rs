//! create_backend(): every default service factory.
