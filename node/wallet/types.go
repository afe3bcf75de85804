package wallet

// AddressType is a form of address that a wallet gives (Core's OutputType).
type AddressType int

// The types, in Core's order.
const (
	Legacy     AddressType = iota // P2PKH
	P2SHSegWit                    // P2WPKH in P2SH
	Bech32                        // P2WPKH
	Bech32m                       // P2TR

	addressTypes = 4
)

var typeNames = [addressTypes]string{"legacy", "p2sh-segwit", "bech32", "bech32m"}

// String is Core's name of the type.
func (t AddressType) String() string { return typeNames[t] }

// ParseAddressType reads Core's name of a type.
func ParseAddressType(s string) (AddressType, bool) {
	for t, name := range typeNames {
		if s == name {
			return AddressType(t), true
		}
	}
	return 0, false
}

// Flags say what kind of wallet one is. The values are Core's.
type Flags uint64

// The flags.
const (
	AvoidReuse      Flags = 1 << 0  // coins of addresses that were spent from are told apart
	KeyOrigins      Flags = 1 << 1  // of Core's older wallets
	XpubsCached     Flags = 1 << 2  // always set, as in Core's new wallets
	NoPrivateKeys   Flags = 1 << 32 // it only watches
	Blank           Flags = 1 << 33 // made without keys
	DescriptorsOnly Flags = 1 << 34 // always set
	mutableFlags          = AvoidReuse
	alwaysSet             = XpubsCached | DescriptorsOnly
	defaultType           = Bech32
	addressesAhead        = 1000 // the default of Config.Keypool, as Core's
)

// Names lists the flags that are set as Core names them, lowest first.
func (f Flags) Names() []string {
	out := []string{}
	for _, n := range flagNames {
		if f&n.flag != 0 {
			out = append(out, n.name)
		}
	}
	return out
}

var flagNames = []struct {
	flag Flags
	name string
}{
	{AvoidReuse, "avoid_reuse"}, {KeyOrigins, "key_origin_metadata"}, {XpubsCached, "last_hardened_xpub_cached"},
	{NoPrivateKeys, "disable_private_keys"}, {Blank, "blank"}, {DescriptorsOnly, "descriptor_wallet"}, {1 << 35, "external_signer"},
}

// ParseFlag reads Core's name of a flag; mutable says whether SetFlag may change it.
func ParseFlag(name string) (f Flags, mutable, ok bool) {
	for _, n := range flagNames {
		if n.name == name {
			return n.flag, n.flag&mutableFlags != 0, true
		}
	}
	return 0, false, false
}
