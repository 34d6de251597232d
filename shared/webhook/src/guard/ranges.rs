use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::embedded::last_v4;

/// Why an address may not be called: it is in one of IANA's special-purpose registries, or embeds such an address.
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
    /// `169.254.0.0/16`, `fe80::/10`, which include the clouds' metadata services.
    LinkLocal,
    /// A metadata service, which gives out credentials; mainly `169.254.169.254`.
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
    /// IPv6 that embeds an IPv4 address in a form that is not in use.
    EmbeddedV4,
}

impl Forbidden {
    /// The words for it in an attempt's detail.
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

/// Why an address is forbidden; none for one that may be called.
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
    // Networks with only IPv6 need NAT64, so it is judged by the IPv4 address inside, which it reaches.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return v4(last_v4(address));
    }
    Some(match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Forbidden::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Forbidden::Loopback,
        [0, 0, 0, 0, 0, 0xffff, ..] => v4(last_v4(address)).unwrap_or(Forbidden::EmbeddedV4),
        [0..=0x00ff, ..] => Forbidden::EmbeddedV4,
        [0x2001, 0x0000..=0x01ff, ..] => Forbidden::Protocol,
        [0x2001, 0x0db8, ..] | [0x3fff, 0x0000..=0x0fff, ..] => Forbidden::Documentation,
        [0x2002, ..] => Forbidden::SixToFour,
        // ISATAP, in any prefix.
        [_, _, _, _, 0 | 0x0200, 0x5efe, ..] => {
            return v4(last_v4(address)).or_else(|| outside_global(segments[0]));
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

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::{Forbidden, classify};

    fn of(address: &str) -> Option<Forbidden> {
        classify(address.parse().unwrap())
    }

    #[test]
    fn every_special_range_to_its_edges() {
        use Forbidden as F;
        for (first, last, range) in [
            ("0.0.0.0", "0.255.255.255", F::Unspecified),
            ("10.0.0.0", "10.255.255.255", F::Private),
            ("100.64.0.0", "100.127.255.255", F::CarrierNat),
            ("127.0.0.0", "127.255.255.255", F::Loopback),
            ("169.254.0.0", "169.254.255.255", F::LinkLocal),
            ("168.63.129.16", "168.63.129.16", F::Metadata),
            ("172.16.0.0", "172.31.255.255", F::Private),
            ("192.0.0.0", "192.0.0.255", F::Protocol),
            ("192.0.2.0", "192.0.2.255", F::Documentation),
            ("192.88.99.0", "192.88.99.255", F::SixToFour),
            ("192.168.0.0", "192.168.255.255", F::Private),
            ("198.18.0.0", "198.19.255.255", F::Benchmarking),
            ("198.51.100.0", "198.51.100.255", F::Documentation),
            ("203.0.113.0", "203.0.113.255", F::Documentation),
            ("224.0.0.0", "239.255.255.255", F::Multicast),
            ("240.0.0.0", "255.255.255.255", F::Reserved),
        ] {
            assert_eq!(of(first), Some(range), "{first}");
            assert_eq!(of(last), Some(range), "{last}");
            let before = u32::from(first.parse::<Ipv4Addr>().unwrap()).checked_sub(1);
            let after = u32::from(last.parse::<Ipv4Addr>().unwrap()).checked_add(1);
            for neighbour in before.into_iter().chain(after) {
                let neighbour = Ipv4Addr::from(neighbour);
                assert_ne!(classify(neighbour.into()), Some(range), "{neighbour}");
            }
        }
    }

    #[test]
    fn every_special_range_of_ipv6() {
        use Forbidden as F;
        for (address, range) in [
            ("::", F::Unspecified),
            ("::1", F::Loopback),
            ("::ffff:127.0.0.1", F::Loopback),
            ("::ffff:8.8.8.8", F::EmbeddedV4),
            ("::8.8.8.8", F::EmbeddedV4),
            ("::127.0.0.1", F::EmbeddedV4),
            ("::ffff:0:127.0.0.1", F::EmbeddedV4),
            ("64:ff9b::127.0.0.1", F::Loopback),
            ("64:ff9b::10.0.0.1", F::Private),
            ("64:ff9b:1::8.8.8.8", F::EmbeddedV4),
            ("100::1", F::Reserved),
            ("2001::1", F::Protocol),
            ("2001:1ff:ffff::", F::Protocol),
            ("2001:db8::1", F::Documentation),
            ("2002:7f00:1::", F::SixToFour),
            ("2a00::5efe:7f00:1", F::Loopback),
            ("2a00::200:5efe:a00:1", F::Private),
            ("3fff::1", F::Documentation),
            ("3fff:fff:ffff::1", F::Documentation),
            ("5f00::1", F::Reserved),
            ("fc00::1", F::UniqueLocal),
            ("fd00:ec2::254", F::UniqueLocal),
            ("fe80::1", F::LinkLocal),
            ("febf::1", F::LinkLocal),
            ("fec0::1", F::SiteLocal),
            ("ff02::1", F::Multicast),
        ] {
            assert_eq!(of(address), Some(range), "{address}");
        }
    }

    #[test]
    fn the_public_internet_may_be_called() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "128.0.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "64:ff9b::8.8.8.8",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00::5efe:808:808",
            "3ffe::1",
        ] {
            assert_eq!(of(address), None, "{address}");
        }
    }

    fn joined(prefix: [u16; 6], inner: u32) -> IpAddr {
        let mut octets = [0; 16];
        for (place, segment) in octets.chunks_exact_mut(2).zip(prefix) {
            place.copy_from_slice(&segment.to_be_bytes());
        }
        octets[12..].copy_from_slice(&inner.to_be_bytes());
        Ipv6Addr::from(octets).into()
    }

    proptest! {
        #[test]
        fn nat64_inherits(inner: u32) {
            let nat64 = joined([0x64, 0xff9b, 0, 0, 0, 0], inner);
            prop_assert_eq!(classify(nat64), classify(Ipv4Addr::from(inner).into()));
        }

        #[test]
        fn mapped_is_always_refused(inner: u32) {
            prop_assert!(classify(joined([0, 0, 0, 0, 0, 0xffff], inner)).is_some());
        }

        #[test]
        fn the_lowest_eighth_is_refused(bits: u128) {
            let address = Ipv6Addr::from(bits >> 8);
            prop_assume!(address.segments()[..6] != [0x64, 0xff9b, 0, 0, 0, 0]);
            prop_assert!(classify(address.into()).is_some());
        }

        #[test]
        fn the_rest_of_nat64s_network_is_refused(bits: u128) {
            let address = Ipv6Addr::from((bits >> 32) | (0x0064_ff9b << 96));
            prop_assume!(address.segments()[2..6] != [0, 0, 0, 0]);
            prop_assert!(classify(address.into()).is_some());
        }

        #[test]
        fn all_of_6to4_and_teredo_is_refused(bits: u128) {
            prop_assert!(classify(Ipv6Addr::from((bits >> 16) | (0x2002 << 112)).into()).is_some());
            prop_assert!(classify(Ipv6Addr::from((bits >> 32) | (0x2001_0000 << 96)).into()).is_some());
        }

        #[test]
        fn isatap_never_leads_inside(network: [u16; 4], global: bool, inner: u32) {
            let [a, b, c, d] = network;
            let address = joined([a, b, c, d, if global { 0x200 } else { 0 }, 0x5efe], inner);
            if classify(Ipv4Addr::from(inner).into()).is_some() {
                prop_assert!(classify(address).is_some());
            }
        }

        #[test]
        fn only_global_unicast_may_be_called(bits: u128) {
            let address = Ipv6Addr::from(bits);
            if classify(address.into()).is_none() {
                let first = address.segments()[0];
                prop_assert!((0x2000..=0x3fff).contains(&first) || first == 0x64);
            }
        }
    }
}
