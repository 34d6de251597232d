//! The receiver Lambda function.
