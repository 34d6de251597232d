//! V7 workflow JSON, stages, edges, roles and assignment rules. Pure: no clock, no network, no storage.
