//! The egress guard, which prevents calls to addresses that a stage's URL must not reach.
//!
//! On Lambda, for example, the runtime API listens on loopback, and a URL that reached it could forge
//! invocations. The guard checks the parsed host, because IP literals never reach a resolver. It also checks
//! every address that the resolver returns for the connection, so that a name cannot change its address between
//! the check and the connection.

mod embedded;
mod ranges;
mod resolver;
mod target;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

pub use ranges::{Forbidden, classify};
pub use resolver::{GuardedResolver, Lookup, LookupFailed, SystemLookup};
pub use target::{Target, TargetError};

/// Addresses of metadata services, which give credentials to whoever asks from inside: AWS (and most others), ECS
/// tasks, EKS pods, Azure, Alibaba, Oracle.
const METADATA_V4: [Ipv4Addr; 6] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// The same over IPv6: AWS, EKS pods, Google.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
];

/// Which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

/// An address that may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} may not be called: {range}")]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// The kind of address that it is.
    pub range: Forbidden,
}

impl Guard {
    /// A guard that also allows the networks that an operator names.
    ///
    /// Metadata services are refused even inside such a network; only their exact address (`/32`, `/128`) allows
    /// them.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Checks one address.
    ///
    /// # Errors
    /// [`Refused`], which names what the address is.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let range = match classify(address) {
            _ if is_metadata(address) => Forbidden::Metadata,
            Some(range) => range,
            None => return Ok(()),
        };
        let canonical = address.to_canonical();
        let is_allowed = self.allowed.iter().any(|network| {
            let exact = network.prefix_len() == network.max_prefix_len();
            (exact || range != Forbidden::Metadata)
                && (network.contains(&canonical) || network.contains(&address))
        });
        if is_allowed {
            Ok(())
        } else {
            Err(Refused { address, range })
        }
    }
}

/// Whether it is a metadata service, even as an IPv6 address that a translator or tunnel turns into an IPv4 one.
fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => METADATA_V4.contains(&address),
        IpAddr::V6(address) => {
            METADATA_V6.contains(&address)
                || embedded::v4_in(address).any(|inner| METADATA_V4.contains(&inner))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Forbidden, Guard};

    fn check(allowed: &[&str], address: &str) -> Result<(), Forbidden> {
        let allowed = allowed.iter().map(|net| net.parse().unwrap()).collect();
        Guard::new(allowed)
            .check(address.parse().unwrap())
            .map_err(|refused| refused.range)
    }

    #[test]
    fn an_allowed_network_beats_the_ranges() {
        assert_eq!(check(&[], "127.0.0.1"), Err(Forbidden::Loopback));
        assert_eq!(check(&["127.0.0.0/8"], "127.0.0.1"), Ok(()));
        assert_eq!(check(&["127.0.0.0/8"], "::ffff:127.0.0.1"), Ok(()));
        assert_eq!(check(&["127.0.0.0/8"], "::1"), Err(Forbidden::Loopback));
        assert_eq!(check(&["127.0.0.0/8"], "10.0.0.1"), Err(Forbidden::Private));
        assert_eq!(check(&["10.1.0.0/16", "fc00::/7"], "fd12::1"), Ok(()));
        assert_eq!(
            check(&["10.0.0.0/8"], "64:ff9b::a00:1"),
            Err(Forbidden::Private)
        );
        assert_eq!(check(&["64:ff9b::/96"], "64:ff9b::a00:1"), Ok(()));
    }

    #[test]
    fn metadata_needs_its_exact_address() {
        let everything = [
            "0.0.0.0/0",
            "::/0",
            "169.254.0.0/16",
            "169.254.169.254/31",
            "fd00:ec2::/64",
        ];
        for address in [
            "169.254.169.254",
            "169.254.170.2",
            "169.254.170.23",
            "168.63.129.16",
            "100.100.100.200",
            "192.0.0.192",
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd20:ce::254",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "::ffff:0:169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
            "2001:0:1:2:3:4:5601:5601",
            "2a00::5efe:a9fe:a9fe",
            "fe80::200:5efe:a9fe:a9fe",
        ] {
            assert_eq!(
                check(&everything, address),
                Err(Forbidden::Metadata),
                "{address}"
            );
        }
        assert_eq!(check(&["169.254.169.254/32"], "169.254.169.254"), Ok(()));
        assert_eq!(
            check(&["169.254.169.254/32"], "::ffff:169.254.169.254"),
            Ok(())
        );
        assert_eq!(check(&["fd00:ec2::254/128"], "fd00:ec2::254"), Ok(()));
        assert_eq!(check(&["169.254.0.0/16"], "169.254.100.1"), Ok(()));
    }
}
