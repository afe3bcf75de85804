package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quernnet/quern/node"
	"github.com/quernnet/quern/node/invite"
)

// A swarm's folder may hold settings of its own, written by `quern swarm new`
// and `quern join`: its chain, its rules, its peers, and whatever else was given
// with those commands. They are more special than the common file, so they beat
// it, and the environment and flags beat them. The rules are the swarm's name in
// another form: nothing beats those.

// swarmFile is the name of that file.
const swarmFile = "swarm.toml"

// savedSwarm is such a file; text is nil where there is none.
type savedSwarm struct {
	path string
	text []byte
}

// readSwarm reads the settings of the swarm that c names.
func readSwarm(c node.Config) (savedSwarm, error) {
	s := savedSwarm{path: filepath.Join(c.Dir(), swarmFile)}
	if !invite.ValidName(c.SwarmName()) {
		return s, nil // no folder has that name; Validate says so
	}
	b, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("settings of the swarm: %w", err)
	}
	s.text = append([]byte{}, b...) // not nil, even when empty
	return s, nil
}

// notSaved are keys that a swarm's own file cannot have: they say where that
// file is, or are a secret or a matter of one run.
func notSaved(name string) bool {
	return name == "swarm" || name == "datadir" || name == "rpc.user" || name == "rpc.password" || strings.HasPrefix(name, "log.")
}

// isRule says whether a key changes the rules of the chain.
func isRule(name string) bool { return name == "chain" || strings.HasPrefix(name, "rules.") }

func (s savedSwarm) apply(c *node.Config) error {
	where := *c
	if err := applyTOML(c, s.path, s.text); err != nil {
		return err
	}
	if c.Swarm != where.Swarm || c.DataDir != where.DataDir {
		return fmt.Errorf("%s: swarm and datadir cannot be set here: they say where this file is", s.path)
	}
	return nil
}

// names lists the keys that the file has.
func (s savedSwarm) names() ([]string, error) {
	var names []string
	if s.text == nil {
		return nil, nil
	}
	tree, err := parseTOML(s.path, s.text)
	if err != nil {
		return nil, err
	}
	eachLeaf(tree, "", knownKeys(), func(name string, _ any) { names = append(names, name) })
	return names, nil
}

// sameRules refuses an environment or flags that would have the node follow
// other rules than the swarm's. before is the configuration without them.
func (s *settings) sameRules(before, c node.Config, path string) error {
	want, err := before.Params()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	got, err := c.Params()
	if err == nil && want.Name == got.Name && want.Digest() == got.Digest() {
		return nil
	}
	var culprits []string
	for _, k := range keys {
		if !isRule(k.name) {
			continue
		}
		if _, ok := os.LookupEnv(k.env()); ok {
			culprits = append(culprits, "environment "+k.env())
		}
		if s.flags.Lookup(k.name).Changed {
			culprits = append(culprits, "--"+k.name)
		}
	}
	return fmt.Errorf("%s would change the rules of the swarm %s, a %s swarm (%s): leave out what it already knows, or make another swarm with `quern swarm new`",
		strings.Join(culprits, ", "), c.SwarmName(), want.Name, path)
}

// saveSwarm writes c's settings with the given names, and always the rules, into
// its folder: all of the file or nothing.
func saveSwarm(c node.Config, names []string) error {
	if err := os.MkdirAll(c.Dir(), 0o700); err != nil {
		return fmt.Errorf("folder of the swarm: %w", err)
	}
	f, err := os.CreateTemp(c.Dir(), swarmFile+".*")
	if err != nil {
		return fmt.Errorf("settings of the swarm: %w", err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.WriteString(swarmTOML(c, names))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("settings of the swarm: %w", err)
	}
	if err := os.Rename(f.Name(), filepath.Join(c.Dir(), swarmFile)); err != nil {
		return fmt.Errorf("settings of the swarm: %w", err)
	}
	return nil
}

func swarmTOML(c node.Config, names []string) string {
	head := fmt.Sprintf("# Settings of the swarm %s, written by `quern swarm new` or `quern join`. They\n", c.SwarmName()) +
		"# beat " + configName + "; environment and flags beat them, but for chain and rules.\n"
	return head + tomlOf(c, func(name string) bool {
		return isRule(name) || slices.Contains(names, name) && !notSaved(name)
	})
}

// given lists the settings that the command line has and that a swarm's file may have.
func (s *settings) given() (names []string) {
	for _, k := range keys {
		if s.flags.Lookup(k.name).Changed && !notSaved(k.name) {
			names = append(names, k.name)
		}
	}
	return names
}
