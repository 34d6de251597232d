//! What `--aws` does in a program built without the AWS SDK. The SDK takes long to build, and whoever
//! works on one machine does not need it.

#[cfg(feature = "serve")]
use super::operation::KeyOperation;
use super::operation::Operation;
use crate::error::Error;

pub(crate) async fn perform(_stack: &str, _operation: &impl Operation) -> Result<u8, Error> {
    Err(missing())
}

#[cfg(feature = "serve")]
pub(crate) async fn perform_on_keys(
    _stack: &str,
    _operation: &impl KeyOperation,
) -> Result<u8, Error> {
    Err(missing())
}

fn missing() -> Error {
    Error::Usage(
        "--aws: this program was built without AWS support; to build it in: `cargo build --release -p webhook-stage --features aws`"
            .to_owned(),
    )
}
