package rpc

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
)

const cookieUser = "__cookie__"

// auth knows who may call.
type auth struct {
	cookie string // file
	logins [][sha256.Size]byte
}

// newAuth writes a fresh cookie that only the user may read.
func newAuth(c Config) (*auth, error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, fmt.Errorf("RPC cookie: %w", err)
	}
	text := cookieUser + ":" + hex.EncodeToString(secret[:])
	a := &auth{cookie: CookieFile(c.Dir), logins: [][sha256.Size]byte{sha256.Sum256([]byte(text))}}
	if c.User != "" {
		a.logins = append(a.logins, sha256.Sum256([]byte(c.User+":"+c.Password)))
	}
	// Written beside and renamed, so that nobody reads half a cookie.
	part := a.cookie + ".part"
	if err := os.WriteFile(part, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("RPC cookie: %w", err)
	}
	if err := os.Rename(part, a.cookie); err != nil {
		return nil, fmt.Errorf("RPC cookie: %w", err)
	}
	return a, nil
}

// accepts compares in constant time, by hashes so that lengths do not tell either.
func (a *auth) accepts(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	if !ok {
		return false
	}
	got := sha256.Sum256([]byte(user + ":" + password))
	found := 0
	for _, want := range a.logins {
		found |= subtle.ConstantTimeCompare(got[:], want[:])
	}
	return found == 1
}

func (a *auth) close() { _ = os.Remove(a.cookie) } // gone is gone, whoever did it
