//! Which addresses of the network are public, and which of the others an administrator lets
//! a plugin reach. Whoever resolves a name asks here about every address that it gave.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// IPv4 that is not public: the IANA special-purpose registry (RFC 6890 and after), multicast,
/// and what clouds answer on inside their machines.
const NOT_PUBLIC_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::UNSPECIFIED, 8),            // this network; 0.0.0.0 reaches this machine
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carrier-grade NAT, and Alibaba's metadata
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // Azure's machine service, in public space
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local, and most clouds' metadata
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments, and Oracle's metadata
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarking
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, and broadcast
];

/// IPv6 that is global unicast (2000::/3) and not public all the same. What is outside of
/// global unicast never is: loopback, IPv4-mapped and -compatible, NAT64, unique local and
/// with it clouds' metadata, link- and site-local, multicast, discard.
const NOT_PUBLIC_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // Teredo, ORCHID, benchmarking
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether everybody in the Internet means the same machine by this address.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !NOT_PUBLIC_V4.iter().any(|(network, prefix)| {
            let shift = 32 - prefix;
            address.to_bits() >> shift == network.to_bits() >> shift
        }),
        IpAddr::V6(address) => {
            let global_unicast = address.to_bits() >> 125 == 1;
            global_unicast
                && !NOT_PUBLIC_V6.iter().any(|(network, prefix)| {
                    let shift = 128 - prefix;
                    address.to_bits() >> shift == network.to_bits() >> shift
                })
        }
    }
}

/// What may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    public: bool,
    networks: Vec<IpNet>,
}

impl Reach {
    /// Public addresses, and those of the granted networks.
    pub fn public_and(networks: &[IpNet]) -> Self {
        Self { public: true, ..Self::only(networks) }
    }

    /// The granted networks and nothing else.
    pub fn only(networks: &[IpNet]) -> Self {
        let mut networks = networks.to_vec();
        networks.sort_unstable();
        networks.dedup();
        Self { public: false, networks }
    }

    /// Whether this address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        (self.public && is_public(address)) || self.grants(address)
    }

    /// Whether it may be because an administrator named its network, and not as a public one.
    pub fn allows_private(&self, address: IpAddr) -> bool {
        !is_public(address) && self.grants(address)
    }

    fn grants(&self, address: IpAddr) -> bool {
        // `::ffff:10.0.0.1` connects to 10.0.0.1
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_inside_somewhere_is_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "64:ff9b::8.8.8.8",
            "64:ff9b::127.0.0.1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:0:1:2::3",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "2002:808:808::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fe80::a9fe:a9fe",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!is_public(ip(text)), "{text}");
        }
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.0.0.1",
            "128.0.0.1",
            "168.63.129.17",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "198.17.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2003::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "3ffe::1",
        ] {
            assert!(is_public(ip(text)), "{text}");
        }
    }

    #[test]
    fn a_grant_opens_its_network_and_no_other() {
        let ten: IpNet = "10.1.0.0/16".parse().unwrap();
        let local: IpNet = "fd00:1::/32".parse().unwrap();
        let reach = Reach::public_and(&[local, ten, ten]);
        assert_eq!(reach, Reach::public_and(&[ten, local]));
        for (text, allowed, private) in [
            ("10.1.2.3", true, true),
            ("::ffff:10.1.2.3", true, true),
            ("64:ff9b::10.1.2.3", false, false),
            ("::10.1.2.3", false, false),
            ("10.2.0.1", false, false),
            ("127.0.0.1", false, false),
            ("fd00:1::9", true, true),
            ("fd00:2::9", false, false),
            ("8.8.8.8", true, false),
        ] {
            assert_eq!((reach.allows(ip(text)), reach.allows_private(ip(text))), (allowed, private), "{text}");
        }
        let only = Reach::only(&[ten]);
        assert!(only.allows(ip("10.1.2.3")) && !only.allows(ip("8.8.8.8")));
        let everything = Reach::only(&["0.0.0.0/0".parse().unwrap()]);
        assert!(everything.allows(ip("8.8.8.8")) && !everything.allows_private(ip("8.8.8.8")));
    }

    proptest! {
        #[test]
        fn what_the_standard_library_calls_special_is_not_public(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast()
                || v4.is_broadcast() || v4.is_documentation() || v4.is_unspecified();
            prop_assert!(!(special && is_public(v4.into())), "{v4}");
        }

        #[test]
        fn no_form_of_an_address_is_public_in_ipv6(bits: u32) {
            let v4 = Ipv4Addr::from_bits(bits);
            let tail = u128::from(bits);
            for v6 in [v4.to_ipv6_mapped(), v4.to_ipv6_compatible(), Ipv6Addr::from_bits((0x64_ff9b << 96) | tail),
                Ipv6Addr::from_bits((0x2002 << 112) | (tail << 80)), Ipv6Addr::from_bits((0x2001 << 112) | tail)] {
                prop_assert!(!is_public(v6.into()), "{v6}");
            }
        }

        #[test]
        fn without_a_grant_only_public_addresses_are_reached(high: u64, low: u64) {
            let v6 = Ipv6Addr::from_bits((u128::from(high) << 64) | u128::from(low));
            prop_assert_eq!(Reach::public_and(&[]).allows(v6.into()), is_public(v6.into()));
            prop_assert!(!Reach::only(&[]).allows(v6.into()));
            let special = v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_multicast() || v6.is_loopback();
            prop_assert!(!(special && is_public(v6.into())), "{}", v6);
        }

        #[test]
        fn a_granted_network_is_reached_whole(bits: u32, prefix in 0_u8..=32) {
            let network = IpNet::new(Ipv4Addr::from_bits(bits).into(), prefix).unwrap();
            let reach = Reach::only(&[network]);
            prop_assert!(reach.allows(network.addr()) && reach.allows(network.broadcast()));
            prop_assert!(reach.allows(Ipv4Addr::from_bits(bits).to_ipv6_mapped().into()));
        }
    }
}
