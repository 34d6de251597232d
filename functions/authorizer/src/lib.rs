//! The authorizer Lambda function.
