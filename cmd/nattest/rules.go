package main

import (
	"fmt"
	"regexp"
)

// kind is how a router translates addresses.
type kind int

const (
	// cone keeps the source port of an inside address towards everybody, and
	// lets in only who was written to: the usual home router.
	cone kind = iota
	// symmetric takes another source port for every destination, so nobody can
	// be told where to reach an inside address.
	symmetric
)

// routerRules is what a home router does with packets: translates what leaves
// and drops what comes unasked. The drop on input is essential: without it the
// router itself answers the first packet of a hole punch, its connection
// tracking keeps that, and takes another port for the inside address.
func routerRules(k kind) string {
	masquerade := "masquerade"
	if k == symmetric {
		masquerade += " fully-random"
	}
	return fmt.Sprintf(`
table ip nat {
	chain leave {
		type nat hook postrouting priority srcnat
		oifname "wan" %s
	}
}
table inet guard {
	chain input {
		type filter hook input priority filter
		iifname "wan" ct state new drop
	}
	chain forward {
		type filter hook forward priority filter
		ct status dnat accept
		iifname "wan" ct state new drop
	}
}
`, masquerade)
}

// gatewayRules add the chains that miniupnpd writes its mappings into.
const gatewayRules = `
table inet upnp {
	chain enter {
		type nat hook prerouting priority dstnat
		jump prerouting_miniupnpd
	}
	chain leave {
		type nat hook postrouting priority srcnat - 1
		jump postrouting_miniupnpd
	}
	chain forward {
		type filter hook forward priority filter
		jump miniupnpd
	}
	chain miniupnpd { }
	chain prerouting_miniupnpd { }
	chain postrouting_miniupnpd { }
}
`

// gatewayConfig is a file for miniupnpd: UPnP, NAT-PMP and PCP for the LAN.
func gatewayConfig(dir string) string {
	return fmt.Sprintf(`ext_ifname=wan
listening_ip=lan
ipv6_disable=yes
enable_upnp=yes
enable_natpmp=yes
secure_mode=yes
system_uptime=yes
notify_interval=30
upnp_table_name=upnp
upnp_nat_table_name=upnp
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
lease_file=%s/leases
uuid=588b4169-6b56-429b-bc76-6f7ef1df5609
allow 1024-65535 0.0.0.0/0 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
`, dir)
}

// internetRules hold on public nodes: there is no multicast on the Internet, so
// that mDNS must not join what only the bridge of this test puts side by side.
const internetRules = `
table inet internet {
	chain input {
		type filter hook input priority filter
		udp dport 5353 drop
	}
}
`

// mapping is how nft lists what miniupnpd wrote: it names the protocol by where
// its byte stands in the header.
var mapping = map[string]*regexp.Regexp{
	"udp": regexp.MustCompile(`(?:udp|@nh,72,8 0x11 th) dport (\d+).* dnat ip to`),
	"tcp": regexp.MustCompile(`(?:tcp|@nh,72,8 0x6 th) dport (\d+).* dnat ip to`),
}

// mappedPort finds the outside port of a mapping in a router's rules; "" for none.
func mappedPort(rules, protocol string) string {
	if m := mapping[protocol].FindStringSubmatch(rules); m != nil {
		return m[1]
	}
	return ""
}
