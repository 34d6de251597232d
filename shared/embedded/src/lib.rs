//! The ports on SQLite and local files: the engine of one machine.
