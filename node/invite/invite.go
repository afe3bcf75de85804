package invite

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multiaddr"
)

// Scheme begins every invite.
const Scheme = "quern:"

// Bounds of an invite. Whoever wrote it may be anybody.
const (
	MaxLength = 4096 // characters
	MaxPeers  = 16
	maxPeer   = 512 // characters of an address
	minDigest = 16  // hex digits: by chance two rule sets agree in them once in 2^64
	maxDigest = 64
)

// Invite is a swarm's name, its rules, and where to find it. It holds no
// secret: it is as public as the swarm.
type Invite struct {
	Swarm     string     // see ValidName
	Chain     string     // the base of the rules, as in the key chain
	Overrides []Override // of that chain, in the order of Overridable
	Rules     string     // leading hex digits, lower case, of the digest of all rules as wire.Hash prints it
	Meet      bool       // members meet by the public IPFS network, too
	Peers     []string   // multiaddrs with /p2p/, or of /dnsaddr/ alone; none twice
}

// Override is one key of the [rules] table and its value.
type Override struct{ Name, Value string }

// Overridable lists the keys of [rules] that an invite may carry, in the order
// in which it carries them. All but the last, which is hex, are numbers.
var Overridable = []string{"bip34", "bip65", "bip66", "csv", "segwit", "halving", challenge}

const (
	challenge = "signet_challenge"
	public    = "public" // the value of meet
)

// others are the parameters besides those of Overridable and peer.
var others = []string{"chain", "rules", "meet"}

var (
	swarmName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)
	chainName = regexp.MustCompile(`^[a-z0-9]{1,16}$`)
	hexDigits = regexp.MustCompile(`^[0-9a-f]*$`)
)

// ValidName says whether a swarm may be called that: 1 to 32 of a-z, 0-9 and -.
// It is then also good as the name of a folder.
func ValidName(s string) bool { return swarmName.MatchString(s) }

// Parse reads an invite and checks the form of each part of it. What the rules
// come to is not judged here. The error says what is wrong and where.
func Parse(text string) (Invite, error) {
	var i Invite
	text = strings.TrimSpace(text)
	if len(text) > MaxLength {
		return i, fmt.Errorf("the invite has %d characters, the most is %d", len(text), MaxLength)
	}
	if n := strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }); n >= 0 {
		return i, fmt.Errorf("the invite has a %q after %q: it is one line of plain characters, copy it whole", []rune(text[n:])[0], tail(text[:n]))
	}
	if len(text) < len(Scheme) || !strings.EqualFold(text[:len(Scheme)], Scheme) {
		return i, fmt.Errorf("%q is no invite: it begins with %s", head(text), Scheme)
	}
	name, query, _ := strings.Cut(text[len(Scheme):], "?")
	if !ValidName(name) {
		return i, fmt.Errorf("%q is no swarm name: 1 to 32 of a-z, 0-9 and - stand between %s and the question mark", head(name), Scheme)
	}
	i.Swarm = name
	if err := i.parameters(query); err != nil {
		return Invite{}, err
	}
	return i, i.complete()
}

// parameters reads what follows the question mark. One that begins with x- is
// left to others; any other unknown one is refused, since to ignore it could
// mean to follow another swarm than the inviter meant.
func (i *Invite) parameters(query string) error {
	seen := make(map[string]string)
	for part := range strings.SplitSeq(query, "&") {
		if part == "" {
			continue
		}
		name, raw, ok := strings.Cut(part, "=")
		if !ok {
			return fmt.Errorf("parameter %q of the invite has no value", head(part))
		}
		value, err := unescape(raw)
		if err != nil {
			return fmt.Errorf("parameter %s of the invite: %w", head(name), err)
		}
		if name == "peer" {
			if err := i.addPeer(value); err != nil {
				return err
			}
			continue
		}
		if _, twice := seen[name]; twice {
			return fmt.Errorf("parameter %s stands twice in the invite", head(name))
		}
		if !slices.Contains(others, name) && !slices.Contains(Overridable, name) && !strings.HasPrefix(name, "x-") {
			return fmt.Errorf("this version of Quern does not know the invite's parameter %q: a newer one may", head(name))
		}
		seen[name] = value
	}
	i.Chain, i.Rules = seen["chain"], strings.ToLower(seen["rules"])
	if meet, ok := seen["meet"]; ok && meet != public {
		return fmt.Errorf("meet=%s in the invite is not meet=%s", head(meet), public)
	}
	i.Meet = seen["meet"] != ""
	for _, name := range Overridable {
		if value, ok := seen[name]; ok {
			value, err := override(name, value)
			if err != nil {
				return err
			}
			i.Overrides = append(i.Overrides, Override{name, value})
		}
	}
	return nil
}

// complete checks what every invite must have.
func (i *Invite) complete() error {
	const cut = "; was it put in quotes? A shell cuts it at each &"
	switch {
	case i.Chain == "":
		return fmt.Errorf("the invite does not say which chain%s", cut)
	case i.Rules == "":
		return fmt.Errorf("the invite has no digest of the rules (rules=)%s", cut)
	case !chainName.MatchString(i.Chain):
		return fmt.Errorf("%q is no name of a chain", head(i.Chain))
	case !hexDigits.MatchString(i.Rules) || len(i.Rules) < minDigest || len(i.Rules) > maxDigest:
		return fmt.Errorf("rules=%s is no digest: it has %d to %d hex digits", head(i.Rules), minDigest, maxDigest)
	}
	return nil
}

// override checks one value and writes it in the one way there is to.
func override(name, value string) (string, error) {
	if name == challenge {
		script, err := hex.DecodeString(value)
		if err != nil || len(script) == 0 {
			return "", fmt.Errorf("%s=%s in the invite is no script in hex", name, head(value))
		}
		return hex.EncodeToString(script), nil
	}
	n, err := strconv.ParseUint(value, 10, 32)
	if err != nil {
		return "", fmt.Errorf("%s=%s in the invite is no number from 0 to 4294967295", name, head(value))
	}
	return strconv.FormatUint(n, 10), nil
}

func (i *Invite) addPeer(addr string) error {
	addr, err := CheckPeer(addr)
	if err != nil {
		return err
	}
	if slices.Contains(i.Peers, addr) {
		return nil
	}
	if len(i.Peers) == MaxPeers {
		return fmt.Errorf("the invite names more than %d peers", MaxPeers)
	}
	i.Peers = append(i.Peers, addr)
	return nil
}

// CheckPeer says whether addr may be a peer of an invite: the multiaddr of a
// host that is found by IP address or name, with /p2p/ and its id, or a
// /dnsaddr/ name that lists such addresses. It returns the address in the one
// way there is to write it.
func CheckPeer(addr string) (string, error) {
	if len(addr) > maxPeer {
		return "", fmt.Errorf("peer %q… is an address of %d characters, the most is %d", head(addr), len(addr), maxPeer)
	}
	if a, err := multiaddr.NewMultiaddr(addr); err == nil && len(a) == 1 && a[0].Code() == multiaddr.P_DNSADDR {
		return a.String(), nil
	}
	info, err := peer.AddrInfoFromString(addr)
	if err != nil {
		return "", fmt.Errorf("peer %q: %w (like /ip4/192.0.2.1/tcp/18444/p2p/12D3Koo…)", head(addr), err)
	}
	if len(info.Addrs) == 0 {
		return "", fmt.Errorf("peer %q has an id and no address", head(addr))
	}
	switch first := info.Addrs[0][0].Protocol(); first.Code {
	case multiaddr.P_IP4, multiaddr.P_IP6, multiaddr.P_DNS, multiaddr.P_DNS4, multiaddr.P_DNS6, multiaddr.P_DNSADDR:
	default:
		return "", fmt.Errorf("peer %q begins with %s: an invite has addresses by ip4, ip6 or dns", head(addr), first.Name)
	}
	return info.Addrs[0].String() + "/p2p/" + info.ID.String(), nil
}

// String writes the invite. Parse reads it back.
func (i Invite) String() string {
	var b strings.Builder
	b.WriteString(Scheme + i.Swarm + "?chain=" + escape(i.Chain))
	for _, o := range i.Overrides {
		b.WriteString("&" + o.Name + "=" + escape(o.Value))
	}
	b.WriteString("&rules=" + escape(i.Rules))
	if i.Meet {
		b.WriteString("&meet=" + public)
	}
	for _, p := range i.Peers {
		b.WriteString("&peer=" + escape(p))
	}
	return b.String()
}

// ShortDigest is how much of a digest an invite carries.
func ShortDigest(digest string) string { return digest[:min(len(digest), minDigest)] }

// plain characters stand for themselves in a value; none of them means anything
// to a shell between single quotes, or to a URI after the question mark.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~/:", c) >= 0
}

func escape(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// unescape reads %XX. A plus is a plus: this is no form.
func unescape(s string) (string, error) {
	var b strings.Builder
	for n := 0; n < len(s); n++ {
		if s[n] != '%' {
			b.WriteByte(s[n])
			continue
		}
		v, err := hex.DecodeString(s[n+1 : min(n+3, len(s))])
		if err != nil || len(v) != 1 {
			return "", fmt.Errorf("%q is no character in percent encoding", s[n:min(n+3, len(s))])
		}
		b.WriteByte(v[0])
		n += 2
	}
	return b.String(), nil
}

// head is the beginning of something that a stranger wrote.
func head(s string) string { return s[:min(len(s), 60)] }

// tail is the end of something that a stranger wrote.
func tail(s string) string { return s[max(0, len(s)-20):] }
