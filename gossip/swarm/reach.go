package swarm

import (
	"time"

	"github.com/libp2p/go-libp2p/core/peer"
)

// State is how the world can reach this node, in one word.
type State string

const (
	StateUnknown State = "unknown"         // not found out yet
	StatePublic  State = "public"          // anybody can connect
	StateMapped  State = "mapped"          // … because the router forwards a port
	StatePunched State = "hole-punchable"  // behind a NAT; peers get through by a relay's introduction
	StateRelayed State = "relayed"         // behind a NAT that does not let them through
	StateAlone   State = "alone"           // nobody can reach it: no peers, or no relay
	StateLAN     State = "private network" // private mode: nothing is found out
)

// States are all states, the best first.
func States() []State {
	return []State{StatePublic, StateMapped, StatePunched, StateRelayed, StateAlone, StateLAN, StateUnknown}
}

// Verdict is what peers that dialed back found.
type Verdict string

const (
	Untested    Verdict = "untested"
	Reachable   Verdict = "reachable"
	Unreachable Verdict = "unreachable"
)

// NATType tells whether a router keeps one outside port for one inside port.
type NATType string

const (
	NATUnknown   NATType = "unknown"              // fewer than two peers in different places have told
	NATNone      NATType = "none"                 // peers see the very address of this machine
	NATSame      NATType = "endpoint-independent" // the same port to everybody: hole punching works
	NATSymmetric NATType = "symmetric"            // another port for each peer: hole punching fails
)

// Reach is what a node knows of how it can be reached, and what follows.
type Reach struct {
	State    State
	Since    time.Time // when the state began
	Why      string    // one sentence
	Troubles []Trouble
	Facts
}

// Trouble is something wrong, with what to do about it, in plain words.
type Trouble struct {
	Problem, Remedy string
	Minor           bool // the node works well without the remedy
}

// Facts are what is known, without conclusions.
type Facts struct {
	Now, Started time.Time
	Private      bool // private mode
	Declared     bool // the operator says that the world can reach it
	Active       bool // the network's switch
	Listening    []string
	Public       bool // one of this machine's own addresses is public

	AutoNAT  Verdict // on the whole node: AutoNAT v1's, or v2's where it knows better
	Addrs    []AddrVerdict
	Observed []Observed
	TCP, UDP NATType
	Mapping  Mapping
	Relays   []Relay
	Refusals []Refusal // by relays that were asked, the latest of each
	Serving  bool      // this node relays for others
	Punches  Punches
	Waiting  []Waiting

	Inbound, Outbound int // peers
	Search            Search
}

// AddrVerdict is AutoNAT v2's verdict on one public address.
type AddrVerdict struct {
	Addr    string // multiaddr
	Verdict Verdict
}

// Observed is an outside address at which peers see a port of ours.
type Observed struct {
	Proto     string // tcp or udp
	Port      int    // ours
	Addr      string // host:port outside
	Observers int    // peers at different addresses (IPv6: /56) that see it
}

// Mapping is what came of asking the router to forward our ports.
type Mapping struct {
	Enabled bool
	Sought  bool // the search for a router that maps ports has ended once
	Router  bool // one was found
	Ports   []MappedPort
}

// MappedPort is one port that we listen on.
type MappedPort struct {
	Proto string // tcp or udp
	Port  int    // ours
	Addr  string // host:port outside, "" while not mapped
}

// Relay is a peer that keeps a reservation for us.
type Relay struct {
	ID      peer.ID
	Addr    string    // multiaddr of the connection to it
	Since   time.Time // of the first reservation
	Expires time.Time // renewed before that
}

// Refusal is a relay's latest refusal to keep a reservation.
type Refusal struct {
	ID  peer.ID
	At  time.Time
	Why string
}

// Punches sums hole punching up.
type Punches struct {
	Succeeded, Failed int     // peers whose relayed connection gave way to a direct one, or did not
	Tries             int     // hole punches begun
	Last              []Punch // the latest failures, newest first, one a peer
}

// Punch is how an attempt at a direct connection failed.
type Punch struct {
	ID  peer.ID
	At  time.Time
	Why string
}

// Waiting is a peer connected over a relay only, for which nothing of ours runs.
type Waiting struct {
	ID      peer.ID
	Via     peer.ID // the relay
	Inbound bool
	Since   time.Time
	Until   time.Time // after which it is let go
	Tries   int       // hole punches begun
	Last    string    // outcome of the last, "" while none has ended
}

// Search is what the node does to find its first peers, for those who have none.
type Search struct {
	MDNS, DHT  bool // are they used?
	Public     bool // is a public DHT used?
	DHTServers int  // peers in the DHT's routing table
	Tried      []Tried
}

// Count is how often something was the case.
type Count struct {
	What  string
	Times int
}

// Tried counts the peers of one source that were tried in vain.
type Tried struct {
	Source  Source
	Failed  int     // not reached, or no peers of this swarm
	Reasons []Count // why, the most frequent first
}
