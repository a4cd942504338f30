//! What a plugin author depends on: services, plugins, loggers, routers.
