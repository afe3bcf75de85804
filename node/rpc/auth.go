package rpc

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
)

const cookieUser = "__cookie__"

// login is a user whose password is known by its HMAC only.
type login struct {
	user, salt string
	hash       string // HMAC-SHA256 of the password under the salt, hex

	// What came in last as this user's login and was right, as auth.seal has it: a
	// client sends the same with each call.
	seen atomic.Pointer[[sha256.Size]byte]
}

// auth knows who may call.
type auth struct {
	cookie string // file; "" for none
	logins []*login
	key    [16]byte // of this process
}

// newAuth reads the logins and writes a fresh cookie.
func newAuth(c Config) (*auth, error) {
	a := new(auth)
	_, _ = rand.Read(a.key[:]) // never fails
	for _, line := range c.Auth {
		l, err := parseAuth(line)
		if err != nil {
			return nil, fmt.Errorf("rpc.auth: %w", err)
		}
		a.logins = append(a.logins, l)
	}
	if c.User != "" {
		a.logins = append(a.logins, newLogin(c.User, c.Password))
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	password := hex.EncodeToString(secret[:])
	a.logins = append(a.logins, newLogin(cookieUser, password))
	a.cookie = c.Cookie
	if a.cookie == "" {
		a.cookie = CookieFile(c.Dir)
	}
	if err := writeCookie(a.cookie, cookieUser+":"+password, c.CookiePerms); err != nil {
		return nil, fmt.Errorf("RPC cookie: %w", err)
	}
	return a, nil
}

// parseAuth reads a line "user:salt$hmac", as Core's -rpcauth has it.
func parseAuth(line string) (*login, error) {
	user, rest, ok := strings.Cut(line, ":")
	salt, hash, two := strings.Cut(rest, "$")
	if !ok || !two || strings.ContainsAny(rest, ":") || strings.Contains(hash, "$") {
		return nil, fmt.Errorf("%.40q is not user:salt$hmac (Bitcoin Core's share/rpcauth/rpcauth.py writes such lines)", line)
	}
	return &login{user: user, salt: salt, hash: hash}, nil
}

// CheckAuth says what is wrong with such a line.
func CheckAuth(line string) error {
	_, err := parseAuth(line)
	return err
}

// newLogin hides a password behind a salt.
func newLogin(user, password string) *login {
	var salt [16]byte
	_, _ = rand.Read(salt[:]) // never fails
	l := &login{user: user, salt: hex.EncodeToString(salt[:])}
	l.hash = l.hmac(password)
	return l
}

func (l *login) hmac(password string) string {
	h := hmac.New(sha256.New, []byte(l.salt))
	h.Write([]byte(password))
	return hex.EncodeToString(h.Sum(nil))
}

// cookieModes are who may read the cookie (Core's -rpccookieperms).
var cookieModes = map[string]fs.FileMode{"": 0o600, "owner": 0o600, "group": 0o640, "all": 0o644}

// writeCookie writes beside and renames, so that nobody reads half a cookie.
func writeCookie(file, text, perms string) error {
	mode, ok := cookieModes[perms]
	if !ok {
		return fmt.Errorf("rpc.cookie_perms: %q is none of owner, group, all", perms)
	}
	part := file + ".part"
	if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
		return err
	}
	if err := os.Chmod(part, mode); err != nil { // whatever the umask
		return err
	}
	return os.Rename(part, file)
}

// accepts tells who calls. It compares in constant time, but for the number of
// logins of a user.
func (a *auth) accepts(r *http.Request) (user string, ok bool) {
	seal := a.seal(r.Header.Get("Authorization"))
	for _, l := range a.logins {
		if seen := l.seen.Load(); seen != nil && subtle.ConstantTimeCompare(seen[:], seal[:]) == 1 {
			return l.user, true
		}
	}
	user, password, ok := r.BasicAuth()
	if !ok {
		return "", false
	}
	var found *login
	for _, l := range a.logins {
		if subtle.ConstantTimeCompare([]byte(l.user), []byte(user)) != 1 {
			continue
		}
		if subtle.ConstantTimeCompare([]byte(l.hmac(password)), []byte(l.hash)) == 1 {
			found = l
		}
	}
	if found == nil {
		return "", false
	}
	seen := seal // on the heap only now
	found.seen.Store(&seen)
	return user, true
}

// seal is a header by which it is known again and not learned: its hash under
// a key that nobody else has.
func (a *auth) seal(header string) [sha256.Size]byte {
	var room [256]byte
	return sha256.Sum256(append(append(room[:0], a.key[:]...), header...))
}

func (a *auth) close() { _ = os.Remove(a.cookie) } // gone is gone, whoever did it
