//! Services, plugins, modules, the graph, start and stop.
