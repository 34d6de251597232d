//! What `--aws` does in a program built without the AWS SDK. The SDK takes long to build, and whoever
//! works on one machine does not need it.

use super::operation::Operation;
use crate::error::Error;

pub(crate) async fn perform(_stack: &str, _operation: &impl Operation) -> Result<u8, Error> {
    Err(Error::Usage(
        "--aws: this program was built without AWS support; to build it in: `cargo build --release -p webhook-stage --features aws`"
            .to_owned(),
    ))
}
