use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address may not be called. IANA's special-purpose registries, and what embeds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Forbidden {
    /// `0.0.0.0/8`, `::`.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// `10/8`, `172.16/12`, `192.168/16`.
    Private,
    /// `100.64.0.0/10`, carrier-grade NAT.
    CarrierNat,
    /// `169.254.0.0/16`, `fe80::/10`: also the cloud's metadata.
    LinkLocal,
    /// An address that hands out credentials: `168.63.129.16`.
    Metadata,
    /// `192.0.0.0/24`, `2001::/23`: protocol assignments, Teredo among them.
    Protocol,
    /// Documentation and examples.
    Documentation,
    /// `198.18.0.0/15`.
    Benchmarking,
    /// `192.88.99.0/24`, `2002::/16`.
    SixToFour,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// `240.0.0.0/4`, the broadcast address, and IPv6 outside of global unicast.
    Reserved,
    /// `fc00::/7`.
    UniqueLocal,
    /// `fec0::/10`.
    SiteLocal,
    /// IPv6 that carries an IPv4 address in a form nobody needs.
    EmbeddedV4,
}

impl Forbidden {
    /// A few words, as they stand in an attempt's detail.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified address",
            Self::Loopback => "loopback",
            Self::Private => "private network",
            Self::CarrierNat => "carrier-grade NAT",
            Self::LinkLocal => "link-local",
            Self::Metadata => "cloud metadata",
            Self::Protocol => "protocol assignment",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::SixToFour => "6to4",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::UniqueLocal => "unique local",
            Self::SiteLocal => "site-local",
            Self::EmbeddedV4 => "embedded IPv4",
        }
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What makes an address forbidden; none for one that may be called.
#[must_use]
pub fn classify(address: IpAddr) -> Option<Forbidden> {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<Forbidden> {
    Some(match address.octets() {
        [0, ..] => Forbidden::Unspecified,
        [127, ..] => Forbidden::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Forbidden::Private,
        [100, 64..=127, ..] => Forbidden::CarrierNat,
        [169, 254, ..] => Forbidden::LinkLocal,
        [168, 63, 129, 16] => Forbidden::Metadata,
        [192, 0, 0, _] => Forbidden::Protocol,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Forbidden::Documentation,
        [198, 18..=19, ..] => Forbidden::Benchmarking,
        [192, 88, 99, _] => Forbidden::SixToFour,
        [224..=239, ..] => Forbidden::Multicast,
        [240..=255, ..] => Forbidden::Reserved,
        _ => return None,
    })
}

fn v6(address: Ipv6Addr) -> Option<Forbidden> {
    let segments = address.segments();
    // NAT64 reaches the IPv4 address inside: networks with only IPv6 need it, so it inherits.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return v4(last_v4(segments));
    }
    Some(match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Forbidden::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Forbidden::Loopback,
        [0, 0, 0, 0, 0, 0xffff, ..] => v4(last_v4(segments)).unwrap_or(Forbidden::EmbeddedV4),
        [0..=0x00ff, ..] => Forbidden::EmbeddedV4,
        [0x2001, 0x0000..=0x01ff, ..] => Forbidden::Protocol,
        [0x2001, 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Forbidden::Documentation,
        [0x2002, ..] => Forbidden::SixToFour,
        // ISATAP, in any prefix.
        [_, _, _, _, 0 | 0x0200, 0x5efe, ..] => {
            return v4(last_v4(segments)).or_else(|| outside_global(segments[0]));
        }
        [first, ..] => return outside_global(first),
    })
}

fn outside_global(first: u16) -> Option<Forbidden> {
    match first {
        0x2000..=0x3fff => None,
        0xfc00..=0xfdff => Some(Forbidden::UniqueLocal),
        0xfe80..=0xfebf => Some(Forbidden::LinkLocal),
        0xfec0..=0xfeff => Some(Forbidden::SiteLocal),
        0xff00..=0xffff => Some(Forbidden::Multicast),
        _ => Some(Forbidden::Reserved),
    }
}

fn last_v4(segments: [u16; 8]) -> Ipv4Addr {
    let [a, b] = segments[6].to_be_bytes();
    let [c, d] = segments[7].to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}
