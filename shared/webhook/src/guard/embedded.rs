use std::net::{Ipv4Addr, Ipv6Addr};

/// The IPv4 addresses that an IPv6 address can contain by any of the known schemes.
pub(super) fn v4_in(address: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let segments = address.segments();
    let last = v4(segments[6], segments[7]);
    let found = match segments {
        // IPv4-compatible, IPv4-mapped, SIIT, and NAT64 with its well-known and its local prefix.
        [0, 0, 0, 0, 0 | 0xffff, ..] | [0, 0, 0, 0, _, 0 | 0xffff, ..] => Some(last),
        [0x64, 0xff9b, ..] => Some(last),
        // 6to4.
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // Teredo: the client's address is inverted.
        [0x2001, 0, ..] => Some(v4(!segments[6], !segments[7])),
        // ISATAP, in any network.
        [_, _, _, _, 0 | 0x0200, 0x5efe, ..] => Some(last),
        _ => None,
    };
    found.into_iter()
}

/// The last 32 bits, where most schemes have the IPv4 address.
pub(super) fn last_v4(address: Ipv6Addr) -> Ipv4Addr {
    let segments = address.segments();
    v4(segments[6], segments[7])
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits((u32::from(high) << 16) | u32::from(low))
}
