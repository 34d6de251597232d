//! The Webhook stage on one machine: command line, pollers, local receiver.
