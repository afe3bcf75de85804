package own

// Status is the result of quern.status.
type Status struct {
	Version   string        `json:"version"`
	Chain     string        `json:"chain"`
	Swarm     string        `json:"swarm"`
	Folder    string        `json:"folder"`
	Uptime    int64         `json:"uptime"` // seconds
	Height    uint32        `json:"height"`
	Headers   uint32        `json:"headers"` // height of the best header
	Tip       string        `json:"tip"`
	TipTime   uint32        `json:"tip_time"` // Unix seconds
	Syncing   bool          `json:"syncing"`
	Progress  float64       `json:"progress"` // 0 to 1
	PeerID    string        `json:"peer_id,omitempty"`
	Addresses []string      `json:"addresses,omitempty"`
	Inbound   int           `json:"inbound"`
	Outbound  int           `json:"outbound"`
	Mempool   MempoolStatus `json:"mempool"`
	Mining    MiningStatus  `json:"mining"`
	Wallet    WalletStatus  `json:"wallet"`
	Indexes   []IndexStatus `json:"indexes,omitempty"`
	Warnings  []string      `json:"warnings"`
}

// IndexStatus says how far an index is.
type IndexStatus struct {
	Name   string `json:"name"`
	Height uint32 `json:"height"` // of the last block in it
	Synced bool   `json:"synced"`
	Error  string `json:"error,omitempty"` // why it cannot go on
}

// Invite is the result of quern.invite.
type Invite struct {
	Swarm  string   `json:"swarm"`
	Chain  string   `json:"chain"`
	Invite string   `json:"invite"`
	Peers  []string `json:"peers"` // the addresses in it
	Meet   bool     `json:"meet"`  // the node also meets peers by the public IPFS network
}

// PeerBan is the result of quern.peers.ban.
type PeerBan struct {
	PeerID string `json:"peer_id"`
	Until  int64  `json:"until"` // Unix seconds
}

// PeerUnban is the result of quern.peers.unban.
type PeerUnban struct {
	Banned string `json:"banned"` // a peer id or IP address, no longer banned
}

// PeerNamed is the result of other methods that name one peer.
type PeerNamed struct {
	PeerID string `json:"peer_id"`
	Kept   bool   `json:"kept,omitempty"` // configured or added: dialed again
}

// Ban is a line of listbanned's result.
type Ban struct {
	Address   string `json:"address"`
	Until     int64  `json:"banned_until"`   // Unix seconds
	Remaining int64  `json:"time_remaining"` // seconds
	Reason    string `json:"ban_reason"`     // in words, a part of which may be a stranger's; "" when not known
}

// MempoolStatus sums the mempool up.
type MempoolStatus struct {
	Count  int   `json:"count"`
	VSize  int64 `json:"vsize"`   // virtual bytes
	MinFee int64 `json:"min_fee"` // satoshis per 1000 virtual bytes
}

// MiningStatus is the result of quern.mine and part of Status.
type MiningStatus struct {
	Workers  int     `json:"workers"`
	Hashrate float64 `json:"hashrate"` // hashes a second
	Blocks   int     `json:"blocks"`   // found since the start
	Last     string  `json:"last,omitempty"`
	Error    string  `json:"error,omitempty"` // why mining cannot go on
}

// WalletStatus says how far the wallet has read the chain.
type WalletStatus struct {
	Exists bool   `json:"exists"`
	Height uint32 `json:"height"`
	Synced bool   `json:"synced"`
}

// MineArgs are quern.mine's arguments: with none it only reports.
type MineArgs struct {
	Workers *int   `json:"workers,omitempty"`
	Address string `json:"address,omitempty"` // empty: the wallet's
}

// WalletCreateArgs are quern.wallet.create's and quern.wallet.restore's; the
// words are empty for new keys. Both return WalletWords.
type WalletCreateArgs struct {
	Words    string `json:"words,omitempty"`
	Password string `json:"password"`
}

// WalletWords are the BIP39 words of a wallet just made.
type WalletWords struct {
	Words string `json:"words"`
}

// WalletAddressArgs are quern.wallet.address's.
type WalletAddressArgs struct {
	Kind string `json:"kind,omitempty"` // "segwit" (default) or "taproot"
}

// WalletAddress is its result.
type WalletAddress struct {
	Address string `json:"address"`
}

// WalletBalance is quern.wallet.balance's, in satoshis.
type WalletBalance struct {
	Confirmed int64 `json:"confirmed"`
	Pending   int64 `json:"pending"`
	Immature  int64 `json:"immature"`
}

// WalletHistoryArgs are quern.wallet.history's.
type WalletHistoryArgs struct {
	Max int `json:"max,omitempty"` // 0: all
}

// WalletRecord is one line of its result.
type WalletRecord struct {
	TxID          string   `json:"txid"`
	Value         int64    `json:"value"` // satoshis
	Fee           int64    `json:"fee"`   // satoshis
	Height        uint32   `json:"height"`
	Block         string   `json:"block,omitempty"`
	Confirmations uint32   `json:"confirmations"`
	Time          int64    `json:"time"` // Unix seconds
	Coinbase      bool     `json:"coinbase"`
	Abandoned     bool     `json:"abandoned"`
	Addresses     []string `json:"addresses"`
}

// WalletSendArgs are quern.wallet.send's.
type WalletSendArgs struct {
	Address     string `json:"address"`
	Value       int64  `json:"value"`             // satoshis
	Feerate     int64  `json:"feerate,omitempty"` // satoshis per 1000 virtual bytes; 0: chosen
	SubtractFee bool   `json:"subtract_fee,omitempty"`
	Password    string `json:"password"`
}

// WalletSent is its result.
type WalletSent struct {
	TxID string `json:"txid"`
	Fee  int64  `json:"fee"` // satoshis
}
