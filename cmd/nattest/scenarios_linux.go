package main

// scenarios are all that there are, in the order in which they run.
var scenarios = []scenario{
	{name: "lan", about: "two nodes of one LAN find each other by multicast", run: lan},
	{name: "ipv6", about: "nodes that have IPv6 alone", run: six},
	{name: "routers", about: "nodes behind two home routers and a symmetric one are given one public address", run: routers},
	{name: "gateway", about: "a router maps a port by UPnP, and the world reaches the node by it", needs: needsGateway, run: gateway},
	{name: "meeting", about: "two nodes that know no address of the swarm meet by the public DHT", run: meeting},
}
