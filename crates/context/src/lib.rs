//! Plugin, request and trace of the current work, and spawn that carries them.
