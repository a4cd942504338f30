//! What is told of a browser by its `User-Agent`.
