//! Says what to do about a call that was refused because of its address.

use std::net::IpAddr;

use delivery::ports::{Lists, PortError};
use delivery::{FileKey, Reason};

use crate::terminal::output::say;

/// How to allow an address, which is taken from the refused attempt's `detail`.
pub(crate) fn allow(detail: Option<&str>) -> String {
    let mut words = detail.into_iter().flat_map(|detail| detail.split(' '));
    let network = match words.find_map(|word| word.parse().ok()) {
        Some(address @ IpAddr::V4(_)) => format!("{address}/32"),
        Some(address @ IpAddr::V6(_)) => format!("{address}/128"),
        None => "127.0.0.0/8".to_owned(),
    };
    format!("if the call should go there, allow the network: --allow-network {network}")
}

/// Says which address the file's last refused call would have gone to, and how to allow it.
pub(crate) async fn say_refused(lists: &impl Lists, key: &FileKey) -> Result<(), PortError> {
    let attempts = lists.attempts(key).await?;
    let mut attempts = attempts.iter().rev();
    let refused = attempts.find(|attempt| attempt.summary.reason == Some(Reason::ForbiddenAddress));
    let detail = refused.and_then(|attempt| attempt.detail.as_deref());
    let what = detail.unwrap_or("the stage's URL leads to a special network");
    say!("{what}; {}", allow(detail));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::allow;

    #[test]
    fn the_address_refused_is_the_one_to_allow() {
        let hint = |detail| allow(Some(detail));
        assert!(hint("10.1.2.3 may not be called: private").ends_with(" 10.1.2.3/32"));
        assert!(hint("fd00::1 may not be called: private").ends_with(" fd00::1/128"));
        let of_server = "the authorization server: 10.1.2.3 may not be called: private";
        assert!(hint(of_server).ends_with(" 10.1.2.3/32"));
        assert!(allow(None).contains("--allow-network"));
    }
}
