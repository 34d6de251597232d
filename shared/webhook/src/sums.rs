use delivery::Reason;
use delivery::ports::Call;
use sha2::{Digest, Sha256};

use crate::failed::Failed;
use crate::signature::{Signer, TooLarge};

/// What is computed over a body before it is sent.
pub(crate) struct Sums {
    signer: Signer,
    hash: Option<Sha256>,
}

/// The same, computed.
pub(crate) struct Totals {
    /// The value of `webhook-signature`.
    pub(crate) signature: Option<String>,
    /// The body's SHA-256, if it was asked for.
    pub(crate) sha256: Option<[u8; 32]>,
}

impl From<TooLarge> for Failed {
    fn from(error: TooLarge) -> Self {
        Self::Reason(Reason::DocumentTooLarge, Some(error.to_string()))
    }
}

impl Sums {
    pub(crate) fn new<R>(call: &Call<R>, hashes: bool) -> Result<Self, Failed> {
        let secrets = &call.secrets.signing_secrets;
        let signer = Signer::new(secrets, call.delivery_id, call.sent_at.as_secs());
        let cannot = |error: crate::signature::SecretError| {
            Failed::Reason(Reason::SecretMissing, Some(error.to_string()))
        };
        Ok(Self {
            signer: signer.map_err(cannot)?,
            hash: hashes.then(Sha256::new),
        })
    }

    /// Whether anything is computed.
    pub(crate) fn need_body(&self) -> bool {
        self.signer.signs() || self.hash.is_some()
    }

    /// Whether the body is held in memory for it.
    pub(crate) fn holds_body(&self) -> bool {
        self.signer.holds_body()
    }

    /// Adds the next part of the body.
    pub(crate) fn update(&mut self, part: &[u8]) -> Result<(), TooLarge> {
        if let Some(hash) = &mut self.hash {
            hash.update(part);
        }
        self.signer.update(part)
    }

    pub(crate) fn finish(self) -> Totals {
        Totals {
            signature: self.signer.finish(),
            sha256: self.hash.map(|hash| hash.finalize().into()),
        }
    }
}
