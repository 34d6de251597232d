//! Contract suites and end-to-end tests.
