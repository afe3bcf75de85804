package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/quernnet/quern/node/rpc/table"
)

// Client calls a node's methods.
type Client struct {
	URL            string // http://host:port
	User, Password string
	HTTP           *http.Client // nil: http.DefaultClient
}

// CookieFile is where a node leaves the password of the user "__cookie__".
func CookieFile(dir string) string { return filepath.Join(dir, ".cookie") }

// ReadCookie sets user and password from the cookie in a swarm's folder.
func (c *Client) ReadCookie(dir string) error {
	b, err := os.ReadFile(CookieFile(dir))
	if err != nil {
		return err
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(b)), ":")
	if !ok {
		return fmt.Errorf("%s holds no user:password", CookieFile(dir))
	}
	c.User, c.Password = user, password
	return nil
}

// Call invokes a method. params is a slice (by position) or a map or struct
// (by name); nil for none. An error of the method's is an *table.Error.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": "quern", "method": method, "params": params})
	if err != nil {
		return fmt.Errorf("arguments of %s: %w", method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(c.User, c.Password)
	req.Header.Set("Content-Type", "application/json")
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return c.decode(res, method, result)
}

func (c *Client) decode(res *http.Response, method string, result any) error {
	switch res.StatusCode {
	case http.StatusUnauthorized:
		return errors.New("the node refuses this user and password")
	case http.StatusForbidden, http.StatusServiceUnavailable:
		text, _ := io.ReadAll(io.LimitReader(res.Body, 200))
		return fmt.Errorf("the node refuses: %s: %s", res.Status, bytes.TrimSpace(text))
	}
	var reply struct {
		Result json.RawMessage `json:"result"`
		Error  *table.Error    `json:"error"`
	}
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		return fmt.Errorf("answer to %s (%s): %w", method, res.Status, err)
	}
	if reply.Error != nil {
		return reply.Error
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(reply.Result, result); err != nil {
		return fmt.Errorf("answer to %s: %w", method, err)
	}
	return nil
}
