use std::future::Future;
use std::time::Duration;

use super::PortError;

/// Presigns URLs, so that a receiver can fetch an item's files from S3.
pub trait Presign: Send + Sync {
    /// A URL that gives access to `s3_url` (`s3://bucket/key`) for `expiry`.
    fn presign(
        &self,
        s3_url: &str,
        expiry: Duration,
    ) -> impl Future<Output = Result<String, PortError>> + Send;
}

/// Leaves URLs unchanged.
impl Presign for () {
    async fn presign(&self, s3_url: &str, _expiry: Duration) -> Result<String, PortError> {
        Ok(s3_url.to_owned())
    }
}
