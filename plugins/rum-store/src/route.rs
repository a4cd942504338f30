//! What paths and URLs are called, so that alike ones stand together and nobody is named.
