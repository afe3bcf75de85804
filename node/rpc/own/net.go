package own

// NetStatus is the result of quern.net. Times are Unix seconds, 0 for never.
type NetStatus struct {
	State     string       `json:"state"` // public, mapped, hole-punchable, relayed, alone, private network, unknown
	Since     int64        `json:"since"`
	Why       string       `json:"why"`
	Troubles  []NetTrouble `json:"troubles"`
	PeerID    string       `json:"peer_id"`
	Active    bool         `json:"active"`    // setnetworkactive
	Addresses []string     `json:"addresses"` // told to others
	Listening []string     `json:"listening"`
	AutoNAT   string       `json:"autonat"` // the verdict on the whole node: untested, reachable, unreachable
	Tests     []NetTest    `json:"tests"`   // verdicts on each public address
	Observed  []NetSeen    `json:"observed"`
	NAT       NetNAT       `json:"nat"`
	Mapping   NetMapping   `json:"mapping"`
	Relays    []NetRelay   `json:"relays"`   // that keep a reservation for this node
	Refusals  []NetFailure `json:"refusals"` // by relays
	Relaying  bool         `json:"relaying"` // this node relays for others
	Punches   NetPunches   `json:"punches"`
	Waiting   []NetWaiting `json:"waiting"`
	Inbound   int          `json:"inbound"`
	Outbound  int          `json:"outbound"`
	Peers     []NetPeer    `json:"peers"`
}

// NetTrouble is something wrong and what to do about it.
type NetTrouble struct {
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
	Minor   bool   `json:"minor"` // the node works well without the remedy
}

// NetTest is a verdict on an address.
type NetTest struct {
	Address string `json:"address"`
	Verdict string `json:"verdict"` // untested, reachable, unreachable
}

// NetSeen is where peers see one of this node's ports.
type NetSeen struct {
	Protocol  string `json:"protocol"` // tcp or udp
	Port      int    `json:"port"`
	Address   string `json:"address"` // host:port
	Observers int    `json:"observers"`
}

// NetNAT is the router's kind of address translation.
type NetNAT struct {
	TCP string `json:"tcp"` // unknown, none, endpoint-independent, symmetric
	UDP string `json:"udp"`
}

// NetMapping is what came of asking the router to forward ports.
type NetMapping struct {
	Enabled bool      `json:"enabled"`
	Sought  bool      `json:"sought"` // the search for a router has ended
	Router  bool      `json:"router"` // one answered
	Ports   []NetPort `json:"ports"`
}

// NetPort is a port that this node listens on.
type NetPort struct {
	Protocol string `json:"protocol"`
	Port     int    `json:"port"`
	Address  string `json:"address,omitempty"` // host:port outside, while the router forwards it
}

// NetRelay is a relay that keeps a reservation.
type NetRelay struct {
	PeerID  string `json:"peer_id"`
	Address string `json:"address"`
	Since   int64  `json:"since"`
	Expires int64  `json:"expires"` // renewed before
}

// NetFailure is something that a peer was asked for in vain.
type NetFailure struct {
	PeerID string `json:"peer_id"`
	Time   int64  `json:"time"`
	Why    string `json:"why"`
}

// NetPunches sums hole punching up since the start.
type NetPunches struct {
	Succeeded int          `json:"succeeded"` // peers
	Failed    int          `json:"failed"`    // peers
	Tries     int          `json:"tries"`
	Last      []NetFailure `json:"last"`
}

// NetWaiting is a peer that is connected over a relay only.
type NetWaiting struct {
	PeerID  string `json:"peer_id"`
	Relay   string `json:"relay"`
	Inbound bool   `json:"inbound"`
	Since   int64  `json:"since"`
	Until   int64  `json:"until"`
	Tries   int    `json:"tries"`
	Last    string `json:"last,omitempty"` // outcome of the last try
}

// NetPeer is a peer, briefly; getpeerinfo tells more.
type NetPeer struct {
	PeerID    string  `json:"peer_id"`
	Source    string  `json:"source"`
	Transport string  `json:"transport"`
	Inbound   bool    `json:"inbound"`
	Ping      float64 `json:"ping"` // seconds, 0: not known
	Address   string  `json:"address"`
	Since     int64   `json:"since"`
}

// NetPing is the result of quern.net.ping; times in seconds.
type NetPing struct {
	PeerID    string    `json:"peer_id"`
	Address   string    `json:"address"`
	Transport string    `json:"transport"`
	Relayed   bool      `json:"relayed"`
	Dialed    bool      `json:"dialed"` // connected for this, and parted again
	Times     []float64 `json:"times"`
	Lost      int       `json:"lost"`
	Min       float64   `json:"min"`
	Avg       float64   `json:"avg"`
	Max       float64   `json:"max"`
}
