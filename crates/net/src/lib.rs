//! Which addresses are asked, by whoever reads from or sends to servers that somebody else may have named.
//!
//! A feed's address may come from a list that somebody else wrote, a receiver's from an editor, and any server may redirect: without
//! a guard, each could make the engine ask services of the machine it runs on or of its network (server-side request forgery). So
//! only public addresses are connected to. Names are looked up here and the connection is made to what was checked, so a name
//! cannot change in between.
//!
//! Main type: [`Guard`]. A client must also be told not to follow redirections by itself and to use no proxy, which would look names
//! up behind the guard's back.
//!
//! With the feature `kafka`, `kafka::Brokers` is the way to a cluster of Kafka, for who reads from it and who writes to it. No guard
//! stands there: brokers are named in the configuration alone, and live in private networks.
//!
//! Sources: RFC 6890, IANA's registries of special-purpose addresses.

#![forbid(unsafe_code)]

#[cfg(feature = "kafka")]
pub mod kafka;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The address is one of this machine or of a private network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address is not public")]
pub struct NotPublic;

/// The name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name has no address")]
pub struct NoAddress;

/// Looks names up and leaves out what is not public.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    /// Whether this machine and private networks may be asked too.
    pub private_addresses: bool,
}

impl Guard {
    /// Checks an address that is written as numbers; names are checked when they are looked up.
    pub fn check(self, url: &Url) -> Result<(), NotPublic> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
            _ => return Ok(()),
        };
        if self.private_addresses || is_public(address) { Ok(()) } else { Err(NotPublic) }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| NoAddress)?;
            let all: Vec<SocketAddr> = found.collect();
            let some = !all.is_empty();
            let public: Vec<SocketAddr> =
                all.into_iter().filter(|address| guard.private_addresses || is_public(address.ip())).collect();
            if some && public.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet (IANA's registries of special-purpose addresses, RFC 6890).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 10 | 127 | 224.. => true,
        100 => (64..128).contains(&b),
        169 => b == 254,
        172 => (16..32).contains(&b),
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b == 88 && c == 99),
        198 => b == 18 || b == 19 || (b == 51 && c == 100),
        203 => b == 0 && c == 113,
        _ => false,
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = address.segments();
    let inner = |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match (s0, s1, s2, s3, s4, s5) {
        // Mapped, NAT64 and 6to4: what stands in them counts.
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => inner(s6, s7),
        (0x2002, ..) => inner(s1, s2),
        // Documentation, benchmarks, Teredo, ORCHID.
        (0x2001, 0xdb8 | 0 | 2 | 0x10..=0x2f, ..) | (0x3fff, ..=0x0fff, ..) => false,
        // Only 2000::/3 is in use on the public internet.
        _ => s0 & 0xe000 == 0x2000,
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.private_addresses { "all addresses" } else { "public addresses" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for (address, public) in [
            ("93.184.215.14", true),
            ("8.8.8.8", true),
            ("127.0.0.1", false),
            ("127.8.7.6", false),
            ("10.1.2.3", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", true),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("ff02::1", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::7f00:1", false),
            ("2002:7f00:1::", false),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
        }
    }

    #[test]
    fn numbers_in_addresses_are_checked_in_any_spelling() {
        let guard = Guard { private_addresses: false };
        for address in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert_eq!(guard.check(&Url::parse(address).unwrap()), Err(NotPublic), "{address}");
        }
        assert_eq!(guard.check(&Url::parse("https://example.org/").unwrap()), Ok(()));
    }
}
