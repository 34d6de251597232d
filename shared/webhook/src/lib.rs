//! The webhook call: payload, headers, signatures and the egress guard.
