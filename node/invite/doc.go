// Package invite is the line by which a person asks another into a swarm:
//
//	quern:acme?chain=regtest&rules=530827f38f93b43e&peer=/ip4/192.0.2.1/tcp/18444/p2p/12D3Koo…
//
// It reads and writes that line and chooses which addresses go into it. It
// knows neither rules nor files nor the network: package node compares the
// rules' digest, and what an invite may change is what its fields say.
// docs/network.md describes the format.
package invite
