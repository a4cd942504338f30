//! Root router, plugin routers, the middleware line, error bodies, drain.
