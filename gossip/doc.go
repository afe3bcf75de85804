// Package gossip is where libp2p ends: host, topics, request protocols, scores.
//
// A Topic carries values to everybody, a Protocol asks one peer. Both are typed
// by codecs that the caller brings. What a value means and whether it is valid
// the package refuses to know: it is told, by a Verdict or by Report.
package gossip
