//! The ports on SQS, DynamoDB, S3, Secrets Manager and EventBridge.
