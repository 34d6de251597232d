use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_types::SdkConfig;
use delivery::ports::{PortError, PortErrorKind, Presign};

use crate::documents::{Bucket, client};
use crate::error::port_error;

/// Turns `s3://bucket/key` into a URL that anyone may GET for a limited time, like those in V7's payload.
#[derive(Clone, Debug)]
pub struct S3Presign {
    client: Client,
    /// The document bucket, whose URLs are not presigned.
    documents: String,
}

impl S3Presign {
    /// Signs with the process's credentials; the URL expires when they do, at the latest.
    ///
    /// URLs into the document bucket are not presigned. The bucket has every team's documents, the sender may
    /// read them all, and a team decides what its documents say: otherwise a team could have the URL of another
    /// team's document sent to its receiver.
    #[must_use]
    pub fn new(config: &SdkConfig, documents: impl Into<String>) -> Self {
        Self {
            client: client(config),
            documents: documents.into(),
        }
    }

    /// The same, by the client of the document bucket.
    #[must_use]
    pub fn beside(documents: &Bucket) -> Self {
        Self {
            client: documents.client.clone(),
            documents: documents.name.clone(),
        }
    }
}

impl Presign for S3Presign {
    async fn presign(&self, s3_url: &str, expiry: Duration) -> Result<String, PortError> {
        let refused = || PortError::new(PortErrorKind::Corrupt, "presign a source file's URL");
        let path = s3_url.strip_prefix("s3://").ok_or_else(refused)?;
        let (bucket, key) = path.split_once('/').ok_or_else(refused)?;
        if bucket == self.documents {
            return Ok(s3_url.to_owned());
        }
        let expiry = PresigningConfig::expires_in(expiry).map_err(|_| refused())?;
        let request = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .presigned(expiry)
            .await;
        let request = request.map_err(|error| port_error("presign a source file's URL", &error))?;
        Ok(request.uri().to_owned())
    }
}
